"""What the values about people look like as rows, and back. Pure."""

from typing import Any

from bot.model import ChatId, EventType, InboxItem, Loudness, Subscription, Wishes
from bot.store.cells import listed, maybe_cell, maybe_instant, unlisted
from bot.store.file import Row

Cells = dict[str, Any]


def subscription_row(subscription: Subscription, chat_id: int) -> Cells:
    """Return *subscription* as a row of `subscriptions`."""
    return {
        "chat_id": chat_id,
        "thread": subscription.thread,
        **wishes_row(subscription),
        "digest_hours": listed(subscription.digest_hours),
        "next_digest_at": maybe_cell(subscription.next_digest_at),
        "last_digest_at": maybe_cell(subscription.last_digest_at),
        "paused_until": maybe_cell(subscription.paused_until),
        "created_at": maybe_cell(subscription.created_at),
    }


def wishes_row(wishes: Wishes) -> Cells:
    """Return *wishes* as they stand in a row of `subscriptions`: equal ones in equal cells."""
    return {
        "conflicts": listed(wishes.conflicts),
        "types": listed(wishes.types),
        "loudness": wishes.loudness,
        "language": wishes.language,
        "time_zone": wishes.time_zone,
    }


def wishes(row: Row) -> Wishes:
    """Return the wishes in a row of `subscriptions`."""
    return Wishes(
        conflicts=frozenset(unlisted(row["conflicts"])),
        types=frozenset(map(EventType, unlisted(row["types"]))),
        loudness=Loudness(row["loudness"]),
        language=row["language"],
        time_zone=row["time_zone"],
    )


def subscription(row: Row) -> Subscription:
    """Return the subscription in a row of `subscriptions` joined with its chat."""
    return Subscription(
        chat=ChatId(row["network"], row["room"]),
        thread=row["thread"],
        conflicts=frozenset(unlisted(row["conflicts"])),
        types=frozenset(map(EventType, unlisted(row["types"]))),
        loudness=Loudness(row["loudness"]),
        language=row["language"],
        time_zone=row["time_zone"],
        digest_hours=tuple(unlisted(row["digest_hours"])),
        next_digest_at=maybe_instant(row["next_digest_at"]),
        last_digest_at=maybe_instant(row["last_digest_at"]),
        paused_until=maybe_instant(row["paused_until"]),
        created_at=maybe_instant(row["created_at"]),
    )


def inbox_item(row: Row) -> InboxItem:
    """Return the update in a row of `inbox`."""
    return InboxItem(network=row["network"], update_id=row["update_id"], raw=row["raw"], attempts=row["attempts"])
