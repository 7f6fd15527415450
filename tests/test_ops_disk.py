"""The real process on a disk that takes nothing more: the owner hears of it, nothing is lost, it goes on by itself."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

import pytest

from bot.ops.health import healthy
from tests.fake_telegram import FakeTelegram
from tests.feed_server import Answer, FeedServer
from tests.process import Running, free_port, parley, running, until, write_config

READER = 501_888_777
OLD = "Russia and Ukraine accuse each other of violating three-day truce"
NEW = "Russia and Ukraine agree 30-day ceasefire, Turkey says"


class Fill(Protocol):
    """Makes the disk under *data* full for *bot*, for the length of the block."""

    def __call__(self, data: Path, bot: Running) -> AbstractContextManager[None]: ...


@contextmanager
def filled_to_the_brim(data: Path, bot: Running) -> Iterator[None]:
    filler = data / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    yield
    filler.unlink()


@contextmanager
def allowed_no_larger_file(data: Path, bot: Running) -> Iterator[None]:
    before = resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a disk of 6 MB; skip the test where we may not."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield
    finally:
        unmount = ["umount", "-l", str(folder)]
        subprocess.run(unmount, check=True)


@pytest.fixture(params=[filled_to_the_brim, allowed_no_larger_file])
def fill(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fill]:
    if request.param is filled_to_the_brim:
        with small_disk(tmp_path / "data"):
            yield request.param
    else:
        yield request.param


def rss(*titles: str) -> Answer:
    at = format_datetime(datetime.now(UTC) - timedelta(minutes=10))
    items = "".join(
        f"<item><title>{escape(title)}</title><guid>{title}</guid><link>https://news.example.org/{n}</link>"
        f"<description>{'words ' * 500}</description><pubDate>{at}</pubDate></item>"
        for n, title in enumerate(titles)
    )
    return Answer(body=f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode())


def told(telegram: FakeTelegram, words: str) -> list[str]:
    room = telegram.rooms.get(READER)
    return [m["text"] for m in room.messages.values() if words in m["text"] and m["from"]["is_bot"]] if room else []


@pytest.mark.long
async def test_a_full_disk_is_told_and_survived(tmp_path: Path, fill: Fill) -> None:
    port = free_port()
    with FeedServer() as feeds:
        write_config(tmp_path, feeds.serve("/rss", rss(OLD)), port=port, more="[backup]\nkeep = 0")
        async with FakeTelegram() as telegram, running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
            telegram.say(READER, "/follow everything")
            await until(lambda: told(telegram, "everything"), "the subscription", bot)
            await until(lambda: feeds.paths().count("/rss") > 1, "the baseline", bot)
            with fill(tmp_path / "data", bot):
                # Many long entries: what they need does not fit into pages that are there already.
                feeds.serve("/rss", rss(OLD, NEW, *(f"Wheat prices fall on day {day}" for day in range(150))))
                await until(lambda: told(telegram, "cannot store anything"), "the notice", bot, seconds=60)
                ready, _ = healthy(port, "readyz")
                alive, _ = healthy(port)
                telegram.say(READER, "/latest")
            await until(lambda: told(telegram, f"{NEW}"), "the alert", bot, seconds=60)
            await until(lambda: told(telegram, "store everything again"), "the all-clear", bot)
            code = await bot.stop()

    assert not ready
    assert alive
    assert code == 0
    assert len(told(telegram, "cannot store anything")) == 1
    alerts = [text for text in told(telegram, NEW) if text.startswith("🟡")]
    assert len(alerts) == 1
    assert "possible repeat" not in alerts[0]
    assert b"Traceback" not in bot.log
    assert b"FAIL outbox" not in parley(tmp_path, "doctor").stderr


@pytest.mark.slow
async def test_a_stop_leaves_no_log_behind_and_a_new_start_finds_all(tmp_path: Path) -> None:
    with FeedServer() as feeds:
        write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
        async with FakeTelegram() as telegram, running(tmp_path, telegram.url) as bot:
            await until(lambda: feeds.paths().count("/rss") > 1, "the baseline", bot)
            code = await bot.stop()

    assert code == 0
    assert sorted(file.name for file in (tmp_path / "data").glob("*.db*")) == ["archive.db", "people.db"]
