"""`parley feeds …` as an operator meets it: the real process, a real server, a real config.toml."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import load_config
from bot.model import FeedChoice
from bot.store.archive import ArchiveStore
from tests import make
from tests.feed_server import Answer, FeedServer
from tests.process import parley
from tests.talk import rss
from tests.test_cli import said

pytestmark = pytest.mark.slow

PAGE = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="{}"></head><body>'
HEAD = '# my feeds\n[polling]\nallow_private = ["127.0.0.1"]  # the server next door\n\n'


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        running.serve("/rss", rss("One", "Two", title="The Harbour Post"))
        running.serve("/page", Answer(body=PAGE.format("/rss").encode(), content_type="text/html"))
        running.serve("/empty", Answer(body=b"<!doctype html><html><body>no feeds", content_type="text/html"))
        yield running


def write(folder: Path, *urls: str) -> Path:
    config = folder / "config.toml"
    config.write_text(HEAD + "".join(f'[[feeds]]\nurl = "{url}"\n\n' for url in urls))
    return config


def test_a_feed_is_looked_at_added_listed_and_removed(tmp_path: Path, server: FeedServer) -> None:
    config, url = write(tmp_path), server.url("/rss")
    before = config.read_text()

    added = parley(tmp_path, "feeds", "add", url, "--language", "en", "--every", "10 min")
    [feed] = load_config(config).feeds
    listed = parley(tmp_path, "feeds", "list")
    again = parley(tmp_path, "feeds", "add", url + "/")
    removed = parley(tmp_path, "feeds", "remove", "harbour")

    assert (added.returncode, feed.title, feed.url, feed.language) == (0, "The Harbour Post", url, "en")
    assert "2 entries, the newest 10 min ago" in said(added)
    assert "The Harbour Post" in said(listed)
    assert "not asked yet" in said(listed)
    assert again.returncode == 2
    assert "is there already: 1 The Harbour Post" in said(again)
    assert (removed.returncode, config.read_text().rstrip()) == (0, before.rstrip())


def test_the_feed_of_a_page_is_added_in_its_place(tmp_path: Path, server: FeedServer) -> None:
    config = write(tmp_path)

    done = parley(tmp_path, "feeds", "add", server.url("/page"), "--title", "Mine")

    assert done.returncode == 0
    assert f"(found at {server.url('/page')})" in said(done)
    assert [(feed.url, feed.title) for feed in load_config(config).feeds] == [(server.url("/rss"), "Mine")]


@pytest.mark.parametrize(
    ("given", "code", "complaint"),
    [
        (["/nothing"], 1, "there is nothing at this address (HTTP 404)"),
        (["/empty"], 1, "this is a web page, not a feed"),
        (["/rss", "--every", "often"], 2, "must be a number with a unit"),
        (["/rss", "--language", "ua"], 2, 'Ukrainian is "uk"'),
    ],
)
def test_what_is_no_feed_is_not_added(
    tmp_path: Path, server: FeedServer, given: list[str], code: int, complaint: str
) -> None:
    config = write(tmp_path)

    done = parley(tmp_path, "feeds", "add", server.url(given[0]), *given[1:])

    assert done.returncode == code
    assert complaint in said(done)
    assert not load_config(config).feeds


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://[::1]/", "localhost/rss", "http://news.example:22/"]
)
def test_no_address_within_the_own_network_is_added(tmp_path: Path, url: str) -> None:
    config = write(tmp_path)

    done = parley(tmp_path, "feeds", "add", url, "--unchecked")

    assert done.returncode == 2
    assert "public internet" in said(done) or "not one of the web's" in said(done)
    assert not load_config(config).feeds


def test_a_config_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path, server: FeedServer) -> None:
    config = write(tmp_path)
    (tmp_path / "config.toml.bak").mkdir()  # root may write anywhere, but not over a folder

    done = parley(tmp_path, "feeds", "add", server.url("/rss"))

    assert done.returncode == 2
    assert "cannot be changed" in said(done)
    assert "/feed add needs no file" in said(done)
    assert not load_config(config).feeds


def test_feeds_are_checked_side_by_side_and_a_silent_one_is_exit_1(tmp_path: Path, server: FeedServer) -> None:
    write(tmp_path, server.url("/rss"), server.url("/gone"), server.url("/page"))

    done = parley(tmp_path, "feeds", "check")
    one = parley(tmp_path, "feeds", "check", "1", "--json")

    assert (done.returncode, one.returncode) == (1, 0)
    assert "1 of 3 feeds answer" in said(done)
    assert "HTTP 404" in said(done)
    assert json.loads(one.stdout)[0] | {"newest": None} == {
        "url": server.url("/rss"),
        "title": "The Harbour Post",
        "language": "",
        "entries": 2,
        "newest": None,
        "error": "",
        "moved_to": "",
        "links": [],
    }
    assert not (tmp_path / "data").exists(), "a check keeps nothing"


def test_of_a_feed_without_dates_it_is_said_that_it_will_alert_nobody(tmp_path: Path, server: FeedServer) -> None:
    body = b"<rss version='2.0'><channel><title>N</title><item><title>A</title><guid>1</guid></item></channel></rss>"
    write(tmp_path, server.serve("/undated", Answer(body=body)))

    done = parley(tmp_path, "feeds", "check")

    assert "1 entry, none with a date, so none will be alerted" in " ".join(said(done).split())


def test_the_feeds_that_a_page_names_are_discovered(tmp_path: Path, server: FeedServer) -> None:
    write(tmp_path)

    found = parley(tmp_path, "feeds", "discover", server.url("/page"))
    none = parley(tmp_path, "feeds", "discover", server.url("/empty"))

    assert found.returncode == 0
    assert "The Harbour Post" in said(found)
    assert server.url("/rss") in said(found)
    assert none.returncode == 1
    assert f"no feed was found at {server.url('/empty')}" in said(none)


def test_feeds_go_out_as_opml_and_come_in_elsewhere(tmp_path: Path, server: FeedServer) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    write(here, server.url("/rss"), server.url("/gone"))
    config = write(there, server.url("/page"))

    gone_out = parley(here, "feeds", "export", str(tmp_path / "feeds.opml"))
    tried = parley(there, "feeds", "import", str(tmp_path / "feeds.opml"), "--dry-run")
    come_in = parley(there, "feeds", "import", str(tmp_path / "feeds.opml"))
    again = parley(there, "feeds", "import", str(tmp_path / "feeds.opml"), "--unchecked")

    assert "2 feeds written" in said(gone_out)
    assert "1 feeds to be added, 0 there already, 1 left out" in said(tried)
    assert f"left out: {server.url('/gone')}: there is nothing at this address" in said(come_in)
    assert "1 feeds added, 1 there already, 0 left out" in said(again), "unchecked, the silent one comes too"
    assert [feed.url for feed in load_config(config).feeds] == [server.url(path) for path in ("/page", "/rss", "/gone")]


def test_an_opml_of_hostile_addresses_brings_none_and_asks_nobody(tmp_path: Path, server: FeedServer) -> None:
    (tmp_path / "config.toml").write_text("")
    hostile = [
        server.url("/rss"),
        "file:///etc/passwd",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:8080/",
        "gopher://x/",
    ]
    outlines = "".join(f'<outline xmlUrl="{url}"/>' for url in hostile)
    (tmp_path / "feeds.opml").write_text(f"<opml><body>{outlines}</body></opml>")

    done = parley(tmp_path, "feeds", "import", str(tmp_path / "feeds.opml"))

    assert "0 feeds added, 0 there already, 5 left out" in said(done)
    assert server.requests == []
    assert (tmp_path / "config.toml").read_text() == ""


def test_a_file_that_is_no_opml_is_said_to_be_none(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "feeds.opml").write_text("just words")

    broken = parley(tmp_path, "feeds", "import", str(tmp_path / "feeds.opml"))
    absent = parley(tmp_path, "feeds", "import", str(tmp_path / "none.opml"))

    assert (broken.returncode, absent.returncode) == (2, 2)
    assert "feeds.opml: the file is no XML" in said(broken)
    assert "none.opml cannot be read: No such file" in said(absent)


def test_what_was_added_in_chat_is_listed_and_can_be_removed(tmp_path: Path, server: FeedServer) -> None:
    write(tmp_path, server.url("/rss"))
    (tmp_path / "data").mkdir()
    with ArchiveStore.open(tmp_path / "data" / "archive.db") as archive:
        archive.choose_feed(FeedChoice(feed=make.feed(title="From chat"), added=True), make.NOON)

    listed = json.loads(parley(tmp_path, "feeds", "list", "--json").stdout)
    removed = parley(tmp_path, "feeds", "remove", "2")

    assert [(each["number"], each["from"], each["title"]) for each in listed] == [
        (1, "config.toml", "127.0.0.1"),
        (2, "chat", "From chat"),
    ]
    assert "removed: From chat" in said(removed)
    with sqlite3.connect(tmp_path / "data" / "archive.db") as database:
        assert database.execute("SELECT count(*) FROM feed_choices").fetchone() == (0,)


def test_words_that_mean_no_feed_or_several_are_asked_back(tmp_path: Path, server: FeedServer) -> None:
    write(tmp_path, server.url("/rss"), server.url("/page"))

    several, none = parley(tmp_path, "feeds", "remove", "127"), parley(tmp_path, "feeds", "remove", "harbor")

    assert (several.returncode, none.returncode) == (2, 2)
    assert "say which by its number" in said(several)
    assert "`parley feeds list` shows them" in said(none)
