"""OPML in and out: what goes out comes in again, and no file brings more than a list of feeds."""

import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Feed
from bot.poll.opml import MAX_BYTES, MAX_FEEDS, OpmlError, read_opml, write_opml
from bot.text import clean
from tests.make import NOON

READER = b"""<?xml version="1.0" encoding="windows-1251"?>
<!-- as readers write it: folders, capitals, the same feed twice -->
<OPML version="1.1"><head><title>my feeds</title></head><body>
<outline text="\xd1\xe2\xb3\xf2">
  <outline text="\xcd\xee\xe2\xe8\xed\xe8" title="" type="rss" xmlURL=" https://a.example/rss "/>
  <outline text="A folder"><outline title="B" xmlUrl="https://b.example/?x=1&amp;y=2" language="en"/></outline>
</outline>
<outline text="again" xmlUrl="https://a.example/rss"/>
<outline text="a link" type="link" url="https://c.example"/>
<outline text="off" xmlUrl="https://d.example/rss" isComment="true"/>
</body></OPML>"""


def test_what_a_feed_reader_exports_is_read() -> None:
    a, b, off = read_opml(READER)

    assert (a.url, a.title) == ("https://a.example/rss", "Новини")
    assert (b.url, b.title, b.language) == ("https://b.example/?x=1&y=2", "B", "en")
    assert (off.url, off.enabled) == ("https://d.example/rss", False)


texts = st.text(max_size=40).map(clean)
feeds = st.builds(
    Feed,
    url=st.from_regex(r"https://[a-z]{1,9}\.example/[a-z]{0,5}(\?q=[&<>\"'а-я]{0,5})?", fullmatch=True),
    title=texts.filter(bool),
    publisher=texts,
    language=st.sampled_from(["", "en", "uk"]),
    every=st.none() | st.integers(300, 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    enabled=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(feeds, max_size=8, unique_by=lambda feed: feed.url))
def test_what_goes_out_comes_in_again(listed: list[Feed]) -> None:
    assert read_opml(write_opml(listed, NOON)) == tuple(listed)


BOMB = b'<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><opml><body><outline text="&b;"/></body></opml>'
OUTSIDE = b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><body><outline text="&a;"/></body></opml>'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BOMB, "entities"),
        (OUTSIDE, "entities"),
        (b"", "no XML"),
        (b"<html><body>", "no OPML: it begins with <html>"),
        (b'<?xml version="1.0" encoding="klingon"?><opml/>', "no XML"),
        (b"<rss/>", "no OPML: it begins with <rss>"),
        (b"\x00" * 100, "no XML"),
        (b"<opml>" + b" " * MAX_BYTES, "larger than 10 MB"),
        (
            b"<opml>"
            + b"".join(b'<outline xmlUrl="https://x.example/%d"/>' % n for n in range(MAX_FEEDS + 1))
            + b"</opml>",
            "more than 5000 feeds",
        ),
    ],
)
def test_what_is_no_honest_opml_is_refused_in_words(body: bytes, why: str) -> None:
    with pytest.raises(OpmlError, match=why):
        read_opml(body)


def test_folders_may_be_as_deep_as_somebody_likes() -> None:
    deep = 50_000
    body = b"<outline>" * deep + b'<outline xmlUrl="https://x.example/"/>' + b"</outline>" * deep

    assert [feed.url for feed in read_opml(b"<opml>" + body + b"</opml>")] == ["https://x.example/"]


def test_an_address_that_would_play_with_a_terminal_is_text_like_any_other() -> None:
    (found,) = read_opml(b'<opml><outline xmlUrl="http://x.example/&#x9b;2J&#x202e;y&#10;z"/></opml>')

    assert found.url == "http://x.example/ 2Jy z"


def test_a_file_full_of_elements_takes_little_more_memory_than_itself() -> None:
    body = b"<opml>" + b"<a/>" * 200_000 + b"</opml>"

    tracemalloc.start()
    found = read_opml(body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == ()
    assert most < 2 * len(body)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda noise: READER[:200] + noise + READER[200:]))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    try:
        found = read_opml(body)
    except OpmlError:
        return  # any other error fails the test

    assert all(isinstance(feed, Feed) for feed in found)
