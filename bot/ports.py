"""The sockets of the core: what it asks of the world, and no more.

To add a chat network, a feed source or a database, write a class with these methods and plug it in in `bot.app`.
Any method of a store can raise StoreError.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.errors import BotError
from bot.model import (
    Access,
    Broadcast,
    ChatId,
    Cursor,
    Delivery,
    Entry,
    EntryKey,
    Event,
    EventType,
    Example,
    Feed,
    FeedChoice,
    FeedState,
    Headline,
    InboxItem,
    Incoming,
    LoggedChange,
    NearMiss,
    Report,
    SendResult,
    Story,
    StoryChange,
    StoryDecision,
    Subscription,
    Wishes,
)


# ------------------------------------------------------------------------------------------ the way in
@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The feed arrived. *max_age* is how long the server says that it stays as it is.

    *moved_to* is the address at which the server wants it to be asked for from now on, "" for the same as ever.
    """

    body: bytes
    url: str = ""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    max_age: timedelta | None = None
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The feed has not changed since the last poll."""

    max_age: timedelta | None = None
    moved_to: str = ""


class Fetcher(Protocol):
    """Gets the bytes of a feed."""

    async def fetch(self, feed: Feed, state: FeedState) -> Fetched | NotModified:
        """Raise FetchError if the feed does not arrive within its caps and deadline."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What was read of a feed that *offered* so many items; *hashes* tells them from others at the next poll.

    *title* and *language* are the feed's own, "" where it names none.
    """

    entries: Sequence[Entry]
    offered: int = 0
    hashes: str = ""
    title: str = ""
    language: str = ""


class Parser(Protocol):
    """Turns the bytes of a feed into entries, without ever holding up the event loop."""

    async def parse(self, fetched: Fetched, feed: Feed, now: datetime, seen: str = "") -> Parsed:
        """Return the entries, newest 200 at most, with *seen_at* = *now*; raise ParseError if it is no feed.

        Items that are *seen*, the hashes that came with the feed's last body, may be left out.
        """
        ...


# ------------------------------------------------------------------------------------------ news
@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How well the feeds were heard: enabled feeds, those with a good poll of late, and when the last one was.

    *silent* are the languages of which no feed was heard of late, and when one was last.
    """

    feeds: int
    healthy: int
    last_ok_at: datetime | None
    entries: int
    stories: int
    failing: tuple[FeedState, ...] = ()
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

    def due_feeds(self, now: datetime) -> Sequence[FeedState]:
        """Return the states of the enabled feeds whose time has come, longest overdue first.

        None that is gone for good; but one that was asked later than *now* is due: our clock was wrong then.
        """
        ...

    def feed_state(self, url: str) -> FeedState | None:
        """Return what we remember of the feed *url*."""
        ...

    def save_feed_state(self, state: FeedState) -> None:
        """Remember *state*."""
        ...

    def save_unchanged(self, state: FeedState) -> None:
        """Remember the *state* of a feed that brought nothing; a power cut may undo it: it is asked once more then."""
        ...

    def failing_feeds(self) -> Sequence[FeedState]:
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

    def save_entry(self, entry: Entry, identity: Sequence[str]) -> None:
        """Store *entry*, known from now on by any key of *identity*."""
        ...

    def save_headlines(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Keep the titles of *entries* that these, known by guid, have not had before; 50 an entry. Return those."""
        ...

    def headlines(self, key: EntryKey) -> Sequence[Headline]:
        """Return the titles that the entry has had, that with which it came first."""
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
        """Return the reports of this type that began stories of *conflict* told since then, if seen *before* that."""
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
        """Return the change log from behind *change_id* on, oldest first."""
        ...

    def last_change_id(self) -> int:
        """Return the id of the newest line of the change log, 0 if it is empty."""
        ...

    def coverage(self, now: datetime) -> Coverage:
        """Return how well the feeds were heard."""
        ...


# ------------------------------------------------------------------------------------------ people
class Queue(NamedTuple):
    """How many sends may be under way at once, and when a claim may find something next (None: nothing waits)."""

    lanes: int
    next_at: datetime | None


class Owed(NamedTuple):
    """How many deliveries are new, how many chats were looked at for them, and what is left to owe."""

    new: int
    chats: int
    left: Broadcast | None


RESTORED_AT = "restored_at"
"""The note that says when a backup took the place of people.db: what is read anew since may have been told before."""


class People(Protocol):
    """Remembers who reads what (people.db). In a war that is dangerous data: it is kept apart and never logged."""

    def transaction(self) -> AbstractContextManager[object]:
        """Keep all writes inside the block, or none. Never await inside."""
        ...

    # -- who
    def access(self, chat: ChatId) -> Access | None:
        """Return what *chat* may do; None for a chat that we do not know."""
        ...

    def owner(self) -> ChatId | None:
        """Return the owner's chat."""
        ...

    def grant(self, chat: ChatId, access: Access, now: datetime) -> None:
        """Let *chat* in. There is one owner: a new one makes the former an allowed chat."""
        ...

    def revoke(self, chat: ChatId) -> None:
        """Let *chat* in no more; its subscription goes too."""
        ...

    def pause(self, chat: ChatId, reason: str, now: datetime) -> None:
        """Send nothing more to *chat* (blocked or removed us); settings stay."""
        ...

    def resume(self, chat: ChatId) -> None:
        """Send to *chat* again."""
        ...

    def move(self, chat: ChatId, room: str) -> None:
        """Move all rows of *chat* to its new *room*."""
        ...

    def forget(self, chat: ChatId) -> None:
        """Delete everything that we know of *chat*, access aside if it is the owner."""
        ...

    # -- what they want
    def subscription(self, chat: ChatId) -> Subscription | None:
        """Return what *chat* wants to hear."""
        ...

    def subscriptions(self) -> Sequence[Subscription]:
        """Return every subscription of a chat that is not paused for good."""
        ...

    def wishes(self) -> Sequence[Wishes]:
        """Return what anybody wants to hear, each once."""
        ...

    def save_subscription(self, subscription: Subscription) -> None:
        """Add *subscription*, or replace the one its chat has."""
        ...

    def mute_story(self, chat: ChatId, story_id: str) -> None:
        """Tell *chat* nothing more of this story."""
        ...

    def last_told(self, chat: ChatId) -> str:
        """Return the story of the newest alert that *chat* was sent, "" if none is remembered."""
        ...

    def muted_stories(self) -> Mapping[ChatId, frozenset[str]]:
        """Return the muted stories of every chat that muted any."""
        ...

    def due_digests(self, now: datetime) -> Sequence[Subscription]:
        """Return the subscriptions whose digest is due."""
        ...

    def keep_feedback(self, chat: ChatId, story_id: str, label: str, now: datetime) -> None:
        """Keep what a reader said of a story ("not relevant"), without who said it once it is used."""
        ...

    def feedback(self, label: str, since: datetime) -> Mapping[str, int]:
        """Return how many readers said *label* of a story since then, the story most spoken of first."""
        ...

    def use_feedback(self, story_id: str) -> None:
        """Forget who said something of this story: the owner has decided."""
        ...

    # -- inbox
    def receive(self, items: Sequence[InboxItem], now: datetime) -> int:
        """Store updates before they are confirmed; return how many were new."""
        ...

    def unanswered(self, network: str, *, limit: int = 100) -> Sequence[InboxItem]:
        """Return stored updates whose effect is not applied yet, oldest first."""
        ...

    def done(self, item: InboxItem, now: datetime) -> None:
        """Mark *item* as applied; in the same transaction as its effect."""
        ...

    def failed(self, item: InboxItem, reason: str) -> None:
        """Count an attempt at *item* that raised; after 5 it is set aside."""
        ...

    # -- outbox
    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Owe *deliveries*, those aside that are owed or done already; return how many are new."""
        ...

    def broadcast(self, broadcast: Broadcast, *, most: int) -> Owed:
        """Owe *broadcast* to the next chats, at most so many, those aside that are owed it or had it already."""
        ...

    def owe_edit(self, story_id: str, changed_at: datetime, *, gather: timedelta, pace: timedelta) -> None:
        """Let the story's alerts be edited *gather* after it changed, *pace* after they last were at the earliest.

        Of a story that nobody was told of nothing is owed.
        """
        ...

    def due_edits(self, now: datetime) -> Mapping[str, datetime]:
        """Return the stories whose alerts are to be edited now, each with the time of its newest change."""
        ...

    def edited(self, story_id: str, now: datetime) -> None:
        """Note that all edits of the story are owed: its alerts say what is known *now*."""
        ...

    def claim(self, now: datetime, *, limit: int = 1) -> Sequence[Delivery]:
        """Take due deliveries and mark them as being sent, as the pace allows: the most urgent first.

        Replies, then what changes a story that was told, then first news, then digests.
        """
        ...

    def queue(self, now: datetime) -> Queue:
        """Return what the next claim can expect."""
        ...

    def settle(self, delivery: Delivery, now: datetime) -> None:
        """Record how *delivery* went, and when its chat may be written to again."""
        ...

    def recover(self, now: datetime) -> int:
        """At start: what was being sent when the process died is ready again and marked; return how many."""
        ...

    def doubt(self) -> int:
        """Mark all that waits as a possible repeat, for another copy of us may be sending it; return how many."""
        ...

    def outbox_counts(self) -> Mapping[str, int]:
        """Return how many deliveries stand in each status."""
        ...

    def dead_letters(self, since: datetime) -> Mapping[str, int]:
        """Return how many deliveries were given up since then, by reason, the most frequent first."""
        ...

    def sweep(self, now: datetime) -> int:
        """Give up what is too old to be sent, and forget what ended long ago: a slice of it; return how many rows."""
        ...

    # -- cursor and notes
    def cursor(self) -> Cursor | None:
        """Return how far routing has read."""
        ...

    def move_cursor(self, cursor: Cursor) -> None:
        """Remember how far routing has read; in the same transaction as the deliveries."""
        ...

    def note(self, key: str) -> str:
        """Return a small remembered value, "" if there is none."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Remember a small value; "" forgets it."""
        ...


class UnreachableError(BotError):
    """The network did not answer, or not as it should; ask again, no sooner than *after* if it is given."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class SecondCopyError(UnreachableError):
    """Another program receives in our name: a second copy of Parley, or a webhook that somebody set."""


class Inlet(Protocol):
    """Hands over what people do on one network."""

    @property
    def network(self) -> str:
        """Return the network's name, as in ChatId."""
        ...

    async def receive(self, offset: int | None, wait: timedelta) -> Sequence[InboxItem]:
        """Wait for updates, oldest first, and confirm those below *offset*: store each batch before the next call.

        Raise SecondCopyError or UnreachableError.
        """
        ...


class Chat(Protocol):
    """Says things in rooms of one network."""

    async def send(self, delivery: Delivery) -> SendResult:
        """Send it. Never raise for what the network or the room does; say it in the result."""
        ...

    def read(self, item: InboxItem) -> Incoming | None:
        """Return what a stored update says; None if it is nothing for us."""
        ...

    async def acknowledge(self, incoming: Incoming) -> None:
        """Stop the pressed button's spinner, if the network has one; best effort."""
        ...
