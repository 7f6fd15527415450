"""Parse feeds in processes that can be killed, so that no feed ever holds up the event loop.

feedparser may take minutes and gigabytes over a megabyte that was written for it, and holds the interpreter's lock
throughout; a thread would not help. See `bot.poll.child` for the other end.
"""

import asyncio
import json
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import bot
from bot.errors import ParseError
from bot.model import Feed
from bot.poll.raw import RawEntry, RawFeed, as_entries
from bot.ports import Fetched, Parsed

_LENGTH = struct.Struct(">I")
_LARGEST_ANSWER = 16 * 2**20
_LARGE_BODY = 2**20
"""A child keeps the memory that it ever needed, so after a body of this size it is replaced."""
_START_DEADLINE = 30.0

# -I keeps the caller's folder and environment out; the package is then found where this very copy of it lies.
_CODE = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module('bot.poll.child', run_name='__main__')"
_COMMAND = (sys.executable, "-I", "-B", "-c", _CODE, str(Path(bot.__file__).parents[1]))


class ParserPool:
    """Parses in up to *size* children at a time, each feed within *deadline*; an async context manager."""

    def __init__(self, *, size: int = 2, deadline: timedelta = timedelta(seconds=5)) -> None:
        self._children = [_Child() for _ in range(size)]
        # Last in, first out: on a quiet day one child does all the work and the others are never started.
        self._idle: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        for child in self._children:
            self._idle.put_nowait(child)
        self._deadline = deadline.total_seconds()
        self._starting: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for child in self._children:
            await child.stop()

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the children that run."""
        return tuple(child.pid for child in self._children if child.pid)

    async def parse(self, fetched: Fetched, feed: Feed, now: datetime, seen: str = "") -> Parsed:
        """Return the entries, newest 200 at most; raise ParseError if it is no feed or takes too much.

        Items that are in *seen*, the hashes of an earlier answer, need not be among them.
        """
        child = await self._idle.get()
        try:
            answer = await self._ask(child, fetched, feed, seen)
        finally:
            self._give_back(child)
        if isinstance(answer, dict):
            raise ParseError(feed.url, answer["error"])
        raw = _raw_feed(answer)
        return Parsed(
            entries=as_entries(raw, feed, now),
            offered=raw.offered,
            hashes=raw.hashes,
            title=raw.title,
            language=raw.language,
        )

    def _give_back(self, child: "_Child") -> None:
        """Let others have *child*; one that was killed only when it is up again, so that they need not wait for it."""
        if child.pid or self._closed:
            self._idle.put_nowait(child)
            return
        task = asyncio.create_task(self._start_again(child))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_again(self, child: "_Child") -> None:
        try:
            await child.start()
        except (EOFError, OSError):  # TimeoutError is one; whoever needs the child tries again, and learns why not
            await child.stop()
        finally:
            self._idle.put_nowait(child)

    async def _start(self, child: "_Child", feed: Feed) -> None:
        try:
            await child.start()
        except (EOFError, OSError) as error:  # TimeoutError is one
            raise ParseError(feed.url, "no parser can be started", ours=True) from error

    async def _ask(self, child: "_Child", fetched: Fetched, feed: Feed, seen: str) -> Any:
        about = {"url": fetched.url or feed.url, "content_type": fetched.content_type, "seen": seen}
        request = json.dumps(about).encode() + b"\n" + fetched.body
        kept = False
        try:
            await self._start(child, feed)
            async with asyncio.timeout(self._deadline):
                answer = await child.ask(request)
            kept = len(fetched.body) < _LARGE_BODY
        except TimeoutError as error:
            raise ParseError(feed.url, f"reading it took more than {self._deadline:g} seconds") from error
        except (EOFError, OSError) as error:
            raise ParseError(feed.url, "the parser died over it") from error
        finally:
            # Whatever went wrong, cancelling included: a child with half a request in it must answer no one else.
            if not kept:
                await child.stop()
        return json.loads(answer)


def _raw_feed(answer: list[Any]) -> RawFeed:
    raw = RawFeed(*answer)
    return raw._replace(entries=tuple(RawEntry(*item) for item in raw.entries))


class _Child:
    """One child process, started when it is first needed."""

    _input: asyncio.StreamWriter
    _output: asyncio.StreamReader

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the process if none runs; raise OSError, EOFError or TimeoutError if it does not come up."""
        if self._process and self._process.returncode is not None:
            await self.stop()
        if self._process:
            return
        # With a smaller limit asyncio stops reading within a large answer, and a pipe that is not read is never closed.
        self._process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=_LARGEST_ANSWER
        )
        self._input = cast(asyncio.StreamWriter, self._process.stdin)
        self._output = cast(asyncio.StreamReader, self._process.stdout)
        async with asyncio.timeout(_START_DEADLINE):
            await self._read_frame()

    async def ask(self, request: bytes) -> bytes:
        """Return the answer; raise EOFError or OSError if the child dies."""
        self._input.write(_LENGTH.pack(len(request)) + request)
        await self._input.drain()
        return await self._read_frame()

    async def stop(self) -> None:
        """Kill the process, if one runs, and bury it."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _read_frame(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._output.readexactly(_LENGTH.size))
        if length > _LARGEST_ANSWER:
            raise OSError(f"an answer of {length} bytes")
        return await self._output.readexactly(length)
