"""Rule files of several layers: what the operator and the languages write over what ships."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ConfigError, Problem
from bot.rulefiles import merge, read_rule_files
from bot.toml import Located, parse_toml
from tests import make, small_rules

GERMAN = """
[language.de]
name = "Deutsch"
[concept]
truce.de = ["Waffenruhe*"]
[entity]
north.de = ["Nordland*"]
"""


def judged(folder: Path, title: str, **files: str) -> str:
    """Return the type of what *title* reports, by the small rules and the operator's *files*."""
    event = small_rules.detector(small_rules.read(folder, **files)).judge(make.entry(title)).event
    return event.type if event else ""


def problems_of(folder: Path, **files: str) -> list[tuple[str, int, str]]:
    with pytest.raises(ConfigError) as caught:
        small_rules.detector(small_rules.read(folder, **files))
    found = [problem for problem in caught.value.problems if isinstance(problem, Problem)]
    return [(Path(problem.file).name, problem.line, f"{problem.what} {problem.hint}") for problem in found]


# ---------------------------------------------------------------------------------------------- words
def test_a_word_is_added_to_a_concept(tmp_path: Path) -> None:
    mine = '[concept.truce]\nen = ["silent guns"]'

    assert judged(tmp_path, "Northland agrees to silent guns") == ""
    assert judged(tmp_path, "Northland agrees to silent guns", mine=mine) == "ceasefire.agreed"
    assert judged(tmp_path, "Northland agrees to truce", mine=mine) == "ceasefire.agreed"


def test_a_word_is_removed_from_a_concept(tmp_path: Path) -> None:
    mine = '[concept.truce]\nremove = ["cease-fire*"]'

    assert judged(tmp_path, "Northland agrees to ceasefire", mine=mine) == ""
    assert judged(tmp_path, "Northland agrees to truce", mine=mine) == "ceasefire.agreed"


def test_a_word_to_remove_that_is_not_there_is_warned_of(tmp_path: Path) -> None:
    files = small_rules.read(tmp_path, mine='[concept.truce]\nremove = ["ceasefire*"]')

    assert [problem.line for problem in files.warnings] == [2]
    assert "did you mean 'cease-fire*'?" in str(files.warnings[0])


def test_examples_of_a_rule_that_is_not_there_are_warned_of_and_harm_nothing(tmp_path: Path) -> None:
    files = small_rules.read(tmp_path, mine='[[signal]]\nid = "truse"\nexamples = ["x"]')

    assert [problem.line for problem in files.warnings] == [2]
    assert "did you mean 'truce'?" in str(files.warnings[0])
    assert [source.id for source in files.tables("signal")] == ["truce"]


def test_a_name_is_added_to_an_entity_and_another_entity_beside_it(tmp_path: Path) -> None:
    mine = """
    [entity.north]
    en = ["Boreas"]
    [entity.rebels]
    kind = "armed_group"
    conflicts = ["north-south:B"]
    en = ["Hill Front"]
    """

    event = (
        small_rules.detector(small_rules.read(tmp_path, mine=mine))
        .judge(make.entry("Boreas and Hill Front agree truce"))
        .event
    )

    assert event
    assert (event.actors, event.conflicts) == (("north", "rebels"), ("north-south",))


def test_entities_may_come_as_a_table_of_a_spreadsheet(tmp_path: Path) -> None:
    folder = small_rules.own(tmp_path / "own")
    (folder / "names.csv").write_text("id,aliases_en\nnorth,Boreas|Old North\n", encoding="utf-8-sig")
    files = read_rule_files(folder, shipped=small_rules.shipped(tmp_path / "shipped"))

    event = small_rules.detector(files).judge(make.entry("Old North agrees truce")).event

    assert event
    assert event.actors == ("north",)


