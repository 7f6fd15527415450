"""What is owed to whom: the outbox in people.db.

One row per message and chat, from the day it is owed until it is forgotten: sent + waiting + dead + superseded = due,
always. `Turns` says which of them leaves next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import Broadcast, ChatId, Delivery, DeliveryKind, DeliveryStatus, Message, Wishes
from bot.ports import Owed
from bot.store import outbox_rows
from bot.store.cells import cell
from bot.store.file import Row, StoreFile
from bot.store.people_rows import wishes_row
from bot.store.told import Told
from bot.store.turns import WAITING, Turns

MEMORY = timedelta(days=7)
"""How long we remember what was sent or given up; routing repeats nothing that is older than half a day."""
SWEEP = 5_000
"""Rows deleted in one transaction, so that nobody waits long for it."""
_WISHES = tuple(wishes_row(Wishes()))
_READERS = (
    "SELECT json_extract(value, '$.message_id') AS message_id, "
    # The cast lets SQLite look readers up instead of reading them all for every chat.
    + ", ".join(f"CAST(json_extract(value, '$.{name}') AS TEXT) AS {name}" for name in _WISHES)
    + " FROM json_each(:readers)"
)
_NOT_TOLD = (
    "AND NOT EXISTS (SELECT 1 FROM outbox AS told WHERE told.kind = 'alert' AND told.story_id != '' "
    "AND told.story_id = :story_id AND told.chat_id = subscriptions.chat_id AND (told.status != 'dead' OR told.maybe))"
)
"""Nor will be: an alert that was given up, and surely did not arrive, is none."""
# CROSS JOIN and NOT INDEXED: the few rows that are named are looked at first, not all that wait.
_OLDER_THAN_NEW = "outbox AS newer NOT INDEXED CROSS JOIN outbox AS older WHERE newer.id > ?"
_OLDER_ITSELF = "outbox AS older NOT INDEXED CROSS JOIN outbox AS newer WHERE older.id = ?"


class Outbox:
    """The outbox tables of people.db."""

    def __init__(self, file: StoreFile, turns: Turns) -> None:
        self._file, self._turns = file, turns
        self.told = Told(file)

    # -- owing
    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Owe *deliveries*, those aside that are owed or done already; return how many are new."""
        if not deliveries:
            return 0
        with self._file.transaction():
            last = self._last_id()
            self._add_chats(dict.fromkeys(delivery.chat for delivery in deliveries))
            messages = self._add_messages(dict.fromkeys(delivery.message for delivery in deliveries))
            new = self._file.write_many(
                "INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, thread, maybe, "
                "next_attempt_at, created_at, expires_at) SELECT :dedupe_key, id, :kind, :urgency, :message_id, "
                ":story_id, :edits, :thread, :maybe, :next_attempt_at, :created_at, :expires_at FROM chats "
                "WHERE network = :network AND room = :room ON CONFLICT (dedupe_key) DO NOTHING",
                [outbox_rows.delivery_row(delivery, messages[delivery.message]) for delivery in deliveries],
            )
            if new < len(deliveries):
                self._drop_messages(messages.values())
            if any(delivery.edits for delivery in deliveries):
                self._supersede(_OLDER_THAN_NEW, last)
            if any(delivery.urgent for delivery in deliveries):
                self._raise_older(last)
            self._turns.give_since(last)
        return new

    def broadcast(self, broadcast: Broadcast, most: int) -> Owed:
        """Owe *broadcast* to the next chats, at most so many, those aside that are owed it or had it already."""
        first_news = broadcast.kind is DeliveryKind.ALERT
        with self._file.transaction():
            chats, end = (self._next_chats if first_news else self.told.next_chats)(broadcast, most)
            last = self._last_id()
            messages = self._add_messages(dict.fromkeys(wording.message for wording in broadcast.wordings))
            unused = list(messages.values())
            if broadcast.kind is DeliveryKind.EDIT:
                unused += self.told.renew(end, broadcast, messages)
            new = (self._owe_up_to if first_news else self.told.owe)(end, broadcast, messages)
            if new < chats or broadcast.kind is DeliveryKind.EDIT:
                self._drop_messages(unused)
            if broadcast.kind is DeliveryKind.EDIT:
                self._supersede(_OLDER_THAN_NEW, last)
            if broadcast.urgent:
                self._raise_older(last)
            self._turns.give_since(last)
        return Owed(new, chats, replace(broadcast, after=end) if chats == most else None)

    def _next_chats(self, broadcast: Broadcast, most: int) -> tuple[int, int]:
        """Return how many subscribed chats come next, at most so many, and the last of them."""
        count, end = self._file.rows(
            "SELECT count(*), coalesce(max(chat_id), 0) FROM "
            "(SELECT chat_id FROM subscriptions WHERE chat_id > ? ORDER BY chat_id LIMIT ?)",
            [broadcast.after, most],
        )[0]
        return count, end

    def _owe_up_to(self, end: int, broadcast: Broadcast, messages: Mapping[Message, int]) -> int:
        """Owe to those of the chats up to *end* that are to hear it; return how many are new.

        In the order of the chats: rows and index entries that lie side by side are written once.
        """
        return self._file.write(
            "INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, thread, maybe, "
            f"next_attempt_at, created_at, expires_at, knows) WITH readers AS MATERIALIZED ({_READERS}) "
            "SELECT :key || ':' || network || ':' || room, chat_id, :kind, :urgency, message_id, :story_id, '', "
            "thread, :maybe, :now, :now, :expires_at, :knows "
            f"FROM subscriptions CROSS JOIN readers USING ({', '.join(_WISHES)}) "
            "CROSS JOIN chats ON chats.id = chat_id "
            "WHERE chat_id > :after AND chat_id <= :end AND paused_at IS NULL "
            "AND (paused_until IS NULL OR paused_until <= :now) AND NOT EXISTS (SELECT 1 FROM muted_stories "
            "WHERE muted_stories.chat_id = chats.id AND muted_stories.story_id = :story_id) "
            f"{_NOT_TOLD if broadcast.change_id else ''} ORDER BY chat_id ON CONFLICT (dedupe_key) DO NOTHING",
            {
                **outbox_rows.broadcast_row(broadcast),
                "readers": outbox_rows.readers_cell(broadcast, messages),
                "after": broadcast.after,
                "end": end,
            },
        )

    def _raise_older(self, last: int) -> None:
        """Let what was said before of a story leave before an urgent row behind *last*.

        Otherwise "agreed" would follow "ended".
        """
        self._file.write(
            "UPDATE outbox SET urgency = 1 WHERE id IN (SELECT older.id FROM outbox AS newer NOT INDEXED "
            "JOIN outbox AS older ON older.chat_id = newer.chat_id AND older.story_id = newer.story_id "
            "WHERE newer.id > ? AND newer.urgency = 1 AND newer.kind IN ('alert', 'update') "
            "AND older.urgency > 1 AND older.kind = 'alert' AND older.status IN ('ready', 'retry'))",
            [last],
        )

    def _supersede(self, pair: str, value: int) -> None:
        """Drop edits that wait while a newer one of the same message does; *pair* says which to look at."""
        self._file.write(
            "UPDATE outbox SET status = 'superseded', ended_at = next_attempt_at, error = 'a newer edit came' "
            f"WHERE id IN (SELECT older.id FROM {pair} AND older.{WAITING} AND newer.{WAITING} "
            "AND older.chat_id = newer.chat_id AND older.urgency = newer.urgency AND older.id < newer.id "
            "AND ((older.kind = 'edit' AND newer.kind = 'edit' AND older.target = newer.target) "
            "OR (older.edits != '' AND older.edits = newer.edits)))",
            [value],
        )

    # -- what became of it
    def chat_in_flight(self, delivery: Delivery) -> Row | None:
        """Return the row of the chat that *delivery* is being sent to; None if it is not being sent."""
        return self._file.first(
            "SELECT chats.* FROM outbox JOIN chats ON chats.id = chat_id "
            "WHERE outbox.id = ? AND dedupe_key = ? AND status = 'sending'",
            [delivery.id, delivery.dedupe_key],
        )

    def settle(self, delivery: Delivery, chat_id: int, now: datetime) -> None:
        """Record how *delivery* went, let its chat rest and give it a new turn."""
        self._file.write(
            "UPDATE outbox SET status = :status, attempts = :attempts, doubtful = :doubtful, maybe = :maybe, "
            "next_attempt_at = :next_attempt_at, sent_at = :sent_at, ended_at = :ended_at, "
            "external_id = :external_id, error = :error WHERE id = :id",
            outbox_rows.outcome_row(delivery, cell(now)),
        )
        if delivery.status is DeliveryStatus.RETRY:
            # What came while it was on its way says more, and it would be the last to arrive.
            self._supersede(_OLDER_ITSELF, delivery.id)
        self._turns.after(delivery, chat_id, now)

    def recover(self, now: datetime) -> int:
        """Mark what was being sent when the process died, and make all turns anew; return how many were marked."""
        with self._file.transaction():
            doubtful = self._file.rows(
                "UPDATE outbox SET status = 'retry', maybe = 1, attempts = attempts + 1, doubtful = doubtful + 1, "
                "next_attempt_at = ?, error = 'stopped while sending' WHERE status = 'sending' RETURNING id",
                [cell(now)],
            )
            for row in doubtful:
                self._supersede(_OLDER_ITSELF, row["id"])
            self._turns.renew(now)
        return len(doubtful)

    def doubt(self) -> int:
        """Mark all that waits as a possible repeat; return how many were not yet."""
        with self._file.transaction():
            return self._file.write("UPDATE outbox SET maybe = 1 WHERE status IN ('ready', 'retry') AND NOT maybe")

    def counts(self) -> Mapping[str, int]:
        """Return how many deliveries stand in each status."""
        rows = self._file.rows("SELECT status, count(*) FROM outbox GROUP BY status")
        return {status.value: 0 for status in DeliveryStatus} | dict(map(tuple, rows))

    def dead_letters(self, since: datetime) -> Mapping[str, int]:
        """Return how many deliveries were given up since then, by reason, the most frequent first.

        Not edits: a message that people deleted, or that is too old to be edited, is no news lost.
        """
        rows = self._file.rows(
            "SELECT error, count(*) FROM outbox WHERE ended_at >= ? AND status = 'dead' AND kind != 'edit' "
            "GROUP BY error ORDER BY count(*) DESC, error",
            [cell(since)],
        )
        return dict(map(tuple, rows))

    def give_up(self, chat_id: int, reason: str) -> None:
        """Send the chat nothing of what waits but replies."""
        self._file.write(
            "UPDATE outbox SET status = 'dead', ended_at = next_attempt_at, error = ? "
            f"WHERE chat_id = ? AND kind != 'reply' AND {WAITING}",
            [reason, chat_id],
        )

    def lose_messages(self, chat_id: int) -> None:
        """Forget which messages the chat was sent: its room moved, and there the numbers are those of others."""
        self._file.write(
            "UPDATE outbox SET external_id = '', edits = '' WHERE chat_id = ? AND (external_id != '' OR edits != '')",
            [chat_id],
        )

    # -- forgetting
    def forget(self, now: datetime) -> int:
        """Delete a slice of what ended long ago, and chats that nothing else keeps; return how many deliveries.

        Notices stay, for the same is told once.
        """
        with self._file.transaction():
            rows = self._file.rows(
                "SELECT id, message_id, chat_id FROM outbox WHERE ended_at < ? AND kind != 'notice' LIMIT ?",
                [cell(now - MEMORY), SWEEP],
            )
            self._file.write_many("DELETE FROM outbox WHERE id = ?", [(row["id"],) for row in rows])
            self._drop_messages(dict.fromkeys(row["message_id"] for row in rows))
            self._drop_strangers(dict.fromkeys(row["chat_id"] for row in rows))
            self.told.forget(now - MEMORY)
        return len(rows)

    def erase(self, chat_id: int) -> None:
        """Delete all deliveries of the chat, and the messages that went to nobody else."""
        with self._file.transaction():
            rows = self._file.rows("SELECT DISTINCT message_id FROM outbox WHERE chat_id = ?", [chat_id])
            self._file.write("DELETE FROM outbox WHERE chat_id = ?", [chat_id])
            self._drop_messages(row["message_id"] for row in rows)

    # -- parts
    def _last_id(self) -> int:
        return int(self._file.value("SELECT coalesce(max(id), 0) FROM outbox"))

    def _add_chats(self, chats: Iterable[ChatId]) -> None:
        self._file.write_many("INSERT INTO chats (network, room) VALUES (?, ?) ON CONFLICT DO NOTHING", chats)

    def _add_messages(self, messages: Iterable[Message]) -> Mapping[Message, int]:
        return {
            message: self._file.value(
                "INSERT INTO messages (html, buttons, silent, document_name, document) "
                "VALUES (:html, :buttons, :silent, :document_name, :document) RETURNING id",
                outbox_rows.message_row(message),
            )
            for message in messages
        }

    def _drop_messages(self, ids: Iterable[int]) -> None:
        self._file.write_many(
            "DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id = messages.id)",
            [(id_,) for id_ in ids],
        )

    def _drop_strangers(self, chats: Iterable[int]) -> None:
        self._file.write_many(
            "DELETE FROM chats WHERE id = ? AND access IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE chat_id = chats.id) "
            "AND NOT EXISTS (SELECT 1 FROM outbox WHERE chat_id = chats.id)",
            [(chat_id,) for chat_id in chats],
        )
