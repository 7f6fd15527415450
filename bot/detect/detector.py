"""Judges an entry by the rules: relevant or not, what happened, between whom, how sure. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from bot.catalog import Entity
from bot.detect.dates import day_there
from bot.detect.facts import Found, Known, Passage
from bot.detect.gazetteer import (
    ACTOR_KINDS,
    BYSTANDER,
    PLACE_KINDS,
    Bearing,
    DateSpan,
    Named,
    is_at_home,
    places_in,
    resolve,
    weigh,
)
from bot.detect.nearly import lacks
from bot.detect.numbers import find_numbers
from bot.detect.reading import Hit, Reading
from bot.detect.roles import Scene, find_roles
from bot.detect.rules import Exclude, Needs, Rules, Signal, Status, Where
from bot.detect.speaker import Told, find_speaker, is_told_by_unnamed, speaking_together, told_of
from bot.detect.terms import Pattern, Sequence
from bot.detect.venue import named_places
from bot.model import Entry, Event, EventType, Mention, Modality, Role, Verdict

MOST_CONFLICTS = 2
SAME_TITLE = re.compile(r"[\s.,:;|–—-]*")


@dataclass(slots=True)
class _Case:
    """One entry under judgement: its texts, the names in them, and what was found so far."""

    rules: Rules
    title: Reading
    summary: Reading
    offset: int
    title_names: list[Named]
    summary_names: list[Named]
    bearing: Bearing
    best: list[str]
    conflicts: tuple[str, ...]
    home: str = ""
    mentions: list[Mention] = field(default_factory=list)
    _met: dict[Needs, bool] = field(default_factory=dict)

    def note(self, role: str, name: str, reading: Reading, span: Hit | Named, *, score: float = 0.0) -> None:
        """Note the words of *span* in *reading* as a reason."""
        first, last = reading.place(span.start, span.end)
        text = reading.text[first:last]
        where, shift = ("title", 0) if reading is self.title else ("summary", self.offset)
        self.mentions.append(
            Mention(role=role, name=name, text=text, start=first + shift, end=last + shift, field=where, score=score)
        )

    def met(self, needs: Needs) -> bool:
        """Say whether the conflicts are known well enough."""
        known = self._met.get(needs)
        if known is None:
            known = self._met[needs] = self._is_met(needs)
        return known

    def _is_met(self, needs: Needs) -> bool:
        if needs is Needs.HOME:
            return bool(self.home)
        return needs is Needs.NONE or any(self._known(conflict, needs) for conflict in self.best)

    def _known(self, conflict: str, needs: Needs) -> bool:
        sides, title_sides = self.bearing.sides, self.bearing.title_sides
        match needs:
            case Needs.TITLE_PARTY:
                return conflict in title_sides
            case Needs.TITLE_ARMED_GROUP:
                return any(conflict in _fought_by(name.entity) for name in self.title_names)
            case Needs.TWO_SIDES:
                return len(sides.get(conflict, ())) >= 2
            case Needs.TITLE_TWO:
                return len(title_sides.get(conflict, ())) >= 2
            case Needs.TITLE_PARTY_MEDIATOR:
                return self._mediated(conflict)
            case _:
                return True

    def _mediated(self, conflict_id: str) -> bool:
        conflict = self.rules.conflicts[conflict_id]
        helpers = {*conflict.mediators, *conflict.guarantors, *conflict.venues}
        named = {name.entity.id for name in self.title_names}
        return conflict_id in self.bearing.title_sides and not named.isdisjoint(helpers)

    def hit(self, pattern: Pattern, where: Where) -> Hit | None:
        """Return the first match of *pattern* in that field."""
        if where is Where.TITLE:
            return next(iter(self.title.find(pattern)), None)
        hits = self.summary.find(pattern)
        if where is Where.LEAD and hits:
            sentence = self.summary.layout.sentence
            hits = tuple(hit for hit in hits if sentence[hit.end - 1] == 0)
        return next(iter(hits), None)

    def unnamed(self, pattern: Pattern, where: Where) -> Hit | None:
        """Return the first match that is not just part of a name ("African *Union*")."""
        reading, names = (self.title, self.title_names) if where is Where.TITLE else (self.summary, self.summary_names)
        return next(
            (hit for hit in reading.find(pattern) if not any(n.start <= hit.start and hit.end <= n.end for n in names)),
            None,
        )

    def passages(self) -> tuple[Passage, ...]:
        """Return the title and the summary's first sentence, with the places that they name."""
        sentence = self.summary.layout.sentence
        lead = self.summary.words(0, sentence.count(0)) if len(self.summary) else ""
        shift = self.summary.place(0, 1)[0] if lead else 0
        find = self.rules.gazetteer.find_all
        return (
            Passage(self.title.text, "title", 0, named_places(self.title, find(self.title))),
            Passage(lead, "summary", self.offset + shift, named_places(self.summary, find(self.summary), -shift)),
        )

    def reading(self, where: Where) -> Reading:
        """Return the text of a field."""
        return self.title if where is Where.TITLE else self.summary


