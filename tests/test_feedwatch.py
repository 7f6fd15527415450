"""Feeds that change while the bot runs: taken over from config.toml and from chat, and a bad file is told of once."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from bot.config import load_config
from bot.model import Feed, FeedChoice
from bot.ops.feedwatch import FeedWatch, stamp
from tests import make
from tests.fake_telegram import FakeTelegram
from tests.feed_server import FeedServer
from tests.process import parley, running, until, write_config
from tests.talk import NEW, OLD, READER, answered, pressed, rss, said_to

OTHER = READER + 1


class World:
    """A watched config.toml, what was chosen in chat, and what came of looking at both."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.toml"
        self.path.write_text('[[feeds]]\nurl = "https://a.example/rss"\n')
        self.choices: list[FeedChoice] = []
        self.adopted: list[Sequence[Feed]] = []
        self.told: dict[str, str] = {}
        self.watch = FeedWatch(
            path=self.path,
            used=stamp(self.path),
            listed=load_config(self.path).feeds,
            chosen=lambda: list(self.choices),
            adopt=self.adopted.append,
            tell=self._tell,
        )

    def _tell(self, key: str, words: str) -> None:
        self.told.setdefault(key, words)

    async def looks(self, times: int = 2) -> None:
        for _ in range(times):
            await self.watch.look()

    def write(self, text: str) -> None:
        before = self.path.stat().st_mtime_ns
        self.path.write_text(text)
        os.utime(self.path, ns=(0, before + 1_000_000))

    @property
    def urls(self) -> list[list[str]]:
        return [[feed.url for feed in feeds] for feeds in self.adopted]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_what_does_not_change_is_not_taken_over_again(world: World) -> None:
    await world.looks(3)
    world.write(world.path.read_text() + "# a word\n[digest]\nhours = []\n")
    await world.looks(3)

    assert world.adopted == []


async def test_a_changed_list_is_taken_over_once_it_rests(world: World) -> None:
    world.write('[[feeds]]\nurl = "https://b.example/rss"\n')
    await world.looks(1)
    early = list(world.adopted)
    await world.looks(3)

    assert early == []
    assert world.urls == [["https://b.example/rss"]]


async def test_a_choice_in_chat_is_taken_over_at_once(world: World) -> None:
    world.choices.append(FeedChoice(feed=make.feed(), added=True))
    await world.looks(3)

    assert world.urls == [["https://a.example/rss"]], "choices are merged by whoever adopts"


@pytest.mark.parametrize("how", ["mistake", "gone"])
async def test_a_bad_file_keeps_the_feeds_and_is_told_of_once(world: World, how: str) -> None:
    if how == "gone":
        world.path.unlink()
    else:
        world.write('[[feeds]]\nurl = "ftp://b.example/rss"\n')
    await world.looks(5)
    complaints = list(world.told.values())
    world.path.write_text('[[feeds]]\nurl = "https://b.example/rss"\n')
    await world.looks()

    assert len(complaints) == 1
    assert "I go on with the feeds as they were" in complaints[0]
    assert world.urls == [["https://b.example/rss"]]
    assert list(world.told.values())[-1] == "config.toml is right again, and its feeds are in use."


# ---------------------------------------------------------------------------------------------- the whole bot
@pytest.mark.slow
async def test_feeds_come_and_go_while_the_bot_runs(tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram) -> None:
    first, second, third = (feeds.serve(f"/{name}", rss(OLD, title=name)) for name in ("one", "two", "three"))
    write_config(tmp_path, first)
    more = f"[telegram]\nallow = [{OTHER}]\n"
    (tmp_path / "config.toml").write_text(more + (tmp_path / "config.toml").read_text())
    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await until(lambda: "/one" in feeds.paths(), "the first poll", bot)
        await answered(telegram, bot, READER, "/start")
        for label in ("Everything", "All news", "Done"):
            await pressed(telegram, bot, READER, label)

        telegram.say(READER, f"/feed add {second}")
        await until(lambda: any("Added: two" in text for text in said_to(telegram, READER)), "the answer", bot)
        await until(lambda: is_baselined(tmp_path, "two"), "the poll of what was added in chat", bot)
        feeds.serve("/two", rss(OLD, NEW, title="two"))
        with_sql(tmp_path, "UPDATE feeds SET next_check_at = '2000-01-01T00:00:00.000000Z' WHERE url LIKE '%two'")
        await until(lambda: any(NEW in text for text in said_to(telegram, READER)), "its alert", bot)

        await answered(telegram, bot, OTHER, f"/suggest {third}")
        await until(lambda: third in said_to(telegram, READER)[-1], "the suggestion", bot)
        suggestion = said_to(telegram, READER)[-1]
        off = await answered(telegram, bot, READER, "/feed off 1")
        added = await asyncio.to_thread(parley, tmp_path, "feeds", "add", third)
        await until(lambda: feeds.paths().count("/three") >= 2, "the poll of what was added by command", bot)
        asked = feeds.paths().count("/one")
        await asyncio.sleep(3)

        assert str(OTHER) not in suggestion
        assert "is asked no more" in off
        assert added.returncode == 0
        assert feeds.paths().count("/one") == asked, "a feed that is off is not asked"
        assert await bot.stop() == 0


def with_sql(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "data" / "archive.db", timeout=10)) as database, database:
        return database.execute(statement).fetchall()


def is_baselined(folder: Path, name: str) -> bool:
    """Tell whether the first poll of the feed is kept, not only begun."""
    return bool(with_sql(folder, f"SELECT 1 FROM feeds WHERE baselined AND url LIKE '%{name}'"))
