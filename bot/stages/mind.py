"""Mind the feeds: what the owner asked for in chat is looked at, and trouble with feeds is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.alert import phrases
from bot.alert.feeds import BETWEEN, Told, trouble
from bot.alert.phrases import Reader
from bot.catalog import Catalog
from bot.chat import feed_notes
from bot.chat.feed_notes import Order
from bot.config.editing import read_feed
from bot.errors import ConfigError
from bot.model import Button, ChatId, Clock, Delivery, DeliveryKind, Feed, FeedChoice, Message
from bot.owner.feeds import find_same
from bot.ports import Archive, People
from bot.stages.look import Looked, Looking
from bot.text import cut, escape

TOLD = "feeds_told"
"""The note that holds what the owner was last told of feeds."""


@dataclass(kw_only=True)
class Minding:
    """Looks at feeds that were asked about, and tells the owner of those that went silent or came back."""

    archive: Archive
    people: People
    feeds: Mapping[str, Feed]
    looking: Looking
    catalog: Catalog
    now: Clock

    async def orders(self) -> int:
        """Look at what was asked for, one after the other, and owe the answers; return how many.

        An order is forgotten in the transaction that owes its answer: whatever dies in between, it is done again.
        """
        done = 0
        while orders := feed_notes.orders(self.people):
            found = await self.looking.find(orders[0].url)
            self._answer(orders[0], found)
            done += 1
        return done

    def _answer(self, order: Order, found: Looked) -> None:
        now, owner = self.now(), self.people.owner()
        with self.people.transaction():
            message = self._added(order, found, now) if order.add else self._looked(found, now)
            if owner:
                self.people.enqueue([_owed(f"feed order:{order.id}", owner, DeliveryKind.REPLY, message, now)])
            feed_notes.forget_order(self.people, order)

    def _added(self, order: Order, found: Looked, now: datetime) -> Message:
        """Keep the feed that was found, and say so."""
        if found.error:
            return Message(html=f"{escape(order.url)} is not added: {escape(found.error)}.")
        url = found.moved_to or found.url
        if known := find_same(url, self.feeds.values()):
            return Message(html=f"That one is there already: {phrases.short(known.title, 60)}. /feeds lists all.")
        feed = _as_feed(url, found)
        self.archive.choose_feed(FeedChoice(feed=feed, added=True), now)
        what = f"{phrases.short(feed.title, 80)}: {found.brought(now)}"
        first = "What is in it now is not alerted; what comes from now on is."
        return Message(html=f"Added: {what}\n{escape(url)}\n{first} /feeds lists all.")

    def _looked(self, found: Looked, now: datetime) -> Message:
        if found.error:
            return Message(html=f"{escape(found.url)}: {escape(found.error)}.")
        html = f"{phrases.short(found.title or found.url, 80)}: {found.brought(now)}\n{escape(found.url)}"
        if find_same(found.url, self.feeds.values()):
            return Message(html=html)
        name = feed_notes.offer(self.people, found.url)
        return Message(html=html, buttons=((Button("Add", f"feedadd:{name}"), Button("No", f"feedno:{name}")),))

    def tell_trouble(self) -> bool:
        """Owe the owner a notice of feeds that went silent or came back; return whether there is one."""
        owner = self.people.owner()
        if owner is None:
            return False
        now, told = self.now(), _read_told(self.people.note(TOLD))
        if told.at and now - told.at < BETWEEN:
            return False
        failing = {state.url: state for state in self.archive.failing_feeds()}
        polled = {url for url in told.down if url in self.feeds and self.feeds[url].enabled}
        told_of = [state for url in polled - set(failing) if (state := self.archive.feed_state(url))]
        subscription = self.people.subscription(owner)
        reader = Reader("en", subscription.time_zone if subscription else "UTC", self.catalog, now)
        news = trouble([*failing.values(), *told_of], self.feeds, told, reader)
        if news is None:
            return False
        html, told = news
        with self.people.transaction():
            message = Message(html=html, silent=True)
            self.people.enqueue([_owed(f"feeds {now.isoformat()}", owner, DeliveryKind.NOTICE, message, now)])
            self.people.remember(TOLD, _written_told(told))
        return True


def _as_feed(url: str, found: Looked) -> Feed:
    """Return what was *found* as a feed to poll; a title or language of its own that cannot be used is left out."""
    title, language = cut(found.title, 100), found.language.partition("-")[0].casefold()
    try:
        return read_feed({"url": url, "title": title, "language": language})
    except ConfigError:
        return Feed(url=url, title=title or url)


def _owed(key: str, chat: ChatId, kind: DeliveryKind, message: Message, now: datetime) -> Delivery:
    return Delivery(
        dedupe_key=f"{kind}:{key}",
        chat=chat,
        kind=kind,
        message=message,
        next_attempt_at=now,
        created_at=now,
    )


def _read_told(note: str) -> Told:
    said = json.loads(note) if note else {}
    return Told(at=datetime.fromisoformat(said["at"]) if said else None, down=frozenset(said.get("down", ())))


def _written_told(told: Told) -> str:
    return json.dumps({"at": told.at.isoformat() if told.at else "", "down": sorted(told.down)})
