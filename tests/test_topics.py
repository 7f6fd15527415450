"""Forum topics: an answer stays where the question was, an alert goes where it was asked for, and neither gets lost."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from bot.app import house
from bot.catalog import load_catalog
from bot.chat.telegram import TelegramChat
from bot.config import Config
from bot.demo import WeekClock
from bot.model import Access, Button, ChatId, Delivery, InboxItem, Incoming, Message, Sent, StoryChange, Undeliverable
from bot.pipeline import Pipeline
from bot.store.people import PeopleStore
from tests import make
from tests.conversation import Conversation
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.make import NOON
from tests.older import older
from tests.process import running, until, write_config
from tests.telegram_world import Accepted

GROUP = -1001
FORUM = ChatId("telegram", str(GROUP))
NEWS_TOPIC, TEA_TOPIC, GENERAL = 5, 6, 0
SOON = timedelta(seconds=1)
REFUSALS = ["Bad Request: message thread not found", "Bad Request: TOPIC_CLOSED", "Bad Request: TOPIC_DELETED"]


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(GROUP)
        yield fake


@pytest.fixture
async def chat(telegram: FakeTelegram) -> AsyncIterator[TelegramChat]:
    async with TelegramChat(TOKEN, api_url=telegram.url) as chat:
        yield chat


@pytest.fixture
async def strict(telegram: FakeTelegram) -> AsyncIterator[TelegramChat]:
    async with TelegramChat(TOKEN, api_url=telegram.url, closed_topic="drop") as chat:
        yield chat


def owed(html: str = "<b>Truce</b> agreed", **given: Any) -> Delivery:
    return make.delivery(html, **{"chat": FORUM, "thread": str(NEWS_TOPIC)} | given)


def where(messages: list[Accepted]) -> list[tuple[str, int]]:
    return [(message.text, message.topic) for message in messages]


# ------------------------------------------------------------------------------------------ what is said in a topic
async def test_a_command_and_a_press_in_a_topic_tell_which(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.say(GROUP, "/now", topic=NEWS_TOPIC)
    buttons = ((Button("Why", action="why:1"),),)
    await chat.send(owed(message=Message(html="Truce", buttons=buttons)))
    telegram.press(GROUP, telegram.accepted[0].message_id, "Why")

    said, pressed = [chat.read(item) for item in await chat.receive(None, SOON)]

    assert said == Incoming(chat=FORUM, thread="5", text="/now", private=False, language="en")
    assert pressed
    assert (pressed.action, pressed.thread) == ("why:1", "5")


@pytest.mark.parametrize("thread", [{}, {"message_thread_id": 5}, {"message_thread_id": 5, "is_topic_message": False}])
def test_a_thread_of_replies_is_no_topic(thread: dict[str, Any]) -> None:
    message = {
        "message_id": 1,
        "date": 0,
        "chat": {"id": GROUP, "type": "supergroup", "title": "Newsroom"},
        "from": {"id": 1, "is_bot": False, "first_name": "Ann"},
        "text": "/now",
    }
    raw = json.dumps({"update_id": 1, "message": message | thread})

    incoming = TelegramChat(TOKEN).read(InboxItem(network="telegram", update_id=1, raw=raw))

    assert incoming == Incoming(chat=FORUM, text="/now", private=False)


# ------------------------------------------------------------------------------------------ sending
async def test_a_message_goes_to_its_topic(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed("one"))
    await chat.send(owed("two", thread=""))

    assert where(telegram.accepted) == [("one", NEWS_TOPIC), ("two", GENERAL)]
    assert telegram.count("sendMessage") == 2


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_what_a_topic_takes_no_more_goes_to_general_once(
    telegram: FakeTelegram, chat: TelegramChat, refusal: str
) -> None:
    telegram.fault("error", code=400, description=refusal)

    result = await chat.send(owed(maybe=True))

    [message] = telegram.accepted
    assert result == Sent(str(message.message_id))
    assert message.topic == GENERAL
    assert message.text.endswith("possible repeat")
    assert telegram.count("sendMessage") == 2


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_who_so_decides_has_it_dropped_and_keeps_the_group(
    telegram: FakeTelegram, strict: TelegramChat, refusal: str
) -> None:
    telegram.fault("error", code=400, description=refusal)

    result = await strict.send(owed())

    assert isinstance(result, Undeliverable)
    assert not result.gone
    assert refusal.removeprefix("Bad Request: ").casefold() in result.reason.casefold()
    assert telegram.accepted == []
    assert telegram.count("sendMessage") == 1


async def test_where_general_is_closed_too_the_group_is_kept(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("error", times=None, code=400, description="Bad Request: TOPIC_CLOSED")

    result = await chat.send(owed())

    assert isinstance(result, Undeliverable)
    assert not result.gone
    assert telegram.count("sendMessage") == 2


async def test_a_group_that_threw_us_out_is_gone_whatever_the_topic(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.kick(GROUP)

    result = await chat.send(owed())

    assert isinstance(result, Undeliverable)
    assert result.gone
    assert telegram.count("sendMessage") == 1


async def test_bad_html_for_a_closed_topic_still_arrives(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.chat(GROUP).closed_topics.add(NEWS_TOPIC)

    await chat.send(owed("<p>Truce"))

    assert where(telegram.accepted) == [("Truce", GENERAL)]


@pytest.mark.parametrize("refusal", ["Bad Request: message to edit not found", "Bad Request: TOPIC_CLOSED"])
async def test_what_cannot_be_edited_is_said_anew_in_its_topic(
    telegram: FakeTelegram, chat: TelegramChat, refusal: str
) -> None:
    telegram.fault("error", method="editMessageText", code=400, description=refusal)

    await chat.send(owed("Talks held", edits="7"))

    assert where(telegram.accepted) == [("Talks held", NEWS_TOPIC)]


# ------------------------------------------------------------------------------------------ a subscription's place
def test_a_topic_where_something_is_chosen_is_where_it_goes(talk: Conversation) -> None:
    talk.say("/follow gaza", private=False, thread="5")
    made = talk.subscription.thread
    talk.press("setloud:important", private=False, thread="6")

    assert (made, talk.subscription.thread) == ("5", "6")


def test_a_question_in_another_topic_moves_nothing(talk: Conversation) -> None:
    talk.say("/follow gaza", private=False, thread="5")

    talk.say("/latest", private=False, thread="6")
    talk.say("/settings", private=False, thread="6")

    assert talk.subscription.thread == "5"


def test_a_choice_outside_of_topics_leaves_the_place_as_it_is(talk: Conversation) -> None:
    talk.say("/follow gaza", private=False, thread="5")
    talk.say("/follow sudan", private=False)

    assert talk.subscription.thread == "5"
    assert talk.subscription.conflicts == {"gaza", "sudan"}


def test_a_private_chat_has_no_topic_for_its_alerts(talk: Conversation) -> None:
    talk.say("/follow gaza", thread="5")

    assert talk.subscription.thread == ""


def test_a_database_of_before_topics_is_told_and_sent_as_before(tmp_path: Path) -> None:
    with older(tmp_path / "people.db", before="m003_topics") as database:
        database.executescript(
            """
            INSERT INTO chats (id, network, room) VALUES (1, 'terminal', 'me');
            INSERT INTO messages VALUES (1, 'words', '[]', 0);
            INSERT INTO subscriptions (chat_id, conflicts, types, loudness, language, time_zone, digest_hours)
                VALUES (1, '["gaza"]', '[]', 'all', 'uk', 'Europe/Kyiv', '[8]');
            INSERT INTO outbox
                (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, next_attempt_at, created_at)
                VALUES ('owed', 1, 'alert', 2, 1, '', '', 'NOON', 'NOON');
            """.replace("NOON", "2025-05-11T12:00:00.000000+00:00")
        )

    with PeopleStore.open(tmp_path / "people.db") as people:
        people.recover(NOON)
        kept = people.subscription(make.HERE)
        [owed_before] = people.claim(NOON)
        assert kept
        people.save_subscription(replace(kept, thread="5"))
        changed = people.subscription(make.HERE)

    assert (kept.conflicts, kept.language, kept.thread) == (frozenset({"gaza"}), "uk", "")
    assert (owed_before.dedupe_key, owed_before.thread) == ("owed", "")
    assert changed == replace(kept, thread="5")
    assert (tmp_path / "people.db.before-m003_topics").exists()


# ------------------------------------------------------------------------------------------ the whole house
@dataclass
class Newsroom:
    """A house whose one reader is a group with topics."""

    pipeline: Pipeline
    telegram: FakeTelegram
    chat: TelegramChat
    clock: WeekClock

    async def say(self, text: str, topic: int) -> list[Accepted]:
        """Say *text* in the group; return what comes of it."""
        self.telegram.say(GROUP, text, topic=topic)
        items = await self.chat.receive(self.telegram.next_update_id - 1, SOON)
        self.pipeline.people.receive(items, self.clock())
        await self.pipeline.answer("telegram")
        return await self.sent()

    async def report(self, title: str) -> list[Accepted]:
        """Let a new story reach the archive; return what comes of it."""
        report = make.report(title, published=self.clock(), seen_at=self.clock())
        assert report.event
        story, archive = make.story(report), self.pipeline.archive
        with archive.transaction():
            archive.save_entries([(report.entry, [title])])
            archive.save_event(report.event)
            archive.save_story(replace(story, announced=frozenset({story.type})))
            archive.log_change(story, StoryChange.NEW, report.entry.key, self.clock())
        self.pipeline.route()
        return await self.sent()

    async def sent(self) -> list[Accepted]:
        """Send all that is owed; return it."""
        before = len(self.telegram.accepted)
        while await self.pipeline.deliver():
            self.clock.at += timedelta(minutes=1)
        self.clock.at += timedelta(minutes=1)
        return self.telegram.accepted[before:]

    @property
    def is_paused(self) -> bool:
        return not self.pipeline.people.subscriptions()


@asynccontextmanager
async def newsroom(
    folder: Path, telegram: FakeTelegram, closed_topic: Literal["general", "drop"] = "general"
) -> AsyncIterator[Newsroom]:
    clock = WeekClock(NOON)
    async with (
        TelegramChat(TOKEN, api_url=telegram.url, closed_topic=closed_topic) as chat,
        house(
            data=folder,
            config=Config(feeds=(make.feed(),)),
            chats={"telegram": chat},
            catalog=load_catalog(),
            now=clock,
        ) as pipeline,
    ):
        pipeline.people.grant(FORUM, Access.ALLOWED, NOON)
        pipeline.route()
        yield Newsroom(pipeline, telegram, chat, clock)


async def test_answers_alerts_and_digests_come_where_the_group_asked(tmp_path: Path, telegram: FakeTelegram) -> None:
    async with newsroom(tmp_path, telegram) as room:
        [followed] = await room.say("/follow everything", NEWS_TOPIC)
        [answer] = await room.say("/status", TEA_TOPIC)
        [alert] = await room.report("Russia and Ukraine agree 30-day ceasefire")
        room.clock.at = NOON + timedelta(hours=8)
        room.pipeline.digests()
        [digest] = await room.sent()

    assert "agree 30-day ceasefire" in alert.text
    assert [m.topic for m in (followed, answer, alert, digest)] == [NEWS_TOPIC, TEA_TOPIC, NEWS_TOPIC, NEWS_TOPIC]


async def test_a_closed_topic_costs_one_call_more_and_loses_nothing(tmp_path: Path, telegram: FakeTelegram) -> None:
    async with newsroom(tmp_path, telegram) as room:
        await room.say("/follow everything", NEWS_TOPIC)
        telegram.chat(GROUP).closed_topics.add(NEWS_TOPIC)
        before = telegram.count("sendMessage")
        [in_general] = await room.report("Russia and Ukraine agree 30-day ceasefire")
        calls = telegram.count("sendMessage") - before
        telegram.chat(GROUP).closed_topics.clear()
        [in_topic] = await room.report("Hamas and Israel agree two-day truce")

    assert (in_general.topic, in_topic.topic) == (GENERAL, NEWS_TOPIC)
    assert calls == 2
    assert telegram.count("leaveChat") == 0


async def test_what_is_dropped_with_a_closed_topic_is_a_dead_letter_and_the_next_arrives(
    tmp_path: Path, telegram: FakeTelegram
) -> None:
    async with newsroom(tmp_path, telegram, "drop") as room:
        await room.say("/follow everything", NEWS_TOPIC)
        telegram.chat(GROUP).closed_topics.add(NEWS_TOPIC)
        dropped = await room.report("Russia and Ukraine agree 30-day ceasefire")
        [reason] = room.pipeline.people.dead_letters(NOON)
        paused = room.is_paused
        telegram.chat(GROUP).closed_topics.clear()
        [next_one] = await room.report("Hamas and Israel agree two-day truce")

    assert dropped == []
    assert "topic_closed" in reason.casefold()
    assert not paused
    assert next_one.topic == NEWS_TOPIC


@pytest.mark.slow
async def test_the_operator_decides_what_becomes_of_a_closed_topic(tmp_path: Path, telegram: FakeTelegram) -> None:
    telegram.chat(GROUP).closed_topics.add(NEWS_TOPIC)
    write_config(tmp_path, more=f'[telegram]\nallow = [{GROUP}]\nclosed_topic = "drop"\n')
    async with running(tmp_path, telegram.url) as bot:
        telegram.say(GROUP, "/help", topic=NEWS_TOPIC)
        await telegram.hears("sendMessage")
        telegram.say(GROUP, "/status", topic=TEA_TOPIC)
        await until(lambda: telegram.accepted, "the answer in the open topic", bot)
        await bot.stop()

    assert [message.topic for message in telegram.accepted] == [TEA_TOPIC]
    assert "delivery not sent: reply BadRequest: Topic_closed" in bot.log.decode()