# ---------------------------------------------------------------------------------------------- rules
def test_keys_of_a_rule_are_replaced_and_the_others_stay(tmp_path: Path) -> None:
    files = small_rules.read(tmp_path, mine='[[signal]]\nid = "truce"\nneeds = "conflict"')
    detector = small_rules.detector(files)

    assert not detector.judge(make.entry("They agree truce")).relevant
    assert detector.judge(make.entry("Northland agrees truce")).relevant


@pytest.mark.parametrize(
    ("mine", "title", "type_"),
    [
        ('[[signal]]\nid = "truce"\nenabled = false', "Northland agrees truce", ""),
        ('[[exclude]]\nid = "trade"\nenabled = false', "Northland agrees tariff truce", "ceasefire.agreed"),
        ('[[type]]\nid = "ceasefire.agreed"\nenabled = false', "Northland agrees truce", "statement"),
        ("[concept.truce]\nenabled = false", "Northland agrees truce", ""),
    ],
)
def test_what_is_switched_off_is_as_if_it_were_not_there(tmp_path: Path, mine: str, title: str, type_: str) -> None:
    assert judged(tmp_path, title, mine=mine) == type_


def test_a_conflict_that_is_switched_off_is_spoken_of_by_no_one(tmp_path: Path) -> None:
    detector = small_rules.detector(small_rules.read(tmp_path, mine="[conflict.north-south]\nenabled = false"))

    assert detector.judge(make.entry("Northland agrees truce")).conflicts == ()


def test_a_type_of_ones_own_is_tried_first_or_where_it_says(tmp_path: Path) -> None:
    mine = '[[type]]\nid = "talks.held/mine"\nany = ["@truce"]'

    assert judged(tmp_path, "Northland agrees truce", mine=mine) == "talks.held"
    assert judged(tmp_path, "Northland agrees truce", mine=mine + '\nbefore = "ceasefire.proposed"') == (
        "ceasefire.agreed"
    )


def test_a_rule_before_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    mine = '[[type]]\nid = "talks.held/mine"\nbefore = "ceasefire.agree"\nany = ["@truce"]'

    [(file, line, what)] = problems_of(tmp_path, mine=mine)

    assert (file, line) == ("mine.toml", 3)
    assert "did you mean 'ceasefire.agreed'?" in what


# ---------------------------------------------------------------------------------------------- languages
def test_a_language_is_one_file(tmp_path: Path) -> None:
    shipped = small_rules.shipped(tmp_path / "shipped")
    (shipped / "languages").mkdir()
    (shipped / "languages" / "de.toml").write_text(GERMAN, encoding="utf-8")
    files = read_rule_files(shipped=shipped)

    event = small_rules.detector(files).judge(make.entry("Nordland will Waffenruhe")).event

    assert files.languages == ("en", "uk", "de")
    assert event
    assert event.actors == ("north",)


