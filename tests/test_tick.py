"""What feeds bring at one time is taken in together; what goes wrong with one harms no other."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.stages.tick import Tick

LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=20)


class Taker:
    """Takes numbers in: a number becomes its double, one below zero an error."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, batch: Sequence[int]) -> Sequence[int | BaseException]:
        self.batches.append(list(batch))
        await self.gate.wait()
        return [2 * number if number >= 0 else ValueError(number) for number in batch]


async def test_all_that_was_brought_is_taken_in_once_the_last_was_read() -> None:
    taker = Taker()
    tick = Tick[int, int](3, taker.take, LONG)

    first = tick.bring(1)
    tick.read()
    await asyncio.sleep(0)
    before = list(taker.batches)
    second = tick.bring(2)

    assert [await first, await second] == [2, 4]
    assert (before, taker.batches) == ([], [[1, 2]])


async def test_who_is_read_slowly_holds_up_nobody_for_long() -> None:
    taker = Taker()
    tick = Tick[int, int](2, taker.take, SHORT)

    assert await tick.bring(1) == 2

    assert await tick.bring(5) == 10
    assert taker.batches == [[1], [5]]


async def test_a_tick_that_brings_nothing_takes_nothing_in() -> None:
    taker = Taker()
    tick = Tick[int, int](2, taker.take, SHORT)

    tick.read()
    tick.read()
    await asyncio.sleep(0)

    assert taker.batches == []


async def test_an_error_reaches_the_one_whose_it_is() -> None:
    tick = Tick[int, int](2, Taker().take, LONG)

    good, bad = tick.bring(1), tick.bring(-1)

    assert await good == 2
    with pytest.raises(ValueError, match="-1"):
        await bad


async def test_a_tick_that_is_cancelled_takes_in_nothing_more() -> None:
    taker = Taker()
    taker.gate.clear()
    tick = Tick[int, int](3, taker.take, SHORT)
    under_way = tick.bring(1)
    await asyncio.sleep(2 * SHORT.total_seconds())
    waiting = tick.bring(2)

    left = tick.cancel()

    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert (taker.batches, left) == ([[1]], [2])
    assert not waiting.done()
