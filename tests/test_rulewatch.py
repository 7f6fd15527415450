"""Rules that change while the bot runs: taken over if right, kept out and told of once if wrong."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from bot.app import house
from bot.catalog import Catalog, load_catalog
from bot.config import Config
from bot.detect.rules import Rules, load_rules
from bot.ops.rulewatch import RuleWatch, fingerprint
from tests import small_rules
from tests.fake_telegram import FakeTelegram
from tests.feed_server import FeedServer
from tests.process import running, until, write_config
from tests.talk import OLD, READER, answered, rss, said_to

WORD = '[concept.ceasefire]\nen = ["hush of arms"]\n'
MISTAKE = '[concept.ceasefire]\nen = ["@hush_of_arms"]\n'


class World:
    """A watched folder, and what came of looking at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.adopted: list[Rules] = []
        self.told: dict[str, str] = {}
        self.watch = RuleWatch(find=lambda: folder, used=fingerprint(folder), adopt=self._adopt, tell=self._tell)

    async def _adopt(self, rules: Rules, _: Catalog) -> None:
        self.adopted.append(rules)

    def _tell(self, key: str, words: str) -> None:
        self.told.setdefault(key, words)

    async def looks(self, times: int = 2) -> None:
        for _ in range(times):
            await self.watch.look()

    def write(self, text: str) -> None:
        before = fingerprint(self.folder)
        small_rules.own(self.folder, mine=text)
        if fingerprint(self.folder) == before:  # as large, and within the clock's grain
            file = self.folder / "mine.toml"
            os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(small_rules.own(tmp_path / "rules", mine=""))


async def test_rules_that_do_not_change_are_not_read_again(world: World) -> None:
    await world.looks(4)

    assert (world.adopted, world.told) == ([], {})


async def test_a_change_is_taken_over_once_it_rests(world: World) -> None:
    world.write(WORD)
    await world.looks(1)
    early = list(world.adopted)
    await world.looks(3)

    assert early == []
    assert len(world.adopted) == 1
    assert world.told == {}


async def test_a_mistake_keeps_the_old_rules_and_is_told_once_with_its_line(world: World) -> None:
    world.write(MISTAKE)
    await world.looks(5)

    [words] = world.told.values()
    assert world.adopted == []
    assert "mine.toml:2: there is no concept @hush_of_arms" in words
    assert "go on with the old ones" in words


async def test_a_mistake_that_is_mended_is_taken_back(world: World) -> None:
    world.write(MISTAKE)
    await world.looks()
    world.write(WORD)
    await world.looks()

    assert len(world.adopted) == 1
    assert list(world.told.values())[-1] == "The rules are right again, and in use."


async def test_a_folder_that_vanishes_keeps_the_old_rules(world: World) -> None:
    (world.folder / "mine.toml").unlink()
    world.folder.rmdir()
    await world.looks()

    assert world.adopted == []
    assert "cannot be read" in "".join(world.told.values())


async def test_the_loop_turns_while_rules_are_read(world: World) -> None:
    world.write(WORD)
    await world.looks(1)
    turns = 0
    reading = asyncio.create_task(world.looks(1))
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1

    assert len(world.adopted) == 1
    assert turns > 10


async def test_what_is_being_taken_in_is_judged_by_the_old_rules_to_its_end(tmp_path: Path) -> None:
    async with house(data=tmp_path, config=Config(), chats={}, catalog=load_catalog()) as pipeline:
        begun, done = threading.Event(), threading.Event()

        def take_in() -> bool:
            begun.set()
            done.wait(10)
            return adopting.done()

        taking = asyncio.get_running_loop().run_in_executor(pipeline.writer, take_in)
        await asyncio.to_thread(begun.wait, 10)
        other = load_catalog()
        adopting = asyncio.create_task(pipeline.adopt(load_rules(catalog=other), other))
        await asyncio.sleep(0.05)
        done.set()
        adopted_meanwhile = await taking
        await adopting

        assert not adopted_meanwhile
        assert pipeline.catalog is other


# ---------------------------------------------------------------------------------------------- the whole bot
@pytest.mark.slow
async def test_a_running_bot_alerts_by_a_word_that_its_operator_has_just_added(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    before, after = "Russia and Ukraine agree hush of arms", "Ukraine and Russia announce a hush of arms"
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    rules = tmp_path / "data" / "rules"
    rules.mkdir(parents=True)
    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await answered(telegram, bot, READER, "/follow everything")
        await until(lambda: feeds.paths().count("/rss") > 1, "the baseline poll", bot)
        small_rules.own(rules, mine=MISTAKE)
        await until(lambda: any("mine.toml:2" in t for t in said_to(telegram, READER)), "word of the mistake", bot)
        polls = feeds.paths().count("/rss")
        feeds.serve("/rss", rss(OLD, before))
        await until(lambda: feeds.paths().count("/rss") > polls + 1, "a poll by the old rules", bot)
        small_rules.own(rules, mine=WORD)
        await until(lambda: any("right again" in t for t in said_to(telegram, READER)), "the rules' return", bot)
        feeds.serve("/rss", rss(OLD, before, after))
        await until(lambda: any(after in t for t in said_to(telegram, READER)), "the alert", bot)
        await bot.stop()

    said = said_to(telegram, READER)
    assert not [text for text in said if before in text]
    assert len([text for text in said if "mine.toml:2" in text]) == 1
