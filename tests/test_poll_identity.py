"""Which entries of a poll are new in their feed."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Entry
from bot.poll.identity import Fresh, canonical_link, fresh, identity_keys, republished, words_key
from tests.make import NOON, entry

TITLE = "Russia and Ukraine agree 30-day ceasefire"


class Memory:
    """What an archive remembers of one feed."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.asked = 0

    def known(self, keys: Sequence[str]) -> Collection[str]:
        self.asked += 1
        return self.keys & set(keys)

    def poll(self, *entries: Entry) -> list[Entry]:
        """Return the new ones and remember them."""
        found = fresh(entries, self.known)
        for _, keys in found:
            self.keys.update(keys)
        return [new for new, _ in found]


def test_what_is_polled_again_is_not_new() -> None:
    memory, entries = Memory(), [entry("One", id="1", link=""), entry("Two", id="2", link="")]

    assert memory.poll(*entries) == entries
    assert memory.poll(*entries) == []
    assert memory.asked == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "another", "title": "Another title altogether, by the editor"},
        {"link": "https://news.example/2", "title": "Another title altogether, by the editor"},
        {"id": "another", "link": "https://news.example/another"},
        {"id": "another", "link": "http://www.news.example/1/?utm_source=rss&fbclid=x#top"},
    ],
)
def test_an_entry_is_known_by_any_of_guid_link_and_title(changed: dict[str, str]) -> None:
    memory, was = Memory(), {"id": "1", "link": "https://news.example/1", "title": TITLE}
    memory.poll(entry(**was))

    assert memory.poll(entry(**was | changed)) == []


def test_an_entry_of_which_all_is_new_is_new() -> None:
    memory = Memory()
    memory.poll(entry(TITLE, id="1", link="https://news.example/1"))
    other = entry("Russia and Ukraine reject 30-day ceasefire", id="2", link="https://news.example/2")

    assert memory.poll(other) == [other]


def test_guids_that_change_at_every_poll_make_nothing_new() -> None:
    memory = Memory()

    news = [memory.poll(entry(TITLE, id=f"build-{n}", link=f"https://news.example/1?utm_id={n}")) for n in range(100)]

    assert [len(new) for new in news] == [1] + [0] * 99


def test_a_title_that_is_used_again_the_next_day_is_a_new_entry() -> None:
    memory = Memory()
    memory.poll(entry("What we know about the war today", id="1", link="https://news.example/1"))
    tomorrow = entry(
        "What we know about the war today", id="2", link="https://news.example/2", published=NOON + timedelta(days=1)
    )

    assert memory.poll(tomorrow) == [tomorrow]


@pytest.mark.parametrize("title", ["Cartoon", "In pictures", "Война в Украине", "Ukraine: live updates"])
def test_a_title_that_says_little_swallows_nothing(title: str) -> None:
    memory = Memory()
    memory.poll(entry(title, id="1", link="https://news.example/1"))
    other = entry(title, id="2", link="https://news.example/2")

    assert memory.poll(other) == [other]


def test_one_title_at_two_links_is_two_entries_now_and_later() -> None:
    memory = Memory()
    same_day = [
        entry("Russia-Ukraine war: the latest updates", id=f"{n}", link=f"https://news.example/{n}") for n in "123"
    ]

    assert memory.poll(*same_day[:2]) == same_day[:2]
    assert memory.poll(*same_day) == same_day[2:]


def test_one_link_under_many_titles_is_no_identity() -> None:
    memory = Memory()
    front_page = [entry(f"Ceasefire report number {n}", id=n, link="https://news.example/#live") for n in "123"]

    assert memory.poll(*front_page[:2]) == front_page[:2]
    assert memory.poll(*front_page) == front_page[2:]


def test_one_entry_twice_in_a_poll_is_one() -> None:
    first = entry(TITLE, id="1", link="https://news.example/1")
    again = entry(TITLE, id="2", link="https://news.example/1?ref_src=rss")

    assert Memory().poll(first, again, replace(first, title="Edited already")) == [first]


