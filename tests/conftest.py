"""What tests of several rooms are given: servers of this machine, chats with the bot, people, the rules that ship."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import Access
from bot.store.people import PeopleStore
from tests.conversation import Conversation, conversation
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


@pytest.fixture
def talk() -> Iterator[Conversation]:
    """Give a chat that was let in."""
    with conversation() as talk:
        yield talk


@pytest.fixture
def owner() -> Iterator[Conversation]:
    """Give the owner's chat."""
    with conversation(Access.OWNER) as talk:
        yield talk


@pytest.fixture
def people() -> Iterator[PeopleStore]:
    with PeopleStore.open(":memory:") as opened:
        yield opened


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector(load_rules())
