"""`parley bench story`: what it costs to find the story of a report, and what the open stories hold in memory."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median
from time import process_time
from typing import Any

from rich.console import Console

from bot.bench.clock import alone, peak_memory
from bot.evaluate.show import table
from bot.model import Entry, EntryKey, Report, story_id
from bot.story.group import StoryIndex

DENSE = 50_000, timedelta(days=3)
"""So many reports within one window: all are open at the end."""

_START = datetime(2025, 1, 1, tzinfo=UTC)
_BATCH, _EVERY = 200, 5
"""So many reports are timed together, and one batch of so many."""

_SEED, _AGAIN = 4, 0.6
"""What share of the reports tells of what another told of in the last hours."""
_STORIES = 200
_WORDS = {
    "who": "Russia|Ukraine|Israel|Hamas|Lebanon|Sudan|RSF|Congo|Rwanda|Armenia|Azerbaijan|Thailand|Cambodia|India"
    "|Pakistan|Syria|Kurds|Yemen|Houthis|Qatar|Egypt|Turkey|Iran|Venezuela|Colombia|Myanmar|Ethiopia|Tigray|Libya",
    "does": "agree|reject|propose|sign|discuss|welcome|delay|extend|violate|announce|call for|hold talks on|vote on"
    "|mediate|break off talks on|accuse each other over|resume talks on|swap prisoners under|deploy monitors for"
    "|warn of an end to",
    "what": "ceasefire|truce|peace deal|prisoner swap|hostage release|aid corridor|border crossing|buffer zone|roadmap"
    "|security guarantees|energy truce|grain route|withdrawal plan|peacekeeping force|memorandum|power-sharing accord",
    "syllable": "ba|ke|lo|mi|ru|sa|te|vo|zu|na|der|gra|hol|kir|mar|nov|pol|rin|sto|tal",
}
_WHO, _DOES, _WHAT, _SYLLABLES = (words.split("|") for words in _WORDS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How *reports* over *days* were placed, in microseconds (CPU) each: the median batch, the dearest, the last ones.

    *open* is how many reports were held at the end, *memory* the most MB that the process had.
    """

    reports: int
    days: float
    placed: float
    most: float
    last: float
    open: int
    stories: int
    memory: float


def measure(reports: int, days: int) -> Sequence[Row]:
    """Measure so many reports over so many days, and then a window as full as the goal has it."""
    return [alone(_run, count, over) for count, over in ((reports, timedelta(days=days)), DENSE)]


def made_up(count: int, over: timedelta) -> Iterator[Report]:
    """Yield *count* invented reports, evenly over the time, most a rewording of a recent one; always the same."""
    rng = random.Random(_SEED)  # noqa: S311 - the same reports in every run
    names = ["".join(rng.choices(_SYLLABLES, k=3)).capitalize() for _ in range(4_000)]
    recent: list[list[str]] = []
    for number in range(count):
        if recent and rng.random() < _AGAIN:
            words = list(rng.choice(recent))
            words[rng.randrange(len(words))] = rng.choice(names)
        else:
            one, other = rng.sample(_WHO, 2)
            doing = f"{rng.choice(_DOES)} {rng.choice(_WHAT)} in"
            words = [one, "and", other, *doing.split(), *rng.sample(names, 3), "says", rng.choice(names)]
            recent = [*recent[-_STORIES:], words]
        title = " ".join(words)
        at = _START + over * number / count
        yield Report(entry=Entry(key=EntryKey("bench", str(number)), title=title, published=at), event=None)


def _run(count: int, over: timedelta) -> Row:
    index, costs, stories = StoryIndex(), [], 0
    reports = made_up(count, over)
    for number in range(0, count, _BATCH):
        batch = list(islice(reports, _BATCH))
        if number // _BATCH % _EVERY == 0:
            costs.append(_cost(index, batch))
        for report in batch:
            placed = index.place(report).story_id
            stories += placed is None
            index.add(report, placed or story_id(report.entry.key))
    return Row(
        reports=count,
        days=over / timedelta(days=1),
        placed=median(costs),
        most=max(costs),
        last=median(costs[-5:]),
        open=len(index),
        stories=stories,
        memory=peak_memory(),
    )


def _cost(index: StoryIndex, batch: Sequence[Report]) -> float:
    """Return what placing a report of *batch*, and adding none, takes; a clock read for each would cost as much."""
    start = process_time()
    for report in batch:
        index.place(report)
    return (process_time() - start) * 1e6 / len(batch)


def show(rows: Sequence[Row], console: Console) -> None:
    """Print a row for each run."""
    made = table("Placing one report, µs", "reports", "days", "median", "most", "last", "open", "stories", "MB", left=0)
    for row in rows:
        made.add_row(
            f"{row.reports:,}", f"{row.days:.0f}", f"{row.placed:.0f}", f"{row.most:.0f}", f"{row.last:.0f}",
            f"{row.open:,}", f"{row.stories:,}", f"{row.memory:.0f}",
        )  # fmt: skip
    console.print(made)
    console.print("open: reports that may still be joined, three days and as much again for late ones", style="dim")


def plain(rows: Sequence[Row]) -> dict[str, Any]:
    """Return *rows* as JSON has them."""
    return {"rows": [asdict(row) for row in rows]}
