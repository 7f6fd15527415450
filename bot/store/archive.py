"""Remember the news: archive.db."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from bot.errors import StoreError
from bot.model import (
    Entry,
    EntryKey,
    Event,
    EventType,
    Feed,
    FeedState,
    LoggedChange,
    Report,
    Story,
    StoryChange,
)
from bot.ports import Coverage
from bot.store import archive_rows
from bot.store.cells import cell, listed, maybe_instant
from bot.store.file import Kind, Row, StoreFile, upsert
from bot.store.query import match
from bot.store.schema_archive import migrations

KIND = Kind(name="archive", application_id=int.from_bytes(b"PrlA"), migrations=migrations)
LATE_POLLS = 3
"""A feed is heard well if a poll was good within so many of its intervals, and an hour at least."""
HEARD_WITHIN = timedelta(hours=1)

_KNOWN_AT_ONCE = 500
_REPORTS = """
SELECT story_reports.story_id, entries.*, events.* FROM story_reports
JOIN entries ON entries.id = story_reports.entry_id
LEFT JOIN events ON events.entry_id = entries.id
"""
_EARLIEST_FIRST = "ORDER BY coalesce(published, seen_at, ''), feed_url, guid"


class ArchiveStore:
    """The archive in one SQLite file. Two may be open on the same file: one writes, the other reads (WAL)."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open or make the archive at *path*; ":memory:" is one that nobody else sees."""
        return cls(StoreFile(path, KIND))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @cached_property
    def archive_id(self) -> str:
        """Return what tells this archive from any other."""
        return str(self._file.value("SELECT value FROM meta WHERE key = 'archive_id'"))

    def transaction(self) -> AbstractContextManager[object]:
        """Keep all writes inside the block, or none."""
        return self._file.transaction()

    # -- feeds
    def register(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Know exactly *feeds*; what we remember of them stays."""
        rows = [archive_rows.feed_row(feed, now) for feed in feeds]
        with self.transaction():
            self._file.write("UPDATE feeds SET enabled = 0 WHERE enabled")
            if rows:
                self._file.write_many(upsert("feeds", rows[0], "url", keep=["next_check_at"]), rows)

    def due_feeds(self, now: datetime) -> Sequence[FeedState]:
        """Return the states of the enabled feeds whose time has come, longest overdue first."""
        rows = self._file.rows(
            "SELECT * FROM feeds WHERE enabled AND next_check_at <= ? ORDER BY next_check_at, url", [cell(now)]
        )
        return [archive_rows.feed_state(row) for row in rows]

    def feed_state(self, url: str) -> FeedState | None:
        """Return what we remember of the feed *url*."""
        row = self._file.first("SELECT * FROM feeds WHERE url = ?", [url])
        return archive_rows.feed_state(row) if row else None

    def save_feed_state(self, state: FeedState) -> None:
        """Remember *state*."""
        row = archive_rows.feed_state_row(state)
        self._file.write(upsert("feeds", row, "url"), row)

    # -- entries, events, stories
    def known(self, feed_url: str, keys: Sequence[str]) -> frozenset[str]:
        """Return those identity *keys* that an entry of this feed has had before."""
        some, rest = keys[:_KNOWN_AT_ONCE], keys[_KNOWN_AT_ONCE:]
        rows = self._file.rows(
            f"SELECT key FROM identities WHERE feed_url = ? AND key IN ({', '.join('?' * len(some))})",
            [feed_url, *some],
        )
        found = frozenset(row["key"] for row in rows)
        return found | self.known(feed_url, rest) if rest else found

    def save_entry(self, entry: Entry, identity: Sequence[str]) -> None:
        """Store *entry*; a newer text replaces the former, the time when we first saw it stays."""
        row = archive_rows.entry_row(entry)
        with self.transaction():
            self._file.write(upsert("entries", row, "feed_url, guid", keep=["seen_at"]), row)
            self._file.write_many(
                "INSERT INTO identities (feed_url, key) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(entry.key.feed_url, key) for key in identity],
            )

    def save_event(self, event: Event) -> None:
        """Store *event*, in place of what its entry was thought to report before."""
        with self.transaction():
            row = archive_rows.event_row(event, self._entry_id(event.entry_key))
            self._file.write(upsert("events", row, "entry_id"), row)
            self._file.write("DELETE FROM events_conflicts WHERE entry_id = ?", [row["entry_id"]])
            self._file.write_many(
                "INSERT INTO events_conflicts (conflict, entry_id) VALUES (?, ?)",
                [(conflict, row["entry_id"]) for conflict in dict.fromkeys(event.conflicts)],
            )

    def save_story(self, story: Story) -> None:
        """Store *story*, in place of its former revision if it has one."""
        row = archive_rows.story_row(story)
        with self.transaction():
            self._file.write(upsert("stories", row, "id"), row)
            self._file.write("DELETE FROM stories_conflicts WHERE story_id = ?", [story.id])
            self._file.write_many(
                "INSERT INTO stories_conflicts (conflict, last_seen, story_id) VALUES (?, ?, ?)",
                [(conflict, row["last_seen"], story.id) for conflict in dict.fromkeys(story.conflicts)],
            )
            self._save_reports(story)

    def log_change(self, story: Story, change: StoryChange, entry_key: EntryKey, now: datetime) -> None:
        """Append to the change log."""
        self._file.write(
            "INSERT INTO story_changes (story_id, revision, change, entry_id, created_at) VALUES (?, ?, ?, ?, ?)",
            [story.id, story.revision, change, self._entry_id(entry_key), cell(now)],
        )

    # -- asking
    def open_reports(self, since: datetime) -> Sequence[tuple[str, Report]]:
        """Return (story id, report) of every story with a report since *since*, by published, then key."""
        rows = self._file.rows(
            f"{_REPORTS} WHERE story_id IN (SELECT id FROM stories WHERE last_seen >= ?) {_EARLIEST_FIRST}",
            [cell(since)],
        )
        return [(row["story_id"], archive_rows.report(row)) for row in rows]

    def story(self, story_id: str) -> Story | None:
        """Return the story, or None if there is none of this id."""
        row = self._file.first("SELECT * FROM stories WHERE id = ?", [story_id])
        return self._story(row) if row else None

    def reports(self, story_id: str) -> Sequence[Report]:
        """Return the story's reports, earliest first."""
        rows = self._file.rows(f"{_REPORTS} WHERE story_id = ? {_EARLIEST_FIRST}", [story_id])
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

    def search(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story, Report]]:
        """Return reports with all of *words*, newest first; a word of three letters or more may go on."""
        if not (wanted := match(words)):
            return []
        rows = self._file.rows(
            f"{_REPORTS} JOIN entries_fts ON entries_fts.rowid = entries.id "
            "WHERE entries_fts MATCH ? ORDER BY entries_fts.rowid DESC LIMIT ?",
            [wanted, limit],
        )
        stories = {row["story_id"]: self.story(row["story_id"]) for row in rows}
        return [(story, archive_rows.report(row)) for row in rows if (story := stories[row["story_id"]])]

    def changes_after(self, change_id: int, *, limit: int = 100) -> Sequence[LoggedChange]:
        """Return the change log from behind *change_id* on, oldest first."""
        rows = self._file.rows(
            "SELECT story_changes.*, feed_url, guid FROM story_changes JOIN entries ON entries.id = entry_id "
            "WHERE story_changes.id > ? ORDER BY story_changes.id LIMIT ?",
            [change_id, limit],
        )
        return [archive_rows.logged_change(row) for row in rows]

    def last_change_id(self) -> int:
        """Return the id of the newest line of the change log, 0 if it is empty."""
        return int(self._file.value("SELECT coalesce(max(id), 0) FROM story_changes"))

    def coverage(self, now: datetime) -> Coverage:
        """Return how well the enabled feeds were heard."""
        feeds = self._file.rows("SELECT * FROM feeds WHERE enabled ORDER BY failures DESC, url")
        heard = [ok_at for row in feeds if (ok_at := maybe_instant(row["ok_at"]))]
        return Coverage(
            feeds=len(feeds),
            healthy=sum(_heard_well(row, now) for row in feeds),
            last_ok_at=max(heard, default=None),
            entries=self._file.value("SELECT count(*) FROM entries"),
            stories=self._file.value("SELECT count(*) FROM stories"),
            failing=tuple(archive_rows.feed_state(row) for row in feeds if row["failures"]),
        )

    # -- below the port
    def _entry_id(self, key: EntryKey) -> int:
        found = self._file.value("SELECT id FROM entries WHERE feed_url = ? AND guid = ?", key)
        if found is None:
            raise StoreError(f"no such entry is stored: {key.id} of {key.feed_url}")
        return int(found)

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
            [(story.id, position, self._entry_id(key)) for position, key in added],
        )

    def _story(self, row: Row) -> Story:
        return archive_rows.story(row, self._entry_keys(row["id"]))

    def _newest(self, asked: Mapping[str, object]) -> Sequence[Row]:
        return self._file.rows(
            "SELECT * FROM stories WHERE last_seen >= :since "
            "AND (:types = '[]' OR type IN (SELECT value FROM json_each(:types))) "
            "ORDER BY last_seen DESC, id DESC LIMIT :limit",
            asked,
        )

    def _newest_of(self, conflict: str, asked: Mapping[str, object]) -> Sequence[Row]:
        return self._file.rows(
            "SELECT stories.* FROM stories_conflicts AS found JOIN stories ON stories.id = found.story_id "
            "WHERE found.conflict = :conflict AND found.last_seen >= :since "
            "AND (:types = '[]' OR type IN (SELECT value FROM json_each(:types))) "
            "ORDER BY found.last_seen DESC, found.story_id DESC LIMIT :limit",
            {**asked, "conflict": conflict},
        )


def _newness(row: Row) -> tuple[str, str]:
    return row["last_seen"], row["id"]


def _heard_well(row: Row, now: datetime) -> bool:
    ok_at = maybe_instant(row["ok_at"])
    within = max(LATE_POLLS * timedelta(seconds=row["every_seconds"]), HEARD_WITHIN)
    return ok_at is not None and ok_at + within >= now
