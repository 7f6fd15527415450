"""Remember the news: archive.db."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from bot.model import (
    Entry,
    EntryKey,
    Event,
    EventType,
    Example,
    FailingFeed,
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
from bot.store.decisions import Decisions
from bot.store.entries import Entries
from bot.store.feeds import Feeds
from bot.store.file import Kind, StoreFile
from bot.store.headlines import Headlines
from bot.store.hearing import coverage
from bot.store.missed import Missed
from bot.store.schema_archive import migrations
from bot.store.stories import Stories
from bot.store.undone import Undone

KIND = Kind(name="archive", application_id=int.from_bytes(b"PrlA"), migrations=migrations)


class ArchiveStore:
    """The archive in one SQLite file. Two may be open on the same file: one writes, the other reads (WAL)."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._feeds = Feeds(file)
        self._entries = Entries(file)
        self._stories = Stories(file, self._entries)
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

    def failing_feeds(self) -> Sequence[FailingFeed]:
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
        return self._entries.known(feed_url, keys)

    def save_entries(self, entries: Sequence[tuple[Entry, Sequence[str]]]) -> None:
        """Store *entries*; a newer text replaces the former, the time when we first saw it stays."""
        self._entries.save(entries)

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
        self._entries.save_event(event)

    def forget_event(self, key: EntryKey) -> None:
        """Forget what the entry was thought to report."""
        self._entries.forget_event(key)

    def save_story(self, story: Story) -> None:
        """Store *story*, in place of its former revision if it has one."""
        self._stories.save(story)

    def log_change(self, story: Story, change: StoryChange, entry_key: EntryKey, now: datetime) -> None:
        """Append to the change log."""
        self._stories.log(story, change, entry_key, now)

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
        self._missed.save(near_miss, self._entries.number(near_miss.entry.key))

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
        return self._entries.since(since)

    def open_reports(self, since: datetime) -> Sequence[tuple[str, Report]]:
        """Return (story id, report) of every open story with a report since *since*, by published, then key."""
        return self._stories.open_reports(since)

    def story(self, story_id: str) -> Story | None:
        """Return the story, or None if there is none of this id."""
        return self._stories.story(story_id)

    def stories_of(self, key: EntryKey) -> Sequence[str]:
        """Return the ids of the stories that the entry is in."""
        return self._stories.of_entry(key)

    def reports(self, story_id: str) -> Sequence[Report]:
        """Return the story's reports, earliest first."""
        return self._stories.reports(story_id)

    def founders(self, type_: EventType, conflict: str, *, since: datetime, before: datetime) -> Sequence[Report]:
        """Return the reports of this type that began stories of *conflict* told since then, if seen *before* that."""
        return self._stories.founders(type_, conflict, since=since, before=before)

    def stories(
        self,
        *,
        since: datetime | None = None,
        conflicts: frozenset[str] = frozenset(),
        types: frozenset[EventType] = frozenset(),
        limit: int = 10,
    ) -> Sequence[Story]:
        """Return stories by their last report, newest first; empty sets mean any."""
        return self._stories.stories(since=since, conflicts=conflicts, types=types, limit=limit)

    def newest(self, conflicts: Iterable[str]) -> Mapping[str, datetime]:
        """Return when something was last reported of each of *conflicts*, without those never reported of."""
        return self._stories.newest(conflicts)

    def search(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story, Report]]:
        """Return reports with all of *words*, newest first; a word of three letters or more may go on."""
        return self._stories.search(words, limit=limit)

    def changes_after(self, change_id: int, *, limit: int = 100) -> Sequence[LoggedChange]:
        """Return the change log from behind *change_id* on, oldest first."""
        return self._stories.changes_after(change_id, limit=limit)

    def changes_of(self, story_id: str) -> Sequence[LoggedChange]:
        """Return what the change log holds of a story, oldest first."""
        return self._stories.changes_of(story_id)

    def last_change_id(self) -> int:
        """Return the id of the newest line of the change log, 0 if it is empty."""
        return self._stories.last_change_id()

    def coverage(self, now: datetime) -> Coverage:
        """Return how well the enabled feeds were heard."""
        return coverage(self._file, now)
