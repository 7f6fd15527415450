"""Poll: feeds are fetched, parsed and taken in, hosts side by side, the feeds of one host one after another."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from bot.errors import FeedError, StoreError
from bot.ingest import Ingest
from bot.model import (
    Clock,
    Feed,
    FeedState,
)
from bot.ops.health import Beats
from bot.poll.guard import host_of
from bot.poll.schedule import SHORTEST_WAIT, after_failure, after_success
from bot.ports import Archive, Fetcher, NotModified, Parser

log = logging.getLogger(__name__)
T = TypeVar("T")

READ_DEADLINE = timedelta(seconds=90)
"""No fetch and no parse takes so long, for they have deadlines of their own; what does, hangs."""
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=5)
"""How long no feed is asked after the archive could not keep what one brought."""

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


@dataclass(kw_only=True)
class Polling:
    """Reads feeds; what goes wrong with one harms no other. Feeds that are read beat as "read".

    *archive* is read in the event loop's thread; *ingest* has an archive of its own in *writer*.
    """

    feeds: Mapping[str, Feed]
    allow_private: frozenset[str]
    fetcher: Fetcher
    parser: Parser
    ingest: Ingest
    writer: Executor
    archive: Archive
    now: Clock
    beats: Beats
    read_deadline: timedelta = READ_DEADLINE
    first_rest: timedelta = FIRST_REST

    def __post_init__(self) -> None:
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._rest = timedelta(0)
        self._rests_until = datetime.min.replace(tzinfo=UTC)

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
