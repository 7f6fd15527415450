"""One process per data folder: the second copy says so and goes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.errors import ConfigError


class InUseError(ConfigError):
    """Another Parley holds the data folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold *folder* for this process; raise InUseError if another Parley holds it, ConfigError if it cannot be written.

    The kernel lets go when the process dies, however it dies: a stale lock file harms nothing.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a+")
    except OSError as error:
        raise ConfigError(
            f"the data folder {folder} cannot be written ({error.strerror}); "
            "set PARLEY_DATA to a folder that this user may write to"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise InUseError(
                f"another Parley (process {holder}) is using the data folder {folder}; "
                "stop it first, or set PARLEY_DATA to another folder"
            ) from error
        with suppress(OSError):  # a full disk takes no number, and the lock holds without it
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), str(os.getpid()).encode())
        yield
