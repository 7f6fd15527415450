"""The last resort: a thread that ends the process when nothing inside the event loop can be helped any more."""

import faulthandler
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from bot.ops.health import Beats

log = logging.getLogger(__name__)

HUNG = 70
LOOK_S = 1.0


@contextmanager
def watched(
    beats: Beats,
    limits: Mapping[str, timedelta],
    *,
    look_s: float = LOOK_S,
    give_up: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """End the process with code 70 when one of the beats named in *limits* has stood still for so long.

    Everything owed is on disk, so the next start goes on where this process stopped.
    """
    done = threading.Event()

    def watch() -> None:
        # Looks are counted, not seconds: a process that was itself stopped for an hour has done nothing wrong.
        looks = dict.fromkeys(limits, 0)
        last = dict.fromkeys(limits, -1.0)
        while not done.wait(look_s):
            ages = beats.ages()
            for name, limit in limits.items():
                looks[name] = looks[name] + 1 if ages[name] > last[name] >= 0 else 0
                last[name] = ages[name]
                if looks[name] * look_s >= limit.total_seconds():
                    (give_up or _end)(name)
                    return

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _end(name: str) -> None:
    log.critical("%s hangs and cannot be helped; the process ends, so that it can be started anew", name)
    faulthandler.dump_traceback()
    os._exit(HUNG)
