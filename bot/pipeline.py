"""The whole job on one page: poll -> detect -> story -> store -> alert -> chat.

     feeds ─fetch▶ parse ─entries▶ ingest (detect, story) ─▶ archive.db, change log
                                                                  │ cursor
     people ◀─deliver─ outbox ◀─ route, digest ◀── subscriptions ◀┘
     people ─update▶ inbox ─answer▶ commands ─replies▶ outbox

Each method is one arrow. It reads what is due from a database, does it, and writes what became of it; so any of them
may die at any instant and be called again. What is due is data: nothing is owed in memory only.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from bot.alert.digest import digest, next_digest
from bot.alert.route import route
from bot.catalog import Catalog
from bot.chat.commands import Commands, Reply
from bot.errors import FeedError, StoreError
from bot.ingest import Ingest
from bot.model import (
    Clock,
    Cursor,
    Delivery,
    DeliveryKind,
    Feed,
    FeedState,
    InboxItem,
    Incoming,
    Message,
    Report,
    Sent,
    Story,
    Subscription,
    Undeliverable,
)
from bot.poll.guard import host_of
from bot.poll.schedule import SHORTEST_WAIT, after_failure, after_success
from bot.ports import Archive, Chat, Fetcher, NotModified, Parser, People

log = logging.getLogger(__name__)
T = TypeVar("T")

DIGEST_REACH = timedelta(hours=48)
DIGEST_STORIES = 200
ARCHIVE_CHANGED = (
    "The news archive is not the one that I read last, so I start at its end: nothing older is alerted. "
    "See /latest for what it holds."
)
SORRY = "Sorry, that went wrong on my side, and it is noted in my log. /help shows what I understand."

AT_ONCE = 12
"""Feeds fetched at the same time: more only makes the chat side wait (measured: 87 at once stall it over 100 ms)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How the poll of one feed went."""

    url: str
    error: str = ""
    unchanged: bool = False
    entries: int = 0
    new: int = 0
    events: int = 0


@dataclass(kw_only=True)
class Pipeline:
    """The stages, and the sockets they are plugged into.

    *archive* and *people* are used in the event loop's thread; *ingest* has an archive of its own in *writer*.
    """

    feeds: Mapping[str, Feed]
    allow_private: frozenset[str]
    fetcher: Fetcher
    parser: Parser
    ingest: Ingest
    writer: Executor
    archive: Archive
    people: People
    chats: Mapping[str, Chat]
    commands: Commands
    catalog: Catalog
    now: Clock

    def __post_init__(self) -> None:
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    # -------------------------------------------------------------------------------------- poll
    def due(self) -> Sequence[FeedState]:
        """Return the feeds whose time has come and whose host is not being asked already."""
        return [s for s in self.archive.due_feeds(self.now()) if host_of(s.url) not in self._busy]

    def all_states(self) -> Sequence[FeedState]:
        """Return every feed, due or not."""
        known = (self.archive.feed_state(url) for url in self.feeds)
        return [state for state in known if state]

    async def poll(self, states: Iterable[FeedState]) -> Sequence[Polled]:
        """Poll feeds: hosts side by side, the feeds of one host one after another."""
        by_host: defaultdict[str, list[FeedState]] = defaultdict(list)
        for state in states:
            by_host[host_of(state.url)].append(state)
        rounds = await asyncio.gather(*(self._poll_host(host, group) for host, group in by_host.items()))
        return [polled for round_ in rounds for polled in round_]

    async def _poll_host(self, host: str, states: Sequence[FeedState]) -> Sequence[Polled]:
        self._busy.add(host)
        try:
            return [await self._poll_feed(self.feeds[state.url], state) for state in states]
        finally:
            self._busy.discard(host)

    async def _poll_feed(self, feed: Feed, state: FeedState) -> Polled:
        """Poll one feed; what goes wrong is its own affair and harms no other."""
        try:
            async with self._places:
                return await self._read(feed, state)
        except FeedError as error:
            log.warning("feed skipped: %s", error)
            after = after_failure(feed, state, self.now(), error, floor=self._floor(feed))
            await self._in_writer(self.ingest.note, after)
            return Polled(url=feed.url, error=error.message)
        except StoreError as error:
            log.exception("feed not stored, tried again later: %s", feed.url)
            return Polled(url=feed.url, error=str(error))

    async def _read(self, feed: Feed, state: FeedState) -> Polled:
        answer = await self.fetcher.fetch(feed, state)
        now = self.now()
        schedule = partial(after_success, feed, state, now, max_age=answer.max_age, floor=self._floor(feed))
        if isinstance(answer, NotModified):
            await self._in_writer(self.ingest.note, schedule())
            return Polled(url=feed.url, unchanged=True)
        entries = await self.parser.parse(answer, feed, now)
        after = schedule(etag=answer.etag, last_modified=answer.last_modified)
        taken = await self._in_writer(self.ingest.take, state, entries, after, now)
        return Polled(url=feed.url, entries=len(entries), new=taken.new, events=taken.events)

    def _floor(self, feed: Feed) -> timedelta:
        """Return the shortest time between two polls of *feed*; the operator's own hosts may be asked at will."""
        return timedelta(0) if host_of(feed.url) in self.allow_private else SHORTEST_WAIT

    async def _in_writer(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.writer, partial(work, *arguments))

    # -------------------------------------------------------------------------------------- alert
    def route(self) -> int:
        """Owe the alerts of all changes since the last call; return how many are new."""
        cursor = self._cursor()
        changes = self.archive.changes_after(cursor.change_id)
        if not changes:
            return 0
        subscriptions, muted = self.people.subscriptions(), self.people.muted_stories()
        owed: list[Delivery] = []
        for change in changes:
            story = self.archive.story(change.story_id)
            if story:
                reports = self.archive.reports(story.id)
                owed += route(change, story, reports, subscriptions, muted, self.catalog, self.now())
        with self.people.transaction():
            new = self.people.enqueue(owed)
            self.people.move_cursor(cursor._replace(change_id=changes[-1].id))
        return new

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
        for subscription in due:
            message = digest(
                subscription, self._told_of(subscription, now), self.archive.coverage(now), self.catalog, now
            )
            with self.people.transaction():
                self.people.enqueue([_owed_digest(subscription, message, now)])
                self.people.save_subscription(
                    replace(subscription, last_digest_at=now, next_digest_at=next_digest(subscription, now))
                )
        return len(due)

    def _told_of(self, subscription: Subscription, now: datetime) -> Sequence[tuple[Story, Sequence[Report]]]:
        """Return the stories with a report since the last digest, or of the last two days before the first one."""
        since = max(subscription.last_digest_at or now - DIGEST_REACH, now - DIGEST_REACH)
        stories = self.archive.stories(
            since=since, conflicts=subscription.conflicts, types=subscription.types, limit=DIGEST_STORIES
        )
        return [(story, self.archive.reports(story.id)) for story in stories]

    # -------------------------------------------------------------------------------------- chat
    async def answer(self, network: str) -> int:
        """Apply what people said and owe the replies, each in one transaction; return how many were answered."""
        items = self.people.unanswered(network)
        for item in items:
            incoming = self._answer_one(item)
            if incoming and incoming.callback_id:
                await self.chats[network].acknowledge(incoming)
        return len(items)

    def _answer_one(self, item: InboxItem) -> Incoming | None:
        now = self.now()
        incoming: Incoming | None = None
        try:
            with self.people.transaction():
                incoming = self.chats[item.network].read(item)
                if incoming:
                    replies = self.commands.answer(incoming, now)
                    self.people.enqueue([_owed_reply(item, n, incoming, r, now) for n, r in enumerate(replies)])
                self.people.done(item, now)
        except StoreError:
            raise
        except Exception:
            log.exception("a message could not be answered")
            self._apologise(item, incoming, now)
        return incoming

    def _apologise(self, item: InboxItem, incoming: Incoming | None, now: datetime) -> None:
        """Our own mistake: set the update aside after some tries, and say so to the person once."""
        with self.people.transaction():
            self.people.failed(item, "could not be answered")
            if incoming:
                self.people.enqueue([_owed_reply(item, -1, incoming, Reply(message=Message(html=SORRY)), now)])

    async def deliver(self) -> int:
        """Send what is due, as the pace allows; return how many were tried."""
        claimed = self.people.claim(self.now())
        await asyncio.gather(*(self._send(delivery) for delivery in claimed))
        return len(claimed)

    async def _send(self, delivery: Delivery) -> None:
        result = await self.chats[delivery.chat.network].send(delivery)
        now = self.now()
        with self.people.transaction():
            self.people.settle(delivery.after(result, now), now)
            if isinstance(result, Undeliverable) and result.gone:
                self.people.pause(delivery.chat, result.reason, now)
        if not isinstance(result, Sent):
            log.warning("delivery not sent: %s %s", delivery.kind, getattr(result, "reason", "chat moved"))

    def tell_owner(self, key: str, html: str) -> None:
        """Owe the owner, if there is one, a notice; the same *key* is told once."""
        owner = self.people.owner()
        if owner:
            now = self.now()
            self.people.enqueue(
                [
                    Delivery(
                        dedupe_key=f"notice:{key}",
                        chat=owner,
                        kind=DeliveryKind.NOTICE,
                        message=Message(html=html, silent=True),
                        next_attempt_at=now,
                        created_at=now,
                    )
                ]
            )


def _owed_digest(subscription: Subscription, message: Message, now: datetime) -> Delivery:
    return Delivery(
        dedupe_key=f"digest:{subscription.next_digest_at}:{'/'.join(subscription.chat)}",
        chat=subscription.chat,
        kind=DeliveryKind.DIGEST,
        message=message,
        next_attempt_at=now,
        created_at=now,
    )


def _owed_reply(item: InboxItem, number: int, incoming: Incoming, reply: Reply, now: datetime) -> Delivery:
    return Delivery(
        dedupe_key=f"reply:{item.network}:{item.update_id}:{number}",
        chat=incoming.chat,
        kind=DeliveryKind.REPLY,
        message=reply.message,
        edits=reply.edits,
        next_attempt_at=now,
        created_at=now,
    )
