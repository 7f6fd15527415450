"""Only unseen items of a feed are parsed, and nobody can tell."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Entry
from bot.poll.identity import fresh
from bot.poll.ladder import read_unseen
from bot.poll.parse import NoFeedError, read
from bot.poll.raw import HASH_LENGTH, RawFeed, as_entries
from tests.make import NOON, feed
from tests.malformed import captured_feeds, damaged, own_feeds
from tests.shared import SHARED, needs

URL = "https://news.example/rss"


def rss(*items: str, head: str = "<title>News</title>", tail: str = "", root: str = "") -> bytes:
    inner = "".join(f"<item>{item}</item>\n" for item in items)
    return f"<?xml version='1.0'?><rss version='2.0'{root}><channel>{head}{inner}{tail}</channel></rss>".encode()


def item(n: int | str, **given: str) -> str:
    parts = {"title": f"Talks in Cairo go on for day {n}", "link": f"https://news.example/{n}", "guid": f"{n}"} | given
    return "".join(f"<{name}>{text}</{name}>" for name, text in parts.items())


def second(before: bytes, after: bytes) -> RawFeed:
    """Return what is read of a feed's second body."""
    return read_unseen(after, URL, seen=read_unseen(before, URL).hashes)


def titles(raw: RawFeed) -> list[str]:
    return [entry.title.removeprefix("Talks in Cairo go on for day ") for entry in raw.entries]


def entries(raw: RawFeed) -> Sequence[Entry]:
    return as_entries(raw, feed(), NOON)


# ------------------------------------------------------------------------------------------ what is read
def test_a_first_body_is_read_in_whole() -> None:
    first = read_unseen(rss(item(1), item(2)), URL)

    assert first.entries == read(rss(item(1), item(2)), URL).entries
    assert (first.offered, len(first.hashes)) == (2, 2 * HASH_LENGTH)


def test_of_a_second_body_only_what_is_new_is_read_and_it_is_what_the_whole_would_have_given() -> None:
    after = rss(item(3), item(2), item(1), head="<title>News</title><lastBuildDate>now</lastBuildDate>")

    read_now = second(rss(item(2), item(1)), after)

    assert titles(read_now) == ["3"]
    assert read_now.entries == read(after, URL).entries[:1]
    assert (read_now.offered, read_now.title) == (3, "News")


def test_an_item_that_was_edited_is_read_again() -> None:
    read_now = second(rss(item(1), item(2)), rss(item(1), item(2, title="Talks in Cairo have come to an end")))

    assert titles(read_now) == ["Talks in Cairo have come to an end"]


def test_a_body_without_anything_new_is_not_parsed_at_all() -> None:
    before = rss(item(1), item(2))

    read_now = second(before, rss(item(2), item(1), head="<title>News</title><ttl>5</ttl>"))

    assert (read_now.entries, read_now.offered, read_now.title) == ((), 2, "")


def test_atom_and_rdf_are_cut_into_items_too() -> None:
    for body in own_feeds()[4:6]:
        hashes = read_unseen(body, URL).hashes
        read_now = read_unseen(body, URL, seen=hashes[HASH_LENGTH:])

        assert read_now.entries == read(body, URL).entries[:1]


def test_the_encoding_is_that_of_the_whole_body() -> None:
    body = own_feeds()[2]  # Windows-1251 that says it is UTF-8
    hashes = read_unseen(body, URL).hashes

    read_now = read_unseen(body, URL, seen=hashes[HASH_LENGTH:])

    assert titles(read_now) == ["Перемир'я & talks 0"]


# ------------------------------------------------------------------------------------------ doubt
@pytest.mark.parametrize(
    "known",
    [
        item(1, guid="2"),
        item(1, link="http://www.news.example/2?utm_medium=rss"),
        item(1, title="TALKS in Cairo go on for day 2"),
        item(1, guid="https://news.example/2"),
        "<description>No title</description>",
    ],
)
def test_an_item_that_shares_something_with_a_seen_one_is_read_with_it(known: str) -> None:
    new = item(2) if "<title>" in known else "<description>No title</description><guid>2</guid>"

    assert len(second(rss(known), rss(new, known)).entries) == 2


@pytest.mark.parametrize(
    "after",
    [
        rss(item(2), item(1), head="<link>https://other.example/</link>"),
        rss(item(2), item(1), root=" xmlns:media='http://search.yahoo.com/mrss/'"),
        rss(item(2, description="<![CDATA[ </item> ]]>"), item(1)),
        rss(item(2, description="<![CDATA[ <item></item> ]]>"), item(1)),
        rss(item(2), item(1), head="<title>News</title><!-- <item>3</item> -->"),
        rss(item(2) + "</item>between<item>" + item(3), item(1)).replace(b"</item>between", b"</item>x"),
        rss(item(2), item(1), tail="<item>"),
        rss(item(2) + "<unclosed>", item(1)),
        rss(item(2) + "&nosuch;", item(1)),
        rss(item(2) + "</it\x01em><it\x01em>" + item(3), item(1)),
        rss(item(2), item(1)).decode().encode("utf-16"),
        rss(*(item(n) for n in range(2, 250)), item(1)),
    ],
)
def test_on_any_doubt_the_whole_body_is_read(after: bytes) -> None:
    whole = read(after, URL)

    assert second(rss(item(1)), after).entries == whole.entries
    assert len(whole.entries) > 1


