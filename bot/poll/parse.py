"""Turn the bytes of a feed into entries of clean text. Pure.

feedparser reads RSS 0.9x to 2.0, Atom and RDF; JSON Feed is read here. It may take minutes over a hostile feed, so
outside of tests this runs in the children of `bot.poll.children` only. What an entry's id falls back to must never
change: it would make every entry of the feed new.
"""

import calendar
import hashlib
import io
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot.errors import ParseError
from bot.model import Entry, Feed
from bot.poll.encoding import decode
from bot.poll.lean import feedparser
from bot.poll.markup import plain_text
from bot.poll.raw import RawEntry, RawFeed, as_entries
from bot.text import clean, cut

MAX_ENTRIES = 200
_MAX_ID = 500
_REFERENCE = re.compile(r"&#([xX][0-9a-fA-F]{1,12}|[0-9]{1,12});")
_HALVES = re.compile(
    r"&#([xX][dD][89abAB][0-9a-fA-F]{2}|5[56][0-9]{3});&#([xX][dD][c-fC-F][0-9a-fA-F]{2}|5[67][0-9]{3});"
)
_DECLARATION = re.compile(r"\A<\?xml[^>]*>")
_MAX_LINK, _MAX_CREDIT = 2000, 100
_MAX_TITLE_FROM_SUMMARY = 200


def parse(body: bytes, feed: Feed, now: datetime, *, url: str = "", content_type: str = "") -> tuple[Entry, ...]:
    """Return the entries of *body*, fetched from *url*; raise ParseError if it is no feed."""
    try:
        return as_entries(read(body, url or feed.url, content_type), feed, now)
    except NoFeedError as error:
        raise ParseError(feed.url, str(error)) from error


# ------------------------------------------------------------------------------------------ reading
class NoFeedError(ValueError):
    """The bytes are no feed; the message says what they look like."""


def read(body: bytes, url: str, content_type: str = "") -> RawFeed:
    """Return the feed in *body*, newest 200 entries at most; raise NoFeedError if it is none."""
    return read_text(decode(body, content_type).strip(), url)


def read_text(text: str, url: str) -> RawFeed:
    """Return the feed in *text*, newest 200 entries at most; raise NoFeedError if it is none."""
    if not text:
        raise NoFeedError("the answer is empty")
    raw = _read_json(text, url) if text.startswith("{") else _read_xml(text, url)
    newest = _newest(_with_own_ids(raw.entries))
    return raw._replace(entries=newest, offered=len(newest))


def _read_xml(text: str, url: str) -> RawFeed:
    parsed = _parsed(text)
    if not parsed.entries and not parsed.get("version"):
        raise NoFeedError(_what_it_is(text))
    base = _absolute(_text(parsed.feed, "link"), url) or url
    found = (_from_xml(item, base) for item in parsed.entries)
    return RawFeed(
        title=plain_text(_text(parsed.feed, "title")),
        language=_language(parsed.feed.get("language") or parsed.feed.get("title_detail", {}).get("language") or ""),
        entries=tuple(item for item in found if item),
        broken=bool(parsed.bozo),
    )


