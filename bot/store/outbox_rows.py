"""What deliveries look like as rows, and back. Pure."""

import json
from collections.abc import Mapping
from datetime import timedelta

from bot.model import Broadcast, Button, ChatId, Delivery, DeliveryKind, DeliveryStatus, Document, Message
from bot.store.cells import cell, instant, maybe_cell, maybe_instant
from bot.store.file import Row
from bot.store.people_rows import Cells, wishes_row

URGENCIES = (0, 1, 2, 3, 4)
"""The most urgent first: replies, what changes a story, first news, digests and edits, strangers."""
_URGENCY = {
    DeliveryKind.REPLY: 0,
    DeliveryKind.NOTICE: 1,
    DeliveryKind.UPDATE: 1,
    DeliveryKind.ALERT: 2,
    DeliveryKind.DIGEST: 3,
    DeliveryKind.EDIT: 3,
    DeliveryKind.STRANGER: 4,
}
_URGENT_ALERT = 1
FRESH = {
    DeliveryKind.REPLY: timedelta(hours=1),
    DeliveryKind.ALERT: timedelta(hours=12),
    DeliveryKind.UPDATE: timedelta(hours=12),
    DeliveryKind.EDIT: timedelta(hours=12),
    DeliveryKind.NOTICE: timedelta(days=7),
    DeliveryKind.DIGEST: timedelta(hours=12),
    DeliveryKind.STRANGER: timedelta(hours=1),
}
"""How long a delivery that nobody tried to send stays worth sending; then it is dead, and counted so.

An answer to a forgotten question, or last week's "ceasefire agreed", would mislead; a digest has what alerts missed.
"""


def urgency(kind: DeliveryKind, *, urgent: bool) -> int:
    """Return the place in the queue, 0 first."""
    return _URGENT_ALERT if urgent and kind is DeliveryKind.ALERT else _URGENCY[kind]


def delivery_row(delivery: Delivery, message_id: int) -> Cells:
    """Return *delivery*, whose message is stored already, as a row of `outbox`; *network* and *room* name its chat."""
    due = max(delivery.created_at, delivery.next_attempt_at)
    return {
        "dedupe_key": delivery.dedupe_key,
        "kind": delivery.kind,
        "urgency": urgency(delivery.kind, urgent=delivery.urgent),
        "message_id": message_id,
        "story_id": delivery.story_id,
        "edits": delivery.edits,
        "thread": delivery.thread,
        "maybe": delivery.maybe,
        "next_attempt_at": cell(delivery.next_attempt_at),
        "created_at": cell(delivery.created_at),
        "expires_at": cell(due + FRESH[delivery.kind]),
        "network": delivery.chat.network,
        "room": delivery.chat.room,
    }


def readers_cell(broadcast: Broadcast, messages: Mapping[Message, int]) -> str:
    """Return as JSON who reads which of the *messages*."""
    return json.dumps(
        [
            {**wishes_row(wishes), "message_id": message_id}
            for message, readers in broadcast.wordings
            for message_id in [messages[message]]
            for wishes in readers
        ]
    )


def broadcast_row(broadcast: Broadcast) -> Cells:
    """Return what all rows of *broadcast* share."""
    return {
        "key": broadcast.key,
        "kind": broadcast.kind,
        "urgency": urgency(broadcast.kind, urgent=broadcast.urgent),
        "story_id": broadcast.story_id,
        "maybe": broadcast.maybe,
        "knows": broadcast.knows,
        "now": cell(broadcast.created_at),
        "expires_at": cell(broadcast.created_at + FRESH[broadcast.kind]),
    }


def delivery(row: Row) -> Delivery:
    """Return the delivery in a row of `outbox` joined with its chat and message, as it is being sent."""
    kind = DeliveryKind(row["kind"])
    told = row["told_message"] or ""
    return Delivery(
        dedupe_key=row["dedupe_key"],
        chat=ChatId(row["network"], row["room"]),
        kind=kind,
        message=_message(row),
        next_attempt_at=instant(row["next_attempt_at"]),
        created_at=instant(row["created_at"]),
        story_id=row["story_id"],
        edits=row["edits"] or (told if kind is DeliveryKind.EDIT else ""),
        replies_to=told if kind is DeliveryKind.UPDATE else "",
        thread=row["thread"],
        urgent=kind is DeliveryKind.ALERT and row["urgency"] == _URGENT_ALERT,
        id=row["id"],
        status=DeliveryStatus.SENDING,
        attempts=row["attempts"],
        doubtful=row["doubtful"],
        maybe=bool(row["maybe"]),
        sent_at=maybe_instant(row["sent_at"]),
        external_id=row["external_id"],
        error=row["error"],
    )


def outcome_row(delivery: Delivery, now: str) -> Cells:
    """Return what changes in the row of *delivery* once it was tried."""
    ended = delivery.status in (DeliveryStatus.SENT, DeliveryStatus.DEAD)
    return {
        "id": delivery.id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "doubtful": delivery.doubtful,
        "maybe": delivery.maybe,
        "next_attempt_at": cell(delivery.next_attempt_at),
        "sent_at": maybe_cell(delivery.sent_at),
        "ended_at": now if ended else None,
        "external_id": delivery.external_id,
        "error": delivery.error,
    }


def message_row(message: Message) -> Cells:
    """Return *message* as a row of `messages`."""
    rows = [[[button.label, button.action, button.url] for button in row] for row in message.buttons]
    return {
        "html": message.html,
        "buttons": json.dumps(rows, ensure_ascii=False),
        "silent": message.silent,
        "document_name": message.document and message.document.name,
        "document": message.document and message.document.content,
    }


def _message(row: Row) -> Message:
    return Message(
        html=row["html"],
        buttons=_buttons(row["buttons"]),
        silent=bool(row["silent"]),
        document=Document(row["document_name"], row["document"]) if row["document_name"] is not None else None,
    )


def _buttons(text: str) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(Button(*button) for button in row) for row in json.loads(text))
