"""The ledgers in chat, on the command line, in a calendar file; what the owner undoes; reminders."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from rich.console import Console
from typer.testing import CliRunner

from bot.alert import ledgers as pages
from bot.alert.phrases import Reader
from bot.app import house
from bot.chat.terminal import HERE, TerminalChat
from bot.cli import app
from bot.config import Config
from bot.errors import DecisionError
from bot.ledger.ics import calendar as written
from bot.ledger.ledger import ledgers
from bot.ledger.move import step_id
from bot.model import Access, ChatId, Event, EventType, Facts, Loudness, Modality, Report, Subscription
from bot.owner import ledgers as books
from bot.ports import RESTORED_AT
from bot.stages.remind import Reminding
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from bot.text import plain
from tests import make
from tests.conversation import ME, Conversation, buttons, catalog
from tests.test_ledger import CATALOG, THREE_DAYS, a_story

LAST_DAY = datetime(2025, 5, 14, 9, tzinfo=UTC)


def two(title: str, type_: EventType, *, days: float = 0, **event: object) -> tuple[Report, Report]:
    """Reports of two publishers of two blocs."""
    at = make.NOON + timedelta(days=days)
    return tuple(  # type: ignore[return-value]
        make.report(
            f"{publisher}: {title}",
            publisher=publisher,
            published=at,
            seen_at=at,
            event={"type": type_, "actors": ("russia", "ukraine")} | event,
        )
        for publisher in ("Reuters", "Ukrainska Pravda")
    )


def a_truce(talk: Conversation | ArchiveStore, title: str = "three-day truce agreed") -> None:
    reports = two(title, EventType.CEASEFIRE_AGREED, facts=THREE_DAYS)
    _store(talk, *reports)


def _store(talk: Conversation | ArchiveStore, *reports: Report) -> None:
    if isinstance(talk, Conversation):
        talk.report(*reports)
        return
    with talk.transaction():
        for report in reports:
            talk.save_entries([(report.entry, [report.entry.key.id])])
            assert isinstance(report.event, Event)
            talk.save_event(report.event)
        talk.save_story(make.story(*reports))


# ------------------------------------------------------------------------------------------ chat
def test_the_timeline_of_a_conflict_tells_its_moves_and_of_a_story_its_reports(talk: Conversation) -> None:
    a_truce(talk)

    of_conflict, of_story = talk.say("/timeline ukraine"), talk.say("/timeline")

    assert "Ceasefire declared" in of_conflict
    assert "Next: 12 May" not in of_conflict
    assert "Next: 14 May, last day of the ceasefire" in of_conflict
    assert "what moved" not in of_story
    assert "three-day truce agreed" in of_story


def test_a_claim_is_listed_as_a_claim_and_moves_nothing(talk: Conversation) -> None:
    claim = two("truce agreed, Moscow says", EventType.CEASEFIRE_AGREED, modality=Modality.CLAIM, speaker="russia")
    talk.report(*claim)

    text = talk.say("/track ukraine")

    assert "Claim: ceasefire" in text
    assert "says Russia" in text
    assert "⏱" not in text
    assert "No step of any process was confirmed" in talk.say("/track all")


def test_track_without_words_tells_the_last_step_of_each_conflict(talk: Conversation) -> None:
    a_truce(talk)
    talk.report(*two("talks held", EventType.TALKS_HELD, days=-1, conflicts=("gaza",), actors=("israel", "hamas")))

    text = talk.say("/track")

    assert "Talks held, 10 May" in text
    assert "Ceasefire agreed / declared, 11 May" in text


def test_a_conflict_without_moves_says_so_and_an_unknown_one_is_met_with_a_guess(talk: Conversation) -> None:
    assert "Nothing is in the ledger of Sudan yet" in talk.say("/track sudan")
    for command in ("/track", "/ceasefires", "/calendar", "/exchanges"):
        assert "I know no conflict by “atlantis”" in talk.say(f"{command} atlantis")


def test_the_calendar_tells_what_is_due_and_that_nothing_was_heard_of_it(talk: Conversation) -> None:
    facts = Facts(meets_on=date(2025, 5, 15), venue="istanbul")
    talk.report(*two("delegations to meet in Istanbul", EventType.TALKS_SCHEDULED, facts=facts))

    before = talk.say("/calendar")
    talk.now = datetime(2025, 5, 15, 9, tzinfo=UTC)
    due = talk.say("/calendar ukraine")
    talk.now += timedelta(days=3)
    over = talk.say("/calendar all")

    assert "15 May" in before
    assert "talks in Istanbul: planned" in before
    assert "due today, no confirmed report of it yet" in due
    assert "was due, no confirmed report of it" in over


def test_exchanges_are_told_with_what_sources_differ_on(talk: Conversation) -> None:
    first, second = two("prisoners swapped", EventType.EXCHANGE_PRISONERS)
    counted = [
        make.report(
            r.entry.title, publisher=r.entry.publisher, event={"type": EventType.EXCHANGE_PRISONERS, "facts": f}
        )
        for r, f in zip(
            (first, second), (Facts(counts=("300 prisoners",)), Facts(counts=("307 prisoners",))), strict=True
        )
    ]
    talk.report(*counted)

    text = talk.say("/exchanges")

    assert "300–307 people in all" in text
    assert "sources differ: 300: Reuters; 307: Ukrainska Pravda" in text


def test_the_buttons_under_a_timeline_lead_on(owner: Conversation) -> None:
    a_truce(owner)

    owner.say("/timeline ukraine")
    shown = [owner.press(button.action) for button in buttons(owner.last)]

    assert [text.partition("\n")[0] for text in shown] == [
        "Timeline · 🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED",
        "Calendar",
        "Exchanges and corridors",
        "Ceasefires",
        "Which move never was? It leaves every ledger, for good.",
    ]


def test_the_owner_takes_a_move_out_and_puts_it_back(owner: Conversation) -> None:
    a_truce(owner)

    owner.say("/undo ukraine")
    gone = owner.press(buttons(owner.last)[0].action)
    without = owner.say("/track ukraine")
    a_truce(owner, "truce of three days, again")
    still_without = owner.say("/track ukraine")
    owner.press("redo:" + undone_id(owner))
    back = owner.say("/track ukraine")

    assert gone.startswith("Taken out: 11 May")
    assert "Nothing is in the ledger" in without
    assert "Nothing is in the ledger" in still_without
    assert "Ceasefire declared" in back


def undone_id(talk: Conversation) -> str:
    """Return the id of the one move that is undone."""
    (step,) = talk.archive.undone_steps()
    return step_id(step)


def test_nobody_but_the_owner_undoes(talk: Conversation) -> None:
    a_truce(talk)
    ledger = books.read_ledgers(talk.archive, catalog(), talk.now)["ukraine-russia"]

    for action in ("undo", "redo", "undoable"):
        assert "Only the owner" in talk.press(f"{action}:{ledger.moves[0].id}")
    talk.say(f"/undo {ledger.moves[0].id}")

    assert talk.archive.undone_steps() == frozenset()


@pytest.mark.parametrize("text", ["/undo", "/undo nothing", "/undo 00000000", "/undo '; drop table stories"])
def test_nonsense_undoes_nothing_and_is_answered(owner: Conversation, text: str) -> None:
    a_truce(owner)

    assert owner.say(text)
    assert owner.archive.undone_steps() == frozenset()


# ------------------------------------------------------------------------------------------ archive, command line
def test_what_was_undone_is_remembered_when_the_archive_is_opened_again(tmp_path: Path) -> None:
    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        a_truce(archive)
        (move,) = books.read_ledgers(archive, catalog(), make.NOON)["ukraine-russia"].moves
        books.undo(archive, catalog(), move.id, make.NOON)

    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        assert books.read_ledgers(archive, catalog(), make.NOON) == {}
        books.redo(archive, catalog(), move.id, make.NOON)
        assert books.read_ledgers(archive, catalog(), make.NOON)["ukraine-russia"].moves == (move,)
        with pytest.raises(DecisionError, match="is taken out now"):
            books.redo(archive, catalog(), move.id, make.NOON)


@pytest.mark.slow
def test_the_command_line_shows_the_ledger_undoes_and_writes_a_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_DATA", str(tmp_path))
    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        a_truce(archive)

    def parley(*words: str) -> str:
        return CliRunner().invoke(app, [*words, "--days", "3650"]).output

    as_json = json.loads(parley("ledger", "ukraine", "--json"))
    shown, listed, ics = parley("ledger"), parley("calendar"), parley("calendar", "--ics")
    unknown = CliRunner().invoke(app, ["ledger", "atlantis"])

    assert as_json["conflict"] == "ukraine-russia"
    assert "2025-05-11 ceasefire.agreed" in shown
    assert "2025-05-14" in listed
    assert "BEGIN:VCALENDAR" in ics
    assert (unknown.exit_code, "no conflict goes by 'atlantis'" in unknown.output) == (1, True)
    assert "there is no move 'deadbeef'" in CliRunner().invoke(app, ["ledger", "--undo", "deadbeef"]).output


# ------------------------------------------------------------------------------------------ the calendar file
def test_the_calendar_file_holds_talks_and_last_days_and_is_the_same_for_the_same_news() -> None:
    talks = a_story(EventType.TALKS_SCHEDULED, facts=Facts(meets_on=date(2025, 5, 15), venue="kyiv"))
    offer = a_story(EventType.TALKS_PROPOSED, after=5, facts=Facts(meets_on=date(2025, 5, 20)), speaker="russia")
    found = ledgers([a_story(EventType.CEASEFIRE_AGREED, facts=THREE_DAYS), talks, offer], CATALOG)

    file = written(found.values(), CATALOG, make.NOON)

    events = {str(event["uid"]): event for event in Calendar.from_ical(file).walk("VEVENT")}
    assert [(uid, event.decoded("dtstart"), str(event.get("status", ""))) for uid, event in events.items()] == [
        ("talks-ukraine-russia-2025-05-15@parley", date(2025, 5, 15), "CONFIRMED"),
        ("talks-ukraine-russia-2025-05-20@parley", date(2025, 5, 20), "TENTATIVE"),
        ("expiry-ukraine-russia-2025-05-14@parley", date(2025, 5, 14), ""),
    ]
    assert str(events["talks-ukraine-russia-2025-05-15@parley"]["location"]) == "Kyiv"
    assert written(found.values(), CATALOG, make.NOON) == file


def test_a_hostile_headline_breaks_no_line_of_the_calendar_file_and_no_message() -> None:
    report = make.report("Talks\r\nATTACH:x</b> <a href='javascript:x'>", link="javascript:alert(1)")
    facts = Facts(meets_on=date(2025, 5, 15))
    story, reports = a_story(EventType.TALKS_SCHEDULED, facts=facts)
    told = (
        story,
        [make.report(report.entry.title, link="javascript:alert(1)", event={"type": story.type, "facts": facts})],
    )
    found = ledgers([told, (make.story(*reports), reports)], CATALOG)

    file = written(found.values(), CATALOG, make.NOON).decode()
    [shown] = pages.track(found["ukraine-russia"], Reader("en", "UTC", CATALOG, make.NOON))

    assert "ATTACH" not in file
    assert "javascript" not in file
    assert "<a href='javascript" not in shown.html


# ------------------------------------------------------------------------------------------ reminders
@pytest.fixture
def people() -> Iterator[PeopleStore]:
    with PeopleStore.open(":memory:") as people:
        people.grant(ME, Access.ALLOWED, make.NOON)
        people.save_subscription(Subscription(chat=ME, created_at=make.NOON))
        yield people


@pytest.fixture
def archive() -> Iterator[ArchiveStore]:
    with ArchiveStore.open(":memory:") as archive:
        a_truce(archive)
        yield archive


def remind(archive: ArchiveStore, people: PeopleStore, now: datetime) -> int:
    """Let every conflict have its turn; return how many reminders are owed."""
    reminding = Reminding(archive=archive, people=people, catalog=catalog(), now=lambda: now)
    return sum(reminding.remind() for _ in range(2 * len(catalog().conflicts)))


def test_the_last_day_of_a_ceasefire_is_told_once(archive: ArchiveStore, people: PeopleStore) -> None:
    owed = [remind(archive, people, LAST_DAY + timedelta(hours=hours)) for hours in (-24, 0, 1, 24)]

    assert owed == [0, 1, 0, 0]
    (delivery,) = people.claim(LAST_DAY)
    text = plain(delivery.message.html)
    assert text.startswith("⏱ LAST DAY OF A CEASEFIRE · 🇺🇦🇷🇺 Russia–Ukraine")
    assert "to 14 May (last day)" in text


def test_an_extension_is_a_new_last_day(archive: ArchiveStore, people: PeopleStore) -> None:
    remind(archive, people, LAST_DAY)
    longer = Facts(ends_on=date(2025, 5, 18))
    _store(archive, *two("truce extended", EventType.CEASEFIRE_EXTENDED, days=3, facts=longer))

    owed = [remind(archive, people, LAST_DAY + timedelta(days=days)) for days in (0, 3, 4)]

    assert owed == [0, 0, 1]


def test_who_follows_another_conflict_or_wants_digests_only_is_not_reminded(
    archive: ArchiveStore, people: PeopleStore
) -> None:
    for wishes in (
        {"conflicts": frozenset({"gaza"})},
        {"types": frozenset({EventType.EXCHANGE_PRISONERS})},
        {"loudness": Loudness.DIGEST},
    ):
        people.save_subscription(Subscription(chat=ME, created_at=make.NOON, **wishes))

        assert remind(archive, people, LAST_DAY) == 0


def test_a_truce_that_one_source_reports_reminds_nobody(people: PeopleStore) -> None:
    with ArchiveStore.open(":memory:") as archive:
        (report, _) = two("truce agreed", EventType.CEASEFIRE_AGREED, facts=THREE_DAYS)
        _store(archive, report)

        assert remind(archive, people, LAST_DAY) == 0


def test_a_reminder_that_a_restored_backup_may_have_sent_is_marked(archive: ArchiveStore, people: PeopleStore) -> None:
    people.remember(RESTORED_AT, (LAST_DAY - timedelta(hours=1)).isoformat())

    remind(archive, people, LAST_DAY)

    (delivery,) = people.claim(LAST_DAY)
    assert delivery.maybe


def test_chats_that_come_later_are_reminded_too(archive: ArchiveStore, people: PeopleStore) -> None:
    remind(archive, people, LAST_DAY)
    other = ChatId("telegram", "7002")
    people.grant(other, Access.ALLOWED, make.NOON)
    people.save_subscription(Subscription(chat=other, created_at=make.NOON))

    assert remind(archive, people, LAST_DAY) == 1


async def test_the_pipeline_reminds_conflict_by_conflict_and_the_reader_reads_it(tmp_path: Path) -> None:
    paper = io.StringIO()
    chats = {HERE.network: TerminalChat(Console(file=paper, width=200))}
    async with house(data=tmp_path, config=Config(), chats=chats, catalog=catalog(), now=lambda: LAST_DAY) as pipeline:
        with ArchiveStore.open(tmp_path / "archive.db") as archive:
            a_truce(archive)
        pipeline.people.grant(HERE, Access.OWNER, make.NOON)
        pipeline.people.save_subscription(Subscription(chat=HERE, created_at=make.NOON))

        owed = sum(pipeline.remind() for _ in (*catalog().conflicts, *catalog().conflicts))
        while await pipeline.deliver():
            pass

    assert owed == 1
    assert paper.getvalue().count("LAST DAY OF A CEASEFIRE") == 1
