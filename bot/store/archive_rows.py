"""What the values of the news look like as rows, and back. Pure."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from bot.model import (
    Entry,
    EntryKey,
    Event,
    EventType,
    Example,
    Facts,
    Feed,
    FeedChoice,
    FeedState,
    Form,
    LoggedChange,
    Mention,
    Modality,
    NearMiss,
    Refrain,
    Report,
    Role,
    Scope,
    Stage,
    Standing,
    Story,
    StoryChange,
    Timetable,
    short_id,
)
from bot.poll.schedule import FIRST_INTERVAL
from bot.store.cells import cell, instant, listed, maybe_cell, maybe_day, maybe_instant, unlisted
from bot.store.file import Row

Cells = dict[str, Any]

_REMEMBERED = 512
"""Cells whose meaning is remembered: the reports of a story are read again with each that joins it."""
_STATED = tuple(field.name for field in fields(Facts))
_MENTIONED = tuple(field.name for field in fields(Mention))


def feed_row(feed: Feed, now: datetime) -> Cells:
    """Return the row of a newly registered *feed*, due at once."""
    return {
        "url": feed.url,
        "title": feed.title,
        "publisher": feed.publisher,
        "language": feed.language,
        "every_seconds": (feed.every or FIRST_INTERVAL).total_seconds(),
        "enabled": feed.enabled,
        "next_check_at": cell(now),
    }


def feed_choice_row(choice: FeedChoice, now: datetime) -> Cells:
    """Return the row of a *choice* that the owner makes *now*."""
    feed = choice.feed
    return {
        "url": feed.url,
        "title": feed.title,
        "publisher": feed.publisher,
        "language": feed.language,
        "every_seconds": feed.every.total_seconds() if feed.every else None,
        "enabled": feed.enabled,
        "added": choice.added,
        "chosen_at": cell(now),
    }


def feed_choice(row: Row) -> FeedChoice:
    """Return what a row of `feed_choices` says."""
    feed = Feed(
        url=row["url"],
        title=row["title"],
        publisher=row["publisher"],
        language=row["language"],
        every=_maybe_seconds(row["every_seconds"]),
        enabled=bool(row["enabled"]),
    )
    return FeedChoice(feed=feed, added=bool(row["added"]))


def feed_state_row(state: FeedState) -> Cells:
    """Return the cells that *state* fills in its feed's row."""
    return {
        "url": state.url,
        "next_check_at": cell(state.next_check_at),
        "checked_at": maybe_cell(state.checked_at),
        "ok_at": maybe_cell(state.ok_at),
        "etag": state.etag,
        "last_modified": state.last_modified,
        "body_hash": state.body_hash,
        "item_hashes": state.item_hashes,
        "failures": state.failures,
        "last_error": state.last_error,
        "baselined": state.baselined,
        "interval_seconds": None if state.interval is None else state.interval.total_seconds(),
        "timetable": _timetable_cell(state.timetable),
        "moved_to": state.moved_to,
        "moved_times": state.moved_times,
        "gone_at": maybe_cell(state.gone_at),
        "stopped_at": maybe_cell(state.stopped_at),
    }


def feed_state(row: Row) -> FeedState:
    """Return what a row of `feeds` remembers."""
    return FeedState(
        url=row["url"],
        next_check_at=instant(row["next_check_at"]),
        checked_at=maybe_instant(row["checked_at"]),
        ok_at=maybe_instant(row["ok_at"]),
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        item_hashes=row["item_hashes"],
        failures=row["failures"],
        last_error=row["last_error"],
        baselined=bool(row["baselined"]),
        interval=_maybe_seconds(row["interval_seconds"]),
        timetable=_timetable(row["timetable"]),
        moved_to=row["moved_to"],
        moved_times=row["moved_times"],
        gone_at=maybe_instant(row["gone_at"]),
        stopped_at=maybe_instant(row["stopped_at"]),
    )


def _timetable_cell(timetable: Timetable) -> str:
    """Return what *timetable* says as a JSON object, without what it does not say."""
    said = {
        "ttl_seconds": timetable.ttl and timetable.ttl.total_seconds(),
        "period_seconds": timetable.period and timetable.period.total_seconds(),
        "skip_hours": sorted(timetable.skip_hours),
        "skip_days": sorted(timetable.skip_days),
    }
    return json.dumps({name: value for name, value in said.items() if value})


