"""The calendar as an .ics file: talks that have a day, and the last days of ceasefires. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from bot.catalog import Catalog
from bot.ledger.ceasefire import Halt
from bot.ledger.ledger import Ledger
from bot.ledger.move import Move
from bot.ledger.talks import Held, Meeting
from bot.text import link_host

_STATUS = {Held.PROPOSED: "TENTATIVE", Held.HELD: "CONFIRMED", Held.STALLED: "CANCELLED"}
_MOST_LINKS = 5


def calendar(ledgers: Iterable[Ledger], catalog: Catalog, now: datetime) -> bytes:
    """Return all that has a day in *ledgers*, as RFC 5545 wants it; an event keeps its UID when it is told anew."""
    made = Calendar()
    made.add("prodid", "-//Parley//ledgers//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", "Parley: talks and ceasefires")
    for ledger in ledgers:
        for event in (*_meetings(ledger, catalog, now), *_last_days(ledger, catalog)):
            made.add_component(event)
    return bytes(made.to_ical())


def _meetings(ledger: Ledger, catalog: Catalog, now: datetime) -> Iterator[Event]:
    for meeting in ledger.meetings:
        held = meeting.held(now)
        name = f"{catalog.conflict_name(ledger.conflict)}: talks ({meeting.told(now)})"
        event = _event(f"talks-{ledger.conflict}-{meeting.on}", name, meeting.on, _moves(meeting))
        event.add("status", _STATUS.get(held, "CONFIRMED" if meeting.is_certain else "TENTATIVE"))
        if meeting.venues:
            event.add("location", catalog.entity_name(meeting.venues[0]))
        yield event


def _moves(meeting: Meeting) -> tuple[Move, ...]:
    return (*meeting.moves, *((meeting.outcome,) if meeting.outcome else ()))


def _last_days(ledger: Ledger, catalog: Catalog) -> Iterator[Event]:
    for halt in ledger.halts:
        if halt.ends_on and not halt.ended:
            yield _last_day(halt, halt.ends_on, catalog)


def _last_day(halt: Halt, on: date, catalog: Catalog) -> Event:
    name = f"{catalog.conflict_name(halt.conflict)}: last day of the ceasefire"
    return _event(f"expiry-{halt.conflict}-{on}", name, on, halt.moves)


def _event(uid: str, summary: str, on: date, moves: tuple[Move, ...]) -> Event:
    """Return an event of one whole day; it is stamped with the newest report, so the same news gives the same file."""
    entries = [report.entry for move in moves for report in move.reports]
    event = Event()
    event.add("uid", f"{uid}@parley")
    event.add("summary", summary)
    event.add("dtstart", on)
    event.add("dtend", on + timedelta(days=1))
    event.add("dtstamp", max(move.at for move in moves))
    event.add("transp", "TRANSPARENT")
    links = [entry.link for entry in entries if link_host(entry.link)]
    event.add("description", "\n".join((f"by {len(entries)} reports", *dict.fromkeys(links[-_MOST_LINKS:]))))
    return event
