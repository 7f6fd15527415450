"""Where every drill plays: a feed that brings news, a Telegram that may fail, and a bot that may die at any instant."""

import asyncio
import re
import shutil
import socket
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from random import Random, SystemRandom
from subprocess import CompletedProcess
from typing import Self
from xml.sax.saxutils import escape

from bot.model import Access, ChatId, Subscription
from bot.store.people import PeopleStore
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.feed_server import Answer, Asked, FeedServer
from tests.process import Running, parley, running, until, write_config

OWNER = 7_000_000_001
FIRST_READER = 7_000_000_101
"""Long enough that its digits in a log can be nothing but this chat."""
MARK = "possible repeat"
PEOPLE, ARCHIVE = "people.db", "archive.db"

PARTIES = (
    "Russia and Ukraine",
    "Israel and Hamas",
    "Israel and Hezbollah",
    "Sudan's army and RSF",
    "Thailand and Cambodia",
    "India and Pakistan",
    "Congo and M23 rebels",
    "Pakistan and Afghanistan",
    "Colombia and ELN",
    "Armenia and Azerbaijan",
)
_HEADLINE = re.compile("(" + "|".join(PARTIES) + r") agree (\d+)-day ceasefire")


def headline(number: int) -> str:
    """Return news that is a story of its own: a ceasefire of a length, or between parties, that no other has."""
    return f"{PARTIES[number % len(PARTIES)]} agree {11 + number // len(PARTIES)}-day ceasefire, Qatar says"


def number_of(text: str) -> int | None:
    """Return which headline a message quotes, None if none."""
    found = _HEADLINE.search(text)
    return (int(found[2]) - 11) * len(PARTIES) + PARTIES.index(found[1]) if found else None


