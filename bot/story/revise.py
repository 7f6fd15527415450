"""An editor words a report otherwise: the story moves on with it, or what it said is taken back. Pure."""

from dataclasses import replace
from datetime import datetime

from bot.catalog import Catalog
from bot.model import Event, EventType, Report, Story
from bot.story.status import ASSERTED
from bot.story.story import joined

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


def revised(story: Story, before: Event | None, report: Report, now: datetime, catalog: Catalog) -> Story:
    """Return *story* with *report*, one of its own that told of *before*, as it is worded now.

    A running page that tells of the next step moves the story on; one that takes its word back leaves the story what it
    was, to be corrected.
    """
    if report.event is None or _takes_back(before, report.event):
        return replace(story, revision=story.revision + 1)
    others = tuple(key for key in story.entry_keys if key != report.entry.key)
    return replace(joined(replace(story, entry_keys=others), report, now, catalog), entry_keys=story.entry_keys)


def _takes_back(before: Event | None, now: Event) -> bool:
    if before is None or before.modality not in ASSERTED:
        return False
    return now.modality not in ASSERTED or (before.type in _FIRM and now.type not in _FIRM)
