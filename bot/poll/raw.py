"""What is read from a feed, before it is ours; and how it becomes entries. Pure.

Apart from `bot.poll.parse`, because the bot itself needs no feedparser: that lives in its children.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.model import Entry, EntryKey, Feed

HASH_LENGTH = 12
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = timedelta(days=1)
"""Beyond this a date in the future is no slow clock or wrong zone any more, but nonsense."""


class RawEntry(NamedTuple):
    """An entry as the feed has it, its texts cleaned and its link absolute. Times are in seconds since 1970.

    *credit* is its source, as an aggregator names it, else its author.
    """

    id: str
    title: str
    link: str
    summary: str
    published: float | None
    updated: float | None
    credit: str = ""


class RawFeed(NamedTuple):
    """A feed's own title and language ("" if it names none), and its entries.

    *offered* is how many items it had, those included that were not read since they are known already. *hashes* tells
    them at the next poll, each in HASH_LENGTH letters, "" if nothing can. A *broken* feed was read, but is no good XML.
    """

    title: str
    language: str
    entries: tuple[RawEntry, ...]
    offered: int = 0
    hashes: str = ""
    broken: bool = False


def body_hash(body: bytes) -> str:
    """Return what tells *body* from any other."""
    return hashlib.sha256(body).hexdigest()[:32]


def as_entries(raw: RawFeed, feed: Feed, now: datetime) -> tuple[Entry, ...]:
    """Return *raw* as entries of *feed* that were seen *now*."""
    return tuple(
        Entry(
            key=EntryKey(feed.url, item.id),
            title=item.title,
            link=item.link,
            summary=item.summary,
            published=_moment(item.published, now) or _moment(item.updated, now),
            updated=_moment(item.updated, now),
            language=feed.language or raw.language,
            publisher=feed.publisher or feed.title or raw.title,
            credit=item.credit,
            seen_at=now,
        )
        for item in raw.entries
    )


def _moment(seconds: float | None, now: datetime) -> datetime | None:
    """Return the time if it can be true, at most *now*: a future date would keep a story open for ever."""
    if seconds is None or not _EARLIEST.timestamp() <= seconds <= (now + _LATEST).timestamp():
        return None
    return min(datetime.fromtimestamp(seconds, UTC), now)
