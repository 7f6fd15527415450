"""Servers of this machine that tests of the whole bot talk to: one of feeds, one like Telegram."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fake_telegram import FakeTelegram
from tests.feed_server import FeedServer


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server
