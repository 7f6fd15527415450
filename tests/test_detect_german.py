"""German, a language that one file adds: it is understood with the file, and not without. Headlines are ours."""

import shutil
from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import EventType, Verdict
from bot.rulefiles import DATA, read_rule_files
from tests import make

IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}
ROWS = [
    row.split("\t")
    for row in Path(__file__).with_name("detect_german.tsv").read_text(encoding="utf-8").splitlines()[1:]
]
NEWS = [(expected, title) for expected, title in ROWS if expected != "-"]
OTHER = [title for expected, title in ROWS if expected == "-"]
DETECTOR = Detector(load_rules())


def judge(title: str, detector: Detector = DETECTOR) -> Verdict:
    return detector.judge(make.entry(title, published=None))


def test_german_news_is_found_and_nothing_else() -> None:
    found = [title for _, title in NEWS if judge(title).relevant]
    false = [title for title in OTHER if judge(title).relevant]

    assert len(found) / len(NEWS) >= 0.9
    assert len(found) / (len(found) + len(false)) >= 0.9


def test_nothing_but_the_file_is_needed(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shutil.copytree(str(DATA), shipped, ignore=shutil.ignore_patterns("languages", "week"))
    own.mkdir()
    (own / "de.toml").write_text((DATA / "languages" / "de.toml").read_text(encoding="utf-8"), encoding="utf-8")

    without = Detector(load_rules(read_rule_files(shipped=shipped)))
    with_file = Detector(load_rules(read_rule_files(own, shipped=shipped)))

    assert sum(judge(title, without).relevant for _, title in NEWS) <= len(NEWS) / 10
    assert all(judge(title, with_file).event == judge(title).event for _, title in ROWS)


def test_german_news_has_its_type_and_no_truce_is_invented() -> None:
    events = [(expected, event) for expected, title in NEWS if (event := judge(title).event)]

    assert sum(event.type == expected for expected, event in events) / len(events) >= 0.8
    assert not [event for expected, event in events if event.type in IN_FORCE and EventType(expected) not in IN_FORCE]


@pytest.mark.parametrize(
    "title",
    [
        "Waffenruhe in Gaza noch nicht in Kraft",
        "Kreml dementiert Einigung auf Waffenruhe mit der Ukraine",
        "Hamas hat Waffenruhe nicht zugestimmt",
        "Ukraine würde Waffenruhe zustimmen, wenn Russland Truppen abzieht",
        "Russland könnte Waffenruhe verkünden",
        "Selenskyj ruft Putin zu Zustimmung zur Waffenruhe auf",
        "Russland und Ukraine haben sich nicht auf Waffenruhe geeinigt",
        "Israel kurz vor Einigung auf Waffenruhe mit Hisbollah",
        "Trump: Hamas muss Waffenruhe akzeptieren",
        "Huthi: Haben Waffenruhe mit Saudi-Arabien nie vereinbart",
        "Waffenruhe im Sudan soll am Montag in Kraft treten",
        "Netanjahu: Werden keine Waffenruhe vereinbaren",
        "Armee im Sudan stimmt Waffenruhe nicht zu",
        "Waffenruhe tritt nicht in Kraft: Israel greift weiter Gaza an",
    ],
)
def test_a_truce_denied_refused_or_only_wished_for_is_not_in_force(title: str) -> None:
    event = judge(title).event

    assert event
    assert event.type not in IN_FORCE
