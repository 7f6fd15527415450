"""Which story does a report belong to? Pure: the index holds the open stories, and asks no clock.

Candidates come from postings (rare words; a conflict and a kind of step), never from a scan.
A report joins the story whose founder and nearest reports it is like, unless a fact keeps it apart from *any* report of
the story: comparing with the founder too is what stops A~B~C chains from growing giant stories.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, nlargest
from itertools import count
from math import log

from bot.model import Report
from bot.story.compare import JOINS, NEAREST, Weighed, days_between, difference, likeness, weighed
from bot.story.features import Facts, Features, features
from bot.story.words import COMMON, PARTIES

WINDOW = timedelta(hours=72)
"""A report joins a story only this close to the story's first report."""

NEIGHBOURS = 3
"""How many of a story's reports, the nearest, a new one is compared with."""

STRANGE = -3.8
"""Likeness to a story's first report under which what the others have in common is chance."""

HOPELESS = JOINS - 3
"""Likeness to the report with most in common under which no other report of a story makes up for it."""

RAREST = 5
"""How many of a report's rarest words are looked up."""

RECENT = 20
"""How many reports a posting offers: the newest."""

STAYS = 1.0
"""How much likelier another story must be for a report to leave the one it is in."""

CANDIDATES = 4
"""How many stories are compared in full."""

LOOKED_AT = 24
"""How many reports, those with most in common first, the stories to compare are taken from."""

NEAR_THE_BEST = 0.35
"""Share of what the report with most in common shares, from which others are looked at too."""

KEY_WORTH = 3.0
"""What a shared conflict and step counts among words in common."""

USUAL = 300
"""Reports whose words we pretend to have seen before the first: keeps an empty index from taking "talks" for rare."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC) + 3 * WINDOW


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a report belongs (None: it starts a story), and why, in words."""

    story_id: str | None
    because: str


@dataclass(slots=True, eq=False)
class _Open:
    """A story as the index holds it: its founder, the numbers of its reports, the different facts they stated.

    If the owner *merged* others into it, a report that some of its facts fit may join, though others do not.
    """

    id: str
    founder: Weighed
    numbers: list[int] = field(default_factory=list)
    facts: dict[Facts, None] = field(default_factory=dict)
    merged: bool = False

    def keeps_out(self, facts: Facts) -> str:
        """Return why a report with these *facts* is none of this story's, "" if it may be."""
        reasons = [difference(own, facts) for own in self.facts]
        return "" if self.merged and "" in reasons else next(filter(None, reasons), "")


