"""The part of archive.db that the rules learn from: near misses, and what the owner said of entries."""

from collections.abc import Sequence
from datetime import datetime

from bot.model import Entry, Example, NearMiss
from bot.poll.identity import canonical_link, link_key
from bot.store import archive_rows
from bot.store.cells import cell
from bot.store.file import Row, StoreFile, upsert
from bot.store.query import match

_REPORTS = """
SELECT entries.*, events.*, (SELECT story_id FROM story_reports WHERE story_reports.entry_id = entries.id) AS story_id
FROM entries LEFT JOIN events ON events.entry_id = entries.id
"""


class Missed:
    """Near misses and examples in the archive's file."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    # -- near misses
    def save(self, near_miss: NearMiss, entry_id: int) -> None:
        """Store *near_miss*, in place of what was noted of its entry before."""
        row = archive_rows.near_miss_row(near_miss, entry_id)
        self._file.write(upsert("near_misses", row, "entry_id"), row)

    def forget(self, before: datetime) -> int:
        """Forget the near misses noted *before* then; return how many."""
        return self._file.write("DELETE FROM near_misses WHERE noted_at < ?", [cell(before)])

    def near_misses(self, since: datetime, limit: int) -> Sequence[NearMiss]:
        """Return the near misses noted since then of which the owner has said nothing yet, newest first."""
        rows = self._file.rows(
            "SELECT * FROM near_misses JOIN entries ON entries.id = entry_id WHERE noted_at >= ? "
            "AND NOT EXISTS (SELECT 1 FROM examples WHERE examples.feed_url = entries.feed_url "
            "AND examples.guid = entries.guid) ORDER BY noted_at DESC, entry_id DESC LIMIT ?",
            [cell(since), limit],
        )
        return [archive_rows.near_miss(row) for row in rows]

    # -- entries
    def entry(self, short_id: str) -> Entry | None:
        """Return the newest entry of this short id."""
        row = self._file.first("SELECT * FROM entries WHERE short_id = ? ORDER BY id DESC", [short_id])
        return archive_rows.entry(row) if row else None

    def find(self, words: str, limit: int) -> Sequence[Row]:
        """Return rows of entries, events if any and story ids if any: by their link, or by all of *words*."""
        if words.startswith(("http://", "https://")):
            return self._of_link(words)[:limit]
        if not (wanted := match(words)):
            return []
        return self._file.rows(
            f"{_REPORTS} JOIN entries_fts ON entries_fts.rowid = entries.id "
            "WHERE entries_fts MATCH ? ORDER BY entries_fts.rowid DESC LIMIT ?",
            [wanted, limit],
        )

    def _of_link(self, link: str) -> list[Row]:
        """Return the entries of this page, however the link to it is decorated; no index of links is needed."""
        rows = self._file.rows(
            f"{_REPORTS} WHERE feed_url IN (SELECT url FROM feeds WHERE EXISTS "
            "(SELECT 1 FROM identities WHERE identities.feed_url = feeds.url AND key = ?)) ORDER BY entries.id DESC",
            [link_key(link)],
        )
        page = canonical_link(link)
        return [row for row in rows if canonical_link(row["link"]) == page]

    # -- examples
    def label(self, example: Example, now: datetime) -> None:
        """Keep *example*, in place of what the owner said of that entry before."""
        row = archive_rows.example_row(example, now)
        self._file.write(upsert("examples", row, "feed_url, guid"), row)

    def unlabel(self, short_id: str) -> int:
        """Take back what the owner said of the entry with this short id; return of how many."""
        return self._file.write("DELETE FROM examples WHERE short_id = ?", [short_id])

    def examples(self) -> Sequence[Example]:
        """Return all that the owner said, newest first."""
        rows = self._file.rows("SELECT * FROM examples ORDER BY labelled_at DESC, feed_url, guid")
        return [archive_rows.example(row) for row in rows]
