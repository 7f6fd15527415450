"""A story grows: from its founding report on, every report that joins makes a new revision. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from bot.catalog import Catalog
from bot.model import ASSERTED, Event, EventType, Modality, Report, Stage, Story, story_id
from bot.story.words import LIVE

T = TypeVar("T")
_NO_STEP = frozenset({Modality.OPINION, Modality.QUESTION, Modality.HISTORICAL})
_ARRANGED = frozenset({EventType.TALKS_SCHEDULED, EventType.TALKS_HELD})


def new_story(report: Report, now: datetime, catalog: Catalog) -> Story:
    """Return the story that *report*, which has an event, starts."""
    event, at = _event(report), report.entry.happened_at or now
    return Story(
        id=story_id(report.entry.key),
        type=event.type,
        modality=event.modality,
        conflicts=event.conflicts,
        headline=report.entry.title,
        link=report.entry.link,
        language=report.entry.language,
        first_seen=at,
        last_seen=at,
        stages=(Stage(event.type, at, event.modality),),
        actors=_unique(event.actors + event.recipients),
        places=event.places,
        numbers=event.numbers,
        entry_keys=(report.entry.key,),
        publishers=(catalog.publisher(report.entry.publisher).id,),
    )


def joined(story: Story, report: Report, now: datetime, catalog: Catalog) -> Story:
    """Return *story* with *report*, which has an event, in it; a report that it has already changes nothing.

    The type moves on when *report* is the newest and tells of a step that the story has not had; headline and modality
    then are the new step's. Else they stay the founder's, unless that was a running page or a question.
    """
    if report.entry.key in story.entry_keys:
        return story
    event, at = _event(report), report.entry.happened_at or now
    story = _moved(story, report, event, at)
    return replace(
        story,
        conflicts=_unique(story.conflicts + event.conflicts),
        first_seen=min(story.first_seen, at),
        last_seen=max(story.last_seen, at),
        actors=_unique(story.actors + event.actors + event.recipients),
        places=_unique(story.places + event.places),
        numbers=story.numbers | event.numbers,
        entry_keys=(*story.entry_keys, report.entry.key),
        publishers=_unique((*story.publishers, catalog.publisher(report.entry.publisher).id)),
        revision=story.revision + 1,
    )


def _moved(story: Story, report: Report, event: Event, at: datetime) -> Story:
    """Return *story* at the stage and under the headline that it has with *report*."""
    story = replace(story, stages=_begun(story.stages, event, at))
    if event.type in {stage.type for stage in story.stages} or not _moves_on(story.type, event):
        better = event.type is story.type and _is_makeshift(story.headline) and not _is_makeshift(report.entry.title)
        return _headed(story, report) if better else story
    stages = tuple(sorted((*story.stages, Stage(event.type, at, event.modality)), key=lambda stage: stage.at))
    if stages[-1].type is not event.type:
        return replace(story, stages=stages)
    return replace(_headed(story, report), type=event.type, modality=event.modality, stages=stages)


def _begun(stages: Sequence[Stage], event: Event, at: datetime) -> tuple[Stage, ...]:
    """Return *stages*, that of *event* begun *at* the time of a report of it that comes in late; their order stays."""
    found: list[Stage] = []
    for stage in stages:
        same = stage.type is event.type and (
            stage.modality is event.modality or {stage.modality, event.modality} <= ASSERTED
        )
        earliest = max(at, found[-1].at) if found else at
        found.append(stage._replace(at=min(stage.at, earliest)) if same else stage)
    return tuple(found)


def _moves_on(type_: EventType, newer: Event) -> bool:
    """Say whether *newer* is a step: a view, a question and a statement are none, nor is talk of terms after a step.

    Nor is an offer of talks that are already arranged.
    """
    if newer.modality in _NO_STEP or newer.type is EventType.STATEMENT:
        return False
    if newer.type is EventType.TALKS_PROPOSED and type_ in _ARRANGED:
        return False
    return newer.type is not EventType.AGREEMENT_TERMS or type_ is EventType.STATEMENT


def _headed(story: Story, report: Report) -> Story:
    entry = report.entry
    return replace(story, headline=entry.title, link=entry.link, language=entry.language)


def _is_makeshift(headline: str) -> bool:
    return bool(LIVE.match(headline)) or headline.rstrip("»”\"' ").endswith("?")


def _event(report: Report) -> Event:
    if report.event is None:
        raise ValueError(f"a story needs an event, and there is none in {report.entry.key}")
    return report.event


def _unique(items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
