"""R14: the life of a feed that lies in every way that feeds do; each piece of news rings once, and nothing else."""

import io
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from rich.console import Console

from bot.app import house
from bot.catalog import load_catalog
from bot.chat.terminal import HERE, TerminalChat
from bot.config import Config, PollingConfig
from bot.demo import WeekClock
from bot.model import Access, EntryKey, Feed
from bot.pipeline import Pipeline
from tests.drills.news import headline
from tests.feed_server import Answer, FeedServer
from tests.make import NOON

BASELINE, ARCHIVE = range(40), range(100, 600)
MINUTES = timedelta(minutes=10)


@dataclass(frozen=True)
class Item:
    """What the feed says of a headline. What stands here can all be changed without the news being another."""

    number: int
    published: datetime | None = NOON
    guid: str = ""
    link: str = ""
    title: str = ""

    def xml(self) -> str:
        date = f"<pubDate>{format_datetime(self.published)}</pubDate>" if self.published else ""
        return (
            f"<item><title>{escape(self.title or headline(self.number))}</title>{date}"
            f"<link>{self.link or f'https://news.example.org/{self.number}'}</link>"
            f"<guid isPermaLink='false'>{self.guid or self.number}</guid></item>"
        )


@dataclass
class Life:
    """A feed, a bot that reads it, and a reader who follows everything."""

    pipeline: Pipeline
    server: FeedServer
    clock: WeekClock
    paper: io.StringIO
    items: list[Item] = field(default_factory=list)

    async def poll(self, items: Sequence[Item], path: str = "/rss", after: timedelta = MINUTES) -> int:
        """Let the feed say this, and the bot read it; return how many alerts that made."""
        self.items = list(items)
        body = f"<rss version='2.0'><channel><title>News</title>{''.join(item.xml() for item in items)}</channel></rss>"
        self.server.serve(path, Answer(body=body.encode()))
        self.clock.at += after
        before = self.alerts()
        (polled,) = await self.pipeline.poll(self.pipeline.all_states())
        assert not polled.error
        self.pipeline.route()
        while await self.pipeline.deliver():
            pass
        return self.alerts() - before

    async def publish(self, number: int, **given: str) -> int:
        """Let the feed say one thing more; return how many alerts that made."""
        return await self.poll([Item(number, self.clock() + timedelta(minutes=9), **given), *self.items])

    def alerts(self) -> int:
        """Return how many alerts were printed; one that is printed again was only edited, as its story changed."""
        printed = self.paper.getvalue()
        return printed.count("Mute story") - len(re.findall(r"(?m)^updated \d\d:\d\d$", printed))

    def titles(self, guid: str) -> list[str]:
        return [one.title for one in self.pipeline.archive.headlines(EntryKey(self.server.url("/rss"), guid))]


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Life]:
    paper, clock = io.StringIO(), WeekClock(NOON)
    terminal = TerminalChat(Console(file=paper, width=200, highlight=False, emoji=False))
    with FeedServer() as server:
        config = Config(
            polling=PollingConfig(allow_private=frozenset({"127.0.0.1"})),
            feeds=(Feed(url=server.url("/rss"), title="News", publisher="News", language="en"),),
        )
        chats = {HERE.network: terminal}
        async with house(data=tmp_path, config=config, chats=chats, catalog=load_catalog(), now=clock) as pipeline:
            pipeline.people.grant(HERE, Access.OWNER, NOON)
            follow = terminal.item(terminal.understood("/follow everything"), 1)
            with pipeline.people.transaction():
                pipeline.people.receive([follow], NOON)
            await pipeline.answer(HERE.network)
            yield Life(pipeline, server, clock, paper)


