"""What people mean: conflicts by any of their names, stretches of time, moments in the past. Pure.

English, Ukrainian and Russian are understood side by side, whatever language the person's app runs in.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import available_timezones

from bot.alert.phrases import zone
from bot.catalog import Catalog, Conflict
from bot.model import EventType

MEANS_EVERYTHING = frozenset({"all", "everything", "any", "*", "все", "всё", "усе", "всі", "все подряд"})
"""What people say for all conflicts together."""

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_NOISE = (
    "war wars conflict conflicts the and in of on about what is happening news peace ceasefire talks "
    "війна війни конфлікт новини про що мир перемирʼя "
    "война войны конфликт новости про что мир перемирие"
)
_SAYS_NOTHING = frozenset(_NOISE.split())
_ENDINGS = "аеиіїоуыэюяєйьʼ'"
_UNITS = {
    timedelta(minutes=1): "m min mins minute minutes хв хвилин хвилини хвилину мин минут минуты минуту",
    timedelta(hours=1): "h hr hrs hour hours г год година години годин годину ч час часа часов",
    timedelta(days=1): "d day days д дн день дні днів дня дней сутки суток доба діб",
    timedelta(weeks=1): "w week weeks т тиж тиждень тижні тижнів неделя недели недель неделю",
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_DAYS_AGO = {
    0: "today сьогодні сегодня",
    1: "yesterday вчора учора вчера",
    2: "позавчора позавчера",
}
_DAY_WORD = {word: days for days, words in _DAYS_AGO.items() for word in words.split()}
_WEEKDAYS = (
    "monday mon понеділок понеділка понедельник понедельника",
    "tuesday tue вівторок вівторка вторник вторника",
    "wednesday wed середа середи середу среда среды среду",
    "thursday thu четвер четверга четверг",
    "friday fri пʼятниця пʼятниці пʼятницю п'ятниця п'ятниці п'ятницю пятница пятницы пятницу",
    "saturday sat субота суботи суботу суббота субботы субботу",
    "sunday sun неділя неділі неділю воскресенье воскресенья",
)
_WEEKDAY = {word: number for number, words in enumerate(_WEEKDAYS) for word in words.split()}
_MONTHS = (
    "jan січ янв",
    "feb лют фев",
    "mar бер мар",
    "apr кві апр",
    "may тра май мая",
    "jun чер июн",
    "jul лип июл",
    "aug сер авг",
    "sep вер сен",
    "oct жов окт",
    "nov лис ноя",
    "dec гру дек",
)
_MONTH = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts.split()}
_FAMILIES = {
    "ceasefire": "ceasefires truce truces перемирʼя перемир'я перемирия перемирие",
    "talks": "talk negotiations переговори переговоры",
    "agreement": "agreements deal deals угода угоди соглашение соглашения",
    "exchange": "exchanges prisoners prisoner pow pows hostages обмін обміни полонені обмен обмены пленные",
    "humanitarian": "corridor corridors aid гуманітарні гуманитарные коридор коридори коридоры",
    "statement": "statements appeals заяви заявления",
}
_FAMILY = {word: family for family, words in _FAMILIES.items() for word in (family, *words.split())}
LONGEST_STRETCH = timedelta(days=366)


# ------------------------------------------------------------------------------------------ conflicts
def find_conflicts(text: str, catalog: Catalog) -> Sequence[str]:
    """Return the ids of the conflicts that *text* names, by id, name, party, person or place; several if it may be any.

    An exact name wins over a part of one ("sudan" is not South Sudan), a name over who takes part.
    """
    if text in catalog.conflicts:
        return [text]
    said = _words(text)
    # "us" in "tell us" is no country; alone it is.
    words = [word for word in said if word not in _SAYS_NOTHING and (len(word) > 2 or len(said) == 1)]
    exact = [each.id for each in catalog.conflicts.values() if {_fold(text), " ".join(words)} & _exact_names(each)]
    if exact:
        return exact
    by_name = {each.id: _words(" ".join((each.id, *each.names.values()))) for each in catalog.conflicts.values()}
    return _most_hits(words, by_name) or _by_entity(words, text, catalog)


def _exact_names(conflict: Conflict) -> frozenset[str]:
    return frozenset({conflict.id, *(_fold(name) for name in conflict.names.values())})


def _most_hits(words: Sequence[str], by_name: dict[str, list[str]]) -> Sequence[str]:
    hits = {key: sum(any(_same(word, name) for name in names) for word in words) for key, names in by_name.items()}
    most = max(hits.values(), default=0)
    return [key for key, count in hits.items() if count == most] if most else ()


def _by_entity(words: Sequence[str], text: str, catalog: Catalog) -> Sequence[str]:
    """Return the conflicts in which someone or something named in *text* takes a side."""
    padded = f" {' '.join(_words(text))} "
    found = (
        conflict
        for entity in catalog.entities.values()
        if any(_names(alias, words, padded) for alias in (*entity.aliases, *entity.names.values()))
        for conflict, _ in entity.links
    )
    return list(dict.fromkeys(found))


def _names(alias: str, words: Sequence[str], padded: str) -> bool:
    folded = _fold(alias)
    if len(folded.strip("*")) < 3:
        return False
    if folded.endswith("*") and " " not in folded:
        return any(word.startswith(folded[:-1]) for word in words)
    return "*" not in folded and f" {' '.join(_words(folded))} " in padded


def _same(word: str, name: str) -> bool:
    """Return whether *word* is *name*, endings aside: Газу is Газа, украинцы are украинская."""
    if word == name:
        return True
    if min(len(word), len(name)) < 3:
        return False
    short, long = sorted((word.rstrip(_ENDINGS), name.rstrip(_ENDINGS)), key=len)
    same_stem = short == long and len(short) >= 3
    return same_stem or (len(short) >= 4 and long.startswith(short))


def _words(text: str) -> list[str]:
    return _WORD.findall(_fold(text))


def _fold(text: str) -> str:
    return text.casefold().replace("ё", "е").strip()


def find_types(text: str) -> frozenset[EventType]:
    """Return the event types that *text* names: one ("ceasefire.agreed") or a family ("prisoners", "talks")."""
    asked = _fold(text)
    if asked in set(EventType):
        return frozenset({EventType(asked)})
    family = _FAMILY.get(asked)
    return frozenset(each for each in EventType if each.family == family)


# ------------------------------------------------------------------------------------------ time
def parse_stretch(text: str) -> timedelta | None:
    """Return the length of time that *text* says ("2h", "3 дні", "1 h 30 min"), None if it says none."""
    found = re.findall(r"(\d{1,5})\s*([^\W\d_]+)", _fold(text))
    rest = re.sub(r"(\d{1,5})\s*([^\W\d_]+)", "", _fold(text))
    if not found or rest.strip(" ,.") or any(unit not in _UNIT for _, unit in found):
        return None
    total = sum((int(number) * _UNIT[unit] for number, unit in found), timedelta())
    return total if timedelta(0) < total <= LONGEST_STRETCH else None


def parse_since(text: str, now: datetime, time_zone: str) -> datetime | None:
    """Return the moment that *text* says, in the reader's *time_zone*, as UTC; None if it says none in the past."""
    asked = re.sub(r"^(since|from|за|с|з|із)\s+", "", _fold(text))
    asked = re.sub(r"\s+(ago|тому|назад)$", "", asked)
    stretch = parse_stretch(asked)
    if stretch:
        return now - stretch
    here = zone(time_zone)
    found = _parse_day(asked, now.astimezone(here).date())
    at = _at(found, time(), here) if found else _parse_clock(asked, now, here)
    return at if at and at <= now else None


