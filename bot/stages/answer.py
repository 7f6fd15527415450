"""Answer: what people said is applied and replied to, each in one transaction."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.chat.commands import Commands, Reply
from bot.errors import StoreError
from bot.model import (
    Clock,
    Delivery,
    InboxItem,
    Incoming,
    Message,
)
from bot.ports import Chat, People

log = logging.getLogger(__name__)

SORRY = "Sorry, that went wrong on my side, and it is noted in my log. /help shows what I understand."


@dataclass(kw_only=True)
class Answering:
    """Takes updates from the inbox, and owes the replies that the commands give."""

    people: People
    chats: Mapping[str, Chat]
    commands: Commands
    now: Clock

    async def answer(self, network: str) -> int:
        """Apply what people said and owe the replies, each in one transaction; return how many were answered."""
        items = self.people.unanswered(network)
        applied = [self._answer_one(item) for item in items]
        pressed = [incoming for incoming in applied if incoming and incoming.callback_id]
        await asyncio.gather(*(self.chats[network].acknowledge(incoming) for incoming in pressed))
        return len(items)

    def _answer_one(self, item: InboxItem) -> Incoming | None:
        now = self.now()
        incoming: Incoming | None = None
        try:
            with self.people.transaction():
                incoming = self.chats[item.network].read(item)
                if incoming:
                    replies = self.commands.answer(incoming, now)
                    self.people.enqueue([_owed_reply(item, n, incoming, r, now) for n, r in enumerate(replies)])
                self.people.done(item, now)
        except StoreError:
            raise
        except Exception:
            log.exception("a message could not be answered")
            self._apologise(item, incoming, now)
        return incoming

    def _apologise(self, item: InboxItem, incoming: Incoming | None, now: datetime) -> None:
        """Our own mistake: set the update aside after some tries, and say so to the person once."""
        with self.people.transaction():
            self.people.failed(item, "could not be answered")
            if incoming:
                self.people.enqueue([_owed_reply(item, -1, incoming, Reply(message=Message(html=SORRY)), now)])


def _owed_reply(item: InboxItem, number: int, incoming: Incoming, reply: Reply, now: datetime) -> Delivery:
    once = f"{incoming.chat.room}:{reply.once}" if reply.once else f"{item.update_id}:{number}"
    return Delivery(
        dedupe_key=f"reply:{item.network}:{once}",
        chat=incoming.chat,
        kind=reply.kind,
        message=reply.message,
        edits=reply.edits,
        thread=incoming.thread,
        next_attempt_at=now,
        created_at=now,
    )
