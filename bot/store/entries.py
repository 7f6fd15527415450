"""Entries, what they are known by, and the events that were read from them: part of archive.db."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.errors import StoreError
from bot.model import Entry, EntryKey, Event
from bot.store import archive_rows
from bot.store.cells import cell
from bot.store.file import StoreFile, upsert

_KNOWN_AT_ONCE = 500
_PAGE = 5_000


class Entries:
    """The tables `entries`, `identities` and `events`."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def known(self, feed_url: str, keys: Sequence[str]) -> frozenset[str]:
        """Return those identity *keys* that an entry of this feed has had before."""
        some, rest = keys[:_KNOWN_AT_ONCE], keys[_KNOWN_AT_ONCE:]
        rows = self._file.rows(
            f"SELECT key FROM identities WHERE feed_url = ? AND key IN ({', '.join('?' * len(some))})",
            [feed_url, *some],
        )
        found = frozenset(row["key"] for row in rows)
        return found | self.known(feed_url, rest) if rest else found

    def save(self, entries: Sequence[tuple[Entry, Sequence[str]]]) -> None:
        """Store *entries*; a newer text replaces the former, the time when we first saw it stays."""
        if not entries:
            return
        rows = [archive_rows.entry_row(entry) for entry, _ in entries]
        with self._file.together():
            self._file.write_many(upsert("entries", rows[0], "feed_url, guid", keep=["seen_at"]), rows)
            self._file.write_many(
                "INSERT INTO identities (feed_url, key) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(entry.key.feed_url, key) for entry, identity in entries for key in identity],
            )

    def number(self, key: EntryKey) -> int:
        """Return the entry's number in this file; raise StoreError if it is not stored."""
        found = self._file.value("SELECT id FROM entries WHERE feed_url = ? AND guid = ?", key)
        if found is None:
            raise StoreError(f"no such entry is stored: {key.id} of {key.feed_url}")
        return int(found)

    def since(self, since: datetime) -> Iterator[Entry]:
        """Yield every entry first seen since then, news of ours or not, in the order of their coming."""
        last = 0
        while rows := self._file.rows(
            "SELECT * FROM entries WHERE id > ? AND seen_at >= ? ORDER BY id LIMIT ?", [last, cell(since), _PAGE]
        ):
            yield from map(archive_rows.entry, rows)
            last = rows[-1]["id"]

    def save_event(self, event: Event) -> None:
        """Store *event*, in place of what its entry was thought to report before."""
        with self._file.together():
            row = archive_rows.event_row(event, self.number(event.entry_key))
            self._file.write(upsert("events", row, "entry_id"), row)
            self._file.write("DELETE FROM events_conflicts WHERE entry_id = ?", [row["entry_id"]])
            self._file.write_many(
                "INSERT INTO events_conflicts (conflict, entry_id) VALUES (?, ?)",
                [(conflict, row["entry_id"]) for conflict in dict.fromkeys(event.conflicts)],
            )

    def forget_event(self, key: EntryKey) -> None:
        """Forget what the entry was thought to report."""
        with self._file.transaction():
            self._file.write("DELETE FROM events WHERE entry_id = ?", [self.number(key)])
