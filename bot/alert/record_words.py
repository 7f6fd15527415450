"""The track record of publishers in words: for a chat, a terminal, a program. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.alert import phrases
from bot.story.record import Record

EXPLAINED = (
    "first: its report was the earliest that I have; borne out: others confirmed it later, and how soon at the median. "
    "Early and right is not the same as independent: see who owns it."
)
"""What the figures mean."""
UNSEEN = "No story in that time, so no record of anybody."


def record_line(record: Record) -> str:
    """Return a publisher's record in one line. Not escaped."""
    if not record.first:
        return f"{phrases.plural(record.stories, 'story', 'stories')}, first with none"
    soon = f" (median {duration(record.to_confirmation)})" if record.to_confirmation is not None else ""
    parts = [
        f"{phrases.plural(record.stories, 'story', 'stories')}, first with {record.first}",
        f"{record.confirmed} borne out{soon}",
        f"{record.denied} denied" if record.denied else "",
        f"{record.taken_back} taken back" if record.taken_back else "",
    ]
    return " · ".join(part for part in parts if part)


def record_block(record: Record) -> str:
    """Return a publisher's name and record as HTML."""
    of = record.publisher
    marked = " [state media]" if of.state_media else ""
    return f"<b>{phrases.short(of.name + marked, 60)}</b>: {phrases.short(record_line(record), 160)}"


def record_object(record: Record) -> dict[str, Any]:
    """Return a publisher's record as JSON takes it."""
    of, soon = record.publisher, record.to_confirmation
    return {
        "publisher": of.id,
        "name": of.name,
        "family": of.family or of.id,
        "bloc": of.bloc,
        "state_media": of.state_media,
        "stories": record.stories,
        "first": record.first,
        "confirmed": record.confirmed,
        "denied": record.denied,
        "taken_back": record.taken_back,
        "median_minutes_to_confirmation": None if soon is None else round(soon.total_seconds() / 60),
    }


def record_table(records: Sequence[Record]) -> str:
    """Return all records as lines for a terminal."""
    width = max((len(record.publisher.name) for record in records), default=0)
    return "\n".join(f"{record.publisher.name:{width}}  {record_line(record)}" for record in records) or UNSEEN


def duration(of: timedelta) -> str:
    """Return a length of time in one unit, such as "45 min" or "3 h"."""
    minutes = int(of.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
