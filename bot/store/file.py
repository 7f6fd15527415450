"""One SQLite file: opened safely, migrated with a backup first, its errors translated once."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database, Migrations

from bot.errors import ConfigError, Problem, StoreError

MEMORY = ":memory:"
PATIENCE = 5.0
"""Seconds that we wait for another connection's lock."""
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_LOCKED: "another connection keeps it locked",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; does its folder exist, and may Parley write there?",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup",
    sqlite3.SQLITE_NOTADB: "it is damaged or no database",
    sqlite3.SQLITE_IOERR: "the disk does not answer, or is full",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file of ours is for. *application_id* stands in its header and tells it from any other SQLite file.

    *cache_kb* is how much of it each connection may hold in memory.
    """

    name: str
    application_id: int
    migrations: Migrations
    private: bool = False
    cache_kb: int = 2_000


class StoreFile:
    """A database that is ours. Used from one thread at a time, whichever made it."""

    def __init__(self, path: str | Path, kind: Kind) -> None:
        self._path, self._kind = str(path), kind
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise ConfigError(f"this Python comes with SQLite {sqlite3.sqlite_version}; Parley needs 3.37 or newer")
        with self._translated():
            self._db = Database(self._connect())
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._translated():
            self._db.close()

    # -- asking and telling
    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Return what *sql* finds."""
        with self._translated():
            cursor = self._db.conn.cursor()
            cursor.row_factory = Row
            return cursor.execute(sql, values).fetchall()

    def first(self, sql: str, values: Values = ()) -> Row | None:
        """Return the first row that *sql* finds."""
        return next(iter(self.rows(sql, values)), None)

    def value(self, sql: str, values: Values = ()) -> Any:
        """Return the first cell that *sql* finds, or None."""
        row = self.first(sql, values)
        return None if row is None else row[0]

    def write(self, sql: str, values: Values = ()) -> int:
        """Run *sql*; return how many rows it changed."""
        with self._translated():
            return self._db.conn.execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[Values]) -> int:
        """Run *sql* once per row, in the open transaction or one of its own; return how many rows it changed."""
        with self.together(), self._translated():
            return self._db.conn.executemany(sql, rows).rowcount

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self._db.conn.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all writes inside the block, or none. A block within a block can fail alone."""
        if self.in_transaction:
            with self._db.atomic():
                yield
            return
        # atomic() begins as a reader, and a reader that turns writer fails at once, patience or not, if another
        # connection wrote in between.
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    def together(self) -> AbstractContextManager[object]:
        """Keep all writes inside the block, or none, as part of the open transaction if there is one.

        That is cheaper than a block of its own within a block, which is for what can fail alone.
        """
        return nullcontext() if self.in_transaction else self.transaction()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Wait for no disk inside the block, which is in no transaction: a power cut may undo what it wrote last.

        Nothing is torn by it, and the next write outside brings all of it to the disk.
        """
        self.write("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self.write("PRAGMA synchronous = FULL")

    # -- opening
    def _connect(self) -> sqlite3.Connection:
        if self._kind.private and self._path != MEMORY:
            _make_private(Path(self._path))
        return sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)

    def _prepare(self) -> None:
        self._refuse_strangers()
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute(f"PRAGMA cache_size = -{self._kind.cache_kb}")
        self._db.execute("PRAGMA temp_store = MEMORY")
        if self._kind.private:
            self._db.execute("PRAGMA secure_delete = ON")
        self._migrate()

    def _refuse_strangers(self) -> None:
        try:
            owner = self.value("PRAGMA application_id")
            empty = not self.value("SELECT count(*) FROM sqlite_master")
        except StoreError as error:
            if getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise self._refusal("it is no SQLite database", "move it away, or name another data folder") from error
            raise
        if owner != self._kind.application_id and not (empty and owner == 0):
            raise self._refusal(
                f"it is not Parley's {self._kind.name} database", "move it away, or name another data folder"
            )

    def _migrate(self) -> None:
        applied = [migration.name for migration in self._kind.migrations.applied(self._db)]
        pending = [migration.name for migration in self._kind.migrations.pending(self._db)]
        ours = {migration.name for migration in self._kind.migrations._migrations}
        if strange := [name for name in applied if name not in ours]:
            raise self._refusal(
                f"a newer Parley has used it ({strange[-1]})", "run that version, or restore an older backup"
            )
        if applied and pending:
            self._back_up(f"before-{pending[0]}")
        if pending:
            with self.transaction():
                self._db.execute(f"PRAGMA application_id = {self._kind.application_id}")
                self._kind.migrations.apply(self._db)

    def _back_up(self, name: str) -> None:
        if self._path == MEMORY:
            return
        target = Path(f"{self._path}.{name}")
        target.unlink(missing_ok=True)
        if self._kind.private:
            _make_private(target)
        with closing(sqlite3.connect(target)) as copy:
            self._db.conn.backup(copy)

    def _refusal(self, what: str, hint: str) -> ConfigError:
        return ConfigError(Problem(file=self._path, line=0, what=what, hint=hint))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            raise StoreError(f"{self._path}: {_REASONS.get(code, error)}") from error
        except UnicodeEncodeError as error:
            raise StoreError(f"{self._path}: half a character cannot be stored") from error


def upsert(table: str, row: Mapping[str, object], key: str, keep: Iterable[str] = ()) -> str:
    """Return the statement that adds *row* or replaces the one with its *key*, columns of *keep* aside."""
    return _upsert(table, tuple(row), key, tuple(keep))


@cache
def _upsert(table: str, columns: Sequence[str], key: str, keep: Sequence[str]) -> str:
    changed = [name for name in columns if name not in {*key.split(", "), *keep}]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"
    )


def _make_private(path: Path) -> None:
    """Let nobody but our own user read *path*; SQLite gives its companions the same mode."""
    if path.parent.is_dir():
        path.touch(mode=0o600)