async def test_a_feed_that_lies_in_every_way_rings_once_for_each_piece_of_news(life: Life) -> None:
    expected, sent = 0, await life.poll([Item(n) for n in BASELINE])

    sent += await life.publish(40)
    expected += 1
    sent += await guids_that_change_at_every_poll(life, polls=100)
    sent += await life.publish(41)
    expected += 1
    sent += await titles_that_are_edited(life)
    sent += await life.publish(42)
    expected += 1
    sent += await an_archive_that_is_published_again(life)
    sent += await life.publish(43)
    expected += 1
    sent += await a_clock_that_is_put_back(life)
    sent += await life.publish(44)
    expected += 1
    sent += await undated_and_wrongly_dated_items(life)
    sent += await a_feed_that_moves(life)
    expected += 1

    print(f"{sent} alerts of {expected} expected, {life.alerts()} messages")  # noqa: T201 - scripts/reliability quotes it
    assert sent == life.alerts() == expected


async def guids_that_change_at_every_poll(life: Life, polls: int) -> int:
    """Change all guids each time; and links too, by what follows the reader about."""
    return sum(
        [
            await life.poll(
                [
                    replace(
                        item,
                        guid=f"build-{poll}-{item.number}",
                        link=f"https://news.example.org/{item.number}?utm_id={poll}",
                    )
                    for item in life.items
                ],
                after=timedelta(minutes=1),
            )
            for poll in range(polls)
        ]
    )


async def titles_that_are_edited(life: Life) -> int:
    """Edit a title again and again, as editors do while a thing unfolds; all of it is remembered."""
    first, *rest = life.items
    was = headline(first.number)
    edits = [f"Live: {was}", was.replace("agree", "agree to"), was]
    rang = sum([await life.poll([replace(first, title=edit), *rest]) for edit in edits])

    assert life.titles(first.guid or str(first.number)) == [was, *edits]
    return rang


async def an_archive_that_is_published_again(life: Life) -> int:
    """Publish 500 old items under new guids and links, dated now: first of the feed's own past, then of before."""
    now = life.clock() + MINUTES
    before, own = (
        life.items,
        [Item(item.number, now, f"new-{item.number}", f"https://new.example/{item.number}") for item in life.items],
    )
    unknown = [Item(n, now + MINUTES, f"new-{n}", f"https://new.example/{n}") for n in ARCHIVE]
    return await life.poll(own) + await life.poll(unknown) + await life.poll(before)


async def a_clock_that_is_put_back(life: Life) -> int:
    """Put our own clock back by an hour; the feed's then runs ahead of it."""
    hour = timedelta(hours=1)
    back = await life.poll(life.items, after=-hour)
    return back + await life.poll([replace(item, guid=f"back-{item.number}") for item in life.items], after=hour)


async def undated_and_wrongly_dated_items(life: Life) -> int:
    """Publish news without a date, of the year 2000, and of the year 2999: none of it says that it is new."""
    wrong = [None, NOON.replace(year=2000), NOON.replace(year=2999)]
    return await life.poll([*(Item(50 + n, at) for n, at in enumerate(wrong)), *life.items])


async def a_feed_that_moves(life: Life) -> int:
    """Send whoever asks to another address, for good, and publish there."""
    there = life.server.url("/new")
    items = life.items
    rang = await life.poll(items, path="/new")
    life.server.serve("/rss", Answer(status=301, headers={"Location": there}))
    for _ in range(4):
        rang += await life.poll(items, path="/new")
    return rang + await life.poll([Item(60, life.clock() + timedelta(minutes=9)), *items], path="/new")


@pytest.mark.parametrize("minutes", [10, 24 * 60])
async def test_a_feed_that_was_not_heard_for_long_still_rings_for_what_it_brings_at_once(
    life: Life, minutes: int
) -> None:
    await life.poll([Item(n) for n in BASELINE])
    then = NOON + timedelta(minutes=minutes)
    news = [Item(n, then - timedelta(minutes=9 * n % 600), title=f"Harvest report number {n}") for n in range(100, 139)]

    rang = await life.poll([Item(70, then), *news], after=timedelta(minutes=minutes))

    assert rang == 1
