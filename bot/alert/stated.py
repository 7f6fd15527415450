"""The line of an alert that says when, how long and where, as far as its reports state it. Pure.

What is only denied, asked or imagined gets none: "Start: 12 May" under it would read as a fact.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.model import EventType, Facts, Modality, Report, Scope, Story
from bot.story.refrain import REACH
from bot.story.status import IS_SPEECH

_NOT_SAID_SO = frozenset(
    {Modality.DENIAL, Modality.CONDITIONAL, Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION}
)
AGAIN_FROM = 2
"""Stories alike before it, from which a reader is told so."""
_DURATION = re.compile(r"PT?(\d+)([HDWMY])")
_UNITS = {"H": "hour", "D": "day", "W": "week", "M": "month", "Y": "year"}


def stated(reports: Sequence[Report], reader: Reader) -> str:
    """Return "Start: 12 May · Duration: 30 days · Where: Istanbul" of *reports*, the one to quote first.

    Each thing is told by the first report that states it; "" if none states any.
    """
    parts: dict[str, str] = {}
    for report in reports:
        for label, value in _parts(report, reader):
            # "Accept the truce by Monday" and "truce from Monday" mean one day.
            if label not in _ONE_DAY or value not in (parts.get(each) for each in _ONE_DAY):
                parts.setdefault(label, value)
    return " · ".join(f"{label}: {phrases.short(parts[label], 60)}" for label in _LABELS if label in parts)


_SCOPES = {
    Scope.FULL: "all fighting",
    Scope.ENERGY: "energy sites",
    Scope.SEA: "the sea",
    Scope.AIR: "the air",
    Scope.LOCAL: "one area only",
    Scope.HOLIDAY: "a holiday only",
    Scope.HUMANITARIAN: "humanitarian needs",
}
_ONE_DAY = ("Start", "Deadline")
_LABELS = ("Start", "End", "Deadline", "Meeting", "Duration", "Covers", "Exchange", "Where")


def _parts(report: Report, reader: Reader) -> Iterator[tuple[str, str]]:
    event = report.event
    if event is None or event.type is EventType.CEASEFIRE_REJECTED or event.modality in _NOT_SAID_SO:
        return
    places = {event.facts.venue: _place(report, event.facts.venue, reader)}
    yield from _terms(event.facts, event.type, places, reader)


def _terms(facts: Facts, type_: EventType, places: Mapping[str, str], reader: Reader) -> Iterator[tuple[str, str]]:
    of_halt = type_.family in ("ceasefire", "humanitarian", "agreement")
    lasts = {"Start": facts.starts_on, "End": facts.ends_on} if of_halt or type_ is EventType.EXCHANGE_PRISONERS else {}
    days = lasts | {"Deadline": facts.deadline, "Meeting": facts.meets_on}
    yield from ((label, _day(day, reader)) for label, day in days.items() if day)
    if of_halt and (length := duration(facts.duration)):
        yield "Duration", length
    if of_halt and facts.scope and type_ is not EventType.CEASEFIRE_VIOLATED:
        yield "Covers", ", ".join(_SCOPES[scope] for scope in facts.scope)
    if exchange := next(_exchanges(facts.counts), ""):
        yield "Exchange", exchange
    if facts.venue:
        yield "Where", places[facts.venue]


def duration(length: str) -> str:
    """Return a length of time (ISO 8601) in words, such as "30 days"; "" if it is none."""
    found = _DURATION.fullmatch(length)
    return phrases.plural(int(found[1]), _UNITS[found[2]]) if found else ""


def again(story: Story, reader: Reader) -> str:
    """Return "15th time in 60 days; new: 30 days" of what is said again and again, "" of anything else."""
    refrain = story.refrain
    if refrain.before < AGAIN_FROM or story.type not in IS_SPEECH:
        return ""
    venue = refrain.new.venue
    places = {venue: reader.catalog.entity_name(venue, reader.language)}
    terms = ", ".join(phrases.short(value, 40) for _, value in _terms(refrain.new, story.type, places, reader))
    new = f"new: {terms}" if terms else "nothing new in its terms" if refrain.new == Facts() else "its terms are new"
    return f"{_ordinal(refrain.before + 1)} time in {REACH.days} days; {new}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _day(day: date, reader: Reader) -> str:
    year = phrases.local(reader.now, reader).year
    return f"{day.day} {day:%b}" + ("" if day.year == year else f" {day.year}")


def _exchanges(counts: Iterable[str]) -> Iterator[str]:
    for count in counts:
        given, _, taken = count.partition(":")
        if given.isdecimal() and taken.isdecimal():
            yield f"{int(given):,} for {int(taken):,}"


def _place(report: Report, venue: str, reader: Reader) -> str:
    """Return the venue in the report's own word, which may be more exact, if that is in the reader's language."""
    mentions = report.event.mentions if report.event else ()
    words = next((mention.text for mention in mentions if mention.role == "venue"), "")
    same_language = report.entry.language == reader.language == "en"
    return words if words and same_language else reader.catalog.entity_name(venue, reader.language)
