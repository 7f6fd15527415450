"""Shares and their intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluate.figures import Counts, accuracy, class_scores, confusion, macro_f1, share, wilson

TRIES = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda pair: (pair[0], sum(pair)))
SOME = st.integers(0, 60)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.278), (8, 10, 0.490, 0.943), (10, 10, 0.722, 1.0), (81, 263, 0.255, 0.366), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_that_of_the_textbooks(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=0.0006)


@given(TRIES)
def test_the_interval_holds_the_share_and_mirrors_its_opposite(tries: tuple[int, int]) -> None:
    hits, of = tries

    low, high = wilson(hits, of)
    mirrored = wilson(of - hits, of)

    assert 0 <= low <= share(hits, of).value <= high <= 1 or of == 0
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


@given(TRIES.filter(lambda tries: tries[1] > 0))
def test_more_items_at_the_same_share_narrow_the_interval(tries: tuple[int, int]) -> None:
    hits, of = tries

    few, many = wilson(hits, of), wilson(hits * 4, of * 4)

    assert many[1] - many[0] < few[1] - few[0]


@given(st.builds(Counts, SOME, SOME, SOME, SOME))
def test_f1_is_the_harmonic_mean_and_lies_in_its_interval(counts: Counts) -> None:
    precision, recall, f1 = counts.precision.value, counts.recall.value, counts.f1

    harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert f1.value == pytest.approx(harmonic)
    assert f1.of == 0 or f1.low <= f1.value <= f1.high


def test_counts_tell_what_was_missed_from_what_was_false() -> None:
    counts = Counts.of([(True, True), (True, False), (True, False), (False, True), (False, False)])

    assert counts == Counts(right=1, false=1, missed=2, quiet=1)
    assert counts.precision.value == pytest.approx(1 / 2)
    assert counts.recall.value == pytest.approx(1 / 3)


def test_macro_f1_counts_each_class_alike_and_leaves_out_the_small() -> None:
    pairs = [("talks", "talks")] * 8 + [("truce", "truce")] * 3 + [("truce", "talks")] * 2 + [("rare", "talks")] * 4

    of_talks, of_truce = 16 / (8 + 14), 6 / (5 + 3)

    assert macro_f1(pairs) == pytest.approx((of_talks + of_truce) / 2)
    assert macro_f1(pairs, least=1) == pytest.approx((of_talks + of_truce) / 3)
    assert macro_f1([]) == 0


def test_the_confusion_lists_mistakes_only_the_most_frequent_first() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", "c"), ("b", "c")]

    assert list(confusion(pairs).items()) == [(("b", "c"), 2), (("a", "b"), 1)]
    assert accuracy(pairs).value == 1 / 4
    assert [(each.name, each.items, each.recall) for each in class_scores(pairs)] == [("a", 2, 0.5), ("b", 2, 0.0)]
