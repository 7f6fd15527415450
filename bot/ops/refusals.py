"""When a database takes nothing: said in the log and to the owner, and taken back when it does again."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from html import escape

from bot.errors import StoreError
from bot.model import Clock
from bot.ops.health import Beats
from bot.ops.upkeep import Tell

log = logging.getLogger(__name__)

STORAGE = "storage"
"""What is missing for us to be ready."""
A_LINE_PER = 12
"""The log says of every twelfth refusal that it goes on: about once a minute."""
REFUSED = (
    "I cannot store anything at the moment, so I can neither alert nor answer: {why}. "
    "Nothing is lost; I go on by myself as soon as I can."
)
ACCEPTED = "I can store everything again, and go on where I stopped."


class Refusals:
    """Keeps count of the tasks whose writes are refused.

    *tell* owes the owner a notice; *tell_at_once* goes past the outbox, which takes nothing either.
    """

    def __init__(self, beats: Beats, *, tell: Tell, tell_at_once: Callable[[str], Awaitable[None]], now: Clock) -> None:
        self._beats, self._tell, self._tell_at_once, self._now = beats, tell, tell_at_once, now
        self._refused: Counter[str] = Counter()
        self._told_on = ""

    async def refused(self, task: str, error: StoreError) -> None:
        """Note that a database refused what *task* wrote; tell the owner if it did so twice in a row, once a day."""
        if self._refused[task] % A_LINE_PER == 0:
            log.error("%s: not stored, nothing is lost, trying again: %s", task, error)
        self._refused[task] += 1
        self._beats.missing.add(STORAGE)
        today = f"{self._now():%Y-%m-%d}"
        if self._refused[task] > 1 and self._told_on != today:
            self._told_on = today
            with suppress(StoreError):  # it does not even say who the owner is
                await self._tell_at_once(REFUSED.format(why=escape(str(error))))

    def accepted(self, task: str) -> None:
        """Note that what *task* wrote is stored; raise StoreError if that cannot be told."""
        if task not in self._refused:
            return
        if len(self._refused) == 1 and self._told_on:
            self._tell(f"stored again {self._now():%Y-%m-%d %H:%M}", ACCEPTED)
        del self._refused[task]
        if not self._refused:
            log.info("everything is stored again")
            self._beats.missing.discard(STORAGE)
