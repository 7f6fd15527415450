"""No address that a stranger gives us makes us dial into the network that we stand in."""

import socket
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
from bot.poll.guard import check_url, host_of, is_public
from bot.ports import Fetched
from tests.feed_server import Answer, FeedServer
from tests.make import NOON, feed

PUBLIC = "93.184.215.14"
STATE = FeedState(url="", next_check_at=NOON)

NAMES = {
    "public.test": [PUBLIC],
    "ten.test": ["10.1.2.3"],
    "loop.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "both.test": [PUBLIC, "127.0.0.1"],
    "both6.test": [PUBLIC, "fe80::1%lo"],
    "cloud.test": ["169.254.169.254"],
    "carrier.test": ["100.64.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "6to4.test": ["2002:7f00:1::1"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "teredo.test": ["2001:0:7f00:1::1"],
    "nowhere.test": [],
    "odd.test": ["not an address"],
    "localhost": ["::1", "127.0.0.1"],
}

SPELLINGS_OF_HERE = [
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0x7F.0.0.0x1"),
    *("0177.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "00.0.0.0", "localhost", "LocalHost", "localhost."),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *(
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "[fe80::1]",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%31%32%37.1",
    ),
]
INNER_ADDRESSES = [
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1.254"),
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "100.64.0.1", "192.0.0.192", "198.18.0.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[fd00:ec2::254]", "[fc00::1]", "[fec0::1]"),
    *("[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[64:ff9b:1::1]", "[2001::1]", "[5f00::1]"),
]
NO_FEED_ADDRESSES = [
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "ftp://public.test/",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
    ),
    *("unix:///var/run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/info", "jar:http://public.test/!/", "", "http"),
    *(
        "http://",
        "http:///x",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http://[::1",
        "http://public.test:99999/",
        "/etc/passwd",
    ),
    *("http://public.test:22/", "http://public.test:25/", "http://public.test:6379/", "https://public.test:0/"),
    *("http://public.test@127.0.0.1/", "http://user:word@public.test/", "http://127.0.0.1\\@public.test/"),
    *(
        "http://public.test\\.ten.test/",
        "http://ten.test\t/",
        "http://127.0.0.1\r\nHost: public.test/",
        " http://ten.test/",
    ),
    *("http://public.test\x00.ten.test/", "http://127.0.0.1%00.public.test/", "http://.ten.test/", "http://..../"),
    *("http://" + "a" * 64 + ".test/", "http://" + "a." * 200 + "test/", "http://xn--/", "http://\u2028ten.test/"),
]
HOSTILE = [
    *(f"http://{host}/" for host in SPELLINGS_OF_HERE + INNER_ADDRESSES),
    *(f"http://{name}/" for name in NAMES if name != "public.test"),
    *NO_FEED_ADDRESSES,
]


async def resolve(host: str, port: int) -> list[str]:
    """Answer for the names above; the system's own reading for every way to write a number."""
    if host.rstrip(".") in NAMES:
        return NAMES[host.rstrip(".")]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(address[0]) for *_, address in found]


class Front:
    """A public web server, as far as the fetcher can tell; keeps what was dialled."""

    def __init__(self, server: FeedServer) -> None:
        self.server = server
        self.dialled: list[str] = []

    async def dial(self, address: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append(address)
        if address != PUBLIC:
            raise httpcore.ConnectError("dialled inside")
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self.server.port, **options)


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
    assert len(set(HOSTILE)) >= 79


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
    # Without an address of its own a redirect leads back to the page that sent it.
    elsewhere = [
        url for url in HOSTILE if url not in {"", "http", "/etc/passwd"} and url.isprintable() and url.isascii()
    ]
    assert len(elsewhere) >= 79

    for n, url in enumerate(elsewhere):
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
