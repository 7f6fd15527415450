"""Send: what is owed goes out, as the pace allows, and what became of it is written down."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import (
    Clock,
    Delivery,
    RetryLater,
    SendResult,
    Sent,
    Undeliverable,
)
from bot.ports import Chat, People

log = logging.getLogger(__name__)

SOON = timedelta(milliseconds=200)
"""A delivery waits so long for its slot rather than for the next call."""


@dataclass(kw_only=True)
class Sending:
    """Pays the outbox. A send is a task of its own, so that cancelling the sender leaves it be."""

    people: People
    chats: Mapping[str, Chat]
    now: Clock

    def __post_init__(self) -> None:
        self._sends: set[asyncio.Task[None]] = set()
        self._fates: list[tuple[Delivery, SendResult, datetime]] = []

    async def deliver(self) -> int:
        """Send what is due, as the pace allows, until a send ends; return how many did, 0 if nothing is due.

        With a backlog several are under way at once, and the others go on when this returns.
        """
        self._record_fates()
        began = True
        while True:
            rested, began = not began, self._begin_due()
            lanes, due_at = self.people.queue(self.now())
            wait = (due_at - self.now()).total_seconds() if due_at else None
            if self._sends:
                # Not gather: when we are cancelled, what is on its way must arrive and be recorded all the same.
                until = wait if len(self._sends) < lanes else None
                ended, _ = await asyncio.wait(self._sends, timeout=until, return_when=asyncio.FIRST_COMPLETED)
                for send in ended:
                    send.result()
                if ended:
                    return len(ended)
            elif rested or wait is None or wait > SOON.total_seconds():
                return 0
            else:
                await asyncio.sleep(wait)

    def _begin_due(self) -> bool:
        """Begin what the pace and the lanes allow now; tell whether that is anything."""
        began = False
        while len(self._sends) < self.people.queue(self.now()).lanes:
            claimed = self.people.claim(self.now())
            if not claimed:
                break
            self._start(claimed[0])
            began = True
        return began

    async def finish(self, within: timedelta) -> None:
        """Let the sends under way come to their end; one that takes longer is dropped, and its fate stays in doubt."""
        if self._sends:
            await asyncio.wait(self._sends, timeout=within.total_seconds())
        if hung := list(self._sends):
            log.warning("messages that did not get away in time, to be sent again, marked: %d", len(hung))
            for send in hung:
                send.cancel()
            await asyncio.wait(hung, timeout=1)

    async def recover(self) -> int:
        """Owe again, marked, what was being sent when this or a former process stopped sending; return how many."""
        self._record_fates()
        return self.people.recover(self.now())

    def _start(self, delivery: Delivery) -> "asyncio.Task[None]":
        send = asyncio.create_task(self._send(delivery))
        self._sends.add(send)
        send.add_done_callback(self._sends.discard)
        return send

    async def _send(self, delivery: Delivery) -> None:
        result = await self._result(delivery)
        if not isinstance(result, Sent):
            log.warning("delivery not sent: %s %s", delivery.kind, getattr(result, "reason", "chat moved"))
        self._fates.append((delivery, result, self.now()))
        self._record_fates()

    async def _result(self, delivery: Delivery) -> SendResult:
        try:
            return await self.chats[delivery.chat.network].send(delivery)
        except Exception:
            log.exception("our own mistake: a message could not be handed over")
            return RetryLater(doubtful=True, reason="our own mistake")

    def _record_fates(self) -> None:
        """Record what became of sends; a fate that the database refuses is kept, or what was sent would be repeated."""
        while self._fates:
            delivery, result, at = self._fates[0]
            with self.people.transaction():
                self.people.settle(delivery.after(result, at), at)
                if isinstance(result, Undeliverable) and result.gone:
                    self.people.pause(delivery.chat, result.reason, at)
            del self._fates[0]
