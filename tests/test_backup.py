"""Backups: made beside a running bot, checked to the last byte, and put in place without a repeat or a silent loss."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from bot.errors import BotError, ConfigError
from bot.model import Access, Cursor
from bot.ops.backup import BackupError, back_up, backups, find, forget_copies, forget_old, made_at, restore
from bot.ops.lock import locked
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from tests import make
from tests.fake_telegram import FakeTelegram
from tests.feed_server import Answer, FeedServer
from tests.make import HERE, NOON
from tests.process import parley, running, until, write_config

DAY = timedelta(days=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one reader, who is owed a message, and one feed."""
    folder = tmp_path / "data"
    folder.mkdir()
    with PeopleStore.open(folder / "people.db") as people, ArchiveStore.open(folder / "archive.db") as archive:
        people.grant(HERE, Access.OWNER, NOON)
        people.save_subscription(make.subscription())
        people.enqueue([make.delivery("owed", next_attempt_at=NOON, created_at=NOON)])
        people.move_cursor(Cursor(archive.archive_id, 0))
        archive.register([make.feed()], NOON)
    return folder


def whatever(_: Path) -> None:
    """Open anything."""


def modes(folder: Path) -> set[int]:
    return {file.stat().st_mode & 0o077 for file in (folder, *folder.rglob("*"))}


# ---------------------------------------------------------------------------------------------- making
def test_a_backup_holds_what_was_committed_while_others_go_on_writing(data: Path, tmp_path: Path) -> None:
    with PeopleStore.open(data / "people.db") as people, people.transaction():
        people.remember("a word", "not committed yet")

        backup = back_up(data, tmp_path / "backups", NOON)

    assert backup.folder.name == "parley-20250511T120000Z"
    assert backup.files["people.db"].rows == {"chats": 1, "subscriptions": 1, "inbox": 0, "outbox": 1}
    with PeopleStore.open(backup.folder / "people.db") as copy:
        assert copy.owner() == HERE
        assert copy.note("a word") == ""


def test_nobody_else_may_read_a_backup(data: Path, tmp_path: Path) -> None:
    backup = back_up(data, tmp_path / "backups", NOON)

    assert modes(tmp_path / "backups") == {0}
    assert {file.name for file in backup.folder.iterdir()} == {"people.db", "archive.db", "backup.json"}


