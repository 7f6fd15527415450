"""The composition root: the one place where the parts meet.

Everything else receives what it needs; only this module makes it, and only this module knows all of it.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bot.alert.digest import next_digest
from bot.catalog import Catalog, load_catalog
from bot.chat.commands import MENU, OWNER_CODE, Commands, Settings
from bot.chat.telegram import TelegramChat
from bot.chat.terminal import HERE, TerminalChat
from bot.config import Config, Environment, PollingConfig, load_config
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.errors import BotError, ConfigError
from bot.ingest import Ingest
from bot.model import Access, ChatId, Clock, Delivery, DeliveryKind, Message, Subscription
from bot.ops.backup import Backup, Restored, back_up, forget_old, restore
from bot.ops.doctor import Finding, diagnose
from bot.ops.health import Beats, serving
from bot.ops.lock import locked
from bot.ops.upkeep import Upkeep, folder_of
from bot.ops.watchdog import watched
from bot.pipeline import Pipeline, Polled
from bot.poll.children import ParserPool
from bot.poll.fetch import HttpFetcher
from bot.poll.replay import PUBLISHERS, RecordedWeek, ReplayServer
from bot.ports import Chat
from bot.service import LAST_LIMITS, LIMITS, WORKS, Service
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore

log = logging.getLogger(__name__)

BOT_NEEDED = (
    "parley run needs a bot token: get one from @BotFather on Telegram and set PARLEY_TELEGRAM_TOKEN "
    "(or PARLEY_TELEGRAM_TOKEN_FILE); `parley demo` works without one"
)
CONFIG_ALLOWED = "config_allowed"
"""The note that holds the chats which config.toml let in at the last start."""


def utc_now() -> datetime:
    """Return the time, as the whole program understands it."""
    return datetime.now(UTC)


@asynccontextmanager
async def house(
    *, data: Path, config: Config, chats: Mapping[str, Chat], catalog: Catalog, now: Clock = utc_now
) -> AsyncIterator[Pipeline]:
    """Open both databases in *data* and plug the stages together; all of it is closed at the end."""
    async with AsyncExitStack() as stack:
        people = stack.enter_context(PeopleStore.open(data / "people.db"))
        archive = stack.enter_context(ArchiveStore.open(data / "archive.db"))
        archive_of_writer = stack.enter_context(ArchiveStore.open(data / "archive.db"))
        writer = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="ingest"))
        fetcher = HttpFetcher(allow_private=config.polling.allow_private, contact=config.polling.contact, clock=now)
        feeds = [feed for feed in config.feeds if feed.enabled]
        with archive.transaction():
            archive.register(feeds, now())
        settings = Settings(
            access=config.telegram.access, time_zone=config.digest.time_zone, digest_hours=config.digest.hours
        )
        yield Pipeline(
            feeds={feed.url: feed for feed in feeds},
            allow_private=config.polling.allow_private,
            fetcher=await stack.enter_async_context(fetcher),
            parser=await stack.enter_async_context(ParserPool()),
            ingest=Ingest(archive=archive_of_writer, detector=Detector(load_rules(catalog=catalog)), catalog=catalog),
            writer=writer,
            archive=archive,
            people=people,
            chats=chats,
            commands=Commands(archive, people, catalog, settings),
            catalog=catalog,
            now=now,
            beats=Beats(LIMITS, WORKS),
        )


# ---------------------------------------------------------------------------------------------- parley run
async def run(config: Config, environment: Environment) -> None:
    """Poll, alert and answer until SIGTERM or Ctrl-C; raise ConfigError for what the operator must mend."""
    if environment.token is None:
        raise ConfigError(BOT_NEEDED)
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        stack.enter_context(locked(environment.data))
        telegram = TelegramChat(environment.token.get_secret_value(), api_url=environment.api_url)
        pipeline = await stack.enter_async_context(
            house(data=environment.data, config=config, chats={telegram.network: telegram}, catalog=load_catalog())
        )
        await stack.enter_async_context(telegram)
        stack.enter_context(serving(pipeline.beats, config.health.port))
        stack.enter_context(watched(pipeline.beats, LAST_LIMITS))
        _let_in(pipeline, config, environment)
        log.info("polling %d feeds", len(pipeline.feeds))
        upkeep = Upkeep(
            data=environment.data,
            plan=config.backup,
            people=pipeline.people,
            tell=pipeline.tell_owner,
            now=utc_now,
        )
        greet = partial(_greet, pipeline, telegram)
        await Service(pipeline, telegram, pipeline.beats, greet=greet, upkeep=upkeep).run(stop)
    log.info("stopped")


async def _greet(pipeline: Pipeline, telegram: TelegramChat) -> None:
    """Say who we are to Telegram, and to the operator how to become the owner."""
    name = await telegram.greet(dict(MENU))
    log.info("on Telegram as @%s", name)
    if pipeline.people.owner() is None:
        code = secrets.token_urlsafe(16)
        pipeline.people.remember(OWNER_CODE, code)
        # Not logged: who reads this line owns the bot.
        print(f"\nTo become the owner of this bot, open  https://t.me/{name}?start={code}\n", flush=True)  # noqa: T201


def _let_in(pipeline: Pipeline, config: Config, environment: Environment) -> None:
    """Let in the owner and the chats that config.toml and the environment name, and out those no longer named."""
    people, now = pipeline.people, utc_now()
    owner = environment.owner or config.telegram.owner
    named = {str(room) for room in config.telegram.allow}
    before = set(people.note(CONFIG_ALLOWED).split())
    with people.transaction():
        for room in sorted(before - named):
            if people.access(ChatId("telegram", room)) is Access.ALLOWED:
                people.revoke(ChatId("telegram", room))
        for room in sorted(named):
            if people.access(ChatId("telegram", room)) is None:
                people.grant(ChatId("telegram", room), Access.ALLOWED, now)
        if owner and people.owner() != ChatId("telegram", str(owner)):
            people.grant(ChatId("telegram", str(owner)), Access.OWNER, now)
        people.remember(CONFIG_ALLOWED, " ".join(sorted(named)))


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and Ctrl-C set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


# ---------------------------------------------------------------------------------------------- parley poll
async def poll_once(config: Config, environment: Environment) -> dict[str, int]:
    """Poll every enabled feed now, due or not; return what came of it."""
    with locked(environment.data):
        async with house(data=environment.data, config=config, chats={}, catalog=load_catalog()) as pipeline:
            return counted(await pipeline.poll(pipeline.all_states()))


def counted(polled: Sequence[Polled]) -> dict[str, int]:
    """Return the sums of how the polls went; *ok* includes the unchanged."""
    failed = sum(bool(one.error) for one in polled)
    return {
        "feeds": len(polled),
        "ok": len(polled) - failed,
        "unchanged": sum(one.unchanged for one in polled),
        "failed": failed,
        "entries": sum(one.entries for one in polled),
        "new": sum(one.new for one in polled),
        "events": sum(one.events for one in polled),
    }


# ---------------------------------------------------------------------------------------------- parley backup, restore
def make_backup(config: Config, environment: Environment, folder: Path | None, keep: int | None) -> Backup:
    """Back up, beside a running bot or without one, and delete backups beyond *keep*."""
    where = folder or folder_of(config.backup, environment.data)
    backup = back_up(environment.data, where, utc_now())
    forget_old(where, config.backup.keep if keep is None else keep)
    return backup


def restore_backup(environment: Environment, folder: Path) -> Restored:
    """Put a backup in place of the databases; raise BotError, with nothing changed, if it cannot be used."""
    return restore(environment.data, folder, utc_now(), opens=_open_both)


def _open_both(folder: Path) -> None:
    """Bring both databases in *folder* to this version."""
    PeopleStore.open(folder / "people.db").close()
    ArchiveStore.open(folder / "archive.db").close()


def examine(config: Config, environment: Environment) -> Sequence[Finding]:
    """Look at databases, disk and backups."""
    return diagnose(environment.data, config.backup, utc_now())


# ---------------------------------------------------------------------------------------------- parley demo
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
        await _converse(pipeline, terminal, source)


BREATH = timedelta(milliseconds=400)
"""Between two moments of the week, when somebody watches."""
DEMO_STARTS = (
    "<b>Parley demo</b>: the week of 8–16 May 2025, replayed. The facts are public; publishers and wording are ours. "
    "Feeds are polled from a small server inside this process; no token, no network. "
    "What a subscriber would have been told, as it came:"
)
DEMO_ENDS = (
    "<b>That was the week.</b> Now ask: /latest · /now ukraine · /search istanbul · /since 2d · /why · /status · /help "
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
    """Route and deliver until nothing is owed; return how many messages went out."""
    pipeline.route()
    told = 0
    while sent := await pipeline.deliver():
        told += sent
    return told


async def _converse(pipeline: Pipeline, terminal: TerminalChat, source: int | None) -> None:
    """Answer each line through inbox, commands and outbox, as on any network."""
    number = 0
    async for incoming in terminal.converse(source):
        number += 1
        with pipeline.people.transaction():
            pipeline.people.receive([terminal.item(incoming, number)], pipeline.now())
        await pipeline.answer(HERE.network)
        await _tell(pipeline)


# ---------------------------------------------------------------------------------------------- parley check
@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    name: str
    well: bool
    words: str


async def check(config_path: Path | None, environ: Mapping[str, str]) -> Sequence[Checked]:
    """Check environment, config, rules, data folder and token, each for itself."""
    found: list[Checked] = []
    environment, config = Environment(), None
    try:
        environment = Environment.read(environ)
        found.append(Checked("environment", True, "nothing wrong"))
    except ConfigError as error:
        found.append(Checked("environment", False, str(error)))
    path = config_path or environment.config
    try:
        config = load_config(path)
        enabled = sum(feed.enabled for feed in config.feeds)
        words = f"{path}: {enabled} feeds, {len(config.feeds) - enabled} more not enabled"
        found.append(Checked("config", bool(enabled), words if enabled else f"{path}: no feed is enabled"))
    except ConfigError as error:
        found.append(Checked("config", False, str(error)))
    found.append(_check_rules())
    found.append(_check_data(environment.data))
    found.append(await _check_token(environment))
    return found


def _check_rules() -> Checked:
    try:
        rules = load_rules()
    except ConfigError as error:
        return Checked("rules", False, str(error))
    return Checked("rules", True, f"{len(rules.signals)} signals, {len(rules.types)} types")


def _check_data(folder: Path) -> Checked:
    try:
        with (
            locked(folder),
            PeopleStore.open(folder / "people.db"),
            ArchiveStore.open(folder / "archive.db") as archive,
        ):
            coverage = archive.coverage(utc_now())
    except BotError as error:
        return Checked("data", False, str(error))
    return Checked("data", True, f"{folder}: {coverage.entries} entries, {coverage.stories} stories")


async def _check_token(environment: Environment) -> Checked:
    if environment.token is None:
        return Checked("token", False, BOT_NEEDED)
    try:
        async with TelegramChat(environment.token.get_secret_value(), api_url=environment.api_url) as telegram:
            return Checked("token", True, f"the bot is @{await telegram.greet()}")
    except BotError as error:
        return Checked("token", False, str(error))
