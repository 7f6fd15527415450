"""R16: the token in whatever the bot writes, and chat ids in its logs, while everything that can go wrong does."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.drills.figures import Figures
from tests.drills.stage import Stage
from tests.fake_telegram import TOKEN, FaultKind
from tests.process import free_port, running, until

READERS = 3
ENDLESS = (FaultKind.HANG, FaultKind.HANG_AFTER, FaultKind.DRIP_AFTER)
TROUBLES = [
    *(("sendMessage", kind) for kind in FaultKind if kind not in ENDLESS),
    *(("getMe", kind) for kind in (FaultKind.ERROR, FaultKind.RESET_BEFORE)),
    *(("getUpdates", kind) for kind in (FaultKind.HTML_502, FaultKind.RESET_AFTER)),
    ("setMyCommands", FaultKind.ERROR),
]
"""The methods that are called, and what becomes of one call each."""
STRANGE_TOKEN = TOKEN[:-1] + "3"


@dataclass(frozen=True, kw_only=True)
class Secrets(Figures):
    """How often a secret was found, and in how much."""

    searched: int
    troubles: int

    def measured(self) -> str:
        found = f"{self.secrets} times in {self.searched / 1e6:.1f} MB of databases and output"
        return f"{found}, after {self.troubles} troubles"

    def broken(self) -> Mapping[str, object]:
        return {"nothing was searched": not self.searched}


async def secrets(seed: int) -> Secrets:
    """Let every call meet every fault; then let the token be unknown, Telegram be away, and the config be wrong."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        for method, kind in TROUBLES:
            stage.telegram.fault(kind, method=method, times=1)
        async with stage.bot() as bot:
            stage.news.publish(3)
            await until(lambda: stage.told().lost == 0, "the alerts", bot, seconds=60)
            bot.process.kill()
        await _run_in_vain(stage)
        return Secrets(
            secrets=stage.secrets_told() + stage.said.count(STRANGE_TOKEN.encode()),
            searched=stage.searched(),
            troubles=len(TROUBLES) + 4,
        )


async def _run_in_vain(stage: Stage) -> None:
    url = stage.telegram.url
    for token, where in (
        (STRANGE_TOKEN, url),
        (TOKEN, "http://127.0.0.1:1"),
        (TOKEN, f"http://127.0.0.1:{free_port()}"),
    ):
        await stage.parley("check", PARLEY_TELEGRAM_TOKEN=token, PARLEY_TELEGRAM_API_URL=where)
    (stage.folder / "config.toml").write_text(f'[telegram]\ntoken = "{TOKEN}"\n', "utf-8")
    async with running(stage.folder, url) as bot:
        await bot.process.wait()
    stage.said += bot.output + bot.log
