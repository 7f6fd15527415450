"""Evaluations of grouping as tables that fit a terminal of 80 columns."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from bot.evaluate.show import table
from bot.evaluate.stories import ALIKE, PairScores, Stories

_MOST_MISTAKES = 200


def show(found: Sequence[Stories | PairScores], console: Console) -> None:
    """Print a table for each file of stories, and a line for each file of pairs."""
    for one in found:
        if isinstance(one, PairScores):
            console.print(
                f"{one.name}: of {one.same} pairs of one story {one.right} joined, of {one.bad} others {one.false}; "
                f"F1 {one.f1:.3f}",
                highlight=False,
            )
        else:
            console.print(_stories(one))
            console.print(
                f"near-duplicates ({ALIKE:.0%} of the words shared) joined: {_share(one)}; {one.each:.0f} µs a report",
                style="dim",
                highlight=False,
            )


def _share(one: Stories) -> str:
    if not one.near_duplicates:
        return "there are none"
    return f"{one.recalled} of {one.near_duplicates} pairs ({one.recalled / one.near_duplicates:.1%})"


def _stories(one: Stories) -> Table:
    title = f"{one.name}: {one.reports} reports, {one.stories} stories"
    made = table(title, "", "B³ P", "B³ R", "B³ F1", "pair P", "pair R", "pair F1", "over-merge", "splits")
    for row in one.rows:
        scores = row.scores
        if scores is None:
            made.add_row(row.method, row.note)
            continue
        shares = scores.precision, scores.recall, scores.f1, scores.pair_precision, scores.pair_recall, scores.pair_f1
        made.add_row(row.method, *(f"{share:.3f}" for share in shares), f"{scores.over_merge:.2%}", str(scores.splits))
    return made


def show_mistakes(found: Iterable[Stories | PairScores], console: Console) -> None:
    """Print pairs of headlines that were falsely joined, then those falsely kept apart."""
    for one in found:
        if isinstance(one, PairScores):
            continue
        for joined, words in ((True, "joined, and should not be"), (False, "kept apart, and should not be")):
            mistakes = [mistake for mistake in one.mistakes if mistake.joined == joined]
            console.print(f"{one.name}: {len(mistakes)} pairs {words}", style="bold", highlight=False)
            for mistake in mistakes[:_MOST_MISTAKES]:
                console.print(f"  {mistake.one}\n  {mistake.other}\n", highlight=False)
