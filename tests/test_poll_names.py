"""A name server that does not answer keeps nobody from stopping."""

import socket
import subprocess
import sys

import pytest

from bot.poll.names import look_up

HUNG = """
import asyncio, socket, time
from datetime import timedelta
from bot.errors import FetchError
from bot.poll.fetch import HttpFetcher
from bot.poll.names import look_up_apart
from bot.model import FeedState
from tests.make import NOON, feed

socket.getaddrinfo = lambda *given, **more: time.sleep(600)

async def main():
    {main}

try:
    asyncio.run(main())
except (FetchError, TimeoutError):
    print("over")
"""
FETCH = """await HttpFetcher(deadline=timedelta(seconds=0.1)).fetch(
        feed(url="http://news.example/"), FeedState(url="", next_check_at=NOON)
    )"""
CHAT = "look_up_apart(); await asyncio.wait_for(asyncio.open_connection('chat.example', 443), 0.1)"


@pytest.mark.parametrize("main", [FETCH, CHAT], ids=["a feed's", "the chat network's"])
def test_a_name_that_is_still_being_looked_up_keeps_no_process_from_ending(main: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNG.format(main=main)], capture_output=True, text=True, timeout=60, check=True
    )

    assert (done.stdout.strip(), done.stderr) == ("over", "")


async def test_a_name_is_looked_up_as_the_system_does() -> None:
    assert await look_up("127.0.0.1", 80, type=socket.SOCK_STREAM) == [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    ]


@pytest.mark.parametrize(("name", "error"), [("127.0.0.1.invalid", OSError), ("a" * 64 + ".test", UnicodeError)])
async def test_what_is_no_name_is_an_error(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await look_up(name, 80, flags=socket.AI_NUMERICHOST if error is OSError else 0)
