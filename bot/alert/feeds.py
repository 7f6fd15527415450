"""What the owner is told of feeds: that one has been silent for a day, and that it is heard again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.model import FailingFeed, Feed, FeedState
from bot.text import escape

SILENT = timedelta(hours=24)
FEWEST_FAILURES = 3
"""Fewer polls in vain prove nothing: a bot that was off for days has not heard its feeds either."""
BETWEEN = timedelta(hours=24)
"""The owner is told of feeds at most so often."""
MOST_NAMED = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the owner was last told of feeds: *at* what time, and which of them are *down*."""

    at: datetime | None = None
    down: frozenset[str] = frozenset()


def is_down(state: FeedState | FailingFeed, now: datetime) -> bool:
    """Return whether the feed has been asked in vain for a day, or was never heard, or is gone for good."""
    silent = state.ok_at is None or now - state.ok_at >= SILENT
    return state.stopped_at is not None or (state.failures >= FEWEST_FAILURES and silent)


def trouble(
    states: Sequence[FeedState | FailingFeed], feeds: Mapping[str, Feed], told: Told, reader: Reader
) -> tuple[str, Told] | None:
    """Return what to tell the owner, and what is told then; None while there is nothing new, or the last is fresh.

    A feed is told of once when it is down and once when it is back; one that is no longer polled, not at all.
    """
    now = reader.now
    if told.at and now - told.at < BETWEEN:
        return None
    down = [state for state in states if is_down(state, now)]
    still = frozenset(state.url for state in down)
    new = [state for state in down if state.url not in told.down]
    back = [state for state in states if state.url in told.down and not state.failures and not state.stopped_at]
    if not new and not back:
        return None
    blocks = ["\n<b>Not heard for a day</b>"] * bool(new)
    blocks += _listed([f"{_title(state, feeds)}: {_silence(state, reader)}" for state in new])
    blocks += ["\n<b>Heard again</b>"] * bool(back)
    blocks += _listed([_title(state, feeds) for state in back])
    foot = "\n/feeds lists all; /feed off and a number stops asking one. I go on trying; I tell you once a day at most."
    polled = {state.url for state in states}
    after = (told.down & polled | still) - {state.url for state in back}
    return phrases.fit("📡 <b>Feeds</b>", blocks, foot), Told(at=now, down=after)


def _listed(lines: Sequence[str]) -> list[str]:
    more = [f"… and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    return [f"• {line}" for line in lines[:MOST_NAMED]] + more


def _title(state: FeedState | FailingFeed, feeds: Mapping[str, Feed]) -> str:
    feed = feeds.get(state.url)
    return phrases.short(feed.title if feed and feed.title else state.url, 80)


def _silence(state: FeedState | FailingFeed, reader: Reader) -> str:
    if state.stopped_at:
        return escape(state.last_error)
    since = f"last heard {phrases.moment(state.ok_at, reader)}" if state.ok_at else "never heard"
    return f"{since} ({phrases.short(state.last_error, 120)})"
