"""What the owner decided of stories: the part of archive.db that remembers it."""

from collections.abc import Sequence

from bot.model import StoryDecision
from bot.store.cells import cell, instant
from bot.store.file import StoreFile


class Decisions:
    """Decisions in the archive's file, oldest first."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def keep(self, decision: StoryDecision) -> None:
        """Remember *decision*: a story that is merged into another is closed, one that is split off is open (again)."""
        self._file.write(
            "INSERT INTO story_decisions (kind, story_id, other, decided_at) VALUES (?, ?, ?, ?)",
            [decision.kind, decision.story_id, decision.other, cell(decision.at)],
        )
        into = decision.story_id if decision.kind == "merge" else ""
        self._file.write("UPDATE stories SET merged_into = ? WHERE id = ?", [into, decision.other])

    def all(self) -> Sequence[StoryDecision]:
        """Return what was decided, oldest first."""
        return [
            StoryDecision(kind=row["kind"], story_id=row["story_id"], other=row["other"], at=instant(row["decided_at"]))
            for row in self._file.rows("SELECT * FROM story_decisions ORDER BY id")
        ]

    def last(self) -> int:
        """Return the number of the last decision, 0 if there is none."""
        row = self._file.first("SELECT coalesce(max(id), 0) AS last FROM story_decisions", [])
        return row["last"] if row else 0
