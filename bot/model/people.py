"""Who is told what: chats, subscriptions, messages, deliveries."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.model.events import EventType


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


@dataclass(frozen=True, slots=True)
class Document:
    """A file to be handed over; the ending of its *name* says what it is."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said. *html* is the small subset b, i, s, u, a, code, pre, blockquote; other networks translate it.

    *silent* makes no sound. With a *document*, *html* is what stands under the file: at most 1,024 visible units.
    """

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    document: Document | None = None


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
                return replace(tried, status=DeliveryStatus.SENT, sent_at=now, external_id=external_id, error="")
            case Undeliverable(reason):
                return replace(tried, status=DeliveryStatus.DEAD, error=reason)
            case Moved(room):
                chat = self.chat._replace(room=room)
                return replace(tried, status=DeliveryStatus.RETRY, chat=chat, next_attempt_at=now)
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

    *change_id* is the change of the story that it tells, 0 if the story is new. A chat that was told of the story
    before gets no second alert, but an edit of its alert or an update in reply to it (*kind*), whatever it wishes: for
    these a wording is chosen by language and time zone alone. The words know of all changes up to *knows*; an alert
    that knows of *change_id* already is left as it is. (Not asked of the clock, which may be set back.)

    A chat's own dedupe key is *key* with the chat's name behind it. A chat that muted the story or paused gets only
    what makes no sound (an edit), and the *correction* of what it was told. *after* is where the store goes on when it
    owes a broadcast in slices.
    """

    key: str
    wordings: tuple[Wording, ...]
    created_at: datetime
    story_id: str = ""
    kind: DeliveryKind = DeliveryKind.ALERT
    change_id: int = 0
    knows: int = 0
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
