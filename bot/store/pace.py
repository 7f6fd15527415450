"""How fast we may write to people. No I/O."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from bot.model import ChatId, Message
from bot.text import plain

CATCH_UP = timedelta(milliseconds=100)
"""A slot missed by no more than this is made up for; after a longer pause spacing starts anew, without a burst."""
SEVERAL = 3
"""So many chats that refuse, all within `PATIENCE`: it is the network that refuses, not they."""
SLOWER, FASTER, SLOWEST = 0.7, 0.05, 0.1
PATIENCE = timedelta(seconds=10)
"""What a refusal leaves of the pace, and what each quiet spell of this length gives back (AIMD)."""
BACKLOG = 100
ROUND_TRIP = 0.16
"""Seconds that a slow answer takes: with as many sends under way as leave in this time, no slot is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the chat networks allow: Telegram's unwritten limits, and a little below (product.md, Defaults).

    *private* and *group* are the rest that a chat gets after a message. A message of more than *long* characters
    counts twice. Networks that are not in *networks* have no limit. *paid_per_second* may leave on top, for money.
    """

    per_second: float = 25
    paid_per_second: float = 0
    private: timedelta = timedelta(seconds=1)
    group: timedelta = timedelta(seconds=3)
    long: int = 500
    networks: frozenset[str] = frozenset({"telegram"})

    @classmethod
    def up_to(cls, per_second: float) -> Self:
        """Return the usual pace, with what is missing to *per_second* for money."""
        usual = cls()
        return replace(usual, paid_per_second=max(0.0, per_second - usual.per_second))

    def applies_to(self, network: str) -> bool:
        """Tell whether *network* is one that limits us."""
        return network in self.networks

    def rest(self, chat: ChatId, message: Message) -> timedelta:
        """Return how long *chat* is left alone after *message*."""
        if not self.applies_to(chat.network):
            return timedelta(0)
        # Telegram's rooms below zero are groups and channels.
        return (self.group if chat.room.startswith("-") else self.private) * self.weight(message)

    def weight(self, message: Message) -> int:
        """Return how many messages *message* counts for."""
        return 2 if len(plain(message.html)) > self.long else 1

    def lanes(self, waiting: int) -> int:
        """Return how many sends may be under way at once while so many chats are *waiting*.

        One, so that a crash leaves one message in doubt; with a backlog, enough to miss no slot.
        """
        return 1 if waiting <= BACKLOG else self.most_lanes

    @property
    def most_lanes(self) -> int:
        """Return how many sends may ever be under way at once."""
        return math.ceil((self.per_second + self.paid_per_second) * ROUND_TRIP)


class Tempo:
    """When the next message may leave: evenly spaced, and slower for a while after the network refused."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._share = 1.0
        self._slot = self._seen = self._quiet_since = datetime.min.replace(tzinfo=UTC)
        self._refused: dict[ChatId, datetime] = {}
        self._in_a_row: set[ChatId] = set()

    def opens_at(self, now: datetime) -> datetime:
        """Return when the next message may leave. A clock set back takes that along."""
        if now < self._seen < self._slot:
            self._slot = now + (self._slot - self._seen)
        elif now < self._seen:
            self._slot = min(self._slot, now)
        self._seen = now
        return self._slot

    def is_open(self, now: datetime) -> bool:
        """Tell whether a message may leave."""
        return self.opens_at(now) <= now

    def take(self, weight: int, now: datetime) -> None:
        """Let a message leave that counts for *weight*."""
        start = self._slot if now - CATCH_UP <= self._slot <= now else now
        self._slot = start + timedelta(seconds=weight / (self._per_second * self._share))

    def refused(self, chat: ChatId, until: datetime, now: datetime) -> None:
        """Note that flood control refused *chat* *until* then; if it is not this chat alone, the others are slowed.

        If nobody was let through in between, they all wait.
        """
        self._in_a_row.add(chat)
        self._refused[chat] = now
        self._refused = {chat: at for chat, at in self._refused.items() if now - at < PATIENCE}
        if len(self._in_a_row) >= SEVERAL:
            self._slot = max(self._slot, until)
            self._slow_down(until)
        elif len(self._refused) >= SEVERAL:
            self._slow_down(now)

    def accepted(self, now: datetime) -> None:
        """Note that the network took a message."""
        self._in_a_row.clear()
        if self._share < 1 and now - self._quiet_since >= PATIENCE:
            self._share = min(1.0, self._share + FASTER)
            self._quiet_since = now

    def _slow_down(self, at: datetime) -> None:
        self._share = max(SLOWEST, self._share * SLOWER)
        self._quiet_since = at
        self._refused.clear()
        self._in_a_row.clear()
