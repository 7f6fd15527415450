"""What the doctor finds in a data folder: damage, debts that nobody pays, silent feeds, a full disk."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import BackupConfig
from bot.errors import FetchError
from bot.model import Access, ChatId, Cursor, DeliveryKind, Undeliverable
from bot.ops import doctor
from bot.ops.backup import back_up
from bot.ops.doctor import Finding, diagnose
from bot.poll.schedule import after_failure, after_success
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from tests import make
from tests.make import HERE, NOON
from tests.process import parley, write_config

PLAN = BackupConfig()
LATER = NOON + timedelta(days=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which all is well."""
    feeds = [make.feed(url=f"https://{name}.example/rss") for name in ("one", "two")]
    with PeopleStore.open(tmp_path / "people.db") as people, ArchiveStore.open(tmp_path / "archive.db") as archive:
        people.grant(HERE, Access.OWNER, NOON)
        people.enqueue([make.delivery(str(number), next_attempt_at=NOON, created_at=NOON) for number in range(50)])
        people.move_cursor(Cursor(archive.archive_id, 0))
        archive.register(feeds, NOON)
        for number in range(200):
            archive.save_entries([(make.entry(f"Headline {number}"), [str(number)])])
        poll(archive, "https://one.example/rss")
        poll(archive, "https://two.example/rss")
    back_up(tmp_path, tmp_path / "backups", NOON)
    return tmp_path


def poll(archive: ArchiveStore, url: str, *, at: timedelta = timedelta(0), fails: str = "") -> None:
    state = archive.feed_state(url)
    assert state
    feed, now = make.feed(url=url), NOON + at
    after = after_failure(feed, state, now, FetchError(url, fails)) if fails else after_success(feed, state, now)
    archive.save_feed_state(after)


def found(data: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in diagnose(data, PLAN, NOON)}


def ill(data: Path) -> list[str]:
    return [name for name, finding in found(data).items() if not finding.well]


def test_a_sound_house_gets_a_clean_bill(data: Path) -> None:
    findings = found(data)

    assert ill(data) == []
    assert findings["outbox"].words.startswith("50 due = 0 sent + 50 waiting")
    assert findings["dead letters"].words == "none, but to chats that left"
    assert findings["backups"].words.startswith("1 in ")


@pytest.mark.parametrize("name", ["people.db", "archive.db"])
def test_flipped_bytes_are_found_and_the_remedy_is_a_backup(data: Path, name: str) -> None:
    content = bytearray((data / name).read_bytes())
    half = len(content) // 2
    content[half:] = bytes(byte ^ 0xFF for byte in content[half:])
    (data / name).write_bytes(content)

    finding = found(data)[name]

    assert ill(data) == [name]
    assert "damaged" in finding.words
    assert "parley restore" in finding.remedy


def test_a_file_that_is_no_database_is_damaged(data: Path) -> None:
    (data / "people.db").write_bytes(b"this is no database, " * 100)

    assert "damaged" in found(data)["people.db"].words


def test_a_file_that_cannot_be_opened_is_not_called_damaged(data: Path) -> None:
    (data / "archive.db-wal").unlink(missing_ok=True)
    (data / "archive.db-wal").mkdir()  # SQLite says what it says to a user without rights

    finding = found(data)["archive.db"]

    assert finding.words == "cannot be read: unable to open database file"
    assert not finding.well
    assert "restore" not in finding.remedy


def test_a_file_without_our_tables_is_found(data: Path) -> None:
    (data / "people.db").write_bytes(b"")

    assert ill(data) == ["tables"]


def test_an_empty_folder_has_no_databases(tmp_path: Path) -> None:
    assert ill(tmp_path / "nowhere") == ["people.db", "archive.db", "backups"]


def test_dead_letters_are_counted_by_reason_without_the_number_of_any_chat(data: Path) -> None:
    with PeopleStore.open(data / "people.db") as people:
        [claimed] = people.claim(NOON)
        people.settle(claimed.after(Undeliverable("BadRequest: chat -1001234567890 wants no text"), NOON), NOON)

    finding = found(data)["dead letters"]

    assert not finding.well
    assert finding.words == "1 × BadRequest: chat [hidden] wants no text"