def test_only_the_newest_are_kept_and_nothing_else_is_touched(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    for day in range(4):
        back_up(data, folder, NOON + day * DAY)
    (folder / "holiday-photos").mkdir()
    (backups(folder)[0] / "note.txt").write_text("keep me")

    forgotten = forget_old(folder, 2)

    assert len(forgotten) == 2
    assert [made_at(one) for one in backups(folder)] == [NOON + 2 * DAY, NOON + 3 * DAY]
    assert (folder / "holiday-photos").is_dir()
    assert (forgotten[0] / "note.txt").read_text() == "keep me"
    assert forget_old(folder, 0) == ()


def test_what_was_copied_in_passing_holds_nobody_for_longer_than_its_time(data: Path) -> None:
    people = [
        data / "people.db.before-m009",
        data / "replaced-20250401T120000Z" / "people.db",
        data / "restoring-20250402T120000Z" / "people.db",
    ]
    news = [data / "archive.db.before-m009", data / "replaced-20250401T120000Z" / "archive.db"]
    fresh = [data / "people.db.before-m010", data / "replaced-20250511T110000Z" / "people.db"]
    for copy in (*people, *news, *fresh):
        copy.parent.mkdir(exist_ok=True)
        copy.touch()
        made = (NOON - DAY * (1 if copy in fresh else 15)).timestamp()
        os.utime(copy, (made, made))

    forgotten = forget_copies(data, NOON - 14 * DAY)

    assert sorted(forgotten) == sorted([*people, news[0]])
    assert [copy for copy in (*people, *news, *fresh) if copy.exists()] == [news[1], *fresh]
    assert (data / "people.db").exists()


def test_a_copy_that_cannot_be_deleted_is_named(data: Path) -> None:
    (data / "people.db.before-m009").mkdir()

    with pytest.raises(BackupError, match=r"old copies in .* could not be deleted"):
        forget_copies(data, NOON + 10_000 * DAY)


def test_a_backup_that_was_not_finished_is_none(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    back_up(data, folder, NOON)
    (folder / "parley-20990101T000000Z.unfinished").mkdir()
    (folder / "parley-20990101T000000Z").mkdir()

    assert [made_at(one) for one in backups(folder)] == [NOON]
    assert find(folder).made_at == NOON


def test_what_a_killed_backup_or_restore_left_goes_with_the_next_one(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    killed = folder / "parley-20250501T000000Z.unfinished"
    under_way = folder / "parley-20250511T115900Z.unfinished"
    half_restored = data / "restoring-20250511T110000Z"
    for left, made in ((killed, NOON - 2 * DAY), (under_way, NOON), (half_restored, NOON)):
        left.mkdir(parents=True)
        (left / "people.db").touch()
        os.utime(left, (made.timestamp(), made.timestamp()))

    back_up(data, folder, NOON)
    restore(data, folder, NOON, opens=whatever)

    assert [left.exists() for left in (killed, under_way, half_restored)] == [False, True, False]


def test_a_damaged_database_makes_no_backup(data: Path, tmp_path: Path) -> None:
    damage(data / "archive.db")

    with pytest.raises(BackupError):
        back_up(data, tmp_path / "backups", NOON)

    assert list((tmp_path / "backups").iterdir()) == []


def test_a_folder_without_databases_says_so(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"nothing to back up: .* has no people\.db"):
        back_up(tmp_path, tmp_path / "backups", NOON)


def test_a_backup_folder_that_cannot_be_made_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BackupError, match="no backup was made in"):
        back_up(data, tmp_path / "file" / "backups", NOON)


def damage(file: Path) -> None:
    """Write noise over the second half of *file*, as a dying disk does."""
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    content[half:] = bytes(byte ^ 0xFF for byte in content[half:])
    file.write_bytes(content)


# ---------------------------------------------------------------------------------------------- restoring
def test_a_restore_puts_the_backup_in_place_and_keeps_what_was_there(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backups", NOON)
    with PeopleStore.open(data / "people.db") as people:
        people.remember("since", "the backup")

    done = restore(data, tmp_path / "backups", NOON + DAY, opens=whatever)

    with PeopleStore.open(data / "people.db") as people:
        assert people.note("since") == ""
        assert people.owner() == HERE
    assert done.aside == data / "replaced-20250512T120000Z"
    with PeopleStore.open(done.aside / "people.db") as replaced:
        assert replaced.note("since") == "the backup"
    assert {file.name for file in data.iterdir()} == {"people.db", "archive.db", "lock", done.aside.name}
    assert modes(data / "people.db") == {0}


def test_a_restored_archive_is_another_one_so_no_cursor_fits(data: Path, tmp_path: Path) -> None:
    with ArchiveStore.open(data / "archive.db") as archive:
        before = archive.archive_id
    back_up(data, tmp_path / "backups", NOON)

    restore(data, tmp_path / "backups", NOON, opens=whatever)

    with ArchiveStore.open(data / "archive.db") as archive, PeopleStore.open(data / "people.db") as people:
        assert archive.archive_id != before
        assert people.cursor() == Cursor(before, 0)


@pytest.mark.parametrize(("age", "waiting", "dead"), [(timedelta(hours=23), 1, 0), (timedelta(hours=25), 0, 1)])
def test_what_was_owed_is_marked_as_a_possible_repeat_or_too_old(
    data: Path, tmp_path: Path, age: timedelta, waiting: int, dead: int
) -> None:
    back_up(data, tmp_path / "backups", NOON)

    done = restore(data, tmp_path / "backups", NOON + age, opens=whatever)

    assert (done.marked, done.too_old) == (waiting, dead)
    with PeopleStore.open(data / "people.db") as people:
        counts = people.outbox_counts()
        assert (counts["ready"], counts["dead"]) == (waiting, dead)
        assert [delivery.maybe for delivery in people.claim(NOON + timedelta(hours=1))] == [True] * waiting


def test_a_running_bot_is_not_replaced_under_its_feet(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backups", NOON)

    with locked(data), pytest.raises(ConfigError, match="stop it first"):
        restore(data, tmp_path / "backups", NOON, opens=whatever)


@pytest.mark.parametrize("name", ["people.db", "archive.db"])
def test_one_flipped_bit_in_a_backup_is_found_and_nothing_is_replaced(data: Path, tmp_path: Path, name: str) -> None:
    backup = back_up(data, tmp_path / "backups", NOON)
    content = bytearray((backup.folder / name).read_bytes())
    content[-1] ^= 1
    (backup.folder / name).write_bytes(content)
    before = (data / name).read_bytes()

    with pytest.raises(BackupError, match=name):
        restore(data, tmp_path / "backups", NOON, opens=whatever)

    assert (data / name).read_bytes() == before


def test_a_backup_that_this_parley_cannot_open_replaces_nothing(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backups", NOON)
    before = (data / "people.db").read_bytes()

    def refuses(folder: Path) -> None:
        raise BotError(f"a newer Parley has used {folder / 'people.db'}")

    with pytest.raises(BotError, match="newer Parley"):
        restore(data, tmp_path / "backups", NOON, opens=refuses)

    assert (data / "people.db").read_bytes() == before
    assert not [file.name for file in data.iterdir() if file.is_dir()]


@pytest.mark.parametrize("manifest", ["", "[]", '{"files": {}}', '{"made_at": "today", "files": 1}'])
def test_a_manifest_that_says_nothing_is_no_backup(data: Path, tmp_path: Path, manifest: str) -> None:
    backup = back_up(data, tmp_path / "backups", NOON)
    (backup.folder / "backup.json").write_text(manifest)

    with pytest.raises(BackupError, match=r"backup\.json"):
        find(backup.folder)


def test_a_folder_without_a_backup_says_so(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no backup in"):
        find(tmp_path)


# ---------------------------------------------------------------------------------------------- the drill (R21)
READER = 501_888_777
OLD = "Russia and Ukraine accuse each other of violating three-day truce"
FIRST = "Russia and Ukraine agree 30-day ceasefire, Turkey says"
SECOND = "Sudan army and RSF agree humanitarian truce, mediators say"
THIRD = "India and Pakistan agree full ceasefire after US mediation"


def rss(*titles: str) -> Answer:
    times = {title: datetime.now(UTC) - timedelta(minutes=30 if title != THIRD else -1) for title in titles}
    items = "".join(
        f"<item><title>{escape(title)}</title><guid>{title}</guid><link>https://news.example.org/{n}</link>"
        f"<pubDate>{format_datetime(times[title])}</pubDate></item>"
        for n, title in enumerate(titles)
    )
    body = f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
    return Answer(body=body.encode(), etag=f'"{len(titles)}"')


def alerts(telegram: FakeTelegram, title: str) -> list[str]:
    room = telegram.rooms.get(READER)
    return [m["text"] for m in room.messages.values() if title in m["text"]] if room else []


@pytest.mark.slow
async def test_lost_files_are_restored_and_nobody_is_told_the_same_twice_unmarked(
    tmp_path: Path, feeds: FeedServer
) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)), more="[backup]\nkeep = 0")
    async with FakeTelegram() as telegram:
        async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
            telegram.say(READER, "/follow everything")
            await until(lambda: alerts(telegram, "everything"), "the subscription", bot)
            await until(lambda: feeds.paths().count("/rss") > 1, "the baseline", bot)
            feeds.serve("/rss", rss(OLD, FIRST))
            await until(lambda: alerts(telegram, FIRST), "the first alert", bot)
            made = parley(tmp_path, "backup", str(tmp_path / "elsewhere"), "--keep", "3")
            feeds.serve("/rss", rss(OLD, FIRST, SECOND))
            await until(lambda: alerts(telegram, SECOND), "the second alert", bot)
            refused = parley(tmp_path, "restore", str(tmp_path / "elsewhere"))
            bot.process.kill()
            await bot.process.wait()
        for file in (tmp_path / "data").glob("*.db*"):
            file.unlink()
        restored = parley(tmp_path, "restore", str(tmp_path / "elsewhere"))
        feeds.serve("/rss", rss(OLD, FIRST, SECOND, THIRD))
        async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
            await until(lambda: alerts(telegram, THIRD), "the third alert", bot)
            await until(lambda: len(alerts(telegram, SECOND)) > 1, "the second alert again", bot)
            code = await bot.stop()
        examined = parley(tmp_path, "doctor")

    assert made.returncode == 0, made.stderr
    assert refused.returncode == 2
    assert b"stop it first" in refused.stderr
    assert restored.returncode == 0, restored.stderr
    assert b"there was nothing there before" in restored.stdout
    assert code == 0
    assert len(alerts(telegram, FIRST)) == 1, "the backup knew it"
    assert ["possible repeat" in text for text in alerts(telegram, SECOND)] == [False, True]
    assert ["possible repeat" in text for text in alerts(telegram, THIRD)] == [False]
    assert len(alerts(telegram, "not the one that I read last")) == 1
    assert b"ok   outbox" in examined.stdout


def test_the_manifest_says_what_is_in_it(data: Path, tmp_path: Path) -> None:
    backup = back_up(data, tmp_path / "backups", NOON)

    told = json.loads((backup.folder / "backup.json").read_text())

    assert datetime.fromisoformat(told["made_at"]) == NOON
    with closing(sqlite3.connect(backup.folder / "archive.db")) as archive:
        [feeds] = archive.execute("SELECT count(*) FROM feeds").fetchone()
    assert told["files"]["archive.db"]["rows"]["feeds"] == feeds == 1
