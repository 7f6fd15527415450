"""Tell: what changed in the archive, and what a digest holds, is owed to whom it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.alert.digest import digest, next_digest
from bot.alert.route import route
from bot.catalog import Catalog
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
    Subscription,
)
from bot.ports import RESTORED_AT, Archive, People

DIGEST_REACH = timedelta(hours=48)
DIGEST_STORIES = 200
SLICE = 5_000
"""Chats that an alert is owed to in one go; everything else waits meanwhile (measured: some 40 ms)."""
ARCHIVE_CHANGED = (
    "The news archive is not the one that I read last, so I start at its end: nothing older is alerted. "
    "See /latest for what it holds."
)


class _Plan(NamedTuple):
    """Alerts still to be owed, and how far the change log is read when they are."""

    broadcasts: Sequence[Broadcast]
    until: Cursor


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
        plan = self._plan or self._new_plan()
        self._plan = None  # made anew if the database refuses
        if not plan:
            return 0
        new, room, left = 0, SLICE, list(plan.broadcasts)
        with self.people.transaction():
            while left and room > 0:
                owed = self.people.broadcast(left[0], most=room)
                left[:1] = [owed.left] if owed.left else []
                new, room = new + owed.new, room - owed.chats
            if not left:
                self.people.move_cursor(plan.until)
        self._plan = _Plan(left, plan.until) if left else None
        return new

    def _new_plan(self) -> "_Plan | None":
        cursor = self._cursor()
        changes = self.archive.changes_after(cursor.change_id)
        if not changes:
            return None
        readers, restored_at = self.people.wishes(), self.people.note(RESTORED_AT)
        broadcasts: list[Broadcast] = []
        for change in changes:
            story = self.archive.story(change.story_id)
            if story:
                reports = self.archive.reports(story.id)
                told = route(change, story, reports, readers, self.catalog, self.now())
                maybe = bool(restored_at) and _published_before(datetime.fromisoformat(restored_at), change, reports)
                broadcasts += [replace(told, maybe=maybe)] if told else []
        return _Plan(broadcasts, cursor._replace(change_id=changes[-1].id))

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
        """Owe the digests whose hour has come; return how many."""
        now = self.now()
        due = self.people.due_digests(now)
        muted = self.people.muted_stories() if due else {}
        for subscription in due:
            stories = self._told_of(subscription, muted.get(subscription.chat, frozenset()), now)
            message = digest(subscription, stories, self.archive.coverage(now), self.catalog, now)
            with self.people.transaction():
                self.people.enqueue([_owed_digest(subscription, message, now)])
                self.people.save_subscription(
                    replace(subscription, last_digest_at=now, next_digest_at=next_digest(subscription, now))
                )
        return len(due)

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
