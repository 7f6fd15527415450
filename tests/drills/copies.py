"""R12: a second copy of the bot, on the same data and on another host with a copy of it."""

import shutil
import time
from dataclasses import dataclass

from tests.drills.stage import Stage, Told, quiet_port
from tests.fake_telegram import TOKEN
from tests.process import parley, until, write_config

READERS = 6
REFUSAL_MOST_S = 2.0
SAYS_SO = "second copy"


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What came of it. *asks* are the calls of getUpdates by both copies, after the first answer 409."""

    refused: bool
    refusal_s: float
    said_so: bool
    asks: int
    seconds: float
    told: Told
    secrets: int

    def measured(self) -> str:
        return (
            f"same data: {'refused' if self.refused else 'NOT refused'} in {self.refusal_s:.1f} s; other host: "
            f"{'says so' if self.said_so else 'says nothing'}, {self.asks} polls in {self.seconds:.0f} s, "
            f"{self.told.due} alerts due, {self.told.lost} lost, {self.told.repeats} repeats, "
            f"{self.told.unmarked} of them unmarked"
        )

    def missed(self) -> list[str]:
        promises = {
            "the second copy on the same data was not refused": not self.refused,
            "the refusal took too long": self.refusal_s > REFUSAL_MOST_S,
            "the loser does not say that there is another": not self.said_so,
            "the two fight for updates instead of backing off": self.asks > 4 + self.seconds / 5,
            "an alert was lost": self.told.lost,
            "the loser told an alert that the other had told": self.told.repeats,
        }
        return [promise for promise, broken in promises.items() if broken]


async def copies(headlines: int, seed: int) -> Copies:
    """Start a second copy beside a bot that runs, then publish so many headlines."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        other = stage.folder / "other-host"
        shutil.copytree(stage.folder / "data", other / "data")
        write_config(other, stage.news.address, port=quiet_port(stage.dice))
        async with stage.bot() as first:
            await stage.has_started(first)
            refused, refusal_s = _start_on_same_data(stage)
            async with stage.bot(other) as second:
                await until(lambda: SAYS_SO.encode() in first.log + second.log, "a word of the other copy", first)
                began = time.monotonic()
                stage.telegram.calls.clear()
                for number in range(1, headlines + 1):
                    stage.news.publish()
                    await until(lambda: _all_told(stage, number), f"headline {number}", second)
                await stage.falls_silent()
                asks, seconds = stage.telegram.count("getUpdates"), time.monotonic() - began
                await second.stop()
            await first.stop()
        return Copies(
            refused=refused,
            refusal_s=refusal_s,
            said_so=True,
            asks=asks,
            seconds=seconds,
            told=stage.told(),
            secrets=stage.secrets_told(),
        )


def _all_told(stage: Stage, number: int) -> bool:
    return stage.told().lost == 0 and number in stage.news.numbers


def _start_on_same_data(stage: Stage) -> tuple[bool, float]:
    """Return whether the second copy gave way, and how long that took."""
    began = time.monotonic()
    done = parley(stage.folder, "run", PARLEY_TELEGRAM_TOKEN=TOKEN, PARLEY_TELEGRAM_API_URL=stage.telegram.url)
    stage.said += done.stdout + done.stderr
    return done.returncode == 2 and b"another Parley" in done.stderr, time.monotonic() - began
