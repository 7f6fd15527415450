"""What remembers the news."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How well the feeds were heard: enabled feeds, those with a good poll of late, and when the last one was.

    *failing* are the states of those whose last poll failed. *silent* are the languages in which no feed was heard of
    late, and when one last was.
    """

    feeds: int
    healthy: int
    last_ok_at: datetime | None
    entries: int
    stories: int
    failing: Sequence[FailingFeed] = ()
    silent: Mapping[str, datetime | None] = field(default_factory=dict)


class Archive(Protocol):
    """Remembers the news (archive.db). It may be published: no chat is ever named in it."""

    @property
    def archive_id(self) -> str:
        """Return what tells this archive from any other; made anew at creation and at restore."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """Keep all writes inside the block, or none. Never await inside."""
        ...

    # -- feeds
    def register(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Know exactly *feeds*: new ones are due now, those not named stay remembered but are never due."""
        ...

    def due_feeds(self, now: datetime) -> Sequence[tuple[str, str]]:
        """Return the enabled feeds whose time has come, and the address of each; longest overdue first.

        None that is gone for good; but one that was asked later than *now* is due: our clock was wrong then.
        """
        ...

    def feed_state(self, url: str) -> FeedState | None:
        """Return what we remember of the feed *url*."""
        ...

    def save_feed_state(self, state: FeedState) -> None:
        """Remember *state*."""
        ...

    def save_unchanged(self, states: Sequence[FeedState]) -> None:
        """Remember *states* of feeds that brought nothing; a power cut may undo it: they are asked once more then."""
        ...

    def failing_feeds(self) -> Sequence[FailingFeed]:
        """Return the enabled feeds whose last poll failed or that are gone for good, the most often failed first."""
        ...

    def feed_choices(self) -> Sequence[FeedChoice]:
        """Return what the owner chose in chat, in the order in which feeds were first chosen."""
        ...

    def choose_feed(self, choice: FeedChoice, now: datetime) -> None:
        """Keep what the owner chooses *now*, in place of what was chosen of this feed before."""
        ...

    def unchoose_feed(self, url: str) -> int:
        """Forget what the owner chose of the feed *url*; return of how many feeds."""
        ...

    # -- entries, events, stories
    def known(self, feed_url: str, keys: Sequence[str]) -> frozenset[str]:
        """Return those identity *keys* that an entry of this feed has had before."""
        ...

    def save_entries(self, entries: Sequence[tuple[Entry, Sequence[str]]]) -> None:
        """Store *entries*, each known from now on by any of the keys beside it."""
        ...

    def save_headlines(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Keep each title that differs from the last kept of its entry, by guid, 50 an entry; return these entries."""
        ...

    def pass_over(self, entry: Entry) -> None:
        """Let the title that *entry* has now change nothing of what it reported before."""
        ...

    def headlines(self, key: EntryKey) -> Sequence[Headline]:
        """Return the titles that the entry has had, oldest first."""
        ...

    def save_event(self, event: Event) -> None:
        """Store *event*; its entry is stored already."""
        ...

    def forget_event(self, key: EntryKey) -> None:
        """Forget what the entry was thought to report."""
        ...

    def save_story(self, story: Story) -> None:
        """Store *story*, in place of its former revision if it has one."""
        ...

    def decide(self, decision: StoryDecision) -> None:
        """Remember what the owner decided of two stories; one merged into the other is closed."""
        ...

    def decisions(self) -> Sequence[StoryDecision]:
        """Return what the owner decided of stories, oldest first."""
        ...

    def last_decision(self) -> int:
        """Return a number that grows with every decision."""
        ...

    def log_change(self, story: Story, change: StoryChange, entry_key: EntryKey, now: datetime) -> None:
        """Append to the change log."""
        ...

    # -- what the rules learn from
    def save_near_miss(self, near_miss: NearMiss) -> None:
        """Store *near_miss*; its entry is stored already."""
        ...

    def forget_near_misses(self, before: datetime) -> int:
        """Forget the near misses noted *before* then; return how many."""
        ...

    def near_misses(self, *, since: datetime, limit: int = 100) -> Sequence[NearMiss]:
        """Return the near misses noted since then of which the owner has said nothing yet, newest first."""
        ...

    def label(self, example: Example, now: datetime) -> None:
        """Keep what the owner says *now* of an entry, in place of what was said before."""
        ...

    def unlabel(self, short_id: str) -> int:
        """Take back what the owner said of the entry with this short id; return of how many."""
        ...

    def examples(self) -> Sequence[Example]:
        """Return all that the owner said of entries, newest first."""
        ...

    # -- what the owner took out of the ledgers
    def undone_steps(self) -> frozenset[str]:
        """Return the steps of stories that are to be in no ledger."""
        ...

    def undo_steps(self, steps: Collection[str], now: datetime) -> None:
        """Take *steps* out of the ledgers, for good."""
        ...

    def redo_steps(self, steps: Collection[str]) -> None:
        """Put *steps* back into the ledgers."""
        ...

    # -- asking
    def entry(self, short_id: str) -> Entry | None:
        """Return the entry with this short id."""
        ...

    def find(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story | None, Report]]:
        """Return entries, news of ours or not, by their link or by all of *words*, newest first."""
        ...

    def open_reports(self, since: datetime) -> Sequence[tuple[str, Report]]:
        """Return (story id, report) of every story with a report since *since*, by published, then key."""
        ...

    def story(self, story_id: str) -> Story | None:
        """Return the story, or None if there is none of this id."""
        ...

    def stories_of(self, key: EntryKey) -> Sequence[str]:
        """Return the ids of the stories that the entry is in."""
        ...

    def reports(self, story_id: str) -> Sequence[Report]:
        """Return the story's reports, earliest first, each under the title that its editor gave it last."""
        ...

    def founders(self, type_: EventType, conflict: str, *, since: datetime, before: datetime) -> Sequence[Report]:
        """Return the reports that founded stories of *conflict* with news *since* then: of this type, seen *before*."""
        ...

    def stories(
        self,
        *,
        since: datetime | None = None,
        conflicts: frozenset[str] = frozenset(),
        types: frozenset[EventType] = frozenset(),
        limit: int = 10,
    ) -> Sequence[Story]:
        """Return stories by their last report, newest first; empty sets mean any."""
        ...

    def newest(self, conflicts: Collection[str]) -> Mapping[str, datetime]:
        """Return when something was last reported of each of *conflicts*, without those never reported of."""
        ...

    def search(self, words: str, *, limit: int = 10) -> Sequence[tuple[Story, Report]]:
        """Return reports with all of *words*, newest first. Any text is allowed; nonsense finds nothing."""
        ...

    def changes_after(self, change_id: int, *, limit: int = 100) -> Sequence[LoggedChange]:
        """Return the lines of the change log that follow *change_id*, oldest first."""
        ...

    def changes_of(self, story_id: str) -> Sequence[LoggedChange]:
        """Return what the change log holds of a story, oldest first."""
        ...

    def last_change_id(self) -> int:
        """Return the id of the newest line of the change log, 0 if it is empty."""
        ...

    def coverage(self, now: datetime) -> Coverage:
        """Return how well the feeds were heard."""
        ...
