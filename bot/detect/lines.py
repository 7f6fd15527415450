"""What `parley classify` and `parley group` read, and what classify answers: one JSON object a line. Pure."""

import calendar
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from bot.detect.detector import Detector
from bot.detect.gazetteer import DateSpan
from bot.errors import BotError
from bot.model import Entry, EntryKey, Mention, Verdict
from bot.text import clean

TEXTS = ("title", "summary", "url", "source", "language")
MAX_TEXT = 4_000
"""So many characters of each are read, as of a feed: rules look at far fewer, and comparing megabytes takes minutes."""
SHOWN = 40
"""So many characters of what is no item are repeated."""
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class LineError(BotError):
    """A line of input is no item; the message says why."""


class DateError(LineError):
    """Nothing but the day of an item cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that was read: its *id* as it came, and the entry that it describes, or the *error* why it is none.

    Where only *published* cannot be read, that is the *error*, and the entry has no date.
    """

    id: Any = None
    entry: Entry | None = None
    when: DateSpan | None = None
    error: str = ""


def read_line(line: bytes) -> Line:
    """Read one line of JSON; whatever is wrong with it is its `error`."""
    item = None
    try:
        item = json.loads(line.strip().decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
        return _line_of(item)
    except LineError as error:
        return Line(id=item.get("id") if isinstance(item, dict) else None, error=str(error))
    except RecursionError:
        return Line(error="it is nested too deeply")
    except UnicodeDecodeError:
        return Line(error="it is not UTF-8 text")
    except json.JSONDecodeError as error:
        return Line(error=f"it is not JSON: {error.msg}, at character {error.pos + 1}")
    except ValueError:  # more digits than Python makes a number of
        return Line(error="it is not JSON: a number in it is too long")


def _no_number(name: str) -> NoReturn:
    # Python reads NaN and Infinity; an answer that repeated them would be JSON to nobody else.
    raise LineError(f"it is not JSON: {name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _no_number(text)
    return number


def _line_of(item: Any) -> Line:
    try:
        entry, when = read_item(item)
    except DateError as error:
        # News is news on whatever day; it is not lost for a date.
        entry, _ = read_item({**item, "published": None})
        return Line(id=item.get("id"), entry=entry, error=str(error))
    return Line(id=item.get("id"), entry=entry, when=when)


def classified(detector: Detector, line: Line) -> dict[str, Any]:
    """Return the answer to *line*, so that every line has one; to a line that is no item it is "not relevant"."""
    if line.entry is None:
        return {"id": line.id, **_answer(Verdict(relevant=False, score=0.0)), "error": line.error}
    answer = {"id": line.id, **_answer(detector.judge(line.entry, when=line.when))}
    return {**answer, "error": line.error} if line.error else answer


def classify_line(detector: Detector, item: Any) -> dict[str, Any]:
    """Return the verdict on *item* (id, title, summary, published, url, source, language) as a plain dict.

    *published* may be a time, a day, a month, a year or null; anything else counts as null and is the answer's "error".
    Raises LineError if *item* is none.
    """
    return classified(detector, _line_of(item))


def read_item(item: Any) -> tuple[Entry, DateSpan | None]:
    """Return the entry that *item* describes, and the days on which it may have been published.

    Raises DateError if nothing but *published* is wrong, LineError if *item* is none.
    """
    if not isinstance(item, dict):
        found = json.dumps(item, ensure_ascii=False)
        raise LineError(
            f'expected an object such as {{"id": "1", "title": "…"}}, '
            f"found {found if len(found) <= SHOWN else f'{found[:SHOWN]}…'}"
        )
    if isinstance(item.get("id"), dict | list):
        raise LineError("'id' must be a text or a number")
    for key in TEXTS:
        if not isinstance(item.get(key), str | None):
            raise LineError(f"{key!r} must be a text")
    text = {key: clean((item.get(key) or "")[:MAX_TEXT]) for key in TEXTS}
    if not text["title"]:
        raise LineError("'title' is missing")
    published, when = _read_published(item.get("published"))
    entry = Entry(
        key=EntryKey(text["source"], str(item.get("id"))),
        title=text["title"],
        summary=text["summary"],
        link=text["url"],
        language=text["language"],
        publisher=text["source"],
        published=published,
    )
    return entry, when


def item_of(entry: Entry) -> dict[str, Any]:
    """Return *entry* as an item that `read_item` reads, but for the id."""
    return {
        "title": entry.title,
        "summary": entry.summary,
        "published": entry.published.isoformat() if entry.published else None,
        "url": entry.link,
        "source": entry.publisher,
        "language": entry.language,
    }


def read_published(value: Any) -> DateSpan | None:
    """Return the days that *value* may mean: a year, a month, a day, a time in ISO or mail style; None for null."""
    return _read_published(value)[1]


def _read_published(value: Any) -> tuple[datetime | None, DateSpan | None]:
    """Return the time that *value* tells if it tells a day, midnight of that day at least, and the days it may mean."""
    if value is None or value == "":
        return None, None
    text = str(value).strip() if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise DateError("'published' must be a text or null")
    try:
        if found := _YEAR.fullmatch(text):
            return None, DateSpan(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31))
        if found := _MONTH.fullmatch(text):
            year, month = int(found[1]), int(found[2])
            return None, DateSpan(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime.combine(day, time(), UTC), DateSpan(day, day)
        told = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
        day = told.date()
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC), DateSpan(day, day)
    except (ValueError, OverflowError) as error:
        raise DateError(f"'published': {text!r} is no date; write 2025, 2025-05, 2025-05-08 or a full time") from error


def _answer(verdict: Verdict) -> dict[str, Any]:
    event = verdict.event
    return {
        "relevant": verdict.relevant,
        "score": verdict.score,
        "event_type": event.type.value if event else None,
        "modality": event.modality.value if event else None,
        "conflicts": list(verdict.conflicts),
        "actors": list(verdict.actors),
        "places": list(verdict.places),
        "rule": verdict.rule,
        "spans": [_span(mention) for mention in verdict.mentions],
    }


def _span(mention: Mention) -> dict[str, Any]:
    return {
        "role": mention.role,
        "name": mention.name,
        "field": mention.field,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
    }
