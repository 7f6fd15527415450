"""The composition root: the one place where the parts meet.

Everything else receives what it needs; only this module makes it, and only this module knows all of it.
"""

import asyncio
import logging
import platform
import secrets
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.catalog import Catalog, load_catalog
from bot.chat.commands import MENU, OWNER_CODE, Commands, Settings
from bot.chat.telegram import TelegramChat
from bot.config import Config, Environment, HealthConfig, rules_folder
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.errors import ConfigError
from bot.ingest import Ingest
from bot.model import Access, ChatId, Clock
from bot.ops.backup import Backup, Restored, back_up, forget_old, restore
from bot.ops.doctor import Finding, diagnose
from bot.ops.favour import favour_chats
from bot.ops.feedwatch import FeedWatch, Stamp, stamp
from bot.ops.health import Beats, PortTakenError, serving
from bot.ops.lock import locked
from bot.ops.rival import Rival
from bot.ops.rulewatch import RuleWatch, fingerprint
from bot.ops.upkeep import Upkeep, folder_of, held_for
from bot.ops.watchdog import watched
from bot.owner.feeds import with_choices
from bot.pipeline import Pipeline
from bot.poll.children import ParserPool
from bot.poll.fetch import HttpFetcher
from bot.poll.names import look_up_apart
from bot.ports import Chat
from bot.rulefiles import RuleFiles, read_rule_files
from bot.service import FEEDS_TICK, LAST_LIMITS, LIMITS, RULES_TICK, WORKS, Job, Service
from bot.stages.poll import Polled
from bot.store.archive import ArchiveStore
from bot.store.pace import Pace
from bot.store.people import PeopleStore

log = logging.getLogger(__name__)

BOT_NEEDED = (
    "parley run needs a bot token: get one from @BotFather on Telegram and set PARLEY_TELEGRAM_TOKEN "
    "(or PARLEY_TELEGRAM_TOKEN_FILE); `parley demo` works without one"
)
HOME = "home"
"""The note that says on which machine, and in which folder, these data were used last."""
CONFIG_ALLOWED = "config_allowed"
"""The note that holds the chats which config.toml let in at the last start."""


def utc_now() -> datetime:
    """Return the time, as the whole program understands it."""
    return datetime.now(UTC)


