"""Parsing in children that can be killed, with the feeds and bombs of the real world."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import bot
from bot.errors import FeedError, ParseError
from bot.model import Entry, FeedState
from bot.poll import children
from bot.poll.children import ParserPool
from bot.poll.fetch import HttpFetcher
from bot.poll.identity import fresh
from bot.poll.parse import parse
from bot.ports import Fetched, NotModified
from tests.feed_server import Answer, FeedServer
from tests.make import NOON, feed
from tests.malformed import bombs, slow_feed, wrapped
from tests.shared import SHARED, needs

FEEDS = SHARED / "feeds"
needs_prlimit = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system shows no other's limits")

NEWS = feed(language="uk")
GOOD = "<rss version='2.0'><channel><item><title>Перемир'я &amp; мир</title></item></channel></rss>".encode()
HURRIED = timedelta(seconds=0.5)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with ParserPool() as it:
        yield it
    assert it.pids == ()


async def titles(pool: ParserPool, body: bytes) -> list[str]:
    return [entry.title for entry in (await pool.parse(Fetched(body=body), NEWS, NOON)).entries]


# ------------------------------------------------------------------------------------------ the usual day
async def test_a_child_reads_what_we_would_have_read(pool: ParserPool) -> None:
    body = "<rss version='2.0'><channel><item><title>Перемир'я</title><link>1</link></item></channel></rss>"
    url, content_type = "https://moved.example/news/", "text/xml; charset=koi8-u"

    fetched = Fetched(body=body.encode("koi8-u"), url=url, content_type=content_type)
    entries = (await pool.parse(fetched, NEWS, NOON)).entries

    assert entries == parse(body.encode(), NEWS, NOON, url=url)
    assert [(entry.title, entry.link) for entry in entries] == [("Перемир'я", "https://moved.example/news/1")]


async def test_no_child_is_started_before_it_is_needed_nor_more_than_are(pool: ParserPool) -> None:
    assert pool.pids == ()

    for _ in range(3):
        await titles(pool, GOOD)

    assert len(pool.pids) == 1


async def test_many_feeds_at_once_are_read_by_two_children(pool: ParserPool) -> None:
    bodies = [wrapped(f"<title>Title {n}</title>") for n in range(40)]

    read = await asyncio.gather(*(titles(pool, body) for body in bodies))

    assert read == [[f"Title {n}"] for n in range(40)]
    assert len(pool.pids) == 2


async def test_what_is_no_feed_is_said_and_costs_no_child(pool: ParserPool) -> None:
    await titles(pool, GOOD)
    before = pool.pids

    with pytest.raises(ParseError, match="this is a web page, not a feed"):
        await titles(pool, b"<html><body>Hello</body></html>")

    assert pool.pids == before


async def test_a_large_feed_comes_through_and_its_child_is_replaced(pool: ParserPool) -> None:
    item = f"<item><title>{'t' * 5000}</title><description>{'ж' * 4000}</description></item>"
    body = f"<rss version='2.0'><channel>{item * 200}</channel></rss>".encode()
    await titles(pool, GOOD)
    (before,) = pool.pids

    entries = (await pool.parse(Fetched(body=body), NEWS, NOON)).entries

    assert len(entries) == 200
    assert len(entries[0].summary) == 4000
    assert not is_alive(before)
    assert await titles(pool, GOOD) == ["Перемир'я & мир"]


# ------------------------------------------------------------------------------------------ the bad day
async def test_a_feed_that_takes_too_long_is_killed_and_the_next_is_read() -> None:
    async with ParserPool(size=1, deadline=HURRIED) as pool:
        await titles(pool, GOOD)
        (before,) = pool.pids
        with pytest.raises(ParseError, match=r"more than 0\.5 seconds"):
            await titles(pool, slow_feed())

        assert not is_alive(before)
        assert await titles(pool, GOOD) == ["Перемир'я & мир"]


@pytest.mark.parametrize("command", [("/no/such/program",), (sys.executable, "-c", "")], ids=["absent", "ends"])
async def test_no_feed_is_to_blame_if_no_child_can_be_started(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ParserPool() as pool:
        with monkeypatch.context() as spoilt:
            spoilt.setattr(children, "_COMMAND", command)
            with pytest.raises(ParseError, match="no parser can be started") as caught:
                await titles(pool, GOOD)

        assert caught.value.ours
        assert await titles(pool, GOOD) == ["Перемир'я & мир"]


async def test_another_child_is_started_before_anybody_waits_for_it() -> None:
    async with ParserPool(size=1, deadline=HURRIED) as pool:
        with pytest.raises(ParseError):
            await titles(pool, slow_feed())

        child = await pool._idle.get()

        assert is_alive(child.pid)
        assert pool.pids == (child.pid,)


async def test_a_child_that_dies_is_replaced(pool: ParserPool) -> None:
    await titles(pool, GOOD)
    os.kill(pool.pids[0], signal.SIGKILL)

    with pytest.raises(ParseError, match="the parser died over it"):
        await titles(pool, GOOD)

    assert await titles(pool, GOOD) == ["Перемир'я & мир"]


async def test_a_parse_that_is_cancelled_answers_no_one_else(pool: ParserPool) -> None:
    await titles(pool, GOOD)
    (before,) = pool.pids
    busy = asyncio.create_task(titles(pool, slow_feed()))
    await asyncio.sleep(0.1)

    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy

    assert not is_alive(before)
    assert await titles(pool, GOOD) == ["Перемир'я & мир"]


async def test_closing_kills_a_child_that_is_at_work() -> None:
    async with ParserPool(size=1) as pool:
        await titles(pool, GOOD)
        (pid,) = pool.pids
        busy = asyncio.create_task(titles(pool, slow_feed()))
        await asyncio.sleep(0.1)

    assert not is_alive(pid)
    with pytest.raises(ParseError):
        await busy
    assert (pool.pids, pool._starting) == ((), set())


@pytest.mark.slow
async def test_children_end_when_the_bot_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, stdout=asyncio.subprocess.PIPE, cwd=Path(bot.__file__).parents[1]
    )
    assert parent.stdout
    child = int(await parent.stdout.readline())

    parent.kill()
    await parent.wait()

    async with asyncio.timeout(10):
        while is_alive(child):  # noqa: ASYNC110 -- nobody tells us
            await asyncio.sleep(0.01)


_PARENT = """
import asyncio
from bot.poll import children
from bot.poll.children import ParserPool
from bot.ports import Fetched
from tests.make import NOON, feed
from tests.shared import SHARED, needs

