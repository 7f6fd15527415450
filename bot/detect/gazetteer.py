"""Who and where: names in a text, and the conflicts that they speak of. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from bot.catalog import Conflict, Entity, Span
from bot.detect.reading import Reading
from bot.detect.terms import Compiler, Sequence

ACTOR_KINDS = frozenset({"country", "person", "armed_group", "org", "territory"})
PLACE_KINDS = frozenset({"place", "territory"})
BYSTANDER = "X"
"""The side of whatever belongs to a conflict and to no party of it: its places, mediators, accords."""

ASSIGNED_AT = 2.0
SUMMARY_FACTOR = 0.6
_LANDS = frozenset({"country", "territory"})
_IN = frozenset({"in", "в", "у", "во"})
_AND = frozenset({"and", "та", "і", "й", "и"})
_PARTY_WEIGHT = {"country": 2.0, "armed_group": 2.0, "person": 2.0, "accord": 2.0, "territory": 2.0}


class Named(NamedTuple):
    """An entity, named by the words *start* to *end*."""

    entity: Entity
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DateSpan:
    """The days on one of which something was published: one day, a month, a year."""

    first: date
    last: date

    def meets(self, spans: tuple[Span, ...]) -> bool:
        """Say whether this shares a day with one of *spans*; if there are none, with every day."""
        if not spans:
            return True
        first, last = self.first.isoformat(), self.last.isoformat()
        return any(last >= start and (not end or first <= end) for start, end in spans)


@dataclass(slots=True)
class Gazetteer:
    """All aliases of all entities, indexed by their rarest word."""

    entities: Mapping[str, Entity]
    _by_anchor: dict[int, list[tuple[Entity, Sequence | None]]] = field(default_factory=dict)
    """None: a word that is the name by itself."""

    def add(self, entity: Entity, aliases: Iterable[str], compiler: Compiler) -> None:
        """Learn *aliases* of *entity*; raise TermError for one that does not compile."""
        for alias in aliases:
            for sequence in compiler.sequences(alias, name=True):
                known = entity, None if sequence.words else sequence
                for atom in sequence.anchors:
                    self._by_anchor.setdefault(atom, []).append(known)

    def find(self, reading: Reading) -> list[Named]:
        """Return the names in a text, from left to right; the longer name hides a stranger's name inside it."""
        names = self.find_all(reading)
        if all(name.end - name.start == 1 for name in names):
            return names
        return [name for name in names if not any(_hides(other, name) for other in names)]

    def find_all(self, reading: Reading) -> list[Named]:
        """Return the names in a text, those inside longer names too ("*Istanbul* agreements")."""
        found: dict[tuple[int, int, str], Entity] = {}
        for atom in reading.atoms & self._by_anchor.keys():
            for entity, sequence in self._by_anchor[atom]:
                if sequence is None:
                    spans: Iterable[tuple[int, int]] = [(at, at + 1) for at in reading.at(atom)]
                else:
                    spans = reading.match(sequence) if reading.has_words(sequence) else ()
                for start, end in spans:
                    found[start, end, entity.id] = entity
        return [Named(found[key], key[0], key[1]) for key in sorted(found)]


def _hides(longer: Named, name: Named) -> bool:
    if longer.end - longer.start <= name.end - name.start or longer.start > name.start or longer.end < name.end:
        return False
    return not {conflict for conflict, _ in longer.entity.links} & {conflict for conflict, _ in name.entity.links}


@dataclass(slots=True)
class Bearing:
    """How much an entry says of each conflict: *score*, and the sides named in it and in its title.

    *seats* are the conflicts that the title places in a land that is at war in no other.
    """

    score: dict[str, float] = field(default_factory=dict)
    sides: dict[str, set[str]] = field(default_factory=dict)
    title_sides: dict[str, set[str]] = field(default_factory=dict)
    seats: set[str] = field(default_factory=set)

    @property
    def best(self) -> list[str]:
        """Return the conflicts that the entry is about, the clearest first."""
        named = [conflict for conflict, score in self.score.items() if score >= ASSIGNED_AT]
        return sorted(named, key=lambda conflict: (-self.score[conflict], conflict))


