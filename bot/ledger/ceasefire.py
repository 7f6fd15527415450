"""The ceasefire clock: when halts begin and end, what extends or ends them, and violations day by day. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from bot.catalog import Catalog
from bot.ledger.figures import Range, amounts, spread
from bot.ledger.move import Move, most_said
from bot.model import EventType, Form, Modality, Report, Scope, Standing
from bot.story.voice import side_of

REMIND = timedelta(hours=24)
"""How long before its end a halt is spoken of again: only its last day is known, not the hour."""

ONE_START = timedelta(days=1)
"""Days that differ by no more may be one start by two clocks."""
ONE_DECLARATION = timedelta(days=3)
"""A start that is told so long after a halt without one is not that halt's."""

_OPENS = frozenset({EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.CEASEFIRE_EXTENDED})
ON_THE_CLOCK = _OPENS | {EventType.CEASEFIRE_ENDED}
"""The steps that halts are made of."""

_LENGTH = re.compile(r"PT?(\d+)([HDWMY])")
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}


class Phase(StrEnum):
    """How far a halt has come."""

    DECLARED = "declared"
    DUE = "to have begun, no confirmed report that it did"
    IN_FORCE = "in force"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A halt to fighting: from *starts_on* to *ends_on*, both days included, as far as they are stated.

    *in_force_on* is the day on which it was first reported to be in force. *moves* declared it, put it in force or
    extended it; *extensions* are those that extended it; *ended* is the move that ended it. *length* is as declared
    (ISO 8601).
    """

    conflict: str
    moves: tuple[Move, ...]
    starts_on: date | None = None
    ends_on: date | None = None
    in_force_on: date | None = None
    length: str = ""
    extensions: tuple[Move, ...] = ()
    ended: Move | None = None

    @property
    def one_sided(self) -> bool:
        """Tell whether a report says that one side alone keeps it, and none that both do."""
        forms = {facts.form for move in self.moves for facts in move.facts}
        return Form.UNILATERAL in forms and Form.BILATERAL not in forms

    @property
    def expires_at(self) -> datetime | None:
        """Return the end of its last day, in UTC."""
        return datetime.combine(self.ends_on + timedelta(days=1), datetime.min.time(), UTC) if self.ends_on else None

    def phase(self, now: datetime) -> Phase:
        """Return how far it has come by *now*."""
        if self.ended:
            return Phase.ENDED
        if self.expires_at and self.expires_at <= now:
            return Phase.EXPIRED
        if self.in_force_on or self.extensions:
            return Phase.IN_FORCE
        due = self.starts_on is not None and self.starts_on <= now.astimezone(UTC).date()
        return Phase.DUE if due else Phase.DECLARED


@dataclass(frozen=True, slots=True, kw_only=True)
class Violations:
    """Violations on one day that are laid to one side ("" where nobody says whose), claimed or reported as fact."""

    day: date
    side: str
    claimed: bool
    count: Range | None
    moves: tuple[Move, ...]


# ------------------------------------------------------------------------------------------ the clock
def halts(moves: Iterable[Move]) -> Sequence[Halt]:
    """Return the halts of one conflict, earliest first. Only moves that count make, extend or end one."""
    found: list[Halt] = []
    for move in moves:
        if not move.counts:
            continue
        current = found[-1] if found and found[-1].ended is None else None
        if move.type is EventType.CEASEFIRE_ENDED and current:
            found[-1] = replace(current, ended=move)
        elif move.type in _OPENS:
            if current and _continues(current, move):
                found[-1] = _with(current, move)
            else:
                found.append(_with(Halt(conflict=move.conflict, moves=()), move))
    return found


def expiring(halts: Iterable[Halt], now: datetime) -> Sequence[Halt]:
    """Return the halts that end within a day from *now*."""
    return [halt for halt in halts if halt.ended is None and (end := halt.expires_at) and end - REMIND <= now < end]


def _continues(halt: Halt, move: Move) -> bool:
    """Tell whether *move* is of this *halt*: it speaks of no other one, and the halt is not over yet."""
    starts_on = most_said(facts.starts_on for facts in move.facts)
    scopes = [_scope([move]), _scope(halt.moves)]
    if all(scopes) and scopes[0].isdisjoint(scopes[1]):
        return False
    if move.type is EventType.CEASEFIRE_EXTENDED:
        return True
    if halt.ends_on and (starts_on or move.day) > halt.ends_on:
        return False
    if starts_on and halt.starts_on:
        return abs(starts_on - halt.starts_on) <= ONE_START
    return starts_on is None or move.day - halt.moves[-1].day <= ONE_DECLARATION


def _scope(moves: Iterable[Move]) -> frozenset[Scope]:
    return frozenset(scope for move in moves for facts in move.facts for scope in facts.scope) - {Scope.FULL}


def _with(halt: Halt, move: Move) -> Halt:
    """Return *halt* with what *move* says of it; an extension moves its end, else what was known first stays."""
    starts_on, ends_on, length = (
        most_said(getattr(facts, name) for facts in move.facts) for name in ("starts_on", "ends_on", "duration")
    )
    extends = move.type is EventType.CEASEFIRE_EXTENDED
    if extends:
        base = halt.ends_on + timedelta(days=1) if halt.ends_on else starts_on
        return replace(
            halt,
            moves=(*halt.moves, move),
            extensions=(*halt.extensions, move),
            ends_on=ends_on or _last_day(base, length or "") or halt.ends_on,
        )
    in_force_on = halt.in_force_on or (move.day if move.type is EventType.CEASEFIRE_IN_EFFECT else None)
    starts_on = halt.starts_on or starts_on
    length = halt.length or length or ""
    return replace(
        halt,
        moves=(*halt.moves, move),
        starts_on=starts_on,
        in_force_on=in_force_on,
        ends_on=halt.ends_on or ends_on or _last_day(starts_on or in_force_on, length),
        length=length,
    )


def _last_day(first: date | None, length: str) -> date | None:
    """Return the last day of so long a time that begins with the day *first*; hours count as the days they fill."""
    found = _LENGTH.fullmatch(length)
    if first is None or found is None:
        return None
    number, unit = int(found[1]), found[2]
    days = -(-number // 24) if unit == "H" else number * _DAYS[unit]
    return first + timedelta(days=days - 1)


# ------------------------------------------------------------------------------------------ violations
def violations(moves: Iterable[Move], catalog: Catalog) -> Sequence[Violations]:
    """Return the violations that were reported, by day and by the side they are laid to."""
    groups: dict[tuple[date, str, bool], list[tuple[Move, Report]]] = {}
    for move in moves:
        if move.type is EventType.CEASEFIRE_VIOLATED and not move.struck:
            claimed = not (move.modality is Modality.FACT and move.standing is Standing.CONFIRMED)
            side = _accused(move, catalog, claimed=claimed)
            for report in move.reports:
                groups.setdefault((_day(report, move), side, claimed), []).append((move, report))
    return [
        Violations(
            day=day,
            side=side,
            claimed=claimed,
            count=spread(count for _, report in group for count in _counted(report)),
            moves=tuple({move.id: move for move, _ in group}.values()),
        )
        for (day, side, claimed), group in sorted(groups.items(), key=lambda item: item[0])
    ]


def _day(report: Report, move: Move) -> date:
    """Return the day of the violations that *report* tells: a count is of its own day, not of the first claim's."""
    at = report.entry.happened_at
    if report.event is None or at is None or not list(_counted(report)):
        return move.day
    return report.event.occurred_on or at.astimezone(UTC).date()


def _counted(report: Report) -> Iterable[tuple[int, str]]:
    """Yield how many violations *report* counts, and whose report it is."""
    for amount in amounts(report.event.facts.counts) if report.event else ():
        if amount.kind == "violations":
            yield amount.number, report.entry.publisher


def _accused(move: Move, catalog: Catalog, *, claimed: bool) -> str:
    """Return the side to which *move* lays the violations: the other one than whose who claims them.

    Of what is confirmed as a fact, the only side that its reports name at all: who is named first may be the one hit.
    """
    conflict = catalog.conflicts.get(move.conflict)
    sides = [side for side in (conflict.parties if conflict else ()) if side in ("A", "B", "C", "D")]
    events = [report.event for report in move.reports if report.event]
    if not claimed:
        named = {side_of(actor, move.conflict, catalog) for event in events for actor in event.actors} - {""}
        return named.pop() if len(named) == 1 else ""
    speaker = side_of(most_said(event.speaker for event in events) or "", move.conflict, catalog)
    others = [side for side in sides if side != speaker]
    return others[0] if speaker and len(others) == 1 else ""
