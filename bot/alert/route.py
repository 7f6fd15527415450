"""Who hears of a change, and how loudly. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.alert import render
from bot.alert.loudness import SILENT, SOUND, weigh
from bot.alert.phrases import Reader
from bot.catalog import Catalog
from bot.model import (
    Broadcast,
    EventType,
    LoggedChange,
    Loudness,
    Modality,
    Report,
    Story,
    StoryChange,
    Wishes,
    Wording,
)

FRESH = timedelta(hours=12)
"""Older news is stored and digested, never alerted (product.md, Freshness)."""

# These change what people may dare to do; who asked for the important hears them, if silently, even from one publisher.
_MOMENTOUS = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_ENDED,
        EventType.AGREEMENT_REACHED,
    }
)
_TOLD_LIVE = frozenset(
    {
        StoryChange.NEW,
        StoryChange.NEW_STAGE,
        StoryChange.CORROBORATED,
        StoryChange.CONFIRMED,
        StoryChange.COLLAPSED,
    }
)


def priority(story: Story, reports: Sequence[Report], catalog: Catalog) -> int:
    """Return how loudly *story* may be told, 1 (sound) to 4 (archive)."""
    return weigh(story, reports, catalog).level


def wants(wishes: Wishes, story: Story, level: int) -> bool:
    """Return whether somebody with *wishes* is to be told live of a *story* of priority *level*."""
    if not follows(wishes, story) or level > SILENT:
        return False
    match wishes.loudness:
        case Loudness.ALL:
            return True
        case Loudness.IMPORTANT:
            return level == SOUND or (story.type in _MOMENTOUS and story.modality is not Modality.CONDITIONAL)
        case Loudness.DIGEST:
            return False


def follows(wishes: Wishes, story: Story) -> bool:
    """Return whether *story* is about what somebody with *wishes* follows, however loud."""
    conflict = not wishes.conflicts or not wishes.conflicts.isdisjoint(story.conflicts)
    return conflict and (not wishes.types or story.type in wishes.types)


def is_fresh(report: Report, now: datetime) -> bool:
    """Return whether *report* may still be told live: published and first seen no more than 12 h ago.

    A report without a date may be of any age; it waits for the digest.
    """
    times = (report.entry.published, report.entry.seen_at)
    return all(at is not None and now - at <= FRESH for at in times)


def route(  # noqa: PLR0917 - six things decide, and each is named by its type
    change: LoggedChange,
    story: Story,
    reports: Sequence[Report],
    readers: Sequence[Wishes],
    catalog: Catalog,
    now: datetime,
) -> Broadcast | None:
    """Return the alert that *change* is worth to those who were not told of *story* yet.

    It is worded once for all *readers* of one language and time zone. A story has one alert in each chat; what becomes
    of that is in `bot.alert.live`.
    """
    cause = next((report for report in reports if report.entry.key == change.entry_key), None)
    if change.change not in _TOLD_LIVE or cause is None or not is_fresh(cause, now):
        return None
    level = priority(story, reports, catalog)
    by_words: defaultdict[tuple[str, str], list[Wishes]] = defaultdict(list)
    for wishes in readers:
        if wants(wishes, story, level):
            by_words[wishes.language, wishes.time_zone].append(wishes)
    if not by_words:
        return None
    update = len(story.stages) > 1

    def worded(group: Sequence[Wishes]) -> Wording:
        reader = Reader.of(group[0], catalog, now)
        return Wording(render.alert(story, reports, reader, update=update, silent=level > SOUND), tuple(group))

    return Broadcast(
        # Who was told of it already is left out by the store; who could not be reached then is owed it anew.
        key=f"alert:{story.id}" if change.change is StoryChange.NEW else f"alert:{story.id}:{change.id}",
        wordings=tuple(worded(group) for group in by_words.values()),
        created_at=now,
        story_id=story.id,
        change_id=0 if change.change is StoryChange.NEW else change.id,
        urgent=update,
    )