class Detector:
    """Judges entries. It keeps nothing from one entry to the next but the words it has looked up."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        signals = tuple(enumerate(rules.signals))
        self._of_title = _by_anchor((n, s.needs, s.pattern) for n, s in signals if s.where is Where.TITLE)
        self._of_summary = _by_anchor((n, s.needs, s.pattern) for n, s in signals if s.where is not Where.TITLE)
        self._types = _by_anchor((n, Needs.NONE, rule.pattern) for n, rule in enumerate(rules.types))

    def judge(self, entry: Entry, *, when: DateSpan | None = None) -> Verdict:
        """Return the verdict on *entry*.

        *when* is the day, month or year of publication, if it is better known than `entry.published`; without either,
        no conflict is ruled out by its dates.
        """
        case = self._open(entry, when)
        signals = self._uncancelled(case)
        score = round(sum(signals.values()), 2)
        strong = score >= self.rules.scoring.relevant_at
        if strong and case.home:
            case.conflicts = (case.home,)
        context = strong and self._genre(case, entry.link)
        event = self._event(case, entry, signals, score, when) if strong and not context else None
        return Verdict(
            relevant=event is not None,
            score=score,
            event=event,
            conflicts=case.conflicts,
            actors=_who(case),
            places=_where(case),
            numbers=event.numbers if event else self._numbers(case) if signals else frozenset(),
            rule=event.rule if event else "",
            context=context,
            mentions=tuple(case.mentions),
        )

    def nearly(self, entry: Entry, *, when: DateSpan | None = None) -> tuple[Mention, ...]:
        """Return the signals whose words stand in *entry* though they did not fire, the nearest and strongest first.

        What each lacked is said behind its name. Slow: only for explanations.
        """
        case = self._open(entry, when)
        found = []
        for signal in self.rules.signals:
            where = Where.TITLE if signal.where is Where.TITLE else Where.SUMMARY
            if not self._fires(case, signal) and (hit := case.hit(signal.pattern, where)):
                wanting = list(lacks(signal, met=case.met, title=case.title, summary=case.summary))
                nearness = (len(wanting), case.met(signal.needs), -signal.weight, signal.id)
                found.append((nearness, f"{signal.id} ({', and '.join(wanting)})", signal.weight, hit, where))
        for _, name, weight, hit, where in sorted(found):
            case.note("nearly", name, case.reading(where), hit, score=weight)
        return tuple(case.mentions)

    def _event(
        self, case: _Case, entry: Entry, signals: dict[str, float], score: float, when: DateSpan | None
    ) -> Event:
        concepts = self.rules.concepts
        type_, type_rule = self._type(case)
        say, joining = concepts.get("say"), concepts.get("joining")
        speaker = find_speaker(case.title, case.title_names, say, joining)
        for each in () if speaker else speaking_together(case.title, case.title_names, say, joining):
            case.note("speaker", each.entity.id, case.title, each)
        modality = self._modality(case, type_, speaker)
        for conflict in case.conflicts:
            _note_conflict(case, conflict)
        roles = _roles(case, speaker)
        facts = self._facts(case, entry, type_, modality, when)
        return Event(
            entry_key=entry.key,
            type=type_,
            modality=modality,
            conflicts=case.conflicts,
            actors=_who(case),
            recipients=_recipients(case, self.rules.concepts.get("addressing")),
            places=_where(case),
            numbers=self._numbers(case),
            occurred_on=facts.occurred_on,
            facts=facts.facts,
            speaker=speaker,
            roles=roles,
            score=score,
            rule=f"{next(iter(signals))} > {type_rule}",
            rules_hash=self.rules.hash,
            mentions=tuple(case.mentions),
        )

    def _facts(self, case: _Case, entry: Entry, type_: EventType, modality: Modality, when: DateSpan | None) -> Found:
        """Return what title and lead state in days and amounts, and note the words that say so."""
        conflicts = tuple(self.rules.conflicts[conflict] for conflict in case.conflicts)
        known = Known(type=type_, modality=modality, today=self._today(entry, when), conflicts=conflicts)
        found = self.rules.facts.find(case.passages(), known)
        case.mentions.extend(found.mentions)
        return found

    def _today(self, entry: Entry, when: DateSpan | None) -> date | None:
        """Return the day of publication by the publisher's clock, None if it is not known to the day."""
        if entry.published is None:
            return when.first if when and when.first == when.last else None
        name = entry.publisher or urlsplit(entry.link or entry.key.feed_url).hostname or ""
        return day_there(entry.published, self.rules.catalog.publisher(name).time_zone)

    def _numbers(self, case: _Case) -> frozenset[str]:
        numerals = self.rules.numerals
        return find_numbers(case.title, numerals) | find_numbers(case.summary, numerals)

    def _open(self, entry: Entry, when: DateSpan | None) -> _Case:
        rules, scoring = self.rules, self.rules.scoring
        head = entry.summary[: scoring.summary_characters + len(entry.title) + 1]
        offset = _repeated(entry.title, head)
        title = Reading(entry.title[: scoring.title_characters], rules.vocabulary)
        summary = Reading(head[offset : offset + scoring.summary_characters], rules.vocabulary)
        title_names, summary_names = rules.gazetteer.find(title), rules.gazetteer.find(summary)
        if when is None and entry.published:
            when = DateSpan(entry.published.date(), entry.published.date())
        bearing = weigh(
            title_names,
            summary_names,
            conflicts=rules.conflicts,
            weak=scoring.weak,
            when=when,
            placed_in=places_in(title, title_names),
        )
        about = tuple(resolve(bearing, rules.conflicts)[:MOST_CONFLICTS]) if bearing.score else ()
        meant = None if about else rules.homes.get(entry.language)
        home = meant.id if meant and is_at_home(meant, (*title_names, *summary_names), when) else ""
        return _Case(rules, title, summary, offset, title_names, summary_names, bearing, bearing.best, about, home)

    # -------------------------------------------------------------------------------------- relevance
    def _uncancelled(self, case: _Case) -> dict[str, float]:
        """Return the signals that fire and that no exclusion cancels."""
        signals = dict(self._signals(case))
        if not signals:  # nearly always
            return signals
        for exclude in self.rules.excludes:
            cancelled = exclude.cancels.intersection(signals)
            if cancelled and self._excludes(case, exclude, cancelled):
                for signal in cancelled:
                    del signals[signal]
        return signals

    def _signals(self, case: _Case) -> Iterator[tuple[str, float]]:
        met = set(filter(case.met, Needs if case.best else (Needs.NONE, Needs.HOME)))
        possible = _possible(case.title, self._of_title, met) | _possible(case.summary, self._of_summary, met)
        for number in sorted(possible):
            signal = self.rules.signals[number]
            if hit := self._fires(case, signal):
                case.note("signal", signal.id, case.reading(signal.where), hit, score=signal.weight)
                yield signal.id, signal.weight

    @staticmethod
    def _fires(case: _Case, signal: Signal) -> Hit | None:
        if not case.met(signal.needs) or not (hit := case.hit(signal.pattern, signal.where)):
            return None
        if signal.also_title and not case.title.find(signal.also_title):
            return None
        if signal.also_summary and not case.summary.find(signal.also_summary):
            return None
        if signal.unless and case.title.find(signal.unless):
            return None
        return hit

    def _excludes(self, case: _Case, exclude: Exclude, cancelled: frozenset[str]) -> bool:
        if exclude.unless_needs and case.met(exclude.unless_needs):
            return False
        if exclude.unless and (case.title.find(exclude.unless) or case.summary.find(exclude.unless)):
            return False
        statuses = {Status(self.rules.conflicts[conflict].status) for conflict in case.conflicts}
        if statuses & exclude.unless_status:
            return False
        if exclude.only_status and (not statuses or statuses - exclude.only_status):
            return False
        name = f"{exclude.id} ({', '.join(sorted(cancelled))})"
        if exclude.pattern is None:
            case.mentions.append(Mention(role="cancelled", name=name, text="", start=0, end=0))
            return True
        hit = case.unnamed(exclude.pattern, exclude.by)
        if hit:
            case.note("cancelled", name, case.reading(exclude.by), hit)
        return hit is not None

    def _genre(self, case: _Case, link: str) -> bool:
        for genre in self.rules.genres:
            if hit := next(iter(case.title.find(genre.pattern)), None):
                case.note("genre", genre.id, case.title, hit)
                return True
            if part := next((part for part in genre.urls if part in link), None):
                case.mentions.append(Mention(role="genre", name=genre.id, text=part, start=0, end=0, field="link"))
                return True
        return False

    # -------------------------------------------------------------------------------------- what, how sure
    def _type(self, case: _Case) -> tuple[EventType, str]:
        for reading in (case.title, case.summary):
            for number in sorted(_possible(reading, self._types, {Needs.NONE})):
                rule = self.rules.types[number]
                if rule.where is Where.TITLE and reading is not case.title:
                    continue
                if rule.unless and reading.find(rule.unless):
                    continue
                if hit := next(iter(reading.find(rule.pattern)), None):
                    case.note("type", rule.id, reading, hit)
                    return rule.type, rule.id
        return EventType.STATEMENT, EventType.STATEMENT.value

    def _modality(self, case: _Case, type_: EventType, speaker: str) -> Modality:
        told = told_of(speaker, case.title_names, case.conflicts)
        concepts = self.rules.concepts
        if Told.ITSELF not in told and is_told_by_unnamed(case.title, concepts.get("voices"), concepts.get("say")):
            told |= {Told.UNNAMED}
        for rule in self.rules.modalities:
            if type_ not in rule.types or (rule.unless and case.title.find(rule.unless)):
                continue
            if rule.told and told.isdisjoint(rule.told):
                continue
            if rule.pattern is None:
                return rule.modality
            if hit := next(iter(case.title.find(rule.pattern)), None):
                case.note("modality", rule.modality.value, case.title, hit)
                return rule.modality
        return Modality.FACT


