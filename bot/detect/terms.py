"""The term language of the rule files, compiled. Pure.

    peace talks   in that order     word*  any ending            a-b    hyphen, space or nothing
    one|two       either            [the]  may be missing        ~3     up to three words between
    =US           exact case        ^why   first in the text     @name  any term of a concept      ?  :  |  themselves

Every different word pattern is an *atom*, a number. A word of a text is looked up once for the atoms it matches; the
answer is remembered, so an ordinary word costs one dictionary access, however many rules there are. A sequence is
tried only where its rarest atom stands.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from operator import attrgetter
from typing import Literal, NamedTuple

from bot.detect.words import cut_words, spell

MOST_REMEMBERED = 200_000
SHORTEST_STEM = 2
_GAP = re.compile(r"~(\d+)")
_SIGNS = frozenset("[]~^")

Atoms = frozenset[int]


class TermError(ValueError):
    """A term cannot be compiled; the message says why."""


class _Form(NamedTuple):
    """A word or stem of which a text may have any form, one with an initial capital, or exactly this one."""

    atom: int
    letters: str
    case: Literal["any", "initial", "exact"]

    def allows(self, word: str) -> bool:
        """Say whether *word*, whose letters are right, is in the letter case asked for."""
        if self.case == "exact":
            return word.startswith(self.letters)
        return self.case == "any" or word[:1].isupper()


class Vocabulary(dict[str, tuple[int, ...]]):
    """Gives the atoms that a word of a text matches: `vocabulary["Ukraine's"]`."""

    def __init__(self) -> None:
        self._words: dict[str, list[_Form]] = {}
        self._stems: dict[str, list[_Form]] = {}
        self._longest_stem = 0
        self._atoms: dict[tuple[str, bool], int] = {}
        self._spelled: list[str] = []

    def atom(self, pattern: str, *, name: bool = False) -> int:
        """Return the number of a word pattern; in a *name*, a capital first letter must be one in the text too."""
        if (pattern, name) not in self._atoms:
            self._atoms[pattern, name] = self._learn(pattern, name=name)
        return self._atoms[pattern, name]

    def _learn(self, pattern: str, *, name: bool) -> int:
        case: Literal["any", "initial", "exact"] = "any"
        star, word = pattern.endswith("*"), pattern.rstrip("*")
        if word.startswith("="):
            case, word = "exact", word[1:]
        elif name and word[:1].isupper():
            case = "initial"
        word = spell(word) if case == "exact" else spell(word).lower()
        if star and len(word) < SHORTEST_STEM:
            raise TermError(f"{pattern!r} is too short a stem: at least {SHORTEST_STEM} letters before the star")
        if star:
            self._longest_stem = max(self._longest_stem, len(word))
        forms = (self._stems if star else self._words).setdefault(word.lower(), [])
        known = next((form.atom for form in forms if form.letters == word and form.case == case), None)
        if known is not None:
            return known
        self.clear()
        forms.append(_Form(len(self._spelled), word, case))
        self._spelled.append(word)
        return len(self._spelled) - 1

    def spelled(self, atom: int) -> str:
        """Return the letters that the atom fixes."""
        return self._spelled[atom]

    def __missing__(self, word: str) -> tuple[int, ...]:
        """Look a word up for the first time."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        spelled = spell(word)
        atoms = set(self._find(spelled))
        if spelled.endswith("'s"):
            atoms.update(self._find(spelled.removesuffix("'s")))
        found = self[word] = tuple(sorted(atoms))
        return found

    def _find(self, word: str) -> list[int]:
        lower, stems = word.lower(), self._stems
        forms = [*self._words.get(lower, ())]
        for length in range(SHORTEST_STEM, min(len(lower), self._longest_stem) + 1):
            if lower[:length] in stems:
                forms += stems[lower[:length]]
        return [form.atom for form in forms if form.allows(word)]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One place in a sequence: any of these atoms, or any match of these patterns.

    *anchors* are atoms of which the text must have one for the part to match at all; *commonness* sorts parts by how
    often that is likely to be, the rarest first.
    """

    atoms: Atoms
    patterns: tuple["Pattern", ...]
    anchors: Atoms
    commonness: tuple[bool, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A term with its options spelled out: parts in order, and the gap before each but the first (-1: adjacent).

    *needs* are the anchors of each part: without one of each in the text, nothing can match. *anchors* are those of the
    rarest part.
    """

    term: str
    parts: tuple[Part, ...]
    needs: tuple[Atoms, ...]
    anchors: Atoms
    gaps: tuple[int, ...]
    at_start: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Any of several terms. *but_not* takes back what stands within one of its own matches."""

    sequences: tuple[Sequence, ...]
    by_anchor: Mapping[int, tuple[Sequence, ...]]
    anchors: Atoms
    but_not: "Pattern | None" = None


class _Element(NamedTuple):
    """A term's place before its options are spelled out."""

    alternatives: tuple[str, ...]
    optional: bool
    at_start: bool
    gap: int


