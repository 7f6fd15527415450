"""The JSON Schema of rule files: what editors are told is what the loader takes."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.detect.schema import rule_schema
from bot.rulefiles import DATA
from tests import small_rules
from tests.process import parley

SCHEMA = Draft202012Validator(rule_schema())
FILES = sorted(Path(str(DATA)).glob("languages/*.toml"))
FILES += [
    Path(str(DATA)) / name
    for name in ("lexicon.toml", "rules.toml", "conflicts.toml", "accepted.toml", "examples.toml")
]


def complaints(text: str) -> list[str]:
    return [error.message for error in SCHEMA.iter_errors(tomllib.loads(text))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(rule_schema())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_accepts_what_ships(file: Path) -> None:
    assert complaints(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", [small_rules.LEXICON, small_rules.RULES, small_rules.CONFLICTS])
def test_it_accepts_what_the_loader_takes(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    "mistake",
    [
        '[[signl]]\nid = "x"',
        '[[signal]]\nany = ["x"]',
        '[[signal]]\nid = "x"\nwere = "title"',
        '[[signal]]\nid = "x"\nwhere = "titel"',
        '[[signal]]\nid = "x"\nneeds = "two sides"',
        '[[signal]]\nid = "x"\nany = "peace"',
        '[[signal]]\nid = "x"\nweight = "heavy"',
        '[[type]]\nid = "ceasefire.agred"',
        '[[modality]]\nid = "denail/mine"',
        '[concept.truce]\nenglish = ["truce"]',
        '[concept.truce]\nen = ["truce", 1]',
        '[entity.north]\nkind = "contry"',
        '[entity.north]\nconflicts = ["north-south"]',
        '[conflict.x]\nactive = ["2014-02-20", ""]',
        '[alert.base]\n"ceasefire.agreed" = "loud"',
        '[[genre]]\nid = "x"\nexamples = [{ titel = "x" }]',
    ],
)
def test_it_refuses_typical_mistakes(mistake: str) -> None:
    assert complaints(mistake)


def test_the_command_prints_it(tmp_path: Path) -> None:
    printed = parley(tmp_path, "rules", "schema")

    assert json.loads(printed.stdout) == rule_schema()
