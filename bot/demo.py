"""`parley demo`: a recorded week through the real house, on the week's own clock, then a chat in this terminal."""

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bot.alert.digest import next_digest
from bot.app import house
from bot.catalog import load_catalog
from bot.chat.terminal import HERE, TerminalChat
from bot.config import Config, PollingConfig
from bot.model import Access, Delivery, DeliveryKind, InboxItem, Message, Subscription
from bot.pipeline import Pipeline
from bot.poll.replay import PUBLISHERS, RecordedWeek, ReplayServer


@dataclass
class WeekClock:
    """The recorded week's own time: it stands still until it is set."""

    at: datetime

    def __call__(self) -> datetime:
        """Return the time in the week."""
        return self.at


async def demo(source: int | None = None) -> None:
    """Replay the recorded week through the real path, then chat here until end of input."""
    week, terminal = RecordedWeek.load(), TerminalChat()
    clock = WeekClock(week.starts_at)
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-demo-")))
        server = stack.enter_context(ReplayServer(week, clock))
        host = urlsplit(server.base_url).hostname or ""
        config = Config(polling=PollingConfig(allow_private=frozenset({host})), feeds=week.feeds(server.base_url))
        catalog = load_catalog(extra_publishers=[PUBLISHERS])
        chats = {HERE.network: terminal}
        pipeline = await stack.enter_async_context(
            house(data=data, config=config, chats=chats, catalog=catalog, now=clock)
        )
        _subscribe_terminal(pipeline, clock())
        await terminal.send(_narrated(DEMO_STARTS, clock()))
        for moment in week.moments():
            await _digests_before(moment, pipeline, clock)
            clock.at = moment
            await pipeline.poll(pipeline.all_states())
            if await _tell(pipeline) and os.isatty(sys.stdin.fileno() if source is None else source):
                await asyncio.sleep(BREATH.total_seconds())
        await terminal.send(_narrated(DEMO_ENDS, clock()))
        await _answer(pipeline, terminal.item(terminal.understood("/calendar"), 0))
        await terminal.send(_narrated(DEMO_ASKS, clock()))
        await _converse(pipeline, terminal, source)


BREATH = timedelta(milliseconds=400)
"""Between two moments of the week, when somebody watches."""
DEMO_STARTS = (
    "<b>Parley demo</b>: the week of 8–16 May 2025, replayed. The facts are public; publishers and wording are ours. "
    "Feeds are polled from a small server inside this process; no token, no network. "
    "What a subscriber would have been told, as it came:"
)
DEMO_ENDS = "<b>That was the week.</b> What it left in the talks calendar, as /calendar tells it:"
DEMO_ASKS = (
    "Now ask: /latest · /now ukraine · /track ukraine · /story · /search istanbul · /since 2d · /why · /status · /help "
    "— a number presses a button, /quit (or end of input) ends."
)


def _narrated(html: str, now: datetime) -> Delivery:
    """Return words of the demo itself; they are nobody's debt, so they skip the outbox."""
    kind = DeliveryKind.REPLY
    return Delivery(
        dedupe_key=html, chat=HERE, kind=kind, message=Message(html=html), next_attempt_at=now, created_at=now
    )


def _subscribe_terminal(pipeline: Pipeline, now: datetime) -> None:
    subscription = Subscription(chat=HERE, time_zone="Europe/Kyiv", created_at=now)
    with pipeline.people.transaction():
        pipeline.people.grant(HERE, Access.OWNER, now)
        pipeline.people.save_subscription(replace(subscription, next_digest_at=next_digest(subscription, now)))


async def _digests_before(moment: datetime, pipeline: Pipeline, clock: WeekClock) -> None:
    """Let the week's clock stop at each digest that is due before *moment*."""
    while (reader := pipeline.people.subscription(HERE)) and reader.next_digest_at and reader.next_digest_at < moment:
        clock.at = reader.next_digest_at
        await pipeline.poll(pipeline.all_states())
        await _tell(pipeline)
        pipeline.digests()
        await _tell(pipeline)


async def _tell(pipeline: Pipeline) -> int:
    """Route, remind and deliver until nothing is owed; return how many messages went out."""
    pipeline.route()
    for _ in pipeline.catalog.conflicts:
        pipeline.remind()
    told = 0
    while sent := await pipeline.deliver():
        told += sent
    return told


async def _converse(pipeline: Pipeline, terminal: TerminalChat, source: int | None) -> None:
    """Answer each line through inbox, commands and outbox, as on any network."""
    number = 0
    async for incoming in terminal.converse(source):
        number += 1
        await _answer(pipeline, terminal.item(incoming, number))


async def _answer(pipeline: Pipeline, item: InboxItem) -> None:
    with pipeline.people.transaction():
        pipeline.people.receive([item], pipeline.now())
    await pipeline.answer(HERE.network)
    await pipeline.look_at_feeds()
    await _tell(pipeline)
