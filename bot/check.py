"""`parley check`: tell whether everything is there that a start needs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.app import BOT_NEEDED, utc_now
from bot.chat.telegram import TelegramChat
from bot.config import Environment, RulesConfig, load_config, rules_folder
from bot.detect.rules import load_rules
from bot.errors import BotError, ConfigError
from bot.ops.backup import FILES
from bot.ops.doctor import Finding
from bot.ops.lock import InUseError, locked
from bot.ports import UnreachableError
from bot.rulefiles import read_rule_files
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore


async def check(config_path: Path | None, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Check environment, config, rules, data folder and token; a wrong environment hides where the others are."""
    try:
        environment = Environment.read(environ)
    except ConfigError as error:
        return [Finding(name="environment", words=str(error), well=False)]
    found, config = [Finding(name="environment", words="nothing wrong")], None
    path = config_path or environment.config
    try:
        config = load_config(path)
        enabled = sum(feed.enabled for feed in config.feeds)
        words = f"{path}: {enabled} feeds, {len(config.feeds) - enabled} more not enabled"
        words = words if enabled else f"{path}: no feed is enabled"
        found.append(Finding(name="config", words=words, well=bool(enabled)))
    except ConfigError as error:
        found.append(Finding(name="config", words=str(error), well=False))
    found.append(_check_rules(rules_folder(config.rules if config else RulesConfig(), environment.data)))
    found.append(_check_data(environment.data))
    found.append(await _check_token(environment))
    return found


def _check_rules(own: Path | None) -> Finding:
    try:
        rules = load_rules(read_rule_files(own))
    except ConfigError as error:
        return Finding(name="rules", words=str(error), well=False)
    whose = f"what ships and {own}" if own else "what ships"
    return Finding(name="rules", words=f"{len(rules.signals)} signals, {len(rules.types)} types: {whose}")


def _check_data(folder: Path) -> Finding:
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
        return Finding(name="data", words=f"{folder}: in use by the Parley that runs")
    except BotError as error:
        return Finding(name="data", words=str(error), well=False)
    return Finding(name="data", words=f"{folder}: {coverage.entries} entries, {coverage.stories} stories")


def _check_place(folder: Path) -> Finding:
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.access(place, os.F_OK))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding(name="data", words=f"{folder}: nothing there yet; `parley run` makes it")
    words = f"the data folder {folder} cannot be written; set PARLEY_DATA to a folder that this user may write to"
    return Finding(name="data", words=words, well=False)


async def _check_token(environment: Environment) -> Finding:
    if environment.token is None:
        return Finding(name="token", words=BOT_NEEDED, well=False)
    try:
        async with TelegramChat(environment.token.get_secret_value(), api_url=environment.api_url) as telegram:
            return Finding(name="token", words=f"the bot is @{await telegram.ask_name()}")
    except UnreachableError as error:
        return Finding(
            name="token", words=f"{environment.api_url} cannot be reached ({error}); mind the network", well=False
        )
    except BotError as error:
        return Finding(name="token", words=str(error), well=False)
