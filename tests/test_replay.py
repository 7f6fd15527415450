"""The server of the recorded week behaves as a real feed server would."""

import asyncio
import html
import socket
import tomllib
from calendar import timegm
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import httpx
import pytest

from bot.catalog import load_catalog
from bot.errors import ConfigError
from bot.model import Entry, EntryKey, Feed, FeedState
from bot.poll.fetch import HttpFetcher
from bot.poll.parse import parse
from bot.poll.replay import MOST_ITEMS, PUBLISHERS, SAME_MOMENT, RecordedItem, RecordedWeek, ReplayServer
from bot.ports import Fetched
from tests.make import minutes

WEEK = RecordedWeek.load()
FEEDS = WEEK.feeds("http://127.0.0.1:1")
BY_NAME = {feed.publisher: feed for feed in FEEDS}


class Hand:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 5, day, hour, minute, tzinfo=UTC)


def items_of(feed: Feed) -> tuple[RecordedItem, ...]:
    return next(r.items for r in WEEK.recordings.values() if r.publisher == feed.publisher)


def parsed(feed: Feed, now: datetime) -> feedparser.FeedParserDict:
    return feedparser.parse(WEEK.render(feed, now))


# ------------------------------------------------------------------------------------------ moments
def test_moments_start_with_the_baseline_and_grow_to_the_end_of_the_week() -> None:
    moments = WEEK.moments()

    assert moments[0] == WEEK.starts_at
    assert moments == tuple(sorted(set(moments)))
    assert moments[-1] <= WEEK.ends_at
    assert 40 <= len(moments) <= 60


def test_every_item_and_edit_is_shown_within_an_hour_of_its_time() -> None:
    moments = WEEK.moments()
    changes = [item.appears_at for feed in FEEDS for item in items_of(feed) if item.appears_at > WEEK.starts_at]

    waits = [min(m for m in moments if m >= change) - change for change in changes]

    assert max(waits) <= SAME_MOMENT


# ------------------------------------------------------------------------------------------ rendering
@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.publisher)
def test_a_feed_parses_without_complaint_at_every_moment(feed: Feed) -> None:
    states = {WEEK.render(feed, now): now for now in WEEK.moments()}

    for body, now in states.items():
        read = feedparser.parse(body)

        assert not read.bozo, read.get("bozo_exception")
        assert read.feed.title == feed.title
        assert read.feed.language == feed.language
        assert [e.title for e in read.entries] == [i.title_at(now) for i in shown(feed, now)]
        assert [e.id for e in read.entries] == [i.guid for i in shown(feed, now)]
        assert [e.link for e in read.entries] == [i.link for i in shown(feed, now)]
        assert [plain_summary(e) for e in read.entries] == [i.summary for i in shown(feed, now)]


def shown(feed: Feed, now: datetime) -> list[RecordedItem]:
    visible = [item for item in items_of(feed) if item.appears_at <= now]
    return sorted(visible, key=lambda item: item.appears_at, reverse=True)[:MOST_ITEMS]


def plain_summary(entry: feedparser.FeedParserDict) -> str:
    return html.unescape(entry.summary).removeprefix("<p>").removesuffix("</p>")


def published(entry: feedparser.FeedParserDict) -> datetime | None:
    return datetime.fromtimestamp(timegm(entry.published_parsed), UTC) if "published" in entry else None


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.publisher)
def test_a_date_is_given_as_the_publisher_wrote_it_and_left_out_where_he_gave_none(feed: Feed) -> None:
    entries = parsed(feed, WEEK.ends_at).entries

    told = [published(e) for e in entries]

    assert told == [item.published and item.published.astimezone(UTC) for item in shown(feed, WEEK.ends_at)]


def test_an_item_appears_from_its_time_on() -> None:
    item = next(i for i in items_of(BY_NAME["kalyna"]) if i.id == "ka-0508-2")

    before = parsed(BY_NAME["kalyna"], item.appears_at - minutes(1))
    after = parsed(BY_NAME["kalyna"], item.appears_at)

    assert item.guid not in {e.id for e in before.entries}
    assert after.entries[0].id == item.guid


def test_a_late_report_keeps_its_old_date() -> None:
    item = next(i for i in items_of(BY_NAME["vechirniy-podil"]) if i.id == "vp-0513-1")
    assert item.published
    assert item.appears_at > item.published

    before = parsed(BY_NAME["vechirniy-podil"], item.appears_at - minutes(1))
    entry = parsed(BY_NAME["vechirniy-podil"], item.appears_at).entries[0]

    assert item.guid not in {e.id for e in before.entries}
    assert entry.id == item.guid
    assert published(entry) == item.published


def test_an_edited_headline_keeps_its_id() -> None:
    old = parsed(BY_NAME["wharfside-post"], at(11, 18)).entries[0]
    new = parsed(BY_NAME["wharfside-post"], at(11, 19, 10)).entries[0]

    assert old.title == "Zelensky to meet Putin in Turkey on Thursday"
    assert new.title == "Zelensky says he will wait for Putin in Turkey on Thursday"
    assert (old.id, old.published) == (new.id, new.published)


def test_feeds_come_in_several_encodings_and_formats() -> None:
    circular = WEEK.render(BY_NAME["stolichny-cirkulyar"], at(8, 0))
    kinds = {parsed(feed, at(8, 0)).version for feed in FEEDS}

    assert "Трехдневное перемирие началось".encode("windows-1251") in circular
    assert b"<![CDATA[<p>" in WEEK.render(BY_NAME["olive-gate"], at(8, 0))
    assert b"&lt;p&gt;" in WEEK.render(BY_NAME["wharfside-post"], at(8, 0))
    assert kinds == {"rss20", "atom10"}


