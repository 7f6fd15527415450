"""A chat with the bot, without a network: real commands, real stores in memory, a catalog read once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from bot.catalog import Catalog, load_catalog
from bot.chat.commands import Commands, Reply, Settings
from bot.model import Access, Button, ChatId, Incoming, Message, Report, Story, Subscription
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from bot.text import plain
from tests import make
from tests.telegram_rules import read_caption, read_keyboard, read_text

ME = ChatId("telegram", "7001")
LATER = make.NOON + timedelta(minutes=30)


@cache
def catalog() -> Catalog:
    return load_catalog()


def buttons(message: Message) -> list[Button]:
    return [button for row in message.buttons for button in row]


def check_sendable(message: Message) -> None:
    """Raise unless Telegram would take *message* with its buttons."""
    if message.document:
        read_caption({"caption": message.html, "parse_mode": "HTML"})
        assert message.document.content
    else:
        read_text({"text": message.html, "parse_mode": "HTML"})
    keyboard = [[{"text": b.label, "callback_data": b.action} for b in row] for row in message.buttons]
    read_keyboard({"reply_markup": json.dumps({"inline_keyboard": keyboard})})


@dataclass
class Conversation:
    """What one chat says and hears; every answer is checked to be one that Telegram takes."""

    archive: ArchiveStore
    people: PeopleStore
    commands: Commands
    chat: ChatId = ME
    now: datetime = LATER
    last: Message = field(default_factory=lambda: Message(html=""))

    def hear(self, **incoming: Any) -> list[Reply]:
        with self.people.transaction():
            replies = list(self.commands.answer(Incoming(**{"chat": self.chat} | incoming), self.now))
        for reply in replies:
            check_sendable(reply.message)
            self.last = reply.message
        return replies

    def say(self, text: str, **incoming: Any) -> str:
        """Say *text* and return the words of the one answer."""
        (reply,) = self.hear(text=text, **incoming)
        return plain(reply.message.html)

    def press(self, action: str, **incoming: Any) -> str:
        """Press the button of this *action* and return the words of the one answer."""
        (reply,) = self.hear(action=action, **{"message_id": "55"} | incoming)
        return plain(reply.message.html)

    def tap(self, label: str) -> str:
        """Press the button with this *label* under the last message."""
        (action,) = [button.action for button in buttons(self.last) if label in button.label]
        return self.press(action)

    @property
    def subscription(self) -> Subscription:
        found = self.people.subscription(self.chat)
        assert found
        return found

    def report(self, *reports: Report, **story: Any) -> Story:
        """Archive a story of *reports*, as one that was announced."""
        with self.archive.transaction():
            for report in reports:
                self.archive.save_entries([(report.entry, [report.entry.key.id])])
                if report.event:
                    self.archive.save_event(report.event)
            made = make.story(*reports, **story)
            made = replace(made, announced=frozenset({made.type}))
            self.archive.save_story(made)
        return made


@contextmanager
def conversation(access: Access | None = Access.ALLOWED, settings: Settings | None = None) -> Iterator[Conversation]:
    with ArchiveStore.open(":memory:") as archive, PeopleStore.open(":memory:") as people:
        archive.register([make.feed()], make.NOON)
        if access:
            people.grant(ME, access, make.NOON)
        yield Conversation(archive, people, Commands(archive, people, catalog(), settings or Settings()))
