"""Which story does a report belong to? Pure: the index holds the open stories, and asks no clock.

Candidates come from postings (rare words; a conflict and a kind of step), never from a scan.
A report joins the story whose founder and nearest report it is like, unless a fact keeps it apart from *any* report of
the story: comparing with the founder is what stops A~B~C chains from growing giant stories.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, nlargest
from itertools import count
from math import log

from bot.model import Report
from bot.story.compare import Weighed, days_between, difference, likeness, weighed
from bot.story.features import Facts, Features, features
from bot.story.words import COMMON, PARTIES

WINDOW = timedelta(hours=72)
"""A report joins a story only this close to the story's first report."""

THRESHOLD = -1.3
"""Log-odds from which a report joins."""

FOUNDER = 0.5
"""How much likeness to the story's first report counts; the rest is likeness to the nearest one."""

MOST = 1.0
"""What likeness to the nearest report counts at most, so that a report nothing like the founder never joins."""

RAREST = 5
"""How many of a report's rarest words are looked up."""

RECENT = 40
"""How many reports a posting offers: the newest."""

CANDIDATES = 4
"""How many stories are compared in full."""

LOOKED_AT = 12
"""How many reports, those with most in common first, the stories to compare are taken from."""

KEY_WORTH = 2.0
"""What a shared conflict and step counts among words in common."""

USUAL = 300
"""Reports whose words we pretend to have seen before the first: keeps an empty index from taking "talks" for rare."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC) + 3 * WINDOW


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a report belongs (None: it starts a story), and why, in words."""

    story_id: str | None
    because: str


@dataclass(slots=True)
class _Open:
    """A story as the index holds it: its founder, the numbers of its reports, the different facts they stated."""

    id: str
    founder: Weighed
    numbers: list[int] = field(default_factory=list)
    facts: dict[Facts, None] = field(default_factory=dict)

    def keeps_out(self, facts: Facts) -> str:
        """Return why a report with these *facts* is none of this story's, "" if it may be."""
        return next((reason for own in self.facts if (reason := difference(own, facts))), "")


class StoryIndex:
    """The open stories, ready to be asked. One thread at a time."""

    def __init__(self) -> None:
        self._stories: dict[str, _Open] = {}
        self._reports: dict[int, tuple[_Open, Weighed]] = {}
        self._postings: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._counts: Counter[str] = Counter()
        self._numbers = count()
        self._by_age: list[tuple[datetime, str]] = []
        self._newest = _LONG_AGO
        self._last: tuple[Report, Features] | None = None

    def __len__(self) -> int:
        return len(self._reports)

    def place(self, report: Report) -> Placement:
        """Return the open story that *report* belongs to, and why; it is not added."""
        new = weighed(self._features(report), self._rarity)
        best, best_score, refusal = None, THRESHOLD, ""
        for story, nearest in self._candidates(new):
            if days_between(story.founder.features.at, new.features.at) > WINDOW / timedelta(days=1):
                continue
            score = _score(story.founder, nearest, new)
            if score < best_score or (best and score == best_score):
                continue
            reason = story.keeps_out(new.features.facts)
            if reason:
                refusal = refusal or f"kept apart from {story.id}: {reason}"
            else:
                best, best_score = (story, nearest), score
        if best is None:
            return Placement(None, refusal or "nothing like it in 72 h")
        return Placement(best[0].id, f"{_in_common(best[1], new)} (log-odds {best_score:+.1f})")

    def add(self, report: Report, story_id: str) -> None:
        """Add *report* to the story *story_id*, which it starts if there is none yet."""
        new = weighed(self._features(report), self._rarity)
        story = self._stories.get(story_id)
        if story is None:
            story = self._stories[story_id] = _Open(story_id, new)
            heappush(self._by_age, (new.features.at or self._newest, story_id))
        story.facts.setdefault(new.features.facts)
        number = next(self._numbers)
        self._reports[number] = story, new
        story.numbers.append(number)
        self._counts.update(new.features.words.keys())
        for key in (*new.features.title, *_keys(new.features)):
            self._postings[key].append(number)
        self._newest = max(self._newest, new.features.at or self._newest)
        self._forget()

    def remove(self, story_id: str) -> None:
        """Forget the story *story_id*; one that is not open is ignored."""
        story = self._stories.pop(story_id, None)
        for number in story.numbers if story else ():
            report = self._reports.pop(number)[1].features
            self._counts.subtract(report.words.keys())
            for root in report.words:
                if not self._counts[root]:
                    del self._counts[root]
            for key in (*report.title, *_keys(report)):
                if not any(number in self._reports for number in self._postings[key]):
                    del self._postings[key]

    def _forget(self) -> None:
        """Let go of stories that no report can join any more, late ones included."""
        while self._by_age and self._by_age[0][0] < self._newest - 2 * WINDOW:
            self.remove(heappop(self._by_age)[1])

    def _features(self, report: Report) -> Features:
        """Return the report's features; it is mostly placed first and added next, so the last ones are kept."""
        if self._last is None or self._last[0] is not report:
            self._last = (report, features(report))
        return self._last[1]

    def _rarity(self, root: str) -> float:
        usual = USUAL / 10 if root in COMMON else 1
        return max(0.0, log((USUAL + len(self._reports)) / (usual + self._counts.get(root, 0))))

    def _candidates(self, new: Weighed) -> Iterator[tuple[_Open, Weighed]]:
        """Yield the stories that share most with *new*, each with its nearest report."""
        rarest = nlargest(RAREST, new.features.title, key=lambda root: (new.weights[root], root))
        points: dict[int, float] = {}
        for key in (*rarest, *_keys(new.features)):
            worth = new.weights.get(key, KEY_WORTH)
            for number in self._postings.get(key, ()):
                points[number] = points.get(number, 0.0) + worth
        nearest: dict[str, tuple[_Open, Weighed]] = {}
        for number in nlargest(LOOKED_AT, points, key=points.__getitem__):
            if number in self._reports and len(nearest) < CANDIDATES:
                story, report = self._reports[number]
                nearest.setdefault(story.id, (story, report))
        yield from nearest.values()


def _score(founder: Weighed, nearest: Weighed, new: Weighed) -> float:
    to_nearest = likeness(nearest, new)
    to_founder = to_nearest if nearest is founder else likeness(founder, new)
    return FOUNDER * to_founder + (1 - FOUNDER) * min(to_nearest, MOST)


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
