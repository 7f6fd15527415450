"""A real `parley` process for tests: started with its own folder, feeds and Telegram, and always ended."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fake_telegram import TOKEN

PARLEY = (sys.executable, "-m", "bot")


def environment(folder: Path, **given: str) -> dict[str, str]:
    """Return an environment in which nothing but *folder* and what is *given* belongs to Parley."""
    ours = {"PARLEY_CONFIG": str(folder / "config.toml"), "PARLEY_DATA": str(folder / "data")}
    return {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")} | ours | given


def parley(folder: Path, *arguments: str, stdin: bytes = b"", **given: str) -> subprocess.CompletedProcess[bytes]:
    """Run `parley` to its end."""
    return subprocess.run(
        [*PARLEY, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(folder, **given),
        timeout=120,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, *feeds: str, port: int = 0, more: str = "") -> None:
    """Write a config.toml that polls *feeds* of this machine every second."""
    tables = "".join(f'[[feeds]]\nurl = "{url}"\nevery = "1 s"\n' for url in feeds)
    (folder / "config.toml").write_text(
        f'{more}\n[polling]\nallow_private = ["127.0.0.1"]\n[health]\nport = {port or free_port()}\n{tables}', "utf-8"
    )


@dataclass
class Running:
    """A `parley run` that runs."""

    process: asyncio.subprocess.Process
    output: bytearray
    log: bytearray

    async def prints(self, words: str) -> str:
        """Wait until it has printed *words*; return all that it printed."""
        await until(lambda: words.encode() in self.output, f"printing {words!r}", self)
        return self.output.decode()

    async def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            return await self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        return [json.loads(line) for line in self.log.decode().splitlines() if line.startswith("{")]


@asynccontextmanager
async def running(folder: Path, api_url: str, **given: str) -> AsyncIterator[Running]:
    """Start `parley run`; kill it at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *PARLEY,
        "run",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(folder, **{"PARLEY_TELEGRAM_TOKEN": TOKEN, "PARLEY_TELEGRAM_API_URL": api_url} | given),
    )
    assert process.stdout
    assert process.stderr
    bot = Running(process, bytearray(), bytearray())
    readers = [
        asyncio.create_task(_collect(process.stdout, bot.output)),
        asyncio.create_task(_collect(process.stderr, bot.log)),
    ]
    try:
        yield bot
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.gather(*readers)


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while chunk := await stream.read(65536):
        into += chunk


async def until(holds: Callable[[], object], what: str, bot: Running | None = None, *, seconds: float = 20) -> None:
    """Wait until *holds()*; fail with *what* was waited for, and what the bot logged."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                assert not bot or bot.process.returncode is None, f"it ended while {what}: {bot.log.decode()[-3000:]}"
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}; log: {bot.log.decode()[-3000:] if bot else ''}") from None
