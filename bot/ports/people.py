"""What remembers the people."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.model import (
    Access,
    Broadcast,
    ChatId,
    Cursor,
    Delivery,
    InboxItem,
    Subscription,
    Wishes,
)


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
        """Keep what a reader said of a story ("not relevant"), until `use_feedback` forgets who said it."""
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
        """Owe those of *deliveries* that are not owed or done already; return how many are new."""
        ...

    def broadcast(self, broadcast: Broadcast, *, most: int) -> Owed:
        """Owe *broadcast* to the next chats, at most so many; none is owed what it is owed or had already."""
        ...

    def owe_edit(self, story_id: str, change_id: int, now: datetime, *, gather: timedelta, pace: timedelta) -> None:
        """Owe an edit of the story's alerts, due after *gather*, and no sooner than *pace* after their last edit.

        A story that nobody was told of has no alerts, so nothing is owed.
        """
        ...

    def due_edits(self, now: datetime) -> Mapping[str, int]:
        """Return the stories whose alerts are to be edited now, each with its newest change."""
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
        """Remember how far routing has read; in the same transaction as the deliveries.

        From the end of another archive on, no alert knows any of its changes.
        """
        ...

    def note(self, key: str) -> str:
        """Return a small remembered value, "" if there is none."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Remember a small value; "" forgets it."""
        ...
