"""An editor words a report otherwise: the story moves on with it, or what it said is taken back. Pure."""

from dataclasses import replace
from datetime import datetime

from bot.catalog import Catalog
from bot.model import ASSERTED, Event, EventType, Modality, Report, Story
from bot.story.status import is_of, tells
from bot.story.story import joined
from bot.story.words import LIVE

_FIRM = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_EXTENDED,
        EventType.CEASEFIRE_VIOLATED,
        EventType.CEASEFIRE_ENDED,
        EventType.TALKS_HELD,
        EventType.AGREEMENT_REACHED,
        EventType.EXCHANGE_PRISONERS,
    }
)
"""What is done; a report that told of it and now tells of an offer or a plan has taken it back."""


def went_on(story: Story, before: Report, report: Report) -> bool:
    """Tell whether the running page *report*, worded as *before* when it joined *story*, tells of other news now.

    That is its nature, and takes nothing back.
    """
    event = report.event
    if before.event is None or not LIVE.match(report.entry.title):
        return False
    if event is None or not is_of(story, event):
        return True
    return event.type.family != before.event.type.family and _takes_back(before.event, event)


def revised(story: Story, before: Event | None, report: Report, now: datetime, catalog: Catalog) -> Story:
    """Return *story* with *report*, one of its own that told of *before*, as it is worded now.

    A running page that tells of the next step moves the story on; one that takes its word back, be it of a deed or of a
    plan, leaves the story what it was, to be corrected, and bears it out no more. So does one that told against the
    story, unless it now backs it.
    """
    event = report.event
    if event is None or _takes_back(before, event) or not is_of(story, event):
        gone = {report.entry.key} if before else set()
        return replace(story, revision=story.revision + 1, taken_back=story.taken_back | gone)
    if before and _told_against(story, before) and event.type is not story.type:
        return replace(story, revision=story.revision + 1)
    others = tuple(key for key in story.entry_keys if key != report.entry.key)
    found = replace(joined(replace(story, entry_keys=others), report, now, catalog), entry_keys=story.entry_keys)
    milder = before is not None and tells(before, story) and not tells(event, found)
    return replace(found, taken_back=found.taken_back | {report.entry.key}) if milder else found


def _told_against(story: Story, before: Event) -> bool:
    denial = before.modality is Modality.DENIAL or before.type is EventType.CEASEFIRE_REJECTED
    return denial and story.modality in ASSERTED and before.type not in {stage.type for stage in story.stages}


def _takes_back(before: Event | None, now: Event) -> bool:
    if before is None or before.modality not in ASSERTED:
        return False
    return now.modality not in ASSERTED or (before.type in _FIRM and now.type not in _FIRM)
