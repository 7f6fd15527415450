"""What is owed to whom, and whose turn it is: the outbox in people.db.

A chat with something waiting has a turn. `claim` takes the most urgent turn that has come and hands out the chat's
oldest due delivery. The chat then has no turn until `settle`: one message at a time keeps its order, and the chat that
was served goes to the end of the queue.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.model import Button, ChatId, Delivery, DeliveryKind, DeliveryStatus, Message
from bot.store.cells import cell, instant, maybe_cell, maybe_instant
from bot.store.file import Row, StoreFile
from bot.store.pace import Pace

URGENCY = {DeliveryKind.REPLY: 0, DeliveryKind.ALERT: 1, DeliveryKind.NOTICE: 1, DeliveryKind.DIGEST: 2}
_URGENCIES = sorted(set(URGENCY.values()))
_WAITING = "status IN ('ready', 'retry')"


class Outbox:
    """The outbox tables of people.db."""

    def __init__(self, file: StoreFile, pace: Pace) -> None:
        self._file, self._pace = file, pace
        self._slot = datetime.min.replace(tzinfo=UTC)

    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Owe *deliveries*, those aside that are owed or done already; return how many are new."""
        if not deliveries:
            return 0
        with self._file.transaction():
            last = self._file.value("SELECT coalesce(max(id), 0) FROM outbox")
            self._add_chats(dict.fromkeys(delivery.chat for delivery in deliveries))
            messages = self._add_messages(dict.fromkeys(delivery.message for delivery in deliveries))
            new = self._file.write_many(
                "INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, "
                "next_attempt_at, created_at) SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM chats "
                "WHERE network = ? AND room = ? ON CONFLICT (dedupe_key) DO NOTHING",
                [_row(delivery, messages[delivery.message]) for delivery in deliveries],
            )
            if new < len(deliveries):
                self._drop_messages(messages.values())
            self._give_turns("outbox.id > ?", [last])
        return new

    def claim(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """Take due deliveries and mark them as being sent."""
        claimed: list[Delivery] = []
        with self._file.transaction():
            while len(claimed) < limit and (delivery := self._claim_one(now)):
                claimed.append(delivery)
        return claimed

    def chat_in_flight(self, delivery: Delivery) -> Row | None:
        """Return the row of the chat that *delivery* is being sent to; None if it is not being sent."""
        return self._file.first(
            "SELECT chats.* FROM outbox JOIN chats ON chats.id = chat_id "
            "WHERE outbox.id = ? AND dedupe_key = ? AND status = 'sending'",
            [delivery.id, delivery.dedupe_key],
        )

    def settle(self, delivery: Delivery, now: datetime) -> None:
        """Record how *delivery* went, let its chat rest and give it a new turn."""
        rests_until = cell(
            max(now + self._pace.rest(delivery.chat, delivery.message), delivery.chat_rests_until or now)
        )
        self._file.write(
            "UPDATE outbox SET status = :status, attempts = :attempts, doubtful = :doubtful, maybe = :maybe, "
            "next_attempt_at = :next_attempt_at, sent_at = :sent_at, external_id = :external_id, error = :error "
            "WHERE id = :id",
            {
                "id": delivery.id,
                "status": delivery.status,
                "attempts": delivery.attempts,
                "doubtful": delivery.doubtful,
                "maybe": delivery.maybe,
                "next_attempt_at": cell(delivery.next_attempt_at),
                "sent_at": maybe_cell(delivery.sent_at),
                "external_id": delivery.external_id,
                "error": delivery.error,
            },
        )
        chat_id = self._file.value("SELECT chat_id FROM outbox WHERE id = ?", [delivery.id])
        self._file.write("UPDATE chats SET next_at = ? WHERE id = ?", [rests_until, chat_id])
        self.give_turns(chat_id)

    def recover(self, now: datetime) -> int:
        """Mark what was being sent when the process died, and make all turns anew; return how many were marked."""
        with self._file.transaction():
            doubtful = self._file.write(
                "UPDATE outbox SET status = 'retry', maybe = 1, attempts = attempts + 1, doubtful = doubtful + 1, "
                "next_attempt_at = ?, error = 'stopped while sending' WHERE status = 'sending'",
                [cell(now)],
            )
            self._file.write("DELETE FROM turns")
            self._give_turns("true", [])
        return doubtful

    def counts(self) -> Mapping[str, int]:
        """Return how many deliveries stand in each status."""
        rows = self._file.rows("SELECT status, count(*) FROM outbox GROUP BY status")
        return {status.value: 0 for status in DeliveryStatus} | dict(map(tuple, rows))

    def give_turns(self, chat_id: int) -> None:
        """Give the chat a turn for every urgency it has something waiting in; `claim` puts off what comes too early."""
        for urgency in _URGENCIES:
            self._file.write(
                "INSERT INTO turns (chat_id, urgency, paced, at) "
                f"SELECT id, ?, network IN ({self._paced_networks()}), next_at FROM chats WHERE id = ? AND EXISTS "
                f"(SELECT 1 FROM outbox WHERE chat_id = chats.id AND urgency = ? AND {_WAITING}) "
                "ON CONFLICT DO UPDATE SET at = excluded.at",
                [urgency, chat_id, urgency],
            )

    def give_up(self, chat_id: int, reason: str) -> None:
        """Send the chat nothing of what waits but replies."""
        self._file.write(
            f"UPDATE outbox SET status = 'dead', error = ? WHERE chat_id = ? AND kind != 'reply' AND {_WAITING}",
            [reason, chat_id],
        )

    def erase(self, chat_id: int) -> None:
        """Delete all deliveries of the chat, and the messages that went to nobody else."""
        with self._file.transaction():
            rows = self._file.rows("SELECT DISTINCT message_id FROM outbox WHERE chat_id = ?", [chat_id])
            self._file.write("DELETE FROM outbox WHERE chat_id = ?", [chat_id])
            self._drop_messages(row["message_id"] for row in rows)

    # -- owing
    def _add_chats(self, chats: Iterable[ChatId]) -> None:
        self._file.write_many("INSERT INTO chats (network, room) VALUES (?, ?) ON CONFLICT DO NOTHING", chats)

    def _add_messages(self, messages: Iterable[Message]) -> Mapping[Message, int]:
        return {
            message: self._file.value(
                "INSERT INTO messages (html, buttons, silent) VALUES (?, ?, ?) RETURNING id",
                [message.html, _buttons_cell(message), message.silent],
            )
            for message in messages
        }

    def _drop_messages(self, ids: Iterable[int]) -> None:
        self._file.write_many(
            "DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id = messages.id)",
            [(id_,) for id_ in ids],
        )

    def _give_turns(self, which: str, values: Sequence[object]) -> None:
        self._file.write(
            "INSERT INTO turns (chat_id, urgency, paced, at) "
            f"SELECT chat_id, urgency, network IN ({self._paced_networks()}), min(next_attempt_at) "
            f"FROM outbox JOIN chats ON chats.id = chat_id WHERE {_WAITING} AND {which} GROUP BY chat_id, urgency "
            "ON CONFLICT DO UPDATE SET at = min(at, excluded.at)",
            values,
        )

    def _paced_networks(self) -> str:
        return ", ".join("'" + network.replace("'", "''") + "'" for network in sorted(self._pace.networks))

    # -- whose turn it is
    def _claim_one(self, now: datetime) -> Delivery | None:
        queues = [False, True] if self._pace.slot_is_open(self._slot, now) else [False]
        for paced in queues:
            for urgency in _URGENCIES:
                while turn := self._next_turn(urgency, now, paced=paced):
                    if delivery := self._take(turn, now):
                        return delivery
        return None

    def _next_turn(self, urgency: int, now: datetime, *, paced: bool) -> Row | None:
        return self._file.first(
            "SELECT chats.*, urgency, EXISTS "
            "(SELECT 1 FROM outbox WHERE outbox.chat_id = chats.id AND status = 'sending') AS busy "
            "FROM turns JOIN chats ON chats.id = turns.chat_id "
            "WHERE paced = ? AND urgency = ? AND at <= ? ORDER BY at LIMIT 1",
            [paced, urgency, cell(now)],
        )

    def _take(self, turn: Row, now: datetime) -> Delivery | None:
        """Return the chat's next delivery, marked as being sent; without one, end the turn or put it off."""
        if turn["busy"] or turn["paused_at"]:
            self._end_turns(turn)
        elif turn["next_at"] > cell(now):
            self._put_off(turn, turn["next_at"])
        elif row := self._oldest_due(turn, now):
            self._end_turns(turn)
            return self._start(row, now)
        else:
            self._put_off(turn, self._next_attempt(turn))
        return None

    def _oldest_due(self, turn: Row, now: datetime) -> Row | None:
        return self._file.first(
            "SELECT outbox.*, html, buttons, silent, network, room FROM outbox "
            "JOIN messages ON messages.id = message_id JOIN chats ON chats.id = chat_id "
            f"WHERE chat_id = ? AND urgency = ? AND {_WAITING} AND next_attempt_at <= ? ORDER BY outbox.id LIMIT 1",
            [turn["id"], turn["urgency"], cell(now)],
        )

    def _start(self, row: Row, now: datetime) -> Delivery:
        self._file.write("UPDATE outbox SET status = 'sending' WHERE id = ?", [row["id"]])
        delivery = _delivery(row)
        if self._pace.applies_to(delivery.chat.network):
            self._slot = self._pace.slot_after(self._slot, delivery.message, now)
        return delivery

    def _end_turns(self, turn: Row) -> None:
        self._file.write("DELETE FROM turns WHERE chat_id = ?", [turn["id"]])

    def _put_off(self, turn: Row, at: str | None) -> None:
        key = [turn["id"], turn["urgency"]]
        if at is None:
            self._file.write("DELETE FROM turns WHERE chat_id = ? AND urgency = ?", key)
        else:
            self._file.write("UPDATE turns SET at = ? WHERE chat_id = ? AND urgency = ?", [at, *key])

    def _next_attempt(self, turn: Row) -> str | None:
        at: str | None = self._file.value(
            f"SELECT min(next_attempt_at) FROM outbox WHERE chat_id = ? AND urgency = ? AND {_WAITING}",
            [turn["id"], turn["urgency"]],
        )
        return at


def _row(delivery: Delivery, message_id: int) -> tuple[object, ...]:
    return (
        delivery.dedupe_key,
        delivery.kind,
        URGENCY[delivery.kind],
        message_id,
        delivery.story_id,
        delivery.edits,
        cell(delivery.next_attempt_at),
        cell(delivery.created_at),
        *delivery.chat,
    )


def _delivery(row: Row) -> Delivery:
    """Return the delivery in a row of `outbox` joined with its chat and message, as it is being sent."""
    return Delivery(
        dedupe_key=row["dedupe_key"],
        chat=ChatId(row["network"], row["room"]),
        kind=DeliveryKind(row["kind"]),
        message=Message(html=row["html"], buttons=_buttons(row["buttons"]), silent=bool(row["silent"])),
        next_attempt_at=instant(row["next_attempt_at"]),
        created_at=instant(row["created_at"]),
        story_id=row["story_id"],
        edits=row["edits"],
        id=row["id"],
        status=DeliveryStatus.SENDING,
        attempts=row["attempts"],
        doubtful=row["doubtful"],
        maybe=bool(row["maybe"]),
        sent_at=maybe_instant(row["sent_at"]),
        external_id=row["external_id"],
        error=row["error"],
    )


def _buttons_cell(message: Message) -> str:
    rows = [[[button.label, button.action, button.url] for button in row] for row in message.buttons]
    return json.dumps(rows, ensure_ascii=False)


def _buttons(text: str) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(Button(*button) for button in row) for row in json.loads(text))
