"""Our exceptions.

* BotError
  x ConfigError      config.toml, a rule file or the environment is wrong; the operator must act (exit 2)
  x FeedError(url)   one feed could not be read; it is logged and backed off, the others go on
    + FetchError     it did not arrive
    + ParseError     it arrived and is no feed
  x DecisionError    the owner asks something of stories that cannot be done (exit 1)
  x StoreError       a database refused; the job fails and the next tick tries again

What a chat network does (flood control, blocked bot, lost answer) is no exception: see `bot.model.SendResult`.
"""

from dataclasses import dataclass
from datetime import timedelta


class BotError(Exception):
    """Base of every error that Parley raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file the operator wrote.

    *line* counts from 1; 0 means the file as a whole.
    """

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(BotError):
    """A file or variable of the operator's says something that we cannot follow."""

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class FeedError(BotError):
    """One feed could not be read.

    *retry_after* is how long its server wants to be left alone; *gone* means that it says the feed is gone for good,
    *unreached* that we met no server at all, *ours* that no feed is to blame.
    """

    def __init__(
        self,
        url: str,
        message: str,
        *,
        retry_after: timedelta | None = None,
        gone: bool = False,
        unreached: bool = False,
        ours: bool = False,
    ) -> None:
        super().__init__(f"{url}: {message}")
        self.url = url
        self.message = message
        self.retry_after = retry_after
        self.gone = gone
        self.unreached = unreached
        self.ours = ours


class FetchError(FeedError):
    """The feed did not arrive."""


class ParseError(FeedError):
    """The feed arrived but is no feed."""


class DecisionError(BotError):
    """What the owner asks of stories cannot be done; the words say why, and what can."""


class StoreError(BotError):
    """A database refused; the cause is chained."""
