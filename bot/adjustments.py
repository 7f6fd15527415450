"""The alert policy as data: what makes a story louder or quieter than its type alone (`[[alert.adjust]]`)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import filter as matching

from bot.errors import ConfigError, Problem
from bot.model import EventType, Modality, Standing
from bot.rulefiles import RuleFiles, Source
from bot.text import did_you_mean

SECTION = "alert.adjust"
STATUSES = ("active", "ceasefire", "frozen", "watch")
KEYS = (
    *("id", "enabled", "types", "modality", "standing", "conflict_status", "speakers"),
    *("sources", "within_minutes", "told_before", "new_terms", "told_today", "change", "loudest", "why"),
)
_CHANGES = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A change of priority for stories of which all this is true; what is empty or 0 is true of every story.

    *change* is added to the priority: -1 is louder. It makes nothing louder than *loudest*. *sources* are independent
    ones, all heard *within* that time; *told_before* and *told_today* count its like before it (`bot.model.Refrain`),
    *new_terms* is whether it has any. *speakers* are entities that the story quotes.
    """

    id: str
    change: int
    why: str
    types: frozenset[EventType] = frozenset()
    modality: frozenset[Modality] = frozenset()
    standing: frozenset[Standing] = frozenset()
    conflict_status: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    sources: int = 0
    within: timedelta | None = None
    told_before: int = 0
    new_terms: bool | None = None
    told_today: int = 0
    loudest: int = 1


def read_adjustments(files: RuleFiles, entities: Iterable[str]) -> tuple[Adjustment, ...]:
    """Read `[[alert.adjust]]`; raise ConfigError naming every mistake. *entities* are the ids that may speak."""
    known, problems = frozenset(entities), list[Problem]()
    switched_off = files.sections["entity"].keys() - known
    found = [_adjustment(_Table(source, problems), known | switched_off) for source in files.tables(SECTION)]
    if problems:
        raise ConfigError(*problems)
    return tuple(found)


def _adjustment(table: "_Table", entities: frozenset[str]) -> Adjustment:
    table.allow_only(KEYS)
    minutes = table.number("within_minutes", least=1)
    return Adjustment(
        id=table.source.id,
        change=table.change(),
        why=table.why(),
        types=frozenset(map(EventType, table.some_of("types", [*EventType], "event type"))),
        modality=frozenset(map(Modality, table.some_of("modality", [*Modality], "modality"))),
        standing=frozenset(map(Standing, table.some_of("standing", [*Standing], "standing"))),
        conflict_status=frozenset(table.some_of("conflict_status", STATUSES, "status")),
        speakers=frozenset(table.some_of("speakers", sorted(entities), "entity")),
        sources=table.number("sources", least=1),
        within=timedelta(minutes=minutes) if minutes else None,
        told_before=table.number("told_before", least=1),
        new_terms=table.flag("new_terms"),
        told_today=table.number("told_today", least=1),
        loudest=table.number("loudest", least=1, most=4) or 1,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """One `[[alert.adjust]]`; it notes what is wrong with it in *problems*."""

    source: Source
    problems: list[Problem]

    def wrong(self, key: str, what: str, hint: str = "") -> None:
        self.problems.append(self.source.problem((key,), f"{self.source.id}: {what}", hint))

    def allow_only(self, keys: Sequence[str]) -> None:
        for key in self.source.data.keys() - set(keys):
            self.wrong(key, f"there is no key {key!r}", did_you_mean(key, keys))

    def some_of(self, key: str, members: Sequence[str], kind: str) -> Iterator[str]:
        """Yield the *members* that a list of names or of patterns such as "talks.*" names."""
        named = self.source.data.get(key, [])
        if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
            self.wrong(key, f"{key} must be a list of texts")
            return
        for name in named:
            found = matching(members, name)
            if not found:
                self.wrong(key, f"there is no {kind} {name!r}", did_you_mean(name, members))
            yield from found

    def number(self, key: str, *, least: int, most: int = 10_000) -> int:
        """Return the whole number under *key*, 0 if there is none."""
        value = self.source.data.get(key, 0)
        if key in self.source.data and not (_is_whole(value) and least <= value <= most):
            self.wrong(key, f"{key} must be a whole number from {least} to {most}")
            return 0
        return int(value)

    def change(self) -> int:
        change = self.source.data.get("change", 0)
        if not (_is_whole(change) and change in _CHANGES):
            self.wrong("change", "change must be 1, 2 or 3 for quieter, -1, -2 or -3 for louder")
            return 0
        return int(change)

    def flag(self, key: str) -> bool | None:
        flag = self.source.data.get(key)
        if flag is not None and not isinstance(flag, bool):
            self.wrong(key, f"{key} must be true or false")
            return None
        return flag

    def why(self) -> str:
        why = self.source.data.get("why", "")
        if not isinstance(why, str) or not why:
            self.wrong("why", "say why in words: readers are told it")
            return ""
        return why


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
