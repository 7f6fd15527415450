"""Decide when to look at a feed again. Pure; no chance is involved, so a replay decides the same."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import FeedError
from bot.model import Feed, FeedState

SHORTEST_WAIT = timedelta(minutes=5)
"""Between two polls of one feed; shorter is rude (hosts of `allow_private` are the operator's own)."""
LONGEST_WAIT = timedelta(hours=24)
LONGEST_HONOURED_MAX_AGE = timedelta(hours=6)
"""A server that says "good for a year" means its pictures."""
JITTER = 0.1
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
    max_age: timedelta | None = None,
    floor: timedelta = SHORTEST_WAIT,
) -> FeedState:
    """Return the state of a feed that has just answered, changed or not; None keeps what we knew of its last body.

    *max_age* is how long the server says that its answer stays good: we do not ask before.
    """
    wait = max(_jittered(feed.every, feed.url, now), floor, min(max_age or timedelta(0), LONGEST_HONOURED_MAX_AGE))
    return replace(
        state,
        next_check_at=now + wait,
        checked_at=now,
        ok_at=now,
        etag=state.etag if etag is None else etag,
        last_modified=state.last_modified if last_modified is None else last_modified,
        body_hash=state.body_hash if body_hash is None else body_hash,
        failures=0,
        last_error="",
        baselined=True,
    )


def after_failure(
    feed: Feed, state: FeedState, now: datetime, error: FeedError, *, floor: timedelta = SHORTEST_WAIT
) -> FeedState:
    """Return the state of a feed that has just failed: the usual wait, then twice that, up to a day, never given up.

    A server that names a time (Retry-After) is not asked before it, within a day.
    """
    backed_off = min(feed.every * 2 ** min(state.failures, _MAX_DOUBLINGS), LONGEST_WAIT)
    told = min(error.retry_after or timedelta(0), LONGEST_WAIT)
    wait = max(min(_jittered(backed_off, feed.url, now), LONGEST_WAIT), floor, told)
    return replace(
        state,
        next_check_at=now + wait,
        checked_at=now,
        failures=state.failures + 1,
        last_error=error.message[:_MAX_ERROR],
    )


def _jittered(wait: timedelta, url: str, now: datetime) -> timedelta:
    """Return *wait* up to 10 % shorter or longer, so that feeds which started together drift apart."""
    digest = hashlib.blake2b(f"{url}\n{now.isoformat()}".encode(), digest_size=4).digest()
    part = int.from_bytes(digest) / 0xFFFFFFFF
    return wait * (1 + JITTER * (2 * part - 1))
