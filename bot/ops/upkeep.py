"""What the service does for its operator, a few times an hour: backups, and a word when something needs a hand."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.config import BackupConfig
from bot.model import Clock
from bot.ops.backup import BackupError, back_up, backups, forget_old, made_at
from bot.ports import People

log = logging.getLogger(__name__)

LOW_DISK = 200 * 2**20
"""Less free space than this, in bytes, and the owner is told."""
DEAD_TOLD = "dead_told"
"""The note that holds how many dead letters the owner has been told of."""

DEAD = "{count} message(s) could not be delivered and were given up. `parley doctor` says why."
DISK = "My disk has only {free} MB left. When it is full I can store nothing: please make room."
BACKUP_FAILED = "I could not make a backup: {why}"

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
        self._tell_of_dead_letters()
        self._tell_of_low_disk()
        if self._backup_is_due():
            await self._back_up()

    def _today(self) -> str:
        return f"{self.now():%Y-%m-%d}"

    def _tell_of_dead_letters(self) -> None:
        dead, told = self.people.outbox_counts()["dead"], int(self.people.note(DEAD_TOLD) or 0)
        new_day = self.people.note(f"{DEAD_TOLD}_on") != self._today()
        if dead < told or (dead > told and new_day):
            with self.people.transaction():
                if dead > told:
                    self.tell(f"dead letters {self._today()}", DEAD.format(count=dead - told))
                    self.people.remember(f"{DEAD_TOLD}_on", self._today())
                self.people.remember(DEAD_TOLD, str(dead))

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
        made = [made_at(backup) for backup in backups(self._folder)]
        return self.plan.keep > 0 and all(self.now() - at >= self.plan.every for at in made)

    async def _back_up(self) -> None:
        try:
            backup = await asyncio.to_thread(back_up, self.data, self._folder, self.now())
            await asyncio.to_thread(forget_old, self._folder, self.plan.keep)
        except BackupError as error:
            log.warning("no backup: %s", error)
            self.tell(f"backup {self._today()}", BACKUP_FAILED.format(why=error))
        else:
            log.info("backed up to %s", backup.folder)


def folder_of(plan: BackupConfig, data: Path) -> Path:
    """Return where backups go: the operator's own folder, else one within the data folder."""
    return Path(plan.folder) if plan.folder else data / "backups"
