"""The talks calendar: when and where they are to meet, and whether they did. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from bot.ledger.move import Move, most_said
from bot.model import EventType

LATE = timedelta(days=2)
"""Talks that begin so long after their day are still those that were due."""


class Held(StrEnum):
    """What became of a meeting."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    DUE_TODAY = "due today, no confirmed report of it yet"
    NO_REPORT = "was due, no confirmed report of it"
    HELD = "held"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Talks, a call or a signing that is to be *on* a day. *venues* are ids, the one most named first.

    *moves* proposed or set it; *outcome* is the move that tells that it took place, or that it came to nothing.
    """

    conflict: str
    on: date
    venues: tuple[str, ...]
    moves: tuple[Move, ...]
    outcome: Move | None = None

    @property
    def is_set(self) -> bool:
        """Tell whether it is more than a proposal."""
        return any(move.type is not EventType.TALKS_PROPOSED for move in self.moves)

    @property
    def is_certain(self) -> bool:
        """Tell whether a confirmed report sets it."""
        return self.is_set and any(move.counts for move in self.moves)

    def held(self, now: datetime) -> Held:
        """Return what became of it by *now*."""
        if self.outcome:
            return Held.HELD if self.outcome.type is EventType.TALKS_HELD else Held.STALLED
        today = now.astimezone(UTC).date()
        if self.on > today:
            return Held.PLANNED if self.is_set else Held.PROPOSED
        return Held.DUE_TODAY if self.on == today else Held.NO_REPORT

    def told(self, now: datetime) -> str:
        """Return what became of it by *now*, in words; of what is still to come also that it is unconfirmed."""
        held = self.held(now)
        return f"{held}, unconfirmed" if held is Held.PLANNED and not self.is_certain else held.value


def meetings(moves: Sequence[Move]) -> Sequence[Meeting]:
    """Return the meetings of one conflict that have a day, by day; each day once."""
    by_day: dict[date, list[Move]] = {}
    for move in moves:
        on = most_said(facts.meets_on for facts in move.facts)
        if on and not move.struck and move.type is not EventType.TALKS_STALLED:
            by_day.setdefault(on, []).append(move)
    return [_meeting(on, by_day[on], moves) for on in sorted(by_day)]


def _meeting(on: date, told: Sequence[Move], moves: Sequence[Move]) -> Meeting:
    named = Counter(facts.venue for move in told for facts in move.facts if facts.venue)
    return Meeting(
        conflict=told[0].conflict,
        on=on,
        venues=tuple(venue for venue, _ in named.most_common()),
        moves=tuple(told),
        outcome=_outcome(on, moves),
    )


def _outcome(on: date, moves: Sequence[Move]) -> Move | None:
    """Return the first confirmed report of talks on that day or soon after, else of their failing."""
    soon = [move for move in moves if move.counts and on <= move.day <= on + LATE]
    held = (move for move in soon if move.type is EventType.TALKS_HELD)
    stalled = (move for move in soon if move.type is EventType.TALKS_STALLED)
    return next(held, None) or next(stalled, None)
