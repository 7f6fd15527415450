"""Labelled headlines as lines of JSON, and whether the rules agree with them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detect.detector import Detector
from bot.detect.examples import disagreement, example_line, example_words, read_examples
from bot.errors import ConfigError
from bot.model import EventType, Example
from tests import make, store_values
from tests.make import NOON

AGREED = make.entry("Russia and Ukraine agree 30-day ceasefire")
TARIFFS = make.entry("US and China extend trade truce after tariff talks")


@given(
    news=st.booleans(),
    type_=st.none() | store_values.types,
    published=st.none() | store_values.times,
)
def test_what_was_labelled_in_chat_is_read_as_it_was(news: bool, type_: EventType | None, published: object) -> None:
    example = Example(entry=make.entry(published=published), news=news, type=type_, labelled_at=NOON)

    [read] = read_examples([example_line(example)], "examples.jsonl")

    assert (read.news, read.type) == (news, type_)
    assert read.entry == replace(example.entry, key=read.entry.key, seen_at=None)


def test_a_line_names_nobody_and_is_what_classify_reads() -> None:
    line = json.loads(example_line(Example(entry=AGREED, news=True, labelled_at=NOON)))

    assert set(line) == {
        "id", "title", "summary", "published", "url", "source", "language", "gold", "labelled_at",
    }  # fmt: skip
    assert line["gold"] == {"label": "P", "type": None}


def test_every_line_that_is_none_is_named() -> None:
    lines = [
        '{"title": "Truce", "gold": {"label": "P"}}',
        "",
        "truce",
        '{"title": "Truce"}',
        '{"title": "Truce", "gold": {"label": "X"}}',
        '{"gold": {"label": "P"}}',
        '{"title": "Truce", "gold": {"label": "P", "type": "talks.hold"}}',
        "[1]",
    ]

    with pytest.raises(ConfigError) as error:
        read_examples(lines, "mine.jsonl")

    told = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in told] == [f"mine.jsonl:{number}" for number in (3, 4, 5, 6, 7, 8)]
    assert "did you mean 'talks.held'?" in told[4]


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (Example(entry=AGREED, news=True), ""),
        (Example(entry=AGREED, news=True, type=EventType.CEASEFIRE_AGREED), ""),
        (Example(entry=TARIFFS, news=False), ""),
        (Example(entry=AGREED, news=False), "labelled no news, but taken for news"),
        (Example(entry=TARIFFS, news=True), "labelled news, but not"),
        (Example(entry=AGREED, news=True, type=EventType.TALKS_HELD), "labelled talks.held, but taken for ceasefire"),
    ],
)
def test_the_rules_agree_or_it_is_said_in_what_they_differ(detector: Detector, example: Example, says: str) -> None:
    told = disagreement(example, detector)

    assert told.startswith(says)
    assert bool(told) is bool(says)


def test_an_example_in_one_line_for_people() -> None:
    assert example_words(Example(entry=TARIFFS, news=False)).split(None, 3)[:3] == ["2025-05-11", "not", "news"]
    assert "ceasefire.agreed" in example_words(Example(entry=AGREED, news=True, type=EventType.CEASEFIRE_AGREED))
