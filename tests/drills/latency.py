"""R19: how soon an alert is there: from the moment the feed was fetched to the moment Telegram took the message."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tests.drills.figures import Figures
from tests.drills.news import number_of
from tests.drills.stage import FIRST_READER, Stage, percentile
from tests.process import until

CONFLICTS = (
    *("ukraine-russia", "gaza", "israel-hezbollah", "sudan", "thailand-cambodia"),
    *("india-pakistan", "drc-m23", "afghanistan-pakistan", "colombia", "armenia-azerbaijan"),
)
"""Those of `news.PARTIES`, in the same order."""
CHATS_EACH = 20
EVERY_S = 2.0
"""20 chats every 2 seconds: 10 sends a second."""
P95_MOST_S, P99_MOST_S = 2.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Latency(Figures):
    """How long so many alerts took, in seconds."""

    sends: int
    due: int
    p50: float
    p95: float
    p99: float

    def measured(self) -> str:
        return (
            f"{self.sends} of {self.due} alerts to {CHATS_EACH * len(CONFLICTS)} chats, fetched to accepted: "
            f"p50 {self.p50:.2f} s, p95 {self.p95:.2f} s, p99 {self.p99:.2f} s"
        )

    def broken(self) -> Mapping[str, object]:
        return {"an alert was lost or repeated": self.sends != self.due}

    def late(self) -> Mapping[str, object]:
        return {
            f"p95 is above {P95_MOST_S:.0f} s": self.p95 > P95_MOST_S,
            f"p99 is above {P99_MOST_S:.0f} s": self.p99 > P99_MOST_S,
        }


async def latency(headlines: int, seed: int) -> Latency:
    """Publish so many headlines, one every two seconds, each for 20 of 200 chats."""
    async with Stage.open(readers=0, seed=seed, latency=(0.02, 0.06)) as stage:
        for number, conflict in enumerate(CONFLICTS):
            first = FIRST_READER + number * CHATS_EACH
            stage.seat(*range(first, first + CHATS_EACH), conflicts=(conflict,))
        due = headlines * CHATS_EACH
        async with stage.bot() as bot:
            await stage.has_started(bot)
            for _ in range(headlines):
                stage.news.publish()
                await asyncio.sleep(EVERY_S)
            await until(lambda: len(stage.telegram.accepted) >= due, "the alerts", bot, seconds=30)
            await bot.stop()
        told = [(message.at, number_of(message.text)) for message in stage.telegram.accepted]
        waits = [at - stage.news.fetched_at(number) for at, number in told if number is not None]
        return Latency(
            sends=len(waits),
            due=due,
            p50=percentile(waits, 0.5),
            p95=percentile(waits, 0.95),
            p99=percentile(waits, 0.99),
            secrets=stage.secrets_told(),
        )
