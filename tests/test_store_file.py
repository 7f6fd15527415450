"""What a file of ours goes through: strangers, older and newer versions, trouble with the disk, sudden death."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from bot.errors import ConfigError, StoreError
from bot.model import Cursor, InboxItem
from bot.store import archive, people
from bot.store.archive import ArchiveStore
from bot.store.file import Kind, StoreFile
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON


def first_version() -> Migrations:
    migrations = Migrations("notes")

    @migrations()
    def m001_notes(db: Database) -> None:
        db.executescript("CREATE TABLE notes (word TEXT); INSERT INTO notes VALUES ('kept');")

    return migrations


def second_version(broken: bool = False) -> Migrations:
    migrations = first_version()

    @migrations()
    def m002_index(db: Database) -> None:
        db.execute("ALTER TABLE notes ADD COLUMN language TEXT")
        if broken:
            db.execute("CREATE INDEX broken ON nowhere (word)")

    return migrations


def kind(migrations: Migrations) -> Kind:
    return Kind(name="notes", application_id=7, migrations=migrations, private=True)


# ------------------------------------------------------------------------------------------ versions
def test_the_pragmas_that_promises_rest_on_are_set(tmp_path: Path) -> None:
    with StoreFile(tmp_path / "notes.db", kind(first_version())) as file:
        pragmas = {
            name: file.value(f"PRAGMA {name}")
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
    }


@pytest.mark.parametrize("kilobytes", [500, 16_000])
def test_a_connection_holds_as_much_of_a_file_as_its_kind_says(tmp_path: Path, kilobytes: int) -> None:
    with StoreFile(tmp_path / "notes.db", replace(kind(first_version()), cache_kb=kilobytes)) as file:
        assert file.value("PRAGMA cache_size") == -kilobytes


def test_only_what_is_written_in_a_hurry_waits_for_no_disk(tmp_path: Path) -> None:
    with StoreFile(tmp_path / "notes.db", kind(first_version())) as file:
        with file.hurried():
            within = file.value("PRAGMA synchronous")
        with pytest.raises(StoreError), file.hurried():
            file.write("INSERT INTO nowhere VALUES (1)")

        assert (within, file.value("PRAGMA synchronous")) == (1, 2)


def test_an_older_file_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    StoreFile(tmp_path / "notes.db", kind(first_version())).close()
    assert list(tmp_path.iterdir()) == [tmp_path / "notes.db"]

    with StoreFile(tmp_path / "notes.db", kind(second_version())) as file:
        assert [tuple(row) for row in file.rows("SELECT * FROM notes")] == [("kept", None)]

    with closing(sqlite3.connect(tmp_path / "notes.db.before-m002_index")) as copy:
        assert copy.execute("SELECT * FROM notes").fetchall() == [("kept",)]


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    StoreFile(tmp_path / "notes.db", kind(first_version())).close()

    with pytest.raises(StoreError, match="nowhere"):
        StoreFile(tmp_path / "notes.db", kind(second_version(broken=True)))

    with StoreFile(tmp_path / "notes.db", kind(first_version())) as file:
        assert [tuple(row) for row in file.rows("SELECT * FROM notes")] == [("kept",)]


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    StoreFile(tmp_path / "notes.db", kind(second_version())).close()

    with pytest.raises(ConfigError, match=r"notes\.db: a newer Parley has used it \(m002_index\) \(run that version"):
        StoreFile(tmp_path / "notes.db", kind(first_version()))


def test_an_sqlite_too_old_for_our_tables_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))

    with pytest.raises(ConfigError, match=r"needs 3\.37 or newer"):
        ArchiveStore.open(":memory:")


@pytest.mark.parametrize("content", [b"Dear diary, today", b"<rss></rss>" * 100, b"SQLite format 3\0" + b"\xff" * 500])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive.db").write_bytes(content)

    with pytest.raises(ConfigError, match=r"archive\.db: it is no SQLite database \(move it away"):
        ArchiveStore.open(tmp_path / "archive.db")

    assert (tmp_path / "archive.db").read_bytes() == content


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "archive.db")) as other:
        other.execute("CREATE TABLE recipes (title TEXT)")
    before = (tmp_path / "archive.db").read_bytes()

    with pytest.raises(ConfigError, match="it is not Parley's archive database"):
        ArchiveStore.open(tmp_path / "archive.db")

    assert (tmp_path / "archive.db").read_bytes() == before


def test_the_two_files_cannot_be_taken_for_each_other(tmp_path: Path) -> None:
    ArchiveStore.open(tmp_path / "archive.db").close()

    with pytest.raises(ConfigError, match="it is not Parley's people database"):
        PeopleStore.open(tmp_path / "archive.db")


def test_who_reads_what_is_for_our_own_user_alone(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as store:
        store.remember("a", "b")

        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert modes == {"people.db": 0o600, "people.db-wal": 0o600, "people.db-shm": 0o600}


@pytest.mark.parametrize("schema", [archive.KIND, people.KIND], ids=lambda schema: schema.name)
def test_every_table_of_ours_is_strict(schema: Kind) -> None:
    with StoreFile(":memory:", schema) as file:
        lax = file.rows("SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND schema = 'main'")

    assert {row["name"] for row in lax} <= {"_sqlite_migrations", "sqlite_schema", "sqlite_sequence"}


# ------------------------------------------------------------------------------------------ trouble
def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"people\.db: it cannot be opened; does its folder exist"):
        PeopleStore.open(tmp_path / "nowhere" / "people.db")


def route(store: PeopleStore, cursor: Cursor) -> None:
    with store.transaction():
        store.move_cursor(cursor)
        store.enqueue([make.delivery(str(n) * 500) for n in range(1_000)])


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as store:
        store.move_cursor(Cursor("archive", 1))
        pages = store._file.value("PRAGMA page_count")
        store._file.value(f"PRAGMA max_page_count = {pages + 5}")

        with pytest.raises(StoreError, match="the disk is full"):
            route(store, Cursor("archive", 2))

        assert store.cursor() == Cursor("archive", 1)
        assert sum(store.outbox_counts().values()) == 0
        store._file.value(f"PRAGMA max_page_count = {pages + 5_000}")
        route(store, Cursor("archive", 2))
        assert store.outbox_counts()["ready"] == 1_000


def test_a_lock_that_is_never_released_is_said(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as store, PeopleStore.open(tmp_path / "people.db") as other:
        store._file.value("PRAGMA busy_timeout = 10")
        with other.transaction(), pytest.raises(StoreError, match="another process keeps it locked"):
            store.remember("a", "b")

        store.remember("a", "c")
        assert other.note("a") == "c"


def read_all(path: Path) -> None:
    with PeopleStore.open(path) as store:
        store.outbox_counts()
        store.claim(NOON)


def test_damage_is_said(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as store:
        store.enqueue([make.delivery(f"{n} " + "x" * 500) for n in range(200)])
    content = (tmp_path / "people.db").read_bytes()
    (tmp_path / "people.db").write_bytes(content[: len(content) // 2])

    with pytest.raises(StoreError, match="it is damaged"):
        read_all(tmp_path / "people.db")


def test_half_a_character_is_refused_like_any_other_trouble() -> None:
    with PeopleStore.open(":memory:") as store:
        with pytest.raises(StoreError, match="half a character"):
            store.remember("a", "\ud83d")
        with pytest.raises(StoreError, match="half a character"):
            store.receive([InboxItem(network="telegram", update_id=1, raw="\ud83d")], NOON)


def test_trouble_of_a_block_s_own_stays_its_own() -> None:
    with PeopleStore.open(":memory:") as store, pytest.raises(UnicodeEncodeError), store.transaction():
        "\ud83d".encode()


# ------------------------------------------------------------------------------------------ sudden death
WORKER = """
import sys
from itertools import count
from bot.model import Cursor, Sent
from bot.store.people import PeopleStore
from tests import make

