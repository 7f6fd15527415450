"""Remember who reads what: people.db. In a war that is dangerous data, so it has a file of its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from bot.errors import StoreError
from bot.model import Access, Broadcast, ChatId, Cursor, Delivery, InboxItem, Subscription, Wishes
from bot.ports import Owed, Queue
from bot.store import people_rows
from bot.store.cells import cell
from bot.store.file import Kind, StoreFile, upsert
from bot.store.outbox import Outbox
from bot.store.pace import Pace
from bot.store.schema_people import migrations
from bot.store.turns import Turns

# With SQLite's own 2 MB planning 100,000 deliveries within a block takes four times as long.
KIND = Kind(name="people", application_id=int.from_bytes(b"PrlP"), migrations=migrations, private=True, cache_kb=16_000)
MOST_ATTEMPTS = 5
"""An update that could not be applied so often is set aside."""
DIGEST_TO_DIGEST = timedelta(hours=26)
"""No digest is due later than this after another: a day, and the hour that a clock change may add."""
INBOX_MEMORY = timedelta(hours=48)
"""Telegram offers an update for 24 hours; after a silent week its ids may start anew and must not meet old ones."""

_SUBSCRIPTIONS = "SELECT subscriptions.*, network, room FROM subscriptions JOIN chats ON chats.id = chat_id"


class PeopleStore:
    """The chats, subscriptions, inbox and outbox in one SQLite file."""

    def __init__(self, file: StoreFile, pace: Pace) -> None:
        self._file = file
        self._turns = Turns(file, pace)
        self._outbox = Outbox(file, self._turns)

    @classmethod
    def open(cls, path: str | Path, pace: Pace | None = None) -> Self:
        """Open or make the file at *path*; ":memory:" is one that nobody else sees."""
        return cls(StoreFile(path, KIND), pace or Pace())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def transaction(self) -> AbstractContextManager[object]:
        """Keep all writes inside the block, or none."""
        return self._file.transaction()

    # -- who
    def access(self, chat: ChatId) -> Access | None:
        """Return what *chat* may do; None for a chat that we do not know."""
        found = self._file.value("SELECT access FROM chats WHERE network = ? AND room = ?", chat)
        return Access(found) if found else None

    def owner(self) -> ChatId | None:
        """Return the owner's chat."""
        row = self._file.first("SELECT network, room FROM chats WHERE access = 'owner'")
        return ChatId(*row) if row else None

    def grant(self, chat: ChatId, access: Access, now: datetime) -> None:
        """Let *chat* in; a new owner makes the former one an allowed chat."""
        with self.transaction():
            if access is Access.OWNER:
                self._file.write("UPDATE chats SET access = 'allowed' WHERE access = 'owner'")
            self._file.write(
                "UPDATE chats SET access = ?, granted_at = ? WHERE id = ?", [access, cell(now), self._chat_id(chat)]
            )

    def revoke(self, chat: ChatId) -> None:
        """Let *chat* in no more; of what is owed to it only replies still leave."""
        with self.transaction():
            if chat_id := self._find(chat):
                self._file.write("UPDATE chats SET access = NULL WHERE id = ?", [chat_id])
                self._file.write("DELETE FROM subscriptions WHERE chat_id = ?", [chat_id])
                self._outbox.give_up(chat_id, "access was taken back")

    def pause(self, chat: ChatId, reason: str, now: datetime) -> None:
        """Send nothing more to *chat*; settings and what is owed stay."""
        with self.transaction():
            self._file.write(
                "UPDATE chats SET paused_at = ?, paused_reason = ? WHERE id = ?",
                [cell(now), reason, self._chat_id(chat)],
            )

    def resume(self, chat: ChatId) -> None:
        """Send to *chat* again."""
        with self.transaction():
            if chat_id := self._find(chat):
                self._resume(chat_id)

    def move(self, chat: ChatId, room: str) -> None:
        """Move all rows of *chat* to its new *room*, where it can be written to again."""
        with self.transaction():
            here, there = self._find(chat), self._find(chat._replace(room=room))
            if here is None or here == there:
                return
            self._outbox.lose_messages(here)
            if there is not None:
                self._absorb(there, here)
            self._file.write("UPDATE chats SET room = ?, former_room = ? WHERE id = ?", [room, chat.room, here])
            self._resume(here)

    def forget(self, chat: ChatId) -> None:
        """Delete everything that we know of *chat*, access aside if it is the owner."""
        with self.transaction():
            chat_id = self._find(chat)
            if chat_id is None:
                return
            owner = self._file.first("SELECT granted_at FROM chats WHERE id = ? AND access = 'owner'", [chat_id])
            self._outbox.erase(chat_id)
            self._file.write("DELETE FROM chats WHERE id = ?", [chat_id])
            self._file.write(
                "UPDATE inbox SET raw = '' WHERE network = ? AND attempts >= ? AND instr(raw, ?)",
                [chat.network, MOST_ATTEMPTS, chat.room],
            )
            if owner:
                self._file.write(
                    "INSERT INTO chats (network, room, access, granted_at) VALUES (?, ?, 'owner', ?)", [*chat, *owner]
                )

    # -- what they want
    def subscription(self, chat: ChatId) -> Subscription | None:
        """Return what *chat* wants to hear."""
        row = self._file.first(f"{_SUBSCRIPTIONS} WHERE network = ? AND room = ?", chat)
        return people_rows.subscription(row) if row else None

    def subscriptions(self) -> Sequence[Subscription]:
        """Return every subscription of a chat that is not paused for good."""
        rows = self._file.rows(f"{_SUBSCRIPTIONS} WHERE paused_at IS NULL ORDER BY chat_id")
        return [people_rows.subscription(row) for row in rows]

    def wishes(self) -> Sequence[Wishes]:
        """Return what anybody wants to hear, each once; a chat that is paused may count."""
        rows = self._file.rows("SELECT DISTINCT conflicts, types, loudness, language, time_zone FROM subscriptions")
        return [people_rows.wishes(row) for row in rows]

    def save_subscription(self, subscription: Subscription) -> None:
        """Add *subscription*, or replace the one its chat has."""
        with self.transaction():
            row = people_rows.subscription_row(subscription, self._chat_id(subscription.chat))
            self._file.write(upsert("subscriptions", row, "chat_id"), row)

    def mute_story(self, chat: ChatId, story_id: str) -> None:
        """Tell *chat* nothing more of this story."""
        with self.transaction():
            self._file.write(
                "INSERT INTO muted_stories (chat_id, story_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [self._chat_id(chat), story_id],
            )

    def last_told(self, chat: ChatId) -> str:
        """Return the story of the newest alert that *chat* was sent, "" if none is remembered."""
        return (
            self._file.value(
                "SELECT story_id FROM outbox JOIN chats ON chats.id = chat_id WHERE network = ? AND room = ? "
                "AND kind = 'alert' AND status = 'sent' AND story_id != '' "
                "ORDER BY sent_at DESC, outbox.id DESC LIMIT 1",
                chat,
            )
            or ""
        )

    def muted_stories(self) -> Mapping[ChatId, frozenset[str]]:
        """Return the muted stories of every chat that muted any."""
        muted: dict[ChatId, set[str]] = defaultdict(set)
        for network, room, story_id in self._file.rows(
            "SELECT network, room, story_id FROM muted_stories JOIN chats ON chats.id = chat_id"
        ):
            muted[ChatId(network, room)].add(story_id)
        return {chat: frozenset(stories) for chat, stories in muted.items()}

    def due_digests(self, now: datetime) -> Sequence[Subscription]:
        """Return the subscriptions whose digest is due, longest overdue first.

        One put off for more than a day was planned while the clock was far ahead: it is due now, as the first one.
        """
        rows = self._file.rows(
            f"{_SUBSCRIPTIONS} WHERE (next_digest_at <= ? OR next_digest_at > ?) AND paused_at IS NULL "
            "ORDER BY next_digest_at, chat_id",
            [cell(now), cell(now + DIGEST_TO_DIGEST)],
        )
        return [
            replace(found, next_digest_at=now, last_digest_at=None) if found.next_digest_at > now else found
            for found in map(people_rows.subscription, rows)
            if found.next_digest_at
        ]

    def keep_feedback(self, chat: ChatId, story_id: str, label: str, now: datetime) -> None:
        """Keep what a reader said of a story; saying it twice counts once."""
        with self.transaction():
            self._file.write(
                "INSERT INTO feedback (chat_id, story_id, label, created_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                [self._chat_id(chat), story_id, label, cell(now)],
            )

    def feedback(self, label: str, since: datetime) -> Mapping[str, int]:
        """Return how many readers said *label* of a story since then, the story most spoken of first."""
        rows = self._file.rows(
            "SELECT story_id, count(*) AS readers FROM feedback WHERE label = ? AND created_at >= ? "
            "GROUP BY story_id ORDER BY readers DESC, max(id) DESC",
            [label, cell(since)],
        )
        return {row["story_id"]: row["readers"] for row in rows}

    def use_feedback(self, story_id: str) -> None:
        """Forget who said something of this story: the owner has decided."""
        self._file.write("UPDATE feedback SET chat_id = NULL WHERE story_id = ?", [story_id])

    # -- inbox
    def receive(self, items: Sequence[InboxItem], now: datetime) -> int:
        """Store updates before they are confirmed; return how many were new."""
        with self.transaction():
            self._file.write("DELETE FROM inbox WHERE done_at < ?", [cell(now - INBOX_MEMORY)])
            self._file.write(
                "DELETE FROM inbox WHERE done_at IS NULL AND attempts >= ? AND received_at < ?",
                [MOST_ATTEMPTS, cell(now - INBOX_MEMORY)],
            )
            return self._file.write_many(
                "INSERT INTO inbox (network, update_id, raw, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(item.network, item.update_id, item.raw, cell(now)) for item in items],
            )

    def unanswered(self, network: str, *, limit: int = 100) -> Sequence[InboxItem]:
        """Return stored updates whose effect is not applied yet, oldest first."""
        rows = self._file.rows(
            "SELECT * FROM inbox WHERE network = ? AND done_at IS NULL AND attempts < ? ORDER BY id LIMIT ?",
            [network, MOST_ATTEMPTS, limit],
        )
        return [people_rows.inbox_item(row) for row in rows]

    def done(self, item: InboxItem, now: datetime) -> None:
        """Mark *item* as applied, and forget what it said."""
        self._file.write(
            "UPDATE inbox SET done_at = ?, raw = '' WHERE network = ? AND update_id = ?",
            [cell(now), item.network, item.update_id],
        )

    def failed(self, item: InboxItem, reason: str) -> None:
        """Count an attempt at *item* that raised; after 5 it is set aside."""
        self._file.write(
            "UPDATE inbox SET attempts = attempts + 1, error = ? WHERE network = ? AND update_id = ?",
            [reason, item.network, item.update_id],
        )

    # -- outbox
    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Owe *deliveries*, those aside that are owed or done already; return how many are new."""
        return self._outbox.enqueue(deliveries)

    def broadcast(self, broadcast: Broadcast, *, most: int) -> Owed:
        """Owe *broadcast* to the next chats, at most so many, those aside that are owed it or had it already."""
        return self._outbox.broadcast(broadcast, most)

    def owe_edit(self, story_id: str, change_id: int, now: datetime, *, gather: timedelta, pace: timedelta) -> None:
        """Let the story's alerts be edited in *gather*, *pace* after they last were at the earliest."""
        self._outbox.told.owe_edit(story_id, change_id, now, gather, pace)

    def due_edits(self, now: datetime) -> Mapping[str, int]:
        """Return the stories whose alerts are to be edited now, each with its newest change."""
        return self._outbox.told.due_edits(now)

    def edited(self, story_id: str, now: datetime) -> None:
        """Note that all edits of the story are owed: its alerts say what is known *now*."""
        self._outbox.told.edited(story_id, now)

    def claim(self, now: datetime, *, limit: int = 1) -> Sequence[Delivery]:
        """Take due deliveries and mark them as being sent; that is on disk before this returns."""
        if self._file.in_transaction:
            raise StoreError("a claim is a transaction of its own: nothing may be sent that could be rolled back")
        return self._turns.claim(now, limit)

    def queue(self, now: datetime) -> Queue:
        """Return what the next claim can expect."""
        return self._turns.queue(now)

    def settle(self, delivery: Delivery, now: datetime) -> None:
        """Record how *delivery* went; a delivery that was forgotten or settled meanwhile is left alone."""
        with self.transaction():
            chat = self._outbox.chat_in_flight(delivery)
            if chat is None:
                return
            # The former room is no news: the chat moved while this delivery was on its way.
            if delivery.chat.room not in (chat["room"], chat["former_room"]):
                self.move(ChatId(chat["network"], chat["room"]), delivery.chat.room)
            self._outbox.settle(delivery, chat["id"], now)

    def recover(self, now: datetime) -> int:
        """At start: what was being sent when the process died is ready again and marked; return how many."""
        return self._outbox.recover(now)

    def doubt(self) -> int:
        """Mark all that waits as a possible repeat, for another copy of us may be sending it; return how many."""
        return self._outbox.doubt()

    def outbox_counts(self) -> Mapping[str, int]:
        """Return how many deliveries stand in each status."""
        return self._outbox.counts()

    def dead_letters(self, since: datetime) -> Mapping[str, int]:
        """Return how many deliveries were given up since then, by reason, the most frequent first."""
        return self._outbox.dead_letters(since)

    def sweep(self, now: datetime) -> int:
        """Give up what is too old to be sent, and forget a slice of what ended long ago; return how many rows."""
        return self._turns.expire(now) + self._outbox.forget(now)

    # -- cursor and notes
    def cursor(self) -> Cursor | None:
        """Return how far routing has read."""
        row = self._file.first("SELECT archive_id, change_id FROM cursor")
        return Cursor(*row) if row else None

    def move_cursor(self, cursor: Cursor) -> None:
        """Remember how far routing has read; from the end of another archive on, no alert knows any change."""
        before = self.cursor()
        if before and (before.archive_id != cursor.archive_id or before.change_id > cursor.change_id):
            self._outbox.told.know_nothing()
        row = {"one": 1, **cursor._asdict()}
        self._file.write(upsert("cursor", row, "one"), row)

    def note(self, key: str) -> str:
        """Return a small remembered value, "" if there is none."""
        return self._file.value("SELECT value FROM notes WHERE key = ?", [key]) or ""

    def remember(self, key: str, value: str) -> None:
        """Remember a small value; "" forgets it."""
        if value:
            row = {"key": key, "value": value}
            self._file.write(upsert("notes", row, "key"), row)
        else:
            self._file.write("DELETE FROM notes WHERE key = ?", [key])

    # -- below the port
    def _find(self, chat: ChatId) -> int | None:
        found = self._file.value("SELECT id FROM chats WHERE network = ? AND room = ?", chat)
        return None if found is None else int(found)

    def _chat_id(self, chat: ChatId) -> int:
        return self._find(chat) or int(
            self._file.value("INSERT INTO chats (network, room) VALUES (?, ?) RETURNING id", chat)
        )

    def _resume(self, chat_id: int) -> None:
        self._file.write("UPDATE chats SET paused_at = NULL, paused_reason = '' WHERE id = ?", [chat_id])
        self._turns.give(chat_id)

    def _absorb(self, other: int, chat_id: int) -> None:
        """Make the rows of the chat *other* rows of *chat_id*, whose own settings win, and delete *other*."""
        both = {"other": other, "chat": chat_id}
        for table in ("subscriptions", "muted_stories", "feedback", "outbox"):
            self._file.write(f"UPDATE OR IGNORE {table} SET chat_id = :chat WHERE chat_id = :other", both)
        access = self._file.first("SELECT access, granted_at FROM chats WHERE id = ?", [other])
        self._file.write("DELETE FROM chats WHERE id = ?", [other])
        if access and access["access"]:
            self._file.write(
                "UPDATE chats SET access = ?, granted_at = ? WHERE id = ? AND access IS NOT 'owner'", [*access, chat_id]
            )
