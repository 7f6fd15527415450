"""Shares, and how far chance alone may have moved them. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

_Z = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the Wilson 95 % interval of the share *hits* / *of*; of nothing, from 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = share + spread / 2
    reach = _Z * sqrt(share * (1 - share) / of + spread / (4 * of))
    # Rounding must not push an end past the share itself, nor past 0 and 1.
    return max(min((middle - reach) / (1 + spread), share), 0.0), min(max((middle + reach) / (1 + spread), share), 1.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from 0 to 1 and its 95 % interval; *of* says on how many items it rests."""

    value: float
    low: float
    high: float
    of: int


def share(hits: int, of: int) -> Estimate:
    """Return the share *hits* / *of*, 0 of nothing."""
    return Estimate(hits / of if of else 0.0, *wilson(hits, of), of)


@dataclass(frozen=True, slots=True)
class Counts:
    """Items by what they are and what they were taken for."""

    right: int = 0
    false: int = 0
    missed: int = 0
    quiet: int = 0
    """Rightly not taken for anything."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> "Counts":
        """Count pairs of (is one, was taken for one)."""
        counted = Counter(pairs)
        return cls(counted[True, True], counted[False, True], counted[True, False], counted[False, False])

    @property
    def precision(self) -> Estimate:
        """Return which share of what was flagged is right."""
        return share(self.right, self.right + self.false)

    @property
    def recall(self) -> Estimate:
        """Return which share of what there was is flagged."""
        return share(self.right, self.right + self.missed)

    @property
    def f1(self) -> Estimate:
        """Return the harmonic mean of both.

        Its interval is that of the share J = right / (right + false + missed), as F1 = 2J / (1 + J).
        """
        jaccard = share(self.right, self.right + self.false + self.missed)
        value, low, high = (2 * x / (1 + x) for x in (jaccard.value, jaccard.low, jaccard.high))
        return Estimate(value, low, high, jaccard.of)


Pairs = Sequence[tuple[str, str]]
"""(what it is, what it was taken for) of each item."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How well one class is told from the others; *items* are truly of it."""

    name: str
    items: int
    precision: float
    recall: float
    f1: float


def class_scores(pairs: Pairs) -> Sequence[ClassScore]:
    """Return the score of each class that an item truly has, the largest first."""
    sizes = Counter(true for true, _ in pairs)
    taken = Counter(found for _, found in pairs)
    right = Counter(true for true, found in pairs if true == found)
    return [
        ClassScore(
            name,
            size,
            right[name] / taken[name] if taken[name] else 0.0,
            right[name] / size,
            2 * right[name] / (size + taken[name]),
        )
        for name, size in sorted(sizes.items(), key=lambda each: (-each[1], each[0]))
    ]


def macro_f1(pairs: Pairs, *, least: int = 5) -> float:
    """Return the mean F1 over the classes with at least *least* items, each counting alike; of none, 0."""
    scores = [score.f1 for score in class_scores(pairs) if score.items >= least]
    return fmean(scores) if scores else 0.0


def accuracy(pairs: Pairs) -> Estimate:
    """Return the share of right ones."""
    return share(sum(true == found for true, found in pairs), len(pairs))


def confusion(pairs: Pairs) -> Mapping[tuple[str, str], int]:
    """Return how often each class was taken for each other one, the most frequent mistake first."""
    return dict(Counter(pair for pair in sorted(pairs) if pair[0] != pair[1]).most_common())
