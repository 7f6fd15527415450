"""Takes over which feeds to poll when config.toml or the owner's choices change; a bad file is told of once."""

import asyncio
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from bot.config import load_config
from bot.errors import ConfigError
from bot.model import Feed, FeedChoice
from bot.ops.upkeep import Tell

log = logging.getLogger(__name__)

MOST_TOLD = 5
BAD = "config.toml was changed and has mistakes, so I go on with the feeds as they were:\n{mistakes}"
GOOD = "config.toml is right again, and its feeds are in use."

Stamp = tuple[int, int]


@dataclass(kw_only=True)
class FeedWatch:
    """Looks at the feeds of the config at *path* and at what was *chosen* in chat; *adopt* puts the feeds to use.

    *listed* are the feeds that config.toml listed at the start, *used* is the file's stamp just before it was read.
    Of the rest of config.toml nothing is taken over before the next start.
    """

    path: Path
    used: Stamp
    listed: Sequence[Feed]
    chosen: Callable[[], Sequence[FeedChoice]]
    adopt: Callable[[Sequence[Feed]], None]
    tell: Tell
    _seen: Stamp = field(init=False)
    _choices: Sequence[FeedChoice] = field(init=False)
    _bad: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._seen, self._choices = self.used, self.chosen()

    async def look(self) -> None:
        """Take over what changed; a file, once it has not changed for one look more: it may still be being written."""
        choices, listed = self.chosen(), await self._changed()
        if listed is None and choices == self._choices:
            return
        self._choices, self.listed = choices, self.listed if listed is None else listed
        self.adopt(self.listed)
        log.info("the feeds have changed: %d in config.toml, %d choices of the owner", len(self.listed), len(choices))

    async def _changed(self) -> Sequence[Feed] | None:
        """Return the feeds of a config.toml that has changed, None if it has not or cannot be used."""
        seen, before = stamp(self.path), self._seen
        self._seen = seen
        if seen == self.used or seen != before:
            return None
        self.used = seen
        key = f"{zlib.crc32(repr(seen).encode()):08x}"
        try:
            config = await asyncio.to_thread(load_config, self.path)
        except ConfigError as error:
            self._bad = True
            log.error("the changed config.toml is not used, the feeds stay: %s", error)  # noqa: TRY400
            told = [escape(str(problem)) for problem in error.problems[:MOST_TOLD]]
            self.tell(f"bad config {key}", BAD.format(mistakes="\n".join(told)))
            return None
        if self._bad:
            self._bad = False
            self.tell(f"good config {key}", GOOD)
        return config.feeds if config.feeds != tuple(self.listed) else None


def stamp(path: Path) -> Stamp:
    """Return what changes when the file does; zeros if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