def test_nothing_is_remembered_of_a_body_that_is_no_good_xml() -> None:
    broken = rss(item(1) + "<p>", item(2))

    assert len(read_unseen(broken, URL).entries) == 2
    assert read_unseen(broken, URL).hashes == ""


def test_what_is_no_feed_is_said() -> None:
    with pytest.raises(NoFeedError):
        read_unseen(b"<html><body><item>Hello</item></body></html>", URL, seen="x" * HASH_LENGTH)


# ------------------------------------------------------------------------------------------ laws
def element(name: str, *texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *(f"<{name}>{text}</{name}>" for text in texts)])


items = st.builds(
    lambda *parts: "".join(parts),
    element(
        "title", "", "Cartoon", "Talks in Cairo go on", "TALKS in <![CDATA[Cairo]]> go on", "Talks &amp; talks go on"
    ),
    element("link", "https://news.example/1", "http://www.news.example/1?utm_id=2", "https://news.example/1#!/1", "/1"),
    element("guid", "", "1", "2", "https://news.example/1"),
    element("description", "One", "Two", "<![CDATA[<item>]]>", "&lt;/item&gt;"),
    st.sampled_from([*[""] * 20, "<!-- x -->", "<!-- <item> -->", "<p>", "&nosuch;"]),
)
heads = st.sampled_from(
    [*["<title>News</title>"] * 5, "", "<!-- <item>x</item> -->", "<link>https://other.example/</link>"]
)


@settings(max_examples=200)
@given(st.lists(items, min_size=1, max_size=3), st.lists(items, max_size=3), heads)
def test_a_poll_brings_the_same_news_whether_it_was_read_in_whole_or_not(
    old: list[str], new: list[str], head: str
) -> None:
    assert_same_news(rss(*old), rss(*new, *old, head=head))
    assert_same_news(rss(*old), rss(*new, *old[:1], head=head))


def assert_same_news(before: bytes, after: bytes) -> None:
    """Hold the law that makes it safe: what is new is new either way, but for items that were there word for word.

    Those may look new to a whole parse: when one of two items with the same guid is gone, the other is known by it.
    """
    try:
        whole = read(after, URL)
        first = read_unseen(before, URL)
    except NoFeedError:
        return
    unseen = read_unseen(after, URL, seen=first.hashes)
    known = {key for _, keys in fresh(entries(first), lambda _: ()) for key in keys}
    news, all_news = (fresh(entries(raw), known.intersection) for raw in (unseen, whole))
    told = {(entry.title, entry.link, entry.summary) for entry in first.entries}

    assert set(unseen.entries) <= set(whole.entries)
    assert [one for one in all_news if one in news] == news
    assert all((one.title, one.link, one.summary) in told for one, keys in all_news if (one, keys) not in news)


@needs("feeds")
@pytest.mark.slow
def test_of_every_captured_feed_any_items_are_read_as_with_the_others() -> None:
    cut, rng = 0, random.Random(1)
    for path in sorted(Path(SHARED / "feeds").glob("*.xml")):
        body = path.read_bytes()
        try:
            whole, hashes = read(body, URL), read_unseen(body, URL).hashes
        except NoFeedError:
            continue
        numbers = range(len(hashes) // HASH_LENGTH)
        for some in (rng.sample(numbers, len(numbers) // share) for share in (2, 10, 100) if hashes):
            seen = "".join(hashes[n * HASH_LENGTH :][:HASH_LENGTH] for n in numbers if n not in some)
            unseen = read_unseen(body, URL, seen=seen).entries
            cut += len(unseen) < len(whole.entries)

            assert unseen in (tuple(entry for entry in whole.entries if entry in unseen), whole.entries), path.name
            assert len(unseen) >= len(some) - (len(numbers) - len(whole.entries)), path.name
    assert cut > 200


@needs("feeds")
@pytest.mark.slow
def test_a_captured_feed_that_changes_by_accident_brings_the_same_news() -> None:
    feeds = [body for body in captured_feeds() if len(body) < 40_000]
    rng = random.Random(2)

    for _ in range(150):
        body = rng.choice(feeds)
        assert_same_news(body, next(damaged([body], 1, rng.randrange(10**6))))


def test_damaged_feeds_are_read_or_refused_and_bring_the_same_news() -> None:
    feeds = own_feeds()

    for seed, body in enumerate(damaged(feeds, 300, seed=3)):
        assert_same_news(feeds[seed % len(feeds)], body)
        assert_same_news(body, feeds[seed % len(feeds)])
