"""Databases as an older version of Parley left them, for tests of what an upgrade makes of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bot.store import archive, people

_KINDS = {"people.db": people.KIND, "archive.db": archive.KIND}


@contextmanager
def older(path: Path, *, before: str) -> Iterator[Database]:
    """Give a new people.db or archive.db as it was *before* that migration; what is written in it stays."""
    kind, database = _KINDS[path.name], Database(path)
    database.conn.execute(f"PRAGMA application_id = {kind.application_id}")
    kind.migrations.apply(database, stop_before=before)
    yield database
    database.conn.commit()
    database.close()


def insert(database: Database, table: str, row: Mapping[str, object]) -> None:
    """Insert those cells of *row* for which the older table has a column."""
    known = row.keys() & database[table].columns_dict.keys()
    database.table(table).insert({column: row[column] for column in known})
