"""The nouns: every value that travels from a feed to a chat.

Values are frozen; a stage returns new values and never edits its input. Times are timezone-aware and in UTC.
Sets are frozensets, lists are tuples. Terms: Atom (feed, entry, id, link, published, updated, summary), PLOVER 0.8
(event, actor and recipient), outbox pattern (delivery).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

Clock = Callable[[], datetime]
"""Tells the time, timezone-aware, in UTC."""


# ------------------------------------------------------------------------------------------ feeds and entries
@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source that we poll, as the operator configured it.

    *publisher* is an id of `publishers.toml` or a plain name; *every* is the time between two polls, None if that
    follows from how often the feed publishes.
    """

    url: str
    title: str
    publisher: str = ""
    language: str = ""
    every: timedelta | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When a feed asks to be asked: not within *ttl* of the last time, not in these hours and on these days (UTC).

    Days count from Monday, 0. *period* is how often the feed says that it publishes.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


MOVED_AFTER = 3
"""A feed has moved for good when so many answers in a row named the same new address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What we remember of a feed between two polls.

    *url* is the configured one, the feed's stable id. *baselined* turns true with the first good poll, whose entries
    are stored and not alerted. *ok_at* is the last good poll. *interval* is the time between two polls, unless
    something else is asked of us. *moved_to* is the address to which so many answers in a row (*moved_times*) sent us
    for good. *gone_at* is when the feed first said that it is gone for good; since *stopped_at* it is asked no more.
    *body_hash* and *item_hashes* tell its last body and the items in it from others (`bot.poll.ladder`).
    """

    url: str
    next_check_at: datetime
    checked_at: datetime | None = None
    ok_at: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    item_hashes: str = ""
    failures: int = 0
    last_error: str = ""
    baselined: bool = False
    interval: timedelta | None = None
    timetable: Timetable = Timetable()
    moved_to: str = ""
    moved_times: int = 0
    gone_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def new_address(self) -> str:
        """Return where the feed has moved for good, "" if nowhere."""
        return self.moved_to if self.moved_times >= MOVED_AFTER else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChoice:
    """What the owner chose in chat: a feed *added* to those of config.toml, or one of them switched on or off."""

    feed: Feed
    added: bool


class Headline(NamedTuple):
    """A title that an entry has had, and when it was first seen with it."""

    title: str
    seen_at: datetime


class EntryKey(NamedTuple):
    """What makes an entry the same entry: a guid is unique only in its feed."""

    feed_url: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed, as clean text.

    *published* and *updated* are the feed's word, clamped, and None where it gave no readable date: no date is
    never "now". *seen_at* is when we first saw it; newness rests on that alone. *credit* is whom the feed names as the
    item's source or author, if anybody.
    """

    key: EntryKey
    title: str
    link: str = ""
    summary: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    publisher: str = ""
    credit: str = ""
    seen_at: datetime | None = None

    @property
    def happened_at(self) -> datetime | None:
        """Return the best known time of this report: the feed's, else when we saw it."""
        return self.published or self.seen_at


# ------------------------------------------------------------------------------------------ events
class EventType(StrEnum):
    """What happened. Closed: database, subscriptions and commands depend on it (texts in `data/taxonomy.toml`)."""

    CEASEFIRE_PROPOSED = "ceasefire.proposed"
    CEASEFIRE_AGREED = "ceasefire.agreed"
    CEASEFIRE_IN_EFFECT = "ceasefire.in_effect"
    CEASEFIRE_EXTENDED = "ceasefire.extended"
    CEASEFIRE_VIOLATED = "ceasefire.violated"
    CEASEFIRE_REJECTED = "ceasefire.rejected"
    CEASEFIRE_ENDED = "ceasefire.ended"
    TALKS_PROPOSED = "talks.proposed"
    TALKS_SCHEDULED = "talks.scheduled"
    TALKS_HELD = "talks.held"
    TALKS_STALLED = "talks.stalled"
    AGREEMENT_REACHED = "agreement.reached"
    AGREEMENT_TERMS = "agreement.terms"
    EXCHANGE_PRISONERS = "exchange.prisoners"
    HUMANITARIAN_ACCESS = "humanitarian.access"
    STATEMENT = "statement"

    @property
    def family(self) -> str:
        """Return the part before the dot, such as "ceasefire" or "talks"."""
        return self.value.partition(".")[0]


