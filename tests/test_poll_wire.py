"""Connections to real servers on this machine, with TLS and without."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpcore
import pytest

from bot.errors import FetchError
from bot.model import FeedState
from bot.poll.fetch import HttpFetcher
from bot.poll.wire import connect
from bot.ports import Fetched
from tests.make import NOON, feed

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """Serve every connection so, and then hang up; give the port. Our side has hung up when the block ends."""
    served = set[asyncio.Task[None] | None]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        with suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*filter(None, served))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())
    await writer.drain()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the certificate of feeds.example, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=feeds.example", "-addext", "subjectAltName=DNS:feeds.example"]
    command = [openssl, "req", *kind, *name, "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def safe_port(identity: tuple[Path, Path]) -> Iterator[int]:
    """Give the port of a server that echoes over TLS, once, from a thread of its own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*identity)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo_once() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as safe:
                safe.sendall(safe.recv(1000))

        thread = threading.Thread(target=echo_once)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


# ------------------------------------------------------------------------------------------ plain
async def test_what_is_sent_arrives_and_the_end_is_empty() -> None:
    async with serving(echo) as port:
        stream = await connect("127.0.0.1", port, timeout=5)
        await stream.write(b"news\n")
        read = [await stream.read(1000, timeout=5), await stream.read(1000, timeout=5)]
        await stream.aclose()

    assert read == [b"news\n", b""]


async def test_an_idle_connection_is_readable_once_the_other_side_has_hung_up() -> None:
    hang_up = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hang_up.wait()

    async with serving(wait) as port:
        stream = await connect("127.0.0.1", port, timeout=5)
        before = stream.get_extra_info("is_readable")
        hang_up.set()
        await stream.read(1, timeout=5)
        after = stream.get_extra_info("is_readable")
        await stream.aclose()
        closed = stream.get_extra_info("is_readable")

    assert (before, after, closed) == (False, True, True)


async def test_who_says_nothing_is_not_waited_for_longer_than_asked() -> None:
    async with serving(say_nothing) as port:
        stream = await connect("127.0.0.1", port, timeout=5)

        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1, timeout=0.01)
        await stream.aclose()


@pytest.mark.parametrize(("most", "connections"), [(1, 2), (9, 1)])
async def test_who_has_hung_up_since_the_last_answer_is_called_again(most: int, connections: int) -> None:
    answered: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered.append(0)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n") and answered[-1] < most:
                answered[-1] += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews")

    async with serving(answer) as port:
        url = f"http://127.0.0.1:{port}/rss"
        async with HttpFetcher(allow_private=frozenset({"127.0.0.1"})) as fetcher:
            fetched = [await fetcher.fetch(feed(url=url), FeedState(url=url, next_check_at=NOON)) for _ in range(2)]

    assert [type(each) for each in fetched] == [Fetched, Fetched]
    assert len(answered) == connections


async def test_who_hangs_up_at_the_first_question_is_not_called_again() -> None:
    calls: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readuntil(b"\r\n\r\n"))

    async with serving(hang_up) as port:
        url = f"http://127.0.0.1:{port}/rss"
        async with HttpFetcher(allow_private=frozenset({"127.0.0.1"})) as fetcher:
            with pytest.raises(FetchError, match="broken HTTP"):
                await fetcher.fetch(feed(url=url), FeedState(url=url, next_check_at=NOON))

    assert len(calls) == 1


async def test_nobody_at_the_port_is_a_connect_error() -> None:
    async with serving(echo) as port:
        pass

    with pytest.raises(httpcore.ConnectError):
        await connect("127.0.0.1", port, timeout=5)


# ------------------------------------------------------------------------------------------ TLS
async def test_tls_is_spoken_with_the_host_that_the_certificate_names(
    identity: tuple[Path, Path], safe_port: int
) -> None:
    stream = await connect("127.0.0.1", safe_port, timeout=5)
    trusting = ssl.create_default_context(cafile=str(identity[0]))
    safe = await stream.start_tls(trusting, server_hostname="feeds.example", timeout=5)
    await safe.write(b"news\n")
    read = await safe.read(1000, timeout=5)
    spoken = safe.get_extra_info("ssl_object").version()
    await safe.aclose()

    assert (read, spoken.startswith("TLS")) == (b"news\n", True)


@pytest.mark.parametrize(("trusted", "host"), [(True, "other.example"), (False, "feeds.example")])
async def test_a_certificate_of_another_host_or_of_nobody_we_trust_is_refused(
    identity: tuple[Path, Path], safe_port: int, *, trusted: bool, host: str
) -> None:
    asking = ssl.create_default_context(cafile=str(identity[0]) if trusted else None)
    stream = await connect("127.0.0.1", safe_port, timeout=5)

    with pytest.raises(httpcore.ConnectError, match="certificate"):
        await stream.start_tls(asking, server_hostname=host, timeout=5)


async def test_who_does_not_answer_our_greeting_is_not_waited_for() -> None:
    async with serving(say_nothing) as port:
        stream = await connect("127.0.0.1", port, timeout=5)

        with pytest.raises(httpcore.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), server_hostname="feeds.example", timeout=0.05)
