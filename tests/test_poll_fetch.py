"""Fetching over real HTTP from a server on this machine, honest or hostile."""

import asyncio
import gzip
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpcore
import pytest

from bot import __version__
from bot.errors import FetchError
from bot.model import MOVED_AFTER, FeedState
from bot.poll.fetch import MAX_BODY, MAX_IDLE, MAX_WIRE, GuardedBackend, HttpFetcher
from bot.poll.wire import connect
from bot.ports import Fetched, NotModified
from tests.feed_server import Answer, FeedServer, Pause
from tests.hostile import PUBLIC
from tests.make import NOON, feed

LOCAL = frozenset({"127.0.0.1"})
BODY = b"<rss version='2.0'><channel><title>News</title></channel></rss>"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    deadline = timedelta(seconds=2)
    async with HttpFetcher(allow_private=LOCAL, contact="https://parley.example", deadline=deadline, clock=now) as it:
        yield it


def now() -> datetime:
    return NOON


def state(**given: str) -> FeedState:
    return FeedState(url="", next_check_at=NOON, **given)  # type: ignore[arg-type]


async def refusal(fetcher: HttpFetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(feed(url=url), state())
    return caught.value


# ------------------------------------------------------------------------------------------ what is asked and told
async def test_a_feed_arrives_with_all_that_the_server_says_of_it(server: FeedServer, fetcher: HttpFetcher) -> None:
    told = {"Cache-Control": "public, max-age=600"}
    url = server.serve("/rss", Answer(body=BODY, etag='W/"a, b"', last_modified="yesterday", headers=told))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert fetched == Fetched(
        body=BODY,
        url=url,
        content_type="application/rss+xml",
        etag='W/"a, b"',
        last_modified="yesterday",
        max_age=timedelta(minutes=10),
    )


async def test_we_say_who_we_are_and_keep_no_cookies(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/rss", Answer(body=BODY, headers={"Set-Cookie": "reader=1"}))

    await fetcher.fetch(feed(url=url), state())
    await fetcher.fetch(feed(url=url), state())

    first, second = (asked.headers for asked in server.requests)
    assert first == second
    assert first["User-Agent"] == f"Parley/{__version__} (+https://parley.example)"
    assert first["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("validator", [{"etag": "\"opaque, 'quoted'\""}, {"last_modified": "some day"}])
async def test_what_has_not_changed_is_not_sent_again(
    server: FeedServer, fetcher: HttpFetcher, validator: dict[str, str]
) -> None:
    url = server.serve("/rss", Answer(body=BODY, **validator))  # type: ignore[arg-type]

    first = await fetcher.fetch(feed(url=url), state())
    assert isinstance(first, Fetched)
    second = [
        await fetcher.fetch(feed(url=url), state(etag=first.etag, last_modified=first.last_modified)) for _ in range(3)
    ]

    assert second == [NotModified()] * 3
    assert server.connections == 1


async def test_a_connection_is_kept_for_the_next_feed_of_its_host_and_not_for_long(server: FeedServer) -> None:
    hosts = [f"host-{number}.example" for number in range(MAX_IDLE + 1)]
    server.serve("/rss", Answer(body=BODY))

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def connections(fetcher: HttpFetcher, host: str) -> int:
        await fetcher.fetch(feed(url=f"http://{host}:{server.port}/rss"), state())
        return server.connections

    backend = GuardedBackend(allow_private=frozenset(hosts), resolve=resolve)
    async with HttpFetcher(allow_private=frozenset(hosts), backend=backend) as it:
        opened = [await connections(it, host) for host in hosts for _ in range(2)]
        again = [await connections(it, host) for host in (hosts[-1], hosts[0])]

    assert opened == [number for number in range(1, len(hosts) + 1) for _ in range(2)]
    assert again == [len(hosts), len(hosts) + 1]


