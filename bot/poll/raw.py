"""What is read from a feed, before it is ours; and how it becomes entries. Pure.

Apart from `bot.poll.parse`, because the bot itself needs no feedparser: that lives in its children.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.model import Entry, EntryKey, Feed

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = timedelta(days=1)
"""Beyond this a date in the future is no slow clock or wrong zone any more, but nonsense."""


class RawEntry(NamedTuple):
    """An entry as the feed has it, its texts cleaned and its link absolute. Times are in seconds since 1970."""

    id: str
    title: str
    link: str
    summary: str
    published: float | None
    updated: float | None


class RawFeed(NamedTuple):
    """A feed's own title and language ("" if it names none), and its entries."""

    title: str
    language: str
    entries: tuple[RawEntry, ...]


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
            seen_at=now,
        )
        for item in raw.entries
    )


def _moment(seconds: float | None, now: datetime) -> datetime | None:
    """Return the time if it can be true, at most *now*: a future date would keep a story open for ever."""
    if seconds is None or not _EARLIEST.timestamp() <= seconds <= (now + _LATEST).timestamp():
        return None
    return min(datetime.fromtimestamp(seconds, UTC), now)
