"""The feeds in the operator's hands: config.toml, what was chosen in chat, and how each feed was heard."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.app import stored_archive, utc_now
from bot.config import Config, Environment, load_config
from bot.config.editing import add_feeds, read_feed, remove_feed, said_every
from bot.config.file import SHORTEST_EVERY
from bot.config.values import LONGEST_EVERY
from bot.errors import ConfigError
from bot.model import Feed, FeedState
from bot.owner.feeds import find_feeds, find_same, with_choices
from bot.poll.children import ParserPool
from bot.poll.fetch import HttpFetcher
from bot.poll.guard import check_given
from bot.stages.look import Looked, Looking

AT_ONCE = 12
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A feed with its *number* in the list, what we remember of it, and whether it was *added* in chat."""

    number: int
    feed: Feed
    state: FeedState | None
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A feed of a list that is not taken over, and why."""

    url: str
    why: str


class FeedBook:
    """Reads and changes the list of feeds, beside a running bot or without one."""

    def __init__(self, path: Path, environment: Environment) -> None:
        self._path = path
        self._environment = environment
        self.config: Config = load_config(path)

    @property
    def allow_private(self) -> frozenset[str]:
        """Return the hosts that may be on the operator's own network."""
        return self.config.polling.allow_private

    def lines(self) -> Sequence[Line]:
        """Return every feed, those that are off included."""
        listed = {feed.url for feed in self.config.feeds}
        if not (self._environment.data / "archive.db").is_file():
            return _numbered(self.config.feeds, {}, listed)
        with stored_archive(self._environment) as archive:
            feeds = with_choices(self.config.feeds, archive.feed_choices())
            return _numbered(feeds, {feed.url: archive.feed_state(feed.url) for feed in feeds}, listed)

    def find(self, words: str) -> Line:
        """Return the one feed that *words* mean: its number, address or title; raise ConfigError if it is not one."""
        lines = self.lines()
        found = find_feeds(words, [line.feed for line in lines])
        if len(found) == 1:
            return next(line for line in lines if line.feed.url == found[0].url)
        if not found:
            raise ConfigError(f"no feed is {words!r}: `parley feeds list` shows them with their numbers")
        named = [f"{line.number} {line.feed.title}" for line in lines if line.feed in found]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        raise ConfigError(f"{words!r} may be {'; '.join(named[:MOST_NAMED])}{more}: say which by its number")

    def read(self, **given: str) -> Feed:
        """Return the feed that was *given* as text; raise ConfigError if it is none that may be polled."""
        feed = read_feed(given, self.allow_private)
        if why := check_given(feed.url, self.allow_private):
            raise ConfigError(f"{feed.url}: {why}")
        return feed

    def refuse_known(self, url: str) -> None:
        """Raise ConfigError if the feed *url* is there already, spelling aside."""
        lines = self.lines()
        same = find_same(url, [line.feed for line in lines])
        if same:
            number = next(line.number for line in lines if line.feed == same)
            off = "" if same.enabled else ", but off"
            raise ConfigError(f"{url} is there already{off}: {number} {same.title}")

    def add(self, feeds: Sequence[Feed]) -> None:
        """Append *feeds* to config.toml."""
        if feeds:
            self.config = add_feeds(self._path, feeds)

    def remove(self, line: Line) -> None:
        """Take a feed out of config.toml, or out of those that were added in chat."""
        if not line.added:
            self.config = remove_feed(self._path, line.feed.url)
        if (self._environment.data / "archive.db").is_file():
            with stored_archive(self._environment) as archive:
                archive.unchoose_feed(line.feed.url)

    def new_of(self, offered: Iterable[Feed]) -> tuple[Sequence[Feed], Sequence[Refused], int]:
        """Return those of the *offered* feeds that can be added, those that cannot, and how many are there already."""
        new: list[Feed] = []
        refused: list[Refused] = []
        there = 0
        known = [line.feed for line in self.lines()]
        for one in offered:
            try:
                feed = self._as_given(one)
            except ConfigError as error:
                refused.append(Refused(url=one.url, why=str(error)))
                continue
            if find_same(feed.url, known):
                there += 1
                continue
            new.append(feed)
            known.append(feed)
        return new, refused, there

    def _as_given(self, feed: Feed) -> Feed:
        """Return *feed*, which some program wrote; what is wrong with anything but its address is left out."""
        polite = feed.every and SHORTEST_EVERY <= feed.every <= LONGEST_EVERY
        given = {"url": feed.url, "title": feed.title, "publisher": feed.publisher}
        every = said_every(feed.every) if feed.every and polite else ""
        try:
            read = self.read(**given, language=feed.language, every=every)
        except ConfigError:
            read = self.read(**given)
        return replace(read, enabled=feed.enabled)

    async def look(self, urls: Iterable[str], *, find: bool = False) -> AsyncIterator[Looked]:
        """Yield what stands at each of *urls*, as it comes; with *find*, the feed of a page in place of the page."""
        places = asyncio.Semaphore(AT_ONCE)
        fetcher = HttpFetcher(allow_private=self.allow_private, contact=self.config.polling.contact)
        async with fetcher, ParserPool() as parser:
            looking = Looking(fetcher=fetcher, parser=parser, now=utc_now)

            async def one(url: str) -> Looked:
                async with places:
                    return await (looking.find(url) if find else looking.look(url))

            tasks = [asyncio.create_task(one(url)) for url in urls]
            try:
                for task in asyncio.as_completed(tasks):
                    yield await task
            finally:
                for unfinished in tasks:
                    unfinished.cancel()


def _numbered(feeds: Iterable[Feed], states: dict[str, FeedState | None], listed: set[str]) -> Sequence[Line]:
    return [
        Line(number=number, feed=feed, state=states.get(feed.url), added=feed.url not in listed)
        for number, feed in enumerate(feeds, 1)
    ]
