"""R7: hostile addresses as feed, redirect, move, enclosure, link of a page and in OPML; none is ever connected to.

In full the whole run is watched by strace, which sees the system calls of the bot and of its children.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpcore

from bot.config import load_config
from bot.errors import FetchError
from bot.model import MOVED_AFTER, Feed, FeedState
from bot.poll.discover import feed_links
from bot.poll.fetch import HttpFetcher
from bot.poll.wire import connect
from tests.drills.figures import Figures
from tests.drills.suite import PROJECT
from tests.feed_server import Answer
from tests.hostile import ELSEWHERE, HOSTILE, PUBLIC, resolve
from tests.process import parley
from tests.web import Web

FRONT = "http://public.test"
LINKS_OF_A_PAGE = 10
# glibc also "connects" datagrams, to learn which address it would send from; they carry nothing.
_CONNECT = re.compile(r'connect\(\d+<TCP[^>]*>, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"([^"]+)"')

Place = tuple[str, int]
"""An IP address and a port."""


@dataclass(frozen=True, kw_only=True)
class Addresses(Figures):
    """What came of it. *connects* were seen by the *witness*, *inside* those to where nobody on the internet is."""

    addresses: int
    attempts: int
    named: int
    listed: int
    taken: int
    connects: int
    inside: Sequence[Place]
    witness: str

    def measured(self) -> str:
        return (
            f"{self.addresses} addresses, {self.attempts} attempts, {self.named} named in a feed, "
            f"{self.listed} in an OPML file: {self.taken} taken, "
            f"{len(self.inside)} of {self.connects} connects to a non-public address (witness: {self.witness})"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            f"connected inside: {', '.join(map(str, self.inside[:5]))}": self.inside,
            "a hostile address was taken for a feed": self.taken,
            "the feed that names them was not read": not self.named,
            "the OPML file that lists them was not read": not self.listed,
            "fewer than 79 addresses were tried": self.addresses < 79,
            "the witness saw nothing at all": not self.connects,
        }


async def addresses(seed: int, *, full: bool) -> Addresses:
    """Let every address play every part, in *full* under strace if this machine has it."""
    strace = shutil.which("strace") if full else None
    with tempfile.TemporaryDirectory(prefix="parley-drill-") as name:
        trace = Path(name, "trace")
        watched = [strace, "-f", "-yy", "-e", "trace=connect", "-o", str(trace)] if strace else []
        command = (*watched, sys.executable, "-m", "tests.drills.addresses", name)
        process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE)
        told = json.loads((await process.communicate())[0])
        seen = _traced(trace) if strace else [(host, port) for host, port in told["dialled"]]
    return Addresses(
        secrets=0,
        addresses=len(set(HOSTILE)),
        attempts=told["attempts"],
        named=told["named"],
        listed=told["listed"],
        taken=told["taken"],
        connects=len(seen),
        inside=[place for place in seen if place != ("127.0.0.1", told["front"])],
        witness="strace" if strace else "our own dialling",
    )


def _traced(trace: Path) -> Sequence[Place]:
    return [(host, int(port)) for port, host in _CONNECT.findall(trace.read_text("utf-8", "replace"))]


# ------------------------------------------------------------------------------------------ the process that is watched
class Inside(Web):
    """The one public address leads to this server; any other is dialled in earnest, so that a witness can see it."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        return await resolve(host, port)

    async def dial(self, address: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        place = ("127.0.0.1", self.port) if address == PUBLIC else (address, port)
        self.places.append(place)
        return await connect(*place, **options)


async def _play(folder: Path) -> Mapping[str, object]:
    with Inside() as web:
        attempts = taken = 0
        listed, added = _import_them(folder)
        async with web.fetcher(_now, deadline=timedelta(seconds=5)) as fetcher:
            for url, state in (*_feeds(), *_redirects(web), *_moves(), *_links_of_pages(), *_feeds(added)):
                attempts += 1
                taken += await _is_taken(fetcher, url, state)
        named = await _read_a_feed_that_names_them(web, folder)
        return {
            "attempts": attempts,
            "named": named,
            "listed": listed,
            "taken": taken,
            "dialled": web.places,
            "front": web.port,
        }


def _feeds(urls: Sequence[str] = HOSTILE) -> Iterator[tuple[str, FeedState]]:
    for url in urls:
        yield url, FeedState(url=url, next_check_at=_now())


def _redirects(web: Web) -> Iterator[tuple[str, FeedState]]:
    for number, elsewhere in enumerate(ELSEWHERE):
        url = f"{FRONT}/{number}"
        web.serve(url, Answer(status=301 if number % 2 else 302, headers={"Location": elsewhere}))
        yield url, FeedState(url=url, next_check_at=_now())


def _moves() -> Iterator[tuple[str, FeedState]]:
    for elsewhere in ELSEWHERE:
        state = FeedState(url=FRONT, next_check_at=_now(), moved_to=elsewhere, moved_times=MOVED_AFTER)
        yield f"{FRONT}/moved", state


def _links_of_pages() -> Iterator[tuple[str, FeedState]]:
    for start in range(0, len(HOSTILE), LINKS_OF_A_PAGE):
        links = "".join(
            f'<link rel="alternate" type="application/rss+xml" href={quoteattr(url)}>'
            for url in HOSTILE[start : start + LINKS_OF_A_PAGE]
        )
        for link in feed_links(f"<html><head>{links}</head></html>".encode(), "http://ten.test/"):
            yield link.url, FeedState(url=link.url, next_check_at=_now())


async def _is_taken(fetcher: HttpFetcher, url: str, state: FeedState) -> bool:
    try:
        await fetcher.fetch(Feed(url=url, title=""), state)
    except FetchError:
        return False
    return True


def _import_them(folder: Path) -> tuple[int, Sequence[str]]:
    """Import an OPML file of the addresses, looking at each and unseen; return how many it lists and which came in."""
    listed = [url for url in HOSTILE if "\x00" not in url]
    outlines = "".join(f"<outline type='rss' xmlUrl={quoteattr(url)}/>" for url in listed)
    opml, config = folder / "feeds.opml", folder / "config.toml"
    opml.write_text(f"<opml version='2.0'><body>{outlines}</body></opml>", "utf-8")
    config.write_text("", "utf-8")
    done = [parley(folder, "feeds", "import", str(opml), *how) for how in ([], ["--unchecked"])]
    read = not any(one.returncode for one in done)
    return len(listed) if read else 0, [feed.url for feed in load_config(config).feeds]


async def _read_a_feed_that_names_them(web: Web, folder: Path) -> int:
    """Poll a feed with the addresses in everything that a careless reader would follow; return how many it names."""
    named = [escape(url, {'"': "&quot;"}) for url in HOSTILE if url.isprintable()]
    items = "".join(
        f'<item xml:base="{url}"><title>Item {number}</title><link>{url}</link><guid>{url}</guid>'
        f'<enclosure url="{url}" length="1" type="image/png"/><comments>{url}</comments><source url="{url}">x</source>'
        f"<description>{escape(f'<img src={url}><script src={url}></script>')}</description></item>"
        for number, url in enumerate(named)
    )
    body = (
        '<?xml version="1.0"?><?xml-stylesheet href="http://10.0.0.1/x"?>'
        '<!DOCTYPE rss SYSTEM "http://10.0.0.2/x.dtd" [<!ENTITY x SYSTEM "http://10.0.0.3/x">]>'
        f"<rss version='2.0'><channel><title>&x;</title><image><url>http://10.0.0.4/</url></image>"
        f"<cloud domain='10.0.0.5' port='80' path='/' registerProcedure='' protocol='xml-rpc'/>{items}</channel></rss>"
    )
    feed = Feed(url=web.serve(f"{FRONT}/rss", Answer(body=body.encode())), title="")
    async with web.reading(folder, [feed], _now) as polling:
        (polled,) = await polling.poll(polling.due())
    return polled.entries


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_play(Path(sys.argv[1])))))
