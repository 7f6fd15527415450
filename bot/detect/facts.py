"""What a report says in days, lengths and amounts: start, end, deadline, meeting, how long, how many, how far. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from bot.catalog import Conflict
from bot.detect.amounts import AmountFinder
from bot.detect.dates import DateFinder, SaidDay
from bot.detect.fact_words import FactWords, Language, compiled, fold, spoken
from bot.detect.venue import NamedPlace, VenueFinder
from bot.model import EventType, Facts, Form, Mention, Modality, Scope

RECENT = timedelta(days=31)
"""What happened longer ago is background, unless the year is said to be another."""

_NEAR = 60
_FEW_WORDS = 4
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!\b\d\.)(?<!\b\d\d\.)\s+(?=[^\W\d_])|\s+\|\s+")
_LONG_WORD = re.compile(r"[^\W\d]{3}[\w'-]*")
_MADE = (EventType.TALKS_SCHEDULED, EventType.TALKS_PROPOSED)


class Passage(NamedTuple):
    """A text of an entry to read: its *field* ("title", "summary"), where in that field it starts, and its places."""

    text: str
    field: str = "title"
    shift: int = 0
    places: tuple[NamedPlace, ...] = ()

    def mention(self, role: str, name: str, start: int, end: int) -> Mention:
        """Return the characters *start* to *end* as the words that say *name*."""
        return Mention(
            role=role,
            name=name,
            text=self.text[start:end],
            start=start + self.shift,
            end=end + self.shift,
            field=self.field,
        )

    def part(self, first: int, last: int) -> "Passage":
        """Return the characters *first* to *last* as a passage."""
        return self._replace(text=self.text[first:last], shift=self.shift + first)


RoleAndAhead = tuple[str, bool | None]
"""What a named day is to the event ("" if its words do not tell), and whether it is to come (None: not known)."""

_IS_THE_EVENT = {
    EventType.CEASEFIRE_IN_EFFECT: "start",
    EventType.CEASEFIRE_ENDED: "end",
    EventType.TALKS_HELD: "meeting",
}
"""Which day is that of the event itself."""

_BACKGROUND = "background"
"""The role of a day of something else."""


class DayRole(NamedTuple):
    """What a named day is to the event ("start", "end", "deadline", "meeting", "occurred"), and which day it is."""

    role: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is already known of the event whose facts are looked for; *today* is the day of publication, if known."""

    type: EventType
    modality: Modality = Modality.FACT
    today: date | None = None
    conflicts: tuple[Conflict, ...] = ()
    in_title: bool = True

    @property
    def ahead(self) -> bool:
        """Say whether what is reported is yet to come; a lead's "on Monday" is mostly the day of the report."""
        return self.in_title and self._is_plan

    @property
    def is_of_talks_ahead(self) -> bool:
        """Say whether it is about talks yet to come."""
        return self.ahead and self.type.family == "talks"

    @property
    def is_of_halt(self) -> bool:
        """Say whether it is about a halt to fighting: its length and scope are then the event's."""
        return self.type.family in ("ceasefire", "humanitarian", "agreement")

    @property
    def _is_plan(self) -> bool:
        return self.type in _MADE or self.modality in (Modality.PLAN, Modality.CONDITIONAL)


@dataclass(slots=True)
class Found:
    """The facts found so far, the first of each kind; and the words that say them.

    *names_halt*: the title does, so that the lead's "full 30-day truce" may well be another one.
    """

    facts: Facts = field(default_factory=Facts)
    occurred_on: date | None = None
    mentions: list[Mention] = field(default_factory=list)
    names_halt: bool = False

    def day(self, given: DayRole) -> bool:
        """Take a day in; return false if one of its role is known already."""
        if given.role == "occurred":
            known, self.occurred_on = self.occurred_on, self.occurred_on or given.day
            return known is None
        before = self.facts
        match given.role:
            case "start":
                self.facts = replace(before, starts_on=before.starts_on or given.day)
            case "end":
                self.facts = replace(before, ends_on=before.ends_on or given.day)
            case "deadline":
                self.facts = replace(before, deadline=before.deadline or given.day)
            case "meeting":
                self.facts = replace(before, meets_on=before.meets_on or given.day)
        return self.facts != before


