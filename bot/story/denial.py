"""What a denial is, who may make one, and which story it is about. Pure.

Whom a truce binds, who mediates it, and whose word the story rests on may deny it; a third party's doubt is no denial.
Grouping keeps a denial apart from what it denies, for they say opposite things. So it is looked for among the stories
of the same war, and found only where there is no doubt: to strike a true report through is as bad as to let a false one
stand.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.catalog import Catalog
from bot.model import ASSERTED, Event, EventType, Mention, Modality, Report, Role, Story
from bot.story.origin import published_by
from bot.story.voice import may_quote, mediates, side_in, sides_agreeing, sides_heard, speakers

DENIABLE = timedelta(hours=72)
"""A denial is about something that was reported no longer ago."""

AGREEMENTS = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_EXTENDED,
        EventType.AGREEMENT_REACHED,
    }
)
_TAKES_BOTH = AGREEMENTS | {EventType.TALKS_HELD, EventType.EXCHANGE_PRISONERS}
"""What does not happen if either side says that it does not."""
DENYING = frozenset({EventType.CEASEFIRE_REJECTED, EventType.STATEMENT})
"""Types that a report has, besides that of what it denies."""

_TRUCE = (
    r"(?:truce|cease-?fires?|deal|agreement|accord"
    r"|перемир[\w'’ʼ]+|прекращени\w+ огня|припинення вогню|домовлен\w+|договор[её]н\w+)"
)
_THERE_IS_NONE = re.compile(
    rf"\bno (?:[\w-]+ ){{0,2}}{_TRUCE}"
    rf"|\b(?:жодн|ніяк|никак)\w+ (?:[\w-]+ ){{0,2}}{_TRUCE}"
    rf"|\b{_TRUCE}(?: [\w-]+){{0,4}} (?:немає|нема|нет)\b",
    re.IGNORECASE,
)
_REPORTS = r"(?:reports?|rumou?rs?|claims?|news|повідомлення|чутки|новин\w+|сообщени\w+|слухи|новост\w+)"
_REPORTS_ARE_FALSE = re.compile(rf"\b{_REPORTS}\b.*\b{_TRUCE}", re.IGNORECASE)
_DISMISSES_REPORTS = re.compile(
    rf"\b(?:reject\w*|dismiss\w*|відкида\w+|відкинул?\w*|отверг\w*) (?:[\w-]+ ){{0,2}}{_REPORTS}\b.*\b{_TRUCE}",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:will (?:not|never)|won['’]t|can(?:not|['’]t)|not ready|not to|unlikely|in sight|any ?time|soon"
    r"|there (?:will|can) be no"
    r"|не буд\w+|не готов\w*|не собира\w+|не збира\w+)\b",
    re.IGNORECASE,
)
"""Who says that there will be none does not say that there is none."""
_ON_TERMS = re.compile(
    r"\b(?:until|unless|without|before|while|if|as long as|поки|доки|пока|без|якщо|если|до)\b", re.IGNORECASE
)
_DENY = r"(?:den(?:y|ies|ied|ying)|спросту\w+|запереч\w+|опровер\w+)"
_REFUSE = r"(?:reject\w*|refus\w+|oppos\w+|block\w*|stall\w*|відмов\w+|відхил\w+|отказ\w+|отверг\w+)"
_OF_A_REFUSAL = re.compile(
    rf"\b{_DENY} (?:[\w-]+ ){{0,3}}(?:{_DENY}|{_REFUSE})|\b(?:reject\w*|dismiss\w*)\b.*\b{_REPORTS}\b.*\b{_REFUSE}",
    re.IGNORECASE,
)
"""Who denies a denial or a refusal does not deny the truce."""
_TOOK_PLACE = re.compile(
    r"\b(?:took place|taken place|taking place|happened|were held|was held|held talks|відбул\w+|відбува\w+|состоял\w+"
    r"|проходил\w+|велис\w+)\b",
    re.IGNORECASE,
)
_OF_A_BREACH = re.compile(r"violat|breach|breaking|порушен|нарушен", re.IGNORECASE)
_BY = re.compile(
    r"\b(?:denied|dismissed|refuted) by (?:the )?|\b(?:спростували|заперечили|опровергли) (?:у|в|во) ", re.IGNORECASE
)
_BY_NOBODY = re.compile(r"^(?:reports?|rumou?rs?|claims?)\b.*\b(?:denied|dismissed|refuted)\b", re.IGNORECASE)
_OFFICE = (
    r"(?:minister|ministry|president|army|military|government|officials?"
    r"|міністр\w*|міністерств\w*|президент\w*|уряд\w*|генштаб\w*|министр\w*|министерств\w*|правительств\w*)"
)
_SAY = r"(?:says?|said|calls?|called|назва\w+|заяви\w+|сказа\w+|каже|говорит|повідоми\w+|сообщи\w+)"
_OFFICE_SAYS = re.compile(rf"\b(?:{_OFFICE} {_SAY}|{_SAY} (?:the |у |в )?{_OFFICE})\b", re.IGNORECASE)
"""A minister whose country is not named is one of the publisher's own."""
_WITH = re.compile(
    r"\b(?:with|of|to|from|by|between|and|for|against|about|on|in|з|із|зі|між|про|с|со|между|о|об)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
"""Whose name stands behind such a word is not the one who acts."""
_BEFORE_THE_VERB = re.compile(r"(?:['’]s?)?(?:\s+[\w-]+){0,2}\s+")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Denial(NamedTuple):
    """A report that says it is not so, and on whose word: *by* is an entity, *camp* its side or, on none, itself."""

    report: Report
    by: str
    camp: str


# ------------------------------------------------------------------------------------------ what it denies
def denied_types(report: Report) -> frozenset[EventType]:
    """Return the types of which *report* says that there is no such thing; none if it denies nothing.

    An agreement is denied by who "denies agreeing" and who says that there is no truce, a breach by who denies that.
    """
    event, title = report.event, report.entry.title
    if event is None or not _denies(event, title):
        return frozenset()
    if _OF_A_BREACH.search(title) and not _THERE_IS_NONE.search(title):
        return frozenset({EventType.CEASEFIRE_VIOLATED})
    if event.type is EventType.TALKS_STALLED:
        return frozenset({EventType.TALKS_HELD})
    return AGREEMENTS if event.type in DENYING else frozenset({event.type})


def _denies(event: Event, title: str) -> bool:
    """Tell whether *title* says that something is not so; a forecast and a denial of a refusal do not."""
    if event.type not in DENYING and event.modality is not Modality.DENIAL:
        return False  # at once: this is asked of every report of the war, over and over
    if _TO_COME.search(title) or _OF_A_REFUSAL.search(title):
        return False
    if event.type in DENYING and _DISMISSES_REPORTS.search(title):
        return True
    if event.type in DENYING and event.modality in ASSERTED:
        return _says_there_is_none(event, title)
    # Who stays away from talks, or appeals, does not deny that something happened.
    needed = {EventType.TALKS_STALLED: _TOOK_PLACE, EventType.STATEMENT: _REPORTS_ARE_FALSE}.get(event.type)
    return event.modality is Modality.DENIAL and (needed is None or bool(needed.search(title)))


def _says_there_is_none(event: Event, title: str) -> bool:
    """Tell whether *title* says that there is no truce now; a truce for a holiday or the sea is another one."""
    none = _THERE_IS_NONE.search(title)
    return bool(none and not event.facts.scope and not _ON_TERMS.search(title, none.end()))


# ------------------------------------------------------------------------------------------ who denies it
def denials(story: Story, reports: Iterable[Report], catalog: Catalog) -> Sequence[Denial]:
    """Return those of *reports* that deny the present stage of *story*, by whoever has a say in it, earliest first."""
    reports = tuple(reports)
    denying = [report for report in reports if story.type in denied_types(report)]
    if not denying:
        return ()
    since = story.stages[-1].at if story.stages else _LONG_AGO
    asserted = (each.event for each in reports if each.event and each.event.modality in ASSERTED)
    quoted = {id_ for event in asserted if event.type is story.type for id_ in speakers(event)}
    return [
        denial
        for report in sorted(denying, key=lambda each: (changed_at(each), each.entry.key))
        if changed_at(report) >= since and (denial := _denial(story, report, catalog))
        if denial.by in quoted or _has_a_say(story, denial, catalog)
    ]


def unretracted(story: Story, against: Iterable[Denial], said: Sequence[Report], catalog: Catalog) -> Iterator[Denial]:
    """Yield of each camp *against* the story its first denial since it last spoke for it; *said* is what backs it."""
    seen: set[str] = set()
    for denial in against:
        later = [report for report in said if changed_at(report) > changed_at(denial.report)]
        spoke = {id_ for report in later if report.event for id_ in speakers(report.event)}
        assents = denial.by in spoke or denial.camp in sides_heard(story, later, catalog)
        if not assents and denial.camp not in seen:
            seen.add(denial.camp)
            yield denial


def decides(story: Story, denial: Denial, said: Sequence[Report], catalog: Catalog) -> bool:
    """Tell whether *denial* refutes an unconfirmed *story*, and does not only speak against it.

    That is if the denier mediates, or takes its own word back, or has to consent. To a truce that the other side
    declares for itself it has not; and who is accused of a breach always denies.
    """
    own = {id_ for report in said if report.event for id_ in speakers(report.event)}
    heard, agreeing = sides_heard(story, said, catalog), sides_agreeing(story, said, catalog)
    if denial.by in own or denial.camp in heard or not side_in(story, denial.by, catalog):
        return True
    return story.type in _TAKES_BOTH and len(agreeing) != 1


def _denial(story: Story, report: Report, catalog: Catalog) -> Denial | None:
    by = _denier(report) or _own_office(report, catalog)
    side = side_in(story, by, catalog)
    heard = by and (not side or may_quote(report, side, story, catalog))
    return Denial(report, by, side or by) if heard else None


def _has_a_say(story: Story, denial: Denial, catalog: Catalog) -> bool:
    event = denial.report.event
    mediator = event is not None and mediates(denial.by, event, story, catalog)
    return mediator or bool(side_in(story, denial.by, catalog))


def _denier(report: Report) -> str:
    """Return the id of who denies: named after "denied by", else who is quoted, else who stands before the verb."""
    event, title = report.event, report.entry.title
    if event is None:
        return ""
    named = sorted({(each.start, each.end, each.name) for each in event.mentions if _is_a_name(each)})
    if by := _BY.search(title):
        return next((name for start, _, name in named if start == by.end()), "")
    if _BY_NOBODY.search(title):
        return ""
    verb = next((each.start for each in event.mentions if (each.role, each.field) == ("modality", "title")), 0)
    before = [
        name
        for start, end, name in named
        if end <= verb and _BEFORE_THE_VERB.fullmatch(title, end, verb) and not _WITH.search(title, 0, start)
    ]
    return event.speaker or (before[-1] if before else "")


def _own_office(report: Report, catalog: Catalog) -> str:
    """Return the bloc of the publisher, which has the id of its land, where an office of no named land speaks."""
    return published_by(report.entry, catalog).bloc if _OFFICE_SAYS.search(report.entry.title) else ""


def _is_a_name(mention: Mention) -> bool:
    return mention.role in set(Role) and mention.field == "title"


# ------------------------------------------------------------------------------------------ which story
def denied_by(report: Report, stories: Iterable[Story], now: datetime, catalog: Catalog) -> Story | None:
    """Return the one of *stories* that *report* denies; None if it denies none, or if that is in doubt.

    Whether it has any say in that one, `denials` tells.
    """
    event = report.event
    types = denied_types(report)
    if event is None or not types:
        return None
    at = report.entry.happened_at or now
    fitting = [story for story in stories if story.type in types and _fits(story, event, at, catalog)]
    same_numbers = [story for story in fitting if story.numbers & event.numbers]
    found = same_numbers or fitting
    return found[0] if len(found) == 1 else None


def contradicted(story: Story, report: Report, catalog: Catalog) -> Story:
    """Return *story* with the denial *report* in it; it stays what it was, so that people see what is denied."""
    if report.entry.key in story.entry_keys:
        return story
    return replace(
        story,
        entry_keys=(*story.entry_keys, report.entry.key),
        publishers=tuple(dict.fromkeys((*story.publishers, published_by(report.entry, catalog).id))),
        revision=story.revision + 1,
    )


def changed_at(report: Report) -> datetime:
    """Return when its publisher last changed *report*, as far as its feed tells."""
    return report.entry.updated or report.entry.happened_at or _LONG_AGO


def _fits(story: Story, event: Event, at: datetime, catalog: Catalog) -> bool:
    named, denying = (_camps(story, actors, catalog) for actors in (story.actors, event.actors))
    return (
        story.modality in ASSERTED
        and story.first_seen <= at <= story.last_seen + DENIABLE
        and not set(story.conflicts[:1]).isdisjoint(event.conflicts)
        and not (named and denying and named.isdisjoint(denying))
        and not _other_numbers(story.numbers, event.numbers)
    )


def _camps(story: Story, actors: Iterable[str], catalog: Catalog) -> frozenset[str]:
    """Return the sides that *actors* are on, and those that are on none: a president is named for his land."""
    return frozenset(side_in(story, actor, catalog) or actor for actor in actors)


def _other_numbers(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether both count the same thing, such as days, and differ."""
    units = {_unit(number) for number in one} & {_unit(number) for number in other}
    return bool(units - {_unit(number) for number in one & other})


def _unit(number: str) -> str:
    return number.lstrip("0123456789")
