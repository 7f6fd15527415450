"""The whole house in one process, with a reader at the terminal: real HTTP, real children, real SQLite, own clock."""

import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from rich.console import Console

from bot.app import house
from bot.catalog import load_catalog
from bot.chat.commands import MENU
from bot.chat.terminal import HERE, TerminalChat
from bot.config import Config, PollingConfig
from bot.demo import WeekClock
from bot.model import Access, Cursor, Feed, StoryChange
from bot.pipeline import Pipeline
from bot.stages.poll import Polled
from tests.feed_server import Answer, FeedServer
from tests.make import NOON

OLD = "Russia and Ukraine accuse each other of violating three-day truce"
NEW = "Russia and Ukraine agree 30-day ceasefire, Turkey says"
SAME = "Russia and Ukraine agree to 30-day ceasefire"


@dataclass
class House:
    """A house with feeds to serve, a clock to set and a person at the terminal."""

    pipeline: Pipeline
    feeds: FeedServer
    clock: WeekClock
    terminal: TerminalChat
    paper: io.StringIO
    said: int = 0

    async def later(self, **time: float) -> list[Polled]:
        """Let time pass, poll every feed, tell what is owed; return how the polls went."""
        self.clock.at += timedelta(**time)
        polled = await self.pipeline.poll(self.pipeline.all_states())
        self.pipeline.digests()
        await self.tell()
        return list(polled)

    async def tell(self) -> None:
        self.pipeline.route()
        while await self.pipeline.deliver():
            pass

    async def say(self, line: str) -> str:
        """Type *line*; return what is printed in answer."""
        begin = self.paper.tell()
        self.said += 1
        item = self.terminal.item(self.terminal.understood(line), self.said)
        with self.pipeline.people.transaction():
            self.pipeline.people.receive([item], self.clock())
        await self.pipeline.answer(HERE.network)
        await self.tell()
        return self.printed(begin)

    async def press(self, label: str) -> str:
        """Type the number of the newest button that begins with *label*."""
        numbers = re.findall(rf"\[(\d+)\] (?:\W+ ?)?{re.escape(label)}", self.paper.getvalue())
        return await self.say(numbers[-1])

    def printed(self, begin: int = 0) -> str:
        return self.paper.getvalue()[begin:]

    def alerts(self) -> list[str]:
        """Return the alerts printed so far, as they were first told."""
        return [block for title, block in self.blocks() if "Mute story" in block and "edited" not in title]

    def blocks(self, word: str = "") -> list[tuple[str, str]]:
        """Return the title and the text of each message printed so far that has *word* in its title."""
        _, *parts = re.split(r"(?m)^(.*──+)$", self.paper.getvalue())
        return [(title, text.strip()) for title, text in zip(parts[::2], parts[1::2], strict=True) if word in title]


@pytest.fixture
async def home(tmp_path: Path, feeds: FeedServer) -> AsyncIterator[House]:
    paper = io.StringIO()
    terminal = TerminalChat(Console(file=paper, width=200, highlight=False, emoji=False))
    clock = WeekClock(NOON)
    config = Config(
        polling=PollingConfig(allow_private=frozenset({"127.0.0.1"})),
        feeds=tuple(
            Feed(url=feeds.url(f"/{name}"), title=name, publisher=name, language="en", every=timedelta(minutes=10))
            for name in ("one", "two")
        ),
    )
    chats = {HERE.network: terminal}
    async with house(data=tmp_path, config=config, chats=chats, catalog=load_catalog(), now=clock) as pipeline:
        serve(feeds, "one", NOON)
        serve(feeds, "two", NOON)
        pipeline.people.grant(HERE, Access.OWNER, NOON)
        yield House(pipeline, feeds, clock, terminal, paper)


def serve(feeds: FeedServer, name: str, published: datetime | None, *titles: str) -> None:
    date = f"<pubDate>{format_datetime(published)}</pubDate>" if published else ""
    items = "".join(
        f"<item><title>{escape(title)}</title><link>https://{name}.example.org/{n}</link>{date}</item>"
        for n, title in enumerate(titles)
    )
    body = f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'
    feeds.serve(f"/{name}", Answer(body=body.encode()))


async def test_a_reader_at_the_terminal_subscribes_is_alerted_and_asks(home: House) -> None:
    await home.later()
    welcome = await home.say("/start")
    taps = [await home.press(label) for label in ("Russia–Ukraine", "All news", "Kyiv")]
    serve(home.feeds, "one", NOON, NEW)
    await home.later(minutes=10)
    why = await home.press("Why?")
    answers = {name: await home.say(f"/{name}") for name, _ in MENU if name not in ("start", "forgetme")}
    nonsense = await home.say("flurble")

    assert "1 of 3" in welcome
    assert "Russia–Ukraine" in taps[-1]
    assert len(home.alerts()) == 1
    assert NEW in home.alerts()[0]
    assert "ceasefire" in why
    assert all(answers.values())
    assert NEW in answers["latest"]
    assert "/help" in nonsense


async def test_a_first_poll_is_a_baseline_that_alerts_nobody_and_can_be_asked_for(home: House) -> None:
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, OLD)

    [polled, _] = await home.later(minutes=1)

    assert (polled.new, polled.events) == (1, 1)
    assert home.alerts() == []
    assert OLD in await home.say("/latest")


