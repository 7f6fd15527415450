"""Remind: whoever follows a conflict is told once, on its last day, that a ceasefire is about to end."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alert.ledgers import expires
from bot.alert.phrases import Reader
from bot.catalog import Catalog
from bot.ledger.ceasefire import REMIND, Halt, expiring
from bot.model import Broadcast, Clock, EventType, Loudness, Wishes, Wording
from bot.owner.ledgers import read_halts
from bot.ports import RESTORED_AT, Archive, People

SLICE = 5_000
"""Chats that a reminder is owed to in one go; everything else waits meanwhile."""

_TOLD_OF = frozenset(
    {
        EventType.CEASEFIRE_AGREED,
        EventType.CEASEFIRE_IN_EFFECT,
        EventType.CEASEFIRE_EXTENDED,
        EventType.CEASEFIRE_ENDED,
    }
)
"""Who wants to hear of any of these wants to hear of the end of a ceasefire."""


@dataclass(kw_only=True)
class Reminding:
    """Looks at the ceasefire clocks of one conflict after the other. Remembers nothing: the dedupe keys do."""

    archive: Archive
    people: People
    catalog: Catalog
    now: Clock

    def __post_init__(self) -> None:
        self._turn = 0
        self._plan: list[Broadcast] = []

    def remind(self) -> int:
        """Owe a slice of what is planned, else of what the next conflict calls for; return how many are new.

        One conflict at a time, so that nobody waits for a reading of all.
        """
        if not self._plan:
            self._plan = self._next_plan()
        if not self._plan:
            return 0
        with self.people.transaction():
            owed = self.people.broadcast(self._plan[0], most=SLICE)
        self._plan[:1] = [owed.left] if owed.left else []
        return owed.new

    def _next_plan(self) -> list[Broadcast]:
        conflicts, now = sorted(self.catalog.conflicts), self.now()
        if not conflicts:
            return []
        conflict = conflicts[self._turn % len(conflicts)]
        self._turn += 1
        due = expiring(read_halts(self.archive, self.catalog, now, conflict), now)
        return [told for halt in due if (told := self._reminder(halt, now))]

    def _reminder(self, halt: Halt, now: datetime) -> Broadcast | None:
        """Return the reminder of *halt* for all who want it; None if nobody does.

        One that was due before a backup was restored may have been sent, and is marked.
        """
        restored_at = self.people.note(RESTORED_AT)
        began = halt.expires_at - REMIND if halt.expires_at else now
        wordings = worded(halt, self.people.wishes(), self.catalog, now)
        if not wordings:
            return None
        return Broadcast(
            key=f"expiry:{halt.conflict}:{halt.ends_on}",
            wordings=wordings,
            created_at=now,
            urgent=True,
            maybe=bool(restored_at) and began < datetime.fromisoformat(restored_at),
        )


def worded(halt: Halt, readers: Sequence[Wishes], catalog: Catalog, now: datetime) -> tuple[Wording, ...]:
    """Return the reminder of *halt*, worded once for all *readers* of one language and time zone who want it."""
    by_words: defaultdict[tuple[str, str], list[Wishes]] = defaultdict(list)
    for wishes in readers:
        if _wants(wishes, halt):
            by_words[wishes.language, wishes.time_zone].append(wishes)
    return tuple(Wording(expires(halt, Reader.of(group[0], catalog, now)), tuple(group)) for group in by_words.values())


def _wants(wishes: Wishes, halt: Halt) -> bool:
    conflict = not wishes.conflicts or halt.conflict in wishes.conflicts
    kind = not wishes.types or not wishes.types.isdisjoint(_TOLD_OF)
    return conflict and kind and wishes.loudness is not Loudness.DIGEST