class StoryIndex:
    """The open stories, ready to be asked. One thread at a time."""

    def __init__(self, merged: frozenset[str] = frozenset()) -> None:
        """Begin empty; *merged* are the stories that the owner put together, whatever kept their reports apart."""
        self._merged = merged
        self._stories: dict[str, _Open] = {}
        self._reports: dict[int, tuple[_Open, Weighed]] = {}
        self._postings: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._counts: Counter[str] = Counter()
        self._numbers = count()
        self._by_age: list[tuple[datetime, str]] = []
        self._newest = _LONG_AGO
        self._last: tuple[Report, Weighed] | None = None

    def __len__(self) -> int:
        return len(self._reports)

    def place(self, report: Report, *, was_in: str = "") -> Placement:
        """Return the open story that *report* belongs to, and why; it is not added.

        If it *was_in* a story, it goes back there unless another one is clearly likelier.
        """
        new = self._weighed(report)
        best, best_score, refusal = None, JOINS, ""
        for story, nearest in self._candidates(new):
            if days_between(story.founder.features.at, new.features.at) > WINDOW / timedelta(days=1):
                continue
            score = _score(story, nearest, new) + (STAYS if story.id == was_in else 0.0)
            if score > best_score:
                if reason := story.keeps_out(new.features.facts):
                    refusal = refusal or f"kept apart from {story.id}: {reason}"
                else:
                    best, best_score = (story, nearest[0]), score
        if best is None:
            return Placement(None, refusal or "nothing like it in 72 h")
        return Placement(best[0].id, f"{_in_common(best[1], new)} (log-odds {best_score:+.1f})")

    def add(self, report: Report, story_id: str) -> None:
        """Add *report* to the story *story_id*, which it starts if there is none yet."""
        new = self._weighed(report)
        story = self._stories.get(story_id)
        if story is None:
            story = self._stories[story_id] = _Open(story_id, new, merged=story_id in self._merged)
            heappush(self._by_age, (new.features.at or self._newest, story_id))
        story.facts.setdefault(new.features.facts)
        number = next(self._numbers)
        self._reports[number] = story, new
        story.numbers.append(number)
        self._counts.update(new.features.words.keys())
        for key in (*new.features.title, *_keys(new.features)):
            self._postings[key].append(number)
        self._newest = max(self._newest, new.features.at or self._newest)
        self._last = None  # words are rarer or less rare from now on
        self._forget()

    def move(self, report: Report, story_id: str) -> str:
        """Look again at *report* of *story_id*, knowing what came later; return the story it is in from now on.

        A report that started a story stays in it as long as the story has others.
        """
        story = self._stories.get(story_id)
        if story is None:
            return story_id
        number = next(each for each in story.numbers if self._reports[each][1].features.key == report.entry.key)
        known = self._reports[number][1].features
        if len(story.numbers) == 1:
            self.remove(story_id)
        elif number != story.numbers[0]:
            story.numbers.remove(number)
            self._take_out(number)
        else:
            return story_id
        self._last = report, weighed(known, self._rarity)
        nearest = self.place(report, was_in=story_id).story_id or story_id
        self.add(report, nearest)
        return nearest

    def remove(self, story_id: str) -> None:
        """Forget the story *story_id*; one that is not open is ignored."""
        story = self._stories.pop(story_id, None)
        for number in story.numbers if story else ():
            self._take_out(number)

    def _take_out(self, number: int) -> None:
        """Forget one report, and every word that no other has."""
        report = self._reports.pop(number)[1].features
        self._counts.subtract(report.words.keys())
        for root in report.words:
            if not self._counts[root]:
                del self._counts[root]
        for key in (*report.title, *_keys(report)):
            posting = self._postings[key]
            if number in posting:
                posting.remove(number)
            if not posting:
                del self._postings[key]

    def _forget(self) -> None:
        """Let go of stories that no report can join any more, late ones included."""
        while self._by_age and self._by_age[0][0] < self._newest - 2 * WINDOW:
            self.remove(heappop(self._by_age)[1])

    def _weighed(self, report: Report) -> Weighed:
        """Return the report's words, weighed; it is mostly placed first and added next, so the last one is kept."""
        if self._last is None or self._last[0] is not report:
            self._last = report, weighed(features(report), self._rarity)
        return self._last[1]

    def _rarity(self, root: str) -> float:
        usual = USUAL / 10 if root in COMMON else 1
        return max(0.0, log((USUAL + len(self._reports)) / (usual + self._counts.get(root, 0))))

    def _candidates(self, new: Weighed) -> Iterator[tuple[_Open, list[Weighed]]]:
        """Yield the stories that share most with *new*, each with its nearest reports."""
        rarest = nlargest(RAREST, new.features.title, key=lambda root: (new.weights[root], root))
        points: dict[int, float] = {}
        for key in (*rarest, *_keys(new.features)):
            worth = new.weights.get(key, KEY_WORTH)
            for number in self._postings.get(key, ()):
                points[number] = points[number] + worth if number in points else worth
        enough = max(points.values(), default=0.0) * NEAR_THE_BEST
        likely = [number for number, worth in points.items() if worth >= enough]
        nearest: dict[str, tuple[_Open, list[Weighed]]] = {}
        for number in sorted(likely, key=points.__getitem__, reverse=True)[:LOOKED_AT]:
            if number not in self._reports:
                continue
            story, report = self._reports[number]
            if story.id in nearest or len(nearest) < CANDIDATES:
                reports = nearest.setdefault(story.id, (story, []))[1]
                if len(reports) < NEIGHBOURS:
                    reports.append(report)
        yield from nearest.values()


def _score(story: _Open, nearest: list[Weighed], new: Weighed) -> float:
    """Return the log-odds that *new* belongs to *story*, by its founder and its reports that are most like *new*."""
    each = [likeness(nearest[0], new)]
    if each[0] < HOPELESS:
        return each[0]
    each += [likeness(report, new) for report in nearest[1:]]
    if story.founder not in nearest:
        each.append(likeness(story.founder, new))
        if each[-1] < STRANGE:
            return each[-1]
    return NEAREST * max(each) + (1 - NEAREST) * sum(each) / len(each)


def _keys(report: Features) -> Iterator[str]:
    """Yield what else than words a report is found by: who is at war, and which step was taken."""
    steps = [step for step in (report.step, report.facts.type and report.facts.type.value) if step]
    for about in sorted(report.facts.conflicts or report.title & PARTIES):
        for step in steps:
            yield f"{about}: {step}"


def _in_common(one: Weighed, other: Weighed) -> str:
    shared = one.weights.keys() & other.weights.keys()
    words = sorted(shared, key=lambda root: (-one.weights[root] * other.weights[root], root))[:5]
    step = one.features.step if one.features.step == other.features.step else ""
    return (f"same step ({step}); " if step else "") + "in common: " + ", ".join(words)