def test_that_a_chat_has_left_is_nothing_wrong(data: Path) -> None:
    gone = ChatId("telegram", "77")
    with PeopleStore.open(data / "people.db") as people:
        people.grant(gone, Access.ALLOWED, NOON)
        people.enqueue([make.delivery("to nobody", chat=gone)])
        people.revoke(gone)

    assert "dead letters" not in ill(data)


def test_that_an_alert_can_be_edited_no_more_is_nothing_wrong(data: Path) -> None:
    with PeopleStore.open(data / "people.db") as people:
        people.enqueue([make.delivery("newer words", kind=DeliveryKind.EDIT, edits="1", chat=ChatId("telegram", "78"))])
        [edit] = [each for each in people.claim(NOON, limit=99) if each.kind is DeliveryKind.EDIT]
        people.grant(edit.chat, Access.ALLOWED, NOON)
        people.settle(edit.after(Undeliverable("the message is gone"), NOON), NOON)

    assert "dead letters" not in ill(data)


def test_a_chat_that_waits_without_a_turn_is_found(data: Path) -> None:
    with closing(sqlite3.connect(data / "people.db", isolation_level=None)) as people:
        people.execute("DELETE FROM turns")

    finding = found(data)["outbox"]

    assert not finding.well
    assert "1 chats wait without a turn" in finding.words


def test_an_update_that_was_set_aside_is_found(data: Path) -> None:
    with closing(sqlite3.connect(data / "people.db", isolation_level=None)) as people:
        people.execute("INSERT INTO inbox (network, update_id, raw, received_at, attempts) VALUES ('t', 1, '', '', 5)")

    assert found(data)["inbox"].words == "0 unanswered, 1 set aside"
    assert ill(data) == ["inbox"]


@pytest.mark.parametrize(
    ("cursor", "words"), [(Cursor("another", 0), "belongs to another archive"), (Cursor("", 9), "ahead of archive.db")]
)
def test_a_cursor_that_does_not_fit_is_found(data: Path, cursor: Cursor, words: str) -> None:
    with PeopleStore.open(data / "people.db") as people, ArchiveStore.open(data / "archive.db") as archive:
        people.move_cursor(cursor if cursor.archive_id else Cursor(archive.archive_id, cursor.change_id))

    assert words in found(data)["cursor"].words
    assert ill(data) == ["cursor"]


def test_a_feed_that_is_silent_while_others_speak_is_named_with_its_error(data: Path) -> None:
    with ArchiveStore.open(data / "archive.db") as archive:
        poll(archive, "https://one.example/rss", at=timedelta(hours=25))
        poll(archive, "https://two.example/rss", at=timedelta(hours=25), fails="the site refuses us (HTTP 403)")

    finding = found(data)["feeds"]

    assert not finding.well
    assert "https://two.example/rss (the site refuses us (HTTP 403))" in finding.words
    assert "https://one.example" not in finding.words


def test_a_bot_that_was_stopped_for_weeks_has_no_stale_feeds(data: Path) -> None:
    assert diagnose(data, PLAN, NOON + timedelta(days=30))[-3].well


def test_a_backup_that_is_too_old_and_none_at_all_are_found(data: Path) -> None:
    old = diagnose(data, PLAN, LATER + timedelta(hours=1))[-1]
    none = diagnose(data, replace(PLAN, folder=str(data / "nowhere")), NOON)[-1]
    off = diagnose(data, replace(PLAN, folder=str(data / "nowhere"), keep=0), NOON)[-1]

    assert not old.well
    assert not none.well
    assert off.well


def test_a_backup_of_a_time_to_come_is_none(data: Path) -> None:
    assert not diagnose(data, PLAN, NOON - timedelta(days=3000))[-1].well


def test_a_disk_without_room_for_a_backup_is_found(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_DISK", 2**62)

    assert ill(data) == ["disk"]
    assert "make room" in found(data)["disk"].remedy


@pytest.mark.slow
def test_the_command_says_what_to_do_and_exits_with_1(tmp_path: Path) -> None:
    write_config(tmp_path, "http://127.0.0.1:9/rss")
    parley(tmp_path, "poll", "--once")
    first = parley(tmp_path, "doctor")
    made = parley(tmp_path, "backup")
    second = parley(tmp_path, "doctor")

    assert first.returncode == 1
    assert b"FAIL backups: none in" in first.stderr
    assert b"-> `parley backup` makes one" in first.stderr
    assert made.returncode == 0
    assert second.returncode == 0, second.stderr
    assert second.stderr == b""
