"""The missed-story loop with the real process: a near miss is stored, listed, labelled in chat and exported."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.examples import disagreement, read_examples
from bot.detect.rules import load_rules
from bot.ingest import NEAR_MISSES_KEPT, Ingest
from bot.model import FeedState
from bot.ports import Parsed
from bot.store.archive import ArchiveStore
from tests import make
from tests.conversation import catalog
from tests.fake_telegram import FakeTelegram
from tests.feed_server import FeedServer
from tests.make import NOON
from tests.process import parley, running, until, write_config
from tests.talk import OLD, READER, answered, pressed, rss

TARIFFS = "US and China extend trade truce after tariff talks"
ORDINARY = "Heavy rain floods the old town"


def test_a_poll_keeps_its_near_misses_for_a_month(catalog_detector: Detector) -> None:
    feed = make.feed()
    state = FeedState(url=feed.url, next_check_at=NOON, baselined=True)
    entries = [make.entry(title) for title in (TARIFFS, ORDINARY, "Russia and Ukraine agree 30-day ceasefire")]
    with ArchiveStore.open(":memory:") as archive:
        archive.register([feed], NOON)
        ingest = Ingest(archive=archive, detector=catalog_detector, catalog=catalog())

        ingest.take(state, Parsed(entries=entries), lambda new: state, NOON)
        noted = archive.near_misses(since=NOON)
        ingest.take(state, Parsed(entries=[]), lambda new: state, NOON + NEAR_MISSES_KEPT + timedelta(seconds=1))
        later = archive.near_misses(since=NOON)

    assert [each.entry.title for each in noted] == [TARIFFS]
    assert {mention.role for mention in noted[0].mentions} >= {"signal", "cancelled"}
    assert noted[0].rules_hash == catalog_detector.rules.hash
    assert later == []


@pytest.fixture(scope="module")
def catalog_detector() -> Detector:
    return Detector(load_rules(catalog=catalog()))


@pytest.mark.slow
async def test_the_owner_says_in_chat_what_was_missed_and_the_command_line_exports_it(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD, TARIFFS, ORDINARY)))
    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await until(lambda: telegram.commands, "the command menu", bot)
        await until(lambda: _noted(tmp_path), "a near miss", bot)
        listed = await asyncio.to_thread(parley, tmp_path, "near-misses")
        in_chat = await answered(telegram, bot, READER, "/missed")
        noted = await pressed(telegram, bot, READER, "1. This was missed")
        await pressed(telegram, bot, READER, "Talks held")
        found = await answered(telegram, bot, READER, "/missed floods town")
        code = await bot.stop()

    exported = parley(tmp_path, "examples", "--json").stdout.decode()
    [example] = read_examples(exported.splitlines(), "examples.jsonl")
    assert code == 0
    assert TARIFFS in listed.stdout.decode()
    assert "set aside because of" in listed.stdout.decode()
    assert TARIFFS in in_chat
    assert "Noted as missed" in noted
    assert "not taken for news" in found
    assert (example.entry.title, example.news, example.type) == (TARIFFS, True, "talks.held")
    assert disagreement(example, Detector(load_rules())).startswith("labelled news, but not")
    assert str(READER) not in exported
    assert parley(tmp_path, "near-misses", "--json").stdout == b""


def _noted(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "archive.db")) as archive:
        return int(archive.execute("SELECT count(*) FROM near_misses").fetchone()[0])


@pytest.mark.slow
def test_a_near_miss_as_json_is_what_classify_reads_with_its_reasons(tmp_path: Path, feeds: FeedServer) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(TARIFFS)))
    parley(tmp_path, "poll", "--once")

    listed = parley(tmp_path, "near-misses", "--json")
    classified = parley(tmp_path, "classify", stdin=listed.stdout)

    near_miss = json.loads(listed.stdout)
    assert near_miss["why"][0].startswith("set aside because of “trade truce”")
    assert near_miss["rules_hash"]
    assert json.loads(classified.stdout)["relevant"] is False


@pytest.mark.slow
@pytest.mark.parametrize("command", ["near-misses", "examples"])
def test_a_folder_without_an_archive_is_named_and_none_is_made(tmp_path: Path, command: str) -> None:
    done = parley(tmp_path, command)

    assert done.returncode == 2
    assert "there is no archive in" in done.stderr.decode()
    assert not (tmp_path / "data").exists()
