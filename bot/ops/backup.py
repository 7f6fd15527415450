"""Copies of both databases: made while the bot runs, checked when they are made and again before they are used.

A backup is a folder, parley-<time>, with people.db, archive.db and backup.json, which says what the two must be. It
holds who reads what, so nobody but our own user may read it.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from bot import __version__
from bot.errors import BotError
from bot.ops.lock import locked
from bot.ports import RESTORED_AT

COUNTED = {
    "people.db": ("chats", "subscriptions", "inbox", "outbox"),
    "archive.db": ("feeds", "entries", "events", "stories"),
}
"""Both files, and the tables whose rows a backup counts."""
FILES = tuple(COUNTED)
"""In the order in which they are copied: the archive may be ahead of the cursor in people.db, never behind."""
MANIFEST = "backup.json"
HORIZON = timedelta(hours=24)
"""What was owed for longer than this when a backup is restored was sent, or given up, after the backup was made."""

_NAME = "parley-{:%Y%m%dT%H%M%SZ}"
_NAMED = re.compile(r"parley-\d{8}T\d{6}Z")
_UNFINISHED = "parley-*Z.unfinished"
_TIME = "%Y%m%dT%H%M%SZ"
_ASIDE = re.compile(r"(replaced|restoring)-\d{8}T\d{6}Z")


class BackupError(BotError):
    """A backup could not be made, or is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One file of a backup: its hash, and how many rows its tables have."""

    sha256: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that is complete."""

    folder: Path
    made_at: datetime
    files: Mapping[str, Copied]


# ------------------------------------------------------------------------------------------ making
def back_up(data: Path, folder: Path, now: datetime) -> Backup:
    """Copy both databases of *data* into a new folder in *folder* and check the copies; raise BackupError."""
    target = folder / _NAME.format(now.astimezone(UTC))
    unfinished = target.with_name(f"{target.name}.unfinished")
    with _plain_words(f"no backup was made in {folder}"):
        if missing := [name for name in FILES if not (data / name).exists()]:
            raise BackupError(f"there is nothing to back up: {data} has no {missing[0]}")
        if target.exists():
            raise BackupError(f"{target} is there already")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(unfinished, ignore_errors=True)
        _clear_away(folder, now - HORIZON)
        unfinished.mkdir(mode=0o700)
        try:
            backup = Backup(folder=target, made_at=now, files={name: _copy(data, unfinished, name) for name in FILES})
            _write_manifest(unfinished, backup)
            unfinished.rename(target)
            _flush(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return backup


def _clear_away(folder: Path, before: datetime) -> None:
    """Delete what backups left that were killed before then: it would hold for ever who read what."""
    for left in folder.glob(_UNFINISHED):
        if left.stat().st_mtime < before.timestamp():
            shutil.rmtree(left)


def _copy(data: Path, folder: Path, name: str) -> Copied:
    copy = folder / name
    copy.touch(mode=0o600)
    with closing(reading(data / name)) as source:
        source.execute("VACUUM INTO ?", [str(copy)])
    _flush(copy)
    return _examined(copy)


def _examined(file: Path) -> Copied:
    """Return what is in *file*; raise BackupError if it is damaged."""
    with closing(reading(file, "immutable=1")) as database:
        damage = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok":
            raise BackupError(f"{file.name} is damaged: {damage}")
        rows = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED[file.name]}
    with file.open("rb") as content:
        return Copied(sha256=hashlib.file_digest(content, "sha256").hexdigest(), rows=rows)


def _write_manifest(folder: Path, backup: Backup) -> None:
    files = {name: asdict(copied) for name, copied in backup.files.items()}
    text = json.dumps({"parley": __version__, "made_at": backup.made_at.isoformat(), "files": files}, indent=1)
    file = folder / MANIFEST
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
    _flush(file)
    _flush(folder)


# ------------------------------------------------------------------------------------------ keeping
def backups(folder: Path) -> Sequence[Path]:
    """Return the finished backups in *folder*, oldest first."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(one for one in found if _NAMED.fullmatch(one.name) and (one / MANIFEST).is_file())


def made_at(backup: Path) -> datetime:
    """Return when the backup in this folder was made, by its name."""
    return datetime.strptime(backup.name, "parley-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def forget_old(folder: Path, keep: int) -> Sequence[Path]:
    """Delete all backups in *folder* but the newest *keep* (0: none are deleted); return the deleted."""
    old = backups(folder)[:-keep] if keep else ()
    with _plain_words(f"old backups in {folder} could not be deleted"):
        for backup in old:
            _forget(backup)
    return old


def _forget(backup: Path) -> None:
    """Delete a backup; what somebody else put beside it stays."""
    for name in (MANIFEST, *FILES):
        (backup / name).unlink(missing_ok=True)
    with suppress(OSError):
        backup.rmdir()


def forget_copies(data: Path, before: datetime) -> Sequence[Path]:
    """Delete who read what, as it was kept in *data* before then by a new version or a restore; return the deleted.

    What /forgetme deleted would stay in it for ever. Of the news only the copies made by new versions go.
    """
    asides = [one for one in data.iterdir() if _ASIDE.fullmatch(one.name) and _set_aside_at(one) < before]
    with _plain_words(f"old copies in {data} could not be deleted"):
        old = [one for one in data.glob("*.db.before-*") if one.stat().st_mtime < before.timestamp()]
        old += [file for aside in asides for file in aside.glob("people.db*")]
        for copy in old:
            copy.unlink()
    return old


def _set_aside_at(aside: Path) -> datetime:
    return datetime.strptime(aside.name.partition("-")[2], _TIME).replace(tzinfo=UTC)


# ------------------------------------------------------------------------------------------ restoring
@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did: from which backup, where the replaced files are, and what became of what was owed."""

    backup: Backup
    aside: Path | None
    marked: int
    too_old: int