class Modality(StrEnum):
    """How sure the report is that it happened (PLOVER's auxiliary marks and attribution in one field)."""

    FACT = "fact"
    CLAIM = "claim"
    DENIAL = "denial"
    PLAN = "plan"
    CONDITIONAL = "conditional"
    QUESTION = "question"
    HISTORICAL = "historical"
    OPINION = "opinion"


class Role(StrEnum):
    """What part an actor plays: it fights, mediates, vouches for the outcome, or appeals from outside."""

    PARTY = "party"
    MEDIATOR = "mediator"
    GUARANTOR = "guarantor"
    APPEALER = "appealer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Words that a decision rests on, and where they stand.

    *role* is what they did ("signal", "conflict", "type", "modality", "cancelled", "genre"), or the `Role` that an
    actor plays. *name* is the signal, entity, rule or concept; *start* and *end* count characters of the entry's own
    title or summary (*field*).
    """

    role: str
    name: str
    text: str
    start: int
    end: int
    field: str = "title"
    score: float = 0.0


class Scope(StrEnum):
    """What a halt to fighting covers, where it is not plainly everything."""

    FULL = "full"
    ENERGY = "energy"
    SEA = "sea"
    AIR = "air"
    LOCAL = "local"
    HOLIDAY = "holiday"
    HUMANITARIAN = "humanitarian"


class Form(StrEnum):
    """Whether one side stops, or both."""

    UNILATERAL = "unilateral"
    BILATERAL = "bilateral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a report states of an event in days, amounts and kinds; None or empty where it does not say.

    The halt lasts from *starts_on* to *ends_on* or for *duration* (ISO 8601: "P30D", "PT72H"); *deadline* is for an
    answer or a step; *meets_on* and *venue* (an id of `entities.csv`) are of talks or a signing. *counts* are
    normalised: "1000:1000" for an exchange, "734 violations".
    """

    starts_on: date | None = None
    ends_on: date | None = None
    deadline: date | None = None
    meets_on: date | None = None
    duration: str = ""
    counts: tuple[str, ...] = ()
    scope: tuple[Scope, ...] = ()
    form: Form | None = None
    venue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one entry reports.

    *conflicts* are ids of `conflicts.toml`, best first; *actors*, *recipients* and *places* are ids of
    `entities.csv`; *roles* pairs actors with the parts they play. *numbers* are normalised ("30-day",
    "1000-for-1000", "734-violations"). *rule* is the signal and type rule that decided; *rules_hash* tells the rules
    from any others. *occurred_on* is the day on which it happened, where that is said.
    """

    entry_key: EntryKey
    type: EventType
    modality: Modality
    conflicts: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    occurred_on: date | None = None
    facts: Facts = Facts()
    speaker: str = ""
    roles: tuple[tuple[str, Role], ...] = ()
    score: float = 0.0
    rule: str = ""
    rules_hash: str = ""
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The detector's whole answer for an entry: relevant or not, and why.

    *event* is None unless relevant. *actors*, *places*, *conflicts* are found in any entry, *numbers* where a signal
    fired. *context* marks peace-process content that is no news (opinion, explainer). *mentions* say what matched and
    what cancelled it.
    """

    relevant: bool
    score: float
    event: Event | None = None
    conflicts: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    rule: str = ""
    context: bool = False
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An entry that was nearly taken for news of ours: too low a score, a signal cancelled, or context only.

    *mentions* say what spoke for it, what stood in the way, and which signals nearly fired (role "nearly").
    """

    entry: Entry
    score: float
    noted_at: datetime
    mentions: tuple[Mention, ...] = ()
    rules_hash: str = ""

    @property
    def id(self) -> str:
        """Return a short id that stays, for buttons."""
        return short_id(self.entry.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An entry and what the owner says of it: *news* of ours or none, and of which *type* if told. It names no one."""

    entry: Entry
    news: bool
    type: EventType | None = None
    labelled_at: datetime | None = None

    @property
    def id(self) -> str:
        """Return a short id that stays, for buttons."""
        return short_id(self.entry.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An entry and what it reports (None: nothing of ours; only `parley group` groups such)."""

    entry: Entry
    event: Event | None


# ------------------------------------------------------------------------------------------ stories
class StoryChange(StrEnum):
    """Why a story is news again."""

    NEW = "new"
    NEW_STAGE = "new_stage"
    GREW = "grew"
    """Somebody else reports it too; only its message changes."""
    CORROBORATED = "corroborated"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    COLLAPSED = "collapsed"


class Standing(StrEnum):
    """How far a story can be relied on."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
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
    """How often the like of a story was told before it began.

    *before* counts the stories of the last 60 days in which the same side said a thing of the same type in the same
    conflict; *today* those of its type and conflict in the last 24 hours, whoever spoke. *new* is what the story states
    and none of those stated.
    """

    before: int = 0
    today: int = 0
    new: Facts = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Reports of one happening.

    *id* comes from the founding entry, so it is the same however often the week is replayed, and is never reused.
    *announced* are the types of it, and *standing* is the last, that the change log holds, so readers were or will be
    told. *type* is the newest stage; *refrain* is how often the like of that was told before.
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


def short_id(key: EntryKey) -> str:
    """Return 12 hex digits that stand for an entry, the same in every archive."""
    return hashlib.blake2b("\n".join(key).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


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


# ------------------------------------------------------------------------------------------ people
class ChatId(NamedTuple):
    """Where a message goes: which chat network ("telegram", "terminal"), and which room in it."""

    network: str
    room: str


class Access(StrEnum):
    """What a chat may do. A chat that we do not know has none of these."""

    OWNER = "owner"
    ALLOWED = "allowed"


class Loudness(StrEnum):
    """How loud a chat wants to be told: everything live, only what matters most, or digests only."""

    ALL = "all"
    IMPORTANT = "important"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody wants to hear, and in which words. An empty set means everything.

    *conflicts* are ids of `conflicts.toml`; *time_zone* is an IANA name. Chats of equal wishes are told the same.
    """

    conflicts: frozenset[str] = frozenset()
    types: frozenset[EventType] = frozenset()
    loudness: Loudness = Loudness.ALL
    language: str = "en"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Wishes):
    """What one chat wants to hear.

    *digest_hours* are hours of the day in *time_zone*; *next_digest_at* is when the next digest is due (None: no
    digests). *paused_until* mutes alerts until then. *thread* is the topic of the chat where alerts and digests go
    ("": the chat itself).
    """

    chat: ChatId
    thread: str = ""
    digest_hours: tuple[int, ...] = (8, 20)
    next_digest_at: datetime | None = None
    last_digest_at: datetime | None = None
    paused_until: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Something a person did in a chat, whatever the network: said *text*, or pressed a button (*action*).

    *message_id* is the message that carries the pressed button; *callback_id* is what the network wants acknowledged.
    *private* is false in groups and channels. *language* is the language the person's app runs in, if known. *thread*
    is the topic of the chat where it was done, "" where there are none.
    """

    chat: ChatId
    thread: str = ""
    text: str = ""
    action: str = ""
    message_id: str = ""
    callback_id: str = ""
    private: bool = True
    language: str = ""
    left: bool = False
    """The bot was blocked or removed from the chat."""
    joined: bool = False
    """The bot was added to the chat, or unblocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """An update as it came from the network, stored before it was confirmed."""

    network: str
    update_id: int
    raw: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: pressing it sends *action* (at most 64 bytes) or opens *url*."""

    label: str
    action: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said. *html* is the small subset b, i, s, u, a, code, pre, blockquote; other networks translate it.

    *silent* makes no sound.
    """

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False


class DeliveryKind(StrEnum):
    """What a delivery is for; urgent kinds leave first."""

    REPLY = "reply"
    ALERT = "alert"
    UPDATE = "update"
    """A word in reply to an alert: what it told stands otherwise now."""
    EDIT = "edit"
    """An alert that was sent is to say what is known now."""
    NOTICE = "notice"
    DIGEST = "digest"
    STRANGER = "stranger"
    """An answer to a chat that was not let in."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands: ready -> sending -> sent | retry | dead.

    An edit that still waits when a newer one of the same message comes is superseded: the newer one says it all.
    """

    READY = "ready"
    SENDING = "sending"
    RETRY = "retry"
    SENT = "sent"
    DEAD = "dead"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Sent:
    """The chat took the message."""

    external_id: str = ""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The chat did not take it now. *doubtful*: it may have taken it all the same (the answer was lost).

    *flood*: the chat itself asked for the wait; it says nothing against the message.
    """

    after: timedelta | None = None
    doubtful: bool = False
    flood: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """The chat will never take it. *gone*: it takes nothing at all any more (blocked, removed)."""

    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat has a new id; the message was not taken."""

    room: str


SendResult = Sent | RetryLater | Undeliverable | Moved

MAX_DOUBTFUL = 8
"""A send whose fate is unknown is repeated, marked, up to this many times (reliability.md §6)."""
DOUBTFUL_WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600))
LONGEST_REFUSED_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message owed to one chat: a row of the outbox. What was rendered is frozen.

    *dedupe_key* is unique: the same thing is never owed twice. *maybe*: an earlier attempt may have arrived, so this
    one is marked as a possible repeat. *edits* names the message to change instead of sending a new one, *replies_to*
    the one that it answers; an edit and an update of an alert know it from the claim on. *urgent*: it changes what
    people were told before, so it overtakes first news. *thread* is the topic of the chat where it goes.
    """

    dedupe_key: str
    chat: ChatId
    kind: DeliveryKind
    message: Message
    next_attempt_at: datetime
    created_at: datetime
    story_id: str = ""
    edits: str = ""
    replies_to: str = ""
    thread: str = ""
    urgent: bool = False
    id: int = 0
    status: DeliveryStatus = DeliveryStatus.READY
    attempts: int = 0
    doubtful: int = 0
    maybe: bool = False
    sent_at: datetime | None = None
    external_id: str = ""
    error: str = field(default="", compare=False)
    chat_rests_until: datetime | None = None
    """The chat itself asked for quiet until then (flood control); known from the send to `settle` only."""
    paid: bool = field(default=False, compare=False)
    """It leaves above the free pace, for money; known from the claim to `settle` only."""

    def after(self, result: SendResult, now: datetime) -> "Delivery":
        """Return this delivery as it stands once *result* is known.

        `Moved` leaves it ready: the store moves the chat's rows, and it is sent to the new room.
        """
        tried = replace(self, attempts=self.attempts + 1)
        match result:
            case Sent(external_id):
                return replace(
                    tried,
                    status=DeliveryStatus.SENT,
                    sent_at=now,
                    external_id=external_id,
                    error="",
                )
            case Undeliverable(reason):
                return replace(tried, status=DeliveryStatus.DEAD, error=reason)
            case Moved(room):
                return replace(
                    tried,
                    status=DeliveryStatus.RETRY,
                    chat=self.chat._replace(room=room),
                    next_attempt_at=now,
                )
            case RetryLater(doubtful=True) if self.doubtful >= MAX_DOUBTFUL:
                return replace(tried, status=DeliveryStatus.DEAD, error=f"fate unknown: {result.reason}")
            case RetryLater(doubtful=True):
                return replace(
                    tried,
                    status=DeliveryStatus.RETRY,
                    maybe=True,
                    doubtful=self.doubtful + 1,
                    next_attempt_at=now + (result.after or DOUBTFUL_WAITS[self.doubtful]),
                    error=result.reason,
                )
            case RetryLater():
                wait = min(timedelta(seconds=2 ** min(tried.attempts, 10)), LONGEST_REFUSED_WAIT)
                next_attempt_at = now + (result.after or wait)
                return replace(
                    tried,
                    status=DeliveryStatus.RETRY,
                    next_attempt_at=next_attempt_at,
                    chat_rests_until=next_attempt_at if result.flood else None,
                    error=result.reason,
                )


class Wording(NamedTuple):
    """What is said to everybody with one of these wishes."""

    message: Message
    readers: tuple[Wishes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """An alert that is owed to every chat for whose wishes there is a wording.

    *changed_at* is when the story changed, None if it is new: then chats that were told before get no second alert.
    They get an edit or an update (*kind*) instead, whatever they wish: a wording of those counts for its language and
    time zone alone. Alerts that were worded since *changed_at* know it already.

    A chat's own dedupe key is *key* with the chat's name behind it. Chats that muted the story or paused are left out,
    but from edits, which make no sound, and from a *correction* of what they were told. *after* is where the store goes
    on when it owes a broadcast in slices.
    """

    key: str
    wordings: tuple[Wording, ...]
    created_at: datetime
    story_id: str = ""
    kind: DeliveryKind = DeliveryKind.ALERT
    changed_at: datetime | None = None
    correction: bool = False
    urgent: bool = False
    maybe: bool = False
    after: int = 0

    def delivery(self, chat: ChatId, message: Message, thread: str = "") -> Delivery:
        """Return what this means for one *chat*, whose alerts go to *thread*."""
        return Delivery(
            dedupe_key=f"{self.key}:{chat.network}:{chat.room}",
            chat=chat,
            kind=DeliveryKind.ALERT,
            message=message,
            next_attempt_at=self.created_at,
            created_at=self.created_at,
            story_id=self.story_id,
            thread=thread,
            urgent=self.urgent,
            maybe=self.maybe,
        )
