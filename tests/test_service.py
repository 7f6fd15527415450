"""The running service: how it stops, what it does when a part of it hangs, and when the disk takes nothing.

Real databases and the real pipeline; the network and the feeds are small working stand-ins that can be told to hang.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from bot.catalog import Catalog, load_catalog
from bot.chat.commands import Commands
from bot.config import BackupConfig
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Ingest
from bot.model import (
    Access,
    ChatId,
    Delivery,
    DeliveryKind,
    Feed,
    FeedState,
    InboxItem,
    Incoming,
    SendResult,
    Sent,
    Undeliverable,
)
from bot.ops.backup import backups, made_at
from bot.ops.health import Beats
from bot.ops.refusals import ACCEPTED
from bot.ops.upkeep import Upkeep
from bot.pipeline import Pipeline
from bot.ports import Fetched, NotModified, Parsed
from bot.service import Service
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from tests import make
from tests.process import until

READER = ChatId("here", "1")
FEED = make.feed(url="http://feeds.internal/rss", every=timedelta(seconds=0.2))
NEWS = "Russia and Ukraine agree 30-day ceasefire, Turkey says"


def now() -> datetime:
    return datetime.now(UTC)


class Gate:
    """Lets everybody through, unless it is shut: then they wait, as a part that hangs does."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def __call__(self) -> None:
        self.waiting += 1
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


@dataclass
class Network:
    """A chat network with one reader."""

    network: str = "here"
    sending: Gate = field(default_factory=Gate)
    receiving: Gate = field(default_factory=Gate)
    sent: list[Delivery] = field(default_factory=list)
    updates: list[InboxItem] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> SendResult:
        await self.sending()
        self.sent.append(delivery)
        return Sent(str(len(self.sent)))

    def read(self, item: InboxItem) -> Incoming | None:
        return Incoming(chat=READER, text=item.raw)

    async def acknowledge(self, incoming: Incoming) -> None:
        raise AssertionError(incoming)

    async def receive(self, offset: int | None, wait: timedelta) -> Sequence[InboxItem]:
        await self.receiving()
        await asyncio.sleep(0.02)
        return [item for item in self.updates if item.update_id >= (offset or 0)]

    def says(self, words: str) -> None:
        self.updates.append(InboxItem(network="here", update_id=len(self.updates) + 1, raw=words))

    def told(self, words: str) -> list[Delivery]:
        return [delivery for delivery in self.sent if words in delivery.message.html]


@dataclass
class Feeds:
    """A fetcher and a parser with one feed."""

    fetching: Gate = field(default_factory=Gate)
    parsing: Gate = field(default_factory=Gate)
    titles: list[str] = field(default_factory=lambda: ["Wheat prices fall"])
    polls: int = 0

    async def fetch(self, feed: Feed, state: FeedState) -> Fetched | NotModified:
        await self.fetching()
        self.polls += 1
        return Fetched(body="\n".join(self.titles).encode())

    async def parse(self, fetched: Fetched, feed: Feed, now: datetime, seen: str = "") -> Parsed:
        await self.parsing()
        entries = [make.entry(title, feed_url=feed.url, published=now, seen_at=now) for title in self.titles]
        return Parsed(entries=entries, offered=len(entries))


@dataclass
class World:
    """A service that runs, and all that it is plugged into."""

    pipeline: Pipeline
    archive: ArchiveStore
    people: PeopleStore
    network: Network
    feeds: Feeds
    beats: Beats
    data: Path
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    tick: Gate = field(default_factory=Gate)
    running: "asyncio.Task[None] | None" = None

    def owes(self, html: str) -> None:
        """Owe the reader a message."""
        delivery = make.delivery(html, chat=READER, kind=DeliveryKind.ALERT, next_attempt_at=now(), created_at=now())
        self.people.enqueue([delivery])

    def has_baseline(self) -> bool:
        """Tell whether the first poll is kept, not only begun."""
        return all(state.baselined for state in self.pipeline.all_states())

    def read_only(self, on: bool) -> None:
        """Make both databases refuse every write, as they do on a disk that was mounted anew after an error."""
        for store in (self.people, self.archive):
            store._file.value(f"PRAGMA query_only = {on}")

    async def ends(self) -> None:
        assert self.running
        async with asyncio.timeout(20):
            await self.running


class SlowTick(Service):
    """The service, with a scheduler that can be frozen."""

    gate: Gate

    async def _tick(self) -> None:
        await self.gate()
        await super()._tick()


@cache
def catalog() -> Catalog:
    return load_catalog()


@cache
def detector() -> Detector:
    return Detector(load_rules())


