"""R8: answers that are meant to fill our memory or to last for ever."""

import asyncio
import gzip
import json
import random
import re
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpcore

from bot.errors import FetchError
from bot.model import Feed, FeedState
from bot.poll.fetch import MAX_REDIRECTS, GuardedBackend, HttpFetcher
from bot.poll.wire import connect
from tests.drills.figures import Figures
from tests.drills.suite import PROJECT
from tests.drills.waits import WORST, waits
from tests.feed_server import Answer, Pause
from tests.hostile import PUBLIC
from tests.web import Web

MOST_GROWTH = 32
"""In MiB."""
GRACE = 1.0
WARM_UP = "redirects"
SLOW = {"small-chunks", "slow-body", "slow-chunks", "slow-headers", "slow-status", "silence", "slow-redirects"}
MEBIBYTE = 2**20
UNPACKED = 200 * MEBIBYTE
_HEAD = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True, kw_only=True)
class Bombs(Figures):
    """What came of it: *growth* in MiB, *seconds* of the longest, and which were taken for an answer or ended late.

    *stall* is how long the event loop stood still at worst, in seconds, and *queued* for how much of it the machine had
    no processor for us.
    """

    bombs: int
    growth: float
    seconds: float
    stall: float
    queued: float
    deadline: float
    taken: Sequence[str]
    late_ones: Sequence[str]

    def measured(self) -> str:
        return (
            f"{self.bombs} bombs: memory grew by {self.growth:.1f} MiB, "
            f"the longest took {self.seconds:.1f} s of {self.deadline:g}, nothing else waited {self.stall:.3f} s "
            f"({self.queued:.3f} of it for a processor)"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            f"memory grew by {self.growth:.1f} MiB": self.growth > MOST_GROWTH,
            f"taken for an answer: {', '.join(self.taken)}": self.taken,
        }

    def late(self) -> Mapping[str, object]:
        return {
            f"not over at the deadline: {', '.join(self.late_ones)}": self.late_ones,
            f"everything stood still for {self.stall:.3f} s": self.stall > WORST,
        }


