"""Which feeds there are: those of config.toml, and on top of them what the owner chose in chat. Pure.

The file is the operator's and chat never writes it; what the owner chooses in chat is kept in the archive. A feed that
is in both is the file's, and chat only switches it on and off.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot.model import Feed, FeedChoice


def with_choices(feeds: Iterable[Feed], choices: Iterable[FeedChoice]) -> tuple[Feed, ...]:
    """Return all feeds in order, those of config.toml first, each as the owner has it."""
    chosen = {choice.feed.url: choice for choice in choices}
    listed = tuple(
        replace(feed, enabled=chosen[feed.url].feed.enabled) if feed.url in chosen else feed for feed in feeds
    )
    known = {feed.url for feed in listed}
    return listed + tuple(choice.feed for url, choice in chosen.items() if choice.added and url not in known)


def find_same(url: str, feeds: Iterable[Feed]) -> Feed | None:
    """Return the feed that is at *url*, spelling aside: http or https, www, capitals, a slash at the end."""
    return next((feed for feed in feeds if _place(feed.url) == _place(url)), None)


def find_feeds(words: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
    """Return the feeds that *words* mean: a number in the list, an address, or words of titles or addresses."""
    asked = words.strip().casefold()
    if asked.isascii() and asked.isdecimal() and len(asked) < 6 and 0 < int(asked) <= len(feeds):
        return [feeds[int(asked) - 1]]
    same = [feed for feed in feeds if asked and _place(feed.url) == _place(words.strip())]
    titled = [feed for feed in feeds if feed.title.casefold() == asked]
    return same or titled or [feed for feed in feeds if asked and _has(feed, asked.split())]


def feed_id(url: str) -> str:
    """Return the short name of the feed *url* on a button."""
    return hashlib.blake2b(url.encode(), digest_size=6).hexdigest()


def _has(feed: Feed, words: Iterable[str]) -> bool:
    text = f"{feed.title} {feed.url}".casefold()
    return all(word in text for word in words)


def _place(url: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = (parts.netloc or "").casefold().removesuffix(":80").removesuffix(":443")
    except ValueError:
        return ("", url, "")
    return (host.removeprefix("www."), parts.path.rstrip("/"), parts.query)
