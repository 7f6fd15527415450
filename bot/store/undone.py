"""The part of archive.db that remembers which steps the owner took out of the ledgers."""

from collections.abc import Collection
from datetime import datetime

from bot.store.cells import cell
from bot.store.file import StoreFile


class Undone:
    """The undone steps in the archive's file: parts of stories, as `bot.ledger.move` names them."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def all(self) -> frozenset[str]:
        """Return every undone step."""
        return frozenset(row["step"] for row in self._file.rows("SELECT step FROM undone_steps"))

    def add(self, steps: Collection[str], now: datetime) -> None:
        """Remember *steps* as undone."""
        self._file.write_many(
            "INSERT INTO undone_steps (step, undone_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(step, cell(now)) for step in steps],
        )

    def remove(self, steps: Collection[str]) -> None:
        """Let *steps* count again."""
        self._file.write_many("DELETE FROM undone_steps WHERE step = ?", [(step,) for step in steps])
