"""Takes over the operator's rules when their files change; a bad file keeps the old rules and is told of once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import InitVar, dataclass, field
from pathlib import Path

from bot.catalog import Catalog, load_catalog
from bot.detect.rules import Rules, load_rules
from bot.errors import ConfigError
from bot.ops.changes import Changes
from bot.ops.favour import loading
from bot.ops.upkeep import Tell
from bot.rulefiles import read_rule_files

log = logging.getLogger(__name__)

BAD = "The rules that you changed have mistakes, so I go on with the old ones:\n{mistakes}"
GOOD = "The rules are right again, and in use."

Fingerprint = tuple[tuple[str, int, int], ...]
Adopt = Callable[[Rules, Catalog], Awaitable[None]]


@dataclass(kw_only=True)
class RuleWatch:
    """Looks at the folder that *find* returns; *adopt* puts rules that were read to use.

    *used* is the folder's fingerprint just before its rules were read for the start.
    """

    find: Callable[[], Path | None]
    used: InitVar[Fingerprint]
    adopt: Adopt
    tell: InitVar[Tell]
    _changes: Changes = field(init=False)

    def __post_init__(self, used: Fingerprint, tell: Tell) -> None:
        self._changes = Changes(what="rules", used=used, tell=tell, bad=BAD, good=GOOD)

    async def look(self) -> None:
        """Take over what has changed, once the change is complete."""
        if not self._changes.complete(fingerprint(self.find())):
            return
        try:
            with loading():
                # In a thread: it takes half a second.
                rules, catalog = await asyncio.to_thread(read, self.find())
        except ConfigError as error:
            self._changes.refused(error)
            return
        await self.adopt(rules, catalog)
        log.info("the changed rules are in use: %s", rules.hash)
        self._changes.accepted()


def fingerprint(folder: Path | None) -> Fingerprint:
    """Return what changes when a file in *folder* does."""
    found = []
    for file in folder.iterdir() if folder and folder.is_dir() else ():
        try:
            stat = file.stat()
        except FileNotFoundError:  # gone since it was listed
            continue
        found.append((file.name, stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


def read(folder: Path | None) -> tuple[Rules, Catalog]:
    """Return the rules that ship and those in *folder*, and their names; raise ConfigError naming every mistake."""
    files = read_rule_files(folder)
    catalog = load_catalog(files)
    return load_rules(files, catalog=catalog), catalog
