"""Work in a process of its own, and what it cost there."""

import resource
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from time import process_time
from typing import TypeVar

T = TypeVar("T")
ROUNDS = 3
_ENOUGH = 2.0
"""Seconds of a round after which a slow one ends early."""
_CLOCK_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some work cost: *build* seconds once, then *each* microseconds an item (CPU); *memory* in MB at most."""

    build: float
    each: float
    memory: float


def cost(build: Callable[[], Callable[[T], object]], items: Iterable[T]) -> Cost:
    """Build a worker and give it *items*, several rounds; the best counts."""
    items = list(items)
    start = process_time()
    work = build()
    built = process_time() - start
    return Cost(build=built, each=min(_round(work, items) for _ in range(ROUNDS)) * 1e6, memory=peak_memory())


def _round(work: Callable[[T], object], items: list[T]) -> float:
    """Return the seconds that an item takes."""
    start, done = process_time(), 0
    for done, item in enumerate(items, 1):
        work(item)
        if done % _CLOCK_EVERY == 0 and process_time() - start > _ENOUGH:
            break
    return (process_time() - start) / max(done, 1)


def peak_memory() -> float:
    """Return the most memory that this process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def alone(function: Callable[..., T], *given: object, without: str = "") -> T:
    """Return what *function* returns in a new process, so that memory and caches are its own.

    There the module *without* cannot be imported: one that developers have, and that others load if they find it.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), _do_without, (without,)) as pool:
        return pool.submit(function, *given).result()


def _do_without(module: str) -> None:
    sys.modules.update({module: None} if module else {})  # type: ignore[dict-item]
