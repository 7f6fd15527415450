"""Get feeds over HTTP: politely (conditional requests, Retry-After) and within limits of time, size and place.

No httpx client is involved, only what lies beneath it: so there is no cookie jar, no proxy from the environment, no
redirect that we did not check, and nothing that is remembered from one feed to the next.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import httpcore
import httpx

from bot import __version__
from bot.errors import FetchError
from bot.model import Clock, Feed, FeedState
from bot.poll.guard import check_addresses, check_port, check_url, host_of
from bot.poll.headers import max_age, retry_after, validator
from bot.poll.names import look_up
from bot.poll.wire import HungUpError, connect
from bot.ports import Fetched, NotModified

__all__ = ["GuardedBackend", "HttpFetcher", "host_of"]

MAX_WIRE = 5 * 2**20
MAX_BODY = 10 * 2**20
MAX_REDIRECTS = 5
MAX_IDLE = 16
"""Beyond so many connections none is kept for its host's next feed. At each request the pool looks at all of them, and
for each that is idle at all of them again: with 64 a fetch costs twice as much."""
_CHUNK = 64 * 2**10
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f"
_WHOLE = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})
_MAX_ADDRESS = 2000
_AS_IS = frozenset({"", "identity", "none", "utf-8", "utf8"})
"""What servers say of a body that is packed in no way, rightly or not."""
_BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)
_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the IP addresses of a host, best first; raises OSError if there are none."""
Dial = Callable[..., Awaitable[httpcore.AsyncNetworkStream]]
"""Connects to an IP address and port within so many seconds, as `bot.poll.wire.connect` does."""


