"""What a chat has chosen, in words. Pure."""

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.chat import menus
from bot.chat.desk import stopped
from bot.model import EventType, Modality, Subscription
from bot.text import escape


def described(subscription: Subscription | None, reader: Reader) -> str:
    """Return in words what *subscription* will be told; None: a chat that has not chosen yet."""
    if subscription is None:
        return "You follow nothing yet. /start begins: three taps."
    if stopped(subscription):
        return "You are told nothing now unless you ask. /follow begins again."
    lines = [following(subscription.conflicts, reader)]
    if subscription.types:
        lines.append(kinds(subscription.types, reader))
    lines.append(f"{menus.LOUDNESS[subscription.loudness]}.")
    due = subscription.next_digest_at
    times = f"at {hours(subscription)}, next {phrases.moment(due, reader)}" if due else "off"
    lines.append(f"Digest: {times}. Time zone: {escape(menus.place(subscription.time_zone))}")
    if subscription.paused_until and subscription.paused_until > reader.now:
        lines.append(f"Alerts are muted until {phrases.moment(subscription.paused_until, reader)}. /unmute ends it.")
    return "\n".join(lines)


def following(conflicts: frozenset[str], reader: Reader) -> str:
    """Return which conflicts are followed."""
    names = sorted(phrases.conflict(each, reader) for each in conflicts)
    return f"You follow: <b>{phrases.short(', '.join(names), 600) if names else 'everything'}</b>."


def kinds(types: frozenset[EventType], reader: Reader) -> str:
    """Return which kinds of news alone are told."""
    labels = sorted(phrases.label(each, Modality.FACT, reader) for each in types)
    return f"Only news of this kind: {phrases.short('; '.join(labels), 300)}"


def hours(subscription: Subscription) -> str:
    """Return the hours of the digest, such as "08:00 and 20:00"."""
    return " and ".join(f"{hour:02d}:00" for hour in sorted(subscription.digest_hours))
