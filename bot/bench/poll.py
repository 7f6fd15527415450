"""`parley bench poll`: what polls cost, beside the bare fetch and one full parse of the same feed.

Costs are CPU time, medians of rounds in turn. Only the waits of the chat side are real time: they depend on what else
the machine does.
"""

import asyncio
import io
import sqlite3
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import feedparser
import httpx
from rich.console import Console

from bot.app import house, utc_now
from bot.bench.clock import alone
from bot.bench.feeds import HOST, feed_body, serve
from bot.bench.peer import full_parse
from bot.catalog import load_catalog
from bot.config import Config, PollingConfig
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.evaluate.show import table
from bot.ingest import Ingest
from bot.model import Feed, FeedState
from bot.ops.favour import favour_chats
from bot.pipeline import Pipeline
from bot.poll.ladder import cut_items, item_hashes, read_unseen, unseen
from bot.poll.parse import read
from bot.poll.raw import HASH_LENGTH, RawFeed, as_entries
from bot.ports import Parsed
from bot.store.archive import ArchiveStore

TICK = 16
"""Feeds that are due at one moment: of 5,000 that are asked every 5 minutes, 17 a second are."""
ITEMS = 50
NEW = (0, 1, 2, 5, 10)
FULL, INSERT = "one full feedparser.parse", "insert or ignore into SQLite"
TAKEN, KNOWN = "new item: parse, clean, detect, group, store", "item offered again: hash and look up"
WAITED_ON = 80
MOST_MEGABYTES = {1_000: 150, 5_000: 300}
_FEED = Feed(url=f"http://{HOST}/feed", title="Bench", publisher="bench", language="en")
_BEAT = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What something cost beside its peer, in microseconds; *most* is the ratio that it may have."""

    what: str
    cost: float
    peer: str
    peer_cost: float
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long somebody in a chat waited while feeds were read, in milliseconds of real time."""

    what: str
    p99: float
    worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a bot held after reading so many feeds, its parsers included, in MB."""

    feeds: int
    megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """All of it, from one run."""

    rows: Sequence[Row]
    waits: Sequence[Wait]
    memory: Sequence[Memory]


def measure(rounds: int, sizes: Sequence[int]) -> Benchmark:
    """Measure in so many *rounds*, and the memory with each of *sizes* feeds."""
    with _server() as port:
        rows = [*alone(_fetches, port, rounds), *alone(_parses, rounds)]
        waits = [alone(_wait, port, inline) for inline in (False, True)]
        # sqlite_utils loads numpy, and 11 MB with it, where developers have it for other things.
        memory = [alone(_memory, port, size, without="numpy") for size in sizes]
    return Benchmark(rows=rows, waits=waits, memory=memory)


@contextmanager
def _server() -> Iterator[int]:
    """Serve feeds from a process of its own; give its port."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


@asynccontextmanager
async def _bot(port: int, names: Sequence[str]) -> AsyncIterator[Pipeline]:
    """Give a bot that reads the feeds of these *names*, with nobody to tell."""
    feeds = tuple(replace(_FEED, url=f"http://{HOST}:{port}/{name}") for name in names)
    config = Config(polling=PollingConfig(allow_private=frozenset({HOST})), feeds=feeds)
    with TemporaryDirectory(prefix="parley-bench-") as folder:
        catalog = load_catalog()
        async with house(data=Path(folder), config=config, chats={}, catalog=catalog, now=utc_now) as pipeline:
            favour_chats()
            yield pipeline


# ------------------------------------------------------------------------------------------ polls without news
def _fetches(port: int, rounds: int) -> Sequence[Row]:
    return asyncio.run(_poll_beside_bare_fetch(port, 160 * rounds))


