"""`parley eval-stories`: how well reports are grouped, beside leaving them alone and TF-IDF at its best threshold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any

from bot.detect.detector import Detector
from bot.detect.lines import LineError, read_item
from bot.detect.words import cut_words
from bot.errors import ConfigError, Problem
from bot.evaluate.baselines import SCIKIT_LEARN
from bot.evaluate.items import MOST_PROBLEMS, read_rows
from bot.model import Entry, Report
from bot.story.evaluate import Scores, evaluate
from bot.story.lines import group_lines

OURS, ALONE, TFIDF = "parley", "each report alone", "TF-IDF, single pass"
LIVE = "parley, as it tells live"
"""Without the second look that `parley group` takes."""
ALIKE = 0.5
"""Share of words in common from which two headlines of one story are near-duplicates."""

Rows = Mapping[int, dict[str, Any]]
"""The lines of a file by their numbers."""

_WINDOW = 72 * 3600.0
_THRESHOLDS = [number / 20 for number in range(2, 18)]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A report and the story that people put it into; None: it is in the file, but not scored."""

    id: str
    report: Report
    story: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A method on the reports of one file; *scores* None: it could not run, and *note* says why."""

    method: str
    scores: Scores | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Two headlines that were joined and belong apart (*joined*), or the other way about."""

    joined: bool
    one: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """A file of labelled stories: its scores, mistakes, and what each report cost, in microseconds.

    *near_duplicates* counts pairs of one story with ALIKE words in common within 72 h, *recalled* those joined.
    """

    name: str
    reports: int
    stories: int
    rows: Sequence[Row]
    near_duplicates: int
    recalled: int
    each: float
    mistakes: Sequence[Mistake]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScores:
    """A file of labelled pairs: "same" against "bad"; what else they are called is left out."""

    name: str
    same: int
    bad: int
    right: int
    false: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall of "same"."""
        wrong = self.false + self.same - self.right
        return 2 * self.right / (2 * self.right + wrong) if self.right else 0.0


def evaluated(file: Path, detector: Detector) -> Stories | PairScores:
    """Group the reports of *file* and compare; raise ConfigError naming file and line of what cannot be read."""
    rows = dict(read_rows(file))
    if any("left" in row for row in rows.values()):
        return _pairs(file, rows, detector)
    items = list(_labelled(file, rows, detector))
    if not any(item.story is not None for item in items):
        raise ConfigError(Problem(file=str(file), line=0, what='no report in it has a "story" to measure by'))
    return _stories(file.name, items)


# ------------------------------------------------------------------------------------------------ reading
def _labelled(file: Path, rows: Rows, detector: Detector) -> Iterator[Labelled]:
    problems = []
    for number, row in rows.items():
        gold = row["gold"] if isinstance(row.get("gold"), dict) else row
        story = gold.get("story") if gold.get("relevant", True) else None
        try:
            report = _report(_with_time(row), detector)
        except LineError as error:
            problems.append(Problem(file=str(file), line=number, what=str(error)))
            continue
        if not isinstance(story, str | int) and gold.get("relevant", True):
            problems.append(Problem(file=str(file), line=number, what='no "story": nobody says which one this is of'))
        yield Labelled(str(row.get("id", number)), report, None if story is None else str(story))
    if problems:
        raise ConfigError(*problems[:MOST_PROBLEMS])


def _with_time(row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with its "ts", seconds since 1970, as the day of publication."""
    seconds = row.get("ts")
    if not isinstance(seconds, int | float):
        return row
    try:
        published = datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise LineError(f"'ts': {seconds} is no time in seconds since 1970") from error
    return row | {"published": published, "source": row.get("publisher", "")}


def _report(item: Mapping[str, Any], detector: Detector) -> Report:
    entry, when = read_item(dict(item))
    return Report(entry=entry, event=detector.judge(entry, when=when).event)


