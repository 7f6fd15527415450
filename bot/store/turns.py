"""Whose turn it is: the queue of chats in people.db.

A chat with something waiting has a turn. `claim` takes the most urgent turn that has come and hands out the chat's
oldest due delivery. The chat then has no turn until it is settled: one message at a time keeps its order, and the chat
that was served goes to the end of the queue.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.model import Delivery, DeliveryStatus
from bot.ports import Queue
from bot.store import outbox_rows
from bot.store.cells import cell, maybe_instant
from bot.store.file import Row, StoreFile
from bot.store.outbox_rows import URGENCIES
from bot.store.pace import BACKLOG, Pace, Tempo
from bot.store.people_rows import Cells

WAITING = "status IN ('ready', 'retry')"
LONG_AGO = cell(datetime.min.replace(tzinfo=UTC))
"""When a chat that was never written to might have been written to."""
_SOON = timedelta(seconds=1)
DOUBTFUL_FRESH = timedelta(hours=24)
"""How long a delivery that may have arrived is repeated; its own retries end sooner, unless the chat was paused."""
_ORPHANED = (
    "outbox.target IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox AS told WHERE told.id = outbox.target "
    "AND (told.status IN ('ready', 'retry', 'sending') OR (outbox.kind = 'update' AND told.maybe) "
    "OR (told.status = 'sent' AND (outbox.kind = 'update' OR told.external_id != ''))))"
)
"""The alert that it changes or answers did not arrive, for all we know."""
_EXPIRED = f"((outbox.expires_at <= :now AND (NOT outbox.maybe OR outbox.created_at <= :doubtful)) OR ({_ORPHANED}))"
_TOLD_FIRST = "(told.id IS NULL OR told.status NOT IN ('ready', 'retry', 'sending'))"
_URGENCY_LIST = ", ".join(map(str, URGENCIES))
_URGENCY_TABLE = f"urgencies (urgency) AS (VALUES {', '.join(f'({urgency})' for urgency in URGENCIES)})"


class _Gate(NamedTuple):
    """A way out to the networks that limit us, with its tempo; one of the two costs money."""

    tempo: Tempo
    paid: bool = False


class Turns:
    """The queue, and the pace at which it moves."""

    def __init__(self, file: StoreFile, pace: Pace) -> None:
        self._file, self._pace = file, pace
        self._seen = datetime.min.replace(tzinfo=UTC)
        self._gates = [_Gate(Tempo(pace.per_second))]
        if pace.paid_per_second:
            self._gates.append(_Gate(Tempo(pace.paid_per_second), paid=True))

    # -- giving turns
    def give(self, chat_id: int) -> None:
        """Give the chat a turn for every urgency it has something waiting in; `claim` puts off what comes too early."""
        self._file.write(
            f"WITH {_URGENCY_TABLE} INSERT INTO turns (chat_id, urgency, paced, at) "
            f"SELECT id, urgencies.urgency, network IN ({self._paced_networks()}), max(next_at, '{LONG_AGO}') "
            "FROM urgencies, chats "
            "WHERE id = ? AND EXISTS (SELECT 1 FROM outbox "
            f"WHERE chat_id = chats.id AND outbox.urgency = urgencies.urgency AND {WAITING}) "
            "ON CONFLICT DO UPDATE SET at = excluded.at",
            [chat_id],
        )

    def give_since(self, last: int) -> None:
        """Give turns to the chats of the waiting rows of the outbox behind *last*."""
        # NOT INDEXED: without it SQLite may look at all that waits.
        self._file.write(
            "INSERT INTO turns (chat_id, urgency, paced, at) "
            f"SELECT chat_id, urgency, network IN ({self._paced_networks()}), next_attempt_at "
            "FROM outbox NOT INDEXED JOIN chats ON chats.id = chat_id "
            f"WHERE outbox.id > ? AND {WAITING} "
            "ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at",
            [last],
        )

    def renew(self, now: datetime) -> None:
        """Make all turns anew, at a start: the clock may have been set back since the last end of a delivery."""
        last = maybe_instant(self._file.value("SELECT max(ended_at) FROM outbox"))
        self._seen = max(self._seen, last) if last else self._seen
        self._follow_clock(now)
        self._file.write("DELETE FROM turns")
        self.give_since(0)

    def _follow_clock(self, now: datetime) -> None:
        """Where the clock was set back, let what was to wait for a while be due: that hour may be far away now.

        A pause cut short costs one refusal at worst.
        """
        if now + _SOON < self._seen:
            at = cell(now)
            self._file.write("UPDATE chats SET next_at = ? WHERE next_at > ?", [at, at])
            self._file.write(f"UPDATE outbox SET next_attempt_at = ? WHERE {WAITING} AND next_attempt_at > ?", [at, at])
            self._file.write("UPDATE turns SET at = ? WHERE at > ?", [at, at])
        self._seen = now

    def after(self, delivery: Delivery, chat_id: int, now: datetime) -> None:
        """Let the chat of *delivery* rest, now that it was tried, and give it a new turn."""
        rests_until = now + self._pace.rest(delivery.chat, delivery.message)
        if delivery.chat_rests_until:
            rests_until = max(rests_until, delivery.chat_rests_until)
        self._learn(delivery, now)
        self._file.write("UPDATE chats SET next_at = ? WHERE id = ?", [cell(rests_until), chat_id])
        self.give(chat_id)

    def _learn(self, delivery: Delivery, now: datetime) -> None:
        if not self._pace.applies_to(delivery.chat.network):
            return
        tempo = next(gate.tempo for gate in self._gates if gate.paid == delivery.paid)
        if delivery.chat_rests_until:
            tempo.refused(delivery.chat, delivery.chat_rests_until, now)
        elif delivery.status is DeliveryStatus.SENT:
            tempo.accepted(now)

    def _paced_networks(self) -> str:
        return ", ".join("'" + network.replace("'", "''") + "'" for network in sorted(self._pace.networks))

    # -- taking turns
    def claim(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """Take due deliveries and mark them as being sent."""
        claimed: list[Delivery] = []
        with self._file.transaction():
            self._follow_clock(now)
            while len(claimed) < limit and (delivery := self._claim_one(now)):
                claimed.append(delivery)
        return claimed

    def queue(self, now: datetime) -> Queue:
        """Return how many sends may be under way at once, and when the next claim may find something."""
        waiting = self._file.value(
            "SELECT count(*) FROM (SELECT 1 FROM turns "
            f"WHERE paced IN (0, 1) AND urgency IN ({_URGENCY_LIST}) AND at <= ? LIMIT ?)",
            [cell(now), BACKLOG + 1],
        )
        free, paced = self._first_turn(paced=False), self._first_turn(paced=True)
        if paced:
            paced = max(paced, min(gate.tempo.opens_at(now) for gate in self._gates))
        return Queue(self._pace.lanes(waiting), min((at for at in (free, paced) if at), default=None))

    def _first_turn(self, *, paced: bool) -> datetime | None:
        return maybe_instant(
            self._file.value(
                f"WITH {_URGENCY_TABLE} SELECT min((SELECT min(at) FROM turns "
                "WHERE paced = ? AND turns.urgency = urgencies.urgency)) FROM urgencies",
                [paced],
            )
        )

    def _claim_one(self, now: datetime) -> Delivery | None:
        gate = next((gate for gate in self._gates if gate.tempo.is_open(now)), None)
        for paced in [False, True] if gate else [False]:
            for urgency in URGENCIES:
                while turn := self._next_turn(urgency, now, paced=paced):
                    if row := self._take(turn, now):
                        return self._start(row, gate if paced else None, now)
        return None

    def _next_turn(self, urgency: int, now: datetime, *, paced: bool) -> Row | None:
        return self._file.first(
            "SELECT chats.*, urgency, EXISTS "
            "(SELECT 1 FROM outbox WHERE outbox.chat_id = chats.id AND status = 'sending') AS busy "
            "FROM turns JOIN chats ON chats.id = turns.chat_id "
            "WHERE paced = ? AND urgency = ? AND at <= ? ORDER BY at LIMIT 1",
            [paced, urgency, cell(now)],
        )

    def _take(self, turn: Row, now: datetime) -> Row | None:
        """Return the chat's next delivery and end its turns; without one, end this turn or put it off."""
        if turn["busy"] or turn["paused_at"]:
            self._end(turn)
        elif turn["next_at"] > cell(now):
            self._put_off(turn, turn["next_at"])
        elif row := self._oldest_due(turn, now):
            if not row["expired"]:
                self._end(turn)
                return row
            self.expire(now, chat_id=turn["id"])
        else:
            self._put_off(turn, self._next_attempt(turn, now))
        return None

    def _oldest_due(self, turn: Row, now: datetime) -> Row | None:
        return self._file.first(
            "SELECT outbox.*, html, buttons, silent, document_name, document, network, room, "
            f"told.external_id AS told_message, {_EXPIRED} AS expired FROM outbox "
            "JOIN messages ON messages.id = outbox.message_id JOIN chats ON chats.id = outbox.chat_id "
            "LEFT JOIN outbox AS told ON told.id = outbox.target "
            f"WHERE outbox.chat_id = :chat AND outbox.urgency = :urgency AND outbox.{WAITING} "
            f"AND outbox.next_attempt_at <= :now AND {_TOLD_FIRST} ORDER BY outbox.id LIMIT 1",
            {"chat": turn["id"], "urgency": turn["urgency"], **_moments(now)},
        )

    def _start(self, row: Row, gate: _Gate | None, now: datetime) -> Delivery:
        self._file.write("UPDATE outbox SET status = 'sending' WHERE id = ?", [row["id"]])
        delivery = outbox_rows.delivery(row)
        if gate is None:
            return delivery
        gate.tempo.take(self._pace.weight(delivery.message), now)
        return replace(delivery, paid=gate.paid)

    def _end(self, turn: Row) -> None:
        self._file.write("DELETE FROM turns WHERE chat_id = ?", [turn["id"]])

    def _put_off(self, turn: Row, at: str | None) -> None:
        key = [turn["id"], turn["urgency"]]
        if at is None:
            self._file.write("DELETE FROM turns WHERE chat_id = ? AND urgency = ?", key)
        else:
            self._file.write("UPDATE turns SET at = ? WHERE chat_id = ? AND urgency = ?", [at, *key])

    def _next_attempt(self, turn: Row, now: datetime) -> str | None:
        """Return when the chat's next delivery may be due, None if there is none.

        What is due already waits for the alert that it changes or answers.
        """
        at: str | None = self._file.value(
            "SELECT min(CASE WHEN next_attempt_at > :now THEN next_attempt_at ELSE max(:soon, coalesce("
            "(SELECT told.next_attempt_at FROM outbox AS told WHERE told.id = outbox.target), '')) END) "
            f"FROM outbox WHERE chat_id = :chat AND urgency = :urgency AND {WAITING}",
            {"chat": turn["id"], "urgency": turn["urgency"], "now": cell(now), "soon": cell(now + _SOON)},
        )
        return at

    # -- waiting in vain
    def expire(self, now: datetime, *, chat_id: int | None = None) -> int:
        """Give up what waited too long to be worth sending, in one chat or in all that are paused; return how many."""
        where = "chat_id = :chat" if chat_id else "chat_id IN (SELECT id FROM chats WHERE paused_at IS NOT NULL)"
        return self._file.write(
            "UPDATE outbox SET status = 'dead', ended_at = :now, "
            f"error = CASE WHEN {_ORPHANED} THEN 'its alert did not arrive' ELSE 'too old to be sent' END "
            f"WHERE {where} AND {WAITING} AND {_EXPIRED}",
            {"chat": chat_id, **_moments(now)},
        )


def _moments(now: datetime) -> Cells:
    return {"now": cell(now), "doubtful": cell(now - DOUBTFUL_FRESH)}
