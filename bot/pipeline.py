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
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from bot.alert.digest import digest, next_digest
from bot.alert.route import route
from bot.catalog import Catalog
from bot.chat.commands import Commands, Reply
from bot.errors import FeedError, StoreError
from bot.ingest import Ingest
from bot.model import (
    Broadcast,
    ChatId,
    Clock,
    Cursor,
    Delivery,
    DeliveryKind,
    Feed,
    FeedState,
    InboxItem,
    Incoming,
    LoggedChange,
    Message,
    Report,
    SendResult,
    Sent,
    Story,
    Subscription,
    Undeliverable,
)
from bot.ops.health import Beats
from bot.poll.guard import host_of
from bot.poll.schedule import SHORTEST_WAIT, after_failure, after_success
from bot.ports import RESTORED_AT, Archive, Chat, Fetcher, NotModified, Parser, People

log = logging.getLogger(__name__)
T = TypeVar("T")

DIGEST_REACH = timedelta(hours=48)
DIGEST_STORIES = 200
ARCHIVE_CHANGED = (
    "The news archive is not the one that I read last, so I start at its end: nothing older is alerted. "
    "See /latest for what it holds."
)
SORRY = "Sorry, that went wrong on my side, and it is noted in my log. /help shows what I understand."

READ_DEADLINE = timedelta(seconds=90)
"""No fetch and no parse takes so long, for they have deadlines of their own; what does, hangs."""
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=5)
"""How long no feed is asked after the archive could not keep what one brought."""

SLICE = 5_000
"""Chats that an alert is owed to in one go; everything else waits meanwhile (measured: some 40 ms)."""
SOON = timedelta(milliseconds=200)
"""A delivery waits so long for its slot rather than for the next call."""

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
    refused: StoreError | None = None


class _Plan(NamedTuple):
    """Alerts still to be owed, and how far the change log is read when they are."""

    broadcasts: Sequence[Broadcast]
    until: Cursor