class HttpFetcher:
    """Fetches feeds over HTTP; an async context manager.

    Hosts in *allow_private* may be inside our network and use any port, and only their own feeds lead to them.
    *contact* tells site owners whom to write to.
    *deadline* is for the whole fetch: httpx's own timeouts start anew with every byte that drips in. No host is asked
    for two things at a time, be it by way of a redirect.
    """

    def __init__(
        self,
        *,
        allow_private: frozenset[str] = frozenset(),
        contact: str = "",
        deadline: timedelta = timedelta(seconds=20),
        clock: Clock = lambda: datetime.now(UTC),
        backend: "GuardedBackend | None" = None,
    ) -> None:
        self._allow_private = allow_private
        self._headers = {
            "User-Agent": f"Parley/{__version__}" + (f" (+{contact})" if contact else ""),
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip",
        }
        self._deadline = deadline.total_seconds()
        # The deadline of the whole fetch covers all but this: after it the next address has its turn.
        self._timeouts = {"connect": self._deadline / 4}
        self._clock = clock
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_certificates(),
            max_connections=64,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=5.0,
            network_backend=backend or GuardedBackend(allow_private=allow_private),
        )
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def fetch(self, feed: Feed, state: FeedState) -> Fetched | NotModified:
        """Get the feed, or learn that it has not changed; raise FetchError if it does not arrive."""
        headers = self._headers | _conditions(state)
        try:
            async with asyncio.timeout(self._deadline) as time:
                return await self._follow(feed, state.new_address or feed.url, headers, time)
        except _RefusedError as refused:
            raise FetchError(feed.url, str(refused), retry_after=refused.retry_after, gone=refused.gone) from refused
        except TimeoutError as error:
            raise FetchError(feed.url, f"it did not arrive within {self._deadline:g} seconds") from error
        except _BROKEN as error:
            unreached = isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout)
            raise FetchError(feed.url, _in_words(error), unreached=unreached) from error

    async def _follow(
        self, feed: Feed, url: str, headers: Mapping[str, str], time: asyncio.Timeout
    ) -> Fetched | NotModified:
        moved_to, for_good, asked = "", True, set[str]()
        closed = frozenset() if host_of(feed.url) in self._allow_private else self._allow_private
        for _ in range(MAX_REDIRECTS + 1):
            if (host := host_of(url)) in closed:
                raise _RefusedError(f"{host} is a host of allow_private, where no feed from elsewhere may lead us")
            async with self._turn(host, time):
                answer = await self._ask(url, headers)
            if not isinstance(answer, _Elsewhere):
                return replace(answer, moved_to=moved_to)
            asked.add(url)
            url = answer.url
            if url in asked:
                raise _RefusedError("its redirects lead in a circle")
            for_good = for_good and answer.for_good and len(url) <= _MAX_ADDRESS
            moved_to = url if for_good else moved_to
        raise _RefusedError(f"more than {MAX_REDIRECTS} redirects")

    @asynccontextmanager
    async def _turn(self, host: str, time: asyncio.Timeout) -> AsyncIterator[None]:
        """Wait until nobody else asks *host*, which costs the feed none of its *time*."""
        turn = self._turns.setdefault(host, asyncio.Lock())
        loop = asyncio.get_running_loop()
        left = (time.when() or loop.time()) - loop.time()
        time.reschedule(None)
        async with turn:
            time.reschedule(loop.time() + left)
            yield

    async def _ask(self, url: str, headers: Mapping[str, str]) -> "Fetched | NotModified | _Elsewhere":
        """Make one request."""
        if why := check_url(url, self._allow_private):
            raise _RefusedError(why)
        with _readable_addresses():
            target = httpx.URL(url)
        response = await self._answer(_request(target, headers, self._timeouts))
        try:
            return await self._read(response, target, conditional=headers.keys() > self._headers.keys())
        finally:
            await response.aclose()

    async def _answer(self, request: httpcore.Request) -> httpcore.Response:
        """Return what is answered; over a new connection if the other side had just hung up the one that was kept."""
        while True:
            with suppress(HungUpError):
                return await self._pool.handle_async_request(request)

    async def _read(
        self, response: httpcore.Response, target: httpx.URL, *, conditional: bool
    ) -> "Fetched | NotModified | _Elsewhere":
        status, headers = response.status, httpx.Headers(response.headers)
        if status in _REDIRECTS and "location" in headers:
            with _readable_addresses():
                return _Elsewhere(str(target.join(headers["location"])), for_good=status in _FOR_GOOD)
        if status == HTTPStatus.NOT_MODIFIED and conditional:
            await response.aread()  # nothing; but only what was read to its end leaves its connection to the next
            return NotModified(max_age=max_age(headers, self._clock()))
        if status not in _WHOLE:
            wait = retry_after(headers, self._clock())
            raise _RefusedError(_status_in_words(status), retry_after=wait, gone=status == HTTPStatus.GONE)
        response.extensions["network_stream"].expect_body()
        return Fetched(
            body=await _body(response.aiter_stream(), headers),
            url=str(target),
            content_type=headers.get("content-type", ""),
            etag=validator(headers, "etag"),
            last_modified=validator(headers, "last-modified"),
            max_age=max_age(headers, self._clock()),
        )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """The answer is to ask at *url*; for this time, or *for_good*."""

    url: str
    for_good: bool


class _RefusedError(Exception):
    """We do not take it, or the server does not give it."""

    def __init__(self, why: str, *, retry_after: timedelta | None = None, gone: bool = False) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.gone = gone


@contextmanager
def _readable_addresses() -> Iterator[None]:
    """Refuse an address that httpx cannot read (a host that is no name at all is a UnicodeError of idna's)."""
    try:
        yield
    except (httpx.InvalidURL, ValueError) as error:
        raise _RefusedError("the address cannot be read") from error