@asynccontextmanager
async def serving(
    data: Path,
    *,
    keep: int = 0,
    limits: dict[str, float] | None = None,
    last_sends: timedelta = timedelta(seconds=5),
    first_rest: timedelta = timedelta(seconds=0.2),
) -> AsyncIterator[World]:
    """Run a service with one feed and one reader, who wants to hear everything; stop it at the end."""
    async with AsyncExitStack() as stack:
        people = stack.enter_context(PeopleStore.open(data / "people.db"))
        archive = stack.enter_context(ArchiveStore.open(data / "archive.db"))
        writer = stack.enter_context(ThreadPoolExecutor(1))
        archive.register([FEED], now())
        people.grant(READER, Access.OWNER, now())
        people.save_subscription(make.subscription(chat=READER))
        network, feeds = Network(), Feeds()
        beats = Beats(
            {name: timedelta(seconds=s) for name, s in ({"poll": 60, "deliver": 60} | (limits or {})).items()},
            works={"read": timedelta(seconds=(limits or {}).get("read", 60))},
        )
        pipeline = Pipeline(
            feeds={FEED.url: FEED},
            allow_private=frozenset({"feeds.internal"}),
            fetcher=feeds,
            parser=feeds,
            ingest=Ingest(archive=archive, detector=detector(), catalog=catalog()),
            writer=writer,
            archive=archive,
            people=people,
            chats={"here": network},
            commands=Commands(archive, people, catalog()),
            catalog=catalog(),
            now=now,
            beats=beats,
            read_deadline=timedelta(seconds=1),
            first_rest=first_rest,
        )
        world = World(pipeline, archive, people, network, feeds, beats, data)
        plan = BackupConfig(keep=keep)
        upkeep = Upkeep(data=data, plan=plan, people=people, tell=pipeline.tell_owner, now=now, low_disk=0)
        service = SlowTick(
            pipeline,
            network,
            greet=greet,
            upkeep=upkeep,
            last_sends=last_sends,
            refused_pause=timedelta(seconds=0.1),
        )
        service.gate = world.tick
        world.running = asyncio.create_task(service.run(world.stop))
        try:
            yield world
        finally:
            world.stop.set()
            for gate in (network.sending, network.receiving, feeds.fetching, feeds.parsing, world.tick):
                gate.open()
            if world.running:
                with suppress(Exception):
                    await world.running


async def greet() -> None:
    """Say hello to a network that is always there."""


