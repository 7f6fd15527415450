"""Several reports of one happening."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from bot.model.events import EventType, Facts, Modality
from bot.model.feeds import EntryKey, short_id


class StoryChange(StrEnum):
    """Why a story is news again."""

    NEW = "new"
    NEW_STAGE = "new_stage"
    GREW = "grew"
    """Somebody else reports it too; only its message changes."""
    CORROBORATED = "corroborated"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    DENIED = "denied"
    CORRECTED = "corrected"
    """Its source says something else now, or so many took their word back that it is no longer confirmed."""
    WITHDRAWN = "withdrawn"
    COLLAPSED = "collapsed"


class Standing(StrEnum):
    """How far a story can be relied on."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    """Confirmed before; then somebody with a say in it denied it."""
    DENIED = "denied"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    COLLAPSED = "collapsed"


class Stage(NamedTuple):
    """A story was of this type from this time on, as surely as the report said that brought it there."""

    type: EventType
    at: datetime
    modality: Modality = Modality.FACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Refrain:
    """How often the like of a story was told before it began: what is said over and over is told more quietly.

    *before* counts the stories of the last 60 days in which the same side said a thing of the same type in the same
    conflict; *today* counts those of its type and conflict in the last 24 hours, whoever spoke. *new* are the facts
    that this story states and none of those did.
    """

    before: int = 0
    today: int = 0
    new: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Reports of one happening.

    *id* comes from the founding entry, so it is the same however often the week is replayed, and is never reused.
    *type* is that of the newest stage; *refrain* is how often the like of that was told before. *announced* are the
    types, and *standing* is the newest standing, that the change log holds of the story: what it holds, readers were
    told or will be. *taken_back* are reports whose editor once withdrew them: they confirm nothing any more, even if
    they say it again.
    """

    id: str
    type: EventType
    modality: Modality
    conflicts: tuple[str, ...]
    headline: str
    link: str
    language: str
    first_seen: datetime
    last_seen: datetime
    stages: tuple[Stage, ...] = ()
    actors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    entry_keys: tuple[EntryKey, ...] = ()
    publishers: tuple[str, ...] = ()
    revision: int = 1
    announced: frozenset[EventType] = frozenset()
    standing: Standing = Standing.UNCONFIRMED
    refrain: Refrain = Refrain()
    taken_back: frozenset[EntryKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDecision:
    """What the owner decided of a story: "merge" with the story *other*, or "split" off the story *other*."""

    kind: Literal["merge", "split"]
    story_id: str
    other: str
    at: datetime


def story_id(founder: EntryKey) -> str:
    """Return the id of the story that the entry *founder* starts: 12 hex digits."""
    return short_id(founder)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """A line of the archive's change log: *id* grows for ever and is never reused."""

    id: int
    story_id: str
    revision: int
    change: StoryChange
    entry_key: EntryKey
    created_at: datetime


class Cursor(NamedTuple):
    """How far routing has read the change log of which archive."""

    archive_id: str
    change_id: int
