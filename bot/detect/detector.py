"""Judges an entry by the rules: relevant or not, what happened, between whom, how sure. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.detect.gazetteer import ACTOR_KINDS, PLACE_KINDS, Bearing, DateSpan, Named, resolve, weigh
from bot.detect.numbers import find_numbers
from bot.detect.reading import Hit, Reading
from bot.detect.rules import Exclude, Needs, Rules, Signal, Status, Where
from bot.detect.speaker import find_speaker, told_of
from bot.detect.terms import Pattern
from bot.model import Entry, Event, EventType, Mention, Modality, Verdict

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
    mentions: list[Mention] = field(default_factory=list)

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
        bearing, best = self.bearing, self.best
        match needs:
            case Needs.NONE:
                return True
            case Needs.CONFLICT:
                return bool(best)
            case Needs.TITLE_PARTY:
                return any(conflict in bearing.title_sides for conflict in best)
            case Needs.TWO_SIDES:
                return any(len(bearing.sides.get(conflict, ())) >= 2 for conflict in best)
            case Needs.TITLE_TWO:
                return any(len(bearing.title_sides.get(conflict, ())) >= 2 for conflict in best)
            case Needs.TITLE_PARTY_MEDIATOR:
                return any(self._mediated(conflict) for conflict in best)

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

    def reading(self, where: Where) -> Reading:
        """Return the text of a field."""
        return self.title if where is Where.TITLE else self.summary


class Detector:
    """Judges entries. It keeps nothing from one entry to the next but the words it has looked up."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._of_title = _by_anchor(rules.signals, in_title=True)
        self._of_summary = _by_anchor(rules.signals, in_title=False)

    def judge(self, entry: Entry, *, when: DateSpan | None = None) -> Verdict:
        """Return the verdict on *entry*.

        *when* is the day, month or year of publication, if it is better known than `entry.published`; without either,
        no conflict is ruled out by its dates.
        """
        case = self._open(entry, when)
        signals = self._uncancelled(case)
        score = round(sum(signals.values()), 2)
        strong = score >= self.rules.scoring.relevant_at
        context = strong and self._genre(case, entry.link)
        event = self._event(case, entry, signals, score) if strong and not context else None
        return Verdict(
            relevant=event is not None,
            score=score,
            event=event,
            conflicts=case.conflicts,
            actors=_who(case),
            places=_where(case),
            numbers=self._numbers(case) if signals else frozenset(),
            rule=event.rule if event else "",
            context=context,
            mentions=tuple(case.mentions),
        )

    def _event(self, case: _Case, entry: Entry, signals: dict[str, float], score: float) -> Event:
        type_, type_rule = self._type(case)
        speaker = find_speaker(case.title, case.title_names, self.rules.concepts.get("say"))
        modality = self._modality(case, type_, speaker)
        for conflict in case.conflicts:
            _note_conflict(case, conflict)
        return Event(
            entry_key=entry.key,
            type=type_,
            modality=modality,
            conflicts=case.conflicts,
            actors=_who(case),
            recipients=_recipients(case, self.rules.concepts.get("addressing")),
            places=_where(case),
            numbers=self._numbers(case),
            speaker=speaker,
            score=score,
            rule=f"{next(iter(signals))} > {type_rule}",
            mentions=tuple(case.mentions),
        )

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
        bearing = weigh(title_names, summary_names, conflicts=rules.conflicts, weak=scoring.weak, when=when)
        about = tuple(resolve(bearing, rules.conflicts)[:MOST_CONFLICTS]) if bearing.score else ()
        return _Case(rules, title, summary, offset, title_names, summary_names, bearing, bearing.best, about)

    # -------------------------------------------------------------------------------------- relevance
    def _uncancelled(self, case: _Case) -> dict[str, float]:
        """Return the signals that fire and that no exclusion cancels."""
        signals = dict(self._signals(case))
        if not signals:  # nearly always
            return signals
        for exclude in self.rules.excludes:
            cancelled = signals.keys() & exclude.cancels
            if cancelled and self._excludes(case, exclude, cancelled):
                for signal in cancelled:
                    del signals[signal]
        return signals

    def _signals(self, case: _Case) -> Iterator[tuple[str, float]]:
        of_title, of_summary = self._of_title, self._of_summary
        possible = {number for atom in case.title.at.keys() & of_title.keys() for number in of_title[atom]}
        possible.update(number for atom in case.summary.at.keys() & of_summary.keys() for number in of_summary[atom])
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

    def _excludes(self, case: _Case, exclude: Exclude, cancelled: set[str]) -> bool:
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
            for rule in self.rules.types:
                if rule.where is Where.TITLE and reading is not case.title:
                    continue
                if rule.unless and reading.find(rule.unless):
                    continue
                if hit := next(iter(reading.find(rule.pattern)), None):
                    name = f"{rule.type} {rule.number}"
                    case.note("type", name, reading, hit)
                    return rule.type, name
        return EventType.STATEMENT, EventType.STATEMENT.value

    def _modality(self, case: _Case, type_: EventType, speaker: str) -> Modality:
        told = told_of(speaker, case.title_names, case.conflicts)
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


def _by_anchor(signals: tuple[Signal, ...], *, in_title: bool) -> dict[int, list[int]]:
    """Return for each atom the numbers of the signals that it may set off."""
    found: dict[int, list[int]] = {}
    for number, signal in enumerate(signals):
        if (signal.where is Where.TITLE) == in_title:
            for atom in signal.pattern.anchors:
                found.setdefault(atom, []).append(number)
    return found


def _repeated(title: str, summary: str) -> int:
    """Return how many characters of *summary* only say the title once more."""
    if not title or not summary.startswith(title):
        return 0
    rest = SAME_TITLE.match(summary, len(title))
    return rest.end() if rest else len(title)


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _who(case: _Case) -> tuple[str, ...]:
    names = (*case.title_names, *case.summary_names)
    return _unique(name.entity.id for name in names if name.entity.kind in ACTOR_KINDS)


def _where(case: _Case) -> tuple[str, ...]:
    names = (*case.title_names, *case.summary_names)
    return _unique(name.entity.id for name in names if name.entity.kind in PLACE_KINDS)


def _recipients(case: _Case, addressing: Pattern | None) -> tuple[str, ...]:
    """Return whom the title's first addressing verb ("accuses", "urges") is said to: the actor named next after it."""
    verb = next(iter(case.title.find(addressing)), None) if addressing else None
    if verb is None:
        return ()
    after = (name.entity for name in case.title_names if name.start >= verb.end and name.entity.kind in ACTOR_KINDS)
    return _unique(entity.id for entity in after)[:1]


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
