"""Read off a feed when it asks to be asked: ttl, skipHours, skipDays, and the syndication module's period. Pure.

Read from the bytes, since a body that has not changed is not parsed, and feedparser knows but half of it.
"""

import re
from datetime import timedelta

from bot.model import Timetable

_HEAD = 64 * 2**10
_FIRST_ITEM = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s{0,20}([0-9]{1,6})\s{0,20}</ttl>", re.IGNORECASE)
_HOUR = re.compile(rb"<hour>\s{0,20}([0-9]{1,2})\s{0,20}</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s{0,20}([a-z]{3})[a-z]{3,6}\s{0,20}</day>", re.IGNORECASE)
_PERIOD = re.compile(rb"<\w{1,20}:updatePeriod>\s{0,20}(hour|dai|week|month|year)ly\s{0,20}<", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<\w{1,20}:updateFrequency>\s{0,20}([0-9]{1,4})\s{0,20}<", re.IGNORECASE)

_DAYS = {name: number for number, name in enumerate((b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"))}
_PERIODS = {
    b"hour": timedelta(hours=1),
    b"dai": timedelta(days=1),
    b"week": timedelta(weeks=1),
    b"month": timedelta(days=30),
    b"year": timedelta(days=365),
}


def timetable(body: bytes) -> Timetable:
    """Return what the feed in *body* says of when to ask it; a feed that is never to be asked has said nothing."""
    head = _head(body)
    hours = {int(hour) % 24 for hour in _HOUR.findall(_within(head, b"skiphours")) if int(hour) <= 24}
    names = {name.lower() for name in _DAY.findall(_within(head, b"skipdays"))}
    days = {_DAYS[name] for name in names if name in _DAYS}
    return Timetable(
        ttl=_ttl(head),
        period=_period(head),
        skip_hours=frozenset(hours if len(hours) < 24 else ()),
        skip_days=frozenset(days if len(days) < 7 else ()),
    )


def _head(body: bytes) -> bytes:
    """Return what stands before the first item."""
    first = _FIRST_ITEM.search(body, 0, _HEAD)
    return body[: first.start() if first else _HEAD]


def _within(head: bytes, tag: bytes) -> bytes:
    small = head.lower()
    begin = small.find(b"<" + tag)
    end = small.find(b"</" + tag, begin)
    return head[begin:end] if 0 <= begin < end else b""


def _ttl(head: bytes) -> timedelta | None:
    found = _TTL.search(head)
    return timedelta(minutes=int(found[1])) if found and int(found[1]) else None


def _period(head: bytes) -> timedelta | None:
    period, times = _PERIOD.search(head), _FREQUENCY.search(head)
    return _PERIODS[period[1].lower()] / (max(int(times[1]), 1) if times else 1) if period else None
