"""Who hears of a change, and how loudly. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.alert import render
from bot.alert.loudness import SILENT, SOUND, weigh
from bot.alert.phrases import Reader
from bot.catalog import Catalog
from bot.model import (
    ChatId,
    Delivery,
    DeliveryKind,
    EventType,
    LoggedChange,
    Loudness,
    Message,
    Modality,
    Report,
    Story,
    StoryChange,
    Subscription,
)

FRESH = timedelta(hours=12)

# These change what people may dare to do; who asked for the important hears them, if silently, even from one publisher.
_MOMENTOUS = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_ENDED,
        EventType.AGREEMENT_REACHED,
    }
)
_TOLD_LIVE = frozenset({StoryChange.NEW, StoryChange.NEW_STAGE})


def priority(story: Story, reports: Sequence[Report], catalog: Catalog) -> int:
    """Return how loudly *story* may be told, 1 (sound) to 4 (archive)."""
    return weigh(story, reports, catalog)[0]


def wants(subscription: Subscription, story: Story, level: int) -> bool:
    """Return whether *subscription* is to be told live of a *story* of priority *level*."""
    if not follows(subscription, story) or level > SILENT:
        return False
    match subscription.loudness:
        case Loudness.ALL:
            return True
        case Loudness.IMPORTANT:
            return level == SOUND or (story.type in _MOMENTOUS and story.modality is not Modality.CONDITIONAL)
        case Loudness.DIGEST:
            return False


def follows(subscription: Subscription, story: Story) -> bool:
    """Return whether *story* is about what *subscription* follows, however loud."""
    conflict = not subscription.conflicts or not subscription.conflicts.isdisjoint(story.conflicts)
    return conflict and (not subscription.types or story.type in subscription.types)


def is_fresh(report: Report, now: datetime) -> bool:
    """Return whether *report* may still be told live: published and first seen no more than 12 h ago.

    A report without a date may be of any age; it waits for the digest.
    """
    times = (report.entry.published, report.entry.seen_at)
    return all(at is not None and now - at <= FRESH for at in times)


def route(  # noqa: PLR0917 - seven things decide, and each is named by its type
    change: LoggedChange,
    story: Story,
    reports: Sequence[Report],
    subscriptions: Sequence[Subscription],
    muted: Mapping[ChatId, frozenset[str]],
    catalog: Catalog,
    now: datetime,
) -> Sequence[Delivery]:
    """Return the alerts that *change* is worth, one for each chat that wants it.

    Each stage of a story is a change of its status, told once: if the founding report and the next stage arrive
    together, both changes ask for the same alert, and the same dedupe key makes them one.
    """
    cause = next((report for report in reports if report.entry.key == change.entry_key), None)
    if change.change not in _TOLD_LIVE or cause is None or not is_fresh(cause, now):
        return ()
    level = priority(story, reports, catalog)
    update = len(story.stages) > 1
    written: dict[tuple[str, str], Message] = {}
    deliveries = []
    for subscription in subscriptions:
        if not _hears(subscription, story, level, muted, now):
            continue
        words = (subscription.language, subscription.time_zone)
        if words not in written:
            reader = Reader.of(subscription, catalog, now)
            written[words] = render.alert(story, reports, reader, update=update, silent=level > SOUND)
        deliveries.append(_delivery(story, subscription.chat, written[words], now))
    return deliveries


def _hears(
    subscription: Subscription, story: Story, level: int, muted: Mapping[ChatId, frozenset[str]], now: datetime
) -> bool:
    paused = subscription.paused_until is not None and subscription.paused_until > now
    silenced = story.id in muted.get(subscription.chat, frozenset())
    return not paused and not silenced and wants(subscription, story, level)


def _delivery(story: Story, chat: ChatId, message: Message, now: datetime) -> Delivery:
    return Delivery(
        dedupe_key=f"alert:{story.id}:{story.type}:{chat.network}:{chat.room}",
        chat=chat,
        kind=DeliveryKind.ALERT,
        message=message,
        story_id=story.id,
        next_attempt_at=now,
        created_at=now,
    )
