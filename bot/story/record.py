"""What became of the news that a publisher was first with: its track record. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from bot.catalog import Catalog, Publisher
from bot.model import Report, Stage, Standing, Story
from bot.story.origin import origins, published_by
from bot.story.status import TAKEN_BACK, backing, status

StoryWithReports = tuple[Story, Sequence[Report]]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_BORNE_OUT = frozenset({Standing.CONFIRMED, Standing.COLLAPSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A publisher's record: of the steps in *stories* that it told of, it was *first* with some.

    Of those, others *confirmed* some later, after *to_confirmation* at the median; some were *denied*, and some it
    *took back* itself, by correction or withdrawal.
    """

    publisher: Publisher
    stories: int = 0
    first: int = 0
    confirmed: int = 0
    denied: int = 0
    taken_back: int = 0
    to_confirmation: timedelta | None = None


class _Step(NamedTuple):
    """One stage of a story: who told of it, whose the first report was, when others confirmed it, how it stands now."""

    tellers: frozenset[str]
    first: str
    began_at: datetime
    confirmed_at: datetime | None
    standing: Standing


def records(stories: Iterable[StoryWithReports], catalog: Catalog) -> Sequence[Record]:
    """Return the record of every publisher that tells of *stories*, those that were first most often first."""
    steps = [step for story, reports in stories for step in _steps(story, reports, catalog)]
    told: defaultdict[str, list[_Step]] = defaultdict(list)
    for step in steps:
        for teller in step.tellers:
            told[teller].append(step)
    found = [_record(catalog.publisher(name), steps) for name, steps in told.items()]
    return sorted(found, key=lambda each: (-each.first, -each.stories, each.publisher.id))


def _record(publisher: Publisher, told: Sequence[_Step]) -> Record:
    first = [step for step in told if step.first == publisher.id]
    waits = [(step.confirmed_at - step.began_at).total_seconds() for step in first if step.confirmed_at]
    return Record(
        publisher=publisher,
        stories=len(told),
        first=len(first),
        confirmed=sum(step.standing in _BORNE_OUT for step in first),
        denied=sum(step.standing is Standing.DENIED for step in first),
        taken_back=sum(step.standing in TAKEN_BACK - {Standing.DENIED} for step in first),
        to_confirmation=timedelta(seconds=median(waits)) if waits else None,
    )


def _steps(story: Story, reports: Sequence[Report], catalog: Catalog) -> Iterator[_Step]:
    """Yield each stage that *story* went through; what can never be confirmed, such as a question, is none."""
    seen = sorted(reports, key=_told_at)
    for stage in story.stages:
        at_stage = _at(story, stage)
        said = backing(at_stage, seen)
        tellers = said or (seen if at_stage.type is story.type else [])
        if not tellers:
            continue
        yield _Step(
            tellers=frozenset(published_by(report.entry, catalog).id for report in tellers),
            first=origins(tellers, catalog)[0].id,
            began_at=_told_at(tellers[0]),
            confirmed_at=_confirmed_at(at_stage, seen, catalog),
            standing=status(at_stage, seen, catalog).standing,
        )


def _at(story: Story, stage: Stage) -> Story:
    """Return *story* as it was when *stage* was its newest."""
    stages = tuple(each for each in story.stages if each.at <= stage.at)
    return replace(story, type=stage.type, modality=stage.modality, stages=stages)


def _confirmed_at(story: Story, seen: Sequence[Report], catalog: Catalog) -> datetime | None:
    """Return when the first so many of the reports, in the order in which they came, confirmed *story*."""
    for count in range(2, len(seen) + 1):
        if status(story, seen[:count], catalog).standing in _BORNE_OUT:
            return _told_at(seen[count - 1])
    return None


def _told_at(report: Report) -> datetime:
    """Return when a report was told; a feed's own word for it, for how soon we polled is no merit of the publisher."""
    return report.entry.happened_at or _LONG_AGO