@pytest.mark.parametrize(
    ("link", "same"),
    [
        ("http://News.Example:80/a/", "https://www.news.example./a"),
        ("https://news.example", "https://news.example/"),
        ("https://news.example/?b=2&utm_campaign=x&a=1&at_medium=RSS", "https://news.example/?a=1&b=2"),
        ("https://news.example/a#comments", "https://news.example/a"),
    ],
)
def test_two_ways_to_a_page_are_one_link(link: str, same: str) -> None:
    assert canonical_link(link) == canonical_link(same)


@pytest.mark.parametrize(
    ("link", "other"),
    [
        ("https://news.example/?id=1", "https://news.example/?id=2"),
        ("https://news.example/#!/1", "https://news.example/#!/2"),
        ("https://news.example/A", "https://news.example/a"),
        ("https://news.example:8080/", "https://news.example/"),
        ("https://a.example/1", "https://b.example/1"),
    ],
)
def test_two_pages_are_two_links(link: str, other: str) -> None:
    assert canonical_link(link) != canonical_link(other)


words = st.text(alphabet="ab ", max_size=30)
links = st.sampled_from(
    ["", "https://news.example/", "https://news.example/1", "http://[", "https://news.example/1?a=b#c"]
)
entries = st.builds(lambda title, id, link: entry(title, id=id, link=link), words, st.sampled_from("12345"), links)


@given(st.lists(entries, max_size=8), st.lists(entries, max_size=8))
def test_nothing_is_new_twice_and_no_guid_is_used_twice(first: list[Entry], second: list[Entry]) -> None:
    memory = Memory()

    new = memory.poll(*first) + memory.poll(*first) + memory.poll(*second)

    assert len({item.key for item in new}) == len(new)
    assert memory.poll(*first) == memory.poll(*second) == []


@given(entries)
def test_keys_are_short_and_the_same_every_time(one: Entry) -> None:
    keys = identity_keys(one)

    assert keys == identity_keys(replace(one, seen_at=None, summary="other", updated=NOON))
    assert all(len(key) <= 24 for key in keys)


# ------------------------------------------------------------------------------------------ archives published again
HOUR_AGO = NOON - timedelta(hours=1)


def news(number: int, prefix: str = "Harvest report from district", published: datetime | None = NOON) -> list[Fresh]:
    made = [
        entry(f"{prefix} number {n}", id=f"{prefix} {n}", link=f"https://n.example/{prefix}/{n}") for n in range(number)
    ]
    return [Fresh(replace(one, published=published), identity_keys(one)) for one in made]


def old(some: Sequence[Fresh], had: Sequence[Fresh] = (), offered: int = 0, since: datetime = HOUR_AGO) -> int:
    """Return how many of *some* only look new to who has *had* the others."""
    known = {words_key(entry) for entry, _ in had}
    return len(republished(some, known.intersection, offered=offered or len(some), since=since, now=NOON))


def test_titles_that_the_feed_has_had_are_old_on_any_day_when_nearly_all_come_at_once() -> None:
    again = [*news(30), *news(3, "A new report from the town")]

    assert old(again, had=news(30)) == 30
    assert old(again, had=news(10)) == 0
    assert old(again, had=news(30), offered=100) == 0
    assert old(news(9), had=news(9)) == 0


def test_more_news_than_one_a_minute_since_the_last_poll_is_none() -> None:
    assert old(news(200)) == 200
    assert old(news(60)) == 60
    assert old(news(59)) == 0
    assert old(news(200), offered=300) == 0


def test_after_a_long_silence_all_may_be_new() -> None:
    assert old(news(200), since=NOON - timedelta(hours=6)) == 0


def test_what_is_dated_before_the_last_poll_comes_late_and_is_no_flood() -> None:
    assert old(news(200, published=NOON - timedelta(hours=2))) == 0
    assert old(news(200, published=None)) == 0
