"""R12: a second copy of the bot, on the same data and on another host with a copy of it."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.drills.figures import Figures
from tests.drills.stage import OWNER, STARTS_WITHIN_S, Stage, Told, quiet_port
from tests.fake_telegram import TOKEN
from tests.process import Running, until, write_config

READERS = 6
REFUSAL_MOST_S = 2.0
SAYS_SO = "second copy"


@dataclass(frozen=True, kw_only=True)
class Copies(Figures):
    """What came of it. *asks* are the calls of getUpdates by both copies, after the first answer 409."""

    refused: bool
    refusal_s: float
    owner_told: bool
    asks: int
    seconds: float
    told: Told

    def measured(self) -> str:
        return (
            f"same data: {'refused' if self.refused else 'NOT refused'} in {self.refusal_s:.1f} s; other host: "
            f"the owner is {'told' if self.owner_told else 'NOT told'}, {self.asks} polls in {self.seconds:.0f} s, "
            f"{self.told.due} alerts due, {self.told.lost} lost, {self.told.repeats} repeats, "
            f"{self.told.unmarked} of them unmarked"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            "the second copy on the same data was not refused": not self.refused,
            "the owner was not told that there is another": not self.owner_told,
            "the two fight for updates instead of backing off": self.asks > 4 + self.seconds / 5,
            "an alert was lost": self.told.lost,
            "the loser told an alert that the other had told": self.told.repeats,
        }

    def late(self) -> Mapping[str, object]:
        return {"the refusal took too long": self.refusal_s > REFUSAL_MOST_S}


async def copies(headlines: int, seed: int, *, apart_s: float = 0) -> Copies:
    """Start a second copy beside a bot that has run for *apart_s* seconds, then publish headlines as far apart."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        other = stage.folder / "other-host"
        shutil.copytree(stage.folder / "data", other / "data")
        write_config(other, port=quiet_port(), more=stage.news.tables())
        async with stage.bot() as first:
            await stage.has_started(first)
            await asyncio.sleep(apart_s)
            refused, refusal_s = await _start_on_same_data(stage)
            async with stage.bot(other) as second:
                await _until_they_meet(first, second)
                began = time.monotonic()
                stage.telegram.calls.clear()
                for _ in range(headlines):
                    stage.news.publish()
                    await until(lambda: not stage.told().lost, "the newest headline", second, seconds=60)
                    await asyncio.sleep(apart_s)
                await stage.falls_silent()
                asks, seconds = stage.telegram.count("getUpdates"), time.monotonic() - began
                await second.stop()
            await first.stop()
        return Copies(
            refused=refused,
            refusal_s=refusal_s,
            owner_told=any(message.chat == OWNER for message in stage.telegram.accepted),
            asks=asks,
            seconds=seconds,
            told=stage.told(),
            secrets=stage.secrets_told(),
        )


async def _until_they_meet(first: Running, second: Running) -> None:
    """Wait until either says that there is another: the one that is driven out by the other's first poll."""
    word = SAYS_SO.encode()
    try:
        await until(lambda: word in first.log + second.log, "a word of the other copy", second, seconds=STARTS_WITHIN_S)
    except AssertionError as error:
        raise AssertionError(f"{error}; and the first one's: {first.log.decode()[-3000:]}") from None


async def _start_on_same_data(stage: Stage) -> tuple[bool, float]:
    """Return whether the second copy gave way, and how long that took."""
    began = time.monotonic()
    done = await stage.parley("run", PARLEY_TELEGRAM_TOKEN=TOKEN, PARLEY_TELEGRAM_API_URL=stage.telegram.url)
    return done.returncode == 2 and b"another Parley" in done.stderr, time.monotonic() - began
