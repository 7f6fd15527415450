"""How well reports were grouped, against stories labelled by hand. Pure."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import comb
from typing import TypeVar

R = TypeVar("R", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """B-cubed and pairwise figures, all from 0 to 1.

    *over_merge* is the share of pairs of different stories that were joined; *splits* counts labelled stories that came
    out in more than one piece.
    """

    reports: int
    precision: float
    recall: float
    f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    over_merge: float
    splits: int


def evaluate(gold: Mapping[R, Hashable], predicted: Mapping[R, Hashable]) -> Scores:
    """Compare story ids by report id; every report of *gold* must be in *predicted*."""
    cells = Counter((gold[report], predicted[report]) for report in gold)
    of_gold, of_predicted = Counter(gold.values()), Counter(predicted[report] for report in gold)
    precision = _mean(sum(n * n / of_predicted[piece] for (_, piece), n in cells.items()), len(gold))
    recall = _mean(sum(n * n / of_gold[story] for (story, _), n in cells.items()), len(gold))
    right, joined, together = _pairs(cells), _pairs(of_predicted), _pairs(of_gold)
    apart = comb(len(gold), 2) - together
    return Scores(
        reports=len(gold),
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        pair_precision=_mean(right, joined),
        pair_recall=_mean(right, together),
        pair_f1=_harmonic(_mean(right, joined), _mean(right, together)),
        over_merge=(joined - right) / apart if apart else 0.0,
        splits=sum(n > 1 for n in Counter(story for story, _ in cells).values()),
    )


def _pairs(sizes: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(comb(size, 2) for size in sizes.values())


def _mean(part: float, whole: float) -> float:
    """Return part / whole; of nothing, all is right."""
    return part / whole if whole else 1.0


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