async def test_the_same_story_from_two_feeds_is_told_once(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, NEW)
    await home.later(minutes=10)
    serve(home.feeds, "two", NOON, SAME)
    await home.later(minutes=10)

    assert len(home.alerts()) == 1
    assert "2 independent publishers" in await home.say("/latest")


async def test_a_story_that_only_a_baseline_told_of_still_rings_when_another_feed_brings_it(home: House) -> None:
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, NEW)
    await home.later(minutes=1)
    serve(home.feeds, "two", NOON + timedelta(minutes=10), SAME)

    await home.later(minutes=30)

    assert len(home.alerts()) == 1


@pytest.mark.parametrize("published", [NOON - timedelta(hours=20), None])
async def test_stale_and_undated_news_never_ring(home: House, published: datetime | None) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", published, NEW)

    await home.later(minutes=10)

    assert home.alerts() == []
    assert NEW in await home.say("/search ceasefire")


async def test_an_undated_report_does_not_swallow_the_alert_of_a_dated_one(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", None, NEW)
    await home.later(minutes=10)
    serve(home.feeds, "two", NOON + timedelta(minutes=5), SAME)

    await home.later(minutes=10)

    assert len(home.alerts()) == 1


async def test_digests_come_at_eight_and_twenty_even_with_nothing_to_say(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    begin = home.paper.tell()
    await home.later(hours=7.9)
    early = home.printed(begin)
    await home.later(hours=0.2)
    evening = home.printed(begin)
    await home.later(hours=12)
    morning = home.printed(begin)

    assert "Digest" not in early
    assert evening.count("Digest ·") == 1
    assert "feeds healthy" in evening
    assert morning.count("Digest ·") == 2


async def test_what_came_in_after_a_digest_but_was_published_before_it_is_in_the_next(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    await home.later(hours=8)
    begin = home.paper.tell()
    serve(home.feeds, "one", NOON + timedelta(hours=7.9), OLD)
    await home.later(minutes=10)
    await home.later(hours=12)

    assert OLD in home.printed(begin)


async def test_what_one_publisher_claims_waits_for_the_digest_and_rings_once_others_bear_it_out(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, "Russia violates ceasefire, Ukraine says")
    await home.later(minutes=10)
    alone = home.alerts()
    serve(home.feeds, "two", NOON, "Russia violates ceasefire, monitors say")
    await home.later(minutes=10)

    assert alone == []
    assert len(home.alerts()) == 1


async def test_a_muted_story_is_in_no_digest(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, NEW)
    await home.later(minutes=10)
    await home.press("Mute story")
    begin = home.paper.tell()
    await home.later(hours=8)

    assert len(home.alerts()) == 1
    assert "Nothing new" in home.printed(begin)


async def test_a_stranger_is_answered_once_an_hour(home: House) -> None:
    home.pipeline.people.revoke(HERE)

    first, again = await home.say("/start"), await home.say("/start")
    home.clock.at += timedelta(hours=1)
    later = await home.say("/start")

    assert ["private" in answer for answer in (first, again, later)] == [True, False, True]


async def test_one_broken_feed_harms_no_other(home: House) -> None:
    home.feeds.serve("/one", Answer(status=500))
    serve(home.feeds, "two", NOON, OLD)

    broken, fine = await home.later()

    assert broken.error
    assert (fine.error, fine.new) == ("", 1)
    state = home.pipeline.archive.feed_state(home.feeds.url("/one"))
    assert state
    assert (state.failures, state.baselined) == (1, False)


async def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path, feeds: FeedServer) -> None:
    clock, config = (
        WeekClock(NOON),
        Config(
            polling=PollingConfig(allow_private=frozenset({"127.0.0.1"})),
            feeds=(Feed(url=feeds.url("/one"), title="one", publisher="one"),),
        ),
    )
    changes = []
    for titles in ((), (NEW,), (NEW, SAME)):
        serve(feeds, "one", NOON, *titles)
        async with house(data=tmp_path, config=config, chats={}, catalog=load_catalog(), now=clock) as pipeline:
            await pipeline.poll(pipeline.all_states())
            changes = [change.change for change in pipeline.archive.changes_after(0)]
            stories = pipeline.archive.stories()

    assert changes == [StoryChange.NEW, StoryChange.GREW]
    assert [len(story.entry_keys) for story in stories] == [2]


async def test_a_cursor_of_another_archive_goes_to_the_end_and_the_owner_is_told(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    serve(home.feeds, "one", NOON, NEW)
    await home.pipeline.poll(home.pipeline.all_states())
    home.pipeline.people.move_cursor(Cursor("another archive", 0))

    await home.tell()

    assert home.alerts() == []
    assert "not the one that I read last" in home.printed()
    assert home.pipeline.people.cursor() == Cursor(home.pipeline.archive.archive_id, 1)


async def test_a_person_who_blocks_the_bot_is_asked_no_more(home: House) -> None:
    await home.later()
    await home.say("/follow everything")
    home.pipeline.people.pause(HERE, "blocked", NOON)
    serve(home.feeds, "one", NOON, NEW)
    await home.later(minutes=10)
    in_vain = home.alerts()
    await home.say("/status")
    serve(home.feeds, "one", NOON, NEW, "Hamas and Israel agree two-day truce, Qatar says")
    await home.later(minutes=10)

    assert in_vain == []
    assert len(home.alerts()) == 1, "who speaks to us again, hears us again"
