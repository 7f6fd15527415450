"""What the values of the news look like as rows, and back. Pure."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.model import (
    Entry,
    EntryKey,
    Event,
    EventType,
    Feed,
    FeedState,
    LoggedChange,
    Mention,
    Modality,
    Report,
    Stage,
    Story,
    StoryChange,
)
from bot.store.cells import cell, instant, listed, maybe_cell, maybe_day, maybe_instant, unlisted
from bot.store.file import Row

Cells = dict[str, Any]


def feed_row(feed: Feed, now: datetime) -> Cells:
    """Return the row of a newly registered *feed*, due at once."""
    return {
        "url": feed.url,
        "title": feed.title,
        "publisher": feed.publisher,
        "language": feed.language,
        "every_seconds": feed.every.total_seconds(),
        "enabled": feed.enabled,
        "next_check_at": cell(now),
    }


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
        "failures": state.failures,
        "last_error": state.last_error,
        "baselined": state.baselined,
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
        failures=row["failures"],
        last_error=row["last_error"],
        baselined=bool(row["baselined"]),
    )


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
        "seen_at": maybe_cell(entry.seen_at),
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
        "speaker": event.speaker,
        "score": event.score,
        "rule": event.rule,
        "mentions": listed(asdict(mention) for mention in event.mentions),
    }


def event(row: Row) -> Event:
    """Return the event in a row of `events` joined with its entry."""
    return Event(
        entry_key=EntryKey(row["feed_url"], row["guid"]),
        type=EventType(row["type"]),
        modality=Modality(row["modality"]),
        conflicts=tuple(unlisted(row["conflicts"])),
        actors=tuple(unlisted(row["actors"])),
        recipients=tuple(unlisted(row["recipients"])),
        places=tuple(unlisted(row["places"])),
        numbers=frozenset(unlisted(row["numbers"])),
        occurred_on=maybe_day(row["occurred_on"]),
        speaker=row["speaker"],
        score=row["score"],
        rule=row["rule"],
        mentions=tuple(Mention(**mention) for mention in unlisted(row["mentions"])),
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
    )


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