async def main():
    async with ParserPool() as pool:
        await pool.parse(Fetched(body=b"<rss version='2.0'/>"), feed(), NOON)
        print(pool.pids[0], flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""

BOMBS = bombs()


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_read_or_gone_and_the_next_feed_does_not_notice(name: str) -> None:
    async with ParserPool(size=1, deadline=HURRIED) as pool:
        await titles(pool, GOOD)
        try:
            entries = (await pool.parse(Fetched(body=BOMBS[name]), NEWS, NOON)).entries
        except ParseError:
            entries = ()
        after = await titles(pool, GOOD)

    assert all(len(entry.title) <= 4000 and "root:" not in entry.title for entry in entries)
    assert after == ["Перемир'я & мир"]


@needs_prlimit
async def test_a_child_may_take_so_much_memory_and_write_no_file(pool: ParserPool) -> None:
    await titles(pool, GOOD)
    (pid,) = pool.pids

    limits = [resource.prlimit(pid, what)[0] for what in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)]

    assert limits == [512 * 2**20, 0]
    assert 8 <= resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= 20


@needs_prlimit
async def test_a_feed_that_takes_too_much_memory_is_refused_and_the_next_is_read(pool: ParserPool) -> None:
    await titles(pool, GOOD)
    resource.prlimit(pool.pids[0], resource.RLIMIT_AS, (100 * 2**20, 100 * 2**20))

    with pytest.raises(ParseError, match="more memory than any feed needs"):
        await titles(pool, BOMBS["a long word"])

    assert await titles(pool, GOOD) == ["Перемир'я & мир"]


# ------------------------------------------------------------------------------------------ the real world
@needs("feeds")
@pytest.mark.slow
async def test_every_captured_feed_comes_through_and_a_second_poll_adds_nothing() -> None:
    files = sorted(FEEDS.glob("*.xml"))
    keys: dict[str, set[str]] = {file.name: set() for file in files}
    local = frozenset({"127.0.0.1"})

    with FeedServer() as server:
        for file in files:
            server.serve(f"/{file.name}", Answer(body=file.read_bytes(), etag=f'"{file.name}"', gzipped=True))
        async with HttpFetcher(allow_private=local) as fetcher, ParserPool() as pool:

            async def poll(name: str, etag: str = "") -> list[Entry] | FeedError | NotModified:
                source = feed(url=server.url(f"/{name}"))
                try:
                    fetched = await fetcher.fetch(source, FeedState(url=source.url, next_check_at=NOON, etag=etag))
                    if isinstance(fetched, NotModified):
                        return fetched
                    parsed = await pool.parse(fetched, source, NOON)
                    found = fresh(parsed.entries, keys[name].intersection)
                except FeedError as error:
                    return error
                keys[name].update(key for _, new in found for key in new)
                return [entry for entry, _ in found]

            first = await asyncio.gather(*(poll(file.name) for file in files))
            second = await asyncio.gather(*(poll(file.name) for file in files))
            unchanged = await asyncio.gather(*(poll(file.name, f'"{file.name}"') for file in files))

    errors = [str(answer) for answer in first if isinstance(answer, FeedError)]
    stored = [entry for answer in first if isinstance(answer, list) for entry in answer]
    assert len(files) == 87
    assert errors == [f"{server.url('/ay2016-hindu_titlefeed.xml')}: this is no feed"]
    assert len(stored) == len({entry.key for entry in stored}) >= 3300
    assert all(answer == [] or isinstance(answer, FeedError) for answer in second)
    assert unchanged == [NotModified()] * len(files)


async def test_the_same_entry_in_another_poll_is_the_same_but_for_when_it_was_seen(pool: ParserPool) -> None:
    later = NOON + timedelta(hours=1)

    first, second = [await pool.parse(Fetched(body=GOOD), NEWS, now) for now in (NOON, later)]

    assert [replace(entry, seen_at=later) for entry in first.entries] == list(second.entries)