def weigh(
    title: list[Named],
    summary: list[Named],
    *,
    conflicts: Mapping[str, Conflict],
    weak: frozenset[str],
    when: DateSpan | None,
    placed_in: frozenset[str] = frozenset(),
) -> Bearing:
    """Return what the names in *title* and *summary* say of *conflicts* that were open at *when* (None: whenever).

    *weak* names are in every second headline: one alone does not assign a conflict. *placed_in* are the lands in which
    the title says that something is so.
    """
    bearing = Bearing()
    for names, factor in ((title, 1.0), (summary, SUMMARY_FACTOR)):
        for entity in {name.entity.id: name.entity for name in names}.values():
            links = [each for each in entity.links if when is None or when.meets(conflicts[each[0]].active)]
            for conflict, side in links:
                weight = _weight(entity, side, weak) * factor
                bearing.score[conflict] = bearing.score.get(conflict, 0.0) + weight
                if side != BYSTANDER:
                    bearing.sides.setdefault(conflict, set()).add(side.upper())
                    if names is title:
                        bearing.title_sides.setdefault(conflict, set()).add(side.upper())
            if names is title and len(links) == 1 and entity.id in placed_in:
                bearing.seats.add(links[0][0])
    return bearing


def places_in(title: Reading, names: Iterable[Named]) -> frozenset[str]:
    """Return the lands that stand behind "in" in *title*: "peace *in* Ukraine", "a truce *in* Gaza *and* Sudan"."""
    found: list[Named] = []
    for name in names:
        before = title.word(name.start - 1).lower() if name.start else ""
        joined = before in _AND and any(land.end == name.start - 1 for land in found)
        if name.entity.kind in _LANDS and (before in _IN or joined):
            found.append(name)
    return frozenset(land.entity.id for land in found)


def resolve(bearing: Bearing, conflicts: Mapping[str, Conflict]) -> list[str]:
    """Return the conflicts that the entry is really about, the clearest first.

    Two sides in the title beat two wars that the title places in a land each ("peace in Ukraine and a truce in Gaza"),
    then two sides anywhere, then one. With one side only, a belligerent that is known to
    mediate elsewhere ("Moscow urges restraint in Karabakh") yields to the conflict it mediates, and one conflict is
    named, not all that this side fights.
    """
    named = bearing.best
    in_title, anywhere = (
        [conflict for conflict in named if len(sides.get(conflict, ())) >= 2]
        for sides in (bearing.title_sides, bearing.sides)
    )
    seats = [conflict for conflict in named if conflict in bearing.seats]
    if found := in_title or (seats if len(seats) > 1 else anywhere):
        return found
    order = list(conflicts)
    named.sort(key=lambda conflict: (-_clearness(bearing, conflict), order.index(conflict)))
    firm = [conflict for conflict in named if not _yields(conflict, named, bearing, conflicts)]
    return (firm or named)[:1]


def is_at_home(home: Conflict, names: Iterable[Named], when: DateSpan | None) -> bool:
    """Say whether an entry may mean *home* without a word of it: it was open at *when*, and nobody strange is named."""
    if when and not when.meets(home.active):
        return False
    return not any(_strange(name.entity, home) for name in names)


def _strange(entity: Entity, home: Conflict) -> bool:
    """Say whether *entity* points elsewhere: it has its place in another conflict, or is a country of none."""
    helpers = (*home.mediators, *home.guarantors, *home.venues)
    if entity.id in helpers or any(conflict == home.id for conflict, _ in entity.links):
        return False
    return bool(entity.links) or entity.kind in ("country", "territory")


def _clearness(bearing: Bearing, conflict: str) -> float:
    """Return how plainly one side is named: the title counts, several names of the same side do not add up."""
    return min(bearing.score[conflict], ASSIGNED_AT) + (conflict in bearing.title_sides)


def _yields(conflict: str, named: list[str], bearing: Bearing, conflicts: Mapping[str, Conflict]) -> bool:
    return any(
        _helps(conflict, other, bearing, conflicts) and not _helps(other, conflict, bearing, conflicts)
        for other in named
        if other != conflict
    )


def _helps(conflict: str, other: str, bearing: Bearing, conflicts: Mapping[str, Conflict]) -> bool:
    """Say whether the side named in *conflict* is a mediator or guarantor of *other*."""
    sides = conflicts[conflict].parties
    parties = {party for side in bearing.sides.get(conflict, ()) for party in (*sides.get(side, ()),)}
    return not parties.isdisjoint({*conflicts[other].mediators, *conflicts[other].guarantors})


def _weight(entity: Entity, side: str, weak: frozenset[str]) -> float:
    if entity.id in weak:
        return 1.0
    if side == BYSTANDER:
        return 2.0 if entity.kind in ("accord", "place") else 1.0
    return _PARTY_WEIGHT.get(entity.kind, 1.0)
