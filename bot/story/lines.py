"""`parley group`: reports in, the story of each out. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.model import EntryKey, Report, story_id
from bot.story.group import StoryIndex

_LAST = datetime.max.replace(tzinfo=UTC)


def group_lines(lines: Iterable[tuple[Any, Report | None]]) -> Iterator[dict[str, Any]]:
    """Yield {"id", "story"} for each (id, report), in input order; a line without a report is a story of its own.

    Reports are placed by *published*, then by their words; those without a day of their own come last. Neither the
    wall clock nor the order of the lines counts, so the same lines always make the same stories.
    """
    numbered = [(id_, EntryKey(f"line:{number}", ""), report) for number, (id_, report) in enumerate(lines)]
    stories: dict[EntryKey, str] = {}
    index = StoryIndex()
    reports = [replace(report, entry=replace(report.entry, key=key)) for _, key, report in numbered if report]
    for report in sorted(reports, key=_placed_by):
        key = report.entry.key
        stories[key] = index.place(report).story_id or story_id(key)
        index.add(report, stories[key])
    for id_, key, _ in numbered:
        yield {"id": id_, "story": stories.get(key) or story_id(key)}


def _placed_by(report: Report) -> tuple[datetime, str, str, str]:
    entry = report.entry
    return entry.published or _LAST, entry.title, entry.summary, entry.publisher
