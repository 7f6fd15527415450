"""The term language of the rule files, compiled. Pure.

    peace talks   in that order     word*  any ending            a-b    hyphen, space or nothing
    one|two       either            [the]  may be missing        ~3     up to three words between
    =US           exact case        ^why   first in the text     @name  any term of a concept      ?  :  |  themselves

Every different word pattern is an *atom*, a number. A text is looked up piece by piece, as its spaces cut it, for the
atoms that each word matches; the answer is remembered, so an ordinary word costs one dictionary access, however many
rules there are. A sequence is tried only where its rarest atom stands.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from operator import attrgetter
from typing import Literal, NamedTuple

from bot.detect.words import cut_words, spell

MOST_REMEMBERED = 50_000
"""Pieces of text; all are forgotten when there are more, which looks up again what still comes."""
SHORTEST_STEM = 2
_HEAD = 3
"""Letters by which longer stems are found: few words begin as any stem does."""
_GAP = re.compile(r"~(\d+)")
_SIGNS = frozenset("[]~^")

Atoms = frozenset[int]
Matched = tuple[int, ...]
"""The atoms that a word matches."""

_ORDINARY: tuple[Matched, ...] = ((),)
"""A piece of text that is one word, of no rule: nearly every one is, and shares this."""


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


class Vocabulary(dict[str, tuple[Matched, ...]]):
    """Gives the atoms that each word of a piece of text, one without spaces, matches: `vocabulary["(Ukraine's"]`."""

    def __init__(self) -> None:
        self._words: dict[str, list[_Form]] = {}
        self._stems: dict[str, list[_Form]] = {}
        self._lengths: dict[str, set[int]] = {}  # of the stems that begin so
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
        lower = word.lower()
        if star and len(lower) >= _HEAD:
            self._lengths.setdefault(lower[:_HEAD], set()).add(len(lower))
        forms = (self._stems if star else self._words).setdefault(lower, [])
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

    def __missing__(self, piece: str) -> tuple[Matched, ...]:
        """Look a piece of text up for the first time."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        bare = piece.rstrip(".,")
        found = tuple(map(self._matched, [bare] if bare.isalpha() else cut_words(piece)[1::2]))
        return self.setdefault(piece, _ORDINARY if found == _ORDINARY else found)

    def _matched(self, word: str) -> Matched:
        """Return the atoms of *word*, which has mostly been seen without what stands around it here."""
        known = self.get(word)
        return known[0] if known else self._look_up(word)

    def _look_up(self, word: str) -> Matched:
        spelled = spell(word)
        atoms = self._find(spelled)
        if spelled.endswith("'s"):
            atoms += self._find(spelled.removesuffix("'s"))
        return tuple(sorted(set(atoms))) if atoms else ()

    def _find(self, word: str) -> list[int]:
        lower = word.lower()
        forms = [*self._words.get(lower, ()), *self._stems.get(lower[:SHORTEST_STEM], ())]
        for length in self._lengths.get(lower[:_HEAD], ()):
            forms += self._stems.get(lower[:length], ())
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

    Without all atoms of *every* in the text, and one of each of *some*, nothing can match: they are the anchors of the
    parts that have one, and of those that have several. *anchors* are those of the rarest part.
    """

    term: str
    parts: tuple[Part, ...]
    every: Atoms
    some: tuple[Atoms, ...]
    anchors: Atoms
    gaps: tuple[int, ...]
    at_start: bool

    @property
    def words(self) -> Atoms:
        """Return the atoms of which each is a match by itself; none for what takes more than one word to find."""
        alone = len(self.parts) == 1 and not self.parts[0].patterns and not self.at_start
        return self.parts[0].atoms if alone else frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Any of several terms. *but_not* takes back what stands within one of its own matches.

    *words* are the atoms that match alone, *by_anchor* has the sequences of more, or with conditions.
    """

    sequences: tuple[Sequence, ...]
    words: Atoms
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
    _sets: dict[Atoms, Atoms] = field(default_factory=dict)

    def pattern(self, terms: Iterable[str], *, name: bool = False, but_not: Pattern | None = None) -> Pattern:
        """Compile *terms*; raise TermError for the first that says nothing we understand."""
        return self.any_of([found for term in terms for found in self.sequences(term, name=name)], but_not=but_not)

    def any_of(self, sequences: list[Sequence], *, but_not: Pattern | None = None) -> Pattern:
        """Return the pattern that any of *sequences* matches."""
        words = frozenset[int]().union(*(sequence.words for sequence in sequences))
        found: dict[int, list[Sequence]] = {}
        for sequence in sequences:
            for atom in () if sequence.words else sequence.anchors:
                found.setdefault(atom, []).append(sequence)
        anchored = {atom: tuple(each) for atom, each in found.items()}
        same = {each: each for each in anchored.values()}  # all words of a concept mostly anchor the same
        by_anchor = {atom: same[each] for atom, each in anchored.items()}
        return Pattern(tuple(sequences), words, by_anchor, self._one(words.union(found)), but_not)

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
        every = self._one(frozenset(atom for part in parts if len(part.anchors) == 1 for atom in part.anchors))
        some = tuple(part.anchors for part in parts if len(part.anchors) != 1)
        anchors = min(parts, key=attrgetter("commonness")).anchors
        return Sequence(term, tuple(parts), every, some, anchors, tuple(gaps[1:]), elements[0].at_start)

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
        anchors = self._one(atoms.union(*(pattern.anchors for pattern in patterns)))
        part = Part(self._one(atoms), patterns, anchors, self._commonness(anchors))
        return self._parts.setdefault((alternatives, name), part)

    def _one(self, atoms: Atoms) -> Atoms:
        """Return the one set of these atoms: equal ones are many, and each would take a fifth of a kilobyte."""
        return self._sets.setdefault(atoms, atoms)

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
