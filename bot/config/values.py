"""Single values as operators write them: each function returns the value in our terms or says what is wrong with it."""

import ipaddress
import json
import re
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic_core import PydanticCustomError

from bot.text import clean, did_you_mean

EXAMPLES = {
    "telegram": "a line [telegram], its keys below it",
    "owner": "such as owner = 123456789",
    "access": 'access = "closed" or access = "open"',
    "allow": "such as allow = [123456789]",
    "paid_broadcast_per_second": "such as paid_broadcast_per_second = 100",
    "closed_topic": 'closed_topic = "general" or closed_topic = "drop"',
    "polling": "a line [polling], its keys below it",
    "allow_private": 'such as allow_private = ["feeds.example.org"]',
    "contact": 'such as contact = "desk@example.org"',
    "digest": "a line [digest], its keys below it",
    "hours": 'such as hours = ["08:00", "20:00"]',
    "time_zone": 'such as time_zone = "Europe/Kyiv"',
    "health": "a line [health], its keys below it",
    "port": "such as port = 8787",
    "backup": "a line [backup], its keys below it",
    "keep": "such as keep = 7",
    "rules": "a line [rules], its key below it",
    "folder": 'such as folder = "/backups"',
    "feeds": "each feed is a line [[feeds]], in double brackets, its keys below it",
    "url": 'such as url = "https://news.example.org/rss.xml"',
    "title": 'such as title = "World news"',
    "publisher": 'such as publisher = "bbc"',
    "language": 'such as language = "en"',
    "every": 'such as every = "10 min"',
    "enabled": "enabled = true or enabled = false",
}
"""What each key or section looks like when it is right."""

LONGEST_EVERY = timedelta(hours=24)
"""The longest time between two polls of a feed."""

_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
}


def wrong(what: str, hint: str) -> PydanticCustomError:
    """Return the error that a validator raises: *what* follows the key's name."""
    return PydanticCustomError("said", "{what}", {"what": what, "hint": hint})


def quoted(given: object) -> str:
    """Return *given* about as it stands in the file, cut when long."""
    text = json.dumps(given, ensure_ascii=False, default=str)
    return clean(text if len(text) <= 60 else f"{text[:59]}…")


def hostname(url: str) -> str:
    """Return the host of *url* in lower case, "" if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def owner(chat_id: int) -> int:
    """Return the chat id of a person."""
    if chat_id <= 0:
        raise wrong("must be the chat id of a person, a number above 0", "groups go into allow")
    return chat_id


def paid_broadcast(number: int) -> int:
    """Return messages a second: none, or more than are free and no more than Telegram takes."""
    if number and not 30 <= number <= 1000:
        raise wrong("must be 0 or a number from 30 to 1000", EXAMPLES["paid_broadcast_per_second"])
    return number


def host(text: str) -> str:
    """Return the name or number of a host, without scheme, port or path, in lower case."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", text):
        name = hostname(text if "//" in text else f"//{text}")
        raise wrong("must hold names of hosts alone", f'write "{name}"' if name else EXAMPLES["allow_private"])
    return text.casefold()


def contact(text: str) -> str:
    """Return an address that fits into a header."""
    if not re.fullmatch(r"[\x20-\x7e]{0,200}", text):
        raise wrong("must be one line of plain ASCII, for it is sent with every request", EXAMPLES["contact"])
    return text.strip()


def hours(given: object) -> tuple[int, ...]:
    """Return the hours of the day in order."""
    if not isinstance(given, list):
        raise wrong("must be a list of times in quotation marks", EXAMPLES["hours"])
    found = tuple(sorted(_hour(item) for item in given))
    if len(set(found)) < len(found):
        raise wrong("must not hold an hour twice", EXAMPLES["hours"])
    return found


def _hour(given: object) -> int:
    found = re.fullmatch(r"([01]?\d|2[0-3]):(\d\d)", given.strip(), re.ASCII) if isinstance(given, str) else None
    if not found:
        raise wrong("must hold times in quotation marks, from 00:00 to 23:00", EXAMPLES["hours"])
    if found[2] != "00":
        raise wrong("must hold full hours", f'write "{found[1]}:00"')
    return int(found[1])


def time_zone(name: str) -> str:
    """Return the IANA name of a time zone that exists."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(available_timezones())
        same_city = [zone for zone in known if zone.rpartition("/")[2].casefold() == name.strip().casefold()]
        hint = f"did you mean {same_city[0]!r}?" if same_city else did_you_mean(name, known)
        raise wrong("must be a time zone by its IANA name", hint or EXAMPLES["time_zone"]) from None
    return name


def port(number: int) -> int:
    """Return the number of a port."""
    if not 1 <= number <= 65535:
        raise wrong("must be a port from 1 to 65535", EXAMPLES["port"])
    return number


def web_address(text: str) -> str:
    """Return an http(s) address that can be dialled as it stands."""
    text = text.strip()
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise wrong("must be a web address without blanks in it", EXAMPLES["url"])
    try:
        parts = urlsplit(text)
        readable = parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise wrong("must be a web address with a readable host and port", EXAMPLES["url"])
    if parts.scheme not in ("http", "https"):
        bare = re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/.*)?", text)
        hint = f'did you mean "https://{text}"?' if bare else EXAMPLES["url"]
        raise wrong("must be a web address that starts with https:// or http://", hint)
    if not parts.hostname:
        raise wrong("must be a web address with a host", EXAMPLES["url"])
    if parts.username is not None:
        raise wrong("must be a web address without a user name in it", EXAMPLES["url"])
    return text


def title(text: str) -> str:
    """Return a title that can be seen."""
    if not clean(text):
        raise wrong("must not be empty", "leave the line out and the host is the title")
    return clean(text)


def language(code: str) -> str:
    """Return a language code."""
    if code == "ua":
        raise wrong("must be a language code", 'Ukrainian is "uk"')
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", code):
        raise wrong("must be a language code", 'such as "en", "uk" or "ru"')
    return code


def keep(number: int) -> int:
    """Return how many backups are kept."""
    if not 0 <= number <= 1000:
        raise wrong("must be a number from 0 to 1000", EXAMPLES["keep"])
    return number


def backup_every(given: object) -> timedelta:
    """Return a time of ten minutes to a day."""
    found = every(given)
    if found < timedelta(minutes=10):
        raise wrong('must be "10 min" or more', 'such as every = "24 h"')
    return found


def every(given: object) -> timedelta:
    """Return a time such as "10 min", "90 s" or "2 h"; a whole number counts minutes."""
    seconds: float
    if isinstance(given, int) and not isinstance(given, bool):
        seconds = 60 * given
    elif isinstance(given, str) and (found := re.fullmatch(r"\s*([0-9]{1,6}(?:\.[0-9]+)?)\s*(\w+)\s*", given)):
        if found[2].casefold() not in _SECONDS:
            raise wrong("must have one of the units s, min, h", did_you_mean(found[2], _SECONDS) or EXAMPLES["every"])
        seconds = float(found[1]) * _SECONDS[found[2].casefold()]
    else:
        raise wrong("must be a number with a unit, in quotation marks", EXAMPLES["every"])
    if not 0 < seconds <= LONGEST_EVERY.total_seconds():
        raise wrong("must be more than nothing and at most a day", EXAMPLES["every"])
    return timedelta(seconds=seconds)
