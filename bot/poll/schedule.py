"""Decide when to look at a feed again. Pure; no chance is involved, so a replay decides the same.

interval   what the operator says, or else follows from how often the feed brings news: 5 min to 6 h
wait       the interval, a little more or less; never shorter than the server and the feed ask for
failures   the interval, then twice that, up to a day; a feed is given up only if it says twice that it is gone
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import FeedError
from bot.model import MOVED_AFTER, Feed, FeedState, Timetable

FIRST_INTERVAL = timedelta(minutes=30)
LONGEST_INTERVAL = timedelta(hours=6)
SHORTEST_WAIT = timedelta(minutes=5)
"""Between two polls of one feed; shorter is rude (hosts of `allow_private` are the operator's own)."""
LONGEST_WAIT = timedelta(hours=24)
LONGEST_HONOURED_MAX_AGE = timedelta(hours=6)
"""A server that says "good for a year" means its pictures."""
LONGEST_CLOSED = timedelta(days=3)
"""A feed may ask to be left alone over a weekend, not for longer."""
GONE_AFTER = timedelta(hours=1)
"""Two answers "gone for good" that are so far apart are no slip of somebody's hand."""
ONE_NEW, SOME_NEW, NOTHING_NEW = 2 / 3, 1 / 2, 1.1
"""What a poll does to the interval, by what it brought: it comes to rest where about every fifth poll brings news."""
JITTER = 0.1
SPREAD = timedelta(minutes=1)
"""Feeds that were all put off until one moment are asked within so long after it."""
_MAX_DOUBLINGS = 20
_MAX_ERROR = 300


def after_success(
    feed: Feed,
    state: FeedState,
    now: datetime,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    body_hash: str | None = None,
    item_hashes: str | None = None,
    timetable: Timetable | None = None,
    max_age: timedelta | None = None,
    moved_to: str = "",
    new: int = 0,
    floor: timedelta = SHORTEST_WAIT,
) -> FeedState:
    """Return the state of a feed that has just answered; None keeps what we knew of its last body.

    *max_age* is how long the server says that its answer stays good: we do not ask before. *moved_to* is the address
    to which it sent us for good, *new* how many entries it had that we did not know.
    """
    said = state.timetable if timetable is None else timetable
    interval = next_interval(feed, state, new)
    address, times = _moved(state, moved_to)
    wait = max(_jittered(interval, feed.url, now), floor, _asked_for(said, max_age, feed.url, now))
    return replace(
        state,
        next_check_at=when_open(now + wait, said),
        checked_at=now,
        ok_at=now,
        etag=state.etag if etag is None else etag,
        last_modified=state.last_modified if last_modified is None else last_modified,
        body_hash=state.body_hash if body_hash is None else body_hash,
        item_hashes=state.item_hashes if item_hashes is None else item_hashes,
        failures=0,
        last_error="",
        baselined=True,
        interval=interval,
        timetable=said,
        moved_to=address,
        moved_times=times,
        gone_at=None,
        stopped_at=None,
    )


def after_failure(
    feed: Feed,
    state: FeedState,
    now: datetime,
    error: FeedError,
    *,
    cut_off: bool = False,
    floor: timedelta = SHORTEST_WAIT,
) -> FeedState:
    """Return the state of a feed that has just failed: the usual wait, then twice that, up to a day.

    A server that names a time (Retry-After) is not asked before it, within a day. A feed that says it is gone for
    good is asked once more, an hour later at the earliest, and then no more. An address to which a feed has moved
    must work: if it fails, the feed is asked for at its old one again. While we are *cut_off* from the internet
    ourselves no feed is to blame: it is tried again after its usual wait, or half an hour.
    """
    usual = feed.every or state.interval or FIRST_INTERVAL
    backed_off = min(usual * 2 ** min(state.failures, _MAX_DOUBLINGS), LONGEST_WAIT)
    if cut_off:
        backed_off = min(usual, FIRST_INTERVAL)
    told = max(error.retry_after or timedelta(0), GONE_AFTER if error.gone else timedelta(0))
    told = min(told + _spread(feed.url, now), LONGEST_WAIT) if told else told
    wait = max(min(_jittered(backed_off, feed.url, now), LONGEST_WAIT), floor, told)
    gone_at = (state.gone_at or now) if error.gone else None
    stopped = gone_at is not None and now - gone_at >= GONE_AFTER
    after = replace(
        state,
        next_check_at=when_open(now + wait, state.timetable),
        checked_at=now,
        failures=max(state.failures, 1) if cut_off else state.failures + 1,
        last_error=(error.message + ("; it said so twice and is asked no more" if stopped else ""))[:_MAX_ERROR],
        gone_at=gone_at,
        stopped_at=now if stopped else None,
    )
    if not state.new_address or cut_off:
        return after
    return replace(after, moved_to="", moved_times=0, etag="", last_modified="")


def next_interval(feed: Feed, state: FeedState, new: int) -> timedelta:
    """Return the time between two polls after one that brought *new* entries: the operator's, or one that adapts.

    A feed that says how often it publishes is asked so often at least. The first poll proves nothing: all is new.
    """
    if feed.every:
        return feed.every
    usual = state.interval or FIRST_INTERVAL
    if not state.baselined:
        return usual
    longest = max(min(LONGEST_INTERVAL, state.timetable.period or LONGEST_INTERVAL), SHORTEST_WAIT)
    factor = SOME_NEW if new > 1 else ONE_NEW if new else NOTHING_NEW
    return min(max(usual * factor, SHORTEST_WAIT), longest)


def when_open(at: datetime, timetable: Timetable) -> datetime:
    """Return *at*, or if the feed asks not to be asked then, the same minute and second of the next hour that is open.

    So feeds that waited for the same hour do not all come at its first second.
    """
    hour = timedelta(hours=1)
    later = (at + n * hour for n in range(int(LONGEST_CLOSED / hour) + 1))
    return next((moment for moment in later if _is_open(moment, timetable)), at)


def _is_open(at: datetime, timetable: Timetable) -> bool:
    return at.hour not in timetable.skip_hours and at.weekday() not in timetable.skip_days


def _asked_for(timetable: Timetable, max_age: timedelta | None, url: str, now: datetime) -> timedelta:
    """Return how long the server and the feed ask to be left alone."""
    told = max(timetable.ttl or timedelta(0), max_age or timedelta(0))
    return min(told, LONGEST_HONOURED_MAX_AGE) + _spread(url, now) if told else timedelta(0)


def _moved(state: FeedState, moved_to: str) -> tuple[str, int]:
    """Return the address to which the feed is moving, and how many answers in a row named it."""
    if not moved_to:
        return (state.moved_to, state.moved_times) if state.new_address else ("", 0)
    return moved_to, min(state.moved_times + 1, MOVED_AFTER) if moved_to == state.moved_to else 1


def _jittered(wait: timedelta, url: str, now: datetime) -> timedelta:
    """Return *wait* up to 10 % shorter or longer, so that feeds which started together drift apart."""
    return wait * (1 + JITTER * (2 * _part(url, now) - 1))


def _spread(url: str, now: datetime) -> timedelta:
    return SPREAD * _part(url, now)


def _part(url: str, now: datetime) -> float:
    """Return a number from 0 to 1 that looks like chance and is none."""
    digest = hashlib.blake2b(f"{url}\n{now.isoformat()}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 0xFFFFFFFF
