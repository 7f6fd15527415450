"""R6: feeds that nobody should write, and bombs: nothing crashes, and nobody in a chat waits for them."""

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.catalog import load_catalog
from bot.demo import WeekClock
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Ingest
from bot.model import Clock, Feed, FeedState
from bot.ops.favour import favour_chats
from bot.ops.health import Beats
from bot.poll.children import ParserPool
from bot.ports import Fetched
from bot.stages.poll import Polled, Polling
from bot.store.archive import ArchiveStore
from tests.drills.figures import Figures
from tests.drills.stage import percentile
from tests.drills.suite import PROJECT
from tests.drills.waits import P99, WORST, waits
from tests.malformed import bombs, captured_feeds, malformed_feeds, own_feeds

MOST_SECONDS, MOST_MEBIBYTES = 5.5, 512
CRASHED = "the parser died over it"
START = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Malformed(Figures):
    """What came of so many *feeds*, each whole and then malformed, and of the bombs.

    A chat's waits are in seconds; *queued* is for how much of the worst the machine had no processor for us.
    """

    feeds: int
    entries: int
    refused: int
    crashed: int
    p99: float
    worst: float
    queued: float
    bombs: int
    seconds: float
    mebibytes: float

    def measured(self) -> str:
        return (
            f"{self.feeds} malformed feeds: {self.entries} entries, {self.refused} refused, {self.crashed} crashes; "
            f"{self.bombs} bombs: gone in {self.seconds:.1f} s, {self.mebibytes:.0f} MiB; a chat waited p99 "
            f"{self.p99 * 1e3:.1f} ms, worst {self.worst * 1e3:.0f} ms ({self.queued * 1e3:.0f} of it for a processor)"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            f"{self.crashed} feeds killed the parser": self.crashed,
            f"a bomb took {self.mebibytes:.0f} MiB": self.mebibytes > MOST_MEBIBYTES,
        }

    def late(self) -> Mapping[str, object]:
        return {
            f"a bomb was gone only after {self.seconds:.1f} s": self.seconds > MOST_SECONDS,
            f"a chat waited {self.worst * 1e3:.0f} ms": self.worst > WORST,
            f"of 100 chats one waited {self.p99 * 1e3:.0f} ms": self.p99 > P99,
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
def _polling(urls: Sequence[str], shelf: Shelf, parser: ParserPool, clock: Clock) -> Iterator[Polling]:
    """Give the stage that polls, with the shipped rules and a real archive."""
    catalog = load_catalog()
    feeds = [Feed(url=url, title="News", publisher="News") for url in urls]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="parley-drill-")))
        archive, written = (stack.enter_context(ArchiveStore.open(folder / "archive.db")) for _ in ("read", "written"))
        archive.register(feeds, clock())
        yield Polling(
            feeds={feed.url: feed for feed in feeds},
            allow_private=frozenset(),
            fetcher=shelf,
            parser=parser,
            ingest=Ingest(archive=written, detector=Detector(load_rules(catalog=catalog)), catalog=catalog),
            writer=stack.enter_context(ThreadPoolExecutor(1)),
            archive=archive,
            now=clock,
            beats=Beats({}),
        )


async def _suffer(number: int, seed: int) -> Mapping[str, object]:
    shelf, whole, armoury, clock = Shelf(), [*own_feeds(), *captured_feeds()], bombs(), WeekClock(START)
    urls = [f"http://{n}.example/rss" for n in range(number)]
    blown = [f"http://{name.replace(' ', '-')}.example/rss" for name in armoury]
    shelf.bodies = {url: whole[n % len(whole)] for n, url in enumerate(urls)} | dict.fromkeys(blown, whole[0])
    async with ParserPool() as pool:
        with _polling([*urls, *blown], shelf, pool, clock) as polling:
            favour_chats()
            first = await _poll_all(polling)
            waiting, watching = asyncio.create_task(waits()), asyncio.create_task(_most_memory(pool))
            shelf.bodies |= dict(zip(urls, malformed_feeds(whole, number, seed), strict=True))
            clock.at += timedelta(days=1)
            second = await _poll_all(polling)
            shelf.bodies |= dict(zip(blown, armoury.values(), strict=True))
            clock.at += timedelta(days=1)
            seconds = [await _seconds(polling, url) for url in blown]
            waiting.cancel()
            watching.cancel()
            waited, mebibytes = await waiting, await watching
    late = [wait.late for wait in waited]
    return {
        "feeds": number,
        "entries": sum(polled.entries for polled in second),
        "refused": sum(bool(polled.error) for polled in second),
        "crashed": sum(CRASHED in polled.error for polled in [*first, *second]),
        "p99": percentile(late, 0.99),
        "worst": max(late),
        "queued": max(waited).queued,
        "bombs": len(blown),
        "seconds": max(seconds),
        "mebibytes": max(mebibytes),
    }


async def _poll_all(polling: Polling) -> Sequence[Polled]:
    """Poll what is due, as much in a tick as the service does."""
    polled: list[Polled] = []
    while due := polling.due():
        polled += await polling.poll(due)
    return polled


async def _seconds(polling: Polling, url: str) -> float:
    state, begin = polling.archive.feed_state(url), time.monotonic()
    await polling.poll([state] if state else [])
    return time.monotonic() - begin


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


if __name__ == "__main__":
    logging.getLogger("bot").setLevel(logging.CRITICAL)  # that feeds fail is what this is about
    sys.stdout.write(json.dumps(asyncio.run(_suffer(*map(int, sys.argv[1:])))))
