"""What two reports are compared by: their words, and the facts that must not differ. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model import EntryKey, Event, EventType, Modality, Report
from bot.story.words import ACTIONS, CLAUSES, DAYS, FEELINGS, FUTURE, LIVE, NAMES, PARTIES, SPEAKS_FOR, WAR_ZONES, roots

LEAD = 300
"""How many characters of a summary count."""

MAIN, ASIDE, SUMMARY = 1.0, 0.5, 0.35
"""What a root weighs in the main clause, behind "amid", "after" or "as", and in the summary."""

_UNITS = frozenset(
    {"minute", "hour", "day", "week", "month", "year", "hostage", "prisoner", "body", "child", "woman", "civilian"}
    | {"troop", "violate", "point", "country", "percent", "truck", "village"}
)
_DIGITS = r"\d+(?:[.,\s]\d{3}\b)*(?:[.,]\d+)?"
_TIMES = {
    "thousand": 10**3, "тис": 10**3, "тыс": 10**3, "m": 10**6, "mn": 10**6, "million": 10**6, "млн": 10**6,
    "bn": 10**9, "billion": 10**9, "млрд": 10**9,
}  # fmt: skip
_SPOKEN = {
    word: number
    for number, words in {
        2: "two два дві две двох двух дво",
        3: "three три трьох трех",
        4: "four чотири чотирьох четыре четырех",
        5: "five пять пяти",
        6: "six шість шесть",
        7: "seven сім семь",
        10: "ten десять десяти",
        12: "twelve",
        30: "thirty тридцять тридцать тридцяти тридцати",
        50: "fifty",
        60: "sixty",
        1000: "тисяча тисячі тисячу тысяча тысячи тысячу тысяче",
    }.items()
    for word in words.split()
}
_SPOKEN_WITHIN = [word for word in _SPOKEN if not any(other in word for other in _SPOKEN if other != word)]
"""Such of them as all others have in them: who says none of these says no number."""

_DIGIT = re.compile(r"\d")
_COUNT = re.compile(
    rf"(?<![\w.,])([$€£])?({_DIGITS}|(?:{'|'.join(sorted(_SPOKEN, key=len, reverse=True))}))"
    rf"(?:\s?({'|'.join(sorted(_TIMES, key=len, reverse=True))})\b)?"
    r"([\s\-‑–]?[^\W\d_]+)?(\s[^\W\d_]+)?(\s[^\W\d_]+)?",
    re.IGNORECASE,
)
_VENUE = re.compile(
    r"\b(?:in|at|near|across|inside|в|у)\s+(?:the\s+)?(?:(?:north|south|east|west|central)\w*\s+)?[\w\-]+"
    r"|(?<![-–])(?<!\band )\bGaza\b(?!\s*[-–]|\s+and\b)",
    re.IGNORECASE,
)
"""Where, not who: "in Egypt", "in eastern Congo", and Gaza unless it is a side ("Israel-Gaza", "Israel and Gaza")."""

_NO_STEP = re.compile(
    r"\b(?:no|not|never|without|yet to|не|без|ні|нет|немає)\s+\w+(?:[\s-]+\w+)?|\b\w+-\w{3,}ed\b", re.IGNORECASE
)
"""What has not come ("no ceasefire deal", "will not free hostages"), and what only colours: a "Trump-approved move"."""

_PERIOD = re.compile(r"-?(денн|дневн)", re.IGNORECASE)
_PLAIN = str.maketrans({"ё": "е", "'": None, "’": None, "ʼ": None})
_SWAP = re.compile(rf"({_DIGITS})[\s\-‑–]*(?:for|на)[\s\-‑–]*({_DIGITS})", re.IGNORECASE)
_LASTS = re.compile(r"PT?(\d+)([HDW])")
_HOURS = {"H": 1, "D": 24, "W": 7 * 24}
_MONTHS = (
    "Jan January січ янв", "Feb February лют фев", "Mar March берез март", "Apr April квіт апрел", "May трав мая",
    "Jun June черв июн", "Jul July лип июл", "Aug August серп авг", "Sep Sept September верес сент",
    "Oct October жовт октяб", "Nov November листоп нояб", "Dec December груд декаб",
)  # fmt: skip
_MONTH_OF = {beginning: number for number, words in enumerate(_MONTHS, 1) for beginning in words.split()}
_MONTH = "|".join(rf"{word}\b\.?" if word.isascii() else rf"{word}\w*" for word in _MONTH_OF)
_DATE = re.compile(
    rf"\b(?:(\d{{1,2}})\s*(?:[-–—]|to|по|до)\s*)?(\d{{1,2}})\s+({_MONTH})"
    rf"|\b({_MONTH})\s+(\d{{1,2}})\b(?:\s*(?:[-–—]|to)\s*(\d{{1,2}})\b(?!\s+(?:{_MONTH})))?"
)
_SERIES = frozenset({"round", "talks", "exchange", "phase", "group", "day", "time", "hold"})
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}

_HELD = frozenset({"hostage", "prisoner"})
_FREEING = frozenset({"release", "exchange", "return"})
_SIGNING = frozenset({"deal", "agree", "vote", "sign"})
_WISHES = frozenset({"ask", "call", "hope", "propose", "warn"})
_DEEDS = frozenset({"agree", "declare", "sign"})
_SEPARATE_STEPS = frozenset({"welcome", "delay", "violate", "reject", "deny", "stall", "collapse", "skip", "cancel"})
WAVES = frozenset(
    {"deal", "freed", "freeing ahead", "bodies returned", "truce starts", "truce to start", "truce ends", "delay"}
)
"""Steps that a war takes once in a day or two: two reports of one are of the same happening unless facts differ."""

_LESSER_STEPS = ("kill", "attack", "talks", "hold")
_ENDED_OTHERWISE = frozenset({"war", "violence", "attack", "talks"})
_CLEAR_STEPS = WAVES | _SEPARATE_STEPS

VOICES = frozenset({"welcome", "call", "propose"})
"""Steps that each takes for himself: Italy's welcome is not Japan's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must not differ within a story; an empty set means that the report does not say.

    *numbers* are (unit, amount) pairs such as ("day", 30) or ("swap", 1000). *days* are weekdays and feasts, *dates*
    (month, day), *rounds* which one of a series. *pair* is the two parties of the title if it names just two, *step*
    what its own words tell of, as in Features, *before* the one of its background ("… after leader skips talks"),
    *voice* who welcomes, if that is the step. *undone*: the title denies, cancels or lifts something.
    """

    numbers: frozenset[tuple[str, int]] = frozenset()
    days: frozenset[str] = frozenset()
    dates: frozenset[tuple[int, int]] = frozenset()
    rounds: frozenset[tuple[str, int]] = frozenset()
    pair: frozenset[str] = frozenset()
    step: str = ""
    before: str = ""
    voice: frozenset[str] = frozenset()
    undone: bool = False
    conflicts: frozenset[str] = frozenset()
    type: EventType | None = None
    modality: Modality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """A report as grouping sees it.

    *words* are roots, and the ids of who and where, with how much each counts; *opening* is what the headline opens
    with, mostly its subject. *step* is what kind of step its own words tell of ("" if they do not say).
    """

    key: EntryKey
    at: datetime | None
    words: Mapping[str, float]
    title: frozenset[str]
    opening: frozenset[str]
    step: str
    facts: Facts


def features(report: Report) -> Features:
    """Return what *report* is compared by."""
    entry, event = report.entry, report.event
    headline = LIVE.sub("", entry.title)
    first, _, other_news = headline.partition(";")
    main, aside = split_clauses(first)
    main_roots, aside_roots = roots(main), roots(aside)
    first_roots = main_roots + aside_roots
    named = event.actors + event.places if event else ()
    words = dict.fromkeys((*named, *roots(entry.summary[:LEAD])), SUMMARY)
    words |= dict.fromkeys(aside_roots + roots(other_news), ASIDE) | dict.fromkeys(main_roots, MAIN)
    title = frozenset(root for root, weight in words.items() if weight != SUMMARY)
    captives = event is not None and event.type is EventType.EXCHANGE_PRISONERS
    tells = (main, main_roots) if FEELINGS.isdisjoint(main_roots) else (first, first_roots)
    step = step_of(*tells, captives=captives)
    before = step_of(aside, aside_roots)
    opening = frozenset(SPEAKS_FOR.get(root, root) for root in main_roots[:2]) - ACTIONS
    return Features(
        key=entry.key,
        at=entry.happened_at,
        words=words,
        title=title,
        opening=opening,
        step=step,
        facts=Facts(
            numbers=numbers_in(headline) | frozenset(_stated(event)),
            days=title & DAYS,
            dates=frozenset(_dates(headline)) if _DIGIT.search(headline) else frozenset(),
            rounds=frozenset(_rounds(first_roots)),
            pair=_pair(first, first_roots),
            step=step,
            before=before if before in _CLEAR_STEPS else "",
            voice=opening & NAMES if step == "welcome" else frozenset(),
            undone=not title.isdisjoint({"deny", "cancel"}),
            conflicts=_conflicts(
                event, two_news=bool(other_news), of_many=step in VOICES and len(title & WAR_ZONES) > 1
            ),
            type=event.type if event else None,
            modality=event.modality if event else None,
        ),
    )


def _conflicts(event: Event | None, *, two_news: bool, of_many: bool) -> frozenset[str]:
    """Return the wars that *event* is of; none if its headline tells two news, or asks for peace in many places.

    Nobody knows then which war is the headline's own.
    """
    named = frozenset(event.conflicts if event else ())
    return frozenset() if of_many or (two_news and len(named) > 1) else named


def split_clauses(headline: str) -> tuple[str, str]:
    """Return the main clause and what stands behind "amid", "despite", "as" …: the background."""
    connector = CLAUSES.search(headline, 20)
    return (headline[: connector.start()], headline[connector.start() :]) if connector else (headline, "")


def step_of(clause: str, its_roots: Sequence[str], *, captives: bool = False) -> str:
    """Return the kind of step that a *clause* with these roots tells of, "" if none.

    *captives*: the detector knows it for an exchange or a release, whatever the freed are called.
    """
    said = frozenset(roots(_NO_STEP.sub("", clause)) if _NO_STEP.search(clause) else its_roots)
    if separate := said & _SEPARATE_STEPS:
        return min(separate)
    if said & _WISHES and not said & _DEEDS:
        return min(said & _WISHES)
    step = _of_truce(said, clause) if "truce" in said else ""
    step = step or _of_the_held(said, clause, captives) or next((step for step in _LESSER_STEPS if step in said), "")
    return "talks ahead" if step == "talks" and FUTURE.search(clause) else step


def _of_truce(said: frozenset[str], clause: str) -> str:
    if said & {"begin", "effect"}:
        return "truce to start" if FUTURE.search(clause) else "truce starts"
    return "truce ends" if "expire" in said or ("end" in said and not said & _ENDED_OTHERWISE) else ""


def _of_the_held(said: frozenset[str], clause: str, captives: bool) -> str:
    """Return what becomes of the dead and the captive, or else that there is a deal."""
    if "body" in said and said & _FREEING:
        return "bodies returned"
    if (said & _HELD or (captives and "release" in said)) and said & _FREEING and not said & _SIGNING:
        return "freeing ahead" if "declare" in said or FUTURE.search(clause) else "freed"
    about = said & (_HELD | {"truce", "peace"})
    return "deal" if about and said & (_SIGNING if about <= _HELD else _SIGNING | {"declare", "confirm"}) else ""


def numbers_in(text: str) -> frozenset[tuple[str, int]]:
    """Return the amounts that tell happenings apart, with their units; tolls of dead are none, for they grow."""
    folded = text.casefold().translate(_PLAIN)
    if not (_DIGIT.search(text) or any(word in folded for word in _SPOKEN_WITHIN)):
        return frozenset()
    swaps = {("swap", number) for match in _SWAP.finditer(text) for number in map(_number, match.groups()) if number}
    return frozenset(swaps | set(_counts(text)))


def _counts(text: str) -> Iterator[tuple[str, int]]:
    for match in _COUNT.finditer(_PERIOD.sub(r" \1", text.translate(_PLAIN))):
        money, amount, times, *following = match.groups()
        number = (_SPOKEN.get(amount.casefold()) or _number(amount)) * _TIMES.get((times or "").casefold(), 1)
        if money:
            yield "money", number
            continue
        for word in following:
            unit = next(iter(roots(word or "")), "")
            if unit in _UNITS:
                yield unit, number
                break


def _number(digits: str) -> int:
    whole = re.sub(r"\D", "", re.sub(r"[.,]\d{1,2}$", "", digits))
    return int(whole[:18] or 0)  # no amount is longer, and int() refuses thousands of digits


def _stated(event: Event | None) -> Iterator[tuple[str, int]]:
    """Yield the amounts that the detector has read, how many hours a halt lasts among them: 3 days are not 30 hours."""
    if event:
        yield from _normalised(event.numbers)
        if lasts := _LASTS.fullmatch(event.facts.duration):
            amount, unit = lasts.groups()
            yield "hour of halt", int(amount) * _HOURS[unit]


def _normalised(numbers: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Read the detector's own form: "30-day", "734-violations", "1000-for-1000"."""
    for text in numbers:
        amount, _, unit = text.partition("-")
        if amount.isdecimal():
            yield ("swap" if unit.startswith("for-") else next(iter(roots(unit)), unit)), int(amount)


