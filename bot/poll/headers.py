"""What the headers of an answer say: which version it is, and when to ask again. Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

LONGEST_RETRY_AFTER = timedelta(hours=24)
LONGEST_MAX_AGE = timedelta(days=365)
_MAX_VALIDATOR = 1000
_MOST_DIGITS = 10
_UNSENDABLE = re.compile(rb"[\x00-\x1f\x7f]")


def validator(headers: httpx.Headers, name: str) -> str:
    """Return the header byte for byte, quotes and all, as Latin-1; "" if we could not send it back."""
    value = next((value for key, value in headers.raw if key.lower() == name.encode()), b"")
    return value.decode("latin-1") if len(value) <= _MAX_VALIDATOR and not _UNSENDABLE.search(value) else ""


def max_age(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """Return how much longer the answer stays good: max-age less the time that it lay in a cache, or else Expires."""
    directives = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", directives):
        return None
    if found := re.search(r"(?:^|[\s,])max-age=\"?([0-9]+)\b", directives):
        age = re.fullmatch(r"[0-9]+", headers.get("age", "").strip())
        left = _seconds(found[1]) - (_seconds(age[0]) if age else timedelta(0))
    elif expires := _date(headers.get("expires", "")):
        left = expires - (_date(headers.get("date", "")) or now)
    else:
        return None
    return min(max(left, timedelta(0)), LONGEST_MAX_AGE)


def retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """Return how long the server wants to be left alone; it says so in seconds or as a date."""
    value = headers.get("retry-after", "").strip()
    if found := re.match(r"([0-9]+)(?=[.,]|$)", value):
        return min(_seconds(found[1]), LONGEST_RETRY_AFTER)
    if until := _date(value):
        left = until - (_date(headers.get("date", "")) or now)
        return min(max(left, timedelta(0)), LONGEST_RETRY_AFTER)
    return None


def _seconds(digits: str) -> timedelta:
    """Return so many seconds; of a number that means "for ever", many years."""
    return timedelta(seconds=int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
