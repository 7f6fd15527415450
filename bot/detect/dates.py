"""Days that a text names, and which days those are. Pure.

A day is understood from that of publication; where this is not known, only a date with its year is one.
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from bot.detect.fact_words import FactWords, compiled, word

FARTHEST = timedelta(days=731)
"""What is further from publication is history, not news."""

_WEEK, _MONTHS = 7, 12
_LONGEST = {"H": 24 * 14, "D": 90, "W": 26, "M": 12, "Y": 2}
"""So many units ahead or ago are still a day that one can name."""
_DIGIT = re.compile(r"\d")
_DATELINE = re.compile(r"[^\W\d_a-zа-яєіїґ][\w .'/-]{2,40}[,.]\s*")
_NUMERIC = (
    re.compile(r"(?<![\w.-])(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])"),
    re.compile(r"(?<![\w.,])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>20\d\d)(?!\w)"),
)
_AFTER_DATELINE = re.compile(r"\s*[,.]?\s*(?:[(/\[—–]|INTERFAX|TASS|ТАСС|РИА)")


def day_there(published: datetime, time_zone: str) -> date:
    """Return the day of *published* by the publisher's clock; midnight in UTC is a day without a time, and stays."""
    if published.astimezone(UTC).time() == time():
        return published.astimezone(UTC).date()
    try:
        return published.astimezone(ZoneInfo(time_zone)).date()
    except OverflowError:  # within hours of the first or last day there is
        return published.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidDay:
    """Words that name a day, or a stretch of days: where they stand and what they say; 0 and "" where they do not.

    *offset* counts days from publication; *which* is "next", "last" or "this"; *last_day* ends "8 to 10 May";
    *end_of* is "week", "month" or "year" where its end is meant; *within*, *to_come* mark "within" and "in two weeks".
    """

    start: int
    end: int
    year: int = 0
    month: int = 0
    day: int = 0
    last_day: int = 0
    weekday: int = 0
    which: str = ""
    offset: int | None = None
    end_of: str = ""
    within: bool = False
    to_come: bool = False

    def on(self, today: date | None, *, ahead: bool | None) -> date | None:
        """Return the day meant by a report of *today* (None: not known), None if it cannot be told or is no news.

        *ahead* says whether it is to come; where that is not known, a weekday is past and a date is the nearest.
        """
        try:
            day = self._day(today, ahead=ahead)
        except (ValueError, OverflowError):
            return None
        return day if day is None or today is None or abs(day - today) <= FARTHEST else None

    def until(self, first: date) -> date | None:
        """Return the last day of a stretch that begins on *first*, None if only one day is meant."""
        longer = first.day < self.last_day and _exists(first.year, first.month, self.last_day)
        return first.replace(day=self.last_day) if longer else None

    def _day(self, today: date | None, *, ahead: bool | None) -> date | None:
        if self.year or today is None:
            return date(self.year, self.month, self.day) if self.year else None
        if self.offset is not None:
            return today + timedelta(days=self.offset)
        if self.weekday:
            return self._weekday(today, ahead=ahead)
        if self.end_of:
            return self._end(today)
        return self._without_year(today, ahead=ahead)

    def _without_year(self, today: date, *, ahead: bool | None) -> date | None:
        years = [year for year in (today.year - 1, today.year, today.year + 1) if _exists(year, self.month, self.day)]
        days = [date(year, self.month, self.day) for year in years]
        known = [day for day in days if day <= today] if ahead is False else days
        return min(known, key=lambda day: abs(day - today), default=None)

    def _weekday(self, today: date, *, ahead: bool | None) -> date:
        behind = (today.isoweekday() - self.weekday) % _WEEK
        if self.which == "last":
            return today - timedelta(days=behind or _WEEK)
        if self.which == "next":
            return today + timedelta(days=_WEEK - today.isoweekday() + self.weekday)
        return today + timedelta(days=(-behind) % _WEEK) if ahead or self.which == "this" else today - timedelta(behind)

    def _end(self, today: date) -> date:
        if self.end_of == "week":
            return today + timedelta(days=_WEEK - today.isoweekday())
        year = today.year + (0 < self.month < today.month)
        month = _MONTHS if self.end_of == "year" else self.month or today.month
        return date(year, month, calendar.monthrange(year, month)[1])


def _exists(year: int, month: int, day: int) -> bool:
    return date.min.year <= year <= date.max.year and day <= calendar.monthrange(year, month)[1]