async def bombs(deadline: float, seed: int) -> Bombs:
    """Let a process of its own fetch every bomb, each within *deadline* seconds."""
    arsenal = _arsenal()
    command = (sys.executable, "-m", "tests.drills.bombs")
    with Web() as web:
        for name, answer in arsenal.items():
            web.serve(_address(name), answer)
        for number in range(MAX_REDIRECTS + 1):
            following = f"{_address('slow-redirects')}/{number + 1}"
            web.serve(f"{_address('slow-redirects')}/{number}", Answer(raw=partial(_slow_redirect, following)))
        process = await asyncio.create_subprocess_exec(
            *command, cwd=PROJECT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        given = {"port": web.port, "names": list(arsenal), "deadline": deadline}
        told = json.loads((await process.communicate(json.dumps(given).encode()))[0])
    seconds: dict[str, float] = told["seconds"]
    return Bombs(
        secrets=0,
        bombs=len(seconds),
        growth=told["growth"],
        seconds=max(seconds.values()),
        stall=told["stall"],
        queued=told["queued"],
        deadline=deadline,
        taken=told["taken"],
        late_ones=[name for name, spent in seconds.items() if spent > deadline + GRACE],
    )


# ------------------------------------------------------------------------------------------ the bombs
def _packed(rounds: int = UNPACKED // MEBIBYTE) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for _ in range(rounds):
        yield packer.compress(bytes(MEBIBYTE))
    yield packer.flush()


def _zstd() -> bytes:
    """Return a zstd frame of blocks that each repeat one byte, 200 MiB in all."""
    block = 128 * 2**10
    head = b"\x28\xb5\x2f\xfd" + bytes([0b10100000]) + UNPACKED.to_bytes(4, "little")
    blocks = UNPACKED // block
    return head + b"".join(
        (int(number == blocks - 1) | 1 << 1 | block << 3).to_bytes(3, "little") + b"\0" for number in range(blocks)
    )


def _endless(head: bytes, chunk: bytes, pause: Pause) -> Iterator[bytes]:
    yield _HEAD + head + b"Transfer-Encoding: chunked\r\n\r\n"
    while not pause(0):
        yield b"%x\r\n%s\r\n" % (len(chunk), chunk)


def _endless_gzip(pause: Pause) -> Iterator[bytes]:
    yield _HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    for chunk in _packed(10**9):
        if pause(0):
            return
        if chunk:
            yield b"%x\r\n%s\r\n" % (len(chunk), chunk)


def _dripping(start: bytes, drop: bytes, pause: Pause) -> Iterator[bytes]:
    yield start
    while not pause(0.2):
        yield drop


def _headers_without_end(pause: Pause) -> Iterator[bytes]:
    yield _HEAD
    while not pause(0):
        yield b"X-Header: " + b"x" * 8000 + b"\r\n"


def _hints_without_end(pause: Pause) -> Iterator[bytes]:
    while not pause(0):
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 4_000


def _slow_redirect(url: str, pause: Pause) -> Iterator[bytes]:
    pause(4)
    yield b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + url.encode() + b"\r\n\r\n"


def _arsenal() -> Mapping[str, Answer]:
    """Return the bombs by their host."""
    gz = b"".join(_packed())

    def packed(coding: str, body: bytes) -> Answer:
        return Answer(body=body, headers={"Content-Encoding": coding})

    return {
        "gzip": packed("gzip", gz),
        "gzip-gzip": packed("gzip, gzip", gzip.compress(gz)),
        "x-gzip": packed("X-GZIP", gz),
        "many-gzips": packed("gzip", gzip.compress(bytes(MEBIBYTE)) * 200),
        "br": packed("br", random.Random(1).randbytes(400)),
        "zstd": packed("zstd", _zstd()),
        "deflate": packed("deflate", zlib.compress(bytes(UNPACKED), 9)),
        "gzip-without-end": Answer(raw=_endless_gzip),
        "body-without-end": Answer(raw=partial(_endless, b"", b"x" * 65_536)),
        "small-chunks": Answer(raw=partial(_endless, b"", b"x")),
        "headers-without-end": Answer(raw=_headers_without_end),
        "hints-without-end": Answer(raw=_hints_without_end),
        "tiny-headers": Answer(raw=lambda pause: iter([_HEAD + b"a:\r\n" * 24_000 + b"\r\n"])),
        "redirects": Answer(status=302, headers={"Location": "/rss"}),
        "slow-body": Answer(raw=partial(_dripping, _HEAD + b"Content-Length: 1000000\r\n\r\n", b"x")),
        "slow-chunks": Answer(raw=partial(_dripping, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")),
        "slow-headers": Answer(raw=partial(_dripping, _HEAD, b"X-Header: 1\r\n")),
        "slow-status": Answer(raw=partial(_dripping, b"HTTP/1.1 ", b"2")),
        "silence": Answer(raw=partial(_dripping, b"", b"")),
        "slow-redirects": Answer(raw=partial(_slow_redirect, f"{_address('slow-redirects')}/0")),
    }


def _address(name: str) -> str:
    return f"http://{name}.example/rss"


# ------------------------------------------------------------------------------------------ the process that is bombed
async def _suffer(port: int, names: Sequence[str], deadline: float) -> Mapping[str, object]:
    """Fetch the quick bombs one after another and the slow ones side by side; return what they cost."""

    async def resolve(host: str, port: int) -> list[str]:
        return [PUBLIC]

    async def dial(address: str, _: int, **options: Any) -> httpcore.AsyncNetworkStream:
        return await connect("127.0.0.1", port, **options)

    seconds, taken = dict[str, float](), list[str]()
    backend = GuardedBackend(resolve=resolve, dial=dial)
    async with HttpFetcher(backend=backend, deadline=timedelta(seconds=deadline)) as fetcher:

        async def fetch(name: str) -> None:
            url, began = _address(name), time.monotonic()
            try:
                await fetcher.fetch(Feed(url=url, title=""), FeedState(url=url, next_check_at=datetime.now(UTC)))
                taken.append(name)
            except FetchError:
                seconds[name] = time.monotonic() - began

        await fetch(WARM_UP)
        before = _reset_peak()
        waiting = asyncio.create_task(waits())
        for name in names:
            if name not in SLOW:
                await fetch(name)
        await asyncio.gather(*(fetch(name) for name in names if name in SLOW))
        waiting.cancel()
        stall, queued = max(await waiting)
    return {
        "seconds": seconds,
        "taken": taken,
        "stall": stall,
        "queued": queued,
        "growth": (_kibibytes("VmHWM") - before) / 1024,
    }


def _reset_peak() -> int:
    """Forget the most memory that this process ever held; return what it holds, in KiB."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return _kibibytes("VmRSS")


def _kibibytes(name: str) -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(rf"{name}:\s+(\d+) kB", status)[0])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_suffer(**json.load(sys.stdin)))))
