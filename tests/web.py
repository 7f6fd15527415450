"""An internet of our own: every host named `….example` is out there, as far as the bot can tell, and is this server.

    with Web() as web:
        web.serve("http://news.example/rss", Answer(body))
        async with web.reading(folder, [feed], clock) as polling:
            await polling.poll(polling.due())

The guard is the real one; only the name server and the wire are ours.
"""

import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpcore

from bot.catalog import load_catalog
from bot.ingest import Ingest
from bot.model import Clock, Feed
from bot.ops.health import Beats
from bot.poll.children import ParserPool
from bot.poll.fetch import GuardedBackend, HttpFetcher
from bot.poll.wire import connect
from bot.stages.poll import Polling
from bot.store.archive import ArchiveStore
from tests import small_rules
from tests.feed_server import Answer, Asked, FeedServer
from tests.hostile import PUBLIC

CONTACT = "https://parley.example"


class Web(FeedServer):
    """Serves whole addresses; knows how many requests each host had to bear at a time, and what was dialled."""

    def __init__(self) -> None:
        super().__init__()
        self.dialled: list[str] = []
        self.most_at_once: Counter[str] = Counter()
        self.down: set[str] = set()
        self._under_way: Counter[str] = Counter()
        self._counting = threading.Lock()

    def url(self, path: str) -> str:
        return path

    def answer(self, asked: Asked) -> Answer:
        host = asked.headers["Host"]
        self.bear(host)
        with self._counting:
            return super().answer(Asked(f"http://{host}{asked.path}", asked.headers))

    def bear(self, host: str) -> None:
        """Count a request to *host*, and those that come while it is being answered."""
        with self._counting:
            self._under_way[host] += 1
            self.most_at_once[host] = max(self.most_at_once[host], self._under_way[host])
        time.sleep(0.002)  # so that two requests at a time would be seen to be two
        with self._counting:
            self._under_way[host] -= 1

    async def resolve(self, host: str, port: int) -> list[str]:
        if host in self.down or not host.endswith(".example"):
            raise OSError("no such host")
        return [PUBLIC]

    async def dial(self, address: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append(address)
        if address != PUBLIC:
            raise httpcore.ConnectError("dialled inside")
        return await connect("127.0.0.1", self.port, **options)

    def fetcher(self, clock: Clock, **given: Any) -> HttpFetcher:
        return HttpFetcher(backend=GuardedBackend(resolve=self.resolve, dial=self.dial), clock=clock, **given)

    @asynccontextmanager
    async def reading(self, folder: Path, feeds: Sequence[Feed], clock: Clock) -> AsyncIterator[Polling]:
        """Give the stage that polls *feeds*, with everything real behind it."""
        async with AsyncExitStack() as stack:
            archive, written = (
                stack.enter_context(ArchiveStore.open(folder / "archive.db")) for _ in ("read", "written")
            )
            archive.register(feeds, clock())
            rules = small_rules.read(folder)
            yield Polling(
                feeds={feed.url: feed for feed in feeds},
                allow_private=frozenset(),
                fetcher=await stack.enter_async_context(self.fetcher(clock, contact=CONTACT)),
                parser=await stack.enter_async_context(ParserPool()),
                ingest=Ingest(archive=written, detector=small_rules.detector(rules), catalog=load_catalog(rules)),
                writer=stack.enter_context(ThreadPoolExecutor(1)),
                archive=archive,
                now=clock,
                beats=Beats({}),
            )
