"""Poll: feeds are fetched, parsed and taken in, hosts side by side, the feeds of one host one after another."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from bot.errors import FeedError, ParseError, StoreError
from bot.ingest import Brought, Ingest, Taken
from bot.model import Clock, Feed, FeedState
from bot.ops.health import Beats
from bot.poll.discover import feed_links, is_page
from bot.poll.guard import host_of
from bot.poll.raw import body_hash
from bot.poll.schedule import SHORTEST_WAIT, after_failure, after_success
from bot.poll.timetable import timetable
from bot.ports import Archive, Fetched, Fetcher, NotModified, Parsed, Parser
from bot.stages.tick import PATIENCE, Tick

log = logging.getLogger(__name__)
T = TypeVar("T")

READ_DEADLINE = timedelta(seconds=90)
"""No fetch and no parse takes so long, for they have deadlines of their own; what does, hangs."""
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=5)
"""How long no feed is asked after the archive could not keep what one brought."""

CUT_OFF = 3
"""When so many hosts in a row cannot be reached at all, it is our own line that is down."""

AT_ONCE = 12
"""Feeds fetched at the same time: more only makes the chat side wait (measured: 87 at once stall it over 100 ms)."""

AT_A_TIME = 200
"""Feeds that one tick takes up, and hosts that are busy, at most; what else is due waits in the archive: to take up
thousands, and to look through them again every second, stalls the chat side too (measured: 5,000, for 0.23 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How the poll of one feed went."""

    url: str
    error: str = ""
    unchanged: bool = False
    entries: int = 0
    new: int = 0
    events: int = 0
    republished: int = 0
    refused: StoreError | None = None


_Found = Brought | FeedState
"""What a feed brought, or only its state if it has not changed."""
_Tick = Tick[_Found, Polled]


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
    patience: timedelta = PATIENCE

    def __post_init__(self) -> None:
        self._busy: set[str] = set()
        self._spared: dict[str, datetime] = {}
        self._unreached: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._rest = timedelta(0)
        self._rests_until = datetime.min.replace(tzinfo=UTC)

    def due(self) -> Sequence[FeedState]:
        """Return the feeds whose time has come and whose host is not being asked already, nor spared for a while.

        None for a while after the archive refused: what cannot be kept would be asked for again every second.
        """
        now = self.now()
        if now < self._rests_until or len(self._busy) >= AT_A_TIME:
            return []
        kept_out = self._busy | {host for host, until in self._spared.items() if now < until}
        due = (url for url, address in self.archive.due_feeds(now) if host_of(address) not in kept_out)
        return [state for url in islice(due, AT_A_TIME) if (state := self.archive.feed_state(url))]

    def all_states(self) -> Sequence[FeedState]:
        """Return every enabled feed, due or not."""
        known = (self.archive.feed_state(feed.url) for feed in self.feeds.values() if feed.enabled)
        return [state for state in known if state]

    async def poll(self, states: Iterable[FeedState]) -> Sequence[Polled]:
        """Poll feeds: hosts side by side, the feeds of one host one after another."""
        by_host: defaultdict[str, list[FeedState]] = defaultdict(list)
        for state in states:
            by_host[_host(state)].append(state)
        tick = _Tick(sum(map(len, by_host.values())), self._take_in, self.patience)
        try:
            rounds = await asyncio.gather(*(self._begin(host, group, tick) for host, group in by_host.items()))
        except asyncio.CancelledError:
            with suppress(RuntimeError):  # the writer is closed already
                # Who has answered is not asked again when we are back in a moment.
                self.writer.submit(self.ingest.unchanged, _unchanged(tick.cancel()))
            raise
        return [polled for round_ in rounds for polled in round_]

    def _begin(self, host: str, states: Sequence[FeedState], tick: _Tick) -> "asyncio.Task[Sequence[Polled]]":
        """Poll the feeds of *host*, which is busy from this moment, and free again whatever becomes of it."""
        self._busy.add(host)
        task = asyncio.create_task(self._poll_host(states, tick))
        task.add_done_callback(partial(self._end, host))
        return task

    def _end(self, host: str, task: "asyncio.Task[Sequence[Polled]]") -> None:
        """Free *host*; after an error of our own, which put off none of its feeds, do not ask it every second."""
        self._busy.discard(host)
        self._spared.pop(host, None)
        if not task.cancelled() and task.exception():
            self._spared[host] = self.now() + SHORTEST_WAIT

    async def _poll_host(self, states: Sequence[FeedState], tick: _Tick) -> Sequence[Polled]:
        read = [await self._poll_feed(state, tick) for state in states]
        return [await each for each in read if each]

    async def _poll_feed(self, state: FeedState, tick: _Tick) -> "asyncio.Future[Polled] | None":
        """Read one feed, and return what will become of it; what goes wrong is its own affair and harms no other.

        None if the feed was taken out meanwhile.
        """
        feed = self.feeds.get(state.url)
        if feed is None:
            tick.read()
            return None
        async with self._places:
            with self.beats.working("read"):
                try:
                    found = await self._read_in_time(feed, state)
                except StoreError as error:
                    found = self._refused(state.url, error)
        if not isinstance(found, Polled):
            return tick.bring(found)
        tick.read()
        if not found.refused:
            self._rest = timedelta(0)
        polled: asyncio.Future[Polled] = asyncio.get_running_loop().create_future()
        polled.set_result(found)
        return polled

    def _refused(self, url: str, error: StoreError) -> Polled:
        self._rest_after(error)
        self.beats.beat("read")
        return Polled(url=url, error=str(error), refused=error)

    async def _take_in(self, found: Sequence[_Found]) -> Sequence[Polled | BaseException]:
        """Keep what feeds brought, all of it or nothing; where an error of our own is the reason, each by itself."""
        with self.beats.working("read"):
            (kept,) = await asyncio.gather(self._in_writer(self._keep, found), return_exceptions=True)
            if isinstance(kept, StoreError):
                return [self._refused(_url(each), kept) for each in found]
            if isinstance(kept, BaseException):
                singly = [await self._take_in([each]) for each in found] if found[1:] else [[kept]]
                return [polled for (polled,) in singly]
            self.beats.beat("read")
        self._rest = timedelta(0)
        return [_polled(each, kept) for each in found]

    def _keep(self, found: Sequence[_Found]) -> Mapping[str, Taken]:
        """Keep what feeds brought, and the states of the others; return what was taken in of each that brought it."""
        self.ingest.unchanged(_unchanged(found))
        brought = [each for each in found if isinstance(each, Brought)]
        taken = self.ingest.take_all(brought) if brought else ()
        return {each.state.url: one for each, one in zip(brought, taken, strict=True)}

    async def _read_in_time(self, feed: Feed, state: FeedState) -> Polled | _Found:
        try:
            async with asyncio.timeout(self.read_deadline.total_seconds()):
                return await self._read(feed, state)
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
        self._note_reached(state, reached=not error.unreached)
        cut_off = error.ours or len(self._unreached) >= CUT_OFF
        after = after_failure(feed, state, self.now(), error, cut_off=cut_off, floor=self._floor(feed))
        if after.stopped_at:
            log.error("feed stopped: %s: %s", feed.url, after.last_error)
        await self._in_writer(self.ingest.note, after)
        return Polled(url=feed.url, error=error.message)

    def _note_reached(self, state: FeedState, *, reached: bool) -> None:
        """Remember which hosts could not be reached since the last that could."""
        if reached:
            self._unreached.clear()
        else:
            self._unreached.add(_host(state))

    def _rest_after(self, error: StoreError) -> None:
        """Ask no feed for a while, longer each time."""
        now = self.now()
        if now >= self._rests_until:
            self._rest = min(max(2 * self._rest, self.first_rest), LONGEST_REST)
            self._rests_until = now + self._rest
            log.error("what feeds bring cannot be stored, tried again in %d s: %s", self._rest.total_seconds(), error)

    async def _read(self, feed: Feed, state: FeedState) -> _Found:
        answer = await self.fetcher.fetch(feed, state)
        self._note_reached(state, reached=True)
        now = self.now()
        schedule = partial(
            after_success,
            feed,
            state,
            now,
            max_age=answer.max_age,
            moved_to=answer.moved_to,
            floor=self._floor(feed),
        )
        if isinstance(answer, NotModified):
            return schedule()
        schedule = partial(schedule, etag=answer.etag, last_modified=answer.last_modified)
        if (hash := body_hash(answer.body)) == state.body_hash:
            return schedule()
        parsed = await self._parsed(answer, feed, state, now)
        schedule = partial(schedule, body_hash=hash, item_hashes=parsed.hashes, timetable=timetable(answer.body))
        return Brought(state, parsed, lambda new: schedule(new=new), now)

    async def _parsed(self, answer: Fetched, feed: Feed, state: FeedState, now: datetime) -> Parsed:
        """Return what is new; raise ParseError if it is no feed, which names the feed of a page that names one."""
        try:
            return await self.parser.parse(answer, feed, now, state.item_hashes)
        except ParseError as error:
            if is_page(answer.body, answer.content_type):
                # In a thread: of a page full of links they take a third of a second.
                links = await asyncio.to_thread(feed_links, answer.body, answer.url or feed.url, answer.content_type)
                instead = f"; it names one: {links[0].url}" if links else ""
                raise ParseError(feed.url, f"this is a web page, not a feed{instead}") from error
            raise

    def _floor(self, feed: Feed) -> timedelta:
        """Return the shortest time between two polls of *feed*; the operator's own hosts may be asked at will."""
        return timedelta(0) if host_of(feed.url) in self.allow_private else SHORTEST_WAIT

    async def _in_writer(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.writer, partial(work, *arguments))


def _unchanged(found: Iterable[_Found]) -> Sequence[FeedState]:
    return [each for each in found if isinstance(each, FeedState)]


def _url(found: _Found) -> str:
    return found.url if isinstance(found, FeedState) else found.state.url


def _polled(found: _Found, taken: Mapping[str, Taken]) -> Polled:
    url = _url(found)
    if isinstance(found, FeedState):
        return Polled(url=url, unchanged=True)
    one = taken[url]
    if one.republished:
        log.warning("feed published old entries again, nobody is alerted of them: %s (%d)", url, one.republished)
    return Polled(
        url=url,
        entries=found.parsed.offered,
        new=one.new,
        events=one.events,
        republished=one.republished,
    )


def _host(state: FeedState) -> str:
    """Return the host that is asked for the feed."""
    return host_of(state.new_address or state.url)
