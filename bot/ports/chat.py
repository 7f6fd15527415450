"""How people are heard and told, on one network."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from bot.errors import BotError
from bot.model import (
    Delivery,
    InboxItem,
    Incoming,
    SendResult,
)


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