def test_a_week_that_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "week.toml").write_text("starts = soon\n")

    with pytest.raises(ConfigError, match=r"week\.toml:1"):
        RecordedWeek.load(tmp_path)


def test_the_week_can_be_read_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "week.toml").write_text(
        'starts = 2025-05-08T00:00:00Z\nends = 2025-05-09T00:00:00Z\nsite = "example.org"\nfeeds = ["one"]\n'
    )
    (tmp_path / "one.toml").write_text(
        'path = "/one"\ntitle = "One"\npublisher = "one"\nlanguage = "en"\nformat = "rss"\nencoding = "utf-8"\n'
        'summaries = "text"\nminutes = 10\n'
        + "".join(
            f'[[item]]\nid = "{time}"\npublished = 2025-05-08T{time}:00Z\ntitle = "T"\nsummary = ""\n'
            for time in ("03:00", "03:40", "04:00", "04:01", "09:00")
        )
    )

    week = RecordedWeek.load(tmp_path)

    assert week.moments() == (at(8, 0), at(8, 4), at(8, 4, 1), at(8, 9))


# ------------------------------------------------------------------------------------------ serving
@pytest.fixture
def clock() -> Hand:
    return Hand(WEEK.starts_at)


@pytest.fixture
def server(clock: Hand) -> Iterator[ReplayServer]:
    with ReplayServer(WEEK, clock) as running:
        yield running


def test_an_unchanged_feed_is_not_sent_twice(server: ReplayServer, clock: Hand) -> None:
    feed = WEEK.feeds(server.base_url)[0]
    with httpx.Client(trust_env=False) as client:
        first = client.get(feed.url)
        clock.now += minutes(5)
        second = client.get(feed.url, headers={"If-None-Match": first.headers["ETag"]})
        clock.now = at(8, 8)
        third = client.get(feed.url, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, second.status_code, third.status_code) == (200, 304, 200)
    assert (second.content, second.headers["ETag"]) == (b"", first.headers["ETag"])
    assert third.headers["ETag"] != first.headers["ETag"]
    assert third.content == WEEK.render(feed, clock.now)


def test_every_feed_is_served_with_its_type_and_charset(server: ReplayServer) -> None:
    feeds = WEEK.feeds(server.base_url)
    with httpx.Client(trust_env=False) as client:
        answers = {feed.publisher: client.get(feed.url) for feed in feeds}

    assert {name: a.content for name, a in answers.items()} == {
        feed.publisher: WEEK.render(feed, WEEK.starts_at) for feed in feeds
    }
    assert answers["stolichny-cirkulyar"].headers["Content-Type"] == "application/rss+xml; charset=windows-1251"
    assert answers["dalny-port"].headers["Content-Type"] == "application/atom+xml; charset=utf-8"


def test_a_request_that_is_none_leaves_no_line_on_the_screen(
    server: ReplayServer, capfd: pytest.CaptureFixture[str]
) -> None:
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as stranger:
        stranger.sendall(b"nonsense\r\n\r\n")
        stranger.recv(1024)

    assert capfd.readouterr().err == ""


def test_an_unknown_path_is_not_found(server: ReplayServer) -> None:
    assert httpx.get(server.base_url + "/nothing", trust_env=False).status_code == 404


def test_nothing_listens_after_the_block(clock: Hand) -> None:
    with ReplayServer(WEEK, clock) as server:
        url = WEEK.feeds(server.base_url)[0].url
        assert httpx.get(url, trust_env=False).status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


@pytest.mark.slow
async def test_everything_recorded_arrives_once_and_as_written_by_way_of_fetching_and_parsing(
    server: ReplayServer, clock: Hand
) -> None:
    feeds = WEEK.feeds(server.base_url)
    states = {feed.url: FeedState(url=feed.url, next_check_at=clock.now) for feed in feeds}
    arrived: dict[EntryKey, Entry] = {}

    async with HttpFetcher(allow_private=frozenset({"127.0.0.1"})) as fetcher:
        for clock.now in WEEK.moments():
            answers = await asyncio.gather(*(fetcher.fetch(feed, states[feed.url]) for feed in feeds))
            for feed, answer in zip(feeds, answers, strict=True):
                if isinstance(answer, Fetched):
                    states[feed.url] = replace(states[feed.url], etag=answer.etag)
                    entries = parse(answer.body, feed, clock.now, url=answer.url, content_type=answer.content_type)
                    arrived = {entry.key: entry for entry in entries} | arrived

    assert {(e.key.id, e.title, e.summary, e.link, e.published, e.language) for e in arrived.values()} == {
        (i.guid, i.title, i.summary, i.link, i.published and i.published.astimezone(UTC), recording.language)
        for recording in WEEK.recordings.values()
        for i in recording.items
    }


# ------------------------------------------------------------------------------------------ publishers
def test_every_feed_has_a_publisher_that_no_real_one_is_called(tmp_path: Path) -> None:
    real = load_catalog()
    catalog = load_catalog(extra_publishers=[PUBLISHERS])
    week = publisher_ids(PUBLISHERS)

    assert {feed.publisher for feed in FEEDS} == week
    assert not week & set(real.publishers)
    assert {catalog.publisher(feed.title).id for feed in FEEDS} >= {"wharfside-post", "kalyna", "dalny-port"}
    assert all(catalog.publisher(f"{name}.example.org").id == name for name in week)


def publisher_ids(file: Traversable) -> set[str]:
    return set(tomllib.loads(file.read_text(encoding="utf-8"))["publisher"])