@dataclass(slots=True)
class Compiler:
    """Compiles terms against one vocabulary; *concepts* are the patterns that `@name` may mean.

    *common* words stand in every text: no sequence is looked for at one of them if it has another. *known* are the
    names of all concepts, compiled yet or not.
    """

    common: frozenset[str] = frozenset()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    concepts: dict[str, Pattern] = field(default_factory=dict)
    known: Collection[str] = ()
    _parts: dict[tuple[tuple[str, ...], bool], Part] = field(default_factory=dict)

    def pattern(self, terms: Iterable[str], *, name: bool = False, but_not: Pattern | None = None) -> Pattern:
        """Compile *terms*; raise TermError for the first that says nothing we understand."""
        return self.any_of([found for term in terms for found in self.sequences(term, name=name)], but_not=but_not)

    def any_of(self, sequences: list[Sequence], *, but_not: Pattern | None = None) -> Pattern:
        """Return the pattern that any of *sequences* matches."""
        by_anchor: dict[int, list[Sequence]] = {}
        for sequence in sequences:
            for atom in sequence.anchors:
                by_anchor.setdefault(atom, []).append(sequence)
        return Pattern(tuple(sequences), {a: tuple(s) for a, s in by_anchor.items()}, frozenset(by_anchor), but_not)

    def sequences(self, term: str, *, name: bool = False) -> Iterator[Sequence]:
        """Return the sequences that *term* stands for."""
        elements = _elements(term)
        for kept in _without_options(elements):
            for chosen in product(*(_rows(element) for element in kept)):
                yield self._sequence(term, kept, chosen, name=name)

    def _sequence(
        self, term: str, elements: list[_Element], chosen: tuple[tuple[str, ...], ...], *, name: bool
    ) -> Sequence:
        parts: list[Part] = []
        gaps: list[int] = []
        for element, alternatives in zip(elements, chosen, strict=True):
            places = tuple(zip(*map(str.split, alternatives), strict=True))
            gaps += [element.gap, *[-1] * (len(places) - 1)]
            parts += [self._part(place, name=name) for place in places]
        needs = tuple(part.anchors for part in parts)
        anchors = min(parts, key=attrgetter("commonness")).anchors
        return Sequence(term, tuple(parts), needs, anchors, tuple(gaps[1:]), elements[0].at_start)

    def _part(self, alternatives: tuple[str, ...], *, name: bool) -> Part:
        """Return the part that any of *alternatives* matches; for the same ones always the same."""
        known = self._parts.get((alternatives, name))
        if known:
            return known
        concepts = [word[1:] for word in alternatives if word.startswith("@")]
        for concept in concepts:
            if concept not in self.concepts:
                raise UnknownConceptError(concept)
        patterns = tuple(self.concepts[concept] for concept in concepts)
        atoms = frozenset(self.vocabulary.atom(word, name=name) for word in alternatives if not word.startswith("@"))
        anchors = atoms.union(*(pattern.anchors for pattern in patterns))
        part = self._parts[alternatives, name] = Part(atoms, patterns, anchors, self._commonness(anchors))
        return part

    def _commonness(self, anchors: Atoms) -> tuple[bool, int, int]:
        words = [self.vocabulary.spelled(atom) for atom in anchors]
        shortest = min(map(len, words), default=0)
        return (not self.common.isdisjoint(words), -min(shortest, 4), len(anchors))