@asynccontextmanager
async def house(
    *,
    data: Path,
    config: Config,
    chats: Mapping[str, Chat],
    catalog: Catalog,
    rules: RuleFiles | None = None,
    now: Clock = utc_now,
) -> AsyncIterator[Pipeline]:
    """Open both databases in *data* and plug the stages together; all of it is closed at the end.

    *rules* are those to judge by (default: what ships).
    """
    async with AsyncExitStack() as stack:
        detector = Detector(load_rules(rules, catalog=catalog))
        pace = Pace.up_to(config.telegram.paid_broadcast_per_second)
        people = stack.enter_context(PeopleStore.open(data / "people.db", pace))
        archive = stack.enter_context(ArchiveStore.open(data / "archive.db"))
        archive_of_writer = stack.enter_context(ArchiveStore.open(data / "archive.db"))
        writer = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="ingest"))
        fetcher = HttpFetcher(allow_private=config.polling.allow_private, contact=config.polling.contact, clock=now)
        feeds = with_choices(config.feeds, archive.feed_choices())
        with archive.transaction():
            archive.register([feed for feed in feeds if feed.enabled], now())
        settings = Settings(
            access=config.telegram.access,
            time_zone=config.digest.time_zone,
            digest_hours=config.digest.hours,
            feeds=config.feeds,
            allow_private=config.polling.allow_private,
            held_for=held_for(config.backup),
        )
        yield Pipeline(
            feeds={feed.url: feed for feed in feeds},
            allow_private=config.polling.allow_private,
            fetcher=await stack.enter_async_context(fetcher),
            parser=await stack.enter_async_context(ParserPool()),
            ingest=Ingest(archive=archive_of_writer, detector=detector, catalog=catalog),
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
async def run(config: Config, environment: Environment, path: Path) -> None:
    """Poll, alert and answer until SIGTERM or Ctrl-C; raise ConfigError for what the operator must mend.

    *path* is where *config* was read: changes of its feeds are taken over.
    """
    if environment.token is None:
        raise ConfigError(BOT_NEEDED)
    stop, config_used = _stop_signal(), stamp(path)
    look_up_apart()
    find_rules = partial(rules_folder, config.rules, environment.data)
    async with AsyncExitStack() as stack:
        stack.enter_context(locked(environment.data))
        telegram = TelegramChat(
            environment.token.get_secret_value(),
            api_url=environment.api_url,
            sends=Pace.up_to(config.telegram.paid_broadcast_per_second).most_lanes,
            closed_topic=config.telegram.closed_topic,
        )
        rules_used = fingerprint(find_rules())
        rules = read_rule_files(find_rules())
        chats = {telegram.network: telegram}
        pipeline = await stack.enter_async_context(
            house(data=environment.data, config=config, chats=chats, catalog=load_catalog(rules), rules=rules)
        )
        await stack.enter_async_context(telegram)
        _serve_health(stack, pipeline.beats, config.health.port)
        stack.enter_context(watched(pipeline.beats, LAST_LIMITS))
        _let_in(pipeline, config, environment)
        favour_chats()
        log.info("polling %d feeds", sum(feed.enabled for feed in pipeline.feeds.values()))
        rule_watch = RuleWatch(find=find_rules, used=rules_used, adopt=pipeline.adopt, tell=pipeline.tell_owner)
        feed_watch = _feed_watch(pipeline, config, path, config_used)
        service = Service(
            pipeline,
            telegram,
            greet=partial(_greet, pipeline, telegram),
            upkeep=_upkeep(pipeline, config, environment),
            watches=(Job("rules", rule_watch.look, RULES_TICK), Job("feeds", feed_watch.look, FEEDS_TICK)),
            rival=Rival(suspected=_has_moved(pipeline, environment)),
        )
        await service.run(stop)
    log.info("stopped")


def _upkeep(pipeline: Pipeline, config: Config, environment: Environment) -> Upkeep:
    return Upkeep(
        data=environment.data, plan=config.backup, people=pipeline.people, tell=pipeline.tell_owner, now=pipeline.now
    )


def _feed_watch(pipeline: Pipeline, config: Config, path: Path, used: Stamp) -> FeedWatch:
    return FeedWatch(
        path=path,
        used=used,
        listed=config.feeds,
        chosen=pipeline.archive.feed_choices,
        adopt=pipeline.adopt_feeds,
        tell=pipeline.tell_owner,
    )


def _serve_health(stack: AsyncExitStack, beats: Beats, port: int) -> None:
    """Serve /healthz; where nobody chose a port, a taken one keeps nobody from the news."""
    try:
        stack.enter_context(serving(beats, port))
    except PortTakenError as error:
        if port != HealthConfig().port:
            raise
        other = stack.enter_context(serving(beats, 0))
        log.warning("%s; until then /healthz answers on port %d", error, other)


def _has_moved(pipeline: Pipeline, environment: Environment) -> bool:
    """Tell whether these data were last used elsewhere, and remember where they are now."""
    here, people = f"{platform.node()}:{environment.data.resolve()}", pipeline.people
    before = people.note(HOME)
    people.remember(HOME, here)
    return before not in ("", here)


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
        rules = read_rule_files(rules_folder(config.rules, environment.data))
        catalog = load_catalog(rules)
        async with house(data=environment.data, config=config, chats={}, catalog=catalog, rules=rules) as pipeline:
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


# ---------------------------------------------------------------------------------------------- parley near-misses …
def stored_archive(environment: Environment) -> ArchiveStore:
    """Open the archive, beside a running bot or without one; raise ConfigError if there is none yet."""
    path = environment.data / "archive.db"
    if not path.is_file():
        raise ConfigError(f"there is no archive in {environment.data} yet: `parley run` makes it, or set PARLEY_DATA")
    return ArchiveStore.open(path)


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