# ------------------------------------------------------------------------------------------------ stories
def _stories(name: str, items: Sequence[Labelled]) -> Stories:
    gold = {number: item.story for number, item in enumerate(items) if item.story is not None}
    start = process_time()
    ours = _grouped(item.report for item in items)
    each = (process_time() - start) * 1e6 / max(1, len(items))
    near = list(_near_duplicates(gold, [item.report.entry for item in items]))
    return Stories(
        name=name,
        reports=len(gold),
        stories=len(set(gold.values())),
        rows=(
            Row(method=OURS, scores=evaluate(gold, ours)),
            Row(method=LIVE, scores=evaluate(gold, _grouped((item.report for item in items), twice=False))),
            Row(method=ALONE, scores=evaluate(gold, {number: number for number in gold})),
            _tfidf(gold, [item.report.entry for item in items]),
        ),
        near_duplicates=len(near),
        recalled=sum(ours[one] == ours[other] for one, other in near),
        each=each,
        mistakes=[
            Mistake(joined=joined, one=items[one].report.entry.title, other=items[other].report.entry.title)
            for one, other in combinations(gold, 2)
            if (joined := ours[one] == ours[other]) != (gold[one] == gold[other])
        ],
    )


def _grouped(reports: Iterable[Report], *, twice: bool = True) -> dict[int, str]:
    return {line["id"]: line["story"] for line in group_lines(enumerate(reports), twice=twice)}


def _near_duplicates(gold: Mapping[int, str], entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    said = {number: frozenset(cut_words(entries[number].title.casefold())[1::2]) for number in gold}
    by_story: dict[str, list[int]] = {}
    for number, story in gold.items():
        by_story.setdefault(story, []).append(number)
    for numbers in by_story.values():
        for one, other in combinations(numbers, 2):
            if len(said[one] & said[other]) >= ALIKE * len(said[one] | said[other]) and _close(entries, one, other):
                yield one, other


def _close(entries: Sequence[Entry], one: int, other: int) -> bool:
    first, second = entries[one].published, entries[other].published
    return first is None or second is None or abs((first - second).total_seconds()) <= _WINDOW


def _tfidf(gold: Mapping[int, str], entries: Sequence[Entry]) -> Row:
    """Return single-pass TF-IDF clustering at the threshold that happens to be best on these very labels."""
    if find_spec("sklearn") is None:
        return Row(method=TFIDF, scores=None, note=SCIKIT_LEARN)
    # Not installed by default: the import must wait until somebody asks for it.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    latest = datetime.max.replace(tzinfo=UTC)
    order = sorted(gold, key=lambda number: (entries[number].published or latest, number))
    matrix = TfidfVectorizer(sublinear_tf=True).fit_transform(
        f"{entries[number].title} {entries[number].summary}" for number in order
    )
    nearest = [(matrix[row] @ matrix[:row].T).toarray()[0] if row else None for row in range(len(order))]

    @cache
    def at(threshold: float) -> Scores:
        clusters: list[int] = []
        for row, alike in enumerate(nearest):
            best = int(alike.argmax()) if alike is not None else 0
            joins = alike is not None and alike[best] >= threshold
            clusters.append(clusters[best] if joins else row)
        return evaluate(gold, dict(zip(order, clusters, strict=True)))

    best = max(_THRESHOLDS, key=lambda threshold: at(threshold).f1)
    return Row(method=f"{TFIDF} from {best:.2f}", scores=at(best))


# ------------------------------------------------------------------------------------------------ pairs
def _pairs(file: Path, rows: Rows, detector: Detector) -> PairScores:
    same = bad = right = false = 0
    for number, row in rows.items():
        if row.get("result") not in ("same", "bad"):
            continue
        titles = (row.get("left"), row.get("right"))
        try:
            sides = [_report({"title": title, "language": row.get("lang", "")}, detector) for title in titles]
        except LineError as error:
            raise ConfigError(Problem(file=str(file), line=number, what=f"'left' or 'right': {error}")) from error
        joined = len(set(_grouped(sides).values())) == 1
        if row["result"] == "same":
            same, right = same + 1, right + joined
        else:
            bad, false = bad + 1, false + joined
    return PairScores(name=file.name, same=same, bad=bad, right=right, false=false)


def plain(found: Iterable[Stories | PairScores], *, errors: bool) -> list[dict[str, Any]]:
    """Return evaluations as JSON has them, the mistakes only if *errors*."""
    made = []
    for one in found:
        said = asdict(one)
        if isinstance(one, PairScores):
            said["f1"] = one.f1
        elif not errors:
            del said["mistakes"]
        made.append(said)
    return made
