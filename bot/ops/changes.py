"""What the operator changes while the bot runs: when a change is complete, and what the owner is told of a bad one."""

import logging
import zlib
from dataclasses import dataclass, field
from html import escape

from bot.errors import ConfigError
from bot.ops.upkeep import Tell

log = logging.getLogger(__name__)

MOST_TOLD = 5
"""So many mistakes are told of at a time; `parley check` and `parley rules check` name them all."""


@dataclass(kw_only=True)
class Changes:
    """Follows the files that hold *what* the operator decides ("rules", "config"), by a stamp that changes with them.

    *used* is the stamp just before they were read last. *bad*, which has a place for {mistakes}, and *good* are the
    words for the owner: each is told once.
    """

    what: str
    used: object
    tell: Tell
    bad: str
    good: str
    _seen: object = field(init=False)
    _are_bad: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._seen = self.used

    def complete(self, stamp: object) -> bool:
        """Return whether to read the files, which have this *stamp* now; the next time only after another change.

        A stamp must come twice: a file that has changed since the last look may still be being written.
        """
        before, self._seen = self._seen, stamp
        if stamp == self.used or stamp != before:
            return False
        self.used = stamp
        return True

    def refused(self, error: ConfigError) -> None:
        """Tell the owner why what was read cannot be used."""
        self._are_bad = True
        log.error("the changed %s cannot be used, all stays as it was: %s", self.what, error)
        told = [escape(str(problem)) for problem in error.problems[:MOST_TOLD]]
        more = [f"… and {len(error.problems) - MOST_TOLD} more"] if len(error.problems) > MOST_TOLD else []
        self.tell(f"bad {self.what} {self._key}", self.bad.format(mistakes="\n".join([*told, *more])))

    def accepted(self) -> None:
        """Tell the owner, if what was read before could not be used, that it can be now."""
        if self._are_bad:
            self._are_bad = False
            self.tell(f"good {self.what} {self._key}", self.good)

    @property
    def _key(self) -> str:
        return f"{zlib.crc32(repr(self.used).encode()):08x}"
