"""No address that a stranger gives us makes us dial into the network that we stand in."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import FetchError
from bot.model import FeedState
from bot.poll.fetch import GuardedBackend, HttpFetcher
from bot.poll.guard import check_given, check_url, host_of, is_public
from bot.poll.wire import connect
from bot.ports import Fetched
from tests.feed_server import Answer, FeedServer
from tests.hostile import ELSEWHERE, HOSTILE, INNER_ADDRESSES, PUBLIC, SPELLINGS_OF_HERE, resolve
from tests.make import NOON, feed

STATE = FeedState(url="", next_check_at=NOON)


class Front:
    """A public web server, as far as the fetcher can tell; keeps what was dialled."""

    def __init__(self, server: FeedServer) -> None:
        self.server = server
        self.dialled: list[str] = []

    async def dial(self, address: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append(address)
        if address != PUBLIC:
            raise httpcore.ConnectError("dialled inside")
        return await connect("127.0.0.1", self.server.port, **options)


@pytest.fixture
def front() -> Iterator[Front]:
    with FeedServer() as server:
        yield Front(server)


@pytest.fixture
async def fetcher(front: Front) -> AsyncIterator[HttpFetcher]:
    backend = GuardedBackend(resolve=resolve, dial=front.dial)
    async with HttpFetcher(backend=backend, deadline=timedelta(seconds=5)) as it:
        yield it


def test_the_list_is_as_long_as_was_promised() -> None:
    assert len(set(HOSTILE)) >= len(set(ELSEWHERE)) >= 79


async def test_every_connection_goes_through_the_guard(front: Front, fetcher: HttpFetcher) -> None:
    front.server.serve("/rss", Answer(body=b"<rss/>"))

    fetched = await fetcher.fetch(feed(url="http://public.test/rss"), STATE)

    assert isinstance(fetched, Fetched)
    assert front.dialled == [PUBLIC]


async def test_no_hostile_address_is_dialled(front: Front, fetcher: HttpFetcher) -> None:
    for url in HOSTILE:
        with pytest.raises(FetchError):
            await fetcher.fetch(feed(url=url), STATE)

    assert front.dialled == []


async def test_the_connection_itself_refuses_other_ports_and_sockets(front: Front) -> None:
    backend = GuardedBackend(resolve=resolve, dial=front.dial)

    with pytest.raises(httpcore.ConnectError, match="port 22"):
        await backend.connect_tcp("public.test", 22)
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_unix_socket("/var/run/docker.sock")

    assert front.dialled == []


async def test_no_hostile_address_is_dialled_for_a_redirect(front: Front, fetcher: HttpFetcher) -> None:
    for n, url in enumerate(ELSEWHERE):
        front.server.serve(f"/{n}", Answer(status=302, headers={"Location": url}))
        with pytest.raises(FetchError):
            await fetcher.fetch(feed(url=f"http://public.test/{n}"), STATE)

    assert set(front.dialled) == {PUBLIC}


async def test_a_name_that_changes_its_mind_is_judged_by_what_is_dialled(front: Front) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    front.server.serve("/", Answer(status=302, headers={"Location": "http://again.test/", "Connection": "close"}))
    async with HttpFetcher(backend=GuardedBackend(resolve=rebinding, dial=front.dial)) as fetcher:
        with pytest.raises(FetchError, match=r"not on the public internet"):
            await fetcher.fetch(feed(url="http://rebind.test/"), STATE)

    assert front.dialled == [PUBLIC]


async def test_a_proxy_in_the_environment_is_not_used(
    front: Front, fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    front.server.serve("/rss", Answer(body=b"<rss/>"))

    await fetcher.fetch(feed(url="http://public.test/rss"), STATE)

    assert front.dialled == [PUBLIC]


async def test_a_host_that_the_operator_allows_may_be_private_and_use_any_port() -> None:
    with FeedServer() as server:
        url = server.serve("/rss", Answer(body=b"<rss/>"))
        async with HttpFetcher(allow_private=frozenset({"127.0.0.1"})) as fetcher:
            fetched = await fetcher.fetch(feed(url=url), STATE)

    assert isinstance(fetched, Fetched)


async def test_an_allowed_host_opens_no_door_for_others() -> None:
    with FeedServer() as server:
        url = server.serve("/rss", Answer(status=302, headers={"Location": f"http://127.0.0.2:{server.port}/"}))
        async with HttpFetcher(allow_private=frozenset({"127.0.0.1"})) as fetcher:
            with pytest.raises(FetchError, match="port"):
                await fetcher.fetch(feed(url=url), STATE)

    assert server.paths() == ["/rss"]


# ------------------------------------------------------------------------------------------ the pure part
@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: Any) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


@given(st.text() | st.from_regex(r"https?://[^ ]{0,30}", fullmatch=True))
def test_any_text_gets_an_answer(url: str) -> None:
    why = check_url(url)

    assert why or host_of(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://news.example/rss?a=b#c", ""),
        ("HTTP://News.Example:8080/", ""),
        ("https://новини.example/стрічка", ""),
        ("ftp://news.example/", "only http and https are fetched, not ftp"),
        ("http://me:word@news.example/", "the address contains a user name"),
        ("http://news.example\\.other.example/", "the address contains spaces, backslashes or control characters"),
        ("http://news.example/a b", "the address contains spaces, backslashes or control characters"),
        ("http://news.example/\x7f", "the address contains spaces, backslashes or control characters"),
        ("http://news.example:22/", "port 22 is not one of the web's (80, 443, 8080, 8443)"),
    ],
)
def test_what_can_be_read_off_an_address(url: str, why: str) -> None:
    assert check_url(url) == why


@pytest.mark.parametrize(
    "host", [*SPELLINGS_OF_HERE, *INNER_ADDRESSES, "a.local", "db.internal", "x.localhost.", "999.1.1.1"]
)
def test_a_given_address_within_a_network_is_refused_before_anybody_dials(host: str) -> None:
    assert check_given(f"http://{host}/rss")


@pytest.mark.parametrize(
    "host", ["news.example", "93.184.215.14", "[2606:4700::1]", "1.news.example", "0x7f.example", "b92.rs"]
)
def test_a_given_address_out_there_may_be_kept(host: str) -> None:
    assert check_given(f"https://{host}/rss") == ""


def test_a_given_address_within_the_operator_s_own_network_may_be_kept_if_the_operator_says_so() -> None:
    assert check_given("http://127.0.0.1:8099/rss", frozenset({"127.0.0.1"})) == ""
    assert check_given("http://db.internal/rss", frozenset({"db.internal"})) == ""
