"""R16: the token in whatever the bot writes, and chat ids in its logs, while everything that can go wrong does."""

from dataclasses import dataclass

from tests.drills.stage import Stage
from tests.fake_telegram import TOKEN, FaultKind
from tests.process import free_port, parley, running, until

READERS = 3
TROUBLES = [kind for kind in FaultKind if kind not in (FaultKind.HANG, FaultKind.HANG_AFTER, FaultKind.DRIP_AFTER)]
METHODS = ("getMe", "getUpdates", "sendMessage", "setMyCommands")
STRANGE_TOKEN = TOKEN[:-1] + "3"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """How often a secret was found, and in how much."""

    secrets: int
    searched: int
    troubles: int

    def measured(self) -> str:
        return f"{self.secrets} times in {self.searched / 1e6:.1f} MB of databases and output, after {self.troubles} troubles"

    def missed(self) -> list[str]:
        promises = {"a token or a chat id was told": self.secrets, "nothing was searched": not self.searched}
        return [promise for promise, broken in promises.items() if broken]


async def secrets(seed: int) -> Secrets:
    """Let every call meet every fault; then let the token be unknown, Telegram be away, and the config be wrong."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        for kind in TROUBLES:
            for method in METHODS:
                stage.telegram.fault(kind, method=method, times=1)
        async with stage.bot() as bot:
            stage.news.publish(3)
            await until(lambda: stage.told().lost == 0, "the alerts", bot, seconds=60)
            bot.process.kill()
        await _run_in_vain(stage)
        return Secrets(
            secrets=stage.secrets_told() + stage.said.count(STRANGE_TOKEN.encode()),
            searched=stage.searched(),
            troubles=len(TROUBLES) * len(METHODS) + 3,
        )


async def _run_in_vain(stage: Stage) -> None:
    url = stage.telegram.url
    for token, where in ((STRANGE_TOKEN, url), (TOKEN, "http://127.0.0.1:1"), (TOKEN, f"http://127.0.0.1:{free_port()}")):
        done = parley(stage.folder, "check", PARLEY_TELEGRAM_TOKEN=token, PARLEY_TELEGRAM_API_URL=where)
        stage.said += done.stdout + done.stderr
    (stage.folder / "config.toml").write_text(f'[telegram]\ntoken = "{TOKEN}"\n', "utf-8")
    async with running(stage.folder, url) as bot:
        await bot.process.wait()
    stage.said += bot.output + bot.log
