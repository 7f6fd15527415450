"""Where every drill plays: a feed that brings news, a Telegram that may fail, and a bot that may die at any instant."""

import asyncio
import shutil
import socket
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom
from subprocess import CompletedProcess
from typing import Self

from bot.chat.telegram import REPEAT_MARK
from bot.model import Access, ChatId, Subscription
from bot.store.people import PeopleStore
from tests.drills.news import FEEDS, News, Standing, number_of
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.process import Running, parley, running, until, write_config
from tests.telegram_world import Accepted

OWNER = 7_000_000_001
BYSTANDER = 7_000_000_002
"""Somebody who follows what is never reported."""
FIRST_READER = 7_000_000_101
"""Long enough that its digits in a log can be nothing but this chat."""
MARK = "possible repeat"
STARTS_WITHIN_S = 60.0
"""A start takes 3 seconds of computing: with ten other processes on two cores it was seen to take more than 20."""
PEOPLE, ARCHIVE = "people.db", "archive.db"
LIVE = ("alert", "edit", "update")
Key = tuple[int, int | None]
"""A chat, and which headline is spoken of there."""

_CHANGES_OF_STATUS = "('confirmed', 'corrected', 'withdrawn')"
_UNTOLD = f"""
SELECT count(*) FROM news.story_changes AS change JOIN outbox AS alert USING (story_id)
WHERE change.id IN (SELECT max(id) FROM news.story_changes WHERE id <= :read AND change IN {_CHANGES_OF_STATUS}
    GROUP BY story_id)
AND alert.kind = 'alert' AND alert.knows < change.id
AND 2 > (SELECT count(DISTINCT kind) FROM outbox AS owed
    WHERE owed.target = alert.id AND owed.kind IN ('edit', 'update') AND owed.created_at >= change.created_at)
"""
"""Alerts that do not know the last change of their story's status, as far as that was routed, without edit or reply."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """What the databases of a bot that is down say of alerts, their edits and the replies to them.

    *due* alerts were routed, by the archive's change log. *untold* are alerts to whose change of status an edit or a
    reply is missing. *in_flight* counts the sends of any kind that were under way.
    """

    sound: bool
    in_flight: int = 0
    due: int = 0
    alerts: int = 0
    untold: int = 0
    waiting: int = 0
    dead: int = 0

    @property
    def balanced(self) -> bool:
        """R22: nothing is dropped silently."""
        return self.alerts == self.due and not self.untold


@dataclass(frozen=True, kw_only=True)
class Told:
    """Who was told what, in the eyes of the readers. An *unmarked* repeat is what a reader takes for fresh news.

    *stale* alerts do not say in the end how their headline stands; *unsaid* ones did not when they came, and no reply
    to them does. *astray* are replies to another message than their alert, and what reached who follows none of it.
    """

    due: int
    lost: int
    repeats: int
    unmarked: int
    marked: int
    replies: int = 0
    stale: int = 0
    unsaid: int = 0
    astray: int = 0

    def __str__(self) -> str:
        return (
            f"{self.due} alerts due, {self.lost} lost; {self.replies} replies, {self.unsaid} missing, "
            f"{self.astray} astray, {self.stale} alerts with an old state; {self.repeats} repeats, "
            f"{self.unmarked} of them unmarked"
        )

    def broken(self) -> Mapping[str, object]:
        """Return what must not happen, with a true value where it did."""
        return {
            "an alert was lost": self.lost,
            "a change of status was not said": self.unsaid,
            "an alert does not say how its story stands": self.stale,
            "something reached who it was not for, or answers another message": self.astray,
            "a repeat was not marked": self.unmarked,
        }


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
                write_config(stage.folder, port=quiet_port(), more=news.tables())
                (stage.folder / "data").mkdir()
                telegram.chat(OWNER)
                stage.seat(BYSTANDER, conflicts=("yemen",), reads=False)
                stage.seat(*range(FIRST_READER, FIRST_READER + readers))
                await stage._read_baseline()
                yield stage

    def seat(self, *chats: int, conflicts: Sequence[str] = (), topic: str = "", reads: bool = True) -> None:
        """Let *chats* follow *conflicts*, or everything, in a *topic* if one is named; a reader is due all news."""
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
        self.readers = (*self.readers, *chats) if reads else self.readers

    async def _read_baseline(self) -> None:
        async with self.bot() as bot:
            await until(lambda: len(self.news.paths()) > 3, "the baseline poll", bot, seconds=STARTS_WITHIN_S)
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
        await until(lambda: self.telegram.count("getMe"), "hello", bot, seconds=STARTS_WITHIN_S)

    async def has_read(self, bot: Running) -> None:
        """Wait until the bot has taken in what the feeds bring now: each is asked again only after that."""
        before = Counter(self.news.paths())
        await until(
            lambda: all(self.news.paths().count(path) >= before[path] + 2 for path in FEEDS),
            "two polls of each feed",
            bot,
            seconds=STARTS_WITHIN_S,
        )

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
            async with self.bot() as bot:
                await self.has_started(bot)
                await self.has_read(bot)
                await self.falls_silent()
                await bot.stop()
            books = self.books()
            if not books.waiting + books.in_flight + self.told().lost:
                return
            in_vain = 0 if self._taken() else in_vain + 1

    async def falls_silent(self, seconds: float = 2.5) -> None:
        """Wait until Telegram has taken nothing for some seconds: polls and pauses of a chat are shorter."""
        taken, since = -1, time.monotonic()
        while time.monotonic() < since + seconds:
            if self._taken() > taken:
                taken, since = self._taken(), time.monotonic()
            await asyncio.sleep(0.1)

    def _taken(self) -> int:
        """Return how many messages and edits Telegram has taken from the bot that started last."""
        told = ("sendmessage", "editmessagetext")
        return sum(call.method in told and not call.refused for call in self.telegram.calls)

    def news_goes_on(self) -> None:
        """Let something happen, of which the bot may learn before it is stopped."""
        self.news.go_on(self.dice, {number_of(message.text) for message in self.telegram.accepted})

    # -- what came of it
    def told(self) -> Told:
        """Compare what was due to every reader with what Telegram took, and with what their messages say now."""
        alerts, replies = defaultdict[Key, list[Accepted]](list), defaultdict[Key, list[Accepted]](list)
        for message in self.telegram.accepted:
            (replies if message.replies_to else alerts)[message.chat, number_of(message.text)].append(message)
        due = [(chat, number) for chat in self.readers for number in self.news.numbers]
        twice = [again for alert in due for again in alerts[alert][1:]]
        twice += [again for said in replies.values() for again in _said_before(said)]
        return Told(
            due=len(due),
            lost=sum(not alerts[alert] for alert in due),
            repeats=len(twice),
            unmarked=sum(MARK not in message.text for message in twice),
            marked=sum(MARK in message.text for alert in due for message in alerts[alert] + replies[alert]),
            replies=sum(len(said) for said in replies.values()),
            stale=sum(not self._is_up_to_date(alerts[alert]) for alert in due),
            unsaid=sum(not self._is_said(alerts[alert], replies[alert]) for alert in due),
            astray=sum(message.chat == BYSTANDER for message in self.telegram.accepted)
            + sum(
                reply.replies_to not in {alert.message_id for alert in alerts[about]}
                for about, said in replies.items()
                for reply in said
            ),
        )

    def _standing(self, message: Accepted) -> Standing:
        return self.news.standings[number_of(message.text) or 0]

    def _is_up_to_date(self, copies: Sequence[Accepted]) -> bool:
        """Tell whether the alert, the last of its *copies* if it was repeated, says by now how its headline stands."""
        return not copies or self._standing(copies[0]).opens(
            self.telegram.rooms[copies[-1].chat].messages[copies[-1].message_id]["text"]
        )

    def _is_said(self, copies: Sequence[Accepted], replies: Sequence[Accepted]) -> bool:
        """Tell whether somebody heard how the headline stands: by the alert as it came, or by a reply to it."""
        return not copies or any(self._standing(copies[0]).opens(each.text) for each in (copies[-1], *replies))

    def books(self) -> Books:
        """Read copies of the databases, so that the bot itself must mend what a kill left."""
        with _copied(self.folder / "data") as copy, _opened(copy / PEOPLE) as people, _opened(copy / ARCHIVE) as news:
            sound = all(file.execute("PRAGMA integrity_check").fetchone() == ("ok",) for file in (people, news))
            people.execute("ATTACH ? AS news", [str(copy / ARCHIVE)])
            read = (people.execute("SELECT change_id FROM cursor").fetchone() or (0,))[0]
            new = people.execute("SELECT count(*) FROM news.story_changes WHERE id <= ? AND change = 'new'", [read])
            counts = {
                (kind, status): count
                for kind, status, count in people.execute(
                    "SELECT kind, status, count(*) FROM outbox GROUP BY kind, status"
                )
            }
            return Books(
                sound=sound,
                in_flight=sum(count for (_, status), count in counts.items() if status == "sending"),
                due=new.fetchone()[0] * len(self.readers),
                alerts=sum(count for (kind, _), count in counts.items() if kind == "alert"),
                untold=people.execute(_UNTOLD, {"read": read}).fetchone()[0],
                waiting=sum(
                    count
                    for (kind, status), count in counts.items()
                    if kind in LIVE and status in ("ready", "retry", "sending")
                ),
                dead=sum(count for (kind, status), count in counts.items() if kind in LIVE and status == "dead"),
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


def _said_before(replies: Sequence[Accepted]) -> Sequence[Accepted]:
    """Return the replies of one chat to one alert that say what one before them said."""
    known = [reply.text.removesuffix(REPEAT_MARK) for reply in replies]
    return [reply for place, reply in enumerate(replies) if known[place] in known[:place]]


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
