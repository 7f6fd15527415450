"""How a command ends: plain words on stderr, and an exit code."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from types import TracebackType

CONFIG, GAVE_UP, FAILED = 2, 70, 1
_REMEDIES = {
    errno.ENOSPC: "make room there",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "run this as the user that Parley runs as"),
    errno.EROFS: "name another place",
}
"""What the machine may refuse anywhere, which is no mistake of ours, and what helps."""


def own_mistake(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Say that it is Parley's mistake, not the person's; the details only if asked for."""
    if os.environ.get("PARLEY_DEBUG"):
        sys.__excepthook__(kind, error, trace)
        return
    what = f"{kind.__name__}: {error}".splitlines()[0][:200]
    typer.echo(
        f"This is a mistake in Parley, not yours ({what}). Please report it; PARLEY_DEBUG=1 shows where.", err=True
    )


def log_for_people(level: str) -> None:
    """Log lines for whoever sits here; unlike a service's log, without tracebacks."""
    from bot.ops.logs import set_up_logging

    set_up_logging(json=False, level=level)
    sys.excepthook = own_mistake


@contextmanager
def outcome() -> Iterator[None]:
    """Turn what went wrong into plain words on stderr and an exit code."""
    from bot.errors import BotError, ConfigError
    from bot.ops.supervise import GaveUpError

    sys.excepthook = own_mistake  # here, since typer sets one of its own before
    try:
        yield
    except BrokenPipeError:
        # Whoever read our output has gone (`parley classify | head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        typer.echo(f"{error.filename or 'output'}: {error.strerror}; {_REMEDIES[error.errno]}", err=True)
        raise typer.Exit(FAILED) from None
    except BotError as error:
        typer.echo(str(error), err=True)
        code = CONFIG if isinstance(error, ConfigError) else GAVE_UP if isinstance(error, GaveUpError) else FAILED
        raise typer.Exit(code) from None


class PlainlyEnding(TyperGroup):
    """A group of commands each of which ends as `outcome` says, whatever goes wrong in it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with outcome():
            return super().invoke(ctx)
