"""Remember the news: archive.db."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from bot.errors import StoreError
from bot.model import (
    Entry,
    EntryKey,
    Event,
    EventType,
    Example,
    Feed,
    FeedChoice,
    FeedState,
    Headline,
    LoggedChange,
    NearMiss,
    Report,
    Story,
    StoryChange,
    StoryDecision,
)
from bot.ports import Coverage
from bot.store import archive_rows
from bot.store.cells import cell, instant, listed
from bot.store.decisions import Decisions
from bot.store.feeds import Feeds
from bot.store.file import Kind, Row, StoreFile, upsert
from bot.store.headlines import REPORTED, Headlines
from bot.store.hearing import coverage
from bot.store.missed import Missed
from bot.store.query import match
from bot.store.schema_archive import migrations
from bot.store.undone import Undone

KIND = Kind(name="archive", application_id=int.from_bytes(b"PrlA"), migrations=migrations)
_KNOWN_AT_ONCE = 500
_PAGE = 5_000
_REPORTS = f"""
SELECT story_reports.story_id, {REPORTED} AS title, entries.*, events.* FROM story_reports
JOIN entries ON entries.id = story_reports.entry_id
LEFT JOIN events ON events.entry_id = entries.id
"""
_EARLIEST_FIRST = "ORDER BY coalesce(published, seen_at, ''), feed_url, guid"


class ArchiveStore:
    """The archive in one SQLite file. Two may be open on the same file: one writes, the other reads (WAL)."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._feeds = Feeds(file)
        self._missed = Missed(file)
        self._undone = Undone(file)
        self._decisions = Decisions(file)
        self._headlines = Headlines(file)

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
        self._feeds.register(feeds, now)

    def due_feeds(self, now: datetime) -> Sequence[tuple[str, str]]:
        """Return the enabled feeds whose time has come, and the address of each; longest overdue first."""
        return self._feeds.due(now)

    def feed_state(self, url: str) -> FeedState | None:
        """Return what we remember of the feed *url*."""
        return self._feeds.state(url)

    def save_feed_state(self, state: FeedState) -> None:
        """Remember *state*."""
        self._feeds.save(state)

    def save_unchanged(self, states: Sequence[FeedState]) -> None:
        """Remember *states* of feeds that brought nothing; a power cut may undo it: they are asked once more then."""
        self._feeds.save_unchanged(states)

    def failing_feeds(self) -> Sequence[FeedState]:
        """Return the enabled feeds whose last poll failed or that are gone for good, the most often failed first."""
        return self._feeds.failing()

    def feed_choices(self) -> Sequence[FeedChoice]:
        """Return what the owner chose in chat, in the order in which feeds were first chosen."""
        return self._feeds.choices()

    def choose_feed(self, choice: FeedChoice, now: datetime) -> None:
        """Keep what the owner chooses *now*, in place of what was chosen of this feed before."""
        self._feeds.choose(choice, now)

    def unchoose_feed(self, url: str) -> int:
        """Forget what the owner chose of the feed *url*; return of how many feeds."""
        return self._feeds.unchoose(url)

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

    def save_entries(self, entries: Sequence[tuple[Entry, Sequence[str]]]) -> None:
        """Store *entries*; a newer text replaces the former, the time when we first saw it stays."""
        if not entries:
            return
        rows = [archive_rows.entry_row(entry) for entry, _ in entries]
        with self._file.together():
            self._file.write_many(upsert("entries", rows[0], "feed_url, guid", keep=["seen_at"]), rows)
            self._file.write_many(
                "INSERT INTO identities (feed_url, key) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(entry.key.feed_url, key) for entry, identity in entries for key in identity],
            )

    def save_headlines(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Keep the titles of *entries*, known by guid, that differ from their last; 50 an entry. Return those."""
        return self._headlines.save(entries)

    def pass_over(self, entry: Entry) -> None:
        """Let the title that *entry* has now change nothing of what it reported before."""
        self._headlines.pass_over(entry)

    def headlines(self, key: EntryKey) -> Sequence[Headline]:
        """Return the titles that the entry has had, that with which it came first."""
        return self._headlines.of(key)

    def save_event(self, event: Event) -> None:
        """Store *event*, in place of what its entry was thought to report before."""
        with self._file.together():
            row = archive_rows.event_row(event, self._entry_id(event.entry_key))
            self._file.write(upsert("events", row, "entry_id"), row)
            self._file.write("DELETE FROM events_conflicts WHERE entry_id = ?", [row["entry_id"]])
            self._file.write_many(
                "INSERT INTO events_conflicts (conflict, entry_id) VALUES (?, ?)",
                [(conflict, row["entry_id"]) for conflict in dict.fromkeys(event.conflicts)],
            )

    def forget_event(self, key: EntryKey) -> None:
        """Forget what the entry was thought to report."""
        with self.transaction():
            self._file.write("DELETE FROM events WHERE entry_id = ?", [self._entry_id(key)])

    def save_story(self, story: Story) -> None:
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

    def log_change(self, story: Story, change: StoryChange, entry_key: EntryKey, now: datetime) -> None:
        """Append to the change log."""
        self._file.write(
            "INSERT INTO story_changes (story_id, revision, change, entry_id, created_at) VALUES (?, ?, ?, ?, ?)",
            [story.id, story.revision, change, self._entry_id(entry_key), cell(now)],
        )

    def decide(self, decision: StoryDecision) -> None:
        """Remember what the owner decided of two stories; one merged into the other is closed."""
        with self.transaction():
            self._decisions.keep(decision)

    def decisions(self) -> Sequence[StoryDecision]:
        """Return what the owner decided of stories, oldest first."""
        return self._decisions.all()

    def last_decision(self) -> int:
        """Return a number that grows with every decision."""
        return self._decisions.last()

    # -- what the rules learn from
    def save_near_miss(self, near_miss: NearMiss) -> None:
        """Store *near_miss*; its entry is stored already."""
        self._missed.save(near_miss, self._entry_id(near_miss.entry.key))

    def forget_near_misses(self, before: datetime) -> int:
        """Forget the near misses noted *before* then; return how many."""
        return self._missed.forget(before)

    def near_misses(self, *, since: datetime, limit: int = 100) -> Sequence[NearMiss]:
        """Return the near misses noted since then of which the owner has said nothing yet, newest first."""
        return self._missed.near_misses(since, limit)

    def label(self, example: Example, now: datetime) -> None:
        """Keep what the owner says *now* of an entry, in place of what was said before."""
        self._missed.label(example, now)

    def unlabel(self, short_id: str) -> int:
        """Take back what the owner said of the entry with this short id; return of how many."""
        return self._missed.unlabel(short_id)

    def examples(self) -> Sequence[Example]:
        """Return all that the owner said of entries, newest first."""
        return self._missed.examples()

    # -- what the owner took out of the ledgers
    def undone_steps(self) -> frozenset[str]:
        """Return the steps of stories that are to be in no ledger."""
        return self._undone.all()

    def undo_steps(self, steps: Collection[str], now: datetime) -> None:
        """Take *steps* out of the ledgers, for good."""
        self._undone.add(steps, now)

    def redo_steps(self, steps: Collection[str]) -> None:
        """Put *steps* back into the ledgers."""
        self._undone.remove(steps)

    # -- asking
    def entry(self, short_id: str) -> Entry | None:
        """Return the entry with this short id."""
        return self._missed.entry(short_id)

    def find(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story | None, Report]]:
        """Return entries, news of ours or not, by their link or by all of *words*, newest first."""
        rows = self._missed.find(words, limit)
        stories = {row["story_id"]: self.story(row["story_id"]) for row in rows if row["story_id"]}
        return [(stories.get(row["story_id"]), archive_rows.report(row)) for row in rows]

    def entries(self, *, since: datetime) -> Iterator[Entry]:
        """Yield every entry first seen since then, news of ours or not, in the order of their coming."""
        last = 0
        while rows := self._file.rows(
            "SELECT * FROM entries WHERE id > ? AND seen_at >= ? ORDER BY id LIMIT ?", [last, cell(since), _PAGE]
        ):
            yield from map(archive_rows.entry, rows)
            last = rows[-1]["id"]

    def open_reports(self, since: datetime) -> Sequence[tuple[str, Report]]:
        """Return (story id, report) of every open story with a report since *since*, by published, then key."""
        rows = self._file.rows(
            f"{_REPORTS} WHERE story_id IN (SELECT id FROM stories WHERE last_seen >= ? AND merged_into = '') "
            f"{_EARLIEST_FIRST}",
            [cell(since)],
        )
        return [(row["story_id"], archive_rows.report(row)) for row in rows]

    def story(self, story_id: str) -> Story | None:
        """Return the story, or None if there is none of this id."""
        row = self._file.first("SELECT * FROM stories WHERE id = ?", [story_id])
        return self._story(row) if row else None

    def stories_of(self, key: EntryKey) -> Sequence[str]:
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

    def coverage(self, now: datetime) -> Coverage:
        """Return how well the enabled feeds were heard."""
        return coverage(self._file, now)

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
