"""Tasks that must not die: a crashed one is started again, and a process that keeps crashing gives up loudly."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from bot.errors import BotError

log = logging.getLogger(__name__)

CRASHES = 5
WITHIN_SECONDS = 600.0


class GaveUpError(BotError):
    """A task crashed again and again; the process must be started anew (exit 70)."""


async def supervise(tasks: Mapping[str, Callable[[], Awaitable[None]]], *, first_wait: float = 1.0) -> None:
    """Run *tasks* until cancelled, each started again after a crash with growing pauses.

    Raise GaveUpError when one has crashed 5 times within 10 minutes.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for name, work in tasks.items():
                group.create_task(_kept_alive(name, work, first_wait), name=name)
    except* GaveUpError as gave_up:
        first = gave_up.exceptions[0]
    else:
        return
    raise first


async def _kept_alive(name: str, work: Callable[[], Awaitable[None]], first_wait: float) -> None:
    crashes: deque[float] = deque(maxlen=CRASHES)
    while True:
        try:
            await work()
        except Exception as error:  # a scheduled job: nothing it does may end the others
            crashes.append(monotonic())
            log.exception("task %s crashed", name)
            if len(crashes) == CRASHES and crashes[-1] - crashes[0] < WITHIN_SECONDS:
                raise GaveUpError(f"{name} crashed {CRASHES} times within 10 minutes, last with: {error}") from error
            await asyncio.sleep(first_wait * 2 ** (len(crashes) - 1))
        else:
            return
