"""Who was told of a story, and what their message is to say now: part of the outbox in people.db."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.model import Broadcast, DeliveryKind, Message
from bot.store import outbox_rows
from bot.store.cells import cell, maybe_instant
from bot.store.file import StoreFile

_READERS = (
    "readers AS MATERIALIZED (SELECT json_extract(value, '$.message_id') AS message_id, "
    "json_extract(value, '$.language') AS language, json_extract(value, '$.time_zone') AS time_zone "
    "FROM json_each(:readers))"
)
# As the index on them says it, or SQLite would read all that was ever owed.
_ALERTS = "kind = 'alert' AND story_id != ''"
_SLICE = (
    "told.kind = 'alert' AND told.story_id != '' AND told.story_id = :story_id "
    "AND told.chat_id > :after AND told.chat_id <= :end"
)
_UNTRIED = "told.status = 'ready' AND NOT told.maybe"


class Told:
    """The alerts that chats were sent, and the stories whose alerts are to be edited."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    # -- who was told
    def next_chats(self, broadcast: Broadcast, most: int) -> tuple[int, int]:
        """Return how many chats with an alert of the story come next, at most so many, and the last of them."""
        count, end = self._file.rows(
            "SELECT count(*), coalesce(max(chat_id), 0) FROM (SELECT DISTINCT chat_id FROM outbox "
            f"WHERE {_ALERTS} AND story_id = ? AND chat_id > ? ORDER BY chat_id LIMIT ?)",
            [broadcast.story_id, broadcast.after, most],
        )[0]
        return count, end

    def renew(self, end: int, broadcast: Broadcast, messages: Mapping[Message, int]) -> Sequence[int]:
        """Let alerts up to the chat *end* that nobody tried to send say what is known now; return their old messages.

        They are then worded after the change, so nothing more is owed for it.
        """
        values = {**_values(end, broadcast, messages), "knows": broadcast.knows}
        waiting = f"{_SLICE} AND {_UNTRIED} AND told.knows < :change_id"
        old = self._file.rows(f"SELECT DISTINCT message_id FROM outbox AS told WHERE {waiting}", values)
        if old:
            self._file.write(
                f"WITH {_READERS} UPDATE outbox AS told SET knows = :knows, message_id = "
                "(SELECT readers.message_id FROM subscriptions JOIN readers USING (language, time_zone) "
                f"WHERE subscriptions.chat_id = told.chat_id) WHERE {waiting} AND EXISTS "
                "(SELECT 1 FROM subscriptions JOIN readers USING (language, time_zone) "
                "WHERE subscriptions.chat_id = told.chat_id)",
                values,
            )
        return [row["message_id"] for row in old]

    def owe(self, end: int, broadcast: Broadcast, messages: Mapping[Message, int]) -> int:
        """Owe *broadcast*, an edit or an update, to the chats up to *end* that were told; return how many are new."""
        hushed = (
            ""
            if broadcast.correction or broadcast.kind is DeliveryKind.EDIT
            else "AND paused_at IS NULL AND (paused_until IS NULL OR paused_until <= :now) "
            "AND NOT EXISTS (SELECT 1 FROM muted_stories "
            "WHERE muted_stories.chat_id = told.chat_id AND muted_stories.story_id = :story_id) "
        )
        return self._file.write(
            "INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, thread, maybe, "
            f"next_attempt_at, created_at, expires_at, target) WITH {_READERS} "
            "SELECT :key || ':' || network || ':' || room, told.chat_id, :kind, :urgency, readers.message_id, "
            ":story_id, '', told.thread, :maybe, :now, :now, :expires_at, told.id FROM outbox AS told "
            "CROSS JOIN subscriptions ON subscriptions.chat_id = told.chat_id "
            "JOIN readers USING (language, time_zone) CROSS JOIN chats ON chats.id = told.chat_id "
            f"WHERE {_SLICE} AND told.knows < :change_id {hushed}"
            f"AND (told.status IN ('sending', 'retry', 'sent') OR (told.status = 'ready' AND told.maybe) "
            "OR (told.status = 'dead' AND told.maybe AND :kind = 'update')) "
            "ORDER BY told.chat_id, told.id DESC ON CONFLICT (dedupe_key) DO NOTHING",
            {**outbox_rows.broadcast_row(broadcast), **_values(end, broadcast, messages)},
        )

    def know_nothing(self) -> None:
        """Let no alert know any change: the log that they were worded by is gone."""
        self._file.write("UPDATE outbox SET knows = 0 WHERE knows > 0")

    # -- when to edit
    def owe_edit(self, story_id: str, change_id: int, now: datetime, gather: timedelta, pace: timedelta) -> None:
        """Let the story's alerts be edited in *gather*, *pace* after they last were at the earliest.

        Nothing is owed of a story that nobody was told of.
        """
        row = self._file.first("SELECT due_at, edited_at FROM live_stories WHERE story_id = ?", [story_id])
        due_at, edited_at = (maybe_instant(row[0]), maybe_instant(row[1] or None)) if row else (None, None)
        # A clock that was set back says that they were edited in a time to come: a pace is the most that we wait.
        at = min(max(now + gather, edited_at + pace), now + pace) if edited_at else now + gather
        self._file.write(
            "INSERT INTO live_stories (story_id, due_at, change_id) SELECT :story, :at, :change "
            f"WHERE EXISTS (SELECT 1 FROM outbox WHERE {_ALERTS} AND story_id = :story) "
            "ON CONFLICT DO UPDATE SET due_at = excluded.due_at, change_id = excluded.change_id",
            {"story": story_id, "at": cell(min(at, due_at or at)), "change": change_id},
        )

    def due_edits(self, now: datetime) -> Mapping[str, int]:
        """Return the stories whose alerts are to be edited now, each with its newest change."""
        rows = self._file.rows(
            "SELECT story_id, change_id FROM live_stories WHERE due_at <= ? ORDER BY due_at, change_id", [cell(now)]
        )
        return {row["story_id"]: row["change_id"] for row in rows}

    def edited(self, story_id: str, now: datetime) -> None:
        """Note that all edits of the story are owed: its alerts say what is known *now*."""
        self._file.write(
            "INSERT INTO live_stories (story_id, edited_at) VALUES (:story, :now) "
            "ON CONFLICT DO UPDATE SET due_at = NULL, edited_at = excluded.edited_at",
            {"story": story_id, "now": cell(now)},
        )

    def forget(self, before: datetime) -> None:
        """Forget when stories were edited before then."""
        self._file.write("DELETE FROM live_stories WHERE due_at IS NULL AND edited_at < ?", [cell(before)])


def _values(end: int, broadcast: Broadcast, messages: Mapping[Message, int]) -> Mapping[str, object]:
    return {
        "story_id": broadcast.story_id,
        "after": broadcast.after,
        "end": end,
        "readers": outbox_rows.readers_cell(broadcast, messages),
        "change_id": broadcast.change_id,
    }
