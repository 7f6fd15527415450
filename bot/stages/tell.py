"""Tell: what changed in the archive, and what a digest holds, is owed to whom it concerns."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from bot.alert.digest import digest, next_digest
from bot.alert.live import GATHER, PACE, STATUS_CHANGES, edit, update
from bot.alert.route import route
from bot.catalog import Catalog
from bot.errors import StoreError
from bot.model import (
    Broadcast,
    ChatId,
    Clock,
    Cursor,
    Delivery,
    DeliveryKind,
    LoggedChange,
    Message,
    Report,
    Story,
    StoryChange,
    Subscription,
    Wishes,
)
from bot.ports import RESTORED_AT, Archive, People

log = logging.getLogger(__name__)
T = TypeVar("T")

DIGEST_REACH = timedelta(hours=48)
DIGEST_STORIES = 200
SLICE = 4_000
"""Chats that an alert is owed to in one go; everything else waits meanwhile (measured: some 40 ms)."""
ARCHIVE_CHANGED = (
    "The news archive is not the one that I read last, so I start at its end: nothing older is alerted. "
    "See /latest for what it holds."
)
UNTOLD = (
    "I failed to word what happened in story {story}, so nobody was told of it: that is a mistake of mine, and my log "
    "says more. All other alerts go out."
)
UNMADE = (
    "I failed to make a digest of today, or several: that is a mistake of mine, and my log says more. The next one "
    "tells what that one would have told. All other digests go out."
)


class _Plan(NamedTuple):
    """What is still to be owed, and what is true when it is.

    The change log is then read *until* there; alerts of stories that *grew* by a change are to be edited soon; all
    edits of those that are *edited* are owed. It is worded for *readers*.
    """

    broadcasts: Sequence[Broadcast]
    readers: Sequence[Wishes]
    until: Cursor | None = None
    grew: Mapping[str, int] = MappingProxyType({})
    edited: Collection[str] = ()


class _Told(NamedTuple):
    """What one change is worth: first news, an edit of what was told, a word in reply to it."""

    alert: Broadcast | None = None
    edit: Broadcast | None = None
    word: Broadcast | None = None


@dataclass(kw_only=True)
class Telling:
    """Reads the change log from a cursor and owes alerts; owes digests and notices. Sends nothing itself."""

    archive: Archive
    people: People
    catalog: Catalog
    now: Clock

    def __post_init__(self) -> None:
        self._plan: _Plan | None = None

    def route(self) -> int:
        """Owe the alerts of what changed since the last call, a slice of them at a time; return how many are new.

        The cursor moves with the last slice, so a death in between owes again from the start; the dedupe keys make
        that harmless.
        """
        begun, plan = self._plan is not None, self._plan or self._new_plan()
        self._plan = None  # made anew if the database refuses
        if not plan:
            return 0
        new, room, left = 0, SLICE, list(plan.broadcasts)
        with self.people.transaction():
            while left and room > 0:
                owed = self.people.broadcast(left[0], most=room)
                left[:1] = [owed.left] if owed.left else []
                new, room = new + owed.new, room - owed.chats
            # Who came to wish otherwise between two slices is worded for in a new plan; it owes to nobody else.
            if not left and not (begun and set(self.people.wishes()).difference(plan.readers)):
                self._close(plan)
        self._plan = plan._replace(broadcasts=left) if left else None
        return new

    def _close(self, plan: "_Plan") -> None:
        if plan.until:
            self.people.move_cursor(plan.until)
        for story_id in plan.edited:
            self.people.edited(story_id, self.now())
        for story_id, change_id in plan.grew.items():
            self.people.owe_edit(story_id, change_id, self.now(), gather=GATHER, pace=PACE)

    def _new_plan(self) -> "_Plan | None":
        cursor = self._cursor()
        changes = self.archive.changes_after(cursor.change_id)
        if not changes:
            return self._edits()
        readers, restored_at = self.people.wishes(), self.people.note(RESTORED_AT)
        alerts: list[Broadcast] = []
        edits: dict[str, Broadcast] = {}
        words: dict[str, Broadcast] = {}
        grew: dict[str, int] = {}
        known = self.archive.last_change_id()  # read before the stories: they may know more, never less
        for change in changes:
            word = partial(self._told, change, readers, restored_at)
            told = self._unless_untold(change.story_id, change.id, word) or _Told()
            alerts += [told.alert] if told.alert else []
            edits |= {change.story_id: told.edit} if told.edit else {}
            # Several changes at once have the same words: those of what is known now.
            words |= {change.story_id: told.word} if told.word else {}
            if change.change not in (StoryChange.NEW, *STATUS_CHANGES):
                grew[change.story_id] = change.id
        return _Plan(
            # An alert that still waits is worded anew before a word on it could be owed.
            [replace(each, knows=known) for each in (*alerts, *edits.values(), *words.values())],
            readers,
            cursor._replace(change_id=changes[-1].id),
            {story_id: change_id for story_id, change_id in grew.items() if story_id not in edits},
            edits.keys(),
        )

    def _told(self, change: LoggedChange, readers: Sequence[Wishes], restored_at: str) -> _Told:
        story = None if change.change is StoryChange.GREW else self.archive.story(change.story_id)
        if not story:
            return _Told()
        reports = self.archive.reports(story.id)
        maybe = bool(restored_at) and _published_before(datetime.fromisoformat(restored_at), change, reports)
        alert = route(change, story, reports, readers, self.catalog, self.now())
        told = _Told(alert and replace(alert, maybe=maybe))
        if change.change not in STATUS_CHANGES:
            return told
        word = update(change, story, reports, readers, self.catalog, now=self.now())
        edited = self._edit(story, reports, readers, change.id)
        return told._replace(edit=edited, word=word and replace(word, maybe=maybe))

    def _edits(self) -> "_Plan | None":
        """Return the edits of alerts whose stories grew a while ago."""
        due = self.people.due_edits(self.now())
        if not due:
            return None
        readers, known = self.people.wishes(), self.archive.last_change_id()
        edits = [
            self._unless_untold(story_id, change_id, partial(self._grown, story_id, change_id, readers))
            for story_id, change_id in due.items()
        ]
        return _Plan([replace(edit, knows=known) for edit in edits if edit], readers, edited=due)

    def _grown(self, story_id: str, change_id: int, readers: Sequence[Wishes]) -> Broadcast | None:
        story = self.archive.story(story_id)
        return self._edit(story, self.archive.reports(story_id), readers, change_id) if story else None

    def _unless_untold(self, story_id: str, change_id: int, word: Callable[[], T]) -> T | None:
        notice = UNTOLD.format(story=story_id)
        return self._unless_it_fails(
            f"what happened in story {story_id}", f"untold:{story_id}:{change_id}", notice, word
        )

    def _unless_it_fails(self, what: str, key: str, notice: str, word: Callable[[], T]) -> T | None:
        """Return what *word* says; if we fail at it, tell the owner the *notice*, once for each *key*, and return None.

        One story or digest that cannot be worded must not keep all others from everybody, now and after each new start.
        """
        try:
            return word()
        except StoreError:
            raise
        except Exception:
            log.exception("%s could not be worded", what)
            self.tell_owner(key, notice)
            return None

    def _edit(self, story: Story, reports: Sequence[Report], readers: Sequence[Wishes], change_id: int) -> Broadcast:
        return edit(story, reports, readers, self.catalog, change_id=change_id, now=self.now())

    def _cursor(self) -> Cursor:
        """Return how far routing has read; a cursor that does not fit this archive goes to the log's end."""
        here, end = self.archive.archive_id, self.archive.last_change_id()
        cursor = self.people.cursor()
        if cursor and cursor.archive_id == here and cursor.change_id <= end:
            return cursor
        fresh = Cursor(here, end)
        with self.people.transaction():
            self.people.move_cursor(fresh)
            if cursor or end:
                self.tell_owner(f"archive:{here}:{end}", ARCHIVE_CHANGED)
        return fresh

    def digests(self) -> int:
        """Owe the digests whose hour has come; return how many.

        One that cannot be made is passed over: the next one reaches back to the last that was.
        """
        now, made = self.now(), 0
        due = self.people.due_digests(now)
        muted = self.people.muted_stories() if due else {}
        for subscription in due:
            make = partial(self._digest, subscription, muted.get(subscription.chat, frozenset()), now)
            message = self._unless_it_fails("a digest", f"unmade:{now:%Y-%m-%d}", UNMADE, make)
            later = replace(subscription, next_digest_at=next_digest(subscription, now))
            with self.people.transaction():
                if message:
                    made += self.people.enqueue([_owed_digest(subscription, message, now)])
                    later = replace(later, last_digest_at=now)
                self.people.save_subscription(later)
        return made

    def _digest(self, subscription: Subscription, muted: frozenset[str], now: datetime) -> Message:
        stories, newest = self._told_of(subscription, muted, now), self.archive.newest(subscription.conflicts)
        return digest(subscription, stories, self.archive.coverage(now), self.catalog, now, newest=newest)

    def _told_of(
        self, subscription: Subscription, muted: frozenset[str], now: datetime
    ) -> Sequence[tuple[Story, Sequence[Report]]]:
        """Return the stories of the last two days that are not *muted*; the digest leaves out what it told before.

        Not those since the last digest: a report that was published before it may have come in after it.
        """
        stories = self.archive.stories(
            since=now - DIGEST_REACH, conflicts=subscription.conflicts, types=subscription.types, limit=DIGEST_STORIES
        )
        return [(story, self.archive.reports(story.id)) for story in stories if story.id not in muted]

    def tell_owner(self, key: str, html: str) -> None:
        """Owe the owner, if there is one, a notice; the same *key* is told once."""
        if owner := self.people.owner():
            self.people.enqueue([owed_notice(key, owner, html, self.now())])


def _published_before(at: datetime, change: LoggedChange, reports: Sequence[Report]) -> bool:
    """Tell whether the report behind *change* is older than *at*."""
    times = [report.entry.happened_at for report in reports if report.entry.key == change.entry_key]
    return any(time < at for time in times if time)


def owed_notice(key: str, owner: ChatId, html: str, now: datetime) -> Delivery:
    """Return a silent notice to the owner."""
    return Delivery(
        dedupe_key=f"notice:{key}",
        chat=owner,
        kind=DeliveryKind.NOTICE,
        message=Message(html=html, silent=True),
        next_attempt_at=now,
        created_at=now,
    )


def _owed_digest(subscription: Subscription, message: Message, now: datetime) -> Delivery:
    return Delivery(
        dedupe_key=f"digest:{subscription.next_digest_at}:{'/'.join(subscription.chat)}",
        chat=subscription.chat,
        kind=DeliveryKind.DIGEST,
        message=message,
        thread=subscription.thread,
        next_attempt_at=now,
        created_at=now,
    )