store = PeopleStore.open(sys.argv[1])
store.recover(make.NOON)
for change in count(store.cursor().change_id + 1 if store.cursor() else 1):
    with store.transaction():
        store.enqueue([make.delivery(f"{change}:{chat}") for chat in "abc"])
        store.move_cursor(Cursor("archive", change))
    print("routed", change, flush=True)
    for delivery in store.claim(make.NOON):
        print("sending", delivery.dedupe_key, delivery.maybe, flush=True)
        store.settle(delivery.after(Sent("1"), make.NOON), make.NOON)
        print("sent", delivery.dedupe_key, flush=True)
"""


def run_and_kill(path: Path, after: int) -> list[list[str]]:
    """Run the worker on *path*, kill it about when its line number *after* is out; return the lines it wrote."""
    with subprocess.Popen([sys.executable, "-c", WORKER, path], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout
        lines = [worker.stdout.readline() for _ in range(after)]
        worker.kill()
        lines += worker.stdout.readlines()
    return [line.split() for line in lines if line.endswith("\n")]


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_unmarked_when_the_process_is_killed(tmp_path: Path) -> None:
    sending: set[str] = set()
    sent: set[str] = set()
    dice = random.Random(7)
    for _ in range(10):
        said = run_and_kill(tmp_path / "people.db", after=dice.randint(1, 60))
        routed = max(int(words[1]) for words in said if words[0] == "routed")
        for words in said:
            if words[0] == "sending":
                assert words[1] not in sent
                assert words[1] not in sending or words[2] == "True"
                sending.add(words[1])
            elif words[0] == "sent":
                sent.add(words[1])

        with PeopleStore.open(tmp_path / "people.db") as store:
            cursor, counts = store.cursor(), store.outbox_counts()
            assert store._file.value("PRAGMA integrity_check") == "ok"
        assert cursor
        assert cursor.change_id >= routed
        assert sum(counts.values()) == 3 * cursor.change_id
        assert counts["sent"] >= len(sent)
        assert counts["sending"] <= 1
    assert len(sent) > 50
