"""A ledger in plain lines, for a terminal. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from bot.catalog import Catalog
from bot.ledger.ceasefire import Halt, Violations
from bot.ledger.exchange import Exchange, totals
from bot.ledger.figures import Range
from bot.ledger.ledger import Ledger
from bot.ledger.move import Move
from bot.ledger.talks import Meeting
from bot.model import Modality


def lines(ledger: Ledger, catalog: Catalog, now: datetime) -> Sequence[str]:
    """Return *ledger* as it stands *now*: where the process stands, then each ledger, earliest first."""
    sections: Mapping[str, Sequence[str]] = {
        "Moves": [f"{move.id}  {describe(move, catalog)}" for move in ledger.moves],
        "Ceasefires": [_halt(halt, catalog, now) for halt in ledger.halts],
        "Violations": [_violations(each, ledger.conflict, catalog) for each in ledger.violations],
        "Talks": [_meeting(meeting, catalog, now) for meeting in ledger.meetings],
        "Exchanges and corridors": [*(exchange(each) for each in ledger.exchanges), *_totals(ledger)],
    }
    return [
        f"{catalog.conflict_name(ledger.conflict)} ({ledger.conflict})",
        *(f"  {line}" for line in _head(ledger, catalog, now)),
        *(line for title, found in sections.items() if found for line in (f"  {title}", *(f"    {x}" for x in found))),
    ]


def calendar_lines(ledgers: Iterable[Ledger], catalog: Catalog, now: datetime) -> Sequence[str]:
    """Return what has a day in *ledgers*, by day: talks, and the last days of ceasefires."""
    found: list[tuple[date, str]] = []
    for ledger in ledgers:
        name = catalog.conflict_name(ledger.conflict)
        found += [(each.on, f"{name}: talks {_meeting(each, catalog, now)}") for each in ledger.meetings]
        found += [
            (halt.ends_on, f"{name}: ceasefire {halt.ends_on}, its last day")
            for halt in ledger.halts
            if halt.ends_on and not halt.ended
        ]
    return [line for _, line in sorted(found)]


def _head(ledger: Ledger, catalog: Catalog, now: datetime) -> Iterator[str]:
    for track, move in ledger.last_steps().items():
        yield f"{track}: {describe(move, catalog)}"
    if last := ledger.moved_last():
        yield f"moved last: {describe(last, catalog)}"
    if due := ledger.next_date(now):
        yield f"next: {due.on} {due.what}"


def describe(move: Move, catalog: Catalog) -> str:
    """Return *move* in one line, such as "2025-05-12 ceasefire.rejected by Russia: fact, confirmed, 5 sources"."""
    who = catalog.entity_name(move.by) if move.by else ""
    by = f", says {who}" if who and move.modality is Modality.CLAIM else f" by {who}" if who else ""
    sources = f"{len(move.publishers)} source{'s' if move.publishers[1:] else ''}"
    return f"{move.day} {move.type}{by}: {move.modality}, {move.standing}, {sources}"


def side_name(conflict_id: str, side: str, catalog: Catalog) -> str:
    """Return the name of the party that stands for a side, "" for none."""
    conflict = catalog.conflicts.get(conflict_id)
    parties = conflict.parties.get(side, ()) if conflict else ()
    return catalog.entity_name(parties[0]) if parties else ""


def _halt(halt: Halt, catalog: Catalog, now: datetime) -> str:
    days = {"from": halt.starts_on, "to": halt.ends_on, "reported in force": halt.in_force_on}
    parts = [f"{name} {day}" for name, day in days.items() if day]
    if halt.extensions:
        parts.append(f"extended {_days(move.day for move in halt.extensions)}")
    if halt.ended:
        parts.append(f"ended {halt.ended.day}")
    length = f" ({halt.length})" if halt.length else ""
    return f"{halt.phase(now)}{length}: {', '.join(parts) or 'no dates stated'}; {describe(halt.moves[0], catalog)}"


def _days(days: Iterable[date]) -> str:
    return ", ".join(map(str, days))


def _violations(of: Violations, conflict_id: str, catalog: Catalog) -> str:
    whose = side_name(conflict_id, of.side, catalog) or "nobody named"
    count = of.count.words if of.count else "no number"
    said = f"{'claimed' if of.claimed else 'reported'}, laid to {whose}"
    return f"{of.day} {count}, {said}"


def _meeting(meeting: Meeting, catalog: Catalog, now: datetime) -> str:
    where = "/".join(catalog.entity_name(venue) for venue in meeting.venues)
    outcome = f" {meeting.outcome.day}" if meeting.outcome else ""
    return f"{meeting.on}{f' {where}' if where else ''}: {meeting.told(now)}{outcome}"


def exchange(of: Exchange) -> str:
    """Return an exchange or corridor in one line."""
    state = "done" if of.done else "planned" if of.move.modality is Modality.PLAN else "not confirmed"
    told = ", ".join((*of.pairs, *(f"{figure.words} {kind}" for kind, figure in of.figures.items()))) or "no number"
    return f"{of.move.day} {of.move.type}: {told}, {state}{''.join(map(_differing, of.figures.values()))}"


def _differing(figure: Range) -> str:
    if figure.low == figure.high:
        return ""
    return " (" + "; ".join(f"{number:,} by {', '.join(who)}" for number, who in figure.said) + ")"


def _totals(ledger: Ledger) -> Iterator[str]:
    found = totals(ledger.exchanges)
    if found:
        yield "in all done: " + ", ".join(f"{figure.words} {kind}" for kind, figure in found.items())
