"""What the service does for its operator, a few times an hour: backups, and a word when something needs a hand."""

import asyncio
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from bot.config import BackupConfig
from bot.model import Clock
from bot.ops.backup import BackupError, back_up, backups, forget_copies, forget_old, made_at
from bot.ports import People

log = logging.getLogger(__name__)

LOW_DISK = 200 * 2**20
"""Less free space than this, in bytes, and the owner is told."""
COPIES_KEPT = timedelta(days=14)
"""How long copies of who reads what stay that a new version or a restore made: long enough to go back."""
DEAD_SINCE, DEAD_TOLD_ON = "dead_letters_since", "dead_letters_told_on"
"""The notes that say since when the owner has not been told of dead letters, and on which day that was last done."""

DEAD = "Messages that could not be delivered and were given up: {count} ({reasons})."
DISK = "My disk has only {free} MB left. When it is full I can store nothing: please make room."
BACKUP_FAILED = "I could not make a backup: {why}"
COPIES_STAY = "Old copies of who reads what stay where they are: {why}"

Tell = Callable[[str, str], None]
"""Owe the owner a notice: its key (the same is told once), and its words."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """Looks after the data folder of a running service."""

    data: Path
    plan: BackupConfig
    people: People
    tell: Tell
    now: Clock
    low_disk: int = LOW_DISK

    async def look(self) -> None:
        """Do what is due, and tell the owner at most once a day of each thing that is wrong."""
        self.people.sweep(self.now())
        self._tell_of_dead_letters()
        self._tell_of_low_disk()
        if self._backup_is_due():
            await self._back_up()
        await self._forget_copies()

    def _today(self) -> str:
        return f"{self.now():%Y-%m-%d}"

    def _tell_of_dead_letters(self) -> None:
        now, since = self.now(), self.people.note(DEAD_SINCE)
        if not since:
            self.people.remember(DEAD_SINCE, now.isoformat())
        elif self.people.note(DEAD_TOLD_ON) != self._today() and (
            dead := self.people.dead_letters(datetime.fromisoformat(since))
        ):
            reasons = "; ".join(f"{number} × {escape(anonymous(reason))}" for reason, number in dead.items())
            with self.people.transaction():
                self.tell(f"dead letters {self._today()}", DEAD.format(count=sum(dead.values()), reasons=reasons))
                self.people.remember(DEAD_SINCE, now.isoformat())
                self.people.remember(DEAD_TOLD_ON, self._today())

    def _tell_of_low_disk(self) -> None:
        free = shutil.disk_usage(self.data).free
        if free < self.low_disk:
            log.warning("the disk of the data folder is nearly full: %d MB left", free // 2**20)
            self.tell(f"disk {self._today()}", DISK.format(free=free // 2**20))

    # -- backups
    @property
    def _folder(self) -> Path:
        return folder_of(self.plan, self.data)

    def _backup_is_due(self) -> bool:
        # One of a time to come was made while the clock was wrong.
        ages = [self.now() - made_at(backup) for backup in backups(self._folder)]
        return self.plan.keep > 0 and not any(timedelta(0) <= age < self.plan.every for age in ages)

    async def _back_up(self) -> None:
        try:
            backup = await asyncio.to_thread(back_up, self.data, self._folder, self.now())
            await asyncio.to_thread(forget_old, self._folder, self.plan.keep)
        except BackupError as error:
            log.warning("no backup: %s", error)
            self.tell(f"backup {self._today()}", BACKUP_FAILED.format(why=error))
        else:
            log.info("backed up to %s", backup.folder)

    async def _forget_copies(self) -> None:
        try:
            forgotten = await asyncio.to_thread(forget_copies, self.data, self.now() - COPIES_KEPT)
        except BackupError as error:
            log.warning("%s", error)
            self.tell(f"copies {self._today()}", COPIES_STAY.format(why=error))
        else:
            for copy in forgotten:
                log.info("deleted the old copy %s", copy)


def folder_of(plan: BackupConfig, data: Path) -> Path:
    """Return where backups go: the operator's own folder, else one within the data folder."""
    return Path(plan.folder) if plan.folder else data / "backups"


def held_for(plan: BackupConfig) -> timedelta:
    """Return how long our own copies hold at most what was deleted."""
    return max(COPIES_KEPT, plan.keep * plan.every)


def anonymous(reason: str) -> str:
    """Return the reason for a dead letter without the chat's number, which a network may quote in it."""
    return re.sub(r"-?[0-9]{5,}", "[hidden]", reason)
