"""`parley backtest`: what other rules would have made of stored entries."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import utc_now
from bot.bench.detect import made_up, recorded_week
from bot.cli.own_rules import load_detector
from bot.detect.detector import Detector
from bot.evaluate.backtest import compare
from bot.store import entries as stored_entries
from bot.store.archive import ArchiveStore
from tests import make
from tests.make import NOON
from tests.process import parley

TRUCE, OTHER = "Russia and Ukraine agree 30-day ceasefire", "Sudan: RSF and army agree a stillness of guns"
RAIN = "Rain tomorrow"
WIDER = """
[concept.ceasefire]
en = ["stillness of guns"]
"""
NARROWER = """
[[signal]]
id = "ceasefire-title"
enabled = false
"""


def rules(folder: Path, text: str) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(text)
    return folder / "rules"


def own(folder: Path, text: str) -> Detector:
    return load_detector(rules(folder, text))


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return load_detector(None)


def test_a_new_word_gains_and_nothing_else_changes(shipped: Detector, tmp_path: Path) -> None:
    entries = [make.entry(TRUCE), make.entry(OTHER), make.entry(RAIN, seen_at=NOON + timedelta(days=1))]

    found = compare(entries, shipped, own(tmp_path, WIDER))

    assert [(change.kind, change.entry.title) for change in found.changes] == [("gained", OTHER)]
    assert (found.entries, found.days) == (3, 2)
    assert (found.before.reports, found.after.reports) == (1, 2)
    assert found.a_day(found.after.stories) == 1


def test_the_same_rules_change_nothing(shipped: Detector) -> None:
    found = compare([make.entry(TRUCE), make.entry(RAIN)], shipped, shipped)

    assert not found.changes
    assert found.before == found.after


def test_reports_of_one_story_are_one_alert(shipped: Detector) -> None:
    entries = [make.entry(TRUCE, id="1"), make.entry(TRUCE, id="2", feed_url="https://other.example/rss")]

    found = compare(entries, shipped, shipped)

    assert (found.before.reports, found.before.stories) == (2, 1)


def test_the_archive_yields_entries_page_by_page_from_a_day_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_entries, "_PAGE", 2)
    entries = [make.entry(f"Title {day}", seen_at=NOON + timedelta(days=day)) for day in range(6)]
    with ArchiveStore.open(":memory:") as archive:
        for entry in entries:
            archive.save_entries([(entry, [entry.key.id])])

        found = list(archive.entries(since=NOON + timedelta(days=1)))

    assert found == entries[1:]


@pytest.mark.slow
def test_the_command_lists_what_is_gained_and_lost_and_why(tmp_path: Path) -> None:
    now = utc_now()
    (tmp_path / "data").mkdir()
    with ArchiveStore.open(tmp_path / "data" / "archive.db") as archive:
        for title, age in ((TRUCE, 1), (OTHER, 2), ("Israel and Hamas agree ceasefire", 40)):
            archive.save_entries([(make.entry(title, seen_at=now - timedelta(days=age)), [title])])
    folder = rules(tmp_path, WIDER + NARROWER)

    tables = parley(tmp_path, "backtest", str(folder), "--days", "30")
    told = parley(tmp_path, "backtest", str(folder), "--days", "50", "--json")

    words = tables.stdout.decode()
    assert tables.returncode == told.returncode == 0
    assert "2 entries of 2 days" in words
    assert f"News: {TRUCE}" in words
    changes = json.loads(told.stdout)["changes"]
    assert {change["title"]: change["kind"] for change in changes}[TRUCE] == "lost"
    assert len(changes) == 2


@pytest.mark.slow
def test_without_an_archive_the_command_says_what_makes_one(tmp_path: Path) -> None:
    done = parley(tmp_path, "backtest", str(rules(tmp_path, WIDER)))

    assert done.returncode == 2
    assert b"there is no archive" in done.stderr


# ------------------------------------------------------------------------------------------ parley bench detect
def test_made_up_phrases_are_the_same_in_every_run_and_many_stand_in_the_texts() -> None:
    entries = recorded_week()
    texts = [f"{entry.title} {entry.summary}".lower() for entry in entries]

    phrases = made_up(entries, 300)

    assert phrases == made_up(entries, 300)
    assert len(set(phrases)) == 300
    assert 100 < sum(any(phrase in text for text in texts) for phrase in phrases) < 250


@pytest.mark.slow
def test_the_bench_measures_every_method_in_one_run(tmp_path: Path) -> None:
    done = parley(tmp_path, "bench", "detect", "--patterns", "20", "--texts", "100", "--json")

    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["texts"] == 100
    assert [(row["method"], row["patterns"]) for row in found["rows"]] == [
        ("cut into words, nothing more", 0),
        ("parley", 0),
        ("parley", 20),
        ("spaCy PhraseMatcher", 20),
        ("loop of regexes", 20),
    ]
    assert all(row["cost"] is None or row["cost"]["each"] > 0 for row in found["rows"])
