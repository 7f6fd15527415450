"""The words that every message shares: how sure, who says it, when. Pure.

Wording is fixed templates around a source's own headline: nothing is paraphrased, so nothing is made surer than it was.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.catalog import Catalog, Publisher
from bot.model import ASSERTED, Entry, Event, EventType, Form, Modality, Report, Standing, Story, Wishes
from bot.story.consent import consenting
from bot.story.origin import published_by
from bot.story.status import TAKEN_BACK, Reason, Status, backing
from bot.text import clean, cut, escape, link_host, plain, utf16_length

LONGEST_MESSAGE = 4096
"""What a chat takes in one message, in UTF-16 units of visible text (Telegram counts characters: we are stricter)."""

_MODALITY_WORDS = {
    Modality.CLAIM: "claim",
    Modality.DENIAL: "denied",
    Modality.PLAN: "planned",
    Modality.CONDITIONAL: "conditional",
    Modality.QUESTION: "open question",
    Modality.HISTORICAL: "looking back",
    Modality.OPINION: "opinion",
}
# Where the type itself says as much, the word would mislead ("denied: talks stalled") or only repeat.
_NEEDLESS = {
    Modality.CLAIM: {EventType.STATEMENT},
    Modality.DENIAL: {EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED, EventType.STATEMENT},
    Modality.PLAN: {
        EventType.CEASEFIRE_PROPOSED,
        EventType.TALKS_PROPOSED,
        EventType.TALKS_SCHEDULED,
        EventType.AGREEMENT_TERMS,
        EventType.STATEMENT,
    },
}
LANGUAGES = {"en": "English", "uk": "Ukrainian", "ru": "Russian", "ar": "Arabic", "he": "Hebrew", "fr": "French"}
_NO_FACT = frozenset({Modality.PLAN, Modality.CONDITIONAL, Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION})
_OVER = frozenset({EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED, EventType.CEASEFIRE_ENDED})

NOT_NOW = "⚪"
COLOURS = (
    f"🟢 confirmed · 🟡 unconfirmed or disputed · 🔴 denied, refused, collapsed or over · {NOT_NOW} not happening now: "
    "planned, conditional, a question, a view, a look back"
)
"""What the dot before an alert means."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a message is written: in which language and time zone, with whose names, and what time it is."""

    language: str
    time_zone: str
    catalog: Catalog
    now: datetime

    @classmethod
    def of(cls, wishes: Wishes, catalog: Catalog, now: datetime) -> "Reader":
        """Return the reader with these *wishes*, such as a subscription."""
        return cls(wishes.language, wishes.time_zone, catalog, now)


# ------------------------------------------------------------------------------------------ how sure
def modality(story: Story, reports: Iterable[Report]) -> Modality:
    """Return how sure *story* is at most: a claim as long as nobody reports it as fact."""
    said = {report.event.modality for report in backing(story, reports) if report.event}
    if said == {Modality.CLAIM}:
        return Modality.CLAIM
    return Modality.FACT if story.modality is Modality.CLAIM and Modality.FACT in said else story.modality


def how_sure(story: Story, reports: Iterable[Report], of: Status) -> Modality:
    """Return how sure to call *story*: what a mediator or both sides have confirmed is no longer called a claim."""
    at_most = modality(story, reports)
    return Modality.FACT if at_most is Modality.CLAIM and of.standing is Standing.CONFIRMED else at_most


STANDING_WORDS = {
    Standing.UNCONFIRMED: "UNCONFIRMED",
    Standing.CONFIRMED: "CONFIRMED",
    Standing.DISPUTED: "DISPUTED",
    Standing.DENIED: "DENIED",
    Standing.CORRECTED: "CORRECTED BY ITS SOURCE",
    Standing.WITHDRAWN: "WITHDRAWN BY ITS SOURCE",
    Standing.COLLAPSED: "COLLAPSED",
}


def standing(of: Status, reader: Reader) -> str:
    """Return the word that comes first in a message, such as "UNCONFIRMED" or "DENIED by Russia". Not escaped."""
    word, denier = STANDING_WORDS[of.standing], names([of.denier], reader) if of.denier else ""
    if of.standing is Standing.UNCONFIRMED and denier:
        return f"{word}, denied by {denier}"
    return f"{word} by {denier}" if denier else word


def because(of: Status, reader: Reader) -> str:
    """Return why what several report is not confirmed, or why it is though they are of one bloc; "" elsewhere.

    Not escaped.
    """
    by_blocs = of.standing is not Standing.UNCONFIRMED and of.blocs[1:] and not of.voice
    told_already = not of.sources[1:] or by_blocs
    return "" if told_already else reason(of, reader)


