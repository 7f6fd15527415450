"""`parley group`: reports in, the story of each out. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.model import EntryKey, Report, story_id
from bot.story.group import WINDOW, StoryIndex

_LAST = datetime.max.replace(tzinfo=UTC)


def group_lines(lines: Iterable[tuple[Any, Report | None]], *, twice: bool = True) -> Iterator[dict[str, Any]]:
    """Yield {"id", "story"} for each (id, report), in input order; a line without a report is a story of its own.

    Reports are placed by *published*, then by their words; those without a day of their own come last. Neither the
    wall clock nor the order of the lines counts, so the same lines always make the same stories. Nothing was told to
    anybody yet, so each report is looked at *twice*: once more when all that may be of its story has come. The bot
    itself looks once.
    """
    numbered = [(id_, EntryKey(f"line:{number}", ""), report) for number, (id_, report) in enumerate(lines)]
    reports = [replace(report, entry=replace(report.entry, key=key)) for _, key, report in numbered if report]
    stories = _grouped(reports, twice=twice)
    for id_, key, _ in numbered:
        yield {"id": id_, "story": stories.get(key) or story_id(key)}


def _grouped(reports: Iterable[Report], *, twice: bool) -> dict[EntryKey, str]:
    """Return the story of each report by its key."""
    index, stories = StoryIndex(), dict[EntryKey, str]()
    placed: deque[Report] = deque()
    for report in sorted(reports, key=_placed_by):
        while placed and _placed_by(report)[0] - _placed_by(placed[0])[0] > WINDOW:
            _look_again(placed.popleft(), index, stories)
        key = report.entry.key
        stories[key] = index.place(report).story_id or story_id(key)
        index.add(report, stories[key])
        if twice:
            placed.append(report)
    for report in placed:
        _look_again(report, index, stories)
    return stories


def _look_again(report: Report, index: StoryIndex, stories: dict[EntryKey, str]) -> None:
    key = report.entry.key
    stories[key] = index.move(report, stories[key])


def _placed_by(report: Report) -> tuple[datetime, str, str, str]:
    entry = report.entry
    return entry.published or _LAST, entry.title, entry.summary, entry.publisher
