"""Which story a denial is about. Pure.

Grouping keeps a denial apart from what it denies, for they say opposite things. So it is looked for among the stories
of the same war, and found only where there is no doubt: to strike a true report through is as bad as to let a false one
stand.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.catalog import Catalog
from bot.model import Event, EventType, Report, Story
from bot.story.origin import published_by
from bot.story.status import ASSERTED, denies

DENIABLE = timedelta(hours=72)
"""A denial is about something that was reported no longer ago."""

_BDENIABLE = re.compile(r"violat|breach|breaking|порушен|нарушен", re.IGNORECASE)
_AGREEMENTS = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_EXTENDED,
        EventType.AGREEMENT_REACHED,
    }
)


def denied_by(report: Report, stories: Iterable[Story], now: datetime) -> Story | None:
    """Return the one of *stories* that *report* denies; None if it denies none, or if that is in doubt."""
    event = report.event
    if event is None or not denies(report):
        return None
    at, types = report.entry.happened_at or now, _denied_types(report, event)
    fitting = [story for story in stories if story.type in types and _fits(story, event, at)]
    same_numbers = [story for story in fitting if story.numbers & event.numbers]
    found = same_numbers or fitting
    return found[0] if len(found) == 1 else None


def contradicted(story: Story, report: Report, catalog: Catalog) -> Story:
    """Return *story* with the denial *report* in it; it stays what it was, so that people see what is denied."""
    if report.entry.key in story.entry_keys:
        return story
    return replace(
        story,
        entry_keys=(*story.entry_keys, report.entry.key),
        publishers=tuple(dict.fromkeys((*story.publishers, published_by(report.entry, catalog).id))),
        revision=story.revision + 1,
    )


def _denied_types(report: Report, event: Event) -> frozenset[EventType]:
    """Return what may be denied: an agreement by who "denies agreeing", a breach by who denies that."""
    if _BDENIABLE.search(report.entry.title):
        return frozenset({EventType.CEASEFIRE_VIOLATED})
    return _AGREEMENTS if event.type is EventType.CEASEFIRE_REJECTED else frozenset({event.type})


def _fits(story: Story, event: Event, at: datetime) -> bool:
    return (
        story.modality in ASSERTED
        and story.first_seen <= at <= story.last_seen + DENIABLE
        and not set(story.conflicts[:1]).isdisjoint(event.conflicts)
        and not (story.actors and event.actors and set(story.actors).isdisjoint(event.actors))
        and not _other_numbers(story.numbers, event.numbers)
    )


def _other_numbers(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether both count the same thing, such as days, and differ."""
    units = {_unit(number) for number in one} & {_unit(number) for number in other}
    return bool(units - {_unit(number) for number in one & other})


def _unit(number: str) -> str:
    return number.lstrip("0123456789")