def _dates(text: str) -> Iterator[tuple[int, int]]:
    for match in _DATE.finditer(text):
        first, last, month, month_first, day, last_day = match.groups()
        number = next(_MONTH_OF[word] for word in _MONTH_OF if (month or month_first).startswith(word))
        yield from ((number, int(each)) for each in (first, last, day, last_day) if each)


def _rounds(title: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    if _ORDINALS.keys().isdisjoint(title):
        return
    for ordinal, *following in zip(title, title[1:], (*title[2:], ""), strict=False):
        series = next((root for root in following if root in _SERIES), "")
        if ordinal in _ORDINALS and series:
            yield series, _ORDINALS[ordinal]


def _pair(text: str, its_roots: Sequence[str]) -> frozenset[str]:
    """Return the two parties if *text*, which has these roots, names just two; who speaks for a party is that party."""
    if len(_parties(its_roots)) < 2:
        return frozenset()
    if any(_parties(roots(where)) for where in _VENUE.findall(text)):
        its_roots = roots(_VENUE.sub("", text))
    parties = _parties(its_roots)
    return parties if len(parties) == 2 else frozenset()


def _parties(named: Iterable[str]) -> frozenset[str]:
    return frozenset(SPEAKS_FOR.get(root, root) for root in named) & PARTIES
