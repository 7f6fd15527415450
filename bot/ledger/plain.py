"""A ledger as plain values, for JSON. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.ledger.ceasefire import Halt, Violations
from bot.ledger.exchange import Exchange, totals
from bot.ledger.figures import Range
from bot.ledger.ledger import Ledger
from bot.ledger.move import Move
from bot.ledger.talks import Meeting


def plain(ledger: Ledger, now: datetime) -> dict[str, Any]:
    """Return *ledger* as it stands *now*."""
    last, due = ledger.moved_last(), ledger.next_date(now)
    return {
        "conflict": ledger.conflict,
        "last_steps": {track: brief(move) for track, move in ledger.last_steps().items()},
        "moved_last": brief(last) if last else None,
        "next_date": {"on": due.on.isoformat(), "what": due.what, "move": due.move.id} if due else None,
        "moves": [move_line(move) for move in ledger.moves],
        "halts": [_halt(halt, now) for halt in ledger.halts],
        "violations": [_violations(each) for each in ledger.violations],
        "meetings": [_meeting(meeting, now) for meeting in ledger.meetings],
        "exchanges": [_exchange(each) for each in ledger.exchanges],
        "totals": _ranges(totals(ledger.exchanges)),
    }


def brief(move: Move) -> str:
    """Return *move* in one line, such as "2025-05-16 talks.held fact confirmed"."""
    by = f" by {move.by}" if move.by else ""
    return f"{move.day} {move.type}{by}, {move.modality}, {move.standing}"


def move_line(move: Move) -> dict[str, Any]:
    """Return *move* with its sources."""
    return {
        "id": move.id,
        "day": move.day.isoformat(),
        "type": move.type.value,
        "by": move.by,
        "side": move.side,
        "modality": move.modality.value,
        "standing": move.standing.value,
        "counts": move.counts,
        "publishers": list(move.publishers),
        "stories": list(move.stories),
        "sources": [
            {
                "title": report.entry.title,
                "link": report.entry.link,
                "publisher": report.entry.publisher,
                "published": report.entry.published.isoformat() if report.entry.published else None,
            }
            for report in move.reports
        ],
    }


def _halt(halt: Halt, now: datetime) -> dict[str, Any]:
    return {
        "phase": halt.phase(now).value,
        "starts_on": halt.starts_on.isoformat() if halt.starts_on else None,
        "ends_on": halt.ends_on.isoformat() if halt.ends_on else None,
        "in_force_on": halt.in_force_on.isoformat() if halt.in_force_on else None,
        "length": halt.length,
        "moves": [brief(move) for move in halt.moves],
        "extensions": [brief(move) for move in halt.extensions],
        "ended": brief(halt.ended) if halt.ended else None,
    }


def _violations(of: Violations) -> dict[str, Any]:
    return {
        "day": of.day.isoformat(),
        "laid_to": of.side,
        "claimed": of.claimed,
        "count": _range(of.count) if of.count else None,
        "moves": [brief(move) for move in of.moves],
    }


def _meeting(meeting: Meeting, now: datetime) -> dict[str, Any]:
    return {
        "on": meeting.on.isoformat(),
        "venues": list(meeting.venues),
        "held": meeting.held(now).value,
        "moves": [brief(move) for move in meeting.moves],
        "outcome": brief(meeting.outcome) if meeting.outcome else None,
    }


def _exchange(of: Exchange) -> dict[str, Any]:
    return {
        "move": brief(of.move),
        "type": of.move.type.value,
        "done": of.done,
        "pairs": list(of.pairs),
        "figures": _ranges(of.figures),
    }


def _ranges(ranges: Mapping[str, Range]) -> dict[str, Any]:
    return {kind: _range(each) for kind, each in ranges.items()}


def _range(of: Range) -> dict[str, Any]:
    said = [{"number": number, "publishers": list(publishers)} for number, publishers in of.said]
    return {"low": of.low, "high": of.high} | ({"said": said} if said else {})
