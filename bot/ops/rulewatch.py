"""Takes over the operator's rules when their files change; a bad file keeps the old rules and is told of once."""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from bot.catalog import Catalog, load_catalog
from bot.detect.rules import Rules, load_rules
from bot.errors import ConfigError
from bot.ops.favour import favour_chats
from bot.ops.upkeep import Tell
from bot.rulefiles import read_rule_files

log = logging.getLogger(__name__)

MOST_TOLD = 5
"""So many mistakes are told of at a time; `parley rules check` names them all."""
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
    used: Fingerprint
    adopt: Adopt
    tell: Tell
    _seen: Fingerprint = field(init=False)
    _bad: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._seen = self.used

    async def look(self) -> None:
        """Take over what changed, once it has not changed for one look more: it may still be being written."""
        seen, before = fingerprint(self.find()), self._seen
        self._seen = seen
        if seen == self.used or seen != before:
            return
        self.used = seen
        key = f"{zlib.crc32(repr(seen).encode()):08x}"
        try:
            # In a thread: it takes half a second.
            rules, catalog = await asyncio.to_thread(_load, self.find())
        except ConfigError as error:
            self._bad = True
            log.error("the changed rules are not used, the old ones stay: %s", error)  # noqa: TRY400
            told = [escape(str(problem)) for problem in error.problems[:MOST_TOLD]]
            more = [f"… and {len(error.problems) - MOST_TOLD} more"] if len(error.problems) > MOST_TOLD else []
            self.tell(f"bad rules {key}", BAD.format(mistakes="\n".join([*told, *more])))
            return
        await self.adopt(rules, catalog)
        favour_chats()
        log.info("the changed rules are in use: %s", rules.hash)
        if self._bad:
            self._bad = False
            self.tell(f"good rules {key}", GOOD)


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


def _load(folder: Path | None) -> tuple[Rules, Catalog]:
    files = read_rule_files(folder)
    catalog = load_catalog(files)
    return load_rules(files, catalog=catalog), catalog