_ByAnchor = dict[int, list[tuple[int, Needs, Sequence | None]]]
"""For each atom the sequences that it anchors, each with the number of its rule and what that needs; None: no more."""


def _by_anchor(rules: Iterable[tuple[int, Needs, Pattern]]) -> _ByAnchor:
    found: _ByAnchor = {}
    for number, needs, pattern in rules:
        for sequence in pattern.sequences:
            known = number, needs, None if sequence.words else sequence
            for atom in sequence.anchors:
                found.setdefault(atom, []).append(known)
    return found


def _possible(reading: Reading, by_anchor: _ByAnchor, met: set[Needs]) -> set[int]:
    """Return the numbers of the rules of which a text has all words of a sequence, in whatever order."""
    return {
        number
        for atom in reading.atoms & by_anchor.keys()
        for number, needs, sequence in by_anchor[atom]
        if needs in met and (sequence is None or reading.has_words(sequence))
    }


def _repeated(title: str, summary: str) -> int:
    """Return how many characters of *summary* only say the title once more."""
    if not title or not summary.startswith(title):
        return 0
    rest = SAME_TITLE.match(summary, len(title))
    return rest.end() if rest else len(title)


def _fought_by(entity: Entity) -> frozenset[str]:
    """Return the conflicts that an armed group is a party of; none for any other entity."""
    if entity.kind != "armed_group":
        return frozenset()
    return frozenset(conflict for conflict, side in entity.links if side != BYSTANDER)


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _who(case: _Case) -> tuple[str, ...]:
    return _named(case, ACTOR_KINDS)


