"""The process that parses: reads frames from its input, answers frames on its output, and is killed when it must be.

A request is a line of JSON about the body, then the body; the answer is JSON. The limits are for the day on which the
deadline of `bot.poll.children` cannot reach this process any more, because the bot itself was killed.
"""

import json
import os
import resource
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

from bot.poll.ladder import read_unseen
from bot.poll.parse import NoFeedError

_LENGTH = struct.Struct(">I")
_MEMORY = 512 * 2**20
_CPU_SECONDS = 8
_OPEN_FILES = 16
_NICENESS = 5
"""People who wait for an answer come before feeds that wait to be read."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Parse until there is nothing more to read."""
    os.nice(_NICENESS)
    _limit(resource.RLIMIT_AS, _MEMORY)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _write_frame(answers, b"")  # ready: the time that starting took is no feed's fault
    while request := _read_frame(requests):
        _limit_cpu()
        _write_frame(answers, _answer(request))


def _answer(request: bytes) -> bytes:
    head, _, body = request.partition(b"\n")
    about = json.loads(head)
    try:
        raw = read_unseen(body, about["url"], about["content_type"], about["seen"])
    except NoFeedError as error:
        return json.dumps({"error": str(error)}).encode()
    except (MemoryError, RecursionError):
        return json.dumps({"error": "it takes more memory than any feed needs"}).encode()
    return json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace")


def _read_frame(stream: BinaryIO) -> bytes:
    """Return the next frame, b"" if there is none any more."""
    head = stream.read(_LENGTH.size)
    return stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""


def _write_frame(stream: BinaryIO, data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # not every system limits everything
        resource.setrlimit(what, (most, most))


def _limit_cpu() -> None:
    """Give this one parse its seconds: the system counts from the process's start."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(spent.ru_utime + spent.ru_stime) + _CPU_SECONDS
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
