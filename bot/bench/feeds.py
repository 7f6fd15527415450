"""Feeds to measure with, and a server for them that runs in a process of its own."""

import asyncio
import random
from collections.abc import Sequence
from functools import lru_cache
from multiprocessing.connection import Connection

HOST = "localhost"
_WORDS = (
    *("river", "border", "harvest", "minister", "budget", "convoy", "market", "summit", "storm", "school", "bridge"),
    *("урожай", "міністр", "кордон", "потяг", "вибори", "граница", "выборы", "встреча", "завод", "погода", "кіно"),
)
_NEWS_EVERY = 25
"""One item in so many is news of ours, rather more than in ordinary papers."""


def feed_body(numbers: Sequence[int], salt: str = "") -> bytes:
    """Return RSS with an item for each of *numbers*, about 1.7 kB of marked-up summary each, as many papers write."""
    items = "".join(_item(number, salt) for number in numbers)
    head = (
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Bench</title><language>en</language>"
    )
    return f"{head}<link>https://bench.example/</link>{items}</channel></rss>".encode()


def _item(number: int, salt: str) -> str:
    rng = random.Random(f"{salt}{number}")  # noqa: S311 - the same feeds in every run
    news = f"Sudan's army and RSF agree {rng.randint(2, 90)}-day ceasefire, {_sentence(rng, 2)} says"
    address = f"https://bench.example/{salt}{number}"
    paragraphs = "".join(
        f"<p class='text'>{_sentence(rng, 14)} <a href='{address}?{rng.random()}'>{_sentence(rng, 4)}</a></p>"
        for _ in range(7)
    )
    title = _sentence(rng, 9) if number % _NEWS_EVERY else news
    return (
        f"<item><title>{title}</title><link>{address}</link><guid isPermaLink='false'>{salt}{number}</guid>"
        f"<pubDate>Sun, 11 May 2025 10:00:00 GMT</pubDate>"
        f"<description><![CDATA[<img src='{address}.jpg' width='1'>{paragraphs}]]></description></item>"
    )


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words)).capitalize()


def serve(there: Connection) -> None:
    """Serve for ever; send the port to *there*. What ends in "unchanged" is a 304, all else a feed of its own."""
    asyncio.run(_serve(there))


async def _serve(there: Connection) -> None:
    server = await asyncio.start_server(_answer, HOST, 0)
    there.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


@lru_cache(maxsize=1000)
def _body(path: str) -> bytes:
    return feed_body(range(5 if path.endswith("short") else 26), path)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    path = request.split(b" ", 2)[1].decode()
    if path.endswith("unchanged") and b"if-none-match" in request.lower():
        answer = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nConnection: close\r\n\r\n'
    else:
        body = _body(path)
        etag = b'ETag: "1"\r\n' if path.endswith("unchanged") else b""
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" + etag + length + body
    writer.write(answer)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
