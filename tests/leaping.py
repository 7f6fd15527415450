"""An event loop whose time leaps: when everybody sleeps, it is at once as late as the first of them wants to wake."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class LeapingLoop(asyncio.SelectorEventLoop):
    """For simulations: no real network, no threads; hours pass in seconds, and always in the same order."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_LeapingSelector(self._leap))

    def time(self) -> float:
        return self.seconds

    def _leap(self, timeout: float) -> None:
        self.seconds += timeout


class _LeapingSelector(selectors.DefaultSelector):
    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits, and nothing will ever happen"
        self._leap(max(timeout, 0))
        return super().select(0)


def simulate(work: Callable[[Callable[[], datetime]], Coroutine[Any, Any, T]], start: datetime) -> T:
    """Return the result of *work*, which is given the loop's clock."""
    loop = LeapingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work(lambda: start + timedelta(seconds=loop.seconds)))
