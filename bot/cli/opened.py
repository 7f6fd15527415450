"""What several commands open: the archive, with the names behind its ids."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.catalog import Catalog
    from bot.store.archive import ArchiveStore


@contextmanager
def opened_archive() -> "Iterator[tuple[ArchiveStore, Catalog]]":
    """Open the archive, and read the catalog as the bot does."""
    from bot.app import stored_archive
    from bot.catalog import load_catalog
    from bot.cli.own_rules import own_folder
    from bot.config import Environment
    from bot.rulefiles import read_rule_files

    with stored_archive(Environment.read(os.environ)) as archive:
        yield archive, load_catalog(read_rule_files(own_folder(os.environ)))