def _where(case: _Case) -> tuple[str, ...]:
    return _named(case, PLACE_KINDS)


def _named(case: _Case, kinds: frozenset[str]) -> tuple[str, ...]:
    names = (*case.title_names, *case.summary_names)
    return _unique(name.entity.id for name in names if name.entity.kind in kinds) if names else ()


def _recipients(case: _Case, addressing: Pattern | None) -> tuple[str, ...]:
    """Return whom the title's first addressing verb ("accuses", "urges") is said to: the actor named next after it."""
    verb = next(iter(case.title.find(addressing)), None) if addressing else None
    if verb is None:
        return ()
    after = (name.entity for name in case.title_names if name.start >= verb.end and name.entity.kind in ACTOR_KINDS)
    return _unique(entity.id for entity in after)[:1]


def _roles(case: _Case, speaker: str) -> tuple[tuple[str, Role], ...]:
    """Return the part that each actor plays, and note where it is named."""
    concepts, conflicts = case.rules.concepts, [case.rules.conflicts[conflict] for conflict in case.conflicts]
    words = {"appealing": concepts.get("appealing"), "mediating": concepts.get("mediating")}
    title = Scene(reading=case.title, names=case.title_names, **words)
    summary = Scene(reading=case.summary, names=case.summary_names, **words)
    found = tuple(find_roles((title, summary), conflicts, speaker))
    for scene, role, name in found:
        case.note(role.value, name.entity.id, scene.reading, name)
    return tuple((name.entity.id, role) for _, role, name in found)


def _note_conflict(case: _Case, conflict: str) -> None:
    """Note each name that speaks of *conflict*, once."""
    seen: set[str] = set()
    for reading, names in ((case.title, case.title_names), (case.summary, case.summary_names)):
        for name in names:
            side = dict(name.entity.links).get(conflict)
            if side and name.entity.id not in seen:
                seen.add(name.entity.id)
                which = f"{conflict}:{side}:{name.entity.id}"
                case.note("conflict", which, reading, name, score=case.bearing.score[conflict])
