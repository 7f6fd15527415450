"""Let the chat side come first while feeds are taken in: both share one interpreter."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH_SECONDS = 0.001


def favour_chats() -> None:
    """Call this once all that stays is loaded: rules, names, the archive's open stories.

    The garbage collector would look through all of it now and then, which stops everything for 0.2 seconds. And the
    thread that takes entries in lets go of the interpreter after a millisecond, not five, when somebody waits.
    """
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)


@contextmanager
def loading() -> Iterator[None]:
    """Load inside the block what stays and leaves no rubbish: the collector never looks through it."""
    gc.disable()
    try:
        yield
    finally:
        favour_chats()
        gc.enable()
