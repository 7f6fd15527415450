"""Which war a headline is about: the armed conflicts of 2014 to 2026, on their own days. Headlines are ours."""

from datetime import date
from pathlib import Path

import pytest

from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.gazetteer import DateSpan
from bot.detect.rules import load_rules
from tests import make

DETECTOR = Detector(load_rules())


def headlines() -> list[list[str]]:
    """Return rows of conflict, day and headline."""
    lines = Path(__file__).with_name("detect_conflicts.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


def conflicts(title: str, day: str) -> tuple[str, ...]:
    when = date.fromisoformat(day)
    return DETECTOR.judge(make.entry(title), when=DateSpan(when, when)).conflicts


@pytest.mark.parametrize(("conflict", "day", "title"), headlines())
def test_a_headline_is_about_the_war_of_its_day(conflict: str, day: str, title: str) -> None:
    assert conflicts(title, day) == (conflict,)


@pytest.mark.parametrize(
    "title",
    [
        "Pope appeals for peace in Ukraine and an immediate ceasefire in Gaza",
        "UN chief urges a truce in Gaza and Ukraine",
        "Папа закликав до миру в Україні та перемир'я в Газі",
    ],
)
def test_an_appeal_for_two_lands_is_about_both_their_wars_whatever_else_its_lead_names(title: str) -> None:
    entry = make.entry(title, summary="He also welcomes the truce between India and Pakistan.")

    assert set(DETECTOR.judge(entry).conflicts) == {"ukraine-russia", "gaza"}


@pytest.mark.parametrize(
    ("title", "conflict"),
    [
        ("Ethiopia hosts talks on Sudan war", "sudan"),
        ("Armenia's PM in Ukraine for peace talks", "ukraine-russia"),
        ("Zelensky calls Gaza ceasefire a model for Ukraine", "ukraine-russia"),
    ],
)
def test_a_land_that_only_acts_or_is_compared_adds_no_war_of_its_own(title: str, conflict: str) -> None:
    assert DETECTOR.judge(make.entry(title)).conflicts == (conflict,)


def test_every_conflict_has_a_headline_of_ours() -> None:
    assert {conflict for conflict, _, _ in headlines()} == set(load_catalog().conflicts)


@pytest.mark.parametrize(
    ("conflict", "title", "within", "outside"),
    [
        ("us-israel-iran", "US and Iran hold talks", "2025-06-20", "2025-05-20"),
        ("us-israel-iran", "US and Iran agree to talks", "2020-01-08", "2023-01-08"),
        ("thailand-cambodia", "Thailand and Cambodia leaders meet at border", "2025-07-28", "2018-07-28"),
        ("india-china", "India and China hold talks in Ladakh", "2020-06-22", "2019-06-22"),
        ("guyana-venezuela", "Guyana and Venezuela in talks on Essequibo", "2023-12-14", "2022-12-14"),
    ],
)
def test_a_war_counts_in_its_own_days_only(conflict: str, title: str, within: str, outside: str) -> None:
    assert conflicts(title, within) == (conflict,)
    assert conflict not in conflicts(title, outside)


def test_a_span_is_met_by_any_day_shared_with_it() -> None:
    spans = (("2017-06-16", "2017-09-30"), ("2020-05-05", ""))
    year = [DateSpan(date(year, 1, 1), date(year, 12, 31)).meets(spans) for year in range(2016, 2022)]

    assert year == [False, True, False, False, True, True]
    assert DateSpan(date(1900, 1, 1), date(1900, 1, 1)).meets(())