# ---------------------------------------------------------------------------------------------- ready
async def test_it_is_ready_once_greeted_and_unready_from_the_first_moment_of_its_stop(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        before = world.beats.unready()
        await until(lambda: not world.beats.unready(), "readiness")
        world.network.sending.shut()
        world.owes("on its way")
        await until(lambda: world.network.sending.waiting, "a send")
        world.stop.set()
        await until(world.beats.unready, "unreadiness")
        while_stopping = (world.beats.unready(), world.running and world.running.done())
        world.network.sending.open()
        await world.ends()

    assert before == ["greeting"]
    assert while_stopping == (["stopping"], False)


# ---------------------------------------------------------------------------------------------- the stop
async def test_a_stop_waits_for_a_message_that_is_on_its_way_and_records_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        world.network.sending.shut()
        world.owes("on its way")
        await until(lambda: world.network.sending.waiting, "a send")
        world.stop.set()
        await asyncio.sleep(0.1)
        world.network.sending.open()
        await world.ends()

        counts = world.people.outbox_counts()
    assert (counts["sent"], counts["sending"]) == (1, 0)
    assert len(world.network.sent) == 1


async def test_a_message_that_hangs_at_the_stop_stays_in_doubt_and_comes_marked_after_the_next_start(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, last_sends=timedelta(seconds=0.1)) as world:
        world.network.sending.shut()
        world.owes("hangs")
        world.owes("waits")
        await until(lambda: world.network.sending.waiting, "a send")
        world.stop.set()
        await world.ends()
        counts = world.people.outbox_counts()
    async with serving(tmp_path) as world:
        await until(lambda: len(world.network.sent) == 2, "both messages")

    assert (counts["sent"], counts["sending"], counts["ready"]) == (0, 1, 1)
    assert {sent.message.html: sent.maybe for sent in world.network.sent} == {"hangs": True, "waits": False}


async def test_nothing_is_begun_after_the_stop(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await until(lambda: world.feeds.polls, "a poll")
        world.stop.set()
        await world.ends()
        polls = world.feeds.polls
        world.owes("too late")
        await asyncio.sleep(0.5)

    assert world.network.sent == []
    assert world.feeds.polls == polls


async def test_who_comes_back_before_he_was_ever_written_to_gets_what_waits_for_him(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        world.people.pause(READER, "blocked", now())
        world.owes("waits")
        world.people.resume(READER)
        await until(lambda: world.network.told("waits"), "the message")


# ---------------------------------------------------------------------------------------------- hang injection
HANGS: dict[str, tuple[Callable[[World], Gate], dict[str, float], str]] = {
    "scheduler": (lambda world: world.tick, {"poll": 2.5}, "poll"),
    "poller": (lambda world: world.network.receiving, {"listen": 0.5}, "listen"),
    "fetcher": (lambda world: world.feeds.fetching, {"read": 0.5}, "read"),
    "parser": (lambda world: world.feeds.parsing, {"read": 0.5}, "read"),
    "sender": (lambda world: world.network.sending, {"deliver": 0.5}, "deliver"),
}


@pytest.mark.slow
@pytest.mark.parametrize("part", HANGS)
async def test_a_part_that_hangs_turns_health_red_and_is_started_again(tmp_path: Path, part: str) -> None:
    gate, limits, beat = HANGS[part]
    async with serving(tmp_path, limits=limits, last_sends=timedelta(seconds=0.1)) as world:
        gate(world).shut()
        world.owes("a message")
        await until(lambda: beat in world.beats.late(), f"{beat} to be late")
        gate(world).open()
        await until(lambda: world.has_baseline() and not world.beats.late(), "health")
        world.feeds.titles.append(NEWS)
        await until(lambda: world.network.told(NEWS), "the alert")
        world.network.says("/help")
        await until(lambda: world.network.told("/latest"), "the answer")
        await until(lambda: world.network.told("a message"), "the message")


@pytest.mark.slow
async def test_a_service_with_much_to_do_raises_no_false_alarm(tmp_path: Path) -> None:
    limits = dict.fromkeys(("poll", "deliver", "listen", "loop", "read"), 3.0)
    late: set[str] = set()
    async with serving(tmp_path, limits=limits) as world:
        for number in range(40):
            world.feeds.titles.append(f"{NEWS} on day {number}")
            world.network.says("/status")
            await asyncio.sleep(0.05)
            late.update(world.beats.late())
        await until(lambda: len(world.network.told("How well I hear")) >= 40, "the answers")
        late.update(world.beats.late())

    assert late == set()


# ---------------------------------------------------------------------------------------------- the disk
async def test_a_disk_that_takes_nothing_is_told_to_the_owner_once_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as world:
        await until(lambda: world.has_baseline() and not world.beats.unready(), "the baseline")
        world.read_only(True)
        world.feeds.titles.append(NEWS)
        world.network.says("/help")
        await until(lambda: world.network.told("cannot store anything"), "the notice")
        await asyncio.sleep(0.5)
        ill, late, notices = world.beats.unready(), world.beats.late(), world.network.told("cannot store anything")
        world.read_only(False)
        await until(lambda: world.network.told(NEWS), "the alert")
        await until(lambda: world.network.told("/latest"), "the answer")
        await until(lambda: world.network.told(ACCEPTED), "the all-clear")
        await until(lambda: not world.beats.unready(), "readiness")
        await asyncio.sleep(0.3)

    assert ill == ["storage"]
    assert late == [], "it is alive: a restart would not help"
    assert len(notices) == 1
    assert "read-only" in notices[0].message.html
    assert [alert.maybe for alert in world.network.told(NEWS)] == [False]
    assert len(world.network.told("/latest")) == 1
    assert "it is read-only" in caplog.text
    assert "Traceback" not in caplog.text


async def test_feeds_are_left_alone_while_what_they_bring_cannot_be_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, first_rest=timedelta(minutes=1)) as world:
        await until(lambda: world.has_baseline() and not world.beats.unready(), "the baseline")
        before = world.feeds.polls
        world.read_only(True)
        await until(lambda: world.feeds.polls > before, "a poll in vain")
        polls = world.feeds.polls
        await asyncio.sleep(2.2)

    assert world.feeds.polls == polls


async def test_the_fate_of_a_message_is_kept_until_the_disk_takes_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        world.network.sending.shut()
        world.owes("on its way")
        await until(lambda: world.network.sending.waiting, "a send")
        world.read_only(True)
        world.network.sending.open()
        await until(lambda: world.network.told("on its way"), "the message")
        await until(lambda: "storage" in world.beats.missing, "trouble")
        world.read_only(False)
        await until(lambda: world.people.outbox_counts()["sent"], "its record")
        await asyncio.sleep(0.3)

    assert len(world.network.told("on its way")) == 1


# ---------------------------------------------------------------------------------------------- upkeep
async def test_a_running_service_backs_itself_up(tmp_path: Path) -> None:
    async with serving(tmp_path, keep=2):
        await until(lambda: backups(tmp_path / "backups"), "a backup")

    assert len(backups(tmp_path / "backups")) == 1


def upkeep(people: PeopleStore, data: Path, told: list[str], **given: object) -> Upkeep:
    def tell(key: str, html: str) -> None:
        if key not in told:
            told.extend((key, html))

    plan = given.pop("plan", BackupConfig(keep=0))
    settings = {"low_disk": 0, "now": lambda: make.NOON} | given
    return Upkeep(data=data, plan=plan, people=people, tell=tell, **settings)  # type: ignore[arg-type]


async def test_dead_letters_are_told_once_a_day_without_the_numbers_of_chats(tmp_path: Path) -> None:
    told: list[str] = []
    clock = make.NOON
    with PeopleStore.open(tmp_path / "people.db") as people:
        look = upkeep(people, tmp_path, told, now=lambda: clock).look
        await look()
        for hour in (1, 2, 3):
            clock = make.NOON + timedelta(hours=hour)
            people.enqueue([make.delivery(str(hour), next_attempt_at=clock, created_at=clock)])
            [claimed] = people.claim(clock)
            people.settle(dead(claimed), clock)
            clock += timedelta(minutes=1)
            await look()
        for day in (1, 2):
            clock = make.NOON + timedelta(days=day)
            await look()

    counted = (
        "Messages that could not be delivered and were given up: {0} ({0} × BadRequest: chat [hidden] &lt;gone&gt;)."
    )
    assert told[1::2] == [counted.format(1), counted.format(2)]


def dead(delivery: Delivery) -> Delivery:
    return delivery.after(Undeliverable("BadRequest: chat -1001234567890 <gone>"), make.NOON)


async def test_a_disk_that_is_nearly_full_is_told_once_a_day(tmp_path: Path) -> None:
    told: list[str] = []
    with PeopleStore.open(tmp_path / "people.db") as people:
        look = upkeep(people, tmp_path, told, low_disk=2**62).look
        await look()
        await look()

    assert len(told) == 2
    assert "MB left" in told[1]


async def test_the_copy_made_before_a_new_version_is_kept_for_two_weeks(tmp_path: Path) -> None:
    copy, there = tmp_path / "people.db.before-m009", []
    copy.touch()
    os.utime(copy, (make.NOON.timestamp(), make.NOON.timestamp()))
    with PeopleStore.open(tmp_path / "people.db") as people:
        for days in (13, 15):
            await upkeep(people, tmp_path, [], now=lambda days=days: make.NOON + timedelta(days=days)).look()
            there.append(copy.exists())

    assert there == [True, False]


async def test_old_backups_go_as_new_ones_are_made(tmp_path: Path) -> None:
    ArchiveStore.open(tmp_path / "archive.db").close()
    plan = BackupConfig(every=timedelta(days=1), keep=2)
    with PeopleStore.open(tmp_path / "people.db") as people:
        for hours in range(0, 120, 12):
            now = make.NOON + timedelta(hours=hours)
            await upkeep(people, tmp_path, [], plan=plan, now=lambda now=now: now).look()

    kept = [made_at(one) - make.NOON for one in backups(tmp_path / "backups")]
    assert kept == [timedelta(days=3), timedelta(days=4)]


async def test_a_clock_that_was_far_ahead_stops_no_backup(tmp_path: Path) -> None:
    ArchiveStore.open(tmp_path / "archive.db").close()
    plan = BackupConfig(every=timedelta(days=1), keep=9)
    with PeopleStore.open(tmp_path / "people.db") as people:
        for days in (3000, 0, 1):
            now = make.NOON + timedelta(days=days)
            await upkeep(people, tmp_path, [], plan=plan, now=lambda now=now: now).look()

    made = [made_at(one) - make.NOON for one in backups(tmp_path / "backups")]
    assert made == [timedelta(days=0), timedelta(days=1), timedelta(days=3000)]


async def test_a_backup_that_fails_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    with PeopleStore.open(tmp_path / "people.db") as people:
        await upkeep(people, tmp_path, told, plan=BackupConfig()).look()

    assert "I could not make a backup" in told[1]
    assert "archive.db" in told[1]


async def test_of_an_archive_that_is_published_again_the_owner_is_told_and_nobody_alerted(tmp_path: Path) -> None:
    async with serving(tmp_path) as world:
        await until(lambda: world.feeds.polls, "the first poll")
        world.feeds.titles += [f"{NEWS}, as was written in chapter {number}" for number in range(30)]

        await until(lambda: world.network.told("30 entries at once that look old"), "the notice")

        assert world.network.told(NEWS) == []
