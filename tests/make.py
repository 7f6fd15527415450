"""Builders for tests: every field that does not matter has a default."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model import (
    ChatId,
    Delivery,
    DeliveryKind,
    Entry,
    EntryKey,
    Event,
    EventType,
    Feed,
    Message,
    Modality,
    Report,
    Stage,
    Story,
    Subscription,
    story_id,
)

NOON = datetime(2025, 5, 11, 12, 0, tzinfo=UTC)
HERE = ChatId("terminal", "me")


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def feed(**given: Any) -> Feed:
    defaults: dict[str, Any] = {"url": "https://news.example/rss", "title": "News", "publisher": "News"}
    return Feed(**defaults | given)


def entry(title: str = "Russia and Ukraine agree 30-day ceasefire", **given: Any) -> Entry:
    feed_url = given.pop("feed_url", "https://news.example/rss")
    key = EntryKey(feed_url, given.pop("id", title))
    defaults: dict[str, Any] = {
        "link": "https://news.example/1",
        "published": NOON,
        "seen_at": NOON,
        "language": "en",
        "publisher": "News",
    }
    return Entry(key=key, title=title, **defaults | given)


def event(of: Entry | None = None, **given: Any) -> Event:
    of = of or entry()
    defaults: dict[str, Any] = {
        "entry_key": of.key,
        "type": EventType.CEASEFIRE_AGREED,
        "modality": Modality.FACT,
        "conflicts": ("ukraine-russia",),
        "actors": ("russia", "ukraine"),
        "score": 1.0,
        "rule": "ceasefire-title",
    }
    return Event(**defaults | given)


def report(title: str = "Russia and Ukraine agree 30-day ceasefire", **given: Any) -> Report:
    of_event = given.pop("event", {})
    of = entry(title, **given)
    return Report(entry=of, event=event(of, **of_event))


def story(*reports: Report, **given: Any) -> Story:
    of = reports or (report(),)
    first, last = of[0], of[-1]
    assert first.event
    assert last.event
    seen = [r.entry.happened_at or NOON for r in of]
    defaults: dict[str, Any] = {
        "id": story_id(first.entry.key),
        "type": last.event.type,
        "modality": last.event.modality,
        "conflicts": first.event.conflicts,
        "headline": first.entry.title,
        "link": first.entry.link,
        "language": first.entry.language,
        "first_seen": min(seen),
        "last_seen": max(seen),
        "stages": (Stage(first.event.type, seen[0], first.event.modality),),
        "actors": first.event.actors,
        "entry_keys": tuple(r.entry.key for r in of),
        "publishers": tuple(dict.fromkeys(r.entry.publisher for r in of)),
        "revision": len(of),
    }
    return Story(**defaults | given)


def subscription(**given: Any) -> Subscription:
    defaults: dict[str, Any] = {"chat": HERE, "created_at": NOON}
    return Subscription(**defaults | given)


def delivery(html: str = "<b>hello</b>", **given: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "dedupe_key": html,
        "chat": HERE,
        "kind": DeliveryKind.ALERT,
        "message": Message(html=html),
        "next_attempt_at": NOON,
        "created_at": NOON,
    }
    return Delivery(**defaults | given)
