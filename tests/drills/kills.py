"""R1, R2 and R22: kill -9 at random instants of poll, route and deliver, while news comes, is confirmed, taken back."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.drills.figures import Figures
from tests.drills.stage import Stage, Told
from tests.fake_telegram import Fault, FaultKind

READERS = 12
FAULTY = 0.07
"""The chance of each of the five faults: together they spoil 30 % of the sends."""
MANY = 1_000_000
LAST_EDITS_S = 10


@dataclass(frozen=True, kw_only=True)
class Kills(Figures):
    """What came of so many kills. *taken_and_spoilt* are sends that Telegram took and then denied an answer.

    *edits* are those that Telegram was asked for while the bot was killed again and again.
    """

    kills: int
    told: Told
    in_flight: int
    taken_and_spoilt: int
    sends: int
    edits: int
    spoilt: int
    dead: int
    unsound: int
    unbalanced: int

    def measured(self) -> str:
        faults = f", {self.spoilt / self.sends:.0%} of {self.sends} sends faulty" if self.spoilt else ""
        return (
            f"{self.kills} kills ({self.in_flight} amid a send){faults}: {self.told}; {self.edits} edits under fire; "
            f"{self.dead} dead letters, {self.unsound} unsound, {self.unbalanced} unbalanced books"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            **self.told.broken(),
            "something was given up": self.dead,
            "more repeats than sends in doubt": self.told.repeats > self.in_flight + self.taken_and_spoilt,
            "a database was damaged": self.unsound,
            "sent + waiting + dead is not what was due (R22)": self.unbalanced,
        }


async def kills(count: int, seed: int, *, faulty: bool = False) -> Kills:
    """Kill the bot *count* times, then let it finish."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        faults = _spoil(stage) if faulty else []
        sends = edits = 0
        for number in range(count):
            await _kill_once(stage, amid_start=number % 10 == 9, amid_edits=number % 5 == 3)
            edits += stage.telegram.count("editMessageText")
            sends += stage.telegram.count("sendMessage") + stage.telegram.count("editMessageText")
        struck = [(fault, MANY - (fault.times or 0)) for fault in faults]
        stage.telegram.clear_faults()
        await stage.drain()
        books = stage.books()
        return Kills(
            kills=count,
            told=stage.told(),
            in_flight=stage.kills_in_flight,
            taken_and_spoilt=sum(
                times
                for fault, times in struck
                if fault.kind is FaultKind.RESET_AFTER and fault.method == "sendMessage"
            ),
            sends=sends,
            edits=edits,
            spoilt=sum(times for _, times in struck),
            dead=books.dead,
            unsound=stage.unsound + (not books.sound),
            unbalanced=stage.unbalanced + (not books.balanced),
            secrets=stage.secrets_told(),
        )


async def _kill_once(stage: Stage, *, amid_start: bool, amid_edits: bool) -> None:
    async with stage.bot() as bot:
        if amid_start:
            await asyncio.sleep(stage.dice.uniform(0, 1))
        else:
            await stage.has_started(bot)
            await asyncio.sleep(stage.dice.uniform(0, 0.5))
        stage.news_goes_on()
        if amid_edits:  # they leave last, so by chance alone hardly any would be under way
            with suppress(TimeoutError):
                await asyncio.wait_for(stage.telegram.hears("editMessageText"), LAST_EDITS_S)
        await asyncio.sleep(stage.dice.uniform(0, 1))
        # What is in flight at every other kill never reaches Telegram; else it always would.
        hang = stage.telegram.fault("hang", method="*", times=None if stage.dice.random() < 0.5 else 0)
        await asyncio.sleep(0.1)
        await stage.kill(bot)
        hang.times = 0


def _spoil(stage: Stage) -> list[Fault]:
    """Let 30 % of the sends and edits fail, before Telegram takes the message or after."""
    flood = {"code": 429, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}}
    spoilt = []
    for method in ("sendMessage", "editMessageText"):
        usual = {"method": method, "chance": FAULTY, "times": MANY}
        spoilt += [
            stage.telegram.fault("error", **usual),
            stage.telegram.fault("html_502", **usual),
            stage.telegram.fault("reset_before", **usual),
            stage.telegram.fault("reset_after", **usual),
            stage.telegram.fault("error", **usual, **flood),
        ]
    return spoilt