class UnknownConceptError(TermError):
    """A term refers to a concept that nobody wrote."""

    def __init__(self, concept: str) -> None:
        super().__init__(f"there is no concept @{concept}")
        self.concept = concept


def references(term: str) -> set[str]:
    """Return the names of the concepts that *term* refers to."""
    return set(re.findall(r"@([\w-]+)", term))


def _elements(term: str) -> list[_Element]:
    elements: list[_Element] = []
    gap = -1
    for text in term.split():
        if found := _GAP.fullmatch(text):
            if not elements or gap >= 0:
                raise TermError(f"{term!r}: a gap stands between two words")
            gap = int(found[1])
            continue
        optional = text.startswith("[") and text.endswith("]")
        body = text[1:-1] if optional else text
        at_start = body.startswith("^")
        body = body.removeprefix("^")
        mark = body[-1] if len(body) > 1 and body[-1] in ":?" else ""
        elements.append(_Element(_alternatives(body.removesuffix(mark), term), optional, at_start, gap))
        if mark:
            elements.append(_Element((mark,), optional, False, -1))
        gap = -1
    if gap >= 0 or all(element.optional for element in elements):
        raise TermError(f"{term!r}: a term needs a word, and ends with one")
    if any(element.at_start for element in elements[1:]):
        raise TermError(f"{term!r}: ^ stands before the first word only")
    return elements


def _alternatives(body: str, term: str) -> tuple[str, ...]:
    """Return what may stand in one place: "cease-fire*|truce" is "cease fire*", "ceasefire*" or "truce"."""
    if body == "|":
        return ("|",)
    found: list[str] = []
    for alternative in body.split("|"):
        if not alternative or not _SIGNS.isdisjoint(alternative):
            raise TermError(f"{term!r}: {body!r} is no word")
        if alternative.startswith("@"):
            found.append(alternative)
            continue
        exact, star = alternative.startswith("="), alternative.endswith("*")
        letters = alternative.strip("=*")
        words = [letters] if letters.isalpha() else cut_words(letters)[1::2]
        if not words or "*" in alternative.strip("*"):
            raise TermError(f"{term!r}: {alternative!r} is no word; a star ends a word")
        sign, ending = "=" * exact, "*" * star
        found.append(" ".join(sign + word for word in words) + ending)
        if len(words) > 1 and "-" in alternative:
            found.append(sign + "".join(words) + ending)
    return tuple(found)


def _without_options(elements: list[_Element]) -> Iterator[list[_Element]]:
    """Yield *elements* with every choice of the optional ones; a gap before a missing word stays."""
    if not any(element.optional for element in elements):
        yield elements
        return
    for present in product(*((True, False) if element.optional else (True,) for element in elements)):
        kept: list[_Element] = []
        pending = -1
        for element, here in zip(elements, present, strict=True):
            gap = max(element.gap, pending)
            pending = -1 if here else gap
            if here:
                kept.append(_Element(element.alternatives, False, element.at_start, gap))
        yield kept


def _rows(element: _Element) -> list[tuple[str, ...]]:
    """Return the alternatives of one word together, and those of several words each alone."""
    rows: list[tuple[str, ...]] = [(alternative,) for alternative in element.alternatives if " " in alternative]
    single = tuple(alternative for alternative in element.alternatives if " " not in alternative)
    return [single, *rows] if single else rows
