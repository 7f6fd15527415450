"""The stories of the recorded week, as the real detector and grouping make them, each with its reports."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from bot.catalog import Catalog, load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ledger.ledger import ledgers
from bot.ledger.move import StoryWithReports
from bot.ledger.text import lines
from bot.model import Entry, EntryKey, Report, Story
from bot.poll.replay import PUBLISHERS, RecordedWeek
from bot.story.group import StoryIndex
from bot.story.story import joined, new_story

_MOVE_ID = re.compile(r"(?m)^    [0-9a-f]{8}  ")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@cache
def catalog() -> Catalog:
    return load_catalog(extra_publishers=[PUBLISHERS])


@cache
def week_stories() -> Sequence[StoryWithReports]:
    index, stories = StoryIndex(), dict[str, Story]()
    members: dict[str, list[Report]] = {}
    for report in sorted(_reports(), key=lambda report: (report.entry.happened_at or LONG_AGO, report.entry.key)):
        place, now = index.place(report), report.entry.happened_at or LONG_AGO
        known = stories.get(place.story_id or "")
        story = joined(known, report, now, catalog()) if known else new_story(report, now, catalog())
        index.add(report, story.id)
        stories[story.id] = story
        members.setdefault(story.id, []).append(report)
    return [(story, members[id_]) for id_, story in stories.items()]


def _reports() -> Sequence[Report]:
    detector = Detector(load_rules())
    entries = [
        Entry(
            key=EntryKey(feed.path, item.guid),
            title=item.title,
            summary=item.summary,
            link=item.link,
            published=item.published and item.published.astimezone(UTC),
            seen_at=item.appears_at.astimezone(UTC),
            language=feed.language,
            publisher=feed.publisher,
        )
        for feed in RecordedWeek.load().recordings.values()
        for item in feed.items
    ]
    judged = [Report(entry=entry, event=detector.judge(entry).event) for entry in entries]
    return [report for report in judged if report.event]


def week_ledgers() -> str:
    """Return what the golden file holds; `python -m tests.week_stories > tests/golden/week_ledgers.txt` makes it.

    Without the ids of moves: which report founds a story does not matter here.
    """
    now, found = RecordedWeek.load().ends_at, ledgers(week_stories(), catalog()).values()
    return "\n\n".join(_MOVE_ID.sub("    ", "\n".join(lines(each, catalog(), now))) for each in found) + "\n"


if __name__ == "__main__":
    sys.stdout.write(week_ledgers())
