"""Find the feeds that a web page names: people give the address of a site where that of its feed is wanted. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from bot.poll.encoding import decode
from bot.text import clean

MAX_LINKS = 20
_SEARCHED = 512 * 2**10
"""Bytes of a page: the links stand in its head, or in the footer of a page that is not huge."""
_MAX_LINK = 2000

_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_FEED = re.compile(r"<(?:rss|feed|[\w.-]+:feed|rdf:rdf|channel)[\s>]", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
# No "<" within a tag: a page full of beginnings then costs one pass.
_TAG = re.compile(r"<(link|a|base)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]{2,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FEED_TYPE = re.compile(r"(?:application|text)/(?:rss|atom|rdf|feed)\+(?:xml|json)\b|application/json\b", re.IGNORECASE)
_FEED_PATH = re.compile(r"(?:^|[/._?=&-])(?:rss|feeds?|atom|rdf)(?:[/._?=&0-9-]|$)", re.IGNORECASE)
_NO_FEED_PATH = re.compile(
    r"feedback|/wp-json/|/oembed|comments/feed|\.(?:png|jpe?g|gif|svg|css|js)(?:\?|$)", re.IGNORECASE
)


class FeedLink(NamedTuple):
    """A feed that a page names: its absolute address, and its title there ("" for none)."""

    url: str
    title: str


def is_page(body: bytes, content_type: str = "") -> bool:
    """Return whether *body* is a web page, whatever its content type says, and no feed."""
    start = decode(body[:4096], content_type).lstrip()
    page, feed = _PAGE.search(start), _FEED.search(start)
    return page is not None and start.startswith("<") and (feed is None or page.start() < feed.start())


def feed_links(body: bytes, url: str, content_type: str = "") -> tuple[FeedLink, ...]:
    """Return the feeds that the page *body*, fetched from *url*, names; the likeliest first, 20 at most.

    What a page says in its head is a feed comes before what merely looks like one by its address.
    """
    text = _HIDDEN.sub(" ", decode(body[:_SEARCHED], content_type))
    base, said, guessed = url, dict[str, str](), dict[str, str]()
    for tag, attributes in _tags(text):
        if tag == "base":
            base = _absolute(attributes.get("href", ""), url) or base
        elif link := _absolute(attributes.get("href", ""), base):
            if tag == "link" and _is_said(attributes) and not _NO_FEED_PATH.search(link):
                said.setdefault(link, clean(attributes.get("title", "")))
            elif tag == "a" and _is_likely(link):
                guessed.setdefault(link, clean(attributes.get("title", "")))
    found = said | {link: title for link, title in guessed.items() if link not in said}
    return tuple(FeedLink(*item) for item in found.items() if item[0] != url)[:MAX_LINKS]


def _tags(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for tag in _TAG.finditer(text):
        attributes = {
            name.lower(): html.unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(tag[2])
        }
        yield tag[1].lower(), attributes


def _is_said(attributes: Mapping[str, str]) -> bool:
    relations = attributes.get("rel", "").lower().split()
    return "feed" in relations or ("alternate" in relations and bool(_FEED_TYPE.match(attributes.get("type", ""))))


def _is_likely(link: str) -> bool:
    parts = urlsplit(link)
    address = f"{parts.path}?{parts.query}"
    return bool(_FEED_PATH.search(address)) and not _NO_FEED_PATH.search(address)


def _absolute(link: str, base: str) -> str:
    """Return *link* as a web address without its fragment, "" if it is none."""
    try:
        address = urljoin(base, clean(link)) if clean(link) else ""
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    return parts._replace(fragment="").geturl() if usable and len(address) <= _MAX_LINK else ""