class News(FeedServer):
    """A feed of the newest 100 headlines. The first is its baseline, alerted to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[datetime] = []
        self._fetched: dict[str, float] = {}
        self.publish()

    @property
    def address(self) -> str:
        return self.url("/news")

    @property
    def numbers(self) -> Sequence[int]:
        """The headlines that every reader is due."""
        return range(1, len(self.published))

    def publish(self, many: int = 1) -> None:
        self.published += [datetime.now(UTC)] * many
        newest = list(enumerate(self.published))[-100:]
        items = "".join(
            f"<item><title>{escape(headline(number))}</title><guid>{number}</guid>"
            f"<link>https://news.example.org/{number}</link><pubDate>{format_datetime(at)}</pubDate></item>"
            for number, at in reversed(newest)
        )
        body = f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
        self.serve("/news", Answer(body=body.encode(), etag=f'"{len(self.published)}"'))

    def answer(self, asked: Asked) -> Answer:
        answer = super().answer(asked)
        self._fetched.setdefault(answer.etag, time.time())
        return answer

    def fetched_at(self, number: int) -> float:
        """Return when somebody was first given the headline."""
        return min(at for etag, at in self._fetched.items() if int(etag.strip('"')) > number)


@dataclass(frozen=True, kw_only=True)
class Books:
    """What the databases of a bot that is down say of alerts. *due* is what was routed, by the archive's change log.

    *in_flight* counts the sends of any kind that were under way.
    """

    sound: bool
    in_flight: int = 0
    due: int = 0
    waiting: int = 0
    sending: int = 0
    sent: int = 0
    dead: int = 0

    @property
    def balanced(self) -> bool:
        """R22: nothing is dropped silently."""
        return self.waiting + self.sending + self.sent + self.dead == self.due


@dataclass(frozen=True, kw_only=True)
class Told:
    """Who was told what, in the eyes of the readers. An *unmarked* repeat is what a reader takes for fresh news."""

    due: int
    lost: int
    repeats: int
    unmarked: int
    marked: int


@dataclass
class Stage:
    """One bot's folder, feed and Telegram; *said* is all that its processes wrote."""

    folder: Path
    news: News
    telegram: FakeTelegram
    dice: Random
    readers: Sequence[int] = ()
    said: bytearray = field(default_factory=bytearray)
    kills_in_flight: int = 0
    unsound: int = 0
    unbalanced: int = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, *, readers: int, seed: int, latency: tuple[float, float] = (0.02, 0.1)) -> AsyncIterator[Self]:
        """Set the stage with so many *readers*, who follow everything; *latency* is that of Telegram, in seconds."""
        with tempfile.TemporaryDirectory(prefix="parley-drill-") as name, News() as news:
            async with FakeTelegram(seed=seed) as telegram:
                telegram.tune(latency=latency)
                stage = cls(Path(name), news, telegram, Random(seed))
                write_config(stage.folder, news.address, port=quiet_port())
                (stage.folder / "data").mkdir()
                telegram.chat(OWNER)
                stage.seat(*range(FIRST_READER, FIRST_READER + readers))
                await stage._read_baseline()
                yield stage

    def seat(self, *chats: int, conflicts: Sequence[str] = (), topic: str = "") -> None:
        """Let *chats* follow *conflicts*, or everything, in a *topic* if one is named."""
        now = datetime.now(UTC)
        with PeopleStore.open(self.folder / "data" / PEOPLE) as people, people.transaction():
            for chat in chats:
                self.telegram.chat(chat)
                room = ChatId("telegram", str(chat))
                people.grant(room, Access.ALLOWED, now)
                people.save_subscription(
                    Subscription(
                        chat=room, thread=topic, conflicts=frozenset(conflicts), created_at=now, time_zone="UTC"
                    )
                )
        self.readers = (*self.readers, *chats)

    async def _read_baseline(self) -> None:
        async with self.bot() as bot:
            await until(lambda: len(self.news.paths()) > 1, "the baseline poll", bot)
            await bot.stop()
        self.news.requests.clear()

    # -- the bot
    @asynccontextmanager
    async def bot(self, folder: Path | None = None) -> AsyncIterator[Running]:
        """Start `parley run`; what it said is kept."""
        self.telegram.calls.clear()
        async with running(folder or self.folder, self.telegram.url, PARLEY_OWNER=str(OWNER)) as bot:
            try:
                yield bot
            finally:
                if bot.process.returncode is None:
                    bot.process.kill()
                await bot.process.wait()
        self.said += bot.output + bot.log

    async def parley(self, *arguments: str, **given: str) -> CompletedProcess[bytes]:
        """Run another `parley` to its end, in a thread: our servers must go on answering meanwhile."""
        done = await asyncio.to_thread(parley, self.folder, *arguments, stdin=b"", **given)
        self.said += done.stdout + done.stderr
        return done

    async def has_started(self, bot: Running) -> None:
        """Wait until the bot has said hello: everything it does has begun by then."""
        await until(lambda: self.telegram.count("getMe"), "hello", bot, seconds=30)

    async def kill(self, bot: Running) -> None:
        """Kill -9, then look into the books."""
        bot.process.kill()
        await bot.process.wait()
        books = self.books()
        self.kills_in_flight += books.in_flight
        self.unsound += not books.sound
        self.unbalanced += not books.balanced

    async def drain(self) -> None:
        """Let an undisturbed bot tell what is left; give up when it has got nowhere three times in a row."""
        in_vain = 0
        while in_vain < 3:
            self._skip_pauses()
            before = len(self.telegram.accepted)
            async with self.bot() as bot:
                await self.has_started(bot)
                await self.falls_silent()
                await bot.stop()
            books = self.books()
            if not books.waiting + books.in_flight + self.told().lost:
                return
            in_vain = in_vain + 1 if len(self.telegram.accepted) == before else 0

    async def falls_silent(self, seconds: float = 2.5) -> None:
        """Wait until Telegram has taken nothing new for some seconds: polls and pauses of a chat are shorter."""
        taken, since = -1, time.monotonic()
        while time.monotonic() < since + seconds:
            if len(self.telegram.accepted) > taken:
                taken, since = len(self.telegram.accepted), time.monotonic()
            await asyncio.sleep(0.1)

    # -- what came of it
    def told(self) -> Told:
        """Compare what was due to every reader with what Telegram took."""
        shown = defaultdict[tuple[int, int | None], list[bool]](list)
        for message in self.telegram.accepted:
            shown[message.chat, number_of(message.text)].append(MARK in message.text)
        due = [(chat, number) for chat in self.readers for number in self.news.numbers]
        return Told(
            due=len(due),
            lost=sum(alert not in shown for alert in due),
            repeats=sum(len(shown[alert]) - 1 for alert in due if alert in shown),
            unmarked=sum(not marked for alert in due if alert in shown for marked in shown[alert][1:]),
            marked=sum(sum(shown[alert]) for alert in due if alert in shown),
        )

    def books(self) -> Books:
        """Read copies of the databases, so that the bot itself must mend what a kill left."""
        with _copied(self.folder / "data") as copy, _opened(copy / PEOPLE) as people, _opened(copy / ARCHIVE) as news:
            sound = all(file.execute("PRAGMA integrity_check").fetchone() == ("ok",) for file in (people, news))
            read = people.execute("SELECT change_id FROM cursor").fetchone()
            changes = news.execute("SELECT count(*) FROM story_changes WHERE id <= ?", read or (0,)).fetchone()[0]
            counts = dict(
                people.execute("SELECT status, count(*) FROM outbox WHERE kind = 'alert' GROUP BY status").fetchall()
            )
            in_flight = people.execute("SELECT count(*) FROM outbox WHERE status = 'sending'").fetchone()[0]
        return Books(
            sound=sound,
            in_flight=in_flight,
            due=changes * len(self.readers),
            waiting=counts.get("ready", 0) + counts.get("retry", 0),
            sending=counts.get("sending", 0),
            sent=counts.get("sent", 0),
            dead=counts.get("dead", 0),
        )

    def _skip_pauses(self) -> None:
        """Let the pauses between two attempts pass at once; how long they are is none of a drill's business."""
        with _opened(self.folder / "data" / PEOPLE) as people, people:
            people.execute("UPDATE outbox SET next_attempt_at = created_at WHERE status = 'retry'")

    def searched(self) -> int:
        """Return how many bytes `secrets_told` looks through."""
        return sum(path.stat().st_size for path in self._written()) + len(self.said)

    def _written(self) -> Sequence[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != "config.toml"]

    def secrets_told(self) -> int:
        """Return how often the token stands in anything that was written, and a chat's id in anything that was said."""
        secret = TOKEN.encode()
        tokens = sum(path.read_bytes().count(secret) for path in self._written()) + self.said.count(secret)
        return tokens + sum(self.said.count(str(chat).encode()) for chat in (OWNER, *self.readers))


def quiet_port() -> int:
    """Return a free port below those that the kernel gives to connections: it must be free at every new start."""
    while True:
        port = SystemRandom().randrange(15_000, 32_000)
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@contextmanager
def _copied(data: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="parley-books-") as name:
        for path in data.glob("*.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, name)
        yield Path(name)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as file:
        yield file


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that *share* of *values* do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
