"""One story, one live message: from feeds to what people on Telegram see, and what they hear of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import house
from bot.catalog import load_catalog
from bot.chat.telegram import TelegramChat
from bot.config import Config
from bot.demo import WeekClock
from bot.model import Access, ChatId, Entry, Feed, FeedState, Loudness, StoryChange, Subscription
from bot.ops.backup import back_up, restore
from bot.pipeline import Pipeline
from bot.ports import Parsed
from tests import make
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.make import NOON
from tests.telegram_world import Accepted

pytestmark = pytest.mark.slow

ANN, BOB, LATE = 1001, 1002, 1003
GROUP, SUPERGROUP = -1004, -1001005
PUBLISHERS = ("reuters", "bbc", "suspilne", "tass", "Quayside Daily", "Hillside Post")
AGREED = "Russia and Ukraine agree 30-day ceasefire"
DENIED = "Kremlin denies agreeing to 30-day ceasefire with Ukraine"


def address(publisher: str) -> str:
    return f"https://{publisher.replace(' ', '-').lower()}.example/rss"


@dataclass
class Newsroom:
    """A house whose feeds bring what we say, and two readers on Telegram."""

    pipeline: Pipeline
    telegram: FakeTelegram
    clock: WeekClock
    published: dict[str, list[Entry]] = field(default_factory=dict)

    async def report(self, title: str, publisher: str, *, link: str = "") -> list[Accepted]:
        """Let *publisher* bring *title*, at *link* or a page of its own; return what Telegram accepted of it."""
        url, items = address(publisher), self.published.setdefault(publisher, [])
        entry = make.entry(
            title,
            id=link or title,
            link=f"https://{publisher.lower()}.example/{link or len(items)}".replace(" ", "-"),
            feed_url=url,
            publisher=publisher,
            published=self.clock(),
            seen_at=self.clock(),
        )
        items[:] = [*(item for item in items if item.key != entry.key), entry]
        state = self.pipeline.archive.feed_state(url)
        assert state
        self._take(state, items)
        return await self.sent()

    def _take(self, state: FeedState, items: list[Entry]) -> None:
        work = self.pipeline.writer.submit(
            self.pipeline.ingest.take, state, Parsed(entries=tuple(items)), lambda _: state, self.clock()
        )
        work.result()

    async def sent(self) -> list[Accepted]:
        """Tell and send all that is due now; return what is new in people's chats, edits aside."""
        before = len(self.telegram.accepted)
        while self.pipeline.route() or await self.pipeline.deliver():
            self.clock.at += timedelta(seconds=1)
        return self.telegram.accepted[before:]

    async def later(self, **time: float) -> list[Accepted]:
        self.clock.at += timedelta(**time)
        return await self.sent()

    def shown(self, room: int, message: Accepted) -> str:
        """Return what the message says now."""
        return str(self.telegram.rooms[room].messages[message.message_id]["text"])

    def changes(self) -> list[StoryChange]:
        return [change.change for change in self.pipeline.archive.changes_after(0)]

    def subscribe(self, room: int, **wishes: Any) -> None:
        self.telegram.chat(room)
        chat = ChatId("telegram", str(room))
        self.pipeline.people.grant(chat, Access.ALLOWED, NOON)
        self.pipeline.people.save_subscription(Subscription(chat=chat, created_at=NOON, **wishes))


@asynccontextmanager
async def newsroom(folder: Path, telegram: FakeTelegram, clock: WeekClock) -> AsyncIterator[Newsroom]:
    feeds = tuple(Feed(url=address(name), title=name, publisher=name, language="en") for name in PUBLISHERS)
    async with (
        TelegramChat(TOKEN, api_url=telegram.url) as chat,
        house(
            data=folder, config=Config(feeds=feeds), chats={"telegram": chat}, catalog=load_catalog(), now=clock
        ) as pipeline,
    ):
        room = Newsroom(pipeline, telegram, clock)
        if not pipeline.people.subscriptions():
            for state in pipeline.all_states():
                room._take(state, [])
            room.subscribe(ANN)
            room.subscribe(BOB)
        await room.sent()
        yield room


@pytest.fixture
async def room(tmp_path: Path, telegram: FakeTelegram) -> AsyncIterator[Newsroom]:
    async with newsroom(tmp_path, telegram, WeekClock(NOON)) as opened:
        yield opened


