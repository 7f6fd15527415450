"""One feed's entries become events and stories, in one transaction of the archive.

    entries ─fresh?▶ detect ▶ story ▶ archive + change log

It is either all kept, validators included, or nothing: the next poll then brings the same entries again. Runs in
one thread of its own, so that a large feed holds up no chat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.alert.loudness import SILENT
from bot.alert.route import priority
from bot.catalog import Catalog
from bot.detect.detector import Detector
from bot.model import Entry, Event, FeedState, Report, Story, StoryChange
from bot.poll.identity import fresh
from bot.ports import Archive
from bot.story.group import WINDOW, StoryIndex
from bot.story.story import joined, new_story

FRESH = timedelta(hours=12)
"""Older news than this is stored and digested, never alerted (product.md, Freshness)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a poll brought: entries not seen before, and how many of them report an event."""

    new: int = 0
    events: int = 0


class Ingest:
    """Takes entries in. Keeps the index of open stories, which is rebuilt from the archive whenever in doubt."""

    def __init__(self, *, archive: Archive, detector: Detector, catalog: Catalog) -> None:
        self._archive = archive
        self._detector = detector
        self._catalog = catalog
        self._index: StoryIndex | None = None

    def take(self, state: FeedState, entries: Sequence[Entry], after: FeedState, now: datetime) -> Taken:
        """Keep what is new of *entries* and the feed's state *after* this poll; raise StoreError if nothing was kept.

        Entries of a feed's first poll are its baseline: stored and grouped, alerted to no one.
        """
        index = self._index or self._open_index(now)
        self._index = None  # an error below leaves it so: what was rolled back must not stay in the index
        with self._archive.transaction():
            taken = self._keep(index, state, entries, now)
            self._archive.save_feed_state(replace(after, baselined=True))
        self._index = index
        return taken

    def note(self, state: FeedState) -> None:
        """Remember the state of a feed that brought nothing."""
        with self._archive.transaction():
            self._archive.save_feed_state(state)

    def _open_index(self, now: datetime) -> StoryIndex:
        index = StoryIndex()
        for story_id, report in self._archive.open_reports(now - WINDOW):
            index.add(report, story_id)
        return index

    def _keep(self, index: StoryIndex, state: FeedState, entries: Sequence[Entry], now: datetime) -> Taken:
        news = fresh(entries, partial(self._archive.known, state.url))
        events = 0
        for entry, identity in sorted(news, key=lambda item: (item[0].happened_at or now, item[0].key)):
            self._archive.save_entry(entry, identity)
            event = self._detector.judge(entry).event
            if event:
                events += 1
                self._archive.save_event(event)
                self._place(index, entry, event, alertable=state.baselined and is_news(entry, now), now=now)
        return Taken(new=len(news), events=events)

    def _place(self, index: StoryIndex, entry: Entry, event: Event, *, alertable: bool, now: datetime) -> None:
        report = Report(entry=entry, event=event)
        place = index.place(report)
        known = self._archive.story(place.story_id) if place.story_id else None
        story = joined(known, report, now, self._catalog) if known else new_story(report, now, self._catalog)
        index.add(report, story.id)
        change = self._change(known, story, report) if alertable else None
        if change:
            story = replace(story, announced=story.announced | {story.type})
        self._archive.save_story(story)
        if change:
            self._archive.log_change(story, change, entry.key, now)

    def _change(self, known: Story | None, story: Story, report: Report) -> StoryChange | None:
        """Return why *story*, as *known* became with a fresh *report*, is news; None if it is not.

        Nothing of it was told yet; or not this stage; or it was too weak to be told live, and others now bear it out.
        """
        if story.type not in story.announced:
            return StoryChange.NEW_STAGE if story.announced else StoryChange.NEW
        reports = self._archive.reports(story.id) if known else ()
        if known and self._priority(known, reports) > SILENT >= self._priority(story, [*reports, report]):
            return StoryChange.CORROBORATED
        return None

    def _priority(self, story: Story, reports: Sequence[Report]) -> int:
        return priority(story, reports, self._catalog)


def is_news(entry: Entry, now: datetime) -> bool:
    """Tell whether *entry* may ring: it has a date, and one of the last 12 hours."""
    return entry.published is not None and entry.published > now - FRESH
