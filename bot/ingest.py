"""What feeds brought becomes events and stories, in one transaction of the archive.

    entries ─fresh?▶ detect ▶ story ▶ archive + change log

It is either all kept, validators included, or nothing: the next poll then brings the same entries again. Runs in
one thread of its own, so that a large feed holds up no chat.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from bot.alert.loudness import SILENT
from bot.alert.route import priority
from bot.catalog import Catalog
from bot.detect.detector import Detector
from bot.detect.nearly import is_near, near_miss
from bot.model import Entry, EntryKey, Event, FeedState, Modality, Refrain, Report, Standing, Story, StoryChange
from bot.poll.identity import fresh, republished, words_key
from bot.ports import Archive, Parsed
from bot.story.decide import closed
from bot.story.denial import DENIABLE, contradicted, denied_by
from bot.story.group import WINDOW, StoryIndex
from bot.story.refrain import REACH, REPEATABLE, refrain
from bot.story.revise import revised
from bot.story.status import ASSERTED, TAKEN_BACK, denies, status
from bot.story.story import joined, new_story

FRESH = timedelta(hours=12)
"""Older news than this is stored and digested, never alerted (product.md, Freshness)."""
_MOST_DENIABLE = 200
NEAR_MISSES_KEPT = timedelta(days=30)
"""After that nobody is going to say that it was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a poll brought: entries not seen before, how many of them report an event, how many only look new."""

    new: int = 0
    events: int = 0
    republished: int = 0


class Brought(NamedTuple):
    """What the poll of a feed brought *now*; *after* tells its state by how many entries are new."""

    state: FeedState
    parsed: Parsed
    after: Callable[[int], FeedState]
    now: datetime


class _Item(NamedTuple):
    """An entry that is new, or whose headline was *edited*, and whether it may be alerted."""

    entry: Entry
    edited: bool
    alertable: bool
    now: datetime


class _Kept(NamedTuple):
    """What is to be judged of what a feed brought; how many entries are new, how many only look new."""

    items: Sequence[_Item]
    new: int
    republished: int


def _by_time(item: _Item) -> tuple[bool, datetime, EntryKey]:
    return item.edited, item.entry.happened_at or item.now, item.entry.key


class Ingest:
    """Takes entries in. Keeps the index of open stories, which is rebuilt from the archive whenever in doubt."""

    def __init__(self, *, archive: Archive, detector: Detector, catalog: Catalog) -> None:
        self._archive = archive
        self._detector = detector
        self._catalog = catalog
        self._index: StoryIndex | None = None
        self._decided = 0

    def adopt(self, detector: Detector, catalog: Catalog) -> None:
        """Judge by other rules from now on; call it in the thread that takes entries in."""
        self._detector = detector
        self._catalog = catalog

    def take(self, state: FeedState, parsed: Parsed, after: Callable[[int], FeedState], now: datetime) -> Taken:
        """Take in what one feed brought."""
        return self.take_all([Brought(state, parsed, after, now)])[0]

    def take_all(self, brought: Sequence[Brought]) -> Sequence[Taken]:
        """Keep what is new in what feeds *brought*, and their states after it; raise StoreError if nothing was kept.

        Reports are placed by the time when they were published, then by key, so the order of the feeds changes nothing.
        Those of a feed's first poll are its baseline: stored and grouped, alerted to no one. So are those of an archive
        that is published again.
        """
        index = self._current_index(max(each.now for each in brought))
        self._index = None  # an error below leaves it so: what was rolled back must not stay in the index
        with self._archive.transaction():
            kept = [self._keep(each) for each in brought]
            events = self._judge(index, [item for each in kept for item in each.items])
            for each, news in zip(brought, kept, strict=True):
                self._archive.save_feed_state(replace(each.after(news.new), baselined=True))
            self._archive.forget_near_misses(max(each.now for each in brought) - NEAR_MISSES_KEPT)
        self._index = index
        return [
            Taken(new=news.new, events=events[each.state.url], republished=news.republished)
            for each, news in zip(brought, kept, strict=True)
        ]

    def note(self, state: FeedState) -> None:
        """Remember the state of a feed that failed."""
        self._archive.save_feed_state(state)

    def unchanged(self, state: FeedState) -> None:
        """Remember the state of a feed that brought nothing, most of all that there are."""
        self._archive.save_unchanged(state)

    def _current_index(self, now: datetime) -> StoryIndex:
        """Return the index, made anew if there is none or the owner has put stories together or taken them apart."""
        decided = self._archive.last_decision()
        if self._index is None or decided != self._decided:
            self._decided = decided
            return self._open_index(now)
        return self._index

    def _open_index(self, now: datetime) -> StoryIndex:
        merged = closed(self._archive.decisions()).values()
        index, reports = StoryIndex(frozenset(merged)), self._archive.open_reports(now - WINDOW)
        asserted = {story for story, report in reports if report.event and report.event.modality in ASSERTED}
        for story_id, report in reports:
            if not (story_id in asserted and denies(report)):  # it would keep out those who go on asserting
                index.add(report, story_id)
        return index

    def _keep(self, brought: Brought) -> _Kept:
        """Store the entries that are new, and new headlines of others."""
        state, parsed, now = brought.state, brought.parsed, brought.now
        known = partial(self._archive.known, state.url)
        news = fresh(parsed.entries, known)
        old = republished(news, known, offered=parsed.offered, since=state.ok_at, now=now) if state.ok_at else ()
        new = {entry.key for entry, _ in news}
        edited = self._archive.save_headlines([entry for entry in parsed.entries if entry.key not in new])
        for entry, identity in news:
            self._archive.save_entry(entry, [*identity, words_key(entry)])
        items = [
            _Item(
                entry, edited=False, alertable=state.baselined and entry.key not in old and is_news(entry, now), now=now
            )
            for entry, _ in news
        ]
        items += [
            _Item(entry, edited=True, alertable=state.baselined and is_news(entry, now), now=now) for entry in edited
        ]
        return _Kept(items, len(news), len(old))

    def _judge(self, index: StoryIndex, items: Iterable[_Item]) -> Counter[str]:
        """Place what is news of ours, edited headlines last; return how many events each feed brought."""
        events, detector = Counter[str](), self._detector
        for entry, edited, alertable, now in sorted(items, key=_by_time):
            if edited:
                self._revise(index, entry, alertable=alertable, now=now)
                continue
            verdict = detector.judge(entry)
            if event := verdict.event:
                events[entry.key.feed_url] += 1
                self._archive.save_event(event)
                self._place(index, entry, event, alertable=alertable, now=now)
            elif is_near(verdict, detector.rules):
                nearly = detector.nearly(entry)
                self._archive.save_near_miss(near_miss(entry, verdict, nearly, detector.rules, now))
        return events

    def _place(self, index: StoryIndex, entry: Entry, event: Event, *, alertable: bool, now: datetime) -> None:
        report = Report(entry=entry, event=event)
        place = index.place(report)
        known = self._archive.story(place.story_id) if place.story_id else None
        denied = self._denied_by(report, now) if known is None else None
        if denied:
            story = contradicted(denied, report, self._catalog)
        elif known:
            story = joined(known, report, now, self._catalog)
        elif event.modality is Modality.OPINION:
            return  # a view may join news; it is none
        else:
            story = new_story(report, now, self._catalog)
        if not denied:
            index.add(report, story.id)
        known = known or denied
        before = self._archive.reports(story.id) if known else ()
        self._log(known, story, before, [*before, report], key=entry.key, now=now, tell=alertable)

    def _denied_by(self, report: Report, now: datetime) -> Story | None:
        """Return the story that *report* denies; None if it denies none that we know."""
        if report.event is None or not denies(report):
            return None
        conflicts = frozenset(report.event.conflicts[:1])
        of_the_war = self._archive.stories(since=now - 2 * DENIABLE, conflicts=conflicts, limit=_MOST_DENIABLE)
        return denied_by(report, of_the_war, now)

    def _revise(self, index: StoryIndex, entry: Entry, *, alertable: bool, now: datetime) -> None:
        """Let the stories of *entry* follow what its editor has made of its headline; it may be news only now."""
        stories = [story for id_ in self._archive.stories_of(entry.key) if (story := self._archive.story(id_))]
        event = self._detector.judge(entry).event
        if not stories:
            if event:
                self._archive.save_event(event)
                self._place(index, entry, event, alertable=alertable, now=now)
            return
        before = {story.id: self._archive.reports(story.id) for story in stories}
        if event:
            self._archive.save_event(event)
        else:
            self._archive.forget_event(entry.key)
        for known in stories:
            report = next(each for each in self._archive.reports(known.id) if each.entry.key == entry.key)
            former = next(each.event for each in before[known.id] if each.entry.key == entry.key)
            story = revised(known, former, report, now, self._catalog)
            reports = [report if each.entry.key == entry.key else each for each in before[known.id]]
            self._log(known, story, before[known.id], reports, key=entry.key, now=now, tell=bool(known.announced))

    def _log(
        self,
        known: Story | None,
        story: Story,
        before: Sequence[Report],
        reports: Sequence[Report],
        *,
        key: EntryKey,
        now: datetime,
        tell: bool,
    ) -> None:
        """Store *story*, which *known* became when *before* became *reports*, and what of that is to be told."""
        story = self._counted(known, story, reports, now)
        of = status(story, reports, self._catalog).standing
        taken_back = bool(story.announced) and of in TAKEN_BACK and of is not story.standing
        change = self._change(known, story, of, before, reports) if tell or taken_back else None
        if change:
            story = replace(story, announced=story.announced | {story.type}, standing=of)
        self._archive.save_story(story)
        if change:
            self._archive.log_change(story, change, key, now)

    def _counted(self, known: Story | None, story: Story, reports: Sequence[Report], now: datetime) -> Story:
        """Return *story* knowing how often its like was told: counted when its type is new, and again while damped."""
        if story.type not in REPEATABLE or not story.conflicts:
            return replace(story, refrain=Refrain())
        if known and known.type is story.type and not known.refrain.before:
            return story
        founders = self._archive.founders(story.type, story.conflicts[0], since=story.first_seen - REACH, before=now)
        return replace(story, refrain=refrain(story, reports, founders, self._catalog))

    def _change(
        self,
        known: Story | None,
        story: Story,
        of: Standing,
        before: Sequence[Report],
        reports: Sequence[Report],
    ) -> StoryChange:
        """Return what is new of *story*, whose standing is *of* now.

        Nothing of it was told yet; or not this stage; or it stands otherwise; or it was too weak to be told live, and
        others now bear it out; else there is one report more.
        """
        if story.type not in story.announced:
            return StoryChange.NEW_STAGE if story.announced else StoryChange.NEW
        if of is not story.standing and of is not Standing.UNCONFIRMED:
            return StoryChange(of.value)
        if known and self._priority(known, before) > SILENT >= self._priority(story, reports):
            return StoryChange.CORROBORATED
        return StoryChange.GREW

    def _priority(self, story: Story, reports: Sequence[Report]) -> int:
        return priority(story, reports, self._catalog)


def is_news(entry: Entry, now: datetime) -> bool:
    """Tell whether *entry* may ring: it has a date, and one of the last 12 hours."""
    return entry.published is not None and entry.published > now - FRESH
