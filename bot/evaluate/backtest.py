"""`parley backtest`: what other rules would have made of the entries that are stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console

from bot.detect.detector import Detector
from bot.evaluate.show import table
from bot.model import Entry, Report, Verdict
from bot.story.lines import group_lines

_WHY = ("signal", "cancelled", "genre", "type", "modality")
"""Roles of the mentions that decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of which the two sets of rules think otherwise."""

    entry: Entry
    before: Verdict
    after: Verdict

    @property
    def kind(self) -> str:
        """Say what happened: it was gained, lost, or is told otherwise."""
        if self.before.event and self.after.event:
            return "retold"
        return "gained" if self.after.event else "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What rules would have brought in some days: *reports* that they flag, in so many *stories*."""

    reports: int
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What changes between two sets of rules, over *entries* seen on *days* different days."""

    entries: int
    days: int
    before: Load
    after: Load
    changes: Sequence[Change]

    def a_day(self, number: int) -> float:
        """Return *number* for each of the days."""
        return number / self.days if self.days else 0.0


def compare(entries: Iterable[Entry], before: Detector, after: Detector) -> Backtest:
    """Judge *entries* by both."""
    changes: list[Change] = []
    old: list[Report] = []
    new: list[Report] = []
    days: set[date] = set()
    total = 0
    for entry in entries:
        total += 1
        if entry.seen_at:
            days.add(entry.seen_at.date())
        change = Change(entry=entry, before=before.judge(entry), after=after.judge(entry))
        old += _flagged(entry, change.before)
        new += _flagged(entry, change.after)
        if _told(change.before) != _told(change.after):
            changes.append(change)
    return Backtest(entries=total, days=len(days), before=_load(old), after=_load(new), changes=changes)


def _flagged(entry: Entry, verdict: Verdict) -> list[Report]:
    return [Report(entry=entry, event=verdict.event)] if verdict.event else []


def _told(verdict: Verdict) -> tuple[object, ...]:
    """Return what readers would notice: type, modality and conflicts, nothing if it is not flagged."""
    event = verdict.event
    return (event.type, event.modality, event.conflicts) if event else ()


def _load(reports: Sequence[Report]) -> Load:
    grouped = group_lines(enumerate(reports), twice=False)
    return Load(reports=len(reports), stories=len({line["story"] for line in grouped}))


# ------------------------------------------------------------------------------------------------ in words
def show(found: Backtest, console: Console) -> None:
    """Print the load a day, then every change with its reason."""
    made = table(f"{found.entries} entries of {found.days} days", "", "before", "after")
    for name, before, after in (
        ("reports flagged a day", found.before.reports, found.after.reports),
        ("stories a day: first alerts", found.before.stories, found.after.stories),
    ):
        made.add_row(name, f"{found.a_day(before):.1f}", f"{found.a_day(after):.1f}")
    console.print(made)
    for kind in ("gained", "lost", "retold"):
        changes = [change for change in found.changes if change.kind == kind]
        console.print(f"{len(changes)} {kind}", style="bold", highlight=False)
        for change in changes:
            console.print("\n".join(_lines(change)), highlight=False, soft_wrap=True)


def _lines(change: Change) -> list[str]:
    entry = change.entry
    day = f"{entry.happened_at:%Y-%m-%d}" if entry.happened_at else "undated"
    lines = [f"  {day}  {entry.publisher}: {entry.title}"]
    if change.kind == "retold":
        lines.append(f"      {_event_words(change.before)}  ->  {_event_words(change.after)}")
    else:
        lines.append(f"      {_event_words(change.after if change.kind == 'gained' else change.before)}")
    return [*lines, *(f"      {name}: {why}" for name, why in _reasons(change))]


def _event_words(verdict: Verdict) -> str:
    event = verdict.event
    return f"{event.type}, {event.modality}, {', '.join(event.conflicts) or 'no conflict'}" if event else "not flagged"


def _reasons(change: Change) -> Sequence[tuple[str, str]]:
    """Return what spoke for and against by each set of rules, only where they differ."""
    before, after = _why(change.before), _why(change.after)
    return [
        ("before", "; ".join(each for each in before if each not in after) or "nothing that is not there after"),
        ("after", "; ".join(each for each in after if each not in before) or "nothing that was not there before"),
    ]


def _why(verdict: Verdict) -> Sequence[str]:
    return [f"{each.role} {each.name} “{each.text}”" for each in verdict.mentions if each.role in _WHY]


# ------------------------------------------------------------------------------------------------ as plain values
def plain(found: Backtest) -> dict[str, Any]:
    """Return *found* as JSON has it."""
    return {
        "entries": found.entries,
        "days": found.days,
        "before": _plain_load(found, found.before),
        "after": _plain_load(found, found.after),
        "changes": [_plain_change(change) for change in found.changes],
    }


def _plain_load(found: Backtest, load: Load) -> dict[str, Any]:
    return {
        "reports": load.reports,
        "stories": load.stories,
        "reports_a_day": found.a_day(load.reports),
        "stories_a_day": found.a_day(load.stories),
    }


def _plain_change(change: Change) -> dict[str, Any]:
    entry = change.entry
    return {
        "kind": change.kind,
        "title": entry.title,
        "publisher": entry.publisher,
        "url": entry.link,
        "published": entry.published.isoformat() if entry.published else None,
        "before": _plain_verdict(change.before),
        "after": _plain_verdict(change.after),
    }


def _plain_verdict(verdict: Verdict) -> dict[str, Any]:
    event = verdict.event
    return {
        "relevant": verdict.relevant,
        "score": verdict.score,
        "event_type": event.type.value if event else None,
        "modality": event.modality.value if event else None,
        "conflicts": list(verdict.conflicts),
        "why": list(_why(verdict)),
    }
