"""Rule files: every mistake is named with its file and line, and with what was meant."""

import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from bot.detect.rules import load_rules
from bot.errors import ConfigError
from bot.rulefiles import read_rule_files

SHIPPED = Path(str(files("bot") / "data"))
Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    folder = tmp_path / "data"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("week"))

    def change(file: str, old: str, new: str) -> Path:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change


def line_of(file: Path, text: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_shipped_rules_load() -> None:
    rules = load_rules()

    assert {signal.id for signal in rules.signals} >= {"ceasefire-title", "talks-two-sides"}


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "rules.toml",
            'any = ["@ceasefire"]',
            'any = ["@ceasfire"]',
            "no concept @ceasfire (did you mean 'ceasefire'?)",
        ),
        ("rules.toml", 'needs = "title_party"', 'needs = "title_partie"', "no needs 'title_partie' (did you mean"),
        ("rules.toml", 'where = "title"', 'were = "title"', "unknown key 'were' (did you mean 'where'?)"),
        ("rules.toml", '"talks-*"', '"talx-*"', "there is no signal 'talx-*'"),
        ("rules.toml", 'id = "talks.stalled"', 'id = "talks.staled"', "did you mean 'talks.stalled'?"),
        ("rules.toml", 'id = "denial"', 'id = "denail"', "no modality 'denail' (did you mean 'denial'?)"),
        ("rules.toml", "weight = 1.0", 'weight = "heavy"', "weight must be a number"),
        ("rules.toml", '"fighting resumes"', '"~3 fighting"', "a gap stands between two words"),
        ("rules.toml", "relevant_at        = 1.0", "relevant        = 1.0", "did you mean 'relevant_at'?"),
        ("rules.toml", 'by = "title"', 'by = "titel"', "did you mean 'title'?"),
        ("rules.toml", '"usa", "hostages-gaza"', '"uzza", "hostages-gaza"', "there is no entity 'uzza'"),
        ("lexicon.toml", '"перемир*"', '"пер*мир"', "a star ends a word"),
        ("lexicon.toml", '"armistice*"', '"@armistices"', "no concept @armistices"),
        ("lexicon.toml", "[concept.agree]\nen = [", "[concept.agree]\nxx = [", "unknown key 'xx'"),
        ("conflicts.toml", 'parties = { A = ["sudan"', 'parties = { A = ["sudann"', "did you mean 'sudan'?"),
        ("conflicts.toml", 'status = "ceasefire"', 'status = "cease-fire"', "did you mean 'ceasefire'?"),
        ("entities.csv", "|Ukrain*|", "|Ukr*ain|", "a star ends a word"),
        ("entities.csv", "ukraine-russia:A", "ukrain-russia:A", "did you mean 'ukraine-russia'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(spoil: Spoil, file: str, old: str, new: str, says: str) -> None:
    folder = spoil(file, old, new)
    line = line_of(folder / file, new.rsplit("\n", maxsplit=1)[-1])

    with pytest.raises(ConfigError) as caught:
        load_rules(read_rule_files(shipped=folder))

    assert any(p.file == file and p.line == line for p in caught.value.problems if not isinstance(p, str))
    assert says in str(caught.value)


def test_all_mistakes_are_named_at_once(spoil: Spoil) -> None:
    spoil("rules.toml", '"fighting resumes"', '"~3 fighting"')
    folder = spoil("lexicon.toml", '"перемир*"', '"пер*мир"')

    with pytest.raises(ConfigError) as caught:
        load_rules(read_rule_files(shipped=folder))

    assert len(caught.value.problems) >= 2


def test_concepts_that_refer_to_each_other_in_a_circle_are_named(spoil: Spoil) -> None:
    spoil("lexicon.toml", '"armistice*"', '"@agree"')
    folder = spoil("lexicon.toml", "[concept.agree]\nen = [", '[concept.agree]\nen = ["@ceasefire", ')

    with pytest.raises(ConfigError, match="in a circle: ceasefire -> agree -> ceasefire"):
        load_rules(read_rule_files(shipped=folder))
