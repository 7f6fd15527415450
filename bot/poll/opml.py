"""Lists of feeds as OPML, the format in which feed readers hand them over. Pure.

An OPML file comes from strangers: no entity is expanded, nothing is loaded, and it is read up to a size.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.etree import ElementTree as Xml

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bot.errors import BotError
from bot.model import Feed
from bot.text import clean, cut

MAX_BYTES = 10 * 2**20
MAX_FEEDS = 5_000
_OURS = "urn:parley:feeds"
_MAX_TITLE = 200
_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


class OpmlError(BotError):
    """A file is no OPML that can be read."""


def read_opml(body: bytes) -> tuple[Feed, ...]:
    """Return the feeds that *body* lists, each address once, however deep; raise OpmlError if it is no OPML.

    Addresses are not checked here. What the file says is disabled (`isComment`) is so.
    """
    if len(body) > MAX_BYTES:
        raise OpmlError(f"the file is larger than {MAX_BYTES >> 20} MB")
    outlines = _Outlines()
    parser = DefusedXMLParser(target=outlines)
    try:
        parser.feed(body)
        parser.close()
    except DefusedXmlException as error:
        raise OpmlError("the file defines entities, as no honest OPML does; it is not read") from error
    except (Xml.ParseError, ValueError, LookupError) as error:
        raise OpmlError(f"the file is no XML: {error}") from error
    return tuple(outlines.feeds.values())


class _Outlines:
    """Takes in elements one by one, and keeps none but feeds: a tree of 10 MB of them would fill 600."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self._is_opml = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note the feed in an element that begins; raise OpmlError if this is no OPML, or one of too many."""
        if not self._is_opml and tag.casefold() != "opml":
            raise OpmlError(f"the file is no OPML: it begins with <{cut(clean(tag), 40)}>")
        self._is_opml = True
        if tag.casefold() != "outline":
            return
        if feed := _feed({name.casefold(): value for name, value in attributes.items()}):
            self.feeds.setdefault(feed.url, feed)
        if len(self.feeds) > MAX_FEEDS:
            raise OpmlError(f"the file lists more than {MAX_FEEDS} feeds")


def _feed(said: Mapping[str, str]) -> Feed | None:
    url = clean(said.get("xmlurl", ""))
    if not url:
        return None
    return Feed(
        url=url,
        title=cut(clean(said.get("title") or said.get("text", "")), _MAX_TITLE),
        publisher=cut(clean(_own(said, "publisher")), _MAX_TITLE),
        language=said.get("language", "").strip(),
        every=_seconds(_own(said, "every")),
        enabled=said.get("iscomment", "").casefold() != "true",
    )


def _own(said: Mapping[str, str], name: str) -> str:
    return said.get(f"{{{_OURS}}}{name}", "")


def _seconds(text: str) -> timedelta | None:
    return timedelta(seconds=int(text)) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 else None


def write_opml(feeds: Sequence[Feed], now: datetime) -> bytes:
    """Return *feeds* as OPML that any feed reader takes; what only Parley knows stands in a namespace of its own."""
    root = Xml.Element("opml", {"version": "2.0"})
    head = Xml.SubElement(root, "head")
    Xml.SubElement(head, "title").text = "Parley's feeds"
    Xml.SubElement(head, "dateCreated").text = format_datetime(now)
    body = Xml.SubElement(root, "body")
    for feed in feeds:
        Xml.SubElement(body, "outline", _attributes(feed))
    Xml.register_namespace("parley", _OURS)
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _attributes(feed: Feed) -> dict[str, str]:
    said = {
        "type": "rss",
        "text": feed.title or feed.url,
        "title": feed.title,
        "xmlUrl": feed.url,
        "language": feed.language,
        "isComment": "" if feed.enabled else "true",
        f"{{{_OURS}}}publisher": feed.publisher,
        f"{{{_OURS}}}every": f"{feed.every.total_seconds():.0f}" if feed.every else "",
    }
    return {name: value.translate(_NOT_XML) for name, value in said.items() if value}
