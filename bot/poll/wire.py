"""The connections that feeds come over: asyncio's own streams, as httpcore wants them.

httpcore brings anyio's, which cost a fifth of a fetch for what we do not need: another event loop than asyncio's.
"""

import asyncio
import select
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpcore


async def connect(address: str, port: int, *, timeout: float | None) -> httpcore.AsyncNetworkStream:  # noqa: ASYNC109
    """Connect to an IP *address*; raise httpcore's ConnectTimeout after *timeout* seconds, or ConnectError."""
    with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
        async with asyncio.timeout(timeout):
            return _Stream(*await asyncio.open_connection(address, port))


class _Stream(httpcore.AsyncNetworkStream):
    """A connection. The timeouts are httpcore's, in seconds."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return what has come, b"" at the end."""
        with _as(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send *buffer*."""
        with _as(httpcore.WriteTimeout, httpcore.WriteError):
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()

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
        raise failed(str(error)) from error


def _is_readable(descriptor: int) -> bool:
    """Return whether something, if only its end, waits in a connection: then nothing more may be asked over it."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
