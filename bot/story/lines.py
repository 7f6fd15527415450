"""`parley group`: items in, the story of each out. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import Any

from bot.model import Entry, EntryKey, Report, Verdict, story_id
from bot.story.group import StoryIndex
from bot.text import clean

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LAST = datetime.max.replace(tzinfo=UTC)


def group_lines(lines: Iterable[Mapping[str, Any]], judge: Callable[[Entry], Verdict]) -> Iterator[dict[str, Any]]:
    """Yield {"id", "story"} for each item (id, title, summary, published, url, source, language), in input order.

    Reports are placed by *published*, then input order; those without a day of their own come last. The wall clock
    never counts, so the same lines always make the same stories.
    """
    entries = [_entry(number, line) for number, line in enumerate(lines)]
    stories: dict[EntryKey, str] = {}
    index = StoryIndex()
    for entry in sorted(entries, key=lambda entry: entry.published or _LAST):
        report = Report(entry=entry, event=judge(entry).event)
        story = index.place(report).story_id or story_id(entry.key)
        index.add(report, story)
        stories[entry.key] = story
    for entry in entries:
        yield {"id": entry.key.id, "story": stories[entry.key]}


def _entry(number: int, line: Mapping[str, Any]) -> Entry:
    text = {name: clean(str(line.get(name) or "")) for name in ("title", "summary", "url", "source", "language")}
    return Entry(
        key=EntryKey(f"line:{number}", str(line.get("id", number))),
        title=text["title"],
        summary=text["summary"],
        link=text["url"],
        language=text["language"],
        publisher=text["source"],
        published=_published(line.get("published")),
    )


def _published(value: object) -> datetime | None:
    """Return the time that *value* tells, midnight for a day; None for a month, a year, nothing or nonsense."""
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        told = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