class FactFinder:
    """Finds facts in the languages of which there is a file."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = tuple(languages)
        self._readers: dict[str, _Reader] = {}

    def find(self, passages: Sequence[Passage], known: Known) -> Found:
        """Return what *passages* say; the earlier ones prevail where two say the same kind of thing."""
        found = Found()
        for passage in (each for each in passages if each.text):  # one without letters is in every language
            for language in spoken(passage.text, self._languages):
                self._reader(language).read(passage, replace(known, in_title=passage.field == "title"), found)
        return found

    def _reader(self, language: Language) -> "_Reader":
        """Return the reader of *language*, made when first needed: that takes a while, and few texts have facts."""
        if language.code not in self._readers:
            self._readers[language.code] = _Reader(language.words())
        return self._readers[language.code]


class _Reader:
    """Reads facts in one language."""

    def __init__(self, words: FactWords) -> None:
        self.words = words
        self._dates = DateFinder(words)
        self._venues = VenueFinder(words)
        self._amounts = AmountFinder(words)
        filler = words.term("words", "filler")
        clock = r"\d{1,2}[:.]\d\d|\d{1,2}\s?(?:am|pm|a\.m\.|p\.m\.)"
        self._cues = {
            cue: compiled(rf"(?<!\w)(?:{term})(?:\s+(?:{filler}|{clock})|\s*,)*\s+$")
            for cue, term in words.terms["before"].items()
        }
        few = rf"\s+(?:(?!(?:{words.term('things', 'apart', 'not_of')})\s)[\w'-]+\s+){{0,2}}?"
        self._nouns = {
            role: compiled(rf"{few}(?:{words.term('near', key)})(?!\w)")
            for role, key in (("deadline", "deadline"), ("meeting", "meet"))
        }

    def read(self, passage: Passage, known: Known, found: Found) -> None:
        text = fold(passage.text)
        for first, last in _sentences(text):
            here, sentence = passage.part(first, last), text[first:last]
            if known.in_title or (known.is_of_halt and not found.names_halt):
                self._read_halt(sentence, here, found)
            self._read_counts(sentence, here, found)
            self._read_days(sentence, here, known, found)
        of_talks = known.type.family == "talks"
        if known.in_title:
            found.names_halt = bool(self.words.pattern("things", "truce").search(text))
        held = known.type is EventType.TALKS_HELD
        venue = self._venues.find(passage.text, passage.places, known.conflicts, of_talks=of_talks, held=held)
        if venue and not found.facts.venue:
            found.facts = replace(found.facts, venue=venue.entity.id)
            found.mentions.append(passage.mention("venue", venue.entity.id, venue.start, venue.end))

    # -------------------------------------------------------------------------------------- days
    def _read_days(self, sentence: str, here: Passage, known: Known, found: Found) -> None:
        for said in self._dates.find(sentence):
            if any(mention.role == "duration" and _overlaps(mention, here, said) for mention in found.mentions):
                continue
            for given in self._roles(said, sentence, known, has_start=found.facts.starts_on is not None):
                if found.day(given):
                    found.mentions.append(here.mention(given.role, given.day.isoformat(), said.start, said.end))

    def _roles(self, said: SaidDay, sentence: str, known: Known, *, has_start: bool) -> Iterator[DayRole]:
        role, ahead = (
            self._by_cue(said, sentence, known, has_start=has_start)
            or self._by_noun_after(said, sentence, known)
            or self._by_neighbour(said, sentence, known)
        )
        day = said.on(known.today, ahead=ahead)
        if day is None:
            return
        recent = known.today is not None and known.today - RECENT <= day <= known.today
        if role == "deadline" and recent and day != known.today:
            role = ""  # "734 violations by 8 May"
        if not role:
            past = known.today is not None and day <= known.today and not said.to_come
            lasting = bool(said.last_day) and known.is_of_halt
            role = "occurred" if past and not lasting and not known.is_of_talks_ahead else _coming(known)
        if role == _BACKGROUND or (role == "occurred" and self._is_background(said, sentence)):
            return
        if role != "occurred":
            yield DayRole(role, day)
        if role == "start" and (last := said.until(day)):
            yield DayRole("end", last)
        if recent and (role == "occurred" or (not ahead and _IS_THE_EVENT.get(known.type) == role)):
            yield DayRole("occurred", day)

    def _by_cue(self, said: SaidDay, sentence: str, known: Known, *, has_start: bool) -> RoleAndAhead | None:
        """Return the role that the words right before give."""
        cue = self._cue(said, sentence)
        if cue is None or self._noun_after(said, sentence):
            return None
        starts, ends = ("meeting", "meeting") if known.type.family == "talks" else ("start", "end")
        if cue == "until" and ends == "end" and not has_start and not self._is_of_halt(said, sentence):
            cue = "by"
        truce = self.words.pattern("things", "truce")
        roles: dict[str, RoleAndAhead] = {
            "since": ("start" if truce.search(sentence, 0, said.start) else _BACKGROUND, False),
            "from": (starts, True),
            "by": ("deadline", True),
            "until": (ends, True),
        }
        return ("end", True) if cue == "to" and has_start else roles.get(cue)

    def _cue(self, said: SaidDay, sentence: str) -> str | None:
        if said.within:
            return "by"
        first = max(0, said.start - _NEAR)
        hits = {cue: hit for cue, pattern in self._cues.items() if (hit := pattern.search(sentence, first, said.start))}
        return min(hits, key=lambda cue: hits[cue].start(), default=None)

    def _is_of_halt(self, said: SaidDay, sentence: str) -> bool:
        """Say whether a halt goes before and no ultimatum: "truce until Monday", not "has until Monday to accept"."""
        halt, ultimatum = self.words.pattern("things", "halt"), self.words.pattern("near", "deadline")
        return bool(halt.search(sentence, 0, said.start)) and not ultimatum.search(sentence, 0, said.start)

    def _by_noun_after(self, said: SaidDay, sentence: str, known: Known) -> RoleAndAhead | None:
        role = self._noun_after(said, sentence)
        if not role:
            return None
        coming = self._is_coming(said, sentence, known) and self._cue(said, sentence) != "after"
        return role, role == "deadline" or coming

    def _noun_after(self, said: SaidDay, sentence: str) -> str:
        """Return the role that the noun right after gives: "Thursday's *talks*", "Monday *deadline*"."""
        return next((role for role, pattern in self._nouns.items() if pattern.match(sentence, said.end)), "")

    def _by_neighbour(self, said: SaidDay, sentence: str, known: Known) -> RoleAndAhead:
        """Return the role that the nearest telling word gives, "" for none."""
        if self._recalls(said, sentence, known):
            return "occurred", False
        coming = self._is_coming(said, sentence, known)
        of_truce = self.words.pattern("things", "truce").search(sentence)
        starts = "meeting" if known.type.family == "talks" and not of_truce else "start"
        roles: dict[str, RoleAndAhead] = {
            "start": (starts, True),
            "began": (starts, False),
            "end": ("end", True),
            "ended": ("end" if known.type is EventType.CEASEFIRE_ENDED else "", False),
            "deadline": ("deadline", True),
            "meet": ("meeting", (coming and known.type is not EventType.TALKS_HELD) or None),
            "met": ("meeting", False),
            "past": ("", None),
            "planned": ("", True),
            "": ("", (coming and known.in_title and known.type is not EventType.TALKS_PROPOSED) or None),
        }
        return roles[self._nearest(said, sentence)]

    def _is_coming(self, said: SaidDay, sentence: str, known: Known) -> bool:
        first, last = max(0, said.start - _NEAR), said.end + _NEAR // 2
        return known.ahead or bool(self.words.pattern("near", "future").search(sentence, first, last))

    def _recalls(self, said: SaidDay, sentence: str, known: Known) -> bool:
        """Say whether the day is a past one that is commemorated."""
        day = said.on(known.today, ahead=None)
        if said.last_day or (day and known.today and day > known.today):
            return False
        first, last = max(0, said.start - _NEAR // 2), said.end + _NEAR // 2
        return bool(said.month and self.words.anniversary.search(sentence, first, last))

    def _is_background(self, said: SaidDay, sentence: str) -> bool:
        """Say whether the day is that of something else: "… after a leader was killed on Monday"."""
        return bool(self.words.pattern("things", "apart").search(sentence, max(0, said.start - _NEAR), said.start))

    def _nearest(self, said: SaidDay, sentence: str) -> str:
        """Return the kind of the telling word nearest before the day, else nearest after it."""
        kinds = ("past", "planned", "start", "began", "end", "ended", "meet", "met", "deadline")
        before: dict[int, str] = {}
        after: dict[int, str] = {}
        for kind in kinds:
            for hit in self.words.pattern("near", kind).finditer(sentence):
                if said.start - _NEAR <= hit.end() <= said.start:
                    before[hit.end()] = kind
                elif said.end <= hit.start() <= said.end + _NEAR:
                    after[hit.start()] = kind
        if before:
            return before[max(before)]
        return after[min(after)] if after else ""

    # -------------------------------------------------------------------------------------- amounts, kinds
    def _read_halt(self, sentence: str, here: Passage, found: Found) -> None:
        length = self._amounts.length(sentence)
        if length and not found.facts.duration:
            found.facts = replace(found.facts, duration=length.value)
            found.mentions.append(here.mention("duration", length.value, length.start, length.end))
        self._read_kinds(sentence, here, found)

    def _read_counts(self, sentence: str, here: Passage, found: Found) -> None:
        for count in self._amounts.counts(sentence):
            if count.value not in found.facts.counts:
                found.facts = replace(found.facts, counts=(*found.facts.counts, count.value))
                found.mentions.append(here.mention("count", count.value, count.start, count.end))

    def _read_kinds(self, sentence: str, here: Passage, found: Found) -> None:
        truces = list(self.words.pattern("things", "truce").finditer(sentence))
        if not truces:
            return
        for scope in Scope:
            hit = self._of_truce(truces, self.words.pattern("scope", scope), only_before=scope is Scope.FULL)
            if hit and scope not in found.facts.scope:
                found.facts = replace(found.facts, scope=(*found.facts.scope, scope))
                found.mentions.append(here.mention("scope", scope, *hit.span()))
        for form in Form:
            hit = self._of_truce(truces, self.words.pattern("form", form), only_before=form is Form.BILATERAL)
            if hit and found.facts.form is None:
                found.facts = replace(found.facts, form=form)
                found.mentions.append(here.mention("form", form, *hit.span()))

    def _of_truce(
        self, truces: Sequence[re.Match[str]], pattern: re.Pattern[str], *, only_before: bool
    ) -> re.Match[str] | None:
        """Return the first match of *pattern* that stands with a truce: few words between, none that parts them."""
        sentence = truces[0].string
        for hit in pattern.finditer(sentence):
            for truce in truces:
                if only_before and hit.end() > truce.start():
                    continue
                between = sentence[min(hit.end(), truce.end()) : max(hit.start(), truce.start())]
                parted = any(mark in between for mark in ":;") or any(
                    self.words.pattern("things", key).search(between) for key in ("apart", "violating")
                )
                if not parted and len(_LONG_WORD.findall(between)) <= _FEW_WORDS:
                    return hit
        return None


def _overlaps(mention: Mention, here: Passage, said: SaidDay) -> bool:
    first, last = said.start + here.shift, said.end + here.shift
    return mention.field == here.field and mention.start < last and first < mention.end


def _coming(known: Known) -> str:
    """Return what a day to come is to an event of this type."""
    if known.type.family == "talks" or known.type is EventType.STATEMENT:
        return "meeting"
    return "start"


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    first = 0
    for gap in _SENTENCE_END.finditer(text):
        yield first, gap.start()
        first = gap.end()
    yield first, len(text)
