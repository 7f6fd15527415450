"""Names of hosts are looked up in threads that nobody waits for.

A name server that does not answer keeps its thread for half a minute or more. asyncio has few threads, others need
them too, and it does not stop before each of them has.
"""

import asyncio
import socket
from concurrent.futures import Future
from threading import Thread
from typing import Any

Found = list[tuple[Any, Any, int, str, tuple[Any, ...]]]


def look_up_apart() -> None:
    """Let the running loop look up so whatever anybody connects to."""
    asyncio.get_running_loop().getaddrinfo = look_up  # type: ignore[method-assign]


async def look_up(host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Found:
    """Return the addresses of *host*, as `socket.getaddrinfo` does; raise OSError, or UnicodeError if it is no name."""
    answer: Future[Found] = Future()
    answer.set_running_or_notify_cancel()  # from now on it cannot be cancelled, only left alone

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, family, type, proto, flags))
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)

    Thread(target=ask, name="names", daemon=True).start()
    return await asyncio.wrap_future(answer)
