"""A move: one dated step in a conflict's peace process, with all that report it. Pure.

Stories that tell of the same step become one move here, so that two halves of a story count once. The same stories
give the same moves, in whatever order they come.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from bot.catalog import Catalog
from bot.ledger.figures import Amount, amounts, are_near
from bot.model import ASSERTED, Event, EventType, Facts, Modality, Report, Role, Stage, Standing, Story
from bot.story.consent import begins_with_both, consenting
from bot.story.status import IS_SPEECH, Reason, Status, status
from bot.story.voice import Word, side_of

T = TypeVar("T")
StoryWithReports = tuple[Story, Sequence[Report]]

SAME_STEP = timedelta(hours=24)
"""Reports of one step come within so long of the first."""

_PLANS = frozenset(
    {EventType.CEASEFIRE_PROPOSED, EventType.TALKS_PROPOSED, EventType.TALKS_SCHEDULED, EventType.AGREEMENT_TERMS}
)
"""A plan is all that there is to them: planned, they are done."""
_REFUSALS = frozenset({EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED})
"""Told as "will not", they are done."""
_ONES_OWN = IS_SPEECH | {EventType.TALKS_SCHEDULED, EventType.CEASEFIRE_VIOLATED}
"""What each side does for itself: the same done by another is another move."""
_ONLY_SPEAKERS = frozenset({EventType.TALKS_STALLED, EventType.CEASEFIRE_VIOLATED})
"""Whom a headline names first has not done them: it may be the other one's doing."""
_NO_ACTORS = frozenset({"place", "territory", "accord"})
_STRUCK = frozenset({Standing.DENIED, Standing.CORRECTED, Standing.WITHDRAWN})
_CERTAIN = frozenset({Standing.CONFIRMED, Standing.COLLAPSED})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step: *by* whom (an entity, "" if nobody in particular) on which *side* of the conflict ("A", "B", "").

    Of a claim, *by* is who makes it. *role* is party or mediator, None for anybody else. *modality* is fact, claim or
    plan. *reason* is why it is confirmed, or why not. *steps* name the parts of stories that tell of it, the earliest
    first; the owner undoes a move by them. *publishers* are independent of each other. *reports* are those that say so,
    earliest first.
    """

    conflict: str
    type: EventType
    modality: Modality
    standing: Standing
    reason: Reason
    word: Word
    at: datetime
    day: date
    by: str
    side: str
    role: Role | None
    steps: tuple[str, ...]
    stories: tuple[str, ...]
    publishers: tuple[str, ...]
    reports: tuple[Report, ...]

    @property
    def id(self) -> str:
        """Return the short id by which the owner undoes it."""
        return step_id(self.steps[0])

    @property
    def struck(self) -> bool:
        """Tell whether it was denied, corrected or withdrawn."""
        return self.standing in _STRUCK

    @property
    def counts(self) -> bool:
        """Tell whether it moves a ledger: a confirmed fact, or a claim that both sides make. Plans of deeds do not."""
        if self.modality is Modality.CLAIM:
            return self.word is Word.BOTH_SIDES and self.standing in _CERTAIN
        return self.modality is Modality.FACT and self.standing in _CERTAIN

    @property
    def facts(self) -> Sequence[Facts]:
        """Return what its reports state."""
        return [report.event.facts for report in self.reports if report.event]


_Kind = tuple[str, EventType, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What one story says of one step."""

    key: str
    story: Story
    type: EventType
    sense: str
    at: datetime
    by: str
    side: str
    reports: tuple[Report, ...]
    context: tuple[Report, ...]

    @property
    def kind(self) -> "_Kind":
        """Return what steps must share to be one: conflict, type, done or planned, and often who took it."""
        own = (self.side or self.by) if self.type in _ONES_OWN else ""
        return self.story.conflicts[0], self.type, self.sense, own