def _timetable(text: str) -> Timetable:
    said = unlisted(text)
    return Timetable(
        ttl=_maybe_seconds(said.get("ttl_seconds")),
        period=_maybe_seconds(said.get("period_seconds")),
        skip_hours=frozenset(said.get("skip_hours", ())),
        skip_days=frozenset(said.get("skip_days", ())),
    )


def _maybe_seconds(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def entry_row(entry: Entry) -> Cells:
    """Return *entry* as a row of `entries`."""
    return {
        "feed_url": entry.key.feed_url,
        "guid": entry.key.id,
        "title": entry.title,
        "link": entry.link,
        "summary": entry.summary,
        "published": maybe_cell(entry.published),
        "updated": maybe_cell(entry.updated),
        "language": entry.language,
        "publisher": entry.publisher,
        "credit": entry.credit,
        "seen_at": maybe_cell(entry.seen_at),
        "short_id": short_id(entry.key),
    }


def entry(row: Row) -> Entry:
    """Return the entry in a row of `entries`."""
    return Entry(
        key=EntryKey(row["feed_url"], row["guid"]),
        title=row["title"],
        link=row["link"],
        summary=row["summary"],
        published=maybe_instant(row["published"]),
        updated=maybe_instant(row["updated"]),
        language=row["language"],
        publisher=row["publisher"],
        credit=row["credit"],
        seen_at=maybe_instant(row["seen_at"]),
    )


def event_row(event: Event, entry_id: int) -> Cells:
    """Return *event* as a row of `events`."""
    return {
        "entry_id": entry_id,
        "type": event.type,
        "modality": event.modality,
        "conflicts": listed(event.conflicts),
        "actors": listed(event.actors),
        "recipients": listed(event.recipients),
        "places": listed(event.places),
        "numbers": listed(event.numbers),
        "occurred_on": event.occurred_on and event.occurred_on.isoformat(),
        "facts": facts_cell(event.facts),
        "speaker": event.speaker,
        "roles": listed(event.roles),
        "score": event.score,
        "rule": event.rule,
        "rules_hash": event.rules_hash,
        "mentions": _mentions_cell(event.mentions),
    }


def event(row: Row) -> Event:
    """Return the event in a row of `events` joined with its entry."""
    return Event(
        entry_key=EntryKey(row["feed_url"], row["guid"]),
        type=EventType(row["type"]),
        modality=Modality(row["modality"]),
        conflicts=_texts(row["conflicts"]),
        actors=_texts(row["actors"]),
        recipients=_texts(row["recipients"]),
        places=_texts(row["places"]),
        numbers=frozenset(_texts(row["numbers"])),
        occurred_on=maybe_day(row["occurred_on"]),
        facts=facts(row["facts"]),
        speaker=row["speaker"],
        roles=_roles(row["roles"]),
        score=row["score"],
        rule=row["rule"],
        rules_hash=row["rules_hash"],
        mentions=_mentions(row["mentions"]),
    )


@lru_cache(_REMEMBERED)
def _texts(text: str) -> tuple[str, ...]:
    return tuple(unlisted(text))


@lru_cache(_REMEMBERED)
def _roles(text: str) -> tuple[tuple[str, Role], ...]:
    return tuple((actor, Role(role)) for actor, role in unlisted(text))


def facts_cell(stated: Facts) -> str:
    """Return *stated* as JSON of what is stated."""
    said = {name: value for name in _STATED if (value := getattr(stated, name))}
    return json.dumps(said, default=str, ensure_ascii=False)


@lru_cache(_REMEMBERED)
def facts(text: str) -> Facts:
    """Return the facts in a cell."""
    cells = json.loads(text)
    return Facts(
        **{key: maybe_day(cells.get(key)) for key in ("starts_on", "ends_on", "deadline", "meets_on")},
        duration=cells.get("duration", ""),
        counts=tuple(cells.get("counts", ())),
        scope=tuple(map(Scope, cells.get("scope", ()))),
        form=Form(cells["form"]) if "form" in cells else None,
        venue=cells.get("venue", ""),
    )


def _mentions_cell(mentions: Iterable[Mention]) -> str:
    return listed({name: getattr(mention, name) for name in _MENTIONED} for mention in mentions)


@lru_cache(_REMEMBERED)
def _mentions(text: str) -> tuple[Mention, ...]:
    return tuple(Mention(**mention) for mention in unlisted(text))


def near_miss_row(near_miss: NearMiss, entry_id: int) -> Cells:
    """Return *near_miss* as a row of `near_misses`."""
    return {
        "entry_id": entry_id,
        "score": near_miss.score,
        "mentions": _mentions_cell(near_miss.mentions),
        "rules_hash": near_miss.rules_hash,
        "noted_at": cell(near_miss.noted_at),
    }


def near_miss(row: Row) -> NearMiss:
    """Return the near miss in a row of `near_misses` joined with its entry."""
    return NearMiss(
        entry=entry(row),
        score=row["score"],
        mentions=_mentions(row["mentions"]),
        rules_hash=row["rules_hash"],
        noted_at=instant(row["noted_at"]),
    )


def example_row(example: Example, now: datetime) -> Cells:
    """Return *example*, labelled *now* unless it says when, as a row of `examples`."""
    return {
        **entry_row(example.entry),
        "news": example.news,
        "type": example.type,
        "labelled_at": cell(example.labelled_at or now),
    }


def example(row: Row) -> Example:
    """Return the example in a row of `examples`."""
    return Example(
        entry=entry(row),
        news=bool(row["news"]),
        type=EventType(row["type"]) if row["type"] else None,
        labelled_at=instant(row["labelled_at"]),
    )


def report(row: Row) -> Report:
    """Return the report in a row of `entries` joined with its event, if it has one."""
    return Report(entry=entry(row), event=None if row["entry_id"] is None else event(row))


def story_row(story: Story) -> Cells:
    """Return *story* as a row of `stories`."""
    return {
        "id": story.id,
        "type": story.type,
        "modality": story.modality,
        "conflicts": listed(story.conflicts),
        "headline": story.headline,
        "link": story.link,
        "language": story.language,
        "first_seen": cell(story.first_seen),
        "last_seen": cell(story.last_seen),
        "stages": listed([stage.type, cell(stage.at), stage.modality] for stage in story.stages),
        "actors": listed(story.actors),
        "places": listed(story.places),
        "numbers": listed(story.numbers),
        "publishers": listed(story.publishers),
        "revision": story.revision,
        "announced": listed(story.announced),
        "standing": story.standing,
        "refrain": _refrain_cell(story.refrain),
        "taken_back": listed(story.taken_back),
    }


def story(row: Row, entry_keys: tuple[EntryKey, ...]) -> Story:
    """Return the story in a row of `stories`, with the keys of its reports."""
    return Story(
        id=row["id"],
        type=EventType(row["type"]),
        modality=Modality(row["modality"]),
        conflicts=tuple(unlisted(row["conflicts"])),
        headline=row["headline"],
        link=row["link"],
        language=row["language"],
        first_seen=instant(row["first_seen"]),
        last_seen=instant(row["last_seen"]),
        stages=tuple(stage(*cells) for cells in unlisted(row["stages"])),
        actors=tuple(unlisted(row["actors"])),
        places=tuple(unlisted(row["places"])),
        numbers=frozenset(unlisted(row["numbers"])),
        entry_keys=entry_keys,
        publishers=tuple(unlisted(row["publishers"])),
        revision=row["revision"],
        announced=frozenset(map(EventType, unlisted(row["announced"]))),
        standing=Standing(row["standing"]),
        refrain=_refrain(row["refrain"]),
        taken_back=frozenset(EntryKey(*key) for key in unlisted(row["taken_back"])),
    )


def _refrain_cell(refrain: Refrain) -> str:
    counted = {"before": refrain.before, "today": refrain.today, "new": json.loads(facts_cell(refrain.new))}
    return json.dumps({key: value for key, value in counted.items() if value})


def _refrain(text: str) -> Refrain:
    counted = json.loads(text)
    new = json.dumps(counted.get("new", {}))
    return Refrain(before=counted.get("before", 0), today=counted.get("today", 0), new=facts(new))


def stage(type_: str, at: str, modality: str = Modality.FACT) -> Stage:
    """Return a stage from its cells; the first archives kept no modality."""
    return Stage(EventType(type_), instant(at), Modality(modality))


def logged_change(row: Row) -> LoggedChange:
    """Return the line of the change log in a row of `story_changes` joined with its entry."""
    return LoggedChange(
        id=row["id"],
        story_id=row["story_id"],
        revision=row["revision"],
        change=StoryChange(row["change"]),
        entry_key=EntryKey(row["feed_url"], row["guid"]),
        created_at=instant(row["created_at"]),
    )
