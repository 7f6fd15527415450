"""What a running Parley does all day: four tasks and two ticks, each of which beats while it gets on.

listen   getUpdates -> inbox             answer   inbox -> commands -> outbox
poll     every second: the due feeds     deliver  change log -> outbox -> chats
digests  every 20 seconds: the due ones
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.ops.health import Beats
from bot.ops.supervise import supervise
from bot.pipeline import Pipeline
from bot.ports import Inlet, SecondCopyError, UnreachableError

log = logging.getLogger(__name__)
T = TypeVar("T")

POLL_TICK = timedelta(seconds=1)
DIGEST_TICK = timedelta(seconds=20)
IDLE = timedelta(milliseconds=100)
"""How long an empty outbox rests: what an alert waits at most before its first attempt."""
LONG_POLL = timedelta(seconds=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)
SECOND_COPY = (
    "Another program is receiving this bot's messages, so commands may go astray. "
    "If a second copy of me runs somewhere, stop one of the two."
)
LIMITS = {
    "poll": timedelta(seconds=60),
    "deliver": timedelta(seconds=60),
    "answer": timedelta(seconds=60),
    "listen": timedelta(seconds=90),
}
"""How old a task's last beat may be; `listen` waits for Telegram up to its long poll and read timeout."""


class Service:
    """Keeps a pipeline going for one chat network until it is told to stop."""

    def __init__(self, pipeline: Pipeline, inlet: Inlet, beats: Beats, *, greet: Callable[[], Awaitable[None]]) -> None:
        self._pipeline = pipeline
        self._inlet = inlet
        self._beats = beats
        self._greet = greet
        self._arrived = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop*; raise GaveUpError (in a group) if a task keeps crashing.

        At the stop no new work is begun, sends under way are waited for, and what is left is owed on disk.
        """
        scheduler = self._scheduler()
        scheduler.start()
        tasks = asyncio.create_task(
            supervise({"listen": self._listen, "answer": self._answer, "deliver": self._deliver})
        )
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            scheduler.shutdown(wait=False)
            for task in (stopping, tasks):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await tasks

    def _scheduler(self) -> AsyncIOScheduler:
        """Two ticks. A poll that waits for a slow host must not keep the other hosts from theirs: ticks overlap."""
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
        for name, work, every, most in (
            ("poll", self._poll, POLL_TICK, 200),
            ("digests", self._digests, DIGEST_TICK, 1),
        ):
            scheduler.add_job(
                _guarded,
                "interval",
                args=(name, work),
                id=name,
                seconds=every.total_seconds(),
                next_run_time=datetime.now(UTC),
                max_instances=most,
            )
        return scheduler

    async def _poll(self) -> None:
        due = self._pipeline.due()
        self._beats.beat("poll")
        if due:
            await self._pipeline.poll(due)

    async def _digests(self) -> None:
        self._pipeline.digests()

    async def _listen(self) -> None:
        """Store what people say before it is confirmed to the network.

        No offset is sent at first: the network then repeats what was not confirmed, and the inbox knows what it has.
        """
        await self._when_reachable(self._greet)
        offset: int | None = None
        while True:
            items = await self._when_reachable(partial(self._inlet.receive, offset, LONG_POLL))
            self._beats.beat("listen")
            if items:
                people = self._pipeline.people
                with people.transaction():
                    people.receive(items, self._pipeline.now())
                offset = max(item.update_id for item in items) + 1
                self._arrived.set()

    async def _when_reachable(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the network's answer, asking again with growing pauses while it does not give one."""
        for failures in count():
            try:
                return await ask()
            except SecondCopyError as error:
                log.warning("another program receives this bot's messages; is a second copy running? %s", error)
                self._pipeline.tell_owner(f"second copy {self._pipeline.now():%Y-%m-%d}", SECOND_COPY)
                wait = error.after or LONGEST_PAUSE
            except UnreachableError as error:
                log.warning("the chat network cannot be reached, trying again: %s", error)
                wait = error.after or min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE)
            self._beats.beat("listen")  # alive and trying; it is the network that is not there
            await asyncio.sleep(wait.total_seconds())
        raise AssertionError

    async def _answer(self) -> None:
        while True:
            self._arrived.clear()
            answered = await self._pipeline.answer(self._inlet.network)
            self._beats.beat("answer")
            if not answered:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), timeout=5)

    async def _deliver(self) -> None:
        while True:
            self._pipeline.route()
            sent = await self._pipeline.deliver()
            self._beats.beat("deliver")
            if not sent:
                await asyncio.sleep(IDLE.total_seconds())


async def _guarded(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run a scheduled job; whatever it raises is logged, and the next tick tries again."""
    try:
        await work()
    except Exception:
        log.exception("tick %s failed", name)
