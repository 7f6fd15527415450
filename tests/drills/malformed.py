"""R6: feeds that nobody should write, and bombs: nothing crashes, and nobody in a chat waits for them."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Ingest
from bot.model import Feed, FeedState
from bot.ops.favour import favour_chats
from bot.ops.health import Beats
from bot.poll.children import ParserPool
from bot.ports import Fetched
from bot.stages.poll import Polling
from bot.store.archive import ArchiveStore
from tests.drills.figures import Figures
from tests.drills.stage import percentile
from tests.drills.suite import PROJECT
from tests.malformed import bombs, captured_feeds, damaged, own_feeds

MOST_SECONDS, MOST_MEBIBYTES = 5.5, 512
WORST_STALL, P99_STALL = 0.1, 0.025
CRASHED = "the parser died over it"
_BEAT = 0.005


@dataclass(frozen=True, kw_only=True)
class Malformed(Figures):
    """What came of so many *feeds*, each whole and then damaged, and of the bombs. Stalls are in seconds."""

    feeds: int
    entries: int
    refused: int
    crashed: int
    p99: float
    worst: float
    bombs: int
    seconds: float
    mebibytes: float
    bombs_worst: float

    def measured(self) -> str:
        return (
            f"{self.feeds} malformed feeds: {self.entries} entries, {self.refused} refused, {self.crashed} crashes; "
            f"a chat waited p99 {self.p99 * 1e3:.1f} ms, worst {self.worst * 1e3:.0f} ms; {self.bombs} bombs: gone "
            f"in {self.seconds:.1f} s, {self.mebibytes:.0f} MiB, a chat waited {self.bombs_worst * 1e3:.0f} ms at worst"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            f"{self.crashed} feeds killed the parser": self.crashed,
            f"a bomb took {self.mebibytes:.0f} MiB": self.mebibytes > MOST_MEBIBYTES,
        }

    def late(self) -> Mapping[str, object]:
        return {
            f"a bomb was gone only after {self.seconds:.1f} s": self.seconds > MOST_SECONDS,
            f"a chat waited {self.worst * 1e3:.0f} ms": max(self.worst, self.bombs_worst) > WORST_STALL,
            f"of 100 chats one waited {self.p99 * 1e3:.0f} ms": self.p99 > P99_STALL,
        }


async def malformed(feeds: int, seed: int) -> Malformed:
    """Let a process of its own read so many malformed feeds, then every bomb."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.drills.malformed", str(feeds), str(seed)),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    told = json.loads((await process.communicate())[0])
    return Malformed(secrets=0, **told)


# ------------------------------------------------------------------------------------------ the process that reads
class Shelf:
    """Fetches from memory: the wire is the matter of R7 and R8."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    async def fetch(self, feed: Feed, state: FeedState) -> Fetched:
        return Fetched(body=self.bodies[feed.url])


@contextmanager
def _polling(urls: Sequence[str], shelf: Shelf, parser: ParserPool) -> Iterator[Polling]:
    """Give the stage that polls, with the shipped rules and a real archive."""
    now, catalog = datetime.now(UTC), load_catalog()
    feeds = [Feed(url=url, title="News", publisher="News") for url in urls]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="parley-drill-")))
        archive, written = (stack.enter_context(ArchiveStore.open(folder / "archive.db")) for _ in ("read", "written"))
        archive.register(feeds, now)
        yield Polling(
            feeds={feed.url: feed for feed in feeds},
            allow_private=frozenset(),
            fetcher=shelf,
            parser=parser,
            ingest=Ingest(archive=written, detector=Detector(load_rules(catalog=catalog)), catalog=catalog),
            writer=stack.enter_context(ThreadPoolExecutor(1)),
            archive=archive,
            now=lambda: datetime.now(UTC),
            beats=Beats({}),
        )


async def _suffer(number: int, seed: int) -> Mapping[str, object]:
    shelf, whole, armoury = Shelf(), [*own_feeds(), *captured_feeds()], bombs()
    urls = [f"http://{n}.example/rss" for n in range(number)]
    blown = [f"http://{name.replace(' ', '-')}.example/rss" for name in armoury]
    async with ParserPool() as pool:
        with _polling([*urls, *blown], shelf, pool) as polling:
            favour_chats()
            shelf.bodies = {url: whole[n % len(whole)] for n, url in enumerate(urls)}
            first = await polling.poll(_states(polling, urls))
            shelf.bodies = dict(zip(urls, damaged(whole, number, seed), strict=True))
            stalls = asyncio.create_task(_stalls())
            second = await polling.poll(_states(polling, urls))
            late = await _stopped(stalls)

            shelf.bodies = dict(zip(blown, armoury.values(), strict=True))
            stalls, watching = asyncio.create_task(_stalls()), asyncio.create_task(_most_memory(pool))
            seconds = [await _seconds(polling, url) for url in blown]
            bombs_late, mebibytes = await _stopped(stalls), await _stopped(watching)
    return {
        "feeds": len(second),
        "entries": sum(polled.entries for polled in second),
        "refused": sum(bool(polled.error) for polled in second),
        "crashed": sum(CRASHED in polled.error for polled in [*first, *second]),
        "p99": percentile(late, 0.99),
        "worst": max(late),
        "bombs": len(blown),
        "seconds": max(seconds),
        "mebibytes": max(mebibytes),
        "bombs_worst": max(bombs_late),
    }


def _states(polling: Polling, urls: Sequence[str]) -> list[FeedState]:
    wanted = set(urls)
    return [state for state in polling.all_states() if state.url in wanted]


async def _seconds(polling: Polling, url: str) -> float:
    begin = time.monotonic()
    await polling.poll(_states(polling, [url]))
    return time.monotonic() - begin


async def _stalls() -> list[float]:
    """Return, when cancelled, by how much somebody who wanted to work every 5 ms was late each time."""
    late = [0.0]
    with suppress(asyncio.CancelledError):
        while True:
            before = time.monotonic()
            await asyncio.sleep(_BEAT)
            late.append(time.monotonic() - before - _BEAT)
    return late


async def _most_memory(pool: ParserPool) -> list[float]:
    """Return, when cancelled, the most that each parser that was seen held, in MiB."""
    most: dict[int, float] = {0: 0.0}
    with suppress(asyncio.CancelledError):
        while True:
            for pid in pool.pids:
                with suppress(OSError, IndexError):
                    most[pid] = _peak(pid)
            await asyncio.sleep(0.02)
    return list(most.values())


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


async def _stopped(task: "asyncio.Task[list[float]]") -> list[float]:
    task.cancel()
    return await task


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_suffer(*map(int, sys.argv[1:])))))
