"""How well the feeds were heard, by what the archive remembers of them."""

from collections.abc import Iterable
from datetime import datetime

from bot.ports import Coverage
from bot.store.cells import maybe_instant
from bot.store.feeds import Feeds
from bot.store.file import Row, StoreFile

LATE_POLLS = 3
"""A feed is heard well if a poll was good within so many of its intervals, and an hour at least."""
HEARD_WITHIN = 3600
"""In seconds."""

_BY_LANGUAGE = """
SELECT language, count(*) AS feeds, max(ok_at) AS ok_at, count(*) FILTER (
    WHERE strftime('%s', ok_at) + max(:late * coalesce(nullif(interval_seconds, 0), every_seconds), :within)
        >= :now
) AS healthy
FROM feeds WHERE enabled GROUP BY language ORDER BY language
"""


def coverage(file: StoreFile, now: datetime) -> Coverage:
    """Return how well the enabled feeds of the archive's *file* were heard, to the second."""
    asked = {"late": LATE_POLLS, "within": HEARD_WITHIN, "now": now.timestamp()}
    languages = file.rows(_BY_LANGUAGE, asked)
    return Coverage(
        feeds=sum(row["feeds"] for row in languages),
        healthy=sum(row["healthy"] for row in languages),
        last_ok_at=_last_heard(languages),
        # No entry is ever deleted; to count a million takes as long as 10,000 other questions.
        entries=file.value("SELECT coalesce(max(id), 0) FROM entries"),
        stories=file.value("SELECT count(*) FROM stories"),
        failing=Feeds(file).failing(),
        silent={row["language"]: _last_heard([row]) for row in languages if row["language"] and not row["healthy"]},
    )


def _last_heard(languages: Iterable[Row]) -> datetime | None:
    return maybe_instant(max((row["ok_at"] for row in languages if row["ok_at"]), default=None))
