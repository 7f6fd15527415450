"""The keyboards: rows of buttons whose actions `bot.chat.commands` understands.

An action is "name:words", at most 64 bytes.
"""

from collections.abc import Iterable, Sequence

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.model import Button, Loudness, Subscription

Rows = tuple[tuple[Button, ...], ...]

EVERYTHING = "*"
CONFLICTS_A_PAGE = 8
ZONES = (
    "UTC",
    "Europe/Kyiv",
    "Europe/Moscow",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Africa/Khartoum",
    "Asia/Dubai",
    "Asia/Kolkata",
    "America/New_York",
)
LOUDNESS = {
    Loudness.ALL: "All news as it comes",
    Loudness.IMPORTANT: "Only what matters most",
    Loudness.DIGEST: "No alerts, only the digest",
}
PAUSES = {1: "1 hour", 8: "8 hours", 24: "1 day", 168: "1 week"}


def rows(buttons: Iterable[Button], width: int) -> Rows:
    """Return *buttons* in rows of *width*."""
    each = list(buttons)
    return tuple(tuple(each[start : start + width]) for start in range(0, len(each), width))


def conflicts(ids: Sequence[str], chosen: frozenset[str] | None, action: str, page: int, reader: Reader) -> Rows:
    """Return one page of conflicts to choose from, under "everything"; *chosen* ones are ticked (empty: everything is).

    Pressing sends "*action*:id:page", turning over "*action*page:page".
    """
    last = max(0, (len(ids) - 1) // CONFLICTS_A_PAGE)
    page = min(max(page, 0), last)
    shown = ids[page * CONFLICTS_A_PAGE : (page + 1) * CONFLICTS_A_PAGE]
    everything = Button(_ticked("🌍 Everything", on=chosen == frozenset()), f"{action}:{EVERYTHING}:{page}")
    each = (
        Button(_ticked(_conflict(id_, reader), on=bool(chosen) and id_ in (chosen or ())), f"{action}:{id_}:{page}")
        for id_ in shown
    )
    return ((everything,), *rows(each, 2), *turn(f"{action}page:", page, last))


def _conflict(conflict_id: str, reader: Reader) -> str:
    conflict = reader.catalog.conflicts.get(conflict_id)
    flag = f"{conflict.flag} " if conflict else ""
    return flag + phrases.conflict(conflict_id, reader)


def turn(action: str, page: int, last: int) -> Rows:
    """Return the buttons that turn over pages 0 to *last*; pressing sends *action* with the page's number behind it."""
    back = (Button("‹ Back", f"{action}{page - 1}"),) if page else ()
    more = (Button("More ›", f"{action}{page + 1}"),) if page < last else ()
    return (back + more,) if back or more else ()


def _ticked(label: str, *, on: bool) -> str:
    return f"✓ {label}" if on else label


def loudness(action: str, chosen: Loudness | None = None) -> Rows:
    """Return the three degrees of loudness, one to a row."""
    return tuple((Button(_ticked(words, on=each is chosen), f"{action}:{each}"),) for each, words in LOUDNESS.items())


def zones(action: str, chosen: str = "") -> Rows:
    """Return the time zones that are offered; /settings takes any other by its name."""
    return rows(
        (Button(_ticked(place(zone), on=zone == chosen), f"{action}:{zone}") for zone in ZONES),
        3,
    )


def place(zone: str) -> str:
    """Return the city of a time zone, as people say it."""
    return zone.rpartition("/")[2].replace("_", " ")


def settings(subscription: Subscription) -> Rows:
    """Return what a reader may set, with what is set now."""
    on = subscription.next_digest_at is not None
    return (
        *loudness("setloud", subscription.loudness),
        (Button(f"Digest: {'on' if on else 'off'}", f"setdigest:{'off' if on else 'on'}"),),
        (Button(f"Time zone: {place(subscription.time_zone)}", "setzones:"),),
        (Button("What I follow", "followpage:0"),),
    )


def pauses() -> Rows:
    """Return for how long alerts may be muted."""
    return rows((Button(words, f"pause:{hours}") for hours, words in PAUSES.items()), 4)
