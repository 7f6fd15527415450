"""Feeds, what is remembered of them, and the entries that they bring."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source that we poll, as the operator configured it.

    *publisher* is an id of `publishers.toml` or a plain name; *every* is the time between two polls, None if that
    follows from how often the feed publishes.
    """

    url: str
    title: str
    publisher: str = ""
    language: str = ""
    every: timedelta | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When a feed asks to be asked: not within *ttl* of the last time, not in these hours and on these days (UTC).

    Days count from Monday, 0. *period* is how often the feed says that it publishes.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


MOVED_AFTER = 3
"""A feed has moved for good when so many answers in a row named the same new address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What we remember of a feed between two polls.

    *url* is the configured one, the feed's stable id. *baselined* turns true with the first good poll, whose entries
    are stored and not alerted. *ok_at* is the last good poll. *interval* is the time between two polls, unless
    something else is asked of us. *moved_to* is the address to which so many answers in a row (*moved_times*) sent us
    for good. *gone_at* is when the feed first said that it is gone for good; since *stopped_at* it is asked no more.
    *body_hash* and *item_hashes* tell its last body and the items in it from others (`bot.poll.ladder`).
    """

    url: str
    next_check_at: datetime
    checked_at: datetime | None = None
    ok_at: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    item_hashes: str = ""
    failures: int = 0
    last_error: str = ""
    baselined: bool = False
    interval: timedelta | None = None
    timetable: Timetable = Timetable()
    moved_to: str = ""
    moved_times: int = 0
    gone_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def new_address(self) -> str:
        """Return where the feed has moved for good, "" if nowhere."""
        return self.moved_to if self.moved_times >= MOVED_AFTER else ""


class FailingFeed(NamedTuple):
    """What is told of a feed whose last *failures* polls failed, or that is gone for good: see `FeedState`."""

    url: str
    failures: int
    last_error: str
    ok_at: datetime | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChoice:
    """What the owner chose in chat: a feed *added* to those of config.toml, or one of them switched on or off."""

    feed: Feed
    added: bool


class Headline(NamedTuple):
    """A title that an entry has had, and when it was first seen with it."""

    title: str
    seen_at: datetime


class EntryKey(NamedTuple):
    """What makes an entry the same entry: a guid is unique only in its feed."""

    feed_url: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed, as clean text.

    *published* and *updated* are the feed's word, clamped, and None where it gave no readable date: no date is
    never "now". *seen_at* is when we first saw it; newness rests on that alone. *credit* is whom the feed names as the
    item's source or author, if anybody.
    """

    key: EntryKey
    title: str
    link: str = ""
    summary: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    publisher: str = ""
    credit: str = ""
    seen_at: datetime | None = None

    @property
    def happened_at(self) -> datetime | None:
        """Return the best known time of this report: the feed's, else when we saw it."""
        return self.published or self.seen_at


def short_id(key: EntryKey) -> str:
    """Return 12 hex digits that stand for an entry, the same in every archive."""
    return hashlib.blake2b("\n".join(key).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
