"""A recorded week of feeds, served on the loopback as if it were happening: what `parley demo` polls.

The week's time is given by the caller; nothing here reads the wall clock. The items are in `bot/data/week`.
"""

import hashlib
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from xml.dom.minidom import Document, Element

from bot.model import Clock, Feed
from bot.toml import parse_toml

WEEK = files("bot") / "data" / "week"
PUBLISHERS = WEEK / "publishers.toml"
"""The week's invented publishers, for `load_catalog(extra_publishers=[PUBLISHERS])`."""

SAME_MOMENT = timedelta(hours=1)
MOST_ITEMS = 30
_ATOM = "http://www.w3.org/2005/Atom"
_NODES = Document()
_NAMED = str.maketrans({"—": "&mdash;", "–": "&ndash;", "«": "&laquo;", "»": "&raquo;"})
_CONTENT_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml"}


# ------------------------------------------------------------------------------------------ what was recorded
@dataclass(frozen=True, slots=True)
class Edit:
    """A headline that the publisher changed: from *at* on it reads *title*."""

    at: datetime
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedItem:
    """An item of a feed. *published* is in the publisher's own zone, None if the item carries no date.

    *appears_at* is when the feed first shows it, which may be later.
    """

    id: str
    title: str
    summary: str
    link: str
    appears_at: datetime
    published: datetime | None = None
    edits: tuple[Edit, ...] = ()

    @property
    def guid(self) -> str:
        """Return the item's id as a tag URI, which Atom asks for."""
        return f"tag:{urlsplit(self.link).hostname},2025:{self.id}"

    def title_at(self, now: datetime) -> str:
        """Return the headline as it read at *now*."""
        return next((edit.title for edit in reversed(self.edits) if edit.at <= now), self.title)

    def changed_at(self, now: datetime) -> datetime:
        """Return when the item last changed before *now*."""
        return max([self.appears_at, *(edit.at for edit in self.edits if edit.at <= now)])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFeed:
    """A feed of the week. *summaries* says how its XML carries them: as text, as escaped html or as cdata."""

    path: str
    title: str
    publisher: str
    language: str
    format: str
    encoding: str
    summaries: str
    every: timedelta
    home: str
    items: tuple[RecordedItem, ...]

    @property
    def content_type(self) -> str:
        """Return the Content-Type header that goes with it."""
        return f"{_CONTENT_TYPES[self.format]}; charset={self.encoding}"

    def visible(self, now: datetime) -> Sequence[RecordedItem]:
        """Return the items that the feed shows at *now*, newest first."""
        shown = [item for item in self.items if item.appears_at <= now]
        return sorted(shown, key=lambda item: item.appears_at, reverse=True)[:MOST_ITEMS]

    def render(self, now: datetime) -> bytes:
        """Return the feed's XML at *now*, in its own encoding."""
        document = Document()
        document.appendChild(_RENDERERS[self.format](self, now))
        return document.toxml(encoding=self.encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWeek:
    """All feeds of the week, by path. What they show at *starts_at* is what was there before we came."""

    starts_at: datetime
    ends_at: datetime
    recordings: Mapping[str, RecordedFeed]

    @classmethod
    def load(cls, folder: Traversable = WEEK) -> Self:
        """Read the week from *folder*; raise ConfigError if a file is no TOML."""
        week = _read(folder / "week.toml")
        recordings = [_recorded_feed(_read(folder / f"{name}.toml"), week["site"]) for name in week["feeds"]]
        return cls(
            starts_at=week["starts"],
            ends_at=week["ends"],
            recordings={recording.path: recording for recording in recordings},
        )

    def feeds(self, base_url: str) -> tuple[Feed, ...]:
        """Return the feeds to poll, as if an operator had configured them."""
        return tuple(
            Feed(
                url=base_url + recording.path,
                title=recording.title,
                publisher=recording.publisher,
                language=recording.language,
                every=recording.every,
            )
            for recording in self.recordings.values()
        )

    def moments(self) -> tuple[datetime, ...]:
        """Return the start and then each time when something new has appeared; what is near in time shares one."""
        return (self.starts_at, *_last_of_each_cluster(sorted(self._changes())))

    def render(self, feed: Feed, now: datetime) -> bytes:
        """Return the XML of *feed* at *now*."""
        return self.recordings[urlsplit(feed.url).path].render(now)

    def _changes(self) -> set[datetime]:
        return {
            at.astimezone(UTC)
            for recording in self.recordings.values()
            for item in recording.items
            for at in (item.appears_at, *(edit.at for edit in item.edits))
            if at > self.starts_at
        }


def _last_of_each_cluster(times: Sequence[datetime]) -> list[datetime]:
    """Return the last of the *times* within `SAME_MOMENT` of the first, and so on with those behind it."""
    clusters: list[list[datetime]] = []
    for time in times:
        if clusters and time - clusters[-1][0] <= SAME_MOMENT:
            clusters[-1].append(time)
        else:
            clusters.append([time])
    return [cluster[-1] for cluster in clusters]


# ------------------------------------------------------------------------------------------ reading it
def _read(file: Traversable) -> dict[str, Any]:
    return parse_toml(file.read_text(encoding="utf-8"), file.name).data


def _recorded_feed(raw: Mapping[str, Any], site: str) -> RecordedFeed:
    home = f"https://{raw['publisher']}.{site}/"
    return RecordedFeed(
        path=raw["path"],
        title=raw["title"],
        publisher=raw["publisher"],
        language=raw["language"],
        format=raw["format"],
        encoding=raw["encoding"],
        summaries=raw["summaries"],
        every=timedelta(minutes=raw["minutes"]),
        home=home,
        items=tuple(_recorded_item(item, home) for item in raw["item"]),
    )


def _recorded_item(raw: Mapping[str, Any], home: str) -> RecordedItem:
    return RecordedItem(
        id=raw["id"],
        title=raw["title"],
        summary=raw["summary"],
        link=home + raw.get("link", raw["id"]),
        published=raw.get("published"),
        appears_at=raw["appears"] if "appears" in raw else raw["published"],
        edits=tuple(Edit(edit["at"], edit["title"]) for edit in raw.get("edits", ())),
    )


# ------------------------------------------------------------------------------------------ writing XML
def _rss(feed: RecordedFeed, now: datetime) -> Element:
    root = _node("rss", version="2.0")
    channel = _add(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.title)
    _add(channel, "language", feed.language)
    for item in feed.visible(now):
        node = _add(channel, "item")
        _add(node, "title", item.title_at(now))
        _add(node, "link", item.link)
        _add(node, "guid", item.guid, isPermaLink="false")
        _summary(node, "description", item, feed)
        if item.published:
            _add(node, "pubDate", format_datetime(item.published))
    return root


def _atom(feed: RecordedFeed, now: datetime) -> Element:
    root = _node("feed", **{"xmlns": _ATOM, "xml:lang": feed.language})
    shown = feed.visible(now)
    _add(root, "id", feed.home)
    _add(root, "title", feed.title)
    _add(root, "link", href=feed.home)
    _add(root, "updated", max(item.changed_at(now) for item in shown).isoformat())
    for item in shown:
        node = _add(root, "entry")
        _add(node, "id", item.guid)
        _add(node, "title", item.title_at(now))
        _add(node, "link", href=item.link)
        _summary(node, "summary", item, feed).setAttribute("type", "text" if feed.summaries == "text" else "html")
        _add(node, "updated", item.changed_at(now).isoformat())
        if item.published:
            _add(node, "published", item.published.isoformat())
    return root


_RENDERERS: Mapping[str, Callable[[RecordedFeed, datetime], Element]] = {"rss": _rss, "atom": _atom}


def _summary(parent: Element, tag: str, item: RecordedItem, feed: RecordedFeed) -> Element:
    if feed.summaries == "text":
        return _add(parent, tag, item.summary)
    markup = f"<p>{html.escape(item.summary, quote=False).translate(_NAMED)}</p>"
    if feed.summaries == "html":
        return _add(parent, tag, markup)
    node = _add(parent, tag)
    node.appendChild(_NODES.createCDATASection(markup))
    return node


def _add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    node = _node(tag, text, **attributes)
    parent.appendChild(node)
    return node


def _node(tag: str, text: str = "", **attributes: str) -> Element:
    node = _NODES.createElement(tag)
    for name, value in attributes.items():
        node.setAttribute(name, value)
    if text:
        node.appendChild(_NODES.createTextNode(text))
    return node


# ------------------------------------------------------------------------------------------ serving it
class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # all feeds are asked at once; one that finds the queue full waits a second


class ReplayServer:
    """Serves the week on 127.0.0.1 while the `with` block runs, each feed as it stands at *clock*'s time."""

    def __init__(self, week: RecordedWeek, clock: Clock) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(week, clock))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base_url(self) -> str:
        """Return what goes before a feed's path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(week: RecordedWeek, clock: Clock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: in two, the second waits 40 ms for the first's receipt
        timeout = 5  # an idle kept-alive connection must not outlive the demo

        def do_GET(self) -> None:
            recording = week.recordings.get(urlsplit(self.path).path)
            if not recording:
                self._answer(HTTPStatus.NOT_FOUND)
                return
            body = recording.render(clock())
            etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
            if self.headers.get("If-None-Match") == etag:
                self._answer(HTTPStatus.NOT_MODIFIED, ETag=etag)
            else:
                self._answer(HTTPStatus.OK, body, ETag=etag, Content_Type=recording.content_type)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the screen belongs to the demo."""

        def _answer(self, status: HTTPStatus, body: bytes = b"", **headers: str) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            if status is not HTTPStatus.NOT_MODIFIED:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
