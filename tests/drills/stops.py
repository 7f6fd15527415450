"""R5: SIGTERM at random instants of delivery, when idle, and while Telegram hangs."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.drills.figures import Figures
from tests.drills.stage import Stage, Told
from tests.process import Running

READERS = 12
IDLE_MOST_S, HUNG_MOST_S = 2.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Stops(Figures):
    """What came of so many SIGTERMs; the slowest exits in seconds. *in_doubt* are sends whose fate a stop left open."""

    stops: int
    told: Told
    in_doubt: int
    unclean: int
    busy_s: float
    idle_s: float
    hung_s: float

    def measured(self) -> str:
        return (
            f"{self.stops} SIGTERMs: {self.told}, {self.told.marked} marked; "
            f"slowest exit {self.idle_s:.1f} s idle, {self.busy_s:.1f} s amid delivery, "
            f"{self.hung_s:.1f} s with Telegram hung"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            **self.told.broken(),
            "an alert or a reply was repeated": self.told.repeats,
            "a stop left a send in doubt": self.in_doubt + self.told.marked,
            "the exit code was not 0": self.unclean,
        }

    def late(self) -> Mapping[str, object]:
        return {
            "the exit took too long when idle": self.idle_s > IDLE_MOST_S,
            "the exit took too long with Telegram hung": self.hung_s > HUNG_MOST_S,
        }


async def stops(count: int, seed: int, *, hung: int) -> Stops:
    """Stop the bot *count* times amid delivery, then *hung* times with sends and the long poll hanging."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        exits, in_doubt = list[tuple[int, float]](), 0
        for _ in range(count):
            exits.append(await _stop_amid_delivery(stage))
            in_doubt += stage.books().in_flight
        await stage.drain()
        told, idle = stage.told(), await _stop_idle(stage)
        hanging = [await _stop_hung(stage) for _ in range(hung)]
        return Stops(
            stops=count + 1 + hung,
            told=told,
            in_doubt=in_doubt,
            unclean=sum(code != 0 for code, _ in (*exits, idle, *hanging)),
            busy_s=max(seconds for _, seconds in exits),
            idle_s=idle[1],
            hung_s=max(seconds for _, seconds in hanging),
            secrets=stage.secrets_told(),
        )


async def _stop_amid_delivery(stage: Stage) -> tuple[int, float]:
    async with stage.bot() as bot:
        await stage.has_started(bot)
        stage.news_goes_on()
        await asyncio.sleep(stage.dice.uniform(0, 1.5))
        return await _timed(bot)


async def _stop_idle(stage: Stage) -> tuple[int, float]:
    async with stage.bot() as bot:
        await stage.telegram.hears("getUpdates")
        await asyncio.sleep(1)
        return await _timed(bot)


async def _stop_hung(stage: Stage) -> tuple[int, float]:
    for method in ("sendMessage", "getUpdates"):
        stage.telegram.fault("hang", method=method, times=None)
    try:
        async with stage.bot() as bot:
            stage.news.publish()
            await stage.telegram.hears("getUpdates")
            await stage.telegram.hears("sendMessage")
            return await _timed(bot)
    finally:
        stage.telegram.clear_faults()


async def _timed(bot: Running) -> tuple[int, float]:
    """Return the exit code, and how long the exit took."""
    began = time.monotonic()
    return await bot.stop(), time.monotonic() - began