def moves(told: Iterable[StoryWithReports], catalog: Catalog, undone: Collection[str] = ()) -> Sequence[Move]:
    """Return the moves that stories tell of, earliest first, without those of which a step is *undone*."""
    found = [step for story, reports in told for step in _steps(story, reports, catalog)]
    groups: dict[_Kind, list[list[_Step]]] = {}
    for step in sorted(found, key=lambda step: (step.at, step.key)):
        alike = groups.setdefault(step.kind, [])
        same = next((group for group in alike if _is_same(group, step)), None)
        if same is None:
            alike.append([step])
        else:
            same.append(step)
    each = (group for alike in groups.values() for group in alike)
    kept = (group for group in each if not any(step.key in undone for step in group))
    return sorted((_move(group, catalog) for group in kept), key=lambda move: (move.day, move.at, move.steps))


def most_said(values: Iterable[T]) -> T | None:
    """Return the value that most reports give, the earliest of equals; None if none gives any."""
    given = Counter(value for value in values if value)
    return given.most_common(1)[0][0] if given else None


def step_id(key: str) -> str:
    """Return 8 hex digits that stand for a step."""
    return hashlib.blake2b(key.encode(), digest_size=4).hexdigest()


# ------------------------------------------------------------------------------------------ stories -> steps
def _steps(story: Story, reports: Sequence[Report], catalog: Catalog) -> Iterator[_Step]:
    """Yield what *story* says: each of its stages once, what is planned apart from what is done."""
    if not story.conflicts:
        return
    stages = {stage.type for stage in story.stages or (Stage(story.type, story.first_seen),)}
    context = tuple(_read(report) for report in sorted(reports, key=_when))
    for type_ in sorted(stages - {EventType.STATEMENT}):
        for sense, modalities in (_ACCUSED if type_ is EventType.CEASEFIRE_VIOLATED else _SENSES).items():
            said = tuple(each for each in context if _says(each.event, type_, modalities))
            if said:
                by = _mover(said, catalog)
                yield _Step(
                    key=_key(story, type_, sense),
                    story=story,
                    type=type_,
                    sense=sense,
                    at=min(report.entry.happened_at or _LONG_AGO for report in said),
                    by=by,
                    side=side_of(by, story.conflicts[0], catalog),
                    reports=said,
                    context=context,
                )


_SENSES = {"done": ASSERTED, "plan": frozenset({Modality.PLAN})}
_ACCUSED = {"done": frozenset({Modality.FACT}), "claim": frozenset({Modality.CLAIM})}
"""That one accuses the other bears no report out, and no report bears that out."""


def step_keys(story: Story) -> Sequence[str]:
    """Return the names of all steps that *story* may hold."""
    types = {story.type, *(stage.type for stage in story.stages)}
    return [_key(story, type_, sense) for type_ in sorted(types) for sense in (*_SENSES, *_ACCUSED)]


def _key(story: Story, type_: EventType, sense: str) -> str:
    return f"{story.id}:{type_}:{sense}"


def _read(report: Report) -> Report:
    """Return *report* with what is done by planning or refusing it as the fact that it is."""
    event = report.event
    if event and (
        (event.modality is Modality.PLAN and event.type in _PLANS)
        or (event.modality is Modality.DENIAL and event.type in _REFUSALS)
    ):
        return replace(report, event=replace(event, modality=Modality.FACT))
    return report


def _says(event: Event | None, type_: EventType, modalities: Collection[Modality]) -> bool:
    return event is not None and event.type is type_ and event.modality in modalities


def _mover(reports: Sequence[Report], catalog: Catalog) -> str:
    """Return who took the step, or makes the claim, by most reports; "" where several did or none says."""
    surest = _modality(reports)
    said = (report for report in reports if report.event and report.event.modality is surest)
    return most_said(_mover_of(report, catalog) for report in said) or ""


def _mover_of(report: Report, catalog: Catalog) -> str:
    event = report.event
    if event is None:
        return ""
    if event.modality is Modality.CLAIM:
        return event.speaker
    if event.type is EventType.CEASEFIRE_AGREED:
        agreeing = consenting(event, report.entry.title, catalog)
        return agreeing[0] if len(agreeing) == 1 else ""
    if event.type not in _ONES_OWN:
        return ""
    together = begins_with_both(event, report.entry.title, catalog)
    if event.speaker or together or event.type in _ONLY_SPEAKERS:
        return event.speaker
    actors = (each for each in event.actors if not _is_no_actor(each, catalog))
    return next(actors, "")