def _parse_day(asked: str, today: date) -> date | None:
    if asked in _DAY_WORD:
        return today - timedelta(days=_DAY_WORD[asked])
    if asked in _WEEKDAY:
        return today - timedelta(days=(today.weekday() - _WEEKDAY[asked]) % 7 or 7)
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", asked)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3] or 1))
    dotted = re.fullmatch(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}))?", asked)
    named = re.fullmatch(r"(\d{1,2}) ([^\W\d_]{3})[^\W\d_]*(?: (\d{4}))?", asked)
    if dotted:
        return _past_day(int(dotted[1]), int(dotted[2]), dotted[3], today)
    return _past_day(int(named[1]), _MONTH.get(named[2], 0), named[3], today) if named else None


def _past_day(day: int, month: int, year: str | None, today: date) -> date | None:
    """Return that day of *year*; without one, the last such day: 29 February may be eight years ago."""
    if year:
        return _date(int(year), month, day)
    dates = (_date(today.year - ago, month, day) for ago in range(9) if today.year > ago)
    return next((found for found in dates if found and found <= today), None)


def _parse_clock(asked: str, now: datetime, here: tzinfo) -> datetime | None:
    """Return the last time that the clock showed what *asked* says, such as "14:30" or "11 May 14:30"."""
    clock = re.fullmatch(r"(?:(.+?),?(?: at| о| об| в)?[ t])?(\d{1,2}):(\d{2})", asked)
    if not clock or int(clock[2]) > 23 or int(clock[3]) > 59:
        return None
    today = now.astimezone(here).date()
    of = _parse_day(clock[1], today) if clock[1] else today
    at = _at(of, time(int(clock[2]), int(clock[3])), here) if of else None
    return at - timedelta(days=1) if at and at > now and not clock[1] else at


def _at(day: date, clock: time, here: tzinfo) -> datetime | None:
    try:
        return datetime.combine(day, clock, here).astimezone(UTC)
    except OverflowError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Return every IANA zone by its own name and by its city."""
    names = sorted(available_timezones())
    return {name.rpartition("/")[2].casefold(): name for name in names} | {name.casefold(): name for name in names}


def zone_names() -> Iterable[str]:
    """Return what people may call a time zone, in small letters."""
    return _zones()


def find_zone(text: str) -> str:
    """Return the IANA time zone that *text* names, whole or by its city ("Kyiv"), "" if none."""
    return _zones().get("_".join(text.casefold().split()), "")


# ------------------------------------------------------------------------------------------ slips
def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of *known* that *word* may be a slip of, "" if none is near."""
    near = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return near[0] if near else ""
