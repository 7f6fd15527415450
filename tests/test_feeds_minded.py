"""Feeds that the owner asked about are looked at, and trouble with feeds is told once: real HTTP, real SQLite."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alert.feeds import BETWEEN, Told, is_down, trouble
from bot.app import house
from bot.catalog import load_catalog
from bot.chat import feed_notes
from bot.config import Config, PollingConfig
from bot.demo import WeekClock
from bot.model import Access, ChatId, Feed, FeedState
from bot.pipeline import Pipeline
from bot.text import plain
from tests import fakes, make
from tests.conversation import buttons
from tests.feed_server import Answer, FeedServer
from tests.make import NOON
from tests.talk import rss
from tests.test_feeds_cli import PAGE
from tests.test_service import Network

OWNER = ChatId("here", "1")
DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        running.serve("/rss", rss("One", "Two", title="Harbour &amp; Post"))
        running.serve("/page", Answer(body=PAGE.format("/rss").encode(), content_type="text/html"))
        yield running


@pytest.fixture
async def pipeline(tmp_path: Path, server: FeedServer) -> AsyncIterator[Pipeline]:
    config = Config(
        polling=PollingConfig(allow_private=frozenset({"127.0.0.1"})),
        feeds=(Feed(url=server.url("/known"), title="Known"),),
    )
    async with house(
        data=tmp_path, config=config, chats={"here": Network()}, catalog=load_catalog(), now=WeekClock(NOON)
    ) as made:
        made.people.grant(OWNER, Access.OWNER, NOON)
        yield made


async def told(pipeline: Pipeline) -> list[tuple[str, list[str]]]:
    """Send what is owed; return the words and buttons of all that the owner has been sent."""
    while await pipeline.deliver():
        pass
    network = pipeline.chats["here"]
    assert isinstance(network, Network)
    return [(plain(each.message.html), [b.label for b in buttons(each.message)]) for each in network.sent]


# ---------------------------------------------------------------------------------------------- orders
async def test_a_feed_that_the_owner_adds_is_looked_at_kept_and_polled(pipeline: Pipeline, server: FeedServer) -> None:
    feed_notes.order(pipeline.people, server.url("/page"), NOON, add=True)

    done = await pipeline.look_at_feeds()
    pipeline.adopt_feeds([])
    polled = await pipeline.poll(pipeline.due())

    [(words, _)] = await told(pipeline)
    assert done == 1
    assert words.startswith("Added: Harbour & Post: 2 entries")
    assert [(one.url, one.entries, one.events) for one in polled] == [(server.url("/rss"), 2, 0)]
    assert [choice.feed.title for choice in pipeline.archive.feed_choices()] == ["Harbour & Post"]
    assert await pipeline.look_at_feeds() == 0, "an order is carried out once"


@pytest.mark.parametrize(
    ("order", "words", "labels"),
    [
        (("/rss", False), "Harbour & Post: 2 entries", ["Add", "No"]),
        (("/nothing", True), "is not added: there is nothing at this address (HTTP 404).", []),
        (("/nothing", False), ": there is nothing at this address (HTTP 404).", []),
    ],
)
async def test_what_was_found_is_told(
    pipeline: Pipeline, server: FeedServer, order: tuple[str, bool], words: str, labels: list[str]
) -> None:
    path, add = order
    feed_notes.order(pipeline.people, server.url(path), NOON, add=add)

    await pipeline.look_at_feeds()

    [(said, offered)] = await told(pipeline)
    assert words in said
    assert offered == labels
    assert not pipeline.archive.feed_choices()


async def test_an_order_outlives_the_process_that_took_it(pipeline: Pipeline, tmp_path: Path) -> None:
    feed_notes.order(pipeline.people, "http://127.0.0.1/rss", NOON, add=True)

    chats = {"here": Network()}
    async with house(
        data=tmp_path, config=Config(), chats=chats, catalog=load_catalog(), now=WeekClock(NOON)
    ) as second:
        done, [(said, _)] = await second.look_at_feeds(), await told(second)

    assert done == 1
    assert "is not added: 127.0.0.1 is 127.0.0.1, which is not on the public internet" in said


async def test_feeds_that_are_taken_out_or_off_are_no_longer_due(pipeline: Pipeline, server: FeedServer) -> None:
    pipeline.adopt_feeds(
        [Feed(url=server.url("/rss"), title="a"), Feed(url=server.url("/off"), title="b", enabled=False)]
    )

    assert [state.url for state in pipeline.due()] == [server.url("/rss")]
    assert [state.url for state in pipeline.all_states()] == [server.url("/rss")]


# ---------------------------------------------------------------------------------------------- trouble, stored
async def test_the_owner_is_told_once_of_a_silent_feed_and_once_when_it_is_back(pipeline: Pipeline) -> None:
    clock = pipeline.now
    assert isinstance(clock, WeekClock)
    url = next(iter(pipeline.feeds))
    down = FeedState(url=url, next_check_at=NOON, ok_at=NOON - DAY, failures=5, last_error="the site is broken")

    times = []
    for hours, state in enumerate([down] * 30 + [replace(down, failures=0, last_error="", ok_at=NOON + DAY)] * 30):
        clock.at = NOON + timedelta(hours=hours)
        pipeline.archive.save_feed_state(state)
        if pipeline.tell_feed_trouble():
            times.append(hours)
            await told(pipeline)

    first, second = (words for words, _ in await told(pipeline))
    assert times == [0, 30]
    assert "Not heard for a day\n• Known: last heard 10 May 12:00 UTC (the site is broken)" in first
    assert "Heard again\n• Known" in second


async def test_a_feed_that_was_taken_out_is_not_told_of(pipeline: Pipeline) -> None:
    url = next(iter(pipeline.feeds))
    pipeline.archive.save_feed_state(FeedState(url=url, next_check_at=NOON, failures=5))
    pipeline.adopt_feeds([])

    assert not pipeline.tell_feed_trouble()


# ---------------------------------------------------------------------------------------------- trouble, pure
FEED = make.feed()
SILENT = FeedState(url=FEED.url, next_check_at=NOON, ok_at=NOON - DAY, failures=3)


@pytest.mark.parametrize(
    ("changed", "down"),
    [
        ({}, True),
        ({"ok_at": NOON - DAY + timedelta(minutes=1)}, False),
        ({"failures": 2}, False),
        ({"ok_at": None}, True),
        ({"ok_at": None, "failures": 1}, False),
        ({"stopped_at": NOON, "ok_at": NOON, "failures": 2}, True),
    ],
)
def test_a_feed_is_down_after_a_day_in_vain(changed: dict[str, object], down: bool) -> None:
    assert is_down(replace(SILENT, **changed), NOON) is down  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.frozensets(st.sampled_from("abcd"))), max_size=60))
def test_each_feed_is_told_of_in_turn_and_at_most_once_a_day(steps: list[tuple[int, frozenset[str]]]) -> None:
    now, known, heard = NOON, Told(), dict.fromkeys("abcd", NOON)
    times: list[datetime] = []
    said: dict[str, list[str]] = {name: [] for name in "abcd"}
    feeds = {name: make.feed(url=name, title=f"<{name}>") for name in "abcd"}

    for hours, silent in steps:
        now += timedelta(hours=hours)
        heard |= {name: now for name in "abcd" if name not in silent}
        states = [
            FeedState(url=name, next_check_at=now, ok_at=heard[name], failures=9 * (name in silent)) for name in "abcd"
        ]
        if news := trouble(states, feeds, known, fakes.reader(now)):
            html, known = news
            times.append(now)
            down, _, back = plain(html).partition("Heard again")
            for name in "abcd":
                said[name] += ["down"] * (f"<{name}>" in down) + ["back"] * (f"<{name}>" in back)

    assert all(later - earlier >= BETWEEN for earlier, later in pairwise(times))
    for words in said.values():
        assert words == (["down", "back"] * len(words))[: len(words)]


def test_a_hundred_feeds_that_fail_at_once_are_one_short_message() -> None:
    states = [replace(SILENT, url=f"https://{n}.example", last_error="x" * 300) for n in range(100)]

    news = trouble(states, {}, Told(), fakes.reader(NOON))

    assert news
    assert len(plain(news[0])) < 4096
    assert "… and 85 more" in news[0]
    assert len(news[1].down) == 100
