"""How feeds come in: fetched and parsed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import (
    Entry,
    Feed,
    FeedState,
)


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
