"""A text being read: which atoms stand where, and what patterns make of them. Pure."""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from bot.detect.terms import Part, Pattern, Sequence, Vocabulary
from bot.detect.words import Layout, cut_words


class Hit(NamedTuple):
    """The words *start* to *end* (exclusive) match a pattern."""

    start: int
    end: int


class Reading:
    """One text, looked up once. What a pattern finds in it is remembered.

    *atoms* are all that its words match. Where words stand is worked out when first asked for: of most texts never.
    """

    __slots__ = ("_at", "_found", "_layout", "_matched", "_pieces", "_spans", "atoms", "text")

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self._matched = list(chain.from_iterable(map(vocabulary.__getitem__, text.split(" "))))
        self.atoms = frozenset(chain.from_iterable(self._matched))
        self._pieces: list[str] | None = None
        self._layout: Layout | None = None
        self._at: dict[int, list[int]] = {}
        self._found: dict[Pattern, tuple[Hit, ...]] = {}
        self._spans: dict[Part, set[tuple[int, int]]] = {}

    @property
    def pieces(self) -> list[str]:
        """Return separator, word, separator, …, word, separator."""
        if self._pieces is None:
            self._pieces = cut_words(self.text)
        return self._pieces

    @property
    def layout(self) -> Layout:
        """Return where the words stand; worked out when first asked for."""
        if self._layout is None:
            self._layout = Layout(self.pieces)
        return self._layout

    def word(self, position: int) -> str:
        """Return the word at *position*."""
        return self.pieces[2 * position + 1]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._matched)

    def offset(self, position: int) -> int:
        """Return the character at which the word at *position* starts."""
        return sum(map(len, self.pieces[: 2 * position + 1]))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the characters that the words *start* to *end* take up."""
        return self.layout.starts[start], self.layout.ends[end - 1]

    def words(self, start: int, end: int) -> str:
        """Return the text from word *start* to *end*."""
        first, last = self.place(start, end)
        return self.text[first:last]

    def at(self, atom: int) -> list[int]:
        """Return the positions of the words that match *atom*."""
        positions = self._at.get(atom)
        if positions is None:
            positions = [position for position, atoms in enumerate(self._matched) if atom in atoms]
            self._at[atom] = positions
        return positions

    def find(self, pattern: Pattern) -> tuple[Hit, ...]:
        """Return every match of *pattern*, from left to right, longest first."""
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = self._search(pattern)
        return found

    def _search(self, pattern: Pattern) -> tuple[Hit, ...]:
        if self.atoms.isdisjoint(pattern.anchors):
            return ()
        spans = self._words(pattern.words)
        anchored = {each for atom in self.atoms & pattern.by_anchor.keys() for each in pattern.by_anchor[atom]}
        for sequence in filter(self.has_words, anchored):
            spans.update(self.match(sequence))
        if not spans:
            return ()
        if pattern.but_not:
            for taken in self.find(pattern.but_not):
                spans = {span for span in spans if span[0] < taken.start or span[1] > taken.end}
        return tuple(Hit(*span) for span in sorted(spans, key=_leftmost_longest))

    def has_words(self, sequence: Sequence) -> bool:
        """Say whether each part of *sequence* may stand somewhere: without, there is no need to match it."""
        atoms = self.atoms
        return sequence.every <= atoms and not (sequence.some and any(map(atoms.isdisjoint, sequence.some)))

    def match(self, sequence: Sequence) -> set[tuple[int, int]]:
        """Return the spans that *sequence* matches."""
        spans = self._part(sequence.parts[0])
        if sequence.at_start:
            spans = {span for span in spans if span[0] == 0}
        for gap, part in zip(sequence.gaps, sequence.parts[1:], strict=True):
            if not spans:
                break
            follows = self.layout.follows
            following = self._part(part)
            spans = {(start, last) for start, end in spans for first, last in following if follows(end, first, gap)}
        return spans

    def _part(self, part: Part) -> set[tuple[int, int]]:
        spans = self._spans.get(part)
        if spans is None:
            spans = self._spans[part] = self._words(part.atoms)
            for pattern in part.patterns:
                spans.update(self.find(pattern))
        return spans

    def _words(self, atoms: Iterable[int]) -> set[tuple[int, int]]:
        """Return the spans of the words that match any of *atoms*."""
        return {(position, position + 1) for atom in self.atoms.intersection(atoms) for position in self.at(atom)}


def _leftmost_longest(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]
