"""What is said again and again: how often the like of a story was told before, and what is new this time. Pure.

"Ready for talks", said the fifteenth time, is news once its terms change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

from bot.catalog import Catalog
from bot.model import Event, EventType, Facts, Refrain, Report, Story
from bot.story.status import IS_SPEECH

REACH = timedelta(days=60)
TODAY = timedelta(hours=24)
REPEATABLE = IS_SPEECH | {EventType.CEASEFIRE_VIOLATED}
"""Types that the same people tell of again and again without anything having moved."""
_NO_SIDE = "X"


def refrain(story: Story, reports: Sequence[Report], founders: Iterable[Report], catalog: Catalog) -> Refrain:
    """Return how often the like of *story*, which has *reports*, was told before it began.

    *founders* are the first reports of other stories of its type and first conflict.
    """
    begins = story.first_seen
    earlier = [
        report
        for report in founders
        if report.event and (at := report.entry.happened_at) and begins - REACH <= at < begins
        if report.entry.key not in story.entry_keys
    ]
    whose = next((voice for report in reports if (voice := _voice(report, story, catalog))), "")
    alike = [report for report in earlier if whose and _voice(report, story, catalog) == whose]
    return Refrain(
        before=len(alike),
        today=sum((report.entry.happened_at or begins) >= begins - TODAY for report in earlier),
        new=_new([_facts(report) for report in reports], [_facts(report) for report in alike]),
    )


def _voice(report: Report, story: Story, catalog: Catalog) -> str:
    """Return the side that speaks in *report*, or who does if that is nobody's side; "" if none can be told."""
    event = report.event
    speaker = _speaker(event) if event else ""
    entity = catalog.entities.get(speaker)
    links = entity.links if entity else ()
    sides = (side for conflict, side in links if conflict in story.conflicts[:1] and side.upper() != _NO_SIDE)
    return next(sides, speaker)


def _speaker(event: Event) -> str:
    """Return who is quoted, else the only one who can have spoken."""
    others = [actor for actor in event.actors if actor not in event.recipients]
    return event.speaker or (others[0] if len(others) == 1 else "")


def _facts(report: Report) -> Facts:
    return report.event.facts if report.event else Facts()


def _new(stated: Sequence[Facts], known: Sequence[Facts]) -> Facts:
    """Return what *stated* says and nothing of *known* says; of each thing the first word counts."""
    found: dict[str, Any] = {}
    for each in (name.name for name in fields(Facts)):
        said = {getattr(facts, each) for facts in known}
        before = {item for value in said if isinstance(value, tuple) for item in value}
        for value in (getattr(facts, each) for facts in stated):
            new = tuple(item for item in value if item not in before) if isinstance(value, tuple) else value
            if new and new not in said:
                found.setdefault(each, new)
    return Facts(**found)
