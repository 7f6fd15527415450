"""A tick: what feeds bring that are polled at one time is taken in together, so that their order changes nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

B = TypeVar("B")
T = TypeVar("T")

PATIENCE = timedelta(seconds=5)
"""How long what a feed brought waits for feeds that are still being read."""


class Tick(Generic[B, T]):
    """So many *feeds* are polled; *take_in* is given what they brought, and returns what became of each, or its error.

    It is called when none of them is being read any more, and some seconds after the first brought something.
    """

    def __init__(
        self,
        feeds: int,
        take_in: Callable[[Sequence[B]], Coroutine[Any, Any, Sequence[T | BaseException]]],
        patience: timedelta,
    ) -> None:
        self._unread = feeds
        self._take_in = take_in
        self._patience = patience
        self._waiting: list[tuple[B, asyncio.Future[T]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[Sequence[T | BaseException]]] = set()

    def read(self) -> None:
        """Note that a feed was read, or will not be."""
        self._unread -= 1
        if self._unread <= 0:
            self._take()

    def bring(self, brought: B) -> "asyncio.Future[T]":
        """Note that a feed was read, and let *brought* be taken in; return what will become of it."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        self._waiting.append((brought, outcome))
        self._timer = self._timer or loop.call_later(self._patience.total_seconds(), self._take)
        self.read()
        return outcome

    def cancel(self) -> Sequence[B]:
        """Take in nothing more; return what waited for it."""
        if self._timer:
            self._timer.cancel()
        for task in self._under_way:
            task.cancel()
        return [brought for brought, _ in self._waiting]

    def _take(self) -> None:
        if self._timer:
            self._timer.cancel()
        batch, self._waiting, self._timer = self._waiting, [], None
        if batch:
            self._under_way.add(task := asyncio.create_task(self._take_in([brought for brought, _ in batch])))
            task.add_done_callback(partial(self._settle, [outcome for _, outcome in batch]))

    def _settle(
        self, outcomes: "Sequence[asyncio.Future[T]]", task: "asyncio.Task[Sequence[T | BaseException]]"
    ) -> None:
        self._under_way.discard(task)
        failed = None if task.cancelled() else task.exception()
        for index, outcome in enumerate(outcomes):
            if outcome.done():
                continue
            if task.cancelled():
                outcome.cancel()
            elif isinstance(found := failed or task.result()[index], BaseException):
                outcome.set_exception(found)
            else:
                outcome.set_result(found)
