"""`parley classify`: one JSON object in, one out. Pure."""

import calendar
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.detect.detector import Detector
from bot.detect.gazetteer import DateSpan
from bot.errors import BotError
from bot.model import Entry, EntryKey, Mention, Verdict
from bot.text import clean

TEXTS = ("id", "title", "summary", "url", "source", "language")
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


class LineError(BotError):
    """A line of input is no item; the message says why."""


def classify_line(detector: Detector, item: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on *item* (id, title, summary, published, url, source, language) as a plain dict.

    *published* may be a time, a day, a month, a year or null. Raises LineError if *item* is none.
    """
    entry, when = read_item(item)
    verdict = detector.judge(entry, when=when)
    return {"id": item.get("id"), **_answer(verdict)}


def read_item(item: Any) -> tuple[Entry, DateSpan | None]:
    """Return the entry that *item* describes, and the days on which it may have been published."""
    if not isinstance(item, dict):
        raise LineError(f"expected an object, found {type(item).__name__}")
    for key in TEXTS:
        if not isinstance(item.get(key), str | None) and not (key == "id" and isinstance(item[key], int)):
            raise LineError(f"{key!r} must be a text")
    if not (item.get("title") or "").strip():
        raise LineError("'title' is missing")
    text = {key: clean(str(item.get(key) or "")) for key in TEXTS}
    when = read_published(item.get("published"))
    entry = Entry(
        key=EntryKey(text["source"], text["id"]),
        title=text["title"],
        summary=text["summary"],
        link=text["url"],
        language=text["language"],
        publisher=text["source"],
        published=datetime(when.first.year, when.first.month, when.first.day, tzinfo=UTC) if when else None,
    )
    return entry, when


def read_published(text: Any) -> DateSpan | None:
    """Return the days that *text* may mean: a year, a month, a day, a full time in ISO or mail style; None for null."""
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise LineError("'published' must be a text or null")
    try:
        if found := _YEAR.fullmatch(text):
            return DateSpan(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31))
        if found := _MONTH.fullmatch(text):
            year, month = int(found[1]), int(found[2])
            return DateSpan(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        day = (parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)).date()
    except ValueError as error:
        raise LineError(f"'published': {text!r} is no date; write 2025, 2025-05, 2025-05-08 or a full time") from error
    return DateSpan(day, day)


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