def reason(of: Status, reader: Reader) -> str:
    """Return why a story is confirmed or is not, "" of one that was taken back. Not escaped."""
    if of.standing in TAKEN_BACK:
        return ""
    return f"all quote {names([of.voice], reader)}" if of.reason is Reason.ONE_VOICE else of.reason.value


def dot(event_type: EventType, how_sure: Modality, of: Standing) -> str:
    """Return the colour that stands before the words; COLOURS says what each means."""
    if of in TAKEN_BACK or of is Standing.COLLAPSED:
        return "🔴"
    if how_sure in _NO_FACT and not _is_needless(how_sure, event_type):
        return NOT_NOW
    over = how_sure is Modality.DENIAL or (how_sure is Modality.FACT and event_type in _OVER)
    if over:
        return "🔴"
    return "🟢" if of is Standing.CONFIRMED else "🟡"


def blocs(of: Status) -> str:
    """Return the blocs that the sources stand in, such as "West, Ukraine". Not escaped."""
    return ", ".join(bloc.replace("-", " ").title() for bloc in of.blocs)


def label(event_type: EventType, how_sure: Modality, reader: Reader) -> str:
    """Return what happened with how sure it is, such as "Claim: ceasefire violated". Not escaped."""
    return _labelled(_type_name(event_type, reader), event_type, how_sure)


def told(entry: Entry, event: Event, how_sure: Modality, reader: Reader) -> str:
    """Return the label of *event*.

    A ceasefire is "agreed" only if the headline of *entry* has both sides say yes, and one that only one side keeps
    says so.
    """
    name = _type_name(event.type, reader)
    if event.type is EventType.CEASEFIRE_IN_EFFECT and event.facts.form is Form.UNILATERAL:
        name = _ONE_SIDED.get(reader.language, _ONE_SIDED["en"])
    if event.type is EventType.CEASEFIRE_AGREED and how_sure in ASSERTED:
        name = _agreed(consenting(event, entry.title, reader.catalog), name, reader)
    return _labelled(name, event.type, how_sure)


_ONE_SIDED = {
    "en": "One-sided ceasefire in effect",
    "uk": "Одностороннє перемир'я діє",
    "ru": "Одностороннее перемирие действует",
}
_DECLARED_BY = {
    "en": "Ceasefire declared / accepted by {}",
    "uk": "Перемир'я оголошено / прийнято одною стороною: {}",
    "ru": "Перемирие объявлено / принято одной стороной: {}",
}


def _agreed(by: Sequence[str], name: str, reader: Reader) -> str:
    """Return *name*, "Ceasefire agreed / declared", as what those have done who said yes."""
    if len(by) > 1:
        return name.partition(" / ")[0]
    declared = _DECLARED_BY.get(reader.language, _DECLARED_BY["en"])
    return declared.format(names(by, reader)) if by else name


def _type_name(event_type: EventType, reader: Reader) -> str:
    kind = reader.catalog.kinds.get(event_type)
    return kind.label(reader.language) if kind else event_type.value


def _labelled(name: str, event_type: EventType, how_sure: Modality) -> str:
    word = _MODALITY_WORDS.get(how_sure, "")
    if not word or _is_needless(how_sure, event_type):
        return name
    bare = name.partition(" (")[0]
    return f"{word.capitalize()}: {bare[:1].lower()}{bare[1:]}"


def _is_needless(how_sure: Modality, event_type: EventType) -> bool:
    return event_type in _NEEDLESS.get(how_sure, ())


def icon(event_type: EventType, catalog: Catalog) -> str:
    """Return the event type's sign."""
    kind = catalog.kinds.get(event_type)
    return kind.icon if kind else "•"


# ------------------------------------------------------------------------------------------ who and where
def conflict(conflict_id: str, reader: Reader) -> str:
    """Return the conflict's short name: what stands in brackets is left off. Not escaped."""
    return reader.catalog.conflict_name(conflict_id, reader.language).partition(" (")[0]


def conflicts(story: Story, reader: Reader) -> str:
    """Return the short names of the story's conflicts, two at most. Not escaped."""
    names = [conflict(each, reader) for each in story.conflicts[:2]]
    return ", ".join(names) or "conflict not recognised"


def names(ids: Sequence[str], reader: Reader, most: int = 3) -> str:
    """Return the names of entities, *most* of them at most. Not escaped."""
    shown = [reader.catalog.entity_name(each, reader.language) for each in ids[:most]]
    return ", ".join(shown) + (f" +{len(ids) - most}" if len(ids) > most else "")


def publisher(entry: Entry, catalog: Catalog) -> Publisher:
    """Return who published *entry*; its feed's host where nobody is named."""
    return published_by(entry, catalog)


