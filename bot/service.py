"""What a running Parley does all day: four tasks, each of which beats while it gets on.

listen   getUpdates -> inbox             answer   inbox -> commands -> outbox
poll     ticks: the due feeds, digests,  deliver  change log -> outbox -> chats
         upkeep, changed rules and feeds
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from inspect import isawaitable
from typing import NamedTuple, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.errors import StoreError
from bot.model import InboxItem
from bot.ops.refusals import Refusals
from bot.ops.rival import Rival
from bot.ops.supervise import supervise
from bot.ops.upkeep import Upkeep
from bot.pipeline import Pipeline
from bot.ports import Inlet, SecondCopyError, UnreachableError
from bot.stages.poll import Polled

log = logging.getLogger(__name__)
T = TypeVar("T")

POLL_TICK = timedelta(seconds=1)
DIGEST_TICK = timedelta(seconds=20)
UPKEEP_TICK = timedelta(minutes=1)
RULES_TICK = timedelta(seconds=4)
FEEDS_TICK = timedelta(seconds=1)
IDLE = timedelta(milliseconds=100)
"""How long an empty outbox rests: what an alert waits at most before its first attempt."""
LONG_POLL = timedelta(seconds=30)
PATIENCE = timedelta(seconds=50)
"""How long one question to the network may take in all."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)
REFUSED_PAUSE = timedelta(seconds=5)
"""After a database refused; it may be a full disk, which somebody has to clear."""
LAST_SENDS = timedelta(seconds=7)
"""How long a stop waits for messages that are on their way: Docker kills after 10 seconds unless told otherwise."""
SECOND_COPY = (
    "Another program is receiving this bot's messages, so commands may go astray. "
    "If a second copy of me runs somewhere, stop one of the two: while both run, one holds its alerts back."
)
REPUBLISHED = "The feed {title} has published {count} entries at once that look old. They are stored, not told."
GREETING, STOPPING = "greeting", "stopping"
"""What can keep us from being ready."""
LIMITS = {name: timedelta(seconds=60) for name in ("poll", "deliver", "answer", "listen", "loop")}
"""How old a task's last beat may be before /healthz turns red and the task is started again."""
WORKS = {"read": timedelta(seconds=60)}
"""How long feeds may be read without one of them being finished."""
LAST_LIMITS = {"loop": timedelta(minutes=2), "read": timedelta(minutes=5)}
"""After how long a standstill the process ends: of these two there is nothing that it could start again itself."""


class Job(NamedTuple):
    """*work* that is begun *every* so often; *most* is how many runs of it may be under way at once."""

    name: str
    work: Callable[[], object]
    every: timedelta
    most: int = 1


