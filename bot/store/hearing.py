"""How well the feeds were heard, by what the archive remembers of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.ports import Coverage
from bot.store import archive_rows
from bot.store.cells import maybe_instant
from bot.store.file import Row, StoreFile

LATE_POLLS = 3
"""A feed is heard well if a poll was good within so many of its intervals, and an hour at least."""
HEARD_WITHIN = timedelta(hours=1)


def coverage(file: StoreFile, now: datetime) -> Coverage:
    """Return how well the enabled feeds of the archive's *file* were heard."""
    feeds = file.rows("SELECT * FROM feeds WHERE enabled ORDER BY failures DESC, url")
    return Coverage(
        feeds=len(feeds),
        healthy=sum(_heard_well(row, now) for row in feeds),
        last_ok_at=_last_heard(feeds),
        entries=file.value("SELECT count(*) FROM entries"),
        stories=file.value("SELECT count(*) FROM stories"),
        failing=tuple(archive_rows.feed_state(row) for row in feeds if row["failures"]),
        silent=_silent(feeds, now),
    )


def _last_heard(feeds: Sequence[Row]) -> datetime | None:
    return max((ok_at for row in feeds if (ok_at := maybe_instant(row["ok_at"]))), default=None)


def _heard_well(row: Row, now: datetime) -> bool:
    ok_at = maybe_instant(row["ok_at"])
    within = max(LATE_POLLS * timedelta(seconds=row["interval_seconds"] or row["every_seconds"]), HEARD_WITHIN)
    return ok_at is not None and ok_at + within >= now


def _silent(feeds: Sequence[Row], now: datetime) -> dict[str, datetime | None]:
    """Return the languages of which no feed was heard well, and when one was last heard."""
    well = {row["language"] for row in feeds if _heard_well(row, now)}
    silent = sorted({row["language"] for row in feeds} - well - {""})
    return {language: _last_heard([row for row in feeds if row["language"] == language]) for language in silent}
