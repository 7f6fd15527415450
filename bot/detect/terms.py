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

from bot.detect.words import cut_words, spell

MOST_REMEMBERED = 200_000
SHORTEST_STEM = 2
_GAP = re.compile(r"~(\d+)")

Atoms = frozenset[int]


class TermError(ValueError):
    """A term cannot be compiled; the message says why."""


class Vocabulary(dict[str, tuple[int, ...]]):
    """Gives the atoms that a word of a text matches: `vocabulary["Ukraine's"]`."""

    def __init__(self) -> None:
        self._cases = {"any": _Forms(), "exact": _Forms(), "initial": _Forms()}
        self._spelled: list[str] = []

    def atom(self, pattern: str, *, name: bool = False) -> int:
        """Return the number of a word pattern; in a *name*, a capital first letter must be one in the text too."""
        case, star = "any", pattern.endswith("*")
        word = pattern.rstrip("*")
        if word.startswith("="):
            case, word = "exact", word[1:]
        elif name and word[:1].isupper():
            case = "initial"
        word = spell(word) if case == "exact" else spell(word).lower()
        if star and len(word) < SHORTEST_STEM:
            raise TermError(f"{pattern!r} is too short a stem: at least {SHORTEST_STEM} letters before the star")
        self.clear()
        atom = self._cases[case].learn(word, star, len(self._spelled))
        if atom == len(self._spelled):
            self._spelled.append(word)
        return atom

    def spelled(self, atom: int) -> str:
        """Return the letters that the atom fixes."""
        return self._spelled[atom]

    def __missing__(self, word: str) -> tuple[int, ...]:
        """Look a word up for the first time."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        spelled = spell(word)
        atoms = self._find(spelled)
        if spelled.endswith("'s"):
            atoms |= self._find(spelled.removesuffix("'s"))
        found = self[word] = tuple(sorted(atoms))
        return found

    def _find(self, form: str) -> set[int]:
        lower, cases = form.lower(), self._cases
        atoms = {*cases["any"].match(lower), *cases["exact"].match(form)}
        if form[:1].isupper():
            atoms.update(cases["initial"].match(lower))
        return atoms


@dataclass(slots=True)
class _Forms:
    """The atoms of one kind of letter case: of whole words, and of stems."""

    words: dict[str, int] = field(default_factory=dict)
    stems: dict[str, int] = field(default_factory=dict)
    longest_stem: int = 0

    def learn(self, word: str, star: bool, atom: int) -> int:
        """Give *word* the number *atom* unless it has one; return its number."""
        if star:
            self.longest_stem = max(self.longest_stem, len(word))
        return (self.stems if star else self.words).setdefault(word, atom)

    def match(self, word: str) -> list[int]:
        """Return the atoms that *word* matches."""
        stems, longest = self.stems, min(len(word), self.longest_stem)
        found = [stems[word[:length]] for length in range(SHORTEST_STEM, longest + 1) if word[:length] in stems]
        if word in self.words:
            found.append(self.words[word])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One place in a sequence: any of these atoms, or any match of these patterns.

    *anchors* are atoms of which the text must have one for the part to match at all.
    """

    atoms: Atoms
    patterns: tuple["Pattern", ...]
    anchors: Atoms


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A term with its options spelled out: parts in order, and the gap before each but the first (-1: adjacent).

    *needs* are the anchors of each part: without one of each in the text, nothing can match.
    """

    term: str
    parts: tuple[Part, ...]
    needs: tuple[Atoms, ...]
    gaps: tuple[int, ...]
    at_start: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Any of several terms. *but_not* takes back what stands within one of its own matches."""

    sequences: tuple[Sequence, ...]
    by_anchor: Mapping[int, tuple[Sequence, ...]]
    anchors: Atoms
    but_not: "Pattern | None" = None


@dataclass(frozen=True, slots=True)
class _Element:
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

    def pattern(self, terms: Iterable[str], *, name: bool = False, but_not: Pattern | None = None) -> Pattern:
        """Compile *terms*; raise TermError for the first that says nothing we understand."""
        return self.any_of([found for term in terms for found in self.sequences(term, name=name)], but_not=but_not)

    def any_of(self, sequences: list[Sequence], *, but_not: Pattern | None = None) -> Pattern:
        """Return the pattern that any of *sequences* matches."""
        by_anchor: dict[int, list[Sequence]] = {}
        for sequence in sequences:
            for atom in min(sequence.needs, key=self._commonness):
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
            words = [alternative.split() for alternative in alternatives]
            for position in range(len(words[0])):
                gaps.append(element.gap if position == 0 else -1)
                parts.append(self._part([word[position] for word in words], name=name))
        needs = tuple(part.anchors for part in parts)
        return Sequence(term, tuple(parts), needs, tuple(gaps[1:]), elements[0].at_start)

    def _part(self, alternatives: list[str], *, name: bool) -> Part:
        concepts = [word[1:] for word in alternatives if word.startswith("@")]
        for concept in concepts:
            if concept not in self.concepts:
                raise UnknownConceptError(concept)
        patterns = tuple(self.concepts[concept] for concept in concepts)
        atoms = frozenset(self.vocabulary.atom(word, name=name) for word in alternatives if not word.startswith("@"))
        return Part(atoms, patterns, atoms.union(*(pattern.anchors for pattern in patterns)))

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
        if not alternative or any(sign in alternative for sign in "[]~^"):
            raise TermError(f"{term!r}: {body!r} is no word")
        if alternative.startswith("@"):
            found.append(alternative)
            continue
        exact, star = alternative.startswith("="), alternative.endswith("*")
        words = cut_words(alternative.strip("=*"))[1::2]
        if not words or "*" in alternative.strip("*"):
            raise TermError(f"{term!r}: {alternative!r} is no word; a star ends a word")
        sign, ending = "=" * exact, "*" * star
        found.append(" ".join(sign + word for word in words) + ending)
        if len(words) > 1 and "-" in alternative:
            found.append(sign + "".join(words) + ending)
    return tuple(found)


def _without_options(elements: list[_Element]) -> Iterator[list[_Element]]:
    """Yield *elements* with every choice of the optional ones; a gap before a missing word stays."""
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