@dataclass(kw_only=True)
class Pipeline:
    """The stages, and the sockets they are plugged into.

    *archive* and *people* are used in the event loop's thread; *ingest* has an archive of its own in *writer*.
    Feeds that are read beat as "read".
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
    beats: Beats = field(default_factory=lambda: Beats({}))
    read_deadline: timedelta = READ_DEADLINE
    first_rest: timedelta = FIRST_REST

    def __post_init__(self) -> None:
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._rest = timedelta(0)
        self._rests_until = datetime.min.replace(tzinfo=UTC)
        self._plan: _Plan | None = None
        self._sends: set[asyncio.Task[None]] = set()
        self._fates: list[tuple[Delivery, SendResult, datetime]] = []

    # -------------------------------------------------------------------------------------- poll
    def due(self) -> Sequence[FeedState]:
        """Return the feeds whose time has come and whose host is not being asked already.

        None for a while after the archive refused: what cannot be kept would be asked for again every second.
        """
        now = self.now()
        if now < self._rests_until:
            return []
        return [s for s in self.archive.due_feeds(now) if host_of(s.url) not in self._busy]

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
        async with self._places:
            with self.beats.working("read"):
                try:
                    polled = await self._read_in_time(feed, state)
                except StoreError as error:
                    self._rest_after(error)
                    self.beats.beat("read")
                    return Polled(url=feed.url, error=str(error), refused=error)
        self._rest = timedelta(0)
        return polled

    async def _read_in_time(self, feed: Feed, state: FeedState) -> Polled:
        try:
            async with asyncio.timeout(self.read_deadline.total_seconds()):
                polled = await self._read(feed, state)
        except TimeoutError:
            # No beat: if nothing else comes to an end either, it is not the feed that is ill.
            hung = FeedError(feed.url, f"reading it took more than {self.read_deadline.total_seconds():g} seconds")
            return await self._put_off(feed, state, hung)
        except FeedError as error:
            polled = await self._put_off(feed, state, error)
        self.beats.beat("read")
        return polled

    async def _put_off(self, feed: Feed, state: FeedState, error: FeedError) -> Polled:
        log.warning("feed skipped: %s", error)
        after = after_failure(feed, state, self.now(), error, floor=self._floor(feed))
        await self._in_writer(self.ingest.note, after)
        return Polled(url=feed.url, error=error.message)

    def _rest_after(self, error: StoreError) -> None:
        """Ask no feed for a while, longer each time."""
        now = self.now()
        if now >= self._rests_until:
            self._rest = min(max(2 * self._rest, self.first_rest), LONGEST_REST)
            self._rests_until = now + self._rest
            log.error("what feeds bring cannot be stored, tried again in %d s: %s", self._rest.total_seconds(), error)

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

    # -------------------------------------------------------------------------------------- chat
    async def answer(self, network: str) -> int:
        """Apply what people said and owe the replies, each in one transaction; return how many were answered."""
        items = self.people.unanswered(network)
        applied = [self._answer_one(item) for item in items]
        pressed = [incoming for incoming in applied if incoming and incoming.callback_id]
        await asyncio.gather(*(self.chats[network].acknowledge(incoming) for incoming in pressed))
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
        """Send what is due, as the pace allows, until a send ends; return how many did, 0 if nothing is due.

        With a backlog several are under way at once, and the others go on when this returns.
        """
        self._record_fates()
        began = True
        while True:
            rested, began = not began, self._begin_due()
            lanes, due_at = self.people.queue(self.now())
            wait = (due_at - self.now()).total_seconds() if due_at else None
            if self._sends:
                # Not gather: when we are cancelled, what is on its way must arrive and be recorded all the same.
                until = wait if len(self._sends) < lanes else None
                ended, _ = await asyncio.wait(self._sends, timeout=until, return_when=asyncio.FIRST_COMPLETED)
                for send in ended:
                    send.result()
                if ended:
                    return len(ended)
            elif rested or wait is None or wait > SOON.total_seconds():
                return 0
            else:
                await asyncio.sleep(wait)

    def _begin_due(self) -> bool:
        """Begin what the pace and the lanes allow now; tell whether that is anything."""
        began = False
        while len(self._sends) < self.people.queue(self.now()).lanes:
            claimed = self.people.claim(self.now())
            if not claimed:
                break
            self._start(claimed[0])
            began = True
        return began

    async def finish(self, within: timedelta) -> None:
        """Let the sends under way come to their end; one that takes longer is dropped, and its fate stays in doubt."""
        if self._sends:
            await asyncio.wait(self._sends, timeout=within.total_seconds())
        if hung := list(self._sends):
            log.warning("messages that did not get away in time, to be sent again, marked: %d", len(hung))
            for send in hung:
                send.cancel()
            await asyncio.wait(hung, timeout=1)

    async def recover(self) -> int:
        """Owe again, marked, what was being sent when this or a former process stopped sending; return how many."""
        self._record_fates()
        return self.people.recover(self.now())

    def _start(self, delivery: Delivery) -> "asyncio.Task[None]":
        send = asyncio.create_task(self._send(delivery))
        self._sends.add(send)
        send.add_done_callback(self._sends.discard)
        return send

    async def _send(self, delivery: Delivery) -> None:
        result = await self.chats[delivery.chat.network].send(delivery)
        if not isinstance(result, Sent):
            log.warning("delivery not sent: %s %s", delivery.kind, getattr(result, "reason", "chat moved"))
        self._fates.append((delivery, result, self.now()))
        self._record_fates()

    def _record_fates(self) -> None:
        """Record what became of sends; a fate that the database refuses is kept, or what was sent would be repeated."""
        while self._fates:
            delivery, result, at = self._fates[0]
            with self.people.transaction():
                self.people.settle(delivery.after(result, at), at)
                if isinstance(result, Undeliverable) and result.gone:
                    self.people.pause(delivery.chat, result.reason, at)
            del self._fates[0]

    def tell_owner(self, key: str, html: str) -> None:
        """Owe the owner, if there is one, a notice; the same *key* is told once."""
        if owner := self.people.owner():
            self.people.enqueue([_owed_notice(key, owner, html, self.now())])

    async def tell_owner_at_once(self, html: str) -> None:
        """Tell the owner past the outbox, once and unrecorded: for when the outbox takes nothing."""
        owner = self.people.owner()
        if owner and owner.network in self.chats:
            await self.chats[owner.network].send(_owed_notice("at once", owner, html, self.now()))


def _published_before(at: datetime, change: LoggedChange, reports: Sequence[Report]) -> bool:
    """Tell whether the report behind *change* is older than *at*."""
    times = [report.entry.happened_at for report in reports if report.entry.key == change.entry_key]
    return any(time < at for time in times if time)


def _owed_notice(key: str, owner: ChatId, html: str, now: datetime) -> Delivery:
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
        next_attempt_at=now,
        created_at=now,
    )


def _owed_reply(item: InboxItem, number: int, incoming: Incoming, reply: Reply, now: datetime) -> Delivery:
    once = f"{incoming.chat.room}:{reply.once}" if reply.once else f"{item.update_id}:{number}"
    return Delivery(
        dedupe_key=f"reply:{item.network}:{once}",
        chat=incoming.chat,
        kind=reply.kind,
        message=reply.message,
        edits=reply.edits,
        next_attempt_at=now,
        created_at=now,
    )
