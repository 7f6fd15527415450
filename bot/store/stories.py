"""Stories, the reports that they are made of, and the log of how they changed: part of archive.db."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.model import EntryKey, EventType, LoggedChange, Report, Story, StoryChange
from bot.store import archive_rows
from bot.store.cells import cell, instant, listed
from bot.store.entries import Entries
from bot.store.file import Row, StoreFile, upsert
from bot.store.headlines import REPORTED
from bot.store.query import match

_REPORTS = f"""
SELECT story_reports.story_id, {REPORTED} AS title, entries.*, events.* FROM story_reports
JOIN entries ON entries.id = story_reports.entry_id
LEFT JOIN events ON events.entry_id = entries.id
"""
_EARLIEST_FIRST = "ORDER BY coalesce(published, seen_at, ''), feed_url, guid"


class Stories:
    """The tables `stories`, `story_reports` and `story_changes`; the reports are *entries*."""

    def __init__(self, file: StoreFile, entries: Entries) -> None:
        self._file = file
        self._entries = entries

    def save(self, story: Story) -> None:
        """Store *story*, in place of its former revision if it has one."""
        row = archive_rows.story_row(story)
        with self._file.together():
            self._file.write(upsert("stories", row, "id"), row)
            self._file.write("DELETE FROM stories_conflicts WHERE story_id = ?", [story.id])
            self._file.write_many(
                "INSERT INTO stories_conflicts (conflict, last_seen, story_id) VALUES (?, ?, ?)",
                [(conflict, row["last_seen"], story.id) for conflict in dict.fromkeys(story.conflicts)],
            )
            self._save_reports(story)

    def log(self, story: Story, change: StoryChange, entry_key: EntryKey, now: datetime) -> None:
        """Append to the change log."""
        self._file.write(
            "INSERT INTO story_changes (story_id, revision, change, entry_id, created_at) VALUES (?, ?, ?, ?, ?)",
            [story.id, story.revision, change, self._entries.number(entry_key), cell(now)],
        )

    # -- asking
    def story(self, story_id: str) -> Story | None:
        """Return the story, or None if there is none of this id."""
        row = self._file.first("SELECT * FROM stories WHERE id = ?", [story_id])
        return self._story(row) if row else None

    def of_entry(self, key: EntryKey) -> Sequence[str]:
        """Return the ids of the stories that the entry is in."""
        rows = self._file.rows(
            "SELECT story_id FROM story_reports JOIN entries ON entries.id = entry_id "
            "JOIN stories ON stories.id = story_id "
            "WHERE feed_url = ? AND guid = ? AND merged_into = '' ORDER BY story_id",
            key,
        )
        return [row["story_id"] for row in rows]

    def reports(self, story_id: str) -> Sequence[Report]:
        """Return the story's reports, earliest first."""
        rows = self._file.rows(f"{_REPORTS} WHERE story_id = ? {_EARLIEST_FIRST}", [story_id])
        return [archive_rows.report(row) for row in rows]

    def open_reports(self, since: datetime) -> Sequence[tuple[str, Report]]:
        """Return (story id, report) of every open story with a report since *since*, by published, then key."""
        rows = self._file.rows(
            f"{_REPORTS} WHERE story_id IN (SELECT id FROM stories WHERE last_seen >= ? AND merged_into = '') "
            f"{_EARLIEST_FIRST}",
            [cell(since)],
        )
        return [(row["story_id"], archive_rows.report(row)) for row in rows]

    def founders(self, type_: EventType, conflict: str, *, since: datetime, before: datetime) -> Sequence[Report]:
        """Return the reports of this type that began stories of *conflict* told since then, if seen *before* that."""
        rows = self._file.rows(
            "SELECT entries.*, events.* FROM stories_conflicts AS found "
            "JOIN story_reports ON story_reports.story_id = found.story_id AND position = 0 "
            "JOIN entries ON entries.id = story_reports.entry_id JOIN events ON events.entry_id = entries.id "
            f"WHERE conflict = ? AND found.last_seen >= ? AND events.type = ? AND seen_at < ? {_EARLIEST_FIRST}",
            [conflict, cell(since), type_, cell(before)],
        )
        return [archive_rows.report(row) for row in rows]

    def stories(
        self,
        *,
        since: datetime | None = None,
        conflicts: frozenset[str] = frozenset(),
        types: frozenset[EventType] = frozenset(),
        limit: int = 10,
    ) -> Sequence[Story]:
        """Return stories by their last report, newest first; empty sets mean any."""
        asked = {"since": cell(since) if since else "", "types": listed(types), "limit": limit}
        found = [self._newest_of(conflict, asked) for conflict in conflicts] if conflicts else [self._newest(asked)]
        newest = sorted({row["id"]: row for rows in found for row in rows}.values(), key=_newness, reverse=True)
        return [self._story(row) for row in newest[:limit]]

    def newest(self, conflicts: Iterable[str]) -> Mapping[str, datetime]:
        """Return when something was last reported of each of *conflicts*, without those never reported of."""
        rows = [
            self._file.first("SELECT max(last_seen) AS at FROM stories_conflicts WHERE conflict = ?", [each])
            for each in conflicts
        ]
        return {each: instant(row["at"]) for each, row in zip(conflicts, rows, strict=True) if row and row["at"]}

    def search(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story, Report]]:
        """Return reports with all of *words*, newest first; a word of three letters or more may go on."""
        if not (wanted := match(words)):
            return []
        rows = self._file.rows(
            f"{_REPORTS} JOIN entries_fts ON entries_fts.rowid = entries.id "
            "JOIN stories ON stories.id = story_reports.story_id AND merged_into = '' "
            "WHERE entries_fts MATCH ? ORDER BY entries_fts.rowid DESC LIMIT ?",
            [wanted, limit],
        )
        stories = {row["story_id"]: self.story(row["story_id"]) for row in rows}
        return [(story, archive_rows.report(row)) for row in rows if (story := stories[row["story_id"]])]

    # -- the change log
    def changes_after(self, change_id: int, *, limit: int = 100) -> Sequence[LoggedChange]:
        """Return the change log from behind *change_id* on, oldest first."""
        rows = self._file.rows(
            "SELECT story_changes.*, feed_url, guid FROM story_changes JOIN entries ON entries.id = entry_id "
            "WHERE story_changes.id > ? ORDER BY story_changes.id LIMIT ?",
            [change_id, limit],
        )
        return [archive_rows.logged_change(row) for row in rows]

    def changes_of(self, story_id: str) -> Sequence[LoggedChange]:
        """Return what the change log holds of a story, oldest first."""
        rows = self._file.rows(
            "SELECT story_changes.*, feed_url, guid FROM story_changes JOIN entries ON entries.id = entry_id "
            "WHERE story_id = ? ORDER BY story_changes.id",
            [story_id],
        )
        return [archive_rows.logged_change(row) for row in rows]

    def last_change_id(self) -> int:
        """Return the id of the newest line of the change log, 0 if it is empty."""
        return int(self._file.value("SELECT coalesce(max(id), 0) FROM story_changes"))

    # -- rows
    def _story(self, row: Row) -> Story:
        return archive_rows.story(row, self._entry_keys(row["id"]))

    def _entry_keys(self, story_id: str) -> tuple[EntryKey, ...]:
        rows = self._file.rows(
            "SELECT feed_url, guid FROM story_reports JOIN entries ON entries.id = entry_id "
            "WHERE story_id = ? ORDER BY position",
            [story_id],
        )
        return tuple(EntryKey(*row) for row in rows)

    def _save_reports(self, story: Story) -> None:
        stored = self._entry_keys(story.id)
        if stored != story.entry_keys[: len(stored)]:
            self._file.write("DELETE FROM story_reports WHERE story_id = ?", [story.id])
            stored = ()
        added = enumerate(story.entry_keys[len(stored) :], start=len(stored))
        self._file.write_many(
            "INSERT INTO story_reports (story_id, position, entry_id) VALUES (?, ?, ?)",
            [(story.id, position, self._entries.number(key)) for position, key in added],
        )

    def _newest(self, asked: Mapping[str, object]) -> Sequence[Row]:
        return self._file.rows(
            "SELECT * FROM stories WHERE last_seen >= :since AND merged_into = '' "
            "AND (:types = '[]' OR type IN (SELECT value FROM json_each(:types))) "
            "ORDER BY last_seen DESC, id DESC LIMIT :limit",
            asked,
        )

    def _newest_of(self, conflict: str, asked: Mapping[str, object]) -> Sequence[Row]:
        return self._file.rows(
            "SELECT stories.* FROM stories_conflicts AS found JOIN stories ON stories.id = found.story_id "
            "WHERE found.conflict = :conflict AND found.last_seen >= :since AND merged_into = '' "
            "AND (:types = '[]' OR type IN (SELECT value FROM json_each(:types))) "
            "ORDER BY found.last_seen DESC, found.story_id DESC LIMIT :limit",
            {**asked, "conflict": conflict},
        )


def _newness(row: Row) -> tuple[str, str]:
    return row["last_seen"], row["id"]
