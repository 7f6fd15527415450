"""The JSON-lines contract of `parley classify`."""

import json
from datetime import date
from typing import Any

import pytest

from bot.detect.detector import Detector
from bot.detect.gazetteer import DateSpan
from bot.detect.lines import (
    MAX_TEXT,
    DateError,
    LineError,
    classified,
    classify_line,
    read_item,
    read_line,
    read_published,
)

KEYS = {"id", "relevant", "score", "event_type", "modality", "conflicts", "actors", "places", "rule", "spans"}


def test_a_relevant_line_is_answered_in_full(detector: Detector) -> None:
    title = "Путін оголосив триденне перемир’я з 8 травня"

    answer = classify_line(detector, {"id": "7", "title": title, "summary": "", "published": "2025-04-28T10:00Z"})

    assert answer.keys() == KEYS
    assert (answer["id"], answer["relevant"], answer["event_type"]) == ("7", True, "ceasefire.agreed")
    assert answer["conflicts"] == ["ukraine-russia"]
    assert answer["actors"] == ["putin"]
    assert all(title[span["start"] : span["end"]] == span["text"] for span in answer["spans"])


def test_what_is_not_relevant_has_no_type(detector: Detector) -> None:
    answer = classify_line(detector, {"id": "8", "title": "Cats and dogs agree at last", "published": None})

    assert answer.keys() == KEYS
    assert not answer["relevant"]
    assert answer["event_type"] is None
    assert answer["modality"] is None


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"title": ""},
        {"title": 7},
        {"title": "Truce", "summary": ["no"]},
        {"title": "", "published": "yesterday"},
        [],
    ],
)
def test_a_line_that_is_no_item_is_refused(detector: Detector, item: Any) -> None:
    with pytest.raises(LineError):
        classify_line(detector, item)


@pytest.mark.parametrize("published", ["yesterday", "2025-13", "0001-01-01T00:00:00+14:00", ["2025"], True])
def test_news_is_not_lost_for_a_day_that_cannot_be_read(detector: Detector, published: Any) -> None:
    item = {"id": "9", "title": "Hamas and Israel agree to a ceasefire", "published": published}

    answer = classified(detector, read_line(json.dumps(item).encode()))

    assert "'published'" in answer.pop("error")
    assert answer == classify_line(detector, item | {"published": None})
    assert (answer["relevant"], answer["event_type"]) == (True, "ceasefire.agreed")


@pytest.mark.parametrize("published", ["yesterday", "2025-13", True])
def test_an_item_read_strictly_needs_a_day_that_can_be_read(published: Any) -> None:
    with pytest.raises(DateError, match="published"):
        read_item({"title": "Truce", "published": published})


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-05-08", date(2025, 5, 8), date(2025, 5, 8)),
        ("2025-05-08T23:30:00+03:00", date(2025, 5, 8), date(2025, 5, 8)),
        ("Wed, 21 May 2025 12:36:25 GMT", date(2025, 5, 21), date(2025, 5, 21)),
    ],
)
def test_a_date_may_be_a_day_a_month_or_a_year(text: str, first: date, last: date) -> None:
    assert read_published(text) == DateSpan(first, last)


@pytest.mark.parametrize(("published", "found"), [("2021", ["afghanistan"]), ("2025-11-01", ["afghanistan-pakistan"])])
def test_a_conflict_counts_only_while_it_was_open(detector: Detector, published: str, found: list[str]) -> None:
    item = {"title": "Taliban and Kabul delegation meet in Doha for peace talks", "published": published}

    assert classify_line(detector, item)["conflicts"][:1] == found


def test_without_a_date_no_conflict_is_ruled_out(detector: Detector) -> None:
    answer = classify_line(detector, {"title": "Taliban and Afghan government open peace talks", "published": None})

    assert answer["relevant"]
    assert answer["conflicts"]


def test_no_more_than_the_head_of_a_huge_title_is_kept() -> None:
    entry, _ = read_item({"id": "1", "title": "Gaza truce " * 100_000})

    assert entry.title.startswith("Gaza truce Gaza truce")
    assert len(entry.title) <= MAX_TEXT
