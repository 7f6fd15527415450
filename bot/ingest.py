"""What feeds brought becomes events and stories, in one transaction of the archive.

    entries ─fresh?▶ detect ▶ story ▶ archive + change log

It is either all kept, validators included, or nothing: the next poll then brings the same entries again. Runs in
one thread of its own, so that a large feed holds up no chat.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from bot.alert.change import Step, is_worse, what_changed
from bot.alert.route import FRESH
from bot.catalog import Catalog
from bot.detect.detector import Detector
from bot.detect.nearly import is_near, near_miss
from bot.model import (
    ASSERTED,
    Entry,
    EntryKey,
    Event,
    EventType,
    FeedState,
    Modality,
    Refrain,
    Report,
    Story,
    StoryChange,
)
from bot.poll.identity import fresh, republished, words_key
from bot.ports import Archive, Parsed
from bot.story.decide import closed
from bot.story.denial import DENIABLE, DENYING, contradicted, denials, denied_by, denied_types
from bot.story.group import WINDOW, StoryIndex
from bot.story.refrain import REACH, REPEATABLE, refrain
from bot.story.revise import revised, went_on
from bot.story.status import status
from bot.story.story import joined, new_story

_MOST_DENIABLE = 200
MOST_ALIKE = 50
"""So many reports of one feed that say the same may be in a story: with each that joins, all of it is weighed anew."""
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

    def unchanged(self, states: Sequence[FeedState]) -> None:
        """Remember the states of feeds that brought nothing, most of all that there are."""
        self._archive.save_unchanged(states)

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
        asserted = defaultdict[str, set[EventType]](set)
        for story_id, report in reports:
            if report.event and report.event.modality in ASSERTED:
                asserted[story_id].add(report.event.type)
        for story_id, report in reports:
            if asserted[story_id].isdisjoint(denied_types(report)):  # a denial keeps out those who go on asserting
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
        self._archive.save_entries([(entry, (*identity, words_key(entry))) for entry, identity in news])
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
        if self._contradict(report, alertable=alertable, now=now):
            return
        place = index.place(report)
        known = self._archive.story(place.story_id) if place.story_id else None
        before = self._archive.reports(known.id) if known else ()
        if _said_enough(report, before):
            return
        if known:
            story = joined(known, report, now, self._catalog)
        elif event.modality is Modality.OPINION:
            return  # a view may join news; it is none
        else:
            story = new_story(report, now, self._catalog)
        index.add(report, story.id)
        reports = [*before, report]
        same = known and (known.type, known.first_seen) == (story.type, story.first_seen)
        for denial in () if same else self._denials_waiting(story, reports, now):
            story, reports = contradicted(story, denial, self._catalog), [*reports, denial]
        self._log(Step(known, before, story, reports), key=entry.key, now=now, tell=alertable)

    def _contradict(self, report: Report, *, alertable: bool, now: datetime) -> bool:
        """Put *report* into the story that it denies, if it denies one and has a say in it; return whether it does."""
        denied = denied_by(report, self._of_the_war(report, now), now, self._catalog) if denied_types(report) else None
        before = self._archive.reports(denied.id) if denied else ()
        if denied is None or not self._has_a_say(report, denied, before):
            return False
        if _said_enough(report, before):
            return True
        story = contradicted(denied, report, self._catalog)
        step = Step(denied, before, story, [*before, report])
        self._log(step, key=report.entry.key, now=now, tell=alertable)
        return True

    def _denials_waiting(self, story: Story, reports: Sequence[Report], now: datetime) -> Sequence[Report]:
        """Return the denials of *story* that came in before its first report and were published after it."""
        if story.modality not in ASSERTED or not story.conflicts:
            return ()
        since, conflicts, types = story.first_seen, frozenset(story.conflicts[:1]), DENYING | {story.type}
        apart = self._archive.stories(since=since, conflicts=conflicts, types=types, limit=_MOST_DENIABLE)
        told = [report for each in apart if each.id != story.id for report in self._archive.reports(each.id)]
        denying = [report for report in told if story.type in denied_types(report)]
        others = [each for each in self._of_the_war(reports[-1], now) if each.id != story.id] if denying else []
        return [
            report
            for report in denying
            if denied_by(report, [*others, story], now, self._catalog) is story
            and self._has_a_say(report, story, reports)
        ]

    def _of_the_war(self, report: Report, now: datetime) -> Sequence[Story]:
        """Return the stories of the war that *report* tells of which may still be denied."""
        conflicts = frozenset(report.event.conflicts[:1] if report.event else ())
        if not conflicts:
            return ()
        return self._archive.stories(since=now - 2 * DENIABLE, conflicts=conflicts, limit=_MOST_DENIABLE)

    def _has_a_say(self, report: Report, story: Story, reports: Sequence[Report]) -> bool:
        against = denials(story, [*reports, report], self._catalog)
        return any(each.report is report for each in against)

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
        if all(
            went_on(story, _report_of(entry.key, before[story.id]), Report(entry=entry, event=event))
            for story in stories
        ):
            self._archive.pass_over(entry)
            return
        if event:
            self._archive.save_event(event)
        else:
            self._archive.forget_event(entry.key)
        for known in stories:
            report = _report_of(entry.key, self._archive.reports(known.id))
            story = revised(known, _report_of(entry.key, before[known.id]).event, report, now, self._catalog)
            reports = [report if each.entry.key == entry.key else each for each in before[known.id]]
            step = Step(known, before[known.id], story, reports)
            self._log(step, key=entry.key, now=now, tell=bool(known.announced))
        if event:
            self._contradict(Report(entry=entry, event=event), alertable=alertable, now=now)

    def _log(self, step: Step, *, key: EntryKey, now: datetime, tell: bool) -> None:
        """Store the story as the report *key* has made it, and log what of that is to be told."""
        step = step._replace(story=self._counted(step, now))
        story, standing = step.story, step.story.standing
        if tell or story.announced:
            standing = status(story, step.reports, self._catalog).standing
        change = what_changed(step, standing, self._catalog) if tell or is_worse(story, standing) else None
        if change:
            told = story.standing if change is StoryChange.GREW else standing
            story = replace(story, announced=story.announced | {story.type}, standing=told)
        self._archive.save_story(story)
        if change:
            self._archive.log_change(story, change, key, now)

    def _counted(self, step: Step, now: datetime) -> Story:
        """Return the story knowing how often its like was told: counted when its type is new, and while damped."""
        known, story = step.known, step.story
        if story.type not in REPEATABLE or not story.conflicts:
            return replace(story, refrain=Refrain())
        if known and known.type is story.type and not known.refrain.before:
            return story
        founders = self._archive.founders(story.type, story.conflicts[0], since=story.first_seen - REACH, before=now)
        return replace(story, refrain=refrain(story, step.reports, founders, self._catalog))


def _report_of(key: EntryKey, reports: Iterable[Report]) -> Report:
    """Return the report of the entry *key*."""
    return next(report for report in reports if report.entry.key == key)


def _said_enough(report: Report, before: Iterable[Report]) -> bool:
    """Tell whether the feed of *report* has said the same so often *before* that once more adds nothing."""
    return sum(_said(each) == _said(report) for each in before) >= MOST_ALIKE


def _said(report: Report) -> tuple[object, ...]:
    event = report.event
    return (report.entry.key.feed_url, *((event.type, event.modality, event.speaker) if event else ()))


def is_news(entry: Entry, now: datetime) -> bool:
    """Tell whether *entry* may ring: it has a date, and one of the last 12 hours."""
    return entry.published is not None and entry.published > now - FRESH
