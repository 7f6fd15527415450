"""How good the rules are on real headlines: read from beside the project when they are there, never copied into it."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.detect.detector import Detector
from bot.detect.lines import classify_line

GOLD = Path(__file__).parents[1].parent / "shared" / "gold"
IN_FORCE = ("ceasefire.agreed", "ceasefire.in_effect")
Item = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not GOLD.is_dir(), reason="no labelled headlines in ../shared/gold"),
]


def background() -> Iterator[Item]:
    with gzip.open(GOLD / "background_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def headlines() -> list[Item]:
    """Return the tuned items: summaries joined by link, the month as the date."""
    whole = {item["url"]: item["summary"] for item in background()}
    with (GOLD / "headlines_dev.tsv").open(encoding="utf-8", newline="") as file:
        return [
            {
                "id": row["link"],
                "title": row["title"],
                "summary": whole.get(row["link"]) or row["summary_160"],
                "published": row["set"],
                "url": row["link"],
                "gold": {"label": row["label"]},
            }
            for row in csv.DictReader(file, delimiter="\t")
        ]


def headlines_of_other_years() -> list[Item]:
    lines = (GOLD / "headlines_dev2.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def precision_and_recall(detector: Detector, items: list[Item]) -> tuple[float, float]:
    counted = Counter(
        (item["gold"]["label"], classify_line(detector, item)["relevant"])
        for item in items
        if item["gold"]["label"] in "PN"
    )
    right, wrong, missed = counted["P", True], counted["N", True], counted["P", False]
    return right / (right + wrong), right / (right + missed)


def test_the_rules_hold_on_the_headlines_they_were_tuned_on(detector: Detector) -> None:
    precision, recall = precision_and_recall(detector, headlines())

    assert precision >= 0.95
    assert recall >= 0.94


def test_the_rules_hold_on_other_publishers_and_years(detector: Detector) -> None:
    precision, recall = precision_and_recall(detector, headlines_of_other_years())

    assert precision >= 0.90
    assert recall >= 0.68


def test_nothing_dangerous_is_taken_for_a_truce_in_force(detector: Detector) -> None:
    dangerous = [item for item in headlines_of_other_years() if item["gold"]["danger"]]

    taken = [item["id"] for item in dangerous if classify_line(detector, item)["event_type"] in IN_FORCE]

    assert dangerous
    assert taken == []
