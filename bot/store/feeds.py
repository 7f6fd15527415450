"""Which feeds there are, when each is due, and what the owner chose of them. Part of the archive."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.model import MOVED_AFTER, FailingFeed, Feed, FeedChoice, FeedState
from bot.store import archive_rows
from bot.store.cells import cell, maybe_instant
from bot.store.file import StoreFile, upsert

CLOCK_SLIP = timedelta(minutes=10)
"""A clock that is put back by less is no reason to ask any feed before its time."""


class Feeds:
    """The feeds in *file*."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def register(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Know exactly *feeds*; what we remember of them stays."""
        rows = [archive_rows.feed_row(feed, now) for feed in feeds]
        with self._file.transaction():
            # Who takes a feed out and puts it in again wants it asked again.
            self._file.write("UPDATE feeds SET gone_at = NULL, stopped_at = NULL WHERE NOT enabled")
            self._file.write("UPDATE feeds SET enabled = 0 WHERE enabled")
            if rows:
                self._file.write_many(upsert("feeds", rows[0], "url", keep=["next_check_at"]), rows)

    def due(self, now: datetime) -> Sequence[tuple[str, str]]:
        """Return the enabled feeds whose time has come, and the address of each; longest overdue first.

        None that is gone for good; but one that was asked later than *now* is due: our clock was wrong then.
        """
        rows = self._file.rows(
            "SELECT url, iif(moved_times >= ?, moved_to, url) FROM feeds WHERE stopped_at IS NULL AND url IN ("
            "SELECT url FROM feeds WHERE enabled AND next_check_at <= ? "
            "UNION SELECT url FROM feeds WHERE enabled AND checked_at > ?) ORDER BY next_check_at, url",
            [MOVED_AFTER, cell(now), cell(now + CLOCK_SLIP)],
        )
        return [(url, address) for url, address in rows]

    def state(self, url: str) -> FeedState | None:
        """Return what we remember of the feed *url*."""
        row = self._file.first("SELECT * FROM feeds WHERE url = ?", [url])
        return archive_rows.feed_state(row) if row else None

    def save(self, state: FeedState) -> None:
        """Remember *state*."""
        row = archive_rows.feed_state_row(state)
        self._file.write(upsert("feeds", row, "url"), row)

    def save_unchanged(self, states: Sequence[FeedState]) -> None:
        """Remember *states* of feeds that brought nothing; a power cut may undo it: they are asked once more then."""
        rows = [archive_rows.feed_state_row(state) for state in states]
        if rows:
            with self._file.hurried():
                self._file.write_many(upsert("feeds", rows[0], "url"), rows)

    def failing(self) -> Sequence[FailingFeed]:
        """Return the enabled feeds whose last poll failed or that are gone for good, the most often failed first."""
        rows = self._file.rows(
            "SELECT url, failures, last_error, ok_at, stopped_at FROM feeds "
            "WHERE enabled AND failures ORDER BY failures DESC, url"
        )
        return [
            FailingFeed(url, failures, error, maybe_instant(ok_at), maybe_instant(stopped_at))
            for url, failures, error, ok_at, stopped_at in rows
        ]

    def choices(self) -> Sequence[FeedChoice]:
        """Return what the owner chose in chat, in the order in which feeds were first chosen."""
        return [archive_rows.feed_choice(row) for row in self._file.rows("SELECT * FROM feed_choices ORDER BY rowid")]

    def choose(self, choice: FeedChoice, now: datetime) -> None:
        """Keep what the owner chooses *now*, in place of what was chosen of this feed before."""
        row = archive_rows.feed_choice_row(choice, now)
        self._file.write(upsert("feed_choices", row, "url"), row)

    def unchoose(self, url: str) -> int:
        """Forget what the owner chose of the feed *url*; return of how many feeds."""
        return self._file.write("DELETE FROM feed_choices WHERE url = ?", [url])
