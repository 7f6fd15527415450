"""What tests of the whole bot share: a feed of news, and a reader who talks to the bot in the fake Telegram."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from tests.fake_telegram import FakeTelegram
from tests.feed_server import Answer
from tests.process import Running, until

READER = 501_888_777
OLD = "Russia and Ukraine accuse each other of violating three-day truce"
NEW = "Russia and Ukraine agree 30-day ceasefire, Turkey says"


def rss(*titles: str, title: str = "News") -> Answer:
    now = datetime.now(UTC)
    items = "".join(
        f"<item><title>{escape(text)}</title><guid>{n}</guid><link>https://news.example.org/{n}</link>"
        f"<pubDate>{format_datetime(now - timedelta(minutes=10))}</pubDate></item>"
        for n, text in enumerate(titles)
    )
    body = f'<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'
    return Answer(body=body.encode(), etag=f'"{len(titles)}"')


def said_to(telegram: FakeTelegram, chat: int) -> list[str]:
    """Return the texts that stand in *chat* from the bot, oldest first, as last edited."""
    room = telegram.rooms.get(chat)
    messages = room.messages.values() if room else ()
    return [m["text"] for m in messages if m["from"]["is_bot"]]


def newest_from_bot(telegram: FakeTelegram, chat: int) -> int:
    return max(n for n, m in telegram.rooms[chat].messages.items() if m["from"]["is_bot"])


async def answered(telegram: FakeTelegram, bot: Running, chat: int, text: str) -> str:
    """Say *text*; return the new message that answers it."""
    before = len(said_to(telegram, chat))
    telegram.say(chat, text)
    await until(lambda: len(said_to(telegram, chat)) > before, f"an answer to {text}", bot)
    return said_to(telegram, chat)[-1]


async def pressed(telegram: FakeTelegram, bot: Running, chat: int, label: str) -> str:
    """Press the button that begins with *label* under the bot's newest message; return what that turns into."""
    number = newest_from_bot(telegram, chat)
    shown = telegram.rooms[chat].messages[number]
    [found] = [
        b
        for row in shown["reply_markup"]["inline_keyboard"]
        for b in row
        if re.sub(r"^\W+", "", b["text"]).startswith(label)
    ]
    before = (len(said_to(telegram, chat)), shown["text"])
    telegram.press(chat, number, found["callback_data"])
    await until(
        lambda: (len(said_to(telegram, chat)), telegram.rooms[chat].messages[number]["text"]) != before,
        f"an answer to [{label}]",
        bot,
    )
    return said_to(telegram, chat)[-1]