def _parsed(text: str) -> Any:
    try:
        # Bytes in a stream only: feedparser opens a string that is a path, and fetches one that is an address.
        # It looks for an encoding as far as the declaration's line goes, which may be the whole feed.
        return feedparser.parse(
            io.BytesIO(_DECLARATION.sub("", _possible(text)).encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        # It trips over its own feet on some broken feeds: a namespace with a space in it is enough.
        raise NoFeedError("this feed is too broken to read") from error


def _possible(text: str) -> str:
    """Return *text* with the character references that XML forbids mended: feedparser fails on them.

    Some writers make two halves of every emoji; those are joined. What is no character at all becomes U+FFFD.
    """
    return _REFERENCE.sub(_known_or_mark, _HALVES.sub(_joined, text))


def _joined(halves: re.Match[str]) -> str:
    high, low = (_code(digits) for digits in halves.groups())
    both = 0xD800 <= high < 0xDC00 <= low < 0xE000
    return chr(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00) if both else halves[0]


def _known_or_mark(reference: re.Match[str]) -> str:
    code = _code(reference[1])
    return reference[0] if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def _code(digits: str) -> int:
    return int(digits[1:], 16) if digits[0] in "xX" else int(digits)


def _what_it_is(text: str) -> str:
    start = text[:2000].lower()
    if "<html" in start or "<!doctype html" in start or "<body" in start:
        return "this is a web page, not a feed"
    return "this is no feed"


def _from_xml(item: dict[str, Any], base: str) -> RawEntry | None:
    contents = item.get("content") or [{}]
    return _raw_entry(
        id=_text(item, "id"),
        title=_text(item, "title"),
        link=_link_of(item, base),
        summaries=[_text(item, "summary"), _text(contents[0], "value")],
        published=_seconds(dict.get(item, "published_parsed")),
        # By the key itself: feedparser's own look-up answers with the other date, and warns.
        updated=_seconds(dict.get(item, "updated_parsed")),
        credit=_text(dict.get(item, "source") or {}, "title") or _text(item, "author"),
    )


def _link_of(item: Mapping[str, Any], base: str) -> str:
    links = [_text(item, "link")] + [_text(link, "href") for link in item.get("links", ())]
    if item.get("guidislink") and not links[0].startswith(("http:", "https:")):
        links = links[1:]  # "isPermaLink" is the default, and mostly forgotten: a bare number is no address
    return next((link for link in (_absolute(link, base) for link in links) if link), "")


def _read_json(text: str, url: str) -> RawFeed:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoFeedError("this is no feed") from error
    items = parsed.get("items")
    if "jsonfeed.org" not in str(parsed.get("version", "")) or not isinstance(items, list):
        raise NoFeedError("this is JSON, but no JSON Feed")
    base = _absolute(_text(parsed, "home_page_url"), url) or url
    found = (_from_json(item, base) for item in items if isinstance(item, dict))
    return RawFeed(
        title=plain_text(_text(parsed, "title")),
        language=_language(_text(parsed, "language")),
        entries=tuple(item for item in found if item),
    )


def _from_json(item: Mapping[str, Any], base: str) -> RawEntry | None:
    return _raw_entry(
        id=_text(item, "id"),
        title=_text(item, "title"),
        link=_absolute(_text(item, "url"), base) or _absolute(_text(item, "external_url"), base),
        summaries=[_text(item, key) for key in ("summary", "content_text", "content_html")],
        published=_iso_seconds(_text(item, "date_published")),
        updated=_iso_seconds(_text(item, "date_modified")),
        credit=next((_text(author, "name") for author in _authors(item)), ""),
    )


def _authors(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    authors = item.get("authors") or [item.get("author")]
    return [author for author in authors if isinstance(author, dict)] if isinstance(authors, list) else []


def _text(item: Mapping[str, Any], key: str) -> str:
    """Return what stands there, "" for anything but text: feedparser has None where a broken feed has nothing."""
    value = item.get(key)
    return str(value) if isinstance(value, str | int | float) else ""


# ------------------------------------------------------------------------------------------ one entry
def _raw_entry(
    *,
    id: str,
    title: str,
    link: str,
    summaries: Sequence[str],
    published: float | None,
    updated: float | None,
    credit: str,
) -> RawEntry | None:
    """Return the entry, or None if there is nothing to read in it."""
    summary = next((text for text in map(plain_text, summaries) if text), "")
    title = plain_text(title) or cut(summary, _MAX_TITLE_FROM_SUMMARY)
    if not title:
        return None
    name = _short_id(id) or link or _hashed("title", title)
    return RawEntry(name, title, link, summary, published, updated, cut(plain_text(credit), _MAX_CREDIT))


def _short_id(id: str) -> str:
    id = clean(id)
    return id if len(id) <= _MAX_ID else _hashed("id", id)


def _hashed(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _absolute(link: str, base: str) -> str:
    """Return *link* as a web address, "" if it is none."""
    link = clean(link)
    try:
        address = urljoin(base, link) if link else ""
        usable = urlsplit(address).scheme in {"http", "https"} and bool(urlsplit(address).hostname)
    except ValueError:
        return ""
    return address if usable and len(address) <= _MAX_LINK else ""


def _language(tag: str) -> str:
    """Return the language of a tag such as "en-GB": "en"."""
    found = re.match(r"[a-z]{2,3}(?![a-z])", clean(tag).lower())
    return found[0] if found else ""


def _seconds(moment: time.struct_time | None) -> float | None:
    try:
        return float(calendar.timegm(moment)) if moment else None
    except (ValueError, OverflowError):
        return None


def _iso_seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


# ------------------------------------------------------------------------------------------ all entries
def _with_own_ids(items: Sequence[RawEntry]) -> tuple[RawEntry, ...]:
    """Give entries that share a guid, though neither link nor title, an id of their own: such a guid names nothing."""
    shared: dict[str, set[tuple[str, str]]] = {}
    for item in items:
        shared.setdefault(item.id, set()).add((item.link, item.title))
    return tuple(_with_own_id(item, shared[item.id]) for item in items)


def _with_own_id(item: RawEntry, sharers: set[tuple[str, str]]) -> RawEntry:
    links, titles = {link for link, _ in sharers}, {title for _, title in sharers}
    if len(titles) < len(sharers) or len(sharers) < 2:
        return item
    if len(links) == len(sharers):
        return item._replace(id=item.link or _hashed("title", item.title))
    # Two may be an entry before and after its headline was edited; more are a feed that puts its own address there.
    return item._replace(id=_hashed("title", item.title)) if len(links) == 1 and len(sharers) > 2 else item


def _newest(items: Sequence[RawEntry]) -> tuple[RawEntry, ...]:
    """Return the newest 200, in the feed's order; a feed that dates nothing has its newest first."""
    if len(items) <= MAX_ENTRIES:
        return tuple(items)
    by_date = sorted(range(len(items)), key=lambda i: -(items[i].published or items[i].updated or 0))
    return tuple(items[i] for i in sorted(by_date[:MAX_ENTRIES]))
