"""`parley rules test`: examples that stand with the rules, and headlines that were labelled."""

import json
from pathlib import Path

import pytest

from bot.detect.proof import SECTIONS, prove
from bot.rulefiles import read_rule_files
from tests import small_rules
from tests.process import parley


def failures(folder: Path, mine: str) -> list[tuple[int, str]]:
    """Return line and words of each example in the operator's file *mine* that fails."""
    files = small_rules.read(folder, mine=mine)
    proof = prove(files, small_rules.detector(files))
    return [(p.line, p.what) for p in proof.failures if p.file.endswith("mine.toml")]


def rule(section: str, id_: str, key: str, example: str) -> str:
    return f'[[{section}]]\nid = "{id_}"\n{key} = [\n  {example},\n]\n'


@pytest.mark.parametrize(
    ("rule_id", "right", "wrong", "says"),
    [
        ("signal truce", "Northland wants truce", "Northland wants tea", "this does not set it off"),
        ("signal truce", "Northland wants truce", "Northland tariff truce", "this is cancelled by trade"),
        ("exclude trade", "Northland tariff truce", "Northland wants truce", "this is not cancelled by it"),
        ("genre opinion", "Opinion : why a truce", "Northland wants truce", "this is not context because of it"),
        ("type ceasefire.agreed", "Northland agrees truce", "Northland wants truce", "this is statement"),
        ("type ceasefire.agreed", "Northland agrees truce", "Northland wants tea", "not taken for news at all"),
        ("modality plan", "Northland to agree truce", "Northland agrees truce", "this is fact"),
    ],
)
def test_an_example_that_does_not_do_what_its_rule_says_fails_with_its_line(
    tmp_path: Path, rule_id: str, right: str, wrong: str, says: str
) -> None:
    section, id_ = rule_id.split()

    assert failures(tmp_path, rule(section, id_, "examples", f'"{right}"')) == []
    assert failures(tmp_path, rule(section, id_, "counterexamples", f'"{wrong}"')) == []

    [(line, what)] = failures(tmp_path, rule(section, id_, "examples", f'"{wrong}"'))
    [(counter_line, _)] = failures(tmp_path, rule(section, id_, "counterexamples", f'"{right}"'))

    assert (line, counter_line) == (4, 4)
    assert says in what


def test_an_example_may_have_a_summary(tmp_path: Path) -> None:
    mine = '[[signal]]\nid = "below"\nwhere = "summary"\nany = ["@truce"]\nexamples = [\n'
    mine += '  { title = "News", summary = "A truce at last" },\n  { titel = "News" },\n]'

    [(line, what)] = failures(tmp_path, mine)

    assert line == 7
    assert "an example is a title, or a table of title, summary, link" in what


def test_an_exclusion_is_not_tried_on_what_is_switched_off(tmp_path: Path) -> None:
    example = '[[exclude]]\nid = "trade"\nexamples = ["Northland tariff truce"]\n'
    pact = '[[signal]]\nid = "pact"\nany = ["pact"]\n[[exclude]]\nid = "match"\nany = ["match"]\n'
    pact += 'cancels = ["truce", "pact"]\nexamples = [\n"Truce after a match",\n"A pact",\n]\n'
    off = '[[signal]]\nid = "truce"\nenabled = false\n'

    assert failures(tmp_path, example + off) == []

    [(_, what)] = failures(tmp_path, pact + off)

    assert what == "exclude match: this is not cancelled by it: “A pact”"


def test_switching_a_signal_off_fails_no_exclusion_that_ships(tmp_path: Path) -> None:
    files = read_rule_files(
        small_rules.own(tmp_path / "own", mine='[[signal]]\nid = "ceasefire-title"\nenabled = false')
    )

    proof = prove(files, small_rules.detector(files))

    assert [str(problem) for problem in proof.failures if problem.what.startswith("exclude ")] == []


def test_every_rule_that_ships_has_an_example() -> None:
    files = read_rule_files()

    without = [source.id for name in SECTIONS for source in files.tables(name) if not source.data.get("examples")]

    assert without == []


@pytest.mark.slow
def test_labelled_headlines_in_the_operators_folder_are_tried(tmp_path: Path) -> None:
    folder = small_rules.own(tmp_path / "mine")
    labelled = [
        {"title": "Russia and Ukraine agree 30-day ceasefire", "gold": {"label": "P"}},
        {"title": "Town hall opens new library", "gold": {"label": "P"}},
    ]
    (folder / "missed.jsonl").write_text("\n".join(map(json.dumps, labelled)), encoding="utf-8")

    tried = parley(tmp_path, "rules", "test", str(folder))

    assert tried.returncode == 1
    [failure] = [line for line in tried.stderr.decode().splitlines() if "missed.jsonl" in line]
    assert "missed.jsonl:2: labelled news, but not" in failure
