"""All ledgers of one conflict: its moves, its halts, its talks, its exchanges. Pure.

Not a progress bar: a process goes backwards too, so each track tells its last step, and no stage that was reached.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from bot.catalog import Catalog
from bot.ledger.ceasefire import Halt, Violations, halts, violations
from bot.ledger.exchange import Exchange, exchanges
from bot.ledger.move import Move, StoryWithReports, most_said, moves
from bot.ledger.talks import Held, Meeting, meetings
from bot.model import EventType

TRACKS = ("ceasefire", "talks", "agreement")
"""Families of event types of which the last step is told."""

_NO_STEP = frozenset({EventType.CEASEFIRE_VIOLATED, EventType.AGREEMENT_TERMS})
"""A violation ends no truce, and talk of terms is no agreement."""
_BY_THOSE_CONCERNED = frozenset(
    {EventType.CEASEFIRE_PROPOSED, EventType.CEASEFIRE_REJECTED, EventType.TALKS_PROPOSED, EventType.TALKS_STALLED}
)
"""Appeals from outside are listed; a step in the process is what a party or a mediator says."""


class NextDate(NamedTuple):
    """The next day that matters: *what* is to happen *on* it, by which move."""

    on: date
    what: str
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The ledgers of one conflict, each earliest first."""

    conflict: str
    moves: tuple[Move, ...] = ()
    halts: tuple[Halt, ...] = ()
    violations: tuple[Violations, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    def last_steps(self) -> Mapping[str, Move]:
        """Return the last step of each track, by confirmed moves alone."""
        found: dict[str, Move] = {}
        for move in self.moves:
            if _is_step(move):
                found[move.type.family] = move
        return found

    def moved_last(self) -> Move | None:
        """Return the last confirmed step of a party to the conflict alone."""
        return next((move for move in reversed(self.moves) if _is_step(move) and move.side), None)

    def of_story(self, story_id: str) -> "Ledger":
        """Return the meetings alone that a story proposed or set."""
        told = (each for each in self.meetings if any(story_id in move.stories for move in each.moves))
        return Ledger(conflict=self.conflict, meetings=tuple(told))

    def since(self, day: date) -> "Ledger":
        """Return what was due that day or later: meetings, and halts that end."""
        meetings = tuple(each for each in self.meetings if each.on >= day)
        halts = tuple(each for each in self.halts if each.ends_on and each.ends_on >= day)
        return Ledger(conflict=self.conflict, meetings=meetings, halts=halts)

    def next_date(self, now: datetime) -> NextDate | None:
        """Return the nearest day, from today on, on which something is due."""
        today = now.astimezone(UTC).date()
        return min((due for due in self._due(now) if due.on >= today), key=lambda due: (due.on, due.what), default=None)

    def _due(self, now: datetime) -> Iterable[NextDate]:
        for meeting in self.meetings:
            if meeting.held(now) in (Held.PROPOSED, Held.PLANNED, Held.DUE_TODAY):
                yield NextDate(meeting.on, f"talks {meeting.held(now)}", meeting.moves[-1])
        for halt in self.halts:
            if halt.ends_on and not halt.ended:
                yield NextDate(halt.ends_on, "last day of the ceasefire", halt.moves[-1])
        for move in self.moves:
            if not move.struck:
                deadline = most_said(facts.deadline for facts in move.facts)
                starts_on = most_said(facts.starts_on for facts in move.facts)
                if deadline:
                    yield NextDate(deadline, "deadline", move)
                if starts_on and move.type is EventType.CEASEFIRE_PROPOSED:
                    yield NextDate(starts_on, "proposed start of a ceasefire", move)


def ledgers(told: Iterable[StoryWithReports], catalog: Catalog, undone: Collection[str] = ()) -> Mapping[str, Ledger]:
    """Return the ledger of each conflict that has one, by its id, without the moves that the owner has *undone*."""
    by_conflict: dict[str, list[Move]] = {}
    for move in moves(told, catalog, undone):
        by_conflict.setdefault(move.conflict, []).append(move)
    return {conflict: _ledger(conflict, by_conflict[conflict], catalog) for conflict in sorted(by_conflict)}


def _ledger(conflict: str, of: Sequence[Move], catalog: Catalog) -> Ledger:
    return Ledger(
        conflict=conflict,
        moves=tuple(of),
        halts=tuple(halts(of)),
        violations=tuple(violations(of, catalog)),
        meetings=tuple(meetings(of)),
        exchanges=tuple(exchanges(of)),
    )


def _is_step(move: Move) -> bool:
    """Tell whether *move* changes where the process stands."""
    concerned = move.role is not None or move.type not in _BY_THOSE_CONCERNED or not move.by
    return move.counts and move.type.family in TRACKS and move.type not in _NO_STEP and concerned
