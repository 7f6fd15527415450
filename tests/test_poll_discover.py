"""Which feeds a web page names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.poll.discover import MAX_LINKS, FeedLink, feed_links, is_page

HERE = "https://news.example/world/"


def page(head: str = "", body: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def found(head: str = "", body: str = "") -> list[str]:
    return [link.url for link in feed_links(page(head, body), HERE)]


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="alternate" type="application/rss+xml" title="News" href="https://news.example/rss">',
        '<link title="News" href="/rss" type="application/rss+xml" rel="alternate" />',
        "<LINK REL='Alternate' TYPE='application/rss+xml; charset=utf-8' TITLE='News' HREF='../rss'>",
        '<link rel="home alternate" type=application/atom+xml title=News href=/rss>',
        '<link\n rel="alternate"\n type="application/feed+json"\n title="News"\n href="/rss"\n>',
        '<link rel="feed" title="News" href="//news.example/rss#top">',
        '<base href="https://news.example/"><link rel="alternate" type="text/xml+rss" href="x">'
        '<link rel="alternate" type="text/rss+xml" title="News" href="rss">',
    ],
)
def test_a_feed_named_in_the_head_is_found_however_it_is_written(tag: str) -> None:
    links = feed_links(page(tag), HERE)

    assert links == (FeedLink("https://news.example/rss", "News"),)


def test_what_is_no_link_to_a_feed_is_left_alone() -> None:
    head = """
        <link rel="stylesheet" type="text/css" href="/feed.css">
        <link rel="alternate" hreflang="uk" href="/uk/">
        <link rel="alternate" type="application/json+oembed" href="/oembed?url=x">
        <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
        <link rel="alternate" type="application/rss+xml" href="/comments/feed/">
        <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
        <link rel="alternate" type="application/rss+xml" href="">
        <link rel="alternate" type="application/rss+xml" href="http://[">
        <!-- <link rel="alternate" type="application/rss+xml" href="/old"> -->
        <script>document.write('<link rel="alternate" type="application/rss+xml" href="/script">')</script>
    """
    body = '<a href="/feedback">Write to us</a> <a href="/about">About</a> <a href="/rss.png">icon</a>'

    assert found(head, body) == []


@pytest.mark.parametrize(
    "link", ["/rss", "/rss.xml", "/feed/", "/feeds/world", "/news/atom.xml", "/?feed=rss2", "/index.rdf"]
)
def test_a_link_that_looks_like_a_feed_is_found_if_the_head_says_nothing(link: str) -> None:
    assert found(body=f'<p><a class="x" href="{link}">RSS</a>') == [f"https://news.example{link}"]


def test_what_the_head_says_comes_before_guesses_and_nothing_comes_twice() -> None:
    head = '<link rel="alternate" type="application/rss+xml" href="/main.xml">'
    body = '<a href="/rss">RSS</a> <a href="/rss#x">again</a> <a href="/main.xml">main</a>'

    assert found(head, body) == ["https://news.example/main.xml", "https://news.example/rss"]


def test_the_page_itself_is_not_named() -> None:
    assert found(body=f'<a href="{HERE}">here</a> <a href="https://news.example/world/rss">RSS</a>') == [HERE + "rss"]


def test_a_page_full_of_links_names_a_few() -> None:
    assert len(found(body="".join(f'<a href="/rss/{n}">x</a>' for n in range(500)))) == MAX_LINKS


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<!DOCTYPE html>\n<p>Hello", True),
        (b"\xef\xbb\xbf  <html lang='uk'><head>", True),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml">', True),
        (b"<?xml version='1.0'?><rss version='2.0'><channel><description>&lt;html&gt; <html>", False),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'><title>html", False),
        (b"<rdf:RDF><channel>", False),
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "<html>"}', False),
        (b"", False),
        (b"just words", False),
    ],
)
def test_a_page_is_told_from_a_feed(body: bytes, is_one: bool) -> None:
    assert is_page(body, "application/rss+xml") == is_one


@given(st.binary(max_size=2000) | st.text().map(lambda text: page(text, text)))
def test_any_bytes_get_an_answer_of_web_addresses_only(body: bytes) -> None:
    links = feed_links(body, HERE)

    assert all(link.url.startswith(("http://", "https://")) for link in links)


@pytest.mark.parametrize(
    "part", ["<link ", '<a href="', "<!--", "<script", "<link rel=alternate href=x ", "a=" * 50, "<a x='\""]
)
def test_a_page_written_to_be_slow_costs_one_pass(part: str) -> None:
    began = time.process_time()

    feed_links(page(part * (2**20 // len(part))), HERE)

    assert time.process_time() - began < 5  # quadratic would be hours