def credit(entry: Entry, catalog: Catalog) -> str:
    """Return the publisher as HTML; state media is always marked."""
    of = publisher(entry, catalog)
    place = f", {of.country}" if of.country else ""
    return short(of.name, 50) + (short(f" [state media{place}]", 40) if of.state_media else "")


def short(text: str, most: int) -> str:
    """Return *text* as HTML of at most *most* visible UTF-16 units; a leading space stays."""
    return (" " if text.startswith(" ") else "") + escape(cut(clean(text), most))


def headline(entry: Entry, most: int = 200) -> str:
    """Return the entry's own headline as HTML, linked if its link is safe."""
    title = short(entry.title, most) or "(no title)"
    return f'<a href="{html.escape(entry.link)}">{title}</a>' if link_host(entry.link) else title


def quote(entry: Entry, reader: Reader, most: int = 200, *, struck: bool = False) -> str:
    """Return the headline in quotation marks, its language if it is not the reader's, who, on which host, and when."""
    said = f"“{headline(entry, most)}”"
    said = f"<s>{said}</s>" if struck else said
    where = f" · {short(link_host(entry.link), 50)}" if link_host(entry.link) else ""
    foreign = LANGUAGES.get(entry.language, entry.language) if entry.language != reader.language else ""
    language = f" (in {short(foreign, 20)})" if foreign else ""
    return f"{said}{language} — {credit(entry, reader.catalog)}{where}, {when(entry, reader)}"


# ------------------------------------------------------------------------------------------ when
def zone(name: str) -> tzinfo:
    """Return the time zone of this IANA name, UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local(at: datetime, reader: Reader) -> datetime:
    """Return *at* on the reader's clock."""
    return at.astimezone(zone(reader.time_zone))


def moment(at: datetime, reader: Reader) -> str:
    """Return *at* in the reader's time and in UTC, with the day unless it is today."""
    here, utc = local(at, reader), at.astimezone(UTC)
    words = f"{day(at, reader)} {here:%H:%M}".strip()
    if here.utcoffset() == timedelta(0):
        return f"{words} UTC"
    other_day = "" if here.date() == utc.date() else f", {utc.day} {utc:%b}"
    return f"{words} ({utc:%H:%M} UTC{other_day})"


def day(at: datetime, reader: Reader) -> str:
    """Return the reader's day of *at*, "" for today, with the year unless it is this one."""
    here, today = local(at, reader), local(reader.now, reader)
    if here.date() == today.date():
        return ""
    return f"{here.day} {here:%b}" + ("" if here.year == today.year else f" {here.year}")


def when(entry: Entry, reader: Reader) -> str:
    """Return when *entry* was published; if its feed gave no date, when it was seen, in these words."""
    if entry.published:
        return moment(entry.published, reader)
    return "no date given" + (f", seen {moment(entry.seen_at, reader)}" if entry.seen_at else "")


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago *at* was, in words, such as "3 min ago"."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


# ------------------------------------------------------------------------------------------ fitting
def plural(number: int, word: str, many: str = "") -> str:
    """Return *number* with its noun: "1 story", "3 stories"."""
    return f"{number} {word if number == 1 else many or word + 's'}"


def visible(message_html: str) -> int:
    """Return how long a reader sees *message_html* to be, in UTF-16 units."""
    return utf16_length(plain(message_html))


def fit(head: str, blocks: Sequence[str], foot: str = "", most: int = LONGEST_MESSAGE) -> str:
    """Return *head*, as many whole *blocks* as fit, and *foot*; say how many were left off."""
    kept = list(blocks)
    while True:
        left = len(blocks) - len(kept)
        rest = [f"… and {left} more"] if left else []
        text = "\n".join(part for part in (head, *kept, *rest, foot) if part)
        if not kept or visible(text) <= most:
            return text
        kept.pop()


class Page(NamedTuple):
    """A message of several, and which blocks it holds, counted from 0."""

    html: str
    blocks: range = range(0)

    def with_block(self, block: str) -> "Page":
        """Return the page with one more *block* at its end."""
        return Page(f"{self.html}\n\n{block}", range(self.blocks.start, self.blocks.stop + 1))


def pages(first: str, later: str, blocks: Iterable[str], *, most: int, foot: str = "") -> Sequence[Page]:
    """Return *blocks* in as many messages as it takes, *most* in each at most; *foot* ends each.

    The first begins with *first*, the others with *later*.
    """
    found = [Page(first)]
    for number, block in enumerate(blocks):
        longer = found[-1].with_block(block)
        if len(found[-1].blocks) < most and visible(longer.html + foot) <= LONGEST_MESSAGE:
            found[-1] = longer
        else:
            found.append(Page(later, range(number, number)).with_block(block))
    return [page._replace(html=page.html + foot) for page in found]
