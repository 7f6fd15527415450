"""Look: an address that somebody gave is fetched and read once, and nothing of it is kept."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alert.phrases import ago, plural
from bot.errors import FeedError
from bot.model import Clock, Feed, FeedState
from bot.poll.discover import FeedLink, feed_links, is_page
from bot.ports import Fetcher, NotModified, Parser

MOST_FOLLOWED = 5
"""So many of the feeds that a page names are looked at, the likeliest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What stands at *url*: a feed, or *error* says why not; then *links* are the feeds that the page there names.

    *title* and *language* are the feed's own. *moved_to* is where its server wants it to be asked for from now on.
    """

    url: str
    title: str = ""
    language: str = ""
    entries: int = 0
    newest: datetime | None = None
    error: str = ""
    links: tuple[FeedLink, ...] = ()
    moved_to: str = ""

    def brought(self, now: datetime) -> str:
        """Return in words what the feed brought: "20 entries, the newest 3 h ago"."""
        undated = ", none with a date, so none will be alerted" if self.entries else ""
        newest = f", the newest {ago(self.newest, now)}" if self.newest else undated
        return f"{plural(self.entries, 'entry', 'entries')}{newest}"


@dataclass(kw_only=True)
class Looking:
    """Looks at addresses within the same limits, and past the same guard, as feeds are polled."""

    fetcher: Fetcher
    parser: Parser
    now: Clock

    async def look(self, url: str) -> Looked:
        """Return what stands at *url*; never raise for what the address or its server does."""
        now, feed = self.now(), Feed(url=url, title="")
        try:
            answer = await self.fetcher.fetch(feed, FeedState(url=url, next_check_at=now))
            if isinstance(answer, NotModified):
                return Looked(url=url, error="the server says that nothing has changed, though we never asked before")
            if is_page(answer.body, answer.content_type):
                links = await asyncio.to_thread(feed_links, answer.body, answer.url or url, answer.content_type)
                return Looked(url=url, error="this is a web page, not a feed", links=links)
            parsed = await self.parser.parse(answer, feed, now)
        except FeedError as error:
            return Looked(url=url, error=error.message)
        return Looked(
            url=url,
            title=parsed.title,
            language=parsed.language,
            entries=parsed.offered,
            newest=max((entry.published for entry in parsed.entries if entry.published), default=None),
            moved_to=answer.moved_to,
        )

    async def find(self, url: str) -> Looked:
        """Return the feed at *url*, or the first that works of those which the page there names."""
        page = await self.look(url)
        for link in page.links[:MOST_FOLLOWED]:
            found = await self.look(link.url)
            if not found.error:
                return replace(found, title=found.title or link.title)
        return page
