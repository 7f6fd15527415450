"""The connections that feeds come over: asyncio's own streams, as httpcore wants them.

httpcore brings anyio's, which cost a fifth of a fetch for what we do not need: another event loop than asyncio's.
"""

import asyncio
import os
import select
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpcore

MAX_HEAD = 32 * 2**10
"""Real ones are smaller than 16 KiB."""


async def connect(address: str, port: int, *, timeout: float | None) -> httpcore.AsyncNetworkStream:  # noqa: ASYNC109
    """Connect to an IP *address*; raise httpcore's ConnectTimeout after *timeout* seconds, or ConnectError."""
    with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
        async with asyncio.timeout(timeout):
            return _Stream(*await asyncio.open_connection(address, port))


class HungUpError(httpcore.NetworkError):
    """The other side let go of a connection that it had answered over before, and has not heard this question."""


class _Stream(httpcore.AsyncNetworkStream):
    """A connection. The timeouts are httpcore's, in seconds.

    After a question no more is read than MAX_HEAD until somebody expects a body: what comes before that is looked
    through in one go, were it thousands of headers, or of answers that say "go on".
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._left = MAX_HEAD
        self._used = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return what has come, b"" at the end."""
        if not self._left:
            raise httpcore.ReadError(f"the head of the answer is larger than {MAX_HEAD >> 10} KiB")
        with _as(httpcore.ReadTimeout, self._failure(httpcore.ReadError)):
            async with asyncio.timeout(timeout):
                come = await self._reader.read(min(max_bytes, self._left))
        if not come and self._is_unheard:
            raise HungUpError
        self._left -= len(come)
        return come

    def expect_body(self) -> None:
        """Set no limit to what is read, until something is written again: the head of an answer is over."""
        self._left = sys.maxsize

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send *buffer*."""
        self._used = self._used or self._left != MAX_HEAD
        self._left = MAX_HEAD
        with _as(httpcore.WriteTimeout, self._failure(httpcore.WriteError)):
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()

    @property
    def _is_unheard(self) -> bool:
        return self._used and self._left == MAX_HEAD

    def _failure(self, usual: type[Exception]) -> type[Exception]:
        return HungUpError if self._is_unheard else usual

    async def aclose(self) -> None:
        """Let go of the connection, and wait for nobody: a server that says no goodbye could keep us for 30 seconds."""
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Self:
        """Speak TLS from now on, with *server_hostname* and nobody else."""
        try:
            with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks: which protocol TLS agreed on, and whether the other side has hung up."""
        if info == "is_readable":
            return self._writer.is_closing() or _is_readable(self._writer.get_extra_info("socket").fileno())
        return self._writer.get_extra_info(info)


@contextmanager
def _as(late: type[Exception], failed: type[Exception]) -> Iterator[None]:
    """Translate errors of the system into httpcore's."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # ssl.SSLError is one
        raise failed(_in_words(error)) from error


def _in_words(error: OSError) -> str:
    """Return what went wrong ("connection refused"); asyncio says it with numbers that nobody can read."""
    system = not isinstance(error, ssl.SSLError) and error.errno
    return os.strerror(system).lower() if system else str(error)


def _is_readable(descriptor: int) -> bool:
    """Return whether something, if only its end, waits in a connection: then nothing more may be asked over it."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