def find(folder: Path) -> Backup:
    """Return the backup that *folder* is, or the newest in it, checked to the last byte; raise BackupError."""
    here = folder if (folder / MANIFEST).is_file() else next(iter(reversed(backups(folder))), None)
    if here is None:
        raise BackupError(f"there is no backup in {folder}")
    with _plain_words(f"{here} is no backup that can be used"):
        try:
            told = json.loads((here / MANIFEST).read_text("utf-8"))
            files = {name: Copied(**told["files"][name]) for name in FILES}
            at = datetime.fromisoformat(told["made_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{here / MANIFEST} cannot be read: {error}") from error
        for name, copied in files.items():
            if not (here / name).is_file() or _examined(here / name) != copied:
                raise BackupError(f"{here / name} is not as it was when the backup was made; take another backup")
    return Backup(folder=here, made_at=at, files=files)


def restore(data: Path, folder: Path, now: datetime, *, opens: Callable[[Path], None]) -> Restored:
    """Put the backup in *folder* in place of the databases of *data*, which are kept aside; raise BackupError.

    *opens* raises BotError if this Parley cannot use the databases in a folder. Nothing is replaced unless all is well.
    Raise ConfigError if a Parley is running.
    """
    with locked(data), _plain_words("nothing was restored"):
        backup = find(folder)
        for left in data.glob("restoring-*Z"):  # by a restore that was killed
            shutil.rmtree(left)
        staging = data / f"restoring-{now.astimezone(UTC):{_TIME}}"
        staging.mkdir(mode=0o700)
        try:
            for name in FILES:
                shutil.copyfile(backup.folder / name, staging / name)
                (staging / name).chmod(0o600)
            opens(staging)
            _renew_archive(staging / "archive.db")
            marked, too_old = _doubt_what_was_owed(staging / "people.db", now)
            aside = _set_aside(data, data / f"replaced-{now.astimezone(UTC):{_TIME}}")
            _move_in(staging, data, aside)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Restored(backup=backup, aside=aside, marked=marked, too_old=too_old)


def _move_in(staging: Path, data: Path, aside: Path | None) -> None:
    try:
        # The archive first: its new id alone makes routing start at its end, whatever becomes of the other file.
        for name in reversed(FILES):
            (staging / name).replace(data / name)
        _flush(data)
    except OSError:
        for file in aside.iterdir() if aside else ():
            file.replace(data / file.name)
        raise


def _renew_archive(file: Path) -> None:
    """Make it another archive, so that no cursor of people.db fits and nothing old is told again."""
    with _changing(file) as archive:
        archive.execute("UPDATE meta SET value = ? WHERE key = 'archive_id'", [token_hex(8)])


def _doubt_what_was_owed(file: Path, now: datetime) -> tuple[int, int]:
    """Mark what was owed when the backup was made: it was probably sent since. Return how many, and how many expired.

    What the bot reads anew after this restore it has told once too: the note says so to `bot.stages.tell`.
    """
    owed = "status IN ('ready', 'retry', 'sending')"
    with _changing(file) as people:
        too_old = people.execute(
            "UPDATE outbox SET status = 'dead', maybe = 1, ended_at = ?, "
            "error = 'owed too long ago when a backup was restored' "
            f"WHERE {owed} AND created_at < ?",
            [_cell(now), _cell(now - HORIZON)],
        ).rowcount
        marked = people.execute(f"UPDATE outbox SET maybe = 1 WHERE {owed}").rowcount
        people.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", [RESTORED_AT, _cell(now)])
    return marked, too_old


def _set_aside(data: Path, aside: Path) -> Path | None:
    """Move the databases of *data*, with their logs, to *aside*; return it, or None if there were none."""
    found = [
        file for name in FILES for companion in ("", "-wal", "-shm") if (file := data / f"{name}{companion}").exists()
    ]
    if not found:
        return None
    aside.mkdir(mode=0o700)
    for file in found:
        file.replace(aside / file.name)
    return aside


def _cell(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


# ------------------------------------------------------------------------------------------ files
def reading(file: Path, how: str = "mode=ro") -> sqlite3.Connection:
    """Open a database that nothing is written to; *how* are further words of SQLite's URI."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=30)


def _flush(path: Path) -> None:
    """Have what was written to the file or folder on the disk, not on its way there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _changing(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _plain_words(failed: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{failed}: {error}") from error
