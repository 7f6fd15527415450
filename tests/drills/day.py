"""R13: a day of polling in minutes, by a clock that leaps, while almost a third of all fetches go wrong.

It plays in a process of its own, for memory and open files are counted. Time passes only while nothing is under way but
what hangs, so a slow machine is no excuse, and what hangs is met by everything that comes due meanwhile.
"""

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from threading import Lock

from bot.demo import WeekClock
from bot.model import Feed, FeedState
from bot.ops.health import Beats
from bot.poll.schedule import FIRST_INTERVAL
from bot.ports import Fetched, Fetcher, NotModified
from bot.stages.poll import Polling
from bot.store.cells import cell
from tests.drills.figures import Figures
from tests.feed_server import Answer, Asked, Pause
from tests.web import Web

START = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
PROJECT = Path(__file__).resolve().parents[2]
FEEDS_A_HOST = 5
EMPTY = b"<rss version='2.0'><channel><title>News</title></channel></rss>"
FAULTY, HUNG = 0.298, 0.002
"""The part of fetches that the server spoils, and of those that hang on our own side, past every deadline of theirs."""
DEADLINE, READ_DEADLINE = timedelta(seconds=0.3), timedelta(seconds=1.35)
"""In real time; the real ones are 20 and 90 seconds."""
SPEED = 200
"""How much faster than real time the day passes while a fetch hangs: until its deadline that is a minute or two."""
PATIENCE = 0.1
"""Seconds after which a fetch is taken to hang, and time goes on without it."""
LONGEST_LEAP = timedelta(minutes=1)
PUBLISHES_EVERY = timedelta(hours=3)
TRIES = 5
"""A busy machine may need more than one to poll every feed well at the end."""
MOST_LATE = 2.0
"""Intervals that a feed may be asked later than it was due."""
MOST_GROWTH = 0.1
MORE_FILES = 16
"""Connections that are kept for a while come and go; what leaks, leaks by the hundred."""
ALARM = timedelta(seconds=0.9)
"""How long no feed may end while some are read; in earnest 60 seconds (`bot.service.WORKS`)."""
MOST_ASTRAY = 0.1
"""The part by which the database may miss the size foretold from what entries took before."""


@dataclass(frozen=True, kw_only=True)
class Day(Figures):
    """What the day was like. *latest* is in intervals; *grown* is a part of the memory after the first third.

    *database* is its size at the end, in bytes, and *foretold* what its growth until the last third led to expect.
    *false_alarms* is how often health turned red though nothing hung on our own side.
    """

    hours: float
    feeds: int
    fetches: int
    spoilt: int
    latest: float
    forgotten: int
    published: int
    stored: int
    grown: float
    more_files: int
    database: int
    foretold: float
    false_alarms: int

    def measured(self) -> str:
        return (
            f"{self.hours:g} h, {self.feeds} feeds, {self.fetches} fetches, {self.spoilt} of them faulty: "
            f"none later than {self.latest:.2f} intervals, {self.forgotten} forgotten, "
            f"{self.stored} of {self.published} entries stored, memory {self.grown:+.1%}, files {self.more_files:+d}, "
            f"database {self.database / 2**20:.1f} MiB, {self.database / self.foretold - 1:+.1%} off what was "
            f"foretold, {self.false_alarms} false alarms"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            "a feed was asked too late": self.latest > MOST_LATE,
            "a feed was no longer asked": self.forgotten,
            "entries were lost or doubled": self.stored != self.published,
            "memory grew": self.grown > MOST_GROWTH,
            "files stayed open": self.more_files > MORE_FILES,
            "the database grew otherwise than foretold": abs(self.database / self.foretold - 1) > MOST_ASTRAY,
            "too little went wrong to prove anything": self.spoilt < 0.25 * self.fetches,
        }

    def late(self) -> Mapping[str, object]:
        return {"health turned red for nothing": self.false_alarms}


# ------------------------------------------------------------------------------------------ what goes wrong
def _silence(pause: Pause) -> Iterator[bytes]:
    pause(30)
    yield b""


def _drip(pause: Pause) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss>"
    while not pause(0.05):
        yield b"<!-- -->"


def _cut(pause: Pause) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n<rss><channel><item>"


FAULTS: Sequence[Callable[[], Answer]] = (
    lambda: Answer(status=500),
    lambda: Answer(status=404),
    lambda: Answer(status=503, headers={"Retry-After": "900"}),
    lambda: Answer(status=429, headers={"Retry-After": "1200"}),
    lambda: Answer(status=301, headers={"Location": "http://169.254.169.254/"}),
    lambda: Answer(body=b"<!doctype html><html><body>be right back", content_type="text/html"),
    lambda: Answer(body=b"\x00\xff not a feed"),
    lambda: Answer(raw=_cut),
)
HANGS: Sequence[Callable[[], Answer]] = (lambda: Answer(raw=_silence), lambda: Answer(raw=_drip))
PART_HANGING = 0.1
"""Of the faults; a hung fetch costs real time."""


