"""How long somebody in a chat would have to wait: what keeps the event loop from whoever wants to work."""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

WORST, P99 = 0.1, 0.025
"""What is promised, in seconds."""
_BEAT = 0.005


class Wait(NamedTuple):
    """How late somebody was, in seconds, and for how much of it this thread could work and the machine had no time."""

    late: float
    queued: float


async def waits() -> Sequence[Wait]:
    """Return, when cancelled, the waits of somebody who wanted to work every 5 ms."""
    found = [Wait(0.0, 0.0)]
    with suppress(asyncio.CancelledError):
        while True:
            before, queued = time.monotonic(), _queued()
            await asyncio.sleep(_BEAT)
            found.append(Wait(time.monotonic() - before - _BEAT, _queued() - queued))
    return found


def _queued() -> float:
    """Return for how many seconds this thread has waited for a processor; 0 where the system does not count it."""
    with suppress(OSError):
        counts = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text("ascii")
        return int(counts.split()[1]) / 1e9
    return 0.0
