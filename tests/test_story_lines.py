"""`parley group`: items in, the story of each out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detect.lines import read_line
from bot.model import Report
from bot.story.lines import group_lines

TALKS = {"id": "1", "title": "Envoys of Sudan's army and the RSF meet in Geneva", "published": "2025-05-08T10:00:00Z"}
AGAIN = {"id": "2", "title": "Sudan army and RSF envoys meet in Geneva", "published": "2025-05-08T11:00:00+00:00"}
OTHER = {"id": "3", "title": "Thai and Cambodian generals sign border accord", "published": "2025-05-08"}
ROUND = [
    {"id": str(hour), "title": title, "published": f"2025-06-02T1{hour}:00:00Z"}
    for hour, title in enumerate(
        (
            "Second Russia-Ukraine round wraps up in under two hours",
            "No breakthrough as Moscow and Kyiv finish Istanbul negotiations",
            "Russia and Ukraine end second round of talks in Istanbul without truce",
        ),
        start=1,
    )
]
"""Three reports of one happening, of which only the last is like each of the others."""


def grouped(*items: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [read_line(json.dumps(item).encode()) for item in items]
    return list(group_lines((line.id, Report(entry=line.entry, event=None) if line.entry else None) for line in lines))


def test_every_line_gets_a_story_in_input_order() -> None:
    lines = grouped(OTHER, AGAIN, TALKS)

    assert [line["id"] for line in lines] == ["3", "2", "1"]
    assert lines[1]["story"] == lines[2]["story"] != lines[0]["story"]


@pytest.mark.parametrize("published", [None, "", "2025", "2025-05", 2025, "Thu, 08 May 2025 11:00:00 +0300"])
def test_any_kind_of_date_is_taken(published: object) -> None:
    lines = grouped(TALKS, AGAIN | {"published": published})

    assert len({line["story"] for line in lines}) == 1


def test_lines_days_apart_are_two_stories() -> None:
    lines = grouped(TALKS, AGAIN | {"published": "2025-05-13"})

    assert len({line["story"] for line in lines}) == 2


def test_equal_ids_are_still_two_lines() -> None:
    lines = grouped(TALKS, OTHER | {"id": "1"})

    assert [line["id"] for line in lines] == ["1", "1"]
    assert len({line["story"] for line in lines}) == 2


def test_a_line_without_texts_is_a_story_of_its_own() -> None:
    lines = grouped({"id": "1"}, {"id": "2", "title": None, "summary": None}, TALKS)

    assert len({line["story"] for line in lines}) == 3


@given(st.permutations([TALKS, AGAIN, OTHER, {"id": "4", "title": "Thai, Cambodian generals sign accord on border",
                                              "published": "2025-05-08T12:00:00"}]))  # fmt: skip
def test_the_order_of_lines_does_not_change_who_is_grouped_with_whom(lines: list[dict[str, Any]]) -> None:
    stories = {line["id"]: line["story"] for line in grouped(*lines)}

    assert stories["1"] == stories["2"] != stories["3"]
    assert stories["3"] == stories["4"]


@given(st.permutations([*ROUND, OTHER | {"id": "4", "published": "2025-06-02T13:00:00Z"}]))
def test_a_report_left_alone_joins_the_story_that_a_later_one_ties_it_to(lines: list[dict[str, Any]]) -> None:
    stories = {line["id"]: line["story"] for line in grouped(*lines)}

    assert stories["1"] == stories["2"] == stories["3"] != stories["4"]


def test_a_report_is_looked_at_again_before_a_long_file_has_let_go_of_its_days() -> None:
    later = [OTHER | {"id": f"later {day}", "published": f"2025-06-{day:02}"} for day in range(6, 30)]

    lines = grouped(*ROUND, *later)

    assert len({line["story"] for line in lines[:3]}) == 1
