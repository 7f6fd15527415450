"""How fast we may write to people. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import ChatId, Message
from bot.text import plain

CATCH_UP = timedelta(milliseconds=100)
"""A slot missed by no more than this is made up for; after a longer pause spacing starts anew, without a burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the chat networks allow: Telegram's unwritten limits, and a little below (product.md, Defaults).

    *private* and *group* are the rest that a chat gets after a message. A message of more than *long* characters
    counts twice. Networks that are not in *networks* have no limit.
    """

    per_second: float = 25
    private: timedelta = timedelta(seconds=1)
    group: timedelta = timedelta(seconds=3)
    long: int = 500
    networks: frozenset[str] = frozenset({"telegram"})

    def applies_to(self, network: str) -> bool:
        """Tell whether *network* is one that limits us."""
        return network in self.networks

    def rest(self, chat: ChatId, message: Message) -> timedelta:
        """Return how long *chat* is left alone after *message*."""
        if not self.applies_to(chat.network):
            return timedelta(0)
        # Telegram's rooms below zero are groups and channels.
        return (self.group if chat.room.startswith("-") else self.private) * self._weight(message)

    def slot_after(self, slot: datetime, message: Message, now: datetime) -> datetime:
        """Return when the next message may leave, *message* having taken *slot* at *now*."""
        start = slot if now - CATCH_UP <= slot <= now else now
        return start + self._interval * self._weight(message)

    def slot_is_open(self, slot: datetime, now: datetime) -> bool:
        """Tell whether *slot* has come. One further ahead than any could be is left from a clock set back."""
        return slot <= now or slot > now + 2 * self._interval

    @property
    def _interval(self) -> timedelta:
        return timedelta(seconds=1 / self.per_second)

    def _weight(self, message: Message) -> int:
        return 2 if len(plain(message.html)) > self.long else 1