# ------------------------------------------------------------------------------------------ whom we dial
async def _resolve(host: str, port: int) -> list[str]:
    found = await look_up(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses only, and to the very address that was checked.

    A check before the request would leave the name server time to answer differently the second time.
    """

    def __init__(
        self, *, allow_private: frozenset[str] = frozenset(), resolve: Resolve = _resolve, dial: Dial = connect
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers; raise ConnectError if the guard says no."""
        for address in await self._checked_addresses(host, port):
            try:
                return await self._dial(address, port, timeout=timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _checked_addresses(self, host: str, port: int) -> list[str]:
        name = host.lower().rstrip(".")
        try:
            # UnicodeError: a label that is empty or too long for a name server.
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{name} is not known to the name servers") from error
        if why := check_port(name, port, self._allow_private) or check_addresses(name, addresses, self._allow_private):
            raise httpcore.ConnectError(why)
        return addresses[:3]

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no feed lives in a local socket."""
        raise httpcore.ConnectError("local sockets are not dialled")

    async def sleep(self, seconds: float) -> None:
        """Wait *seconds*."""
        await asyncio.sleep(seconds)


@cache
def _certificates() -> ssl.SSLContext:
    """Return the certificates that we trust; reading them takes longer than a fetch."""
    return httpx.create_ssl_context(trust_env=False)


# ------------------------------------------------------------------------------------------ what we ask
def _conditions(state: FeedState) -> dict[str, str]:
    asked = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in asked.items() if value}


def _request(target: httpx.URL, headers: Mapping[str, str], timeouts: Mapping[str, float]) -> httpcore.Request:
    """Return the request for *target*; what a server gave us goes back in the bytes in which it came."""
    address = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    sent = [(b"Host", target.netloc), *((name.encode(), value.encode("latin-1")) for name, value in headers.items())]
    return httpcore.Request("GET", address, headers=sent, extensions={"timeout": timeouts})


# ------------------------------------------------------------------------------------------ what we are told
_STATUS_WORDS = {
    401: "the site asks for a password",
    403: "the site refuses us",
    404: "there is nothing at this address",
    410: "the feed is gone for good",
    429: "the site says that we ask too often",
}


def _status_in_words(status: int) -> str:
    words = _STATUS_WORDS.get(status) or ("the site is broken" if status >= 500 else "the answer is no feed")
    if status in _REDIRECTS:
        words = "the site sends us on and does not say where"
    return f"{words} (HTTP {status})"


def _in_words(error: Exception) -> str:
    match error:
        case httpcore.TimeoutException():
            return "the site does not answer"
        case httpcore.RemoteProtocolError():
            return f"the answer is broken HTTP ({error})"
        case _:
            return str(error) or f"the connection failed ({type(error).__name__})"


# ------------------------------------------------------------------------------------------ the body, within its caps
async def _body(stream: AsyncIterator[bytes], headers: httpx.Headers) -> bytes:
    """Return the decoded body; raise _RefusedError if it is too large, cut short or packed in another way than gzip."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in _AS_IS | {"gzip", "x-gzip"}:
        raise _RefusedError(f"the answer is packed in a way that we did not ask for ({coding})")
    wire = _capped(stream)
    if coding not in _AS_IS:
        return await _unpacked(wire)
    body = bytearray()
    async for chunk in wire:
        body += chunk
    return bytes(body)


async def _capped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield *chunks*, and let others do their work after each: one packet can hold 10,000."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_WIRE:
            raise _RefusedError(f"the answer is larger than {MAX_WIRE >> 20} MiB")
        yield chunk
        await asyncio.sleep(0)


async def _unpacked(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the gzip stream unpacked, never holding more than the cap: 300 bytes can unpack to 200 MB."""
    body, unpacker = bytearray(), zlib.decompressobj(_GZIP)
    async for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:
                if not rest.startswith(_GZIP_MAGIC):  # padding behind the last member
                    break
                unpacker = zlib.decompressobj(_GZIP)
            body += _inflate(unpacker, rest)
            await asyncio.sleep(0)  # one chunk can hold many of these rounds too
            rest = unpacker.unconsumed_tail or unpacker.unused_data
            if len(body) > MAX_BODY:
                raise _RefusedError(f"the answer unpacks to more than {MAX_BODY >> 20} MiB")
    if not unpacker.eof:
        raise _RefusedError("the answer is cut short")
    return bytes(body)


def _inflate(unpacker: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return unpacker.decompress(packed, _CHUNK)
    except zlib.error as error:
        raise _RefusedError("the answer is broken gzip") from error
