"""What an entry tells: an event, and how sure the words are."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.model.feeds import Entry, EntryKey, short_id


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


ASSERTED = frozenset({Modality.FACT, Modality.CLAIM})
"""Modalities that say it happened. The others say that it did not, or not yet, or only perhaps."""


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
