"""Fetching over real HTTP from a server on this machine, honest or hostile."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot import __version__
from bot.errors import FetchError
from bot.model import FeedState
from bot.poll.fetch import MAX_BODY, MAX_WIRE, HttpFetcher
from bot.ports import Fetched, NotModified
from tests.feed_server import Answer, FeedServer, Pause
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


@pytest.mark.parametrize(
    ("cache_control", "max_age"),
    [
        ("max-age=60", timedelta(minutes=1)),
        ('private,MAX-AGE="60"', timedelta(minutes=1)),
        ("s-maxage=60", None),
        ("no-cache, max-age=60", None),
        ("max-age=9999999999", timedelta(days=365)),
        ("max-age=soon", None),
    ],
)
async def test_how_long_the_answer_stays_good(
    server: FeedServer, fetcher: HttpFetcher, cache_control: str, max_age: timedelta | None
) -> None:
    url = server.serve("/rss", Answer(body=BODY, headers={"Cache-Control": cache_control}))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert fetched.max_age == max_age


@pytest.mark.parametrize(
    ("headers", "max_age"),
    [
        ({"Expires": format_datetime(NOON + timedelta(hours=1))}, timedelta(hours=1)),
        (
            {"Expires": format_datetime(NOON + timedelta(hours=1)), "Date": format_datetime(NOON - timedelta(hours=1))},
            timedelta(hours=2),
        ),
        ({"Expires": format_datetime(NOON - timedelta(hours=1))}, timedelta(0)),
        ({"Expires": "0"}, None),
        ({"Expires": "Thu, 99 Foo 99999 99:99:99 +9999"}, None),
        ({"Expires": format_datetime(NOON + timedelta(hours=1)), "Cache-Control": "max-age=60"}, timedelta(minutes=1)),
        ({"Expires": format_datetime(NOON + timedelta(hours=1)), "Cache-Control": "no-cache"}, None),
        ({"Age": "20", "Cache-Control": "max-age=60"}, timedelta(seconds=40)),
        ({"Age": "90", "Cache-Control": "max-age=60"}, timedelta(0)),
        ({"Age": "old", "Cache-Control": "max-age=60"}, timedelta(minutes=1)),
    ],
)
async def test_a_date_of_expiry_counts_and_so_does_the_time_in_a_cache(
    server: FeedServer, fetcher: HttpFetcher, headers: dict[str, str], max_age: timedelta | None
) -> None:
    url = server.serve("/rss", Answer(body=BODY, headers={"Date": format_datetime(NOON)} | headers))

    fetched = await fetcher.fetch(feed(url=url), state())

    assert fetched.max_age == max_age


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOON + timedelta(minutes=3)), timedelta(minutes=3)),
        (format_datetime(NOON - timedelta(minutes=3)), timedelta(0)),
        ("9999999999", timedelta(hours=24)),
        (format_datetime(datetime(2999, 1, 1, tzinfo=UTC)), timedelta(hours=24)),
        ("later", None),
        ("", None),
    ],
)
async def test_a_site_that_wants_peace_says_for_how_long(
    server: FeedServer, fetcher: HttpFetcher, told: str, wait: timedelta | None
) -> None:
    url = server.serve("/rss", Answer(status=429, headers={"Retry-After": told}))

    error = await refusal(fetcher, url)

    assert error.message == "the site says that we ask too often (HTTP 429)"
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "there is nothing at this address (HTTP 404)"),
        (410, "the feed is gone for good (HTTP 410)"),
        (503, "the site is broken (HTTP 503)"),
        (204, "the answer is no feed (HTTP 204)"),
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
    assert (await refusal(fetcher, "http://127.0.0.1:1/rss")).unreached


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
        pause(0.3)
        asked.append("end")
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    urls = [server.serve(f"/{n}", Answer(raw=slowly)) for n in range(4)]

    async with HttpFetcher(allow_private=LOCAL, deadline=timedelta(seconds=1)) as fetcher:
        fetched = await asyncio.gather(*(fetcher.fetch(feed(url=url), state()) for url in urls))

    assert [type(one) for one in fetched] == [Fetched] * 4
    assert asked == ["begin", "end"] * 4


async def test_the_sixth_redirect_is_one_too_many(server: FeedServer, fetcher: HttpFetcher) -> None:
    url = server.serve("/again", Answer(status=302, headers={"Location": "/again"}))

    error = await refusal(fetcher, url)

    assert error.message == "more than 5 redirects"
    assert len(server.requests) == 6


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


@pytest.mark.parametrize("answer", [b"\x00\x01\x02", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000, b""])
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