class DateFinder:
    """Finds the days that a text in one language names."""

    def __init__(self, words: FactWords) -> None:
        self._words = words
        self._of_digits = ((self._date, _date_patterns(words)), (self._numeric, _NUMERIC))
        self._of_words = (
            (self._weekday, (_weekday_pattern(words),)),
            (self._word, (compiled(word(rf"(?P<word>{words.days.any})")),)),
            (self._end, (_end_pattern(words),)),
            (self._distance, _distance_patterns(words)),
        )

    def find(self, text: str) -> list[SaidDay]:
        """Return the days named in *text* (folded), from left to right; the longer wording hides the shorter."""
        masked = self._words.not_dates.sub(lambda found: "_" * len(found[0]), text)
        readers = (*self._of_digits, *self._of_words) if _DIGIT.search(text) else self._of_words
        found = chain.from_iterable(
            read(match) for read, patterns in readers for each in patterns for match in each.finditer(masked)
        )
        kept: list[SaidDay] = []
        for said in sorted(found, key=lambda said: (said.start, -said.end)):
            if (not kept or said.start >= kept[-1].end) and not _is_dateline(text, said):
                kept.append(said)
        return kept

    def _date(self, match: re.Match[str]) -> Iterator[SaidDay]:
        day, last_day, year = (int(match[name] or 0) for name in ("day", "last_day", "year"))
        month = self._words.months.value(match["month"])
        yield SaidDay(start=match.start(), end=match.end(), day=day, last_day=last_day, month=month, year=year)

    def _numeric(self, match: re.Match[str]) -> Iterator[SaidDay]:
        year, month, day = (int(match[name]) for name in ("year", "month", "day"))
        if 1 <= month <= _MONTHS and day and _exists(year, month, day):
            yield SaidDay(start=match.start(), end=match.end(), day=day, month=month, year=year)

    def _weekday(self, match: re.Match[str]) -> Iterator[SaidDay]:
        which = next((key for key in ("next", "last", "this") if match[key]), "")
        weekday = self._words.weekdays.value(match["weekday"])
        yield SaidDay(start=match.start(), end=match.end(), weekday=weekday, which=which)

    def _word(self, match: re.Match[str]) -> Iterator[SaidDay]:
        yield SaidDay(start=match.start(), end=match.end(), offset=self._words.days.value(match["word"]))

    def _end(self, match: re.Match[str]) -> Iterator[SaidDay]:
        month = self._words.months.value(match["month"]) if match["month"] else 0
        end_of = next((key for key in ("week", "year") if match[key]), "month")
        yield SaidDay(start=match.start(), end=match.end(), end_of=end_of, month=month)

    def _distance(self, match: re.Match[str]) -> Iterator[SaidDay]:
        groups = match.groupdict()
        days = self._days(groups)
        if days is not None:
            yield SaidDay(
                start=match.start(),
                end=match.end(),
                offset=-days if "ago" in groups else days,
                within="within" in groups,
                to_come="ahead" in groups,
            )

    def _days(self, groups: Mapping[str, str | None]) -> int | None:
        """Return how many days an amount of a unit is, None for more than anybody counts from today."""
        said = groups["amount"]
        amount = 1 if not said else int(said) if said.isdecimal() else self._words.numbers.value(said)
        unit = next(unit for unit in _LONGEST if groups[unit])
        hours = {"H": 1, "D": 24, "W": 24 * 7, "M": 24 * 30, "Y": 24 * 365}[unit]
        return amount * hours // 24 if amount <= _LONGEST[unit] else None


def _is_dateline(text: str, said: SaidDay) -> bool:
    """Say whether this is the date of "KYIV, May 12 (Agency)", which dates the report and not the event."""
    return bool(_DATELINE.fullmatch(text, 0, said.start) and _AFTER_DATELINE.match(text, said.end))


def _date_patterns(words: FactWords) -> tuple[re.Pattern[str], ...]:
    to = rf"\s*(?:[-–—]|(?<!\w)(?:{words.term('words', 'range')})(?!\w))\s*"
    number, ordinal = r"0?[1-9]|[12]\d|3[01]", rf"(?:(?:{words.ordinals})(?!\w)|(?!\w))"
    last = rf"(?:\s*,\s*(?:{number}){ordinal})*{to}(?P<last_day>{number}){ordinal}"
    days = rf"(?P<day>{number}){ordinal}(?:{last})?"
    weekday = rf"(?:(?:{words.weekdays.any}),?\s+(?:the\s+)?)?"
    year = rf"(?:,?\s+(?P<year>(?:19|20)\d\d)(?!\w)(?:\s*(?:{words.term('words', 'year')})(?!\w))?)?"
    month = rf"(?P<month>{words.months.any})(?!\w)\.?"
    day_first = compiled(rf"(?<![\w.,:/]){weekday}{days}(?:\s+of)?\s+{month}{year}")
    if not words.month_first:
        return (day_first,)
    return day_first, compiled(rf"(?<!\w){weekday}{month}\s+(?:the\s+)?{days}(?![.:]\d){year}")


def _weekday_pattern(words: FactWords) -> re.Pattern[str]:
    which = "|".join(rf"(?P<{key}>{words.term('words', key)})" for key in ("next", "last", "this"))
    return compiled(rf"(?<!\w)(?:(?:{which})\s+)?(?P<weekday>{words.weekdays.any})(?:'s)?(?!\w)")


def _end_pattern(words: FactWords) -> re.Pattern[str]:
    week, month, year = (words.term("words", f"periods_{name}") for name in ("week", "month", "year"))
    period = rf"(?P<month>{words.months.any})|(?P<week>{week})|(?P<year>{year})|{month}"
    this = rf"(?:(?:{words.term('words', 'this')})\s+)?"
    return compiled(word(rf"(?:{words.term('words', 'end_of')})\s+{this}(?:{period})"))


def _distance_patterns(words: FactWords) -> tuple[re.Pattern[str], ...]:
    units = "|".join(rf"(?P<{unit}>{term})" for unit, term in words.terms["units"].items())
    amount = rf"(?:(?P<amount>\d{{1,3}}|{words.numbers.any})\s*)"
    exact = rf"{amount}(?:{units})"
    length = rf"{amount}?(?:{units})" if words.one_unsaid else exact
    ahead, within = words.term("words", "ahead_by"), words.term("words", "within")
    return (
        compiled(word(rf"(?P<ahead>{ahead})\s+{length}")),
        compiled(word(rf"(?P<within>{within})\s+{exact}")),
        compiled(word(rf"{length}\s+(?P<ago>{words.term('words', 'ago')})")),
    )
