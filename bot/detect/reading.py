"""A text being read: which atoms stand where, and what patterns make of them. Pure."""

from typing import NamedTuple

from bot.detect.terms import Part, Pattern, Sequence, Vocabulary
from bot.detect.words import Layout, cut_words


class Hit(NamedTuple):
    """The words *start* to *end* (exclusive) match *term*."""

    start: int
    end: int
    term: str


class Reading:
    """One text, looked up once. What a pattern finds in it is remembered."""

    __slots__ = ("_found", "_layout", "_pieces", "_spans", "at", "text")

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self._pieces = cut_words(text)
        self._layout: Layout | None = None
        self._found: dict[Pattern, tuple[Hit, ...]] = {}
        self._spans: dict[Part, set[tuple[int, int]]] = {}
        self.at: dict[int, list[int]] = {}
        at = self.at
        for position, atoms in enumerate(map(vocabulary.__getitem__, self._pieces[1::2])):
            if atoms:  # few words of a text are ours
                for atom in atoms:
                    at.setdefault(atom, []).append(position)

    @property
    def layout(self) -> Layout:
        """Return where the words stand; worked out when first asked for."""
        if self._layout is None:
            self._layout = Layout(self._pieces)
        return self._layout

    def word(self, position: int) -> str:
        """Return the word at *position*."""
        return self._pieces[2 * position + 1]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._pieces) // 2

    def offset(self, position: int) -> int:
        """Return the character at which the word at *position* starts."""
        return sum(map(len, self._pieces[: 2 * position + 1]))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the characters that the words *start* to *end* take up."""
        return self.layout.starts[start], self.layout.ends[end - 1]

    def words(self, start: int, end: int) -> str:
        """Return the text from word *start* to *end*."""
        first, last = self.place(start, end)
        return self.text[first:last]

    def find(self, pattern: Pattern) -> tuple[Hit, ...]:
        """Return every match of *pattern*, from left to right, longest first."""
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = self._search(pattern)
        return found

    def _search(self, pattern: Pattern) -> tuple[Hit, ...]:
        anchored = self.at.keys() & pattern.by_anchor.keys()
        if not anchored:
            return ()
        sequences = {sequence: None for atom in anchored for sequence in pattern.by_anchor[atom]}
        hits = {(start, end): sequence.term for sequence in sequences for start, end in self.match(sequence)}
        if hits and pattern.but_not:
            for taken in self.find(pattern.but_not):
                hits = {span: term for span, term in hits.items() if span[0] < taken.start or span[1] > taken.end}
        return tuple(
            Hit(start, end, hits[start, end]) for start, end in sorted(hits, key=lambda span: (span[0], -span[1]))
        )

    def has_words(self, sequence: Sequence) -> bool:
        """Say whether each part of *sequence* may stand somewhere: without, it cannot match."""
        return not any(map(self.at.keys().isdisjoint, sequence.needs))

    def match(self, sequence: Sequence) -> set[tuple[int, int]]:
        """Return the spans that *sequence* matches."""
        if not self.has_words(sequence):
            return set()
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
            at = self.at
            spans = {(position, position + 1) for atom in at.keys() & part.atoms for position in at[atom]}
            for pattern in part.patterns:
                spans.update((hit.start, hit.end) for hit in self.find(pattern))
            self._spans[part] = spans
        return spans