def _is_no_actor(entity_id: str, catalog: Catalog) -> bool:
    entity = catalog.entities.get(entity_id)
    return entity is not None and entity.kind in _NO_ACTORS


# ------------------------------------------------------------------------------------------ steps -> moves
_STATED: Sequence[Callable[[Facts], object]] = (
    lambda facts: facts.starts_on,
    lambda facts: facts.ends_on,
    lambda facts: facts.meets_on,
    lambda facts: facts.duration,
)


def _is_same(group: Sequence[_Step], step: _Step) -> bool:
    """Tell whether *step*, of the same kind as those of *group*, is one with them."""
    return step.at - group[0].at <= SAME_STEP and not any(_differ(each, step) for each in group)


def _differ(one: _Step, other: _Step) -> bool:
    """Tell whether two steps state different days, lengths or numbers: then they are two."""
    for stated in _STATED:
        here, there = (_stated_by(step, stated) for step in (one, other))
        if here and there and here.isdisjoint(there):
            return True
    amounts = [[amount for report in step.reports for amount in _amounts(report)] for step in (one, other)]
    return all(amounts) and not any(are_near(here, there) for here in amounts[0] for there in amounts[1])


def _stated_by(step: _Step, stated: Callable[[Facts], object]) -> frozenset[object]:
    values = (stated(report.event.facts) for report in step.reports if report.event)
    return frozenset(value for value in values if value)


def _amounts(report: Report) -> Sequence[Amount]:
    return amounts(report.event.facts.counts) if report.event else ()


def _move(group: Sequence[_Step], catalog: Catalog) -> Move:
    first = group[0]
    reports = tuple(sorted((report for step in group for report in step.reports), key=_when))
    modality = _modality(reports)
    of = _status(group, modality, catalog)
    conflict = first.story.conflicts[0]
    by = _mover(reports, catalog)
    return Move(
        conflict=conflict,
        type=first.type,
        modality=modality,
        standing=of.standing,
        reason=of.reason,
        word=of.word,
        at=first.at,
        day=_day(reports) or first.at.astimezone(UTC).date(),
        by=by,
        side=side_of(by, conflict, catalog),
        role=_role(by, conflict, catalog),
        steps=tuple(step.key for step in group),
        stories=tuple(dict.fromkeys(step.story.id for step in group)),
        publishers=tuple(source.id for source in of.sources),
        reports=reports,
    )


def _day(reports: Sequence[Report]) -> date | None:
    """Return the day on which it happened, if most reports name that one."""
    days = [report.event.occurred_on for report in reports if report.event]
    day = most_said(days)
    return day if 2 * days.count(day) > len(days) else None


def _role(entity_id: str, conflict_id: str, catalog: Catalog) -> Role | None:
    conflict = catalog.conflicts.get(conflict_id)
    if side_of(entity_id, conflict_id, catalog):
        return Role.PARTY
    return Role.MEDIATOR if conflict and entity_id in conflict.mediators else None


def _modality(reports: Sequence[Report]) -> Modality:
    said = {report.event.modality for report in reports if report.event}
    return next((each for each in (Modality.FACT, Modality.CLAIM) if each in said), Modality.PLAN)


def _status(group: Sequence[_Step], modality: Modality, catalog: Catalog) -> Status:
    """Return how far a step, told by a *group* of stories, can be relied on, as if it were a story of its own."""
    first = group[0]
    alone = replace(
        first.story,
        type=first.type,
        modality=modality,
        stages=(Stage(first.type, first.at, modality),),
        taken_back=frozenset(key for step in group for key in step.story.taken_back),
    )
    unique = {report.entry.key: report for step in group for report in step.context}
    return status(alone, sorted(unique.values(), key=_when), catalog)


def _when(report: Report) -> tuple[datetime, str, str]:
    return report.entry.happened_at or _LONG_AGO, *report.entry.key
