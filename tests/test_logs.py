"""No token and no chat id in any line, at any level, from any library."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.telegram import TelegramChat
from bot.model import ChatId
from bot.ops.logs import HIDDEN, redactor, set_up_logging
from bot.ports import UnreachableError
from tests import make
from tests.fake_telegram import TOKEN, FakeTelegram

SECRET = TOKEN.partition(":")[2]
LIBRARIES = ("httpx", "httpcore", "telegram", "asyncio")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root, hooks = logging.getLogger(), (sys.excepthook, sys.unraisablehook)
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    sys.excepthook, sys.unraisablehook = hooks
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def listen(*, json: bool, level: str = "DEBUG") -> StringIO:
    stream = StringIO()
    set_up_logging(json=json, level=level, secrets=[TOKEN], stream=stream)
    return stream


# ------------------------------------------------------------------------------------------ real traffic
@pytest.mark.parametrize("json_lines", [True, False])
async def test_real_traffic_at_debug_shows_neither_token_nor_chat(json_lines: bool) -> None:
    log = listen(json=json_lines)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
    ann = 987654321

    async with FakeTelegram() as telegram, TelegramChat(TOKEN, api_url=telegram.url) as chat:
        await chat.greet({"now": "x"})
        telegram.say(ann, "/now")
        await chat.receive(None, timedelta(seconds=1))
        await chat.send(make.delivery(chat=ChatId("telegram", str(ann))))
        telegram.fault("html_502")
        await chat.send(make.delivery(chat=ChatId("telegram", str(ann))))
        await telegram.go_down()
        try:
            await chat.receive(None, timedelta(seconds=1))
        except UnreachableError:
            logging.getLogger("bot.test").exception("with its causes")

    text = log.getvalue()
    assert SECRET not in text
    assert str(ann) not in text
    assert text.count(HIDDEN) > 10
    assert "getUpdates" in text
    assert "with its causes" in text


async def test_the_libraries_are_quiet_unless_something_is_wrong() -> None:
    log = listen(json=True)

    async with FakeTelegram() as telegram, TelegramChat(TOKEN, api_url=telegram.url) as chat:
        await chat.greet()

    assert log.getvalue() == ""


# ------------------------------------------------------------------------------------------ our own lines
@pytest.mark.parametrize("form", [TOKEN, quote(TOKEN, safe=""), quote(TOKEN, safe="").lower()])
@pytest.mark.parametrize("json_lines", [True, False])
def test_a_token_is_hidden_wherever_it_stands(json_lines: bool, form: str) -> None:
    log = listen(json=json_lines)
    logger = logging.getLogger("bot.test")

    logger.warning(f"in the message {form}")  # noqa: G004 - what we warn of
    logger.warning("as an argument %s", form)
    logger.warning("within %r", {"url": f"https://api.telegram.org/bot{form}/getMe"})
    logger.warning("as an extra", extra={"url": form})
    structlog.get_logger("bot.test").warning("as a value", url=form)
    try:
        int(form)
    except ValueError:
        logger.exception("in a traceback")

    text = log.getvalue()
    assert SECRET.lower() not in text.lower()
    assert text.count(HIDDEN) >= 6


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_chat_given_as_such_is_hidden(json_lines: bool) -> None:
    log = listen(json=json_lines)

    structlog.get_logger().warning("sent", chat=1234567, chat_id=-1001234567, room="1234567", count=7654321)
    logging.getLogger("bot.test").warning("sent to %r", ChatId("telegram", "-1001234567"))
    logging.getLogger("bot.test").warning("parameters %s", {"chat_id": 1234567, "chat": {"id": -1001234567}})

    text = log.getvalue()
    assert "1234567" not in text
    assert "7654321" in text


def test_a_line_is_json_with_time_level_and_place() -> None:
    log = listen(json=True)

    logging.getLogger("bot.poll").warning("skipped %s", "feed ціна", extra={"status": 503})

    line = json.loads(log.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "skipped feed ціна", "level": "warning", "logger": "bot.poll", "status": 503}


def test_an_exception_stays_within_its_json_line() -> None:
    log = listen(json=True)

    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("bot.test").exception("failed")

    [line] = log.getvalue().splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def test_below_the_level_nothing_is_said() -> None:
    log = listen(json=True, level="INFO")

    logging.getLogger("bot.test").debug("details")
    structlog.get_logger("bot.test").debug("details")
    logging.getLogger("bot.test").info("news")

    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == ["news"]


def test_setting_it_up_twice_says_things_once() -> None:
    listen(json=True)
    log = listen(json=True)

    logging.getLogger("bot.test").warning("once")

    assert len(log.getvalue().splitlines()) == 1


# ------------------------------------------------------------------------------------------ crashes
@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.parametrize(
    "crash",
    [
        "raise ValueError(token)",
        "threading.Thread(target=lambda: int(token)).start()",
        "x = type('X', (), {'__del__': lambda self: int(token)})(); del x",
        "asyncio.run(crash_in_a_task(token))",
        "warnings.warn(token)",
    ],
)
def test_a_crash_goes_through_the_log_too(json_lines: bool, crash: str) -> None:
    program = f"""
import asyncio, sys, threading, warnings
from bot.ops.logs import set_up_logging
token = {TOKEN!r}
set_up_logging(json={json_lines}, level="DEBUG")
async def crash_in_a_task(token):
    asyncio.get_running_loop().call_soon(int, token)
    await asyncio.sleep(0.01)
{crash}
"""

    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"PYTHONPATH": "."},
    )

    said = ended.stdout + ended.stderr
    assert SECRET not in said
    assert HIDDEN in said


# ------------------------------------------------------------------------------------------ the law
@given(
    before=st.text(),
    after=st.text(),
    bot=st.integers(min_value=1, max_value=10**11),
    secret=st.from_regex(r"[A-Za-z0-9_-]{30,40}", fullmatch=True),
    colon=st.sampled_from([":", "%3A", "%3a"]),
)
def test_no_text_around_a_token_saves_it_from_being_hidden(
    before: str, after: str, bot: int, secret: str, colon: str
) -> None:
    assert secret not in redactor()(f"{before}{bot}{colon}{secret}{after}")


@given(st.text(alphabet=st.characters(exclude_characters="<>"), min_size=6))
def test_a_configured_secret_of_any_shape_is_hidden(secret: str) -> None:
    hidden = redactor([secret])(f"<{secret}>")

    assert hidden == f"<{HIDDEN}>"


def test_a_secret_in_an_address_is_hidden_too() -> None:
    redact = redactor(["p@ss/word"])

    assert redact("https://me:p%40ss%2Fword@proxy.example p@ss/word") == f"https://me:{HIDDEN}@proxy.example {HIDDEN}"


@given(st.text(alphabet=st.characters(exclude_characters="0123456789")))
def test_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redactor(["the secret"])(text) == text
