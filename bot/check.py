"""`parley check`: tell whether everything is there that a start needs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.app import BOT_NEEDED, utc_now
from bot.chat.telegram import TelegramChat
from bot.config import Environment, RulesConfig, load_config, rules_folder
from bot.detect.rules import load_rules
from bot.errors import BotError, ConfigError
from bot.ops.backup import FILES
from bot.ops.lock import InUseError, locked
from bot.ports import UnreachableError
from bot.rulefiles import read_rule_files
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    name: str
    well: bool
    words: str


async def check(config_path: Path | None, environ: Mapping[str, str]) -> Sequence[Checked]:
    """Check environment, config, rules, data folder and token; a wrong environment hides where the others are."""
    try:
        environment = Environment.read(environ)
    except ConfigError as error:
        return [Checked("environment", False, str(error))]
    found, config = [Checked("environment", True, "nothing wrong")], None
    path = config_path or environment.config
    try:
        config = load_config(path)
        enabled = sum(feed.enabled for feed in config.feeds)
        words = f"{path}: {enabled} feeds, {len(config.feeds) - enabled} more not enabled"
        found.append(Checked("config", bool(enabled), words if enabled else f"{path}: no feed is enabled"))
    except ConfigError as error:
        found.append(Checked("config", False, str(error)))
    found.append(_check_rules(rules_folder(config.rules if config else RulesConfig(), environment.data)))
    found.append(_check_data(environment.data))
    found.append(await _check_token(environment))
    return found


def _check_rules(own: Path | None) -> Checked:
    try:
        rules = load_rules(read_rule_files(own))
    except ConfigError as error:
        return Checked("rules", False, str(error))
    whose = f"what ships and {own}" if own else "what ships"
    return Checked("rules", True, f"{len(rules.signals)} signals, {len(rules.types)} types: {whose}")


def _check_data(folder: Path) -> Checked:
    """Check the databases, bringing older ones up to date; where there are none, none are made."""
    if not any(os.access(folder / name, os.F_OK) for name in FILES):
        return _check_place(folder)
    try:
        with (
            locked(folder),
            PeopleStore.open(folder / "people.db"),
            ArchiveStore.open(folder / "archive.db") as archive,
        ):
            coverage = archive.coverage(utc_now())
    except InUseError:
        return Checked("data", True, f"{folder}: in use by the Parley that runs")
    except BotError as error:
        return Checked("data", False, str(error))
    return Checked("data", True, f"{folder}: {coverage.entries} entries, {coverage.stories} stories")


def _check_place(folder: Path) -> Checked:
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.access(place, os.F_OK))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Checked("data", True, f"{folder}: nothing there yet; `parley run` makes it")
    words = f"the data folder {folder} cannot be written; set PARLEY_DATA to a folder that this user may write to"
    return Checked("data", False, words)


async def _check_token(environment: Environment) -> Checked:
    if environment.token is None:
        return Checked("token", False, BOT_NEEDED)
    try:
        async with TelegramChat(environment.token.get_secret_value(), api_url=environment.api_url) as telegram:
            return Checked("token", True, f"the bot is @{await telegram.ask_name()}")
    except UnreachableError as error:
        return Checked("token", False, f"{environment.api_url} cannot be reached ({error}); mind the network")
    except BotError as error:
        return Checked("token", False, str(error))
