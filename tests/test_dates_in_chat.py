"""Days in chat: the calendar as a file, the ceasefires that hold, the moves of a process page by page."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from bot.alert import ledgers as pages
from bot.alert.phrases import Reader
from bot.app import house
from bot.chat.telegram import REPEAT_MARK, TelegramChat
from bot.config import Config
from bot.demo import WeekClock
from bot.ledger.ledger import Ledger, ledgers
from bot.model import Access, ChatId, EventType, Facts, Message, Report, Story
from bot.pipeline import Pipeline
from bot.store.archive import ArchiveStore
from bot.text import plain
from tests.conversation import Conversation, buttons, catalog
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.make import NOON
from tests.telegram_rules import read_caption
from tests.test_ledger import CATALOG, THREE_DAYS, a_story
from tests.test_owner_ledgers import a_truce, two

ANN = ChatId("telegram", "1")
ISTANBUL = Facts(meets_on=date(2025, 5, 15), venue="istanbul")


def talks(talk: Conversation, title: str = "delegations to meet", *, confirmed: bool = True) -> Story:
    reports: tuple[Report, ...] = two(title, EventType.TALKS_SCHEDULED, facts=ISTANBUL)
    return talk.report(*(reports if confirmed else reports[:1]))


def events(message: Message) -> list[tuple[date, str, str]]:
    """Return the day, the summary and the status of each event in the file of *message*."""
    assert message.document
    found = Calendar.from_ical(message.document.content).walk("VEVENT")
    return [(each.decoded("dtstart"), str(each["summary"]), str(each.get("status", ""))) for each in found]


# ------------------------------------------------------------------------------------------ the calendar as a file
def test_the_calendar_is_handed_over_as_a_file_with_what_it_shows(talk: Conversation) -> None:
    talks(talk)
    a_truce(talk)

    shown = talk.say("/calendar ukraine")
    words = talk.tap("Add to my calendar")

    assert talk.last.document
    assert talk.last.document.name == "parley-ukraine-russia.ics"
    assert events(talk.last) == [
        (date(2025, 5, 15), "Russia–Ukraine war: talks (planned)", "CONFIRMED"),
        (date(2025, 5, 14), "Russia–Ukraine war: last day of the ceasefire", ""),
    ]
    assert set(shown.splitlines()[1:]) < set(words.splitlines())


def test_what_nobody_confirmed_is_tentative_and_says_so_in_its_title(talk: Conversation) -> None:
    talks(talk, confirmed=False)
    talk.say("/calendar")

    talk.tap("Add to my calendar")

    assert events(talk.last) == [(date(2025, 5, 15), "Russia–Ukraine war: talks (planned, unconfirmed)", "TENTATIVE")]


def test_an_alert_of_talks_offers_their_day_alone(talk: Conversation) -> None:
    story = talks(talk)
    a_truce(talk)
    talk.press(f"show:{story.id}")

    [reply] = talk.hear(
        action=next(each.action for each in buttons(talk.last) if "calendar" in each.label), message_id="55"
    )

    assert [day for day, *_ in events(reply.message)] == [date(2025, 5, 15)]
    assert reply.edits == "", "the alert stays as it is"


def test_files_are_asked_for_by_what_was_asked_before(talk: Conversation) -> None:
    talks(talk)
    talk.report(
        *two("envoys to meet", EventType.TALKS_SCHEDULED, conflicts=("gaza",), facts=ISTANBUL, actors=("israel",))
    )

    days = {}
    for asked in ("/calendar", "/calendar all", "/calendar gaza", "/calendar " + "Gaza and " * 12):
        talk.say(asked)
        actions = [button.action for button in buttons(talk.last)]
        days[asked] = [events(reply.message) for action in actions for reply in talk.hear(action=action)]

    assert [len(found[0]) for found in list(days.values())[:3]] == [2, 2, 1]
    assert list(days.values())[3] == [], "too long for a button"


@pytest.mark.parametrize("words", ["", "all", "sudan", "0123456789ab"])
def test_where_nothing_has_a_day_there_is_no_file(talk: Conversation, words: str) -> None:
    assert "No talks with a day" in talk.press(f"ics:{words}")
    assert talk.last.document is None
    assert buttons(talk.last) == []


def test_a_file_of_an_unknown_conflict_is_met_with_a_guess(talk: Conversation) -> None:
    assert "I know no conflict by “atlantis”" in talk.press("ics:atlantis")


def test_what_was_due_long_ago_is_in_no_file(talk: Conversation) -> None:
    story = talks(talk)
    talk.now = datetime(2025, 6, 5, tzinfo=UTC)

    assert "No talks with a day" in talk.press(f"ics:{story.id}")


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60))
def test_the_words_under_a_file_always_fit(days: int) -> None:
    told = [
        a_story(
            EventType.TALKS_SCHEDULED, after=24 * day, facts=Facts(meets_on=date(2025, 5, 11) + timedelta(days=day))
        )
        for day in range(days)
    ]
    found = ledgers(told, CATALOG)

    message = pages.calendar_file(found.values(), Reader("en", "UTC", CATALOG, NOON))

    text, _ = read_caption({"caption": message.html + REPEAT_MARK, "parse_mode": "HTML"})
    assert text.count("talks") + _left_off(text) == len(events(message)) == days


def _left_off(text: str) -> int:
    more = [line.split()[2] for line in text.splitlines() if line.startswith("… and ")]
    return int(more[0]) if more else 0


# ------------------------------------------------------------------------------------------ through the outbox
@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(int(ANN.room))
        yield fake


async def test_a_file_whose_fate_is_unknown_is_sent_again_marked_and_the_same(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    clock = WeekClock(NOON)
    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        a_truce(archive)
    async with TelegramChat(TOKEN, api_url=telegram.url) as chat:
        chats = {chat.network: chat}
        async with house(data=tmp_path, config=Config(), chats=chats, catalog=catalog(), now=clock) as pipeline:
            pipeline.people.grant(ANN, Access.ALLOWED, NOON)
            telegram.say(int(ANN.room), "/calendar ukraine")
            await _answered(pipeline, chat)
            telegram.press(int(ANN.room), telegram.accepted[0].message_id, "Add to my calendar")
            telegram.fault("reset_after", method="sendDocument")
            clock.at += timedelta(seconds=2)
            await _answered(pipeline, chat)
            clock.at += timedelta(minutes=1)
            await pipeline.deliver()

    files = [message for message in telegram.accepted if message.upload]
    assert [message.upload for message in files] == ["parley-ukraine-russia.ics"] * 2
    assert len({message.upload.content for message in files if message.upload}) == 1
    assert [message.text.endswith(REPEAT_MARK) for message in files] == [False, True]


async def _answered(pipeline: Pipeline, chat: TelegramChat) -> None:
    """Take in what was said, answer it and send what is owed."""
    [item] = await chat.receive(None, timedelta(seconds=1))
    with pipeline.people.transaction():
        pipeline.people.receive([item], pipeline.now())
    await chat.receive(item.update_id + 1, timedelta(0))
    await pipeline.answer(chat.network)
    while await pipeline.deliver():
        pass


# ------------------------------------------------------------------------------------------ ceasefires
def test_the_ceasefires_tell_how_long_by_whom_and_what_broke_them(talk: Conversation) -> None:
    a_truce(talk)
    talk.report(
        *two("truce broken 734 times", EventType.CEASEFIRE_VIOLATED, days=1, facts=Facts(counts=("734 violations",)))
    )
    talk.now = NOON + timedelta(days=1, hours=1)

    text = talk.say("/ceasefires ukraine")

    assert "declared for 3 days" in text
    assert "to 14 May (last day)" in text
    assert "three-day truce agreed” — Reuters, 2 sources" in text
    assert "⚠️ 12 May: 734 violations reported" in text


def test_a_ceasefire_that_ended_long_ago_is_none(talk: Conversation) -> None:
    a_truce(talk)

    talk.now = NOON + timedelta(days=10)
    of_late = talk.say("/ceasefires")
    talk.now = NOON + timedelta(days=30)
    long_ago = talk.say("/ceasefires all")

    assert "expired, no confirmed report of an extension" in of_late
    assert "None was confirmed in 60 days, or all are over." in long_ago


# ------------------------------------------------------------------------------------------ page by page
def test_the_moves_of_a_process_are_turned_over_in_place(talk: Conversation) -> None:
    for day in range(-pages.MOVES_A_PAGE, 1):
        talk.report(*two(f"talks number {day}", EventType.TALKS_HELD, days=2 * day))

    first = talk.say("/track ukraine")
    [reply] = talk.hear(
        action=next(each.action for each in buttons(talk.last) if "More" in each.label), message_id="55"
    )

    assert (first.count("talks number"), plain(reply.message.html).count("talks number")) == (pages.MOVES_A_PAGE, 1)
    assert reply.edits == "55"
    assert "Moved last" not in plain(reply.message.html)
    assert "‹ Back" in [button.label for button in buttons(talk.last)]


@pytest.mark.parametrize("words", ["ukraine-russia:99999", "ukraine-russia:x", "ukraine-russia", "sudan:1", ":", ""])
def test_a_page_that_is_not_there_is_the_nearest_that_is(talk: Conversation, words: str) -> None:
    a_truce(talk)

    assert talk.press(f"trackpage:{words}")


def test_a_ledger_keeps_what_is_due_from_a_day_on_and_what_a_story_set() -> None:
    scheduled = a_story(EventType.TALKS_SCHEDULED, facts=ISTANBUL)
    ledger = ledgers([scheduled, a_story(EventType.CEASEFIRE_AGREED, facts=THREE_DAYS)], CATALOG)["ukraine-russia"]

    def days(of: Ledger) -> tuple[list[date], list[date | None]]:
        return [each.on for each in of.meetings], [each.ends_on for each in of.halts]

    assert days(ledger.since(date(2025, 5, 15))) == ([date(2025, 5, 15)], [])
    assert days(ledger.since(date(2025, 5, 14))) == ([date(2025, 5, 15)], [date(2025, 5, 14)])
    assert days(ledger.of_story(scheduled[0].id)) == ([date(2025, 5, 15)], [])
    assert days(ledger.of_story("another")) == ([], [])