# ---------------------------------------------------------------------------------------------- mistakes
@pytest.mark.parametrize(
    ("mine", "line", "says"),
    [
        ('[[signl]]\nid = "x"', 1, "there is no section 'signl' (did you mean 'signal'?)"),
        ("[concept.truce]\nem = []", 2, "unknown key 'em' (known: "),
        ('[concept.truce]\nen = ["@agre"]', 2, "there is no concept @agre (did you mean 'agree'?)"),
        ('[concept.truce]\nen = "silent guns"', 2, "en must be a list of texts"),
        ('[entity.north]\nen = "Boreas"', 2, "en must be a list of texts"),
        ('[entity.north]\nkind = "contry"', 2, "did you mean 'country'?"),
        ('[entity.north]\nconflicts = ["nort-south:A"]', 2, "did you mean 'north-south'?"),
        ('[conflict.north-south]\nflags = "x"', 2, "did you mean 'flag'?"),
        ('[conflict.north-south]\nactive = "2014"', 2, "active must be a list"),
        ('[conflict.north-south]\nparties = { A = ["nort"] }', 2, "did you mean 'north'?"),
        ('[[type]]\nid = "ceasefire.agred/mine"\nany = ["x"]', 2, "did you mean 'ceasefire.agreed'?"),
        ('[[signal]]\nany = ["x"]', 1, "each signal needs an id of its own"),
        ('[[signal]]\nid = "a"\nany = ["x"]\n[[signal]]\nid = "a"', 5, "'a' is there twice"),
        ('[alert.base]\n"ceasefire.agreed" = 9', 2, "must be a priority from 1 to 4"),
        ("[signal]\nid = 1", 1, "written as tables [[signal]]"),
        ('[[signal]]\nid = "truce"\nenabled = "no"', 3, "enabled must be true or false"),
        ("[concept.truce]\nenabled = 0", 2, "enabled must be true or false"),
        ('[entity.north]\nenabled = "false"', 2, "enabled must be true or false"),
        ('[conflict.north-south]\nenabled = "no"', 2, "enabled must be true or false"),
        ('[[alert.adjust]]\nid = "x"\nenabled = "no"', 3, "enabled must be true or false"),
        ('[[signal]]\nid = "truce"\nexamples = "Truce"', 3, "examples must be a list"),
        ('[[type]]\nid = "ceasefire.agreed"\ncounterexamples = "Truce"', 3, "counterexamples must be a list"),
        ("schema = 2", 1, "there is no schema 2 of rule files (known: 1)"),
        ("schema = true", 1, "there is no schema True of rule files (known: 1)"),
        ("[language.de]\nnaem = 1", 2, "did you mean 'name'?"),
        ("[language.de]\nname = 1", 2, "name must be a text"),
        ('[language.de]\nname = "Deutsch"\npartial = "yes"', 3, "partial must be true or false"),
        ("[language.de]\nhome = []", 2, "home must be a text"),
        ("[language.uk]\nenabled = false", 2, "unknown key 'enabled'"),
        ("x = = 1", 1, "this is not valid TOML"),
    ],
)
def test_a_mistake_in_the_operators_file_is_named_with_its_line(
    tmp_path: Path, mine: str, line: int, says: str
) -> None:
    found = problems_of(tmp_path, mine=mine)

    assert [(file, where) for file, where, _ in found] == [("mine.toml", line)]
    assert says.replace(" (", " ").rstrip(")") in found[0][2]


def test_two_files_that_set_the_same_key_are_both_named(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path, a='[[signal]]\nid = "truce"\nweight = 0.5', b='[[signal]]\nid = "truce"\nweight = 0.7'
    )

    [(file, line, what)] = found
    assert (file, line) == ("b.toml", 3)
    assert "a.toml:3" in what


def test_a_folder_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: .*No such file.*\[rules\]"):
        read_rule_files(tmp_path / "nowhere")


def test_names_that_look_like_rules_and_are_not_read_are_told_of(tmp_path: Path) -> None:
    folder = small_rules.own(tmp_path / "own", mine="")
    (folder / "dir.toml").mkdir()
    ignored, fine = ["OWN.TOML", "names.csv.bak", "words.toml.txt"], ["README.md", "missed.jsonl", ".mine.toml.swp"]
    for name in ignored + fine:
        (folder / name).write_text("x", encoding="utf-8")

    files = read_rule_files(folder, shipped=small_rules.shipped(tmp_path / "shipped"))

    assert [Path(problem.file).name for problem in files.ignored] == sorted([*ignored, "dir.toml"])
    assert "'OWN.TOML' is not read" in str(files.ignored[0])


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    folder = small_rules.own(tmp_path / "own")
    (folder / "mine.toml").write_bytes(b"# \xff\xfe")

    with pytest.raises(ConfigError, match=r"mine\.toml:1: this is not UTF-8 text"):
        read_rule_files(folder, shipped=small_rules.shipped(tmp_path / "shipped"))