class Faulty(Web):
    """Serves feeds that publish now and then, and spoils a part of its answers until it is told to be good."""

    def __init__(self, clock: WeekClock, seed: int) -> None:
        super().__init__()
        self.spoilt = 0
        self.good = False
        self._clock, self._dice, self._minding = clock, Random(seed), Lock()

    def answer(self, asked: Asked) -> Answer:
        with self._minding:
            if not self.good and self._dice.random() < FAULTY:
                self.spoilt += 1
                return self._dice.choice(HANGS if self._dice.random() < PART_HANGING else FAULTS)()
        newest = published(self._clock())
        items = "".join(f"<item><title>Item {n}</title><guid>{n}</guid></item>" for n in range(newest, -1, -1))
        body = f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>"
        return Answer(body=body.encode(), etag=f'"{newest}"')


def published(now: datetime) -> int:
    """Return the number of the newest item of each feed."""
    return int((now - START) / PUBLISHES_EVERY)


@dataclass
class Watched:
    """Asks the real fetcher; notes how late each feed is asked; hangs now and then itself, as no fetcher should."""

    fetcher: Fetcher
    clock: WeekClock
    dice: Random
    good: bool = False
    fetches: int = 0
    spoilt: int = 0
    latest: float = 0.0
    began: dict[str, float] = field(default_factory=dict)
    hung_until: float = 0.0
    """When what hung on our own side is over, and what waited for it is taken in."""

    async def fetch(self, feed: Feed, state: FeedState) -> Fetched | NotModified:
        self.fetches += 1
        self.latest = max(self.latest, (self.clock() - state.next_check_at) / interval(feed, state))
        self.began[feed.url] = time.monotonic()
        try:
            if not self.good and self.dice.random() < HUNG:
                self.spoilt += 1
                self.hung_until = time.monotonic() + 3 * READ_DEADLINE.total_seconds()
                await asyncio.Event().wait()
            return await self.fetcher.fetch(feed, state)
        finally:
            del self.began[feed.url]

    def hanging(self) -> set[str]:
        """Return the feeds whose fetch takes so long that it hangs."""
        now = time.monotonic()
        return {url for url, began in self.began.items() if now - began > PATIENCE}


def interval(feed: Feed, state: FeedState) -> timedelta:
    """Return the usual time between two polls of *feed*."""
    return feed.every or state.interval or FIRST_INTERVAL


# ------------------------------------------------------------------------------------------ the day
@dataclass
class Scene:
    """Feeds that are polled by a clock that leaps."""

    polling: Polling
    clock: WeekClock
    web: Faulty
    watched: Watched
    archive: sqlite3.Connection
    under_way: dict["asyncio.Task[object]", frozenset[str]] = field(default_factory=dict)
    resources: list[tuple[int, int]] = field(default_factory=list)
    looked_at: float = field(default_factory=time.monotonic)
    is_red: bool = False
    false_alarms: int = 0

    async def pass_until(self, end: datetime) -> None:
        """Poll what comes due until *end*."""
        while self.clock.at < end:
            if due := self.polling.due():
                tick: asyncio.Task[object] = asyncio.create_task(self.polling.poll(due))
                self.under_way[tick] = frozenset(state.url for state in due)
                tick.add_done_callback(self.under_way.pop)
            await self._rest()
            await asyncio.sleep(0.005 if self.under_way else 0)
            self._mind_health()
            if not self.under_way:
                self.resources.append((_memory(), _files()))
            self.clock.at = min(self._next_due(), self.clock.at + self._leap(), end)

    def _leap(self) -> timedelta:
        """Return how far time goes on: a while if nothing hangs, else as long as something has hung meanwhile."""
        before, self.looked_at = self.looked_at, time.monotonic()
        return SPEED * timedelta(seconds=self.looked_at - before) if self.under_way else LONGEST_LEAP

    async def _rest(self) -> None:
        """Wait for everything but what hangs: ticks with a fetch that does."""
        while not all(urls & self.watched.hanging() for urls in self.under_way.values()):
            await asyncio.wait(self.under_way, timeout=0.02, return_when=asyncio.FIRST_COMPLETED)
            self._mind_health()

    def _mind_health(self) -> None:
        """Count the moments when health turns red, but for those when something did hang on our own side."""
        was_red, self.is_red = self.is_red, bool(self.polling.beats.late())
        self.false_alarms += self.is_red and not was_red and time.monotonic() > self.watched.hung_until

    def size(self) -> tuple[int, int]:
        """Return how many entries are stored, and how many bytes of the database are in use."""
        entries, pages, free, page = (
            self.archive.execute(f"SELECT * FROM {what}").fetchone()[0]
            for what in (
                "(SELECT count(*) FROM entries)",
                *(f"pragma_{name}" for name in ("page_count", "freelist_count", "page_size")),
            )
        )
        return entries, (pages - free) * page

    def _next_due(self) -> datetime:
        row = self.archive.execute(
            "SELECT min(next_check_at) FROM feeds WHERE enabled AND next_check_at > ?", [cell(self.clock.at)]
        ).fetchone()
        return max(datetime.fromisoformat(row[0]) if row[0] else START, self.clock.at + timedelta(seconds=1))

    async def catch_up(self) -> None:
        """Poll every feed once more, with nothing going wrong."""
        if self.under_way:
            await asyncio.wait(self.under_way, timeout=10 * READ_DEADLINE.total_seconds())
        self.web.good = self.watched.good = True
        for _ in range(TRIES):
            await self.polling.poll(
                state for state in self.polling.all_states() if state.failures or state.ok_at != self.clock()
            )

    def forgotten(self) -> int:
        """Return how many feeds are overdue by more than they may be."""
        now, feeds = self.clock(), self.polling.feeds
        states = self.polling.all_states()
        return sum(now - state.next_check_at > MOST_LATE * interval(feeds[state.url], state) for state in states)


