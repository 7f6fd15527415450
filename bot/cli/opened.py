"""What several commands open: the archive, a story in it, and the names behind its ids."""

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.catalog import Catalog
    from bot.model import Story
    from bot.store.archive import ArchiveStore


def opened_archive() -> "ArchiveStore":
    """Open the archive, for use as `with`; raise ConfigError if there is none yet."""
    from bot.app import stored_archive
    from bot.config import Environment

    return stored_archive(Environment.read(os.environ))


def known_names() -> "Catalog":
    """Return the catalog as the bot reads it, the operator's own rules included."""
    from bot.catalog import load_catalog
    from bot.cli.own_rules import own_folder
    from bot.rulefiles import read_rule_files

    return load_catalog(read_rule_files(own_folder(os.environ)))


def named_story(archive: "ArchiveStore", story_id: str) -> "Story":
    """Return the story of this id; raise DecisionError if there is none."""
    from bot.errors import DecisionError

    if story := archive.story(story_id):
        return story
    raise DecisionError(f"there is no story {story_id!r}; `parley stories list` names those of the last days")


def days_ago(days: int) -> datetime:
    """Return the moment so many days before now."""
    from bot.app import utc_now

    return utc_now() - timedelta(days=days)
