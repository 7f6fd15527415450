"""The whole job on one page: poll -> detect -> story -> store -> alert -> chat.

     feeds ─fetch▶ parse ─entries▶ ingest (detect, story) ─▶ archive.db, change log
                                                                  │ cursor
     people ◀─deliver─ outbox ◀─ route, digest ◀── subscriptions ◀┘
     people ─update▶ inbox ─answer▶ commands ─replies▶ outbox

Each method is one arrow. It reads what is due from a database, does it, and writes what became of it; so any of them
may die at any instant and be called again. What is due is data: nothing is owed in memory only.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta

from bot.catalog import Catalog
from bot.chat.commands import Commands
from bot.detect.detector import Detector
from bot.detect.rules import Rules
from bot.ingest import Ingest
from bot.model import Clock, Feed, FeedState
from bot.ops.health import Beats
from bot.owner.feeds import with_choices
from bot.ports import Archive, Chat, Fetcher, Parser, People
from bot.stages.answer import Answering
from bot.stages.look import Looking
from bot.stages.mind import Minding
from bot.stages.poll import FIRST_REST, READ_DEADLINE, Polled, Polling
from bot.stages.remind import Reminding
from bot.stages.send import Sending
from bot.stages.tell import Telling, owed_notice


@dataclass(kw_only=True)
class Pipeline:
    """The stages, and the sockets they are plugged into.

    *archive* and *people* are used in the event loop's thread; *ingest* has an archive of its own in *writer*.
    """

    feeds: dict[str, Feed]
    allow_private: frozenset[str]
    fetcher: Fetcher
    parser: Parser
    ingest: Ingest
    writer: Executor
    archive: Archive
    people: People
    chats: Mapping[str, Chat]
    commands: Commands
    catalog: Catalog
    now: Clock
    beats: Beats = field(default_factory=lambda: Beats({}))
    read_deadline: timedelta = READ_DEADLINE
    first_rest: timedelta = FIRST_REST

    def __post_init__(self) -> None:
        self._polling = Polling(
            feeds=self.feeds,
            allow_private=self.allow_private,
            fetcher=self.fetcher,
            parser=self.parser,
            ingest=self.ingest,
            writer=self.writer,
            archive=self.archive,
            now=self.now,
            beats=self.beats,
            read_deadline=self.read_deadline,
            first_rest=self.first_rest,
        )
        self._minding = Minding(
            archive=self.archive,
            people=self.people,
            feeds=self.feeds,
            looking=Looking(fetcher=self.fetcher, parser=self.parser, now=self.now),
            catalog=self.catalog,
            now=self.now,
        )
        self._telling = Telling(archive=self.archive, people=self.people, catalog=self.catalog, now=self.now)
        self._reminding = Reminding(archive=self.archive, people=self.people, catalog=self.catalog, now=self.now)
        self._answering = Answering(people=self.people, chats=self.chats, commands=self.commands, now=self.now)
        self._sending = Sending(people=self.people, chats=self.chats, now=self.now)

    # -- feeds -> archive
    def due(self) -> Sequence[FeedState]:
        """Return the feeds to poll now."""
        return self._polling.due()

    def all_states(self) -> Sequence[FeedState]:
        """Return every feed, due or not."""
        return self._polling.all_states()

    async def poll(self, states: Iterable[FeedState]) -> Sequence[Polled]:
        """Fetch and parse feeds, and keep what they bring: entries, events, stories, changes."""
        return await self._polling.poll(states)

    async def adopt(self, rules: Rules, catalog: Catalog) -> None:
        """Judge and tell by other rules from now on; what is being taken in is judged by the old ones to its end."""
        detector = Detector(rules)
        await asyncio.get_running_loop().run_in_executor(self.writer, self.ingest.adopt, detector, catalog)
        self.catalog = self._telling.catalog = self._minding.catalog = self._reminding.catalog = catalog
        self.commands.adopt(catalog)

    def adopt_feeds(self, listed: Sequence[Feed]) -> None:
        """Poll the feeds *listed* in config.toml, as the owner chose in chat, and no others from now on.

        A poll under way comes to its end.
        """
        feeds = with_choices(listed, self.archive.feed_choices())
        self.archive.register([feed for feed in feeds if feed.enabled], self.now())
        self.feeds.clear()
        self.feeds.update((feed.url, feed) for feed in feeds)
        self.commands.adopt_feeds(listed)

    async def look_at_feeds(self) -> int:
        """Look at the feeds that the owner asked about in chat, and owe the answers; return how many."""
        return await self._minding.orders()

    # -- archive -> outbox
    def route(self) -> int:
        """Owe the alerts of what changed since the last call; return how many are new."""
        return self._telling.route()

    def digests(self) -> int:
        """Owe the digests whose hour has come; return how many."""
        return self._telling.digests()

    def remind(self) -> int:
        """Owe the reminders of ceasefires that end within a day, of one conflict a call; return how many are new."""
        return self._reminding.remind()

    def tell_feed_trouble(self) -> bool:
        """Owe the owner a notice of feeds that went silent for a day, or came back; return whether there is one."""
        return self._minding.tell_trouble()

    def tell_owner(self, key: str, html: str) -> None:
        """Owe the owner, if there is one, a notice; the same *key* is told once."""
        self._telling.tell_owner(key, html)

    # -- inbox -> outbox
    async def answer(self, network: str) -> int:
        """Apply what people said and owe the replies; return how many were answered."""
        return await self._answering.answer(network)

    # -- outbox -> chats
    async def deliver(self) -> int:
        """Send what is due, until a send ends; return how many did, 0 if nothing is due."""
        return await self._sending.deliver()

    async def recover(self) -> int:
        """Owe again, marked, what was being sent when this or a former process stopped; return how many."""
        return await self._sending.recover()

    async def finish(self, within: timedelta) -> None:
        """Let the sends under way come to their end."""
        await self._sending.finish(within)

    async def tell_owner_at_once(self, html: str) -> None:
        """Tell the owner past the outbox, once and unrecorded: for when the outbox takes nothing."""
        owner = self.people.owner()
        if owner and owner.network in self.chats:
            await self.chats[owner.network].send(owed_notice("at once", owner, html, self.now()))
