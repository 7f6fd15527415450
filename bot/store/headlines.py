"""What editors made of the titles of entries: part of the archive."""

from collections.abc import Sequence

from bot.model import Entry, EntryKey, Headline
from bot.store.cells import instant, listed, maybe_cell
from bot.store.file import StoreFile

MOST = 50
"""Titles that are kept of one entry, besides that with which it came."""

_LAST = (
    "coalesce((SELECT title FROM headlines WHERE headlines.entry_id = entries.id ORDER BY turn DESC LIMIT 1), "
    "entries.title)"
)
REPORTED = (
    "coalesce((SELECT title FROM headlines WHERE headlines.entry_id = entries.id AND NOT passed_over "
    "ORDER BY turn DESC LIMIT 1), entries.title)"
)
"""The last title of an entry that its event was read from, as an expression."""


class Headlines:
    """The table `headlines`."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def save(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Keep the titles of *entries*, known by guid, that differ from their last; return those."""
        if not entries:
            return ()
        rows = self._file.rows(
            f"SELECT feed_url, guid, {_LAST} AS title FROM json_each(?) AS asked CROSS JOIN entries "
            "ON feed_url = json_extract(asked.value, '$[0]') AND guid = json_extract(asked.value, '$[1]')",
            [listed(entry.key for entry in entries)],
        )
        titles = {EntryKey(row["feed_url"], row["guid"]): row["title"] for row in rows}
        first = {entry.key: entry for entry in reversed(entries)}.values()  # one guid twice would go back and forth
        edited = [entry for entry in first if titles.get(entry.key, entry.title) != entry.title]
        with self._file.together():
            return [entry for entry in edited if self._save(entry)]

    def _save(self, entry: Entry) -> bool:
        """Keep the title that *entry* has now, and return whether there was room; a former one needs none."""
        written = self._file.write(
            "INSERT INTO headlines (entry_id, title, seen_at, turn) SELECT id, ?3, ?4, "
            "(SELECT coalesce(max(turn), 0) + 1 FROM headlines WHERE entry_id = id) "
            "FROM entries WHERE feed_url = ?1 AND guid = ?2 "
            "AND ((SELECT count(*) FROM headlines WHERE entry_id = id) < ?5 "
            "OR ?3 IN (SELECT title FROM headlines WHERE entry_id = id)) "
            "ON CONFLICT (entry_id, title) DO UPDATE SET turn = excluded.turn, passed_over = 0",
            [*entry.key, entry.title, maybe_cell(entry.seen_at), MOST],
        )
        return written > 0

    def pass_over(self, entry: Entry) -> None:
        """Let the title that *entry* has now change nothing of what it reported before."""
        self._file.write(
            "UPDATE headlines SET passed_over = 1 WHERE title = ?3 "
            "AND entry_id = (SELECT id FROM entries WHERE feed_url = ?1 AND guid = ?2)",
            [*entry.key, entry.title],
        )

    def of(self, key: EntryKey) -> Sequence[Headline]:
        """Return the titles that the entry has had, that with which it came first."""
        rows = self._file.rows(
            "SELECT 0 AS edited, title, seen_at FROM entries WHERE feed_url = ?1 AND guid = ?2 UNION ALL "
            "SELECT 1, headlines.title, headlines.seen_at FROM headlines JOIN entries ON entries.id = entry_id "
            "WHERE feed_url = ?1 AND guid = ?2 ORDER BY edited, seen_at",
            key,
        )
        return [Headline(row["title"], instant(row["seen_at"])) for row in rows]
