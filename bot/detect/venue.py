"""Where talks are held, as against where the fighting is. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from bot.catalog import Conflict, Entity
from bot.detect.fact_words import FactWords, compiled, fold
from bot.detect.gazetteer import Named
from bot.detect.reading import Reading

VENUE_KINDS = frozenset({"place", "country", "territory"})
_NEAR = 60
_SENTENCE_END = re.compile(r"[.!?;|]\s")


class NamedPlace(NamedTuple):
    """An entity, named by the characters *start* to *end* of a text."""

    entity: Entity
    start: int
    end: int


def named_places(reading: Reading, names: Iterable[Named], shift: int = 0) -> tuple[NamedPlace, ...]:
    """Return the places among *names*, by their characters in *reading* plus *shift*."""
    spans = ((name.entity, reading.place(name.start, name.end)) for name in names if name.entity.kind in VENUE_KINDS)
    return tuple(NamedPlace(entity, first + shift, last + shift) for entity, (first, last) in spans)


class VenueFinder:
    """Finds the venue in texts of one language: a place behind "in", "at" or "to", or before "talks", near talks."""

    def __init__(self, words: FactWords) -> None:
        self._talks, self._attack = (words.pattern("things", key) for key in ("talks", "attack"))
        self._capital = words.pattern("things", "capitals")
        self._at = compiled(rf"(?<!\w)(?:{words.term('things', 'at')})\s+(?:the\s+)?$")
        about, talks = words.term("things", "spoken_of"), words.term("things", "talks")
        self._only_spoken_of = compiled(rf"(?<!\w)(?:{about})\s+(?:[\w'-]+\s+){{0,2}}(?:{talks})(?!\w)")
        self._talks_next = compiled(rf"(?:'s)?[\s-]+(?:[\w'-]+\s+)?(?:{talks})(?!\w)")

    def find(
        self,
        text: str,
        names: Iterable[NamedPlace],
        conflicts: Sequence[Conflict],
        *,
        of_talks: bool,
        held: bool = False,
    ) -> NamedPlace | None:
        """Return the place where the talks of *conflicts* are held, None if *text* names none.

        *of_talks*: the text is about talks, whether or not it has that word. *held*: they took place, so that what
        people "spoke about" there are other talks.
        """
        text = fold(text)
        spoken_of = self._only_spoken_of.search(text) if held else None
        known = {venue for conflict in conflicts for venue in conflict.venues}
        fought_over = {conflict.id for conflict in conflicts}
        end = spoken_of.start() if spoken_of else len(text)
        places = [name for name in names if name.end <= end and self._may_host(name, text, known, fought_over)]
        hosts = [place for place in places if self._hosts(text, place, known, of_talks=of_talks)]
        return min(hosts, key=lambda place: (place.entity.kind != "place", place.start), default=None)

    def _hosts(self, text: str, place: NamedPlace, known: Collection[str], *, of_talks: bool) -> bool:
        if self._talks_next.match(text, place.end):
            return place.entity.kind == "place" or (place.entity.id in known and self._is_capital(place, text))
        if not self._at.search(text, max(0, place.start - 20), place.start):
            return False
        talks, attack = (_distance(pattern, text, place) for pattern in (self._talks, self._attack))
        if talks is None:
            return of_talks and attack is None
        return attack is None or talks <= attack

    def _may_host(self, place: NamedPlace, text: str, known: Collection[str], fought_over: Collection[str]) -> bool:
        """Say whether talks can be held there: not in the land or town that is fought over, but in a capital."""
        of_war = any(conflict in fought_over for conflict, _ in place.entity.links)
        if place.entity.kind == "country" and of_war:
            return self._is_capital(place, text)
        return place.entity.id in known or not of_war

    def _is_capital(self, place: NamedPlace, text: str) -> bool:
        """Say whether a country is named by its capital: "Kyiv" and not "Ukraine"."""
        return self._capital.fullmatch(text, place.start, place.end) is not None


def _distance(pattern: re.Pattern[str], text: str, place: NamedPlace) -> int | None:
    """Return how many characters off the nearest match in the same sentence is, None if there is none near."""
    return min((gap for gap in _gaps(pattern, text, place) if gap <= _NEAR), default=None)


def _gaps(pattern: re.Pattern[str], text: str, place: NamedPlace) -> Iterator[int]:
    for hit in pattern.finditer(text):
        first, last = min(hit.end(), place.end), max(hit.start(), place.start)
        if not _SENTENCE_END.search(text, first, last):
            yield last - first
