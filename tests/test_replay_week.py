"""The recorded week and what an editor says of it: clean data, and enough of it to show what Parley can do."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.catalog import load_catalog
from bot.model import EventType, Modality
from bot.poll.replay import PUBLISHERS, RecordedFeed, RecordedItem, RecordedWeek
from bot.text import clean, safe_link

WEEK = RecordedWeek.load()
CATALOG = load_catalog(extra_publishers=[PUBLISHERS])
FIRST_NEWS = datetime(2025, 4, 28, tzinfo=UTC)
CYRILLIC = {"en": range(0), "uk": range(0x400, 0x530), "ru": range(0x400, 0x530)}


@dataclass(frozen=True)
class Expected:
    relevant: bool
    type: str = ""
    modality: str = ""
    conflicts: tuple[str, ...] = ()
    story: str = ""
    also: tuple[str, ...] = ()


def expectations() -> Mapping[str, Expected]:
    text = Path(__file__).with_name("week_expectations.toml").read_text(encoding="utf-8")
    return {key: expected(raw) for key, raw in tomllib.loads(text).items()}


def expected(raw: Mapping[str, Any]) -> Expected:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Expected(**fields)


EXPECTED = expectations()
ITEMS: list[tuple[RecordedFeed, RecordedItem]] = [
    (recording, item) for recording in WEEK.recordings.values() for item in recording.items
]


def test_ids_are_unique_and_each_has_an_expectation() -> None:
    ids = Counter(item.id for _, item in ITEMS)

    assert max(ids.values()) == 1
    assert set(ids) == set(EXPECTED)


def test_links_lead_nowhere_but_to_the_reserved_domain() -> None:
    links = Counter(item.link for _, item in ITEMS)

    assert max(links.values()) == 1
    assert all(
        urlsplit(link).hostname == f"{feed.publisher}.example.org" for (feed, item) in ITEMS for link in [item.link]
    )
    assert all(safe_link(link) == link for link in links)


def test_items_are_clean_text_in_their_feeds_language() -> None:
    wrong = [
        item.id
        for feed, item in ITEMS
        if any(clean(text) != text or not text for text in (item.title, item.summary))
        or len(item.title) > 140
        or not in_language(f"{item.title} {item.summary}", feed.language)
    ]

    assert wrong == []


def test_items_stay_within_the_week_and_appear_no_earlier_than_published() -> None:
    for _, item in ITEMS:
        changes = [item.appears_at, *(edit.at for edit in item.edits)]

        assert FIRST_NEWS <= (item.published or item.appears_at) <= item.appears_at, item.id
        assert changes == sorted(changes), item.id
        assert changes[-1] <= WEEK.ends_at, item.id


def in_language(text: str, language: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    own = sum(ord(letter) in CYRILLIC[language] for letter in letters)
    strangers = {"en": "", "uk": "ыэъё", "ru": "іїєґ"}[language]
    share = own / len(letters)
    return (share < 0.1 if language == "en" else share > 0.8) and not set(text.lower()) & set(strangers)


def test_every_feed_has_something_at_the_start_and_news_afterwards() -> None:
    before = {feed.publisher for feed, item in ITEMS if item.appears_at <= WEEK.starts_at}
    after = {feed.publisher for feed, item in ITEMS if item.appears_at > WEEK.starts_at}

    assert before == after == {feed.publisher for feed in WEEK.recordings.values()}


def test_expectations_use_the_words_of_the_model() -> None:
    relevant = [expected for expected in EXPECTED.values() if expected.relevant]

    assert {t for e in relevant for t in (e.type, *e.also)} <= set(EventType)
    assert {e.modality for e in relevant} <= set(Modality)
    assert {c for e in relevant for c in e.conflicts} <= set(CATALOG.conflicts)
    assert all(e.conflicts and e.story for e in relevant)
    assert all(e == Expected(relevant=False) for e in EXPECTED.values() if not e.relevant)


def test_each_story_is_told_by_two_publishers_or_more() -> None:
    tellers: dict[str, set[str]] = defaultdict(set)
    for feed, item in ITEMS:
        if EXPECTED[item.id].relevant:
            tellers[EXPECTED[item.id].story].add(feed.publisher)

    assert {story for story, publishers in tellers.items() if len(publishers) < 2} == set()


def test_a_story_has_one_happening_within_three_days() -> None:
    reports: dict[str, list[RecordedItem]] = defaultdict(list)
    for _, item in ITEMS:
        if EXPECTED[item.id].relevant:
            reports[EXPECTED[item.id].story].append(item)

    for story, items in reports.items():
        times = [item.published or item.appears_at for item in items]
        expected = [EXPECTED[item.id] for item in items]
        assert (max(times) - min(times)).days < 3, story
        assert len({frozenset(e.conflicts) for e in expected}) == 1, story
        assert set.intersection(*({e.type, *e.also} for e in expected)), story


def test_the_week_has_what_the_demo_is_to_show() -> None:
    relevant = {key: expected for key, expected in EXPECTED.items() if expected.relevant}
    languages: dict[str, set[str]] = defaultdict(set)
    for feed, item in ITEMS:
        if item.id in relevant:
            languages[relevant[item.id].story].add(feed.language)

    assert sum(spoken == {"en", "uk", "ru"} for spoken in languages.values()) >= 10
    assert len(EXPECTED) - len(relevant) >= 40
    assert {"fact", "claim", "denial", "plan", "conditional"} <= {e.modality for e in relevant.values()}
    assert len({e.type for e in relevant.values()}) >= 12
    assert len({c for e in relevant.values() for c in e.conflicts}) >= 7
    assert sum(not item.published for _, item in ITEMS) == 2
    assert sum(bool(item.edits) for _, item in ITEMS) == 1
