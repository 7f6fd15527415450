"""Numbers on which sources may differ, kept as a range with who says what. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Range(NamedTuple):
    """A number between *low* and *high*; *said* pairs each number with the publishers that give it."""

    low: int
    high: int
    said: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def words(self) -> str:
        """Return "205", or "390–410" where sources differ."""
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


class Amount(NamedTuple):
    """So many of a *kind*: "people", or the thing itself ("bodies", "trucks", "violations").

    *back* is how many went the other way, where an exchange is told whole.
    """

    kind: str
    number: int
    back: int = 0


_PERSONS = frozenset({"prisoners", "hostages", "soldiers", "civilians", "children"})
_NEAR = 1.5
"""Counts of one thing differ by no more than so many times."""


def amounts(counts: Iterable[str]) -> Sequence[Amount]:
    """Return what *counts*, as events state them ("205:205", "734 violations"), come to."""
    found = []
    for count in counts:
        given, _, taken = count.partition(":")
        number, _, what = count.partition(" ")
        if given.isdecimal() and taken.isdecimal():
            found.append(Amount("people", int(given), int(taken)))
        elif number.isdecimal():
            found.append(Amount("people" if what in _PERSONS else what, int(number)))
    return found


def are_near(one: Amount, other: Amount) -> bool:
    """Tell whether two amounts may be different counts of one thing."""
    low, high = sorted((max(one.number, one.back), max(other.number, other.back)))
    return one.kind == other.kind and high <= _NEAR * low


def spread(said: Iterable[tuple[int, str]]) -> Range | None:
    """Return the range of the numbers *said*, each with its publisher; None if there are none."""
    by_number: dict[int, set[str]] = {}
    for number, publisher in said:
        by_number.setdefault(number, set()).add(publisher)
    if not by_number:
        return None
    told = tuple((number, tuple(sorted(by_number[number]))) for number in sorted(by_number))
    return Range(min(by_number), max(by_number), told)


def total(ranges: Iterable[Range]) -> Range | None:
    """Return the sum of *ranges*, without who says what; None if there are none."""
    each = list(ranges)
    return Range(sum(one.low for one in each), sum(one.high for one in each)) if each else None