# ---------------------------------------------------------------------------------------------- laws
PIECES = (
    '[concept.truce]\nen = ["silent guns"]\n',
    '[concept.truce]\nen = ["quiet front"]\nremove = ["cease-fire*"]\n',
    '[concept.truce]\nen = ["ban of fire"]\n',
    '[concept.wish]\nen = ["wants @truce"]\n',
    '[entity.north]\nen = ["Boreas"]\n',
    '[entity.rebels]\nkind = "armed_group"\nconflicts = ["north-south:B"]\nen = ["Hill Front"]\n',
    '[[signal]]\nid = "wish"\nany = ["@wish"]\n',
    '[[signal]]\nid = "accord"\nany = ["accord"]\n',
    '[[exclude]]\nid = "sport"\nany = ["match"]\ncancels = ["*"]\n',
    '[[exclude]]\nid = "trade"\nenabled = false\n',
    '[[type]]\nid = "talks.held/a"\nany = ["meet* ~3 @truce"]\n',
    '[[type]]\nid = "talks.proposed/b"\nany = ["meet*"]\n',
    '[[type]]\nid = "talks.stalled/c"\nbefore = "ceasefire.proposed"\nany = ["@wish"]\n',
    '[[modality]]\nid = "question/d"\nany = ["?"]\n',
)
TITLES = (
    "Northland agrees truce",
    "Boreas and Hill Front agree to silent guns",
    "Northland wants truce and meets Southland at the quiet front",
    "Southland proposes ceasefire",
    "Truce after a match",
    "Will Northland agree tariff truce ?",
)


def verdicts(files: list[Located], shipped: Path) -> list[object]:
    layers = [_documents(shipped), [], files]
    detector = small_rules.detector(merge(layers, shipped=shipped))
    return [detector.judge(make.entry(title)) for title in TITLES]


def _documents(shipped: Path) -> list[Located]:
    return [document for name in ("lexicon", "rules", "conflicts") for document in [_document(shipped, name)]]


def _document(shipped: Path, name: str) -> Located:
    text = (shipped / f"{name}.toml").read_text(encoding="utf-8")
    more = '[entity.north]\nkind = "country"\nconflicts = ["north-south:A"]\nen = ["Northland"]\n'
    more += '[entity.south]\nkind = "country"\nconflicts = ["north-south:B"]\nen = ["Southland"]\n'
    return parse_toml(text + (more if name == "conflicts" else ""), f"{name}.toml")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.permutations(PIECES), st.lists(st.integers(0, 3), min_size=len(PIECES), max_size=len(PIECES)))
def test_verdicts_are_the_same_however_the_rules_are_spread_over_files(
    tmp_path: Path, pieces: list[str], homes: list[int]
) -> None:
    shipped = small_rules.shipped(tmp_path / "shipped")
    alone = [parse_toml(piece, f"{number}.toml") for number, piece in enumerate(PIECES)]

    spread = [[piece for piece, home in zip(pieces, homes, strict=True) if home == number] for number in range(4)]
    together = [_joined(some, f"{number}.toml") for number, some in enumerate(spread)]

    assert verdicts(together, shipped) == verdicts(alone, shipped)


def _joined(pieces: list[str], name: str) -> Located:
    """Return one document of *pieces*; words for one table are one list there, as TOML wants it."""
    tables: dict[str, list[str]] = {}
    for piece in pieces:
        head, *lines = piece.splitlines()
        tables.setdefault(head if not head.startswith("[[") else piece, []).extend(lines)
    texts = []
    for head, lines in tables.items():
        if head.startswith("[["):
            texts.append(head)
            continue
        keys: dict[str, list[str]] = {}
        for line in lines:
            key, _, value = line.partition(" = ")
            keys.setdefault(key, []).append(value)
        joined = [
            f"{key} = {values[0][:-1]}{''.join(', ' + v[1:-1] for v in values[1:])}{values[0][-1]}"
            for key, values in keys.items()
        ]
        texts.append("\n".join([head, *joined]))
    return parse_toml("\n".join(texts), name)
