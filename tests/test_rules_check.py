"""`parley rules check`: what compiles and may still be wrong."""

from pathlib import Path

import pytest

from bot.detect.check import Warned, check_rules
from bot.detect.rules import load_rules
from tests import small_rules
from tests.process import parley


def warned(folder: Path, mine: str, background: list[str] | None = None) -> list[tuple[str, str, int]]:
    """Return the word, the subject and the line of each warning about the operator's file *mine*."""
    files = small_rules.read(folder, mine=mine)
    found: list[Warned] = check_rules(files, load_rules(files), background or [])
    return [(w.warning, w.about, w.problem.line) for w in found if w.problem.file.endswith("mine.toml")]


@pytest.mark.parametrize(
    ("mine", "found"),
    [
        ('[concept.truce]\nen = ["tru*"]', ("short-stem", "tru*", 2)),
        ('[concept.truce]\nen = ["deal|pea*"]', ("short-stem", "pea*", 2)),
        ('[concept.truce]\nen = ["peace talks|peace deal"]', ("alternation", "peace talks|peace deal", 2)),
        ('[entity.south]\nen = ["North Kingdom"]', ("duplicate-alias", "North Kingdom", 2)),
        ('[entity.south]\nen = ["north kingdom"]', ("duplicate-alias", "north kingdom", 2)),
        ('[concept.mine]\nlabel = "x"', ("no-words", "mine", 1)),
        ('[concept.mine]\nen = ["x"]', ("language", "mine", 1)),
        ('[concept.mine]\nen = ["x"]\nuk = []', ("language", "mine", 1)),
        ('[[signal]]\nid = "mine"\nany = []', ("dead", "mine", 1)),
        ('[[exclude]]\nid = "mine"\nany = ["x"]', ("dead", "mine", 1)),
        ('[[exclude]]\nid = "mine"\nany = ["@truce"]\ncancels = ["truce"]', ("conflict", "mine", 3)),
        ('[[signal]]\nid = "gone"\nenabled = false', ("nothing", "there is no signal 'gone' to switch off", 3)),
    ],
)
def test_what_may_be_a_slip_is_warned_of_with_its_line(tmp_path: Path, mine: str, found: tuple[str, str, int]) -> None:
    assert warned(tmp_path, mine) == [found]


@pytest.mark.parametrize(
    "mine",
    [
        '[concept.truce]\nen = ["pea* ~3 talks"]',
        '[concept.truce]\nen = ["peace talks|deal"]',
        '[entity.south]\nen = ["=north kingdom"]',
        '[concept.mine]\nen = ["x"]\nuk = ["y"]',
        '[[exclude]]\nid = "mine"\nany = ["@truce"]\nunless_needs = "conflict"\ncancels = ["truce"]',
    ],
)
def test_what_is_no_slip_is_not_warned_of(tmp_path: Path, mine: str) -> None:
    assert warned(tmp_path, mine) == []


def test_a_file_that_is_not_read_is_warned_of(tmp_path: Path) -> None:
    small_rules.own(tmp_path / "own")
    (tmp_path / "own" / "words.toml.txt").write_text("[concept.truce]", encoding="utf-8")
    files = small_rules.read(tmp_path)

    found = check_rules(files, load_rules(files))

    assert [(w.warning, w.about) for w in found] == [("ignored", "words.toml.txt")]


def test_a_signal_that_is_always_cancelled_is_dead(tmp_path: Path) -> None:
    files = small_rules.read(tmp_path, mine='[[exclude]]\nid = "mine"\ncancels = ["truce"]')

    found = check_rules(files, load_rules(files))

    assert [(w.warning, w.about) for w in found] == [("dead", "truce")]
    assert "always cancelled by 'mine'" in str(found[0])


def test_a_signal_that_exclusions_name_can_be_switched_off(tmp_path: Path) -> None:
    mine = '[[exclude]]\nid = "mine"\nany = ["opera"]\ncancels = ["truce"]\n[[signal]]\nid = "truce"\nenabled = false'

    assert ("conflict", "mine", 3) not in warned(tmp_path, mine)


def test_a_rule_behind_one_that_takes_all_its_words_is_dead(tmp_path: Path) -> None:
    files = small_rules.read(tmp_path, mine='[[type]]\nid = "talks.held/mine"\nany = ["@agree ~4 @truce", "x"]')

    found = check_rules(files, load_rules(files))

    assert [(w.warning, w.about) for w in found] == [("dead", "ceasefire.agreed")]


def test_words_that_an_earlier_type_takes_are_a_conflict(tmp_path: Path) -> None:
    mine = '[[type]]\nid = "ceasefire.agreed"\nany = ["@agree ~4 @truce", "propose* ~4 @truce"]'
    mine += '\n[[type]]\nid = "ceasefire.proposed"\nany = ["propose* ~4 @truce", "offer*"]'

    assert warned(tmp_path, mine) == [("conflict", "ceasefire.proposed", 6)]


def test_a_word_of_many_ordinary_headlines_is_too_common(tmp_path: Path) -> None:
    background = ["The game was won"] * 10 + ["Rain tomorrow"] * 90
    mine = '[concept.truce]\nen = ["game"]'

    assert warned(tmp_path, mine, background) == [("common", "game", 2)]
    assert warned(tmp_path, mine, background[5:]) == []
    assert warned(tmp_path, '[concept.agree]\nen = ["game"]', background) == []


def test_a_warning_is_accepted_with_a_reason_and_not_without(tmp_path: Path) -> None:
    stem = '[concept.truce]\nen = ["tru*"]\n[[accept]]\nid = "stems"\nwarning = "short-stem"\nof = ["tru*"]\n'

    assert warned(tmp_path, stem + 'reason = "the only word for it"') == []
    assert warned(tmp_path, stem) == [("unused", "stems", 3)]


def test_an_acceptance_of_nothing_is_warned_of(tmp_path: Path) -> None:
    mine = '[[accept]]\nid = "stems"\nwarning = "short-stem"\nof = ["gone*"]\nreason = "it was"'

    assert warned(tmp_path, mine) == [("unused", "gone*", 4)]


@pytest.mark.slow
def test_the_rules_that_ship_pass_their_own_check_and_examples(tmp_path: Path) -> None:
    checked, tried = parley(tmp_path, "rules", "check"), parley(tmp_path, "rules", "test")

    assert (checked.returncode, checked.stdout) == (0, b"the rules can be used; 0 warnings\n"), checked.stdout.decode()
    assert tried.returncode == 0, tried.stderr.decode()


@pytest.mark.slow
def test_mistakes_of_the_operators_own_rules_end_the_check_with_exit_code_2(tmp_path: Path) -> None:
    small_rules.own(tmp_path / "mine", a='[concept.ceasefire]\nen = ["@cesefire"]')

    checked = parley(tmp_path, "rules", "check", str(tmp_path / "mine"))

    assert checked.returncode == 2
    assert b"a.toml:2: there is no concept @cesefire (did you mean 'ceasefire'?)" in checked.stderr