async def _poll_beside_bare_fetch(port: int, times: int) -> Sequence[Row]:
    alone, unchanged, same = (
        [f"{number}/{name}" for number in range(feeds)]
        for name, feeds in (("alone/unchanged", 1), ("unchanged", TICK), ("same", TICK))
    )
    limits = httpx.Limits(max_keepalive_connections=0)  # nor do we keep any: the server hangs up after each answer
    async with _bot(port, [*alone, *unchanged, *same]) as bot, httpx.AsyncClient(limits=limits) as client:

        async def poll(urls: Sequence[str]) -> None:
            states = [state for url in urls if (state := bot.archive.feed_state(url))]
            polled = await bot.poll(states)
            if errors := [each.error for each in polled if each.error]:
                raise RuntimeError(errors[0])

        async def fetch(urls: Sequence[str]) -> None:
            for url in urls:
                await client.get(url, headers={"If-None-Match": '"1"'} if url.endswith("unchanged") else {})

        async def beside(what: str, names: Sequence[str], most: float | None = None) -> Row:
            urls = [f"http://{HOST}:{port}/{name}" for name in names]
            await poll(urls)
            costs = [(await _spent(fetch(urls)), await _spent(poll(urls))) for _ in range(times // len(urls))]
            theirs, ours = (statistics.median(each) / len(urls) for each in zip(*costs, strict=True))
            return Row(what=what, cost=ours, peer="bare fetch by httpx", peer_cost=theirs, most=most)

        return [
            await beside("poll: 304, the only feed of its tick", alone),
            await beside(f"poll: 304, a tick of {TICK} feeds", unchanged, 1.05),
            await beside(f"poll: 200, the same body, a tick of {TICK} feeds", same, 1.25),
        ]


async def _spent(work: Awaitable[None]) -> float:
    begin = process_time()
    await work
    return (process_time() - begin) * 1e6


# ------------------------------------------------------------------------------------------ polls with news
def _parses(rounds: int) -> Sequence[Row]:
    """Return what a feed costs of which some items are new, and what a new and a known item cost."""
    body = feed_body(range(ITEMS))
    hashes = read_unseen(body, _FEED.url).hashes
    some = {
        f"{new} new of {ITEMS} items": partial(read_unseen, body, _FEED.url, seen=hashes[new * HASH_LENGTH :])
        for new in NEW
    }
    cut = cut_items(body)
    with full_parse(body) as full, _taking() as take:
        works: Mapping[str, Callable[[], object]] = {
            TAKEN: lambda: take(read(body, _FEED.url)),
            INSERT: _insert_or_ignore(read(body, _FEED.url)),
            KNOWN: lambda: unseen(item_hashes(cut), hashes) if cut else None,
            **some,
        }
        cost = _medians({FULL: full} | {what: partial(_cost, work) for what, work in works.items()}, 5 * rounds)
    return [
        *(
            Row(what=what, cost=cost[what], peer=FULL, peer_cost=cost[FULL], most=0.03 + 1.3 * new / ITEMS)
            for new, what in zip(NEW, some, strict=True)
        ),
        Row(what=TAKEN, cost=cost[TAKEN] / ITEMS, peer=f"{FULL}, an item", peer_cost=cost[FULL] / ITEMS, most=0.65),
        Row(what=KNOWN, cost=cost[KNOWN] / ITEMS, peer=INSERT, peer_cost=cost[INSERT] / ITEMS, most=0.2),
    ]


def _cost(work: Callable[[], object]) -> float:
    begin = process_time()
    work()
    return (process_time() - begin) * 1e6


def _medians(costs: Mapping[str, Callable[[], float]], rounds: int) -> Mapping[str, float]:
    """Return the median of each of *costs*, measured in turn."""
    measured = [{what: cost() for what, cost in costs.items()} for _ in range(rounds)]
    return {what: statistics.median(each[what] for each in measured) for what in costs}


@contextmanager
def _taking() -> Iterator[Callable[[RawFeed], object]]:
    """Give what takes a feed in, as if it were another feed each time."""
    with (
        TemporaryDirectory(prefix="parley-bench-") as folder,
        ArchiveStore.open(Path(folder) / "archive.db") as archive,
    ):
        catalog, numbers = load_catalog(), count()
        ingest = Ingest(archive=archive, detector=Detector(load_rules(catalog=catalog)), catalog=catalog)

        def take(raw: RawFeed) -> object:
            now, feed = utc_now(), replace(_FEED, url=f"{_FEED.url}/{next(numbers)}")
            state = FeedState(url=feed.url, next_check_at=now)
            parsed = Parsed(entries=as_entries(raw, feed, now), offered=raw.offered)
            return ingest.take(state, parsed, lambda _: state, now)

        yield take


def _insert_or_ignore(raw: RawFeed) -> Callable[[], object]:
    """Return what naive readers do at every poll."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE entries (id TEXT PRIMARY KEY, title TEXT, link TEXT UNIQUE, summary TEXT)")
    rows = [(entry.id, entry.title, entry.link, entry.summary) for entry in raw.entries]
    return lambda: database.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?)", rows)


# ------------------------------------------------------------------------------------------ waits and memory
def _wait(port: int, inline: bool) -> Wait:
    return asyncio.run(_waited(port, inline=inline))


async def _waited(port: int, *, inline: bool) -> Wait:
    """Return how long a chat waited while feeds were read: by us, or *inline*, in the thread that answers chats."""
    late: list[float] = []
    beating = asyncio.create_task(_beat(late))
    if inline:
        what = "the same, parsed in the chat's own thread"
        async with httpx.AsyncClient() as client:
            for number in range(WAITED_ON):
                feedparser.parse(io.BytesIO((await client.get(f"http://{HOST}:{port}/{number}")).content))
    else:
        what = f"{WAITED_ON} feeds fetched, parsed and stored"
        async with _bot(port, [f"{number}" for number in range(WAITED_ON)]) as bot:
            late.clear()
            await asyncio.gather(*(bot.poll([state]) for state in bot.all_states()))
    beating.cancel()
    late.sort()
    return Wait(what=what, p99=late[int(len(late) * 0.99)], worst=late[-1])


async def _beat(late: list[float]) -> None:
    """Note how late somebody is who wants to work every 5 ms, in milliseconds."""
    while True:
        begin = perf_counter()
        await asyncio.sleep(_BEAT)
        late.append((perf_counter() - begin - _BEAT) * 1e3)


def _memory(port: int, feeds: int) -> Memory:
    return asyncio.run(_remembered(port, feeds))


async def _remembered(port: int, feeds: int) -> Memory:
    async with _bot(port, [f"{number}/short" for number in range(feeds)]) as bot:
        await asyncio.gather(*(bot.poll([state]) for state in bot.all_states()))
        pids = ("self", *bot.parser.pids) if hasattr(bot.parser, "pids") else ("self",)
        return Memory(feeds=feeds, megabytes=sum(map(_resident, map(str, pids))))


def _resident(pid: str) -> float:
    """Return what a process holds, in MB; of pages that it shares with others its part, where the system tells."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


# ------------------------------------------------------------------------------------------ in words
def show(found: Benchmark, console: Console) -> None:
    """Print what was measured and what was promised."""
    costs = table("CPU time", "", "µs", "beside", "µs", "ratio", "goal")
    for row in found.rows:
        ratio, most = row.cost / row.peer_cost, "" if row.most is None else f"≤ {row.most:.3f}"
        costs.add_row(row.what, f"{row.cost:,.1f}", row.peer, f"{row.peer_cost:,.1f}", f"{ratio:.3f}", most)
    console.print(costs)
    waits = table("what a chat waits meanwhile, in real time", "", "p99 ms", "worst ms")
    for wait in found.waits:
        waits.add_row(wait.what, f"{wait.p99:.1f}", f"{wait.worst:.1f}")
    console.print(waits)
    memory = table("memory, parsers included", "feeds", "MB", "goal")
    for one in found.memory:
        most_megabytes = MOST_MEGABYTES.get(one.feeds)
        memory.add_row(f"{one.feeds}", f"{one.megabytes:.0f}", f"≤ {most_megabytes}" if most_megabytes else "")
    console.print(memory)


def plain(found: Benchmark) -> dict[str, Any]:
    """Return *found* as JSON has it."""
    return asdict(found)
