"""The real process against a strict fake of Telegram over real HTTP: what a reader lives through."""

import asyncio
import re
import socket
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from bot.chat.commands import MENU
from bot.ops.health import healthy
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.feed_server import Answer, FeedServer
from tests.process import free_port, parley, running, until, write_config
from tests.talk import NEW, OLD, READER, answered, pressed, rss, said_to

STRANGER = 502_888_777

pytestmark = pytest.mark.slow


async def test_a_reader_subscribes_by_keyboard_is_alerted_and_asks(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    port = free_port()
    url = feeds.serve("/rss", rss(OLD))
    write_config(tmp_path, url, port=port)
    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await until(lambda: telegram.commands, "the command menu", bot)
        welcome = await answered(telegram, bot, READER, "/start")
        taps = [await pressed(telegram, bot, READER, label) for label in ("Russia–Ukraine", "All news", "Kyiv")]

        await until(lambda: feeds.paths().count("/rss") > 1, "the baseline poll", bot)
        assert not [text for text in said_to(telegram, READER) if "accuse" in text], "a first poll alerts nobody"
        feeds.serve("/rss", rss(OLD, NEW))
        await until(lambda: any(NEW in text for text in said_to(telegram, READER)), "the alert", bot)
        alert = said_to(telegram, READER)[-1]
        why = await pressed(telegram, bot, READER, "Why?")

        answers = {}
        for name, _ in MENU:
            if name not in ("start", "forgetme"):
                answers[name] = await answered(telegram, bot, READER, f"/{name}")
        nonsense = await answered(telegram, bot, READER, "/lastest")
        telegram.say(STRANGER, "/latest")
        await until(lambda: said_to(telegram, STRANGER), "the stranger's answer", bot)
        well, _ = healthy(port)
        code = await bot.stop()

    assert "1 of 3" in welcome
    assert "Russia–Ukraine" in taps[-1]
    assert alert.splitlines()[0].startswith("🟡 UNCONFIRMED · Russia–Ukraine")
    assert "ceasefire" in why
    assert all(answers.values())
    assert NEW in answers["latest"]
    assert "/latest" in nonsense
    assert said_to(telegram, STRANGER) == [f"This bot is private. Your chat id is {STRANGER}: give it to the operator."]
    assert well
    assert code == 0
    logged = bot.log.decode()
    assert TOKEN not in logged
    assert str(READER) not in logged


async def test_the_first_to_open_the_printed_link_becomes_the_owner(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    async with running(tmp_path, telegram.url) as bot:
        printed = await bot.prints("?start=")
        code = re.search(r"https://t\.me/\w+\?start=([\w-]+)", printed)
        assert code
        first = await answered(telegram, bot, READER, f"/start {code[1]}")
        second = await answered(telegram, bot, STRANGER, f"/start {code[1]}")

        await bot.stop()

    assert "chat id" not in first
    assert second.startswith("This bot is private.")
    assert code[1] not in bot.log.decode()


async def test_what_was_owed_and_asked_while_it_was_down_is_sent_after_the_restart(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await answered(telegram, bot, READER, "/follow everything")
        await until(lambda: feeds.paths().count("/rss") > 1, "the baseline poll", bot)
        telegram.fault("reset_before", method="sendMessage")
        feeds.serve("/rss", rss(OLD, NEW))
        await telegram.hears("sendMessage", telegram.count("sendMessage") + 1)
        bot.process.kill()
    telegram.clear_faults()
    telegram.say(READER, "/status")

    async with running(tmp_path, telegram.url, PARLEY_OWNER=str(READER)) as bot:
        await until(lambda: any("healthy" in t for t in said_to(telegram, READER)), "the answer to /status", bot)
        await until(lambda: any(NEW in t for t in said_to(telegram, READER)), "the alert", bot)
        await bot.stop()

    alerts = [text for text in said_to(telegram, READER) if NEW in text]
    assert len(alerts) == 1
    assert "possible repeat" in alerts[0]


async def test_telegram_being_away_at_the_start_stops_no_poll(tmp_path: Path, feeds: FeedServer) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    async with running(tmp_path, f"http://127.0.0.1:{free_port()}") as bot:
        await until(lambda: feeds.paths().count("/rss") > 1, "polls", bot)
        code = await bot.stop()

    assert code == 0
    assert any("cannot be reached" in line["event"] for line in bot.lines())


async def test_a_second_copy_on_the_same_data_is_refused(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    async with running(tmp_path, telegram.url) as bot:
        await bot.prints("?start=")
        again = partial(parley, tmp_path, PARLEY_TELEGRAM_TOKEN=TOKEN, PARLEY_TELEGRAM_API_URL=telegram.url)
        second = await asyncio.to_thread(again, "run")
        checked = await asyncio.to_thread(again, "check")
        await bot.stop()

    assert second.returncode == 2
    assert checked.returncode == 0, checked.stdout
    assert b"another Parley" in second.stderr
    assert b"Traceback" not in second.stderr


async def test_a_feed_that_is_down_or_no_feed_harms_no_other(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    page = feeds.serve("/page", Answer(body=b"<html><body>Welcome</body></html>", content_type="text/html"))
    good = feeds.serve("/rss", rss(OLD))
    write_config(tmp_path, page, feeds.url("/gone"), good)

    done = parley(tmp_path, "poll", "--once", "--json")

    assert done.returncode == 0
    assert b'"feeds": 3, "ok": 1, "unchanged": 0, "failed": 2, "entries": 1, "new": 1, "events": 1' in done.stdout
    with sqlite3.connect(tmp_path / "data" / "archive.db") as archive:
        assert archive.execute("select count(*) from entries").fetchone() == (1,)


async def test_any_token_that_its_own_bot_api_server_takes_will_do(tmp_path: Path, feeds: FeedServer) -> None:
    write_config(tmp_path, feeds.serve("/rss", rss(OLD)))
    short = "1:short"
    async with (
        FakeTelegram(token=short) as telegram,
        running(tmp_path, telegram.url, PARLEY_TELEGRAM_TOKEN=short) as bot,
    ):
        await bot.prints("?start=")
        code = await bot.stop()

    assert code == 0
    assert short not in bot.log.decode()


async def test_a_taken_health_port_that_nobody_chose_keeps_nobody_from_the_news(
    tmp_path: Path, feeds: FeedServer, telegram: FakeTelegram
) -> None:
    config = f'[polling]\nallow_private = ["127.0.0.1"]\n[[feeds]]\nurl = "{feeds.serve("/rss", rss(OLD))}"\n'
    (tmp_path / "config.toml").write_text(config)
    with socket.socket() as taken:
        with suppress(OSError):  # another Parley may have it already, and that will do
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        async with running(tmp_path, telegram.url) as bot:
            await bot.prints("?start=")
            code = await bot.stop()

    assert code == 0
    assert any("the health port 8787 is taken" in line["event"] for line in bot.lines())