async def test_a_304_that_we_did_not_ask_for_is_no_answer(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/rss", Answer(status=304))

    assert "HTTP 304" in (await refusal(fetcher, url)).message


@pytest.mark.parametrize(
    "etag", ['"\xe9t\xe9"', 'W/"x"', "no quotes", '"a, b"', "'", '"a"-gzip', "\x80\xff", '"tab\\t"', '"' + "x" * 990]
)
async def test_an_etag_is_sent_back_byte_for_byte_whatever_it_looks_like(
    server: FeedServer, fetcher: HttpFetcher, etag: str
) -> None:
    url = server.serve("/rss", Answer(body=BODY, etag=etag))

    first = await fetcher.fetch(feed(url=url), state())
    assert isinstance(first, Fetched)
    second = await fetcher.fetch(feed(url=url), state(etag=first.etag))

    assert second == NotModified()
    assert server.requests[-1].headers["If-None-Match"] == etag


@pytest.mark.parametrize("etag", ["x" * 1001, "a\tb"])
async def test_a_validator_that_cannot_be_sent_back_is_not_kept(
    server: FeedServer, fetcher: HttpFetcher, etag: str
) -> None:
    url = server.serve("/rss", Answer(body=BODY, etag=etag))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert isinstance(fetched, Fetched)
    assert fetched.etag == ""


async def test_a_site_says_for_how_long_its_answer_is_good_or_it_wants_peace(
    server: FeedServer, fetcher: HttpFetcher
) -> None:
    good = server.serve("/good", Answer(body=BODY, headers={"Cache-Control": "max-age=60"}))
    busy = server.serve("/busy", Answer(status=429, headers={"Retry-After": "120"}))

    fetched, refused = await fetcher.fetch(feed(url=good), state()), await refusal(fetcher, busy)

    assert fetched.max_age == timedelta(minutes=1)
    assert refused.message == "the site says that we ask too often (HTTP 429)"
    assert refused.retry_after == timedelta(minutes=2)


async def test_an_answer_that_a_proxy_has_changed_is_an_answer(server: FeedServer, fetcher: HttpFetcher) -> None:
    fetched = await fetcher.fetch(feed(url=server.serve("/rss", Answer(status=203, body=BODY))), state())

    assert isinstance(fetched, Fetched)
    assert fetched.body == BODY


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "there is nothing at this address (HTTP 404)"),
        (410, "the feed is gone for good (HTTP 410)"),
        (503, "the site is broken (HTTP 503)"),
        (204, "the answer is no feed (HTTP 204)"),
        (301, "the site sends us on and does not say where (HTTP 301)"),
    ],
)
async def test_a_refusal_is_told_in_plain_words(
    server: FeedServer, fetcher: HttpFetcher, status: int, message: str
) -> None:
    url = server.serve("/rss", Answer(status=status))

    error = await refusal(fetcher, url)

    assert error.message == message
    assert error.gone == (status == 410)
    assert not error.unreached


async def test_a_host_that_is_not_there_was_not_reached(fetcher: HttpFetcher) -> None:
    error = await refusal(fetcher, "http://127.0.0.1:1/rss")

    assert error.unreached
    assert error.message == "connection refused"


# ------------------------------------------------------------------------------------------ redirects
async def test_redirects_are_followed_and_the_last_address_is_told(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/old", Answer(status=301, headers={"Location": "/new"}))
    final = server.serve("/new", Answer(body=BODY))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert isinstance(fetched, Fetched)
    assert fetched.url == final


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((301, 302), "/1"),
        ((302, 301), ""),
        ((307,), ""),
        ((), ""),
    ],
)
async def test_an_answer_tells_how_far_the_feed_has_moved_for_good(
    server: FeedServer, fetcher: HttpFetcher, statuses: tuple[int, ...], moved_to: str
) -> None:
    for number, status in enumerate(statuses):
        server.serve(f"/{number}", Answer(status=status, headers={"Location": f"/{number + 1}"}))
    server.serve(f"/{len(statuses)}", Answer(body=BODY, etag='"1"'))

    fetched = await fetcher.fetch(feed(url=server.url("/0")), state())
    unchanged = await fetcher.fetch(feed(url=server.url("/0")), state(etag='"1"'))

    assert isinstance(unchanged, NotModified)
    assert fetched.moved_to == unchanged.moved_to == (server.url(moved_to) if moved_to else "")


async def test_a_feed_that_has_moved_is_asked_for_at_its_new_address(server: FeedServer, fetcher: HttpFetcher) -> None:
    new = server.serve("/new", Answer(body=BODY))
    moved = FeedState(url=server.url("/old"), next_check_at=NOON, moved_to=new, moved_times=3)

    await fetcher.fetch(feed(url=server.url("/old")), moved)

    assert server.paths() == ["/new"]


async def test_one_host_is_asked_one_thing_at_a_time_and_waiting_costs_a_feed_none_of_its_time(
    server: FeedServer,
) -> None:
    asked: list[str] = []

    def slowly(pause: Pause) -> Iterator[bytes]:
        asked.append("begin")
        pause(0.6)
        asked.append("end")
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    urls = [server.serve(f"/{n}", Answer(raw=slowly)) for n in range(4)]

    async with HttpFetcher(allow_private=LOCAL, deadline=timedelta(seconds=2)) as fetcher:
        fetched = await asyncio.gather(*(fetcher.fetch(feed(url=url), state()) for url in urls))

    assert [type(one) for one in fetched] == [Fetched] * 4
    assert asked == ["begin", "end"] * 4