class Service:
    """Keeps a pipeline going for one chat network until it is told to stop; *watches* are jobs beside its own."""

    def __init__(
        self,
        pipeline: Pipeline,
        inlet: Inlet,
        *,
        greet: Callable[[], Awaitable[None]],
        upkeep: Upkeep,
        watches: Sequence[Job] = (),
        rival: Rival | None = None,
        last_sends: timedelta = LAST_SENDS,
        refused_pause: timedelta = REFUSED_PAUSE,
    ) -> None:
        self._pipeline = pipeline
        self._inlet = inlet
        self._beats = beats = pipeline.beats
        self._greet = greet
        self._upkeep = upkeep
        self._watches = watches
        self._last_sends = last_sends
        self._refused_pause = refused_pause
        self._rival = rival or Rival()
        self._arrived = asyncio.Event()
        self._refusals = Refusals(
            beats, tell=pipeline.tell_owner, tell_at_once=pipeline.tell_owner_at_once, now=pipeline.now
        )
        self._told_of_rival_on = ""
        beats.missing.add(GREETING)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop*; raise GaveUpError if a task keeps failing.

        At the stop no new work is begun, sends under way are waited for, and what is left is owed on disk.
        """
        tasks = asyncio.create_task(
            supervise(
                {
                    "poll": self._tick,
                    "listen": self._listen,
                    "answer": self._answer,
                    "deliver": self._deliver,
                    "loop": self._turn,
                },
                self._beats,
            )
        )
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop(stopping, tasks)

    async def _stop(self, *tasks: "asyncio.Task[object]") -> None:
        self._beats.missing.add(STOPPING)
        for task in tasks:
            task.cancel()
        try:
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
        finally:
            await self._pipeline.finish(self._last_sends)

    # -- ticks
    async def _tick(self) -> None:
        scheduler = self._scheduler()
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    def _scheduler(self) -> AsyncIOScheduler:
        """Return what begins the jobs. Polls overlap: one that waits for a slow host must not hold up the others."""
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
        jobs = (
            Job("poll", self._poll, POLL_TICK, most=200),
            Job("digests", self._pipeline.digests, DIGEST_TICK),
            Job("reminders", self._pipeline.remind, DIGEST_TICK),
            Job("upkeep", self._upkeep.look, UPKEEP_TICK),
            Job("orders", self._pipeline.look_at_feeds, FEEDS_TICK),
            Job("trouble", self._pipeline.tell_feed_trouble, UPKEEP_TICK),
            *self._watches,
        )
        for job in jobs:
            scheduler.add_job(
                _guarded,
                "interval",
                args=(job,),
                id=job.name,
                seconds=job.every.total_seconds(),
                next_run_time=datetime.now(UTC),
                max_instances=job.most,
            )
        return scheduler

    async def _poll(self) -> None:
        due = self._pipeline.due()
        self._beats.beat("poll")
        if not due:
            return
        polled = await self._pipeline.poll(due)
        if refused := next((one.refused for one in polled if one.refused), None):
            await self._refusals.refused("poll", refused)
        else:
            self._refusals.accepted("poll")
        for one in polled:
            self._tell_of_republished(one)

    def _tell_of_republished(self, polled: Polled) -> None:
        """Tell the owner, once a day for each feed, for it might have been news."""
        if polled.republished:
            title = escape(self._pipeline.feeds[polled.url].title or polled.url)
            day = f"{self._pipeline.now():%Y-%m-%d}"
            html = REPUBLISHED.format(title=title, count=polled.republished)
            self._pipeline.tell_owner(f"republished {day} {polled.url}", html)

    async def _turn(self) -> None:
        """Show that the event loop turns."""
        while True:
            self._beats.beat("loop")
            await asyncio.sleep(1)

    # -- tasks
    async def _listen(self) -> None:
        """Store what people say before it is confirmed to the network.

        No offset is sent at first: the network then repeats what was not confirmed, and the inbox knows what it has.
        """
        if GREETING in self._beats.missing:
            await self._when_reachable(self._greet)
            self._beats.missing.discard(GREETING)
        offset: int | None = None
        while True:
            items = await self._when_reachable(partial(self._inlet.receive, offset, LONG_POLL))
            self._beats.beat("listen")
            if items:
                await self._when_stored("listen", partial(self._receive, items))
                offset = max(item.update_id for item in items) + 1
                self._arrived.set()

    async def _receive(self, items: Sequence[InboxItem]) -> None:
        people = self._pipeline.people
        with people.transaction():
            people.receive(items, self._pipeline.now())

    async def _answer(self) -> None:
        while True:
            self._arrived.clear()
            if not await self._when_stored("answer", partial(self._pipeline.answer, self._inlet.network)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), timeout=5)

    async def _deliver(self) -> None:
        await self._pipeline.finish(self._last_sends)  # of the sender that crashed or hung before this one
        in_doubt = await self._when_stored("deliver", self._pipeline.recover)
        if in_doubt:
            log.warning("messages whose fate is in doubt are sent again, marked: %d", in_doubt)
        while True:
            if not await self._when_stored("deliver", self._send_due):
                await asyncio.sleep(IDLE.total_seconds())

    async def _send_due(self) -> int:
        self._pipeline.route()
        if self._rival.may_send:
            self._pipeline.people.doubt()
        if self._rival.silences_us:
            return 0
        self._rival.gone()
        return await self._pipeline.deliver()

    # -- the network and the disk may be away for a while
    async def _when_reachable(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the network's answer, asking again with growing pauses while it does not give one."""
        failures = 0
        while True:
            try:
                return await _in_time(ask)
            except SecondCopyError as error:
                log.warning("another program receives this bot's messages; is a second copy running? %s", error)
                wait = max(self._rival.met(), error.after or timedelta(0))
                await self._tell_of_rival()
            except UnreachableError as error:
                log.warning("the chat network cannot be reached, trying again: %s", error)
                wait = error.after or min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE)
            failures += 1
            await self._rest("listen", wait)

    async def _tell_of_rival(self) -> None:
        """Tell the owner, once a day; past the outbox if that is held back."""
        today = f"{self._pipeline.now():%Y-%m-%d}"
        if self._told_of_rival_on == today:
            return
        self._told_of_rival_on = today
        with suppress(StoreError):
            if self._rival.goes_on:
                await self._pipeline.tell_owner_at_once(SECOND_COPY)
            else:
                self._pipeline.tell_owner(f"second copy {today}", SECOND_COPY)

    async def _when_stored(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Return what *work* returns, trying again while a database refuses; beat all the while."""
        while True:
            try:
                done = await work()
                self._refusals.accepted(name)
            except StoreError as error:
                await self._refusals.refused(name, error)
                await self._rest(name, self._refused_pause)
            else:
                self._beats.beat(name)
                return done

    async def _rest(self, name: str, wait: timedelta) -> None:
        """Rest, and be alive: it is the network or the disk that is not there."""
        while wait > timedelta(0):
            self._beats.beat(name)
            await asyncio.sleep(min(wait, LONGEST_PAUSE).total_seconds())
            wait -= LONGEST_PAUSE
        self._beats.beat(name)


async def _in_time(ask: Callable[[], Awaitable[T]]) -> T:
    """Return the network's answer; raise UnreachableError if there is none in time."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await ask()
    except TimeoutError as error:
        raise UnreachableError("no answer in time") from error


async def _guarded(job: Job) -> None:
    """Do the work of *job*; whatever it raises is logged, and the next tick tries again."""
    try:
        done = job.work()
        if isawaitable(done):
            await done
    except asyncio.CancelledError:
        log.debug("tick %s cut short by the stop", job.name)  # the scheduler would call it an error
    except StoreError as error:
        log.warning("tick %s put off: %s", job.name, error)
    except Exception:
        log.exception("tick %s failed", job.name)