def _memory() -> int:
    """Return what this process holds of the memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _grown(resources: Sequence[tuple[int, int]]) -> tuple[float, int]:
    """Return how memory (as a part) and open files (as a number) grew from the second third to the last."""
    third = len(resources) // 3
    (memory, files), (more_memory, more_files) = (
        (median(each[0] for each in part), max(each[1] for each in part))
        for part in (resources[third : 2 * third], resources[2 * third :])
    )
    return more_memory / memory - 1, more_files - files


async def live(hours: float, count: int, seed: int) -> Day:
    """Live through so many hours in this process."""
    clock, every = WeekClock(START), (timedelta(minutes=30), timedelta(hours=1), None)
    feeds = [
        Feed(url=f"http://host-{n // FEEDS_A_HOST}.example/{n}", title=f"{n}", every=every[n % 3]) for n in range(count)
    ]
    with tempfile.TemporaryDirectory(prefix="parley-drill-") as name, Faulty(clock, seed) as web:
        folder = Path(name)
        async with web.reading(folder, feeds, clock) as polling, web.fetcher(clock, deadline=DEADLINE) as fetcher:
            # To start a parser takes as long as in earnest, while the day is short.
            await asyncio.gather(*(polling.parser.parse(Fetched(body=EMPTY), feeds[0], START) for _ in range(2)))
            watched = Watched(fetcher, clock, Random(seed))
            polling.fetcher, polling.read_deadline = watched, READ_DEADLINE
            polling.beats = Beats({}, works={"read": ALARM})
            with closing(sqlite3.connect(folder / "archive.db")) as archive:
                scene = Scene(polling, clock, web, watched, archive)
                sizes = []
                for third in (1, 2, 3):
                    await scene.pass_until(START + timedelta(hours=hours) * third / 3)
                    sizes.append(scene.size())
                fetches, spoilt, forgotten = watched.fetches, watched.spoilt + web.spoilt, scene.forgotten()
                await scene.catch_up()
                stored = archive.execute("SELECT count(*) FROM entries").fetchone()[0]
    grown, more_files = _grown(scene.resources)
    return Day(
        secrets=0,
        hours=hours,
        feeds=count,
        fetches=fetches,
        spoilt=spoilt,
        latest=watched.latest,
        forgotten=forgotten,
        published=count * (published(clock()) + 1),
        stored=stored,
        grown=grown,
        more_files=more_files,
        database=sizes[-1][1],
        foretold=_foretold(*sizes),
        false_alarms=scene.false_alarms,
    )


def _foretold(first: tuple[int, int], second: tuple[int, int], last: tuple[int, int]) -> float:
    """Return how many bytes the *last* size should have if each entry takes what it took from *first* to *second*."""
    each = (second[1] - first[1]) / max(second[0] - first[0], 1)
    return second[1] + each * (last[0] - second[0])


async def day(hours: float, count: int, seed: int) -> Day:
    """Live through so many hours in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.drills.day", f"{hours}", f"{count}", f"{seed}"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return Day(**json.loads(output))


if __name__ == "__main__":
    logging.getLogger("bot").setLevel(logging.CRITICAL)
    lived = asyncio.run(live(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps(asdict(lived)))