# ------------------------------------------------------------------------------------------ growing
async def test_a_second_source_confirms_the_same_message_and_is_said_once_aloud(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    words = await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")
    afterwards = await room.later(minutes=30)

    assert [(each.chat, each.silent) for each in first] == [(ANN, True), (BOB, True)]
    assert first[0].text.startswith("🟡 UNCONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED")
    assert [(each.chat, each.silent, each.replies_to) for each in words] == [
        (ANN, False, first[0].message_id),
        (BOB, False, first[1].message_id),
    ]
    assert words[0].text.startswith("🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED")
    assert "2 independent publishers · West, Ukraine" in words[0].text
    assert afterwards == []
    shown = room.shown(ANN, first[0])
    assert shown.startswith("🟢 CONFIRMED")
    assert "updated 12:" in shown


async def test_copies_of_one_report_change_the_message_after_a_while_and_confirm_nothing(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    for publisher in ("Quayside Daily", "Hillside Post", "tass"):
        assert await room.report(f"{AGREED} (Reuters)", publisher) == []
    at_once = room.telegram.count("editMessageText")
    assert await room.later(minutes=2) == []

    assert at_once == 0
    assert room.telegram.count("editMessageText") == 2
    assert room.changes() == [StoryChange.NEW, *[StoryChange.GREW] * 3]
    assert room.shown(ANN, first[0]).startswith("🟡 UNCONFIRMED")
    assert "4 publishers of one source" in room.shown(ANN, first[0])


async def test_edits_keep_the_pace_and_the_last_state_arrives(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    for number in range(10):
        await room.report(f"Russia and Ukraine agree 30-day ceasefire, take {number} (Reuters)", "Quayside Daily")
        await room.later(minutes=1)
    during = room.telegram.count("editMessageText")
    await room.later(minutes=10)

    assert 2 <= during / 2 <= 3
    labels = room.telegram.rooms[ANN].messages[first[0].message_id]["reply_markup"]["inline_keyboard"][0]
    assert "Reports 11" in [button["text"] for button in labels]


async def test_who_came_after_the_first_report_is_told_whole_when_it_is_confirmed(room: Newsroom) -> None:
    await room.report(AGREED, "reuters")
    room.subscribe(LATE, loudness=Loudness.IMPORTANT)

    news = await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")

    [alert] = [each for each in news if each.chat == LATE]
    assert (alert.replies_to, alert.silent) == (0, False)
    assert "Why?" in alert.labels
    assert len(news) == 3


# ------------------------------------------------------------------------------------------ taken back
async def test_a_denial_is_struck_through_where_it_was_told_and_said_to_those_alone(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    story = room.pipeline.archive.stories()[0]
    room.pipeline.people.mute_story(ChatId("telegram", str(BOB)), story.id)
    room.subscribe(LATE)
    await room.later(hours=1)

    corrections = await room.report(DENIED, "tass")
    await room.later(minutes=10)

    assert [(each.chat, each.silent, each.replies_to) for each in corrections] == [
        (ANN, True, first[0].message_id),
        (BOB, True, first[1].message_id),
    ]
    assert corrections[0].text.startswith("🔴 DENIED by Russia · Russia–Ukraine war · CEASEFIRE AGREED")
    assert DENIED in corrections[0].text
    shown = room.telegram.rooms[BOB].messages[first[1].message_id]
    assert shown["text"].startswith("🔴 DENIED by Russia")
    assert "strikethrough" in {entity["type"] for entity in shown["entities"]}
    assert room.pipeline.archive.stories()[0].id == story.id


async def test_a_truce_that_two_blocs_confirmed_is_struck_through_when_a_party_to_it_denies_it(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")
    assert room.shown(ANN, first[0]).startswith("🟢 CONFIRMED")

    denied = await room.report(DENIED, "tass")

    shown = room.telegram.rooms[ANN].messages[first[0].message_id]
    assert [(each.chat, each.silent) for each in denied] == [(ANN, True), (BOB, True)]
    assert shown["text"].startswith("🔴 DENIED by Russia")
    assert "strikethrough" in {entity["type"] for entity in shown["entities"]}


async def test_an_exchange_that_was_confirmed_is_disputed_and_nothing_struck(room: Newsroom) -> None:
    first = await room.report("Russia and Ukraine exchange 205 prisoners each", "reuters")
    await room.report("Ukraine and Russia exchange 205 prisoners each", "suspilne")

    disputed = await room.report("Kremlin denies exchange of 205 prisoners with Ukraine", "tass")

    shown = room.telegram.rooms[ANN].messages[first[0].message_id]
    assert disputed[0].text.startswith("🟡 DISPUTED by Russia · Russia–Ukraine war · PRISONER")
    assert shown["text"].startswith("🟡 DISPUTED by Russia")
    assert "strikethrough" not in {entity["type"] for entity in shown["entities"]}


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("Ukraine offers Russia 30-day ceasefire", "🔴 CORRECTED BY ITS SOURCE"),
        ("Heavy rain expected over the weekend", "🔴 WITHDRAWN BY ITS SOURCE"),
    ],
)
async def test_a_source_that_takes_its_headline_back_is_followed(room: Newsroom, title: str, word: str) -> None:
    first = await room.report(AGREED, "reuters", link="truce")

    corrections = await room.report(title, "reuters", link="truce")

    assert [each.replies_to for each in corrections] == [each.message_id for each in first]
    assert corrections[0].text.startswith(word)
    assert title in corrections[0].text
    assert room.shown(ANN, first[0]).startswith(word)
    assert AGREED in room.shown(ANN, first[0])


async def test_a_new_headline_for_the_same_news_is_an_edit_and_no_second_alert(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters", link="truce")

    assert await room.report(f"{AGREED} from Monday", "reuters", link="truce") == []
    assert await room.later(minutes=2) == []
    assert "from Monday" in room.shown(ANN, first[0])


async def test_a_page_that_becomes_news_by_its_new_headline_is_news(room: Newsroom) -> None:
    assert await room.report("Live: all eyes on the weather tonight", "bbc", link="live") == []

    assert len(await room.report(AGREED, "bbc", link="live")) == 2


async def test_a_view_joins_a_story_but_starts_none(room: Newsroom) -> None:
    await room.report("Opinion: why Russia and Ukraine must agree a ceasefire", "bbc")

    assert room.pipeline.archive.stories() == []


# ------------------------------------------------------------------------------------------ trouble
async def test_a_message_that_was_deleted_is_let_go_quietly(room: Newsroom) -> None:
    first = await room.report(AGREED, "reuters")
    del room.telegram.rooms[ANN].messages[first[0].message_id]

    words = await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")
    await room.later(minutes=10)

    assert [(each.chat, each.replies_to) for each in words] == [(ANN, 0), (BOB, first[1].message_id)]
    assert room.pipeline.people.dead_letters(NOON) == {}
    assert len(room.pipeline.people.subscriptions()) == 2


async def test_an_edit_that_is_owed_survives_the_process(tmp_path: Path, telegram: FakeTelegram) -> None:
    clock = WeekClock(NOON)
    async with newsroom(tmp_path, telegram, clock) as room:
        first = await room.report(AGREED, "reuters")
        await room.report(f"{AGREED} (Reuters)", "Quayside Daily")
    clock.at += timedelta(minutes=2)
    async with newsroom(tmp_path, telegram, clock) as room:
        assert "2 publishers of one source" in room.shown(ANN, first[0])


async def test_a_group_that_moved_hears_the_change_and_keeps_what_its_new_messages_say(room: Newsroom) -> None:
    room.subscribe(GROUP)
    first = await room.report(AGREED, "reuters")
    room.telegram.migrate(GROUP, SUPERGROUP)
    other = [*await room.report("Thailand and Cambodia agree ceasefire", "bbc"), *await room.later(seconds=10)]

    words = await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")

    [old], [new], [word] = ([each for each in said if each.chat < 0] for said in (first, other, words))
    assert (old.chat, new.chat, word.chat) == (GROUP, SUPERGROUP, SUPERGROUP)
    assert (word.replies_to, old.message_id) == (0, new.message_id)
    assert "Thailand" in room.shown(SUPERGROUP, new)
    assert room.pipeline.people.dead_letters(NOON) == {}


async def test_after_a_restore_the_message_of_before_is_edited_and_answered(
    tmp_path: Path, telegram: FakeTelegram
) -> None:
    clock, data, kept = WeekClock(NOON), tmp_path / "data", tmp_path / "backups"
    data.mkdir()
    async with newsroom(data, telegram, clock) as room:
        first = await room.report(AGREED, "reuters")
    back_up(data, kept, clock())
    restore(data, kept, clock(), opens=lambda _: None)

    clock.at += timedelta(minutes=10)
    async with newsroom(data, telegram, clock) as room:
        words = await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")

        assert [(each.chat, each.replies_to) for each in words] == [
            (ANN, first[0].message_id),
            (BOB, first[1].message_id),
        ]
        assert room.shown(ANN, first[0]).startswith("🟢 CONFIRMED")


async def test_all_that_was_due_was_sent_or_is_accounted_for(room: Newsroom) -> None:
    telegram = room.telegram
    telegram.fault("reset_after", method="sendMessage")
    telegram.fault("reset_before", method="editMessageText")
    await room.report(AGREED, "reuters")
    await room.report("Ukraine and Russia agree to 30-day ceasefire", "suspilne")
    await room.report(DENIED, "tass")
    for _ in range(6):
        await room.later(minutes=2)

    counts = room.pipeline.people.outbox_counts()

    assert counts["ready"] == counts["retry"] == counts["sending"] == counts["dead"] == 0
    assert all(room.telegram.rooms[each].messages[1]["text"] for each in (ANN, BOB))
