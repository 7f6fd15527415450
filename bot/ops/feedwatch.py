"""Takes over which feeds to poll when config.toml or the owner's choices change; a bad file is told of once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from pathlib import Path

from bot.config import load_config
from bot.errors import ConfigError
from bot.model import Feed, FeedChoice
from bot.ops.changes import Changes
from bot.ops.upkeep import Tell

log = logging.getLogger(__name__)

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
    used: InitVar[Stamp]
    listed: Sequence[Feed]
    chosen: Callable[[], Sequence[FeedChoice]]
    adopt: Callable[[Sequence[Feed]], None]
    tell: InitVar[Tell]
    _changes: Changes = field(init=False)
    _choices: Sequence[FeedChoice] = field(init=False)

    def __post_init__(self, used: Stamp, tell: Tell) -> None:
        self._changes = Changes(what="config", used=used, tell=tell, bad=BAD, good=GOOD)
        self._choices = self.chosen()

    async def look(self) -> None:
        """Take over what has changed: choices at once, the file once its change is complete."""
        choices, listed = self.chosen(), await self._changed()
        if listed is None and choices == self._choices:
            return
        self._choices, self.listed = choices, self.listed if listed is None else listed
        self.adopt(self.listed)
        log.info("the feeds have changed: %d in config.toml, %d choices of the owner", len(self.listed), len(choices))

    async def _changed(self) -> Sequence[Feed] | None:
        """Return the feeds of a config.toml that has changed, None if it has not or cannot be used."""
        if not self._changes.complete(stamp(self.path)):
            return None
        try:
            config = await asyncio.to_thread(load_config, self.path)
        except ConfigError as error:
            self._changes.refused(error)
            return None
        self._changes.accepted()
        return config.feeds if config.feeds != tuple(self.listed) else None


def stamp(path: Path) -> Stamp:
    """Return what changes when the file does; zeros if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
