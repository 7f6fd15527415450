"""Tasks that must not die: one that crashed or hangs starts again; a process that cannot be helped gives up loudly."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import monotonic

from bot.errors import BotError, ConfigError
from bot.ops.health import Beats

log = logging.getLogger(__name__)

CRASHES = 5
WITHIN_SECONDS = 600.0
LONGEST_LOOK_S = 1.0
GRACE_S = 10.0
"""How long a task that hangs may take to end once it is cancelled."""

Work = Callable[[], Awaitable[None]]


class GaveUpError(BotError):
    """A task crashed or hung again and again; the process must be started anew (exit 70)."""


class HungError(BotError):
    """A task did not beat for too long."""


async def supervise(
    tasks: Mapping[str, Work],
    beats: Beats | None = None,
    *,
    first_wait: float = 1.0,
    grace_s: float = GRACE_S,
) -> None:
    """Run *tasks* until cancelled, each started again with growing pauses after a crash or when its beat is late.

    Raise GaveUpError when one has failed 5 times within 10 minutes, or hangs and cannot even be cancelled. Pass on the
    ConfigError of a task: trying again mends no mistake of the operator's.
    """
    beats = beats or Beats({})
    look_s = min([LONGEST_LOOK_S, *(limit.total_seconds() / 4 for limit in beats.limits.values())])
    try:
        async with asyncio.TaskGroup() as group:
            for name, work in tasks.items():
                attempt = partial(_until_late, name, work, beats, look_s, grace_s)
                group.create_task(_kept_alive(name, attempt, first_wait), name=name)
    except* (GaveUpError, ConfigError) as ended:
        first = ended.exceptions[0]
    else:
        return
    raise first


async def _kept_alive(name: str, work: Work, first_wait: float) -> None:
    crashes: deque[float] = deque(maxlen=CRASHES)
    while True:
        try:
            await work()
        except (GaveUpError, ConfigError):
            raise
        except Exception as error:  # a scheduled job: nothing it does may end the others
            crashes.append(monotonic())
            log.exception("task %s failed and is started again", name)
            if len(crashes) == CRASHES and crashes[-1] - crashes[0] < WITHIN_SECONDS:
                raise GaveUpError(f"{name} crashed {CRASHES} times within 10 minutes, last with: {error}") from error
            await asyncio.sleep(first_wait * 2 ** (len(crashes) - 1))
        else:
            return


async def _until_late(name: str, work: Work, beats: Beats, look_s: float, grace_s: float) -> None:
    """Run *work*; raise HungError if its beat gets late, and GaveUpError if it then does not end either."""
    if name in beats.limits:
        beats.beat(name)
    task = asyncio.ensure_future(work())
    try:
        while not (await asyncio.wait({task}, timeout=look_s))[0]:
            if name in beats.late():
                await _end(name, task, grace_s)
                raise HungError(f"{name} has not moved for {beats.ages()[name]:.0f} seconds")
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=grace_s)


async def _end(name: str, task: "asyncio.Future[None]", grace_s: float) -> None:
    task.cancel()
    _, running = await asyncio.wait({task}, timeout=grace_s)
    if running:
        raise GaveUpError(f"{name} hangs and cannot be ended")
