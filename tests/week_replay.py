"""The recorded week taken in, feed by feed at each of its moments, and what became of it in plain lines.

`python -m tests.week_replay > tests/golden/week_stories.txt` writes the golden file anew.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import TypeVar

from bot.alert.digest import next_digest
from bot.catalog import Catalog, load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Brought, Ingest
from bot.model import Entry, EntryKey, LoggedChange, Report, Story, StoryChange
from bot.poll.replay import PUBLISHERS, RecordedFeed, RecordedItem, RecordedWeek
from bot.ports import Parsed
from bot.store.archive import ArchiveStore
from bot.story.status import status
from tests import make

T = TypeVar("T")
WEEK = RecordedWeek.load()
BASE = "http://week.example.org"
KYIV = make.subscription(time_zone="Europe/Kyiv")


def _digests() -> Iterator[datetime]:
    at = WEEK.starts_at
    while (due := next_digest(KYIV, at)) and due < WEEK.moments()[-1]:
        at = due
        yield due


MOMENTS = tuple(sorted({*WEEK.moments(), *_digests()}))
"""When the demo polls: whenever something new has appeared, and before each digest."""
Order = Callable[[Sequence[T]], Sequence[T]]


@cache
def catalog() -> Catalog:
    return load_catalog(extra_publishers=[PUBLISHERS])


@cache
def detector() -> Detector:
    return Detector(load_rules(catalog=catalog()))


@dataclass(frozen=True)
class Remembered:
    """What the archive holds of a story once the week is over."""

    story: Story
    reports: Sequence[Report]
    changes: Sequence[LoggedChange]


def taken_in(
    order: Order[Brought] = tuple, moments: Sequence[datetime] = MOMENTS, times: int = 1
) -> Sequence[Remembered]:
    """Return the week's stories, taken in at *moments*, so many *times* each, the feeds in the *order* given."""
    with ArchiveStore.open(":memory:") as archive:
        ingest = Ingest(archive=archive, detector=detector(), catalog=catalog())
        archive.register(WEEK.feeds(BASE), WEEK.starts_at)
        for now in moments:
            for _ in range(times):
                ingest.take_all(order([_brought(archive, feed, now) for feed in WEEK.recordings.values()]))
        return remembered(archive)


def _brought(archive: ArchiveStore, feed: RecordedFeed, now: datetime) -> Brought:
    state = archive.feed_state(BASE + feed.path)
    assert state
    entries = [_entry(feed, item, now) for item in feed.visible(now)]
    polled = replace(state, checked_at=now, ok_at=now)
    return Brought(state, Parsed(entries=entries, offered=len(entries)), lambda _: polled, now)


def _entry(feed: RecordedFeed, item: RecordedItem, now: datetime) -> Entry:
    return Entry(
        key=EntryKey(BASE + feed.path, item.guid),
        title=item.title_at(now),
        summary=item.summary,
        link=item.link,
        published=item.published and item.published.astimezone(UTC),
        seen_at=now,
        language=feed.language,
        publisher=feed.publisher,
    )


def remembered(archive: ArchiveStore) -> Sequence[Remembered]:
    """Return all stories of *archive*, by when they began."""
    stories = sorted(archive.stories(limit=10_000), key=lambda story: (story.first_seen, story.id))
    return [Remembered(story, archive.reports(story.id), archive.changes_of(story.id)) for story in stories]


# ------------------------------------------------------------------------------------------ in plain lines
def lines(stories: Sequence[Remembered]) -> str:
    """Return stories, statuses and what was logged to be told, one paragraph a story."""
    return "\n\n".join("\n".join(_paragraph(each)) for each in stories) + "\n"


def _paragraph(each: Remembered) -> Iterator[str]:
    story, standing = each.story, status(each.story, each.reports, catalog()).standing
    stages = " > ".join(f"{stage.type} ({stage.modality})" for stage in story.stages)
    yield f"{stages} · {', '.join(story.conflicts) or 'no conflict'} · {standing}"
    yield f"  {story.headline}"
    yield f"  {' '.join(_name(report.entry.key) for report in each.reports)}"
    for at, changes in groupby(each.changes, key=lambda change: change.created_at):
        yield f"  {at:%d %b %H:%M} {', '.join(_counted([change.change for change in changes]))}"


def _counted(changes: Sequence[StoryChange]) -> Iterator[str]:
    for change, several in groupby(changes):
        count = len(list(several))
        yield change.value + (f" x{count}" if count > 1 else "")


def _name(key: EntryKey) -> str:
    return key.id.rpartition(":")[2]


if __name__ == "__main__":
    sys.stdout.write(lines(taken_in()))
