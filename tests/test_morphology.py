"""scripts/morphology: the word forms that a list leaves out are found, with their line; those it covers are not."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


pytest.importorskip("pymorphy3", reason="pymorphy3 is not installed (group dev)")


def report(*arguments: str | Path) -> list[str]:
    script = REPOSITORY / "scripts" / "morphology.py"
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout.splitlines()


LEXICON = """
[concept.pact]
en = ["deal"]
uk = ["договір", "перемир*", "мирн* план*"]
ru = [
  "перемири*",
  "подпис*",
]
"""


def test_forms_that_no_term_covers_are_named_with_list_and_line(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.toml"
    lexicon.write_text(LEXICON, encoding="utf-8")

    lines = report(lexicon)

    treaty = next(line for line in lines if "договір" in line)
    assert treaty.startswith("lexicon.toml:4: pact uk 'договір'")
    assert {"договору", "договором"} <= set(treaty.rpartition(": ")[2].split(", "))
    assert any(line.startswith("lexicon.toml:7: pact ru 'подпис*'") and "подпишут" in line for line in lines)


def test_a_stem_that_keeps_its_letters_is_not_named(tmp_path: Path) -> None:
    lexicon = tmp_path / "lexicon.toml"
    lexicon.write_text('[concept.x]\nuk = ["перемир*", "договір|договор*"]\n', encoding="utf-8")

    assert report(lexicon) == []


def test_aliases_of_entities_are_looked_at_too(tmp_path: Path) -> None:
    entities = tmp_path / "entities.csv"
    entities.write_text(
        "id,kind,conflicts,aliases_en,aliases_uk,aliases_ru,role,status\nqatar,country,,Qatar,Катар|Катару,Катар*,,ok\n",
        encoding="utf-8",
    )

    lines = report(entities)

    assert len(lines) == 1
    assert lines[0].startswith("entities.csv:2: qatar uk 'Катар'")
    assert "катаром" in lines[0]
