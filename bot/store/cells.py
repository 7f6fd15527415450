"""How values lie in a cell of the database. Pure.

A time is ISO-8601 text in UTC with microseconds, so it sorts in time order and people can read it. A set is a sorted
JSON list.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)  # a fan-out writes the same few times 100,000 times
def cell(value: datetime) -> str:
    """Return *value* as it lies in a cell."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def maybe_cell(value: datetime | None) -> str | None:
    """Return *value* as it lies in a cell that may be empty."""
    return None if value is None else cell(value)


def instant(text: str) -> datetime:
    """Return the time in a cell."""
    return datetime.fromisoformat(text)


def maybe_instant(text: str | None) -> datetime | None:
    """Return the time in a cell that may be empty."""
    return None if text is None else instant(text)


def maybe_day(text: str | None) -> date | None:
    """Return the day in a cell that may be empty."""
    return None if text is None else date.fromisoformat(text)


def listed(values: Iterable[object]) -> str:
    """Return *values* as JSON; a set in sorted order, so equal sets are equal cells."""
    return _listed_set(values) if isinstance(values, frozenset) else json.dumps(list(values), ensure_ascii=False)


@lru_cache(maxsize=4_096)  # a fan-out writes what all its readers wish with every slice
def _listed_set(values: frozenset[object]) -> str:
    return json.dumps(sorted(values, key=str), ensure_ascii=False)


def unlisted(text: str) -> Any:
    """Return what the JSON in a cell says."""
    return json.loads(text)