async def test_the_sixth_redirect_is_one_too_many(server: FeedServer, fetcher: HttpFetcher) -> None:
    for number in range(7):
        server.serve(f"/{number}", Answer(status=302, headers={"Location": f"/{number + 1}"}))

    error = await refusal(fetcher, server.url("/0"))

    assert error.message == "more than 5 redirects"
    assert server.paths() == [f"/{number}" for number in range(6)]


@pytest.mark.parametrize("back", ["", "/", "/there", "http:///"])
async def test_a_circle_of_redirects_is_gone_round_once(server: FeedServer, fetcher: HttpFetcher, back: str) -> None:
    def to_itself(pause: Pause) -> Iterator[bytes]:
        yield f"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: {back}\r\n\r\n".encode()

    server.serve("/", Answer(raw=to_itself))
    server.serve("/there", Answer(status=302, headers={"Location": "/"}))

    error = await refusal(fetcher, server.url("/"))

    assert error.message == "its redirects lead in a circle"
    assert server.paths() == (["/", "/there"] if back == "/there" else ["/"])


async def test_no_feed_from_elsewhere_leads_to_a_host_that_the_operator_allows(server: FeedServer) -> None:
    inner = server.serve("/rss", Answer(body=BODY))
    server.serve("/out", Answer(status=302, headers={"Location": inner}))
    odd = inner.replace("127.0", "127\u3002" + "0").encode("utf-8")
    server.serve("/odd", Answer(raw=lambda pause: iter([b"HTTP/1.1 302 Found\r\nLocation: " + odd + b"\r\n\r\n"])))

    async def resolve(host: str, port: int) -> list[str]:
        return [PUBLIC if host == "news.example" else host]

    async def dial(address: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        return await connect("127.0.0.1", server.port, **options)

    backend = GuardedBackend(allow_private=LOCAL, resolve=resolve, dial=dial)
    async with HttpFetcher(allow_private=LOCAL, backend=backend) as fetcher:
        led = [await refusal(fetcher, f"http://news.example/{path}") for path in ("out", "odd")]
        moved = FeedState(url="", next_check_at=NOON, moved_to=inner, moved_times=MOVED_AFTER)
        with pytest.raises(FetchError, match="is a host of allow_private"):
            await fetcher.fetch(feed(url="http://news.example/rss"), moved)
        asked = await fetcher.fetch(feed(url=inner), state())

    why = "127.0.0.1 is a host of allow_private, where no feed from elsewhere may lead us"
    assert [error.message for error in led] == [why, why]
    assert isinstance(asked, Fetched)
    assert server.paths() == ["/out", "/odd", "/rss"]


# ------------------------------------------------------------------------------------------ bodies
async def test_gzip_is_unpacked_even_in_several_members_and_with_padding(
    server: FeedServer, fetcher: HttpFetcher
) -> None:
    packed = gzip.compress(BODY[:20], mtime=0) + gzip.compress(BODY[20:], mtime=0) + b"\0" * 8
    url = server.serve("/rss", Answer(body=packed, headers={"Content-Encoding": "gzip"}))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert isinstance(fetched, Fetched)
    assert fetched.body == BODY


@pytest.mark.parametrize(
    "packed", [gzip.compress(BODY, mtime=0)[:-12], gzip.compress(BODY, mtime=0)[:5], b"no gzip at all"]
)
async def test_gzip_that_is_cut_or_broken_is_no_half_a_feed(
    server: FeedServer, fetcher: HttpFetcher, packed: bytes
) -> None:
    url = server.serve("/rss", Answer(body=packed, headers={"Content-Encoding": "gzip"}))

    assert (await refusal(fetcher, url)).message in {"the answer is cut short", "the answer is broken gzip"}


async def test_a_body_shorter_than_promised_is_no_half_a_feed(server: FeedServer, fetcher: HttpFetcher) -> None:
    def half(pause: Pause) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + BODY

    url = server.serve("/rss", Answer(raw=half))

    assert "broken HTTP" in (await refusal(fetcher, url)).message


@pytest.mark.parametrize("size", [0, 1, 65_536, MAX_BODY])
async def test_a_large_body_that_packs_well_arrives_whole(server: FeedServer, fetcher: HttpFetcher, size: int) -> None:
    url = server.serve("/rss", Answer(body=b"x" * size, gzipped=True))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert isinstance(fetched, Fetched)
    assert len(fetched.body) == size


def packed_zeros(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(mebibytes)) + packer.flush()


async def test_a_gzip_bomb_is_cut_at_the_cap(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/rss", Answer(body=packed_zeros(40), headers={"Content-Encoding": "gzip"}))

    assert (await refusal(fetcher, url)).message == "the answer unpacks to more than 10 MiB"


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_what_we_did_not_ask_for_is_not_unpacked(server: FeedServer, fetcher: HttpFetcher, coding: str) -> None:
    url = server.serve("/rss", Answer(body=BODY, headers={"Content-Encoding": coding}))

    assert coding in (await refusal(fetcher, url)).message


@pytest.mark.parametrize("coding", ["identity", "none", "UTF-8"])
async def test_a_body_that_is_packed_in_no_way_is_taken_whatever_that_is_called(
    server: FeedServer, fetcher: HttpFetcher, coding: str
) -> None:
    url = server.serve("/rss", Answer(body=BODY, headers={"Content-Encoding": coding}))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert isinstance(fetched, Fetched)
    assert fetched.body == BODY


@pytest.mark.parametrize(
    "piece",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 9000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000,
    ],
    ids=["continue", "hints", "headers", "header"],
)
async def test_a_head_without_end_is_cut_before_it_keeps_anybody_waiting(
    server: FeedServer, fetcher: HttpFetcher, piece: bytes
) -> None:
    def endless(pause: Pause) -> Iterator[bytes]:
        while not pause(0):
            yield piece * 1000

    url = server.serve("/rss", Answer(raw=endless))

    assert (await refusal(fetcher, url)).message == "the head of the answer is larger than 32 KiB"


async def test_each_answer_may_have_a_large_head(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/rss", Answer(body=BODY * 1000, headers={"Content-Security-Policy": "x" * 30_000}))

    fetched = [await fetcher.fetch(feed(url=url), state()) for _ in range(3)]

    assert [isinstance(each, Fetched) and each.body == BODY * 1000 for each in fetched] == [True] * 3
    assert server.connections == 1


async def test_a_body_without_end_is_cut_at_the_cap(server: FeedServer, fetcher: HttpFetcher) -> None:
    sent = 0

    def endless(pause: Pause) -> Iterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            sent += 65_536
            yield b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    url = server.serve("/rss", Answer(raw=endless))

    assert (await refusal(fetcher, url)).message == "the answer is larger than 5 MiB"
    assert sent < 4 * MAX_WIRE


def slow_body(pause: Pause) -> Iterator[bytes]:
    """Send a whole answer in two seconds, never silent for as long as a deadline."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
    for _ in range(40):
        pause(0.05)
        yield b"x"


def slow_headers(pause: Pause) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
    for _ in range(40):
        pause(0.05)
        yield b"X-Header: 1\r\n"
    yield b"\r\n"


def silence(pause: Pause) -> Iterator[bytes]:
    pause(60)
    yield b""


@pytest.mark.parametrize("answer", [slow_body, slow_headers, silence])
async def test_a_server_that_drips_is_left_at_the_deadline(server: FeedServer, answer: object) -> None:
    url = server.serve("/rss", Answer(raw=answer))  # type: ignore[arg-type]

    async with HttpFetcher(allow_private=LOCAL, deadline=timedelta(seconds=0.3)) as hurried:
        error = await refusal(hurried, url)

    assert error.message in {"it did not arrive within 0.3 seconds", "the site does not answer"}


@pytest.mark.parametrize("answer", [b"\x00\x01\x02", b"HTTP/1.1 200 OK\r\nX\r\n\r\n", b""])
async def test_what_is_no_http_is_an_error_like_others(server: FeedServer, fetcher: HttpFetcher, answer: bytes) -> None:
    url = server.serve("/rss", Answer(raw=lambda pause: iter([answer])))

    assert "broken HTTP" in (await refusal(fetcher, url)).message


async def test_answers_that_were_not_read_to_the_end_hold_no_connection(
    server: FeedServer, fetcher: HttpFetcher
) -> None:
    lost = server.serve("/lost", Answer(status=404, body=b"x" * 100_000))
    found = server.serve("/rss", Answer(body=BODY))

    for _ in range(65):
        await refusal(fetcher, lost)

    assert isinstance(await fetcher.fetch(feed(url=found), state()), Fetched)


async def test_fetches_that_ran_out_of_time_hold_no_connection(server: FeedServer) -> None:
    slow, found = server.serve("/slow", Answer(raw=slow_body)), server.serve("/rss", Answer(body=BODY))

    async with HttpFetcher(allow_private=LOCAL, deadline=timedelta(seconds=0.5)) as hurried:
        await asyncio.gather(*(refusal(hurried, slow) for _ in range(65)))
        fetched = await hurried.fetch(feed(url=found), state())

    assert isinstance(fetched, Fetched)


async def test_names_that_no_name_server_answers_for_keep_nothing_else_waiting(
    fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def look_up(host: str, *given: object, **more: object) -> list[object]:
        answered.wait(30)
        raise OSError(host)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    asked = [asyncio.create_task(refusal(fetcher, f"http://{number}.example/")) for number in range(30)]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await asyncio.to_thread(answered.is_set)  # as everything does that works in a thread for a moment
    answered.set()
    errors = await asyncio.gather(*asked)

    assert {error.unreached for error in errors} == {True}
