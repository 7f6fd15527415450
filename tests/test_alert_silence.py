"""Silence is told of each conflict, and what it means."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.alert.digest import digest
from bot.alert.silence import quiet
from bot.model import Message
from bot.ports import Coverage
from bot.store.archive import ArchiveStore
from tests import fakes, make
from tests.make import NOON

HEARD = Coverage(feeds=2, healthy=2, last_ok_at=NOON, entries=9, stories=1)
BOTH = frozenset({"ukraine-russia", "yemen"})


def hours(**ago: float) -> Mapping[str, datetime]:
    return {name.replace("_", "-"): NOON - timedelta(hours=each) for name, each in ago.items()}


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        (hours(ukraine_russia=1, yemen=23.9), ""),
        (hours(ukraine_russia=1, yemen=24), "Nothing new for 24 h on Yemen."),
        (hours(ukraine_russia=75, yemen=26), "Nothing new for 26 h on Yemen, for 3 days on Russia–Ukraine war."),
        (hours(ukraine_russia=1), "Nothing new at all on Yemen."),
    ],
)
def test_each_conflict_of_which_nothing_came_for_a_day_is_named(newest: Mapping[str, datetime], said: str) -> None:
    assert quiet(BOTH, newest, fakes.reader()) == said


def test_who_follows_everything_is_told_of_no_single_conflict() -> None:
    assert quiet(frozenset(), {}, fakes.reader()) == ""


def test_a_long_list_is_cut() -> None:
    followed = [f"conflict-{number}" for number in range(9)]

    assert quiet(followed, {}, fakes.reader()).endswith(", at all on conflict-4, nor on 4 more.")


def told(newest: Mapping[str, datetime]) -> Message:
    return digest(make.subscription(conflicts=BOTH), [], HEARD, fakes.catalog(), NOON, newest=newest)


def test_a_digest_says_which_conflicts_are_silent_and_how_well_the_feeds_are_heard() -> None:
    html = told(hours(ukraine_russia=1, yemen=30)).html

    assert "Nothing new for 30 h on Yemen.\n2 of 2 feeds healthy" in html


def test_the_archive_knows_when_each_conflict_was_last_reported_of(tmp_path: Path) -> None:
    later = NOON + timedelta(hours=2)
    with ArchiveStore.open(tmp_path / "archive.db") as archive:
        for number, at in enumerate((NOON, later)):
            report = make.report(f"Truce {number}", published=at)
            archive.save_entries([(report.entry, [str(number)])])
            assert report.event
            archive.save_event(report.event)
            archive.save_story(make.story(report))

        assert archive.newest(BOTH) == {"ukraine-russia": later}
