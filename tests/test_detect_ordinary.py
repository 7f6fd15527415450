"""Ordinary headlines, as agencies word them every day, in three languages and of many wars. Headlines are ours."""

import csv
from datetime import date
from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.explain import explain
from bot.detect.gazetteer import DateSpan
from bot.detect.rules import load_rules
from tests import make

DETECTOR = Detector(load_rules())


def headlines() -> list[dict[str, str]]:
    """Return headlines with their language and what is expected: a type, "relevant" (any type) or "-" (stays out)."""
    text = Path(__file__).with_name("detect_ordinary.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.mark.parametrize("line", headlines(), ids=lambda line: line["headline"])
def test_an_ordinary_headline_is_in_or_out_and_of_its_type(line: dict[str, str]) -> None:
    entry = make.entry(line["headline"], language=line["language"], published=None)

    verdict = DETECTOR.judge(entry)

    assert verdict.relevant == (line["expected"] != "-"), explain(entry, verdict, DETECTOR.rules)
    if line["expected"] not in ("-", "relevant"):
        assert verdict.event is not None
        assert verdict.event.type == line["expected"]


UNNAMED = [
    ("uk", "Завершився другий раунд переговорів"),
    ("uk", "Відбувся великий обмін: кого вдалося визволити"),
    ("ru", "Следующий раунд переговоров пройдет в Стамбуле"),
    ("ru", "Отвод войск у Петровского завершен"),
]


@pytest.mark.parametrize(("language", "title"), UNNAMED)
def test_a_paper_that_names_no_war_means_the_one_its_language_has_for_a_home(language: str, title: str) -> None:
    verdict = DETECTOR.judge(make.entry(title, language=language))

    assert verdict.relevant
    assert verdict.conflicts == ("ukraine-russia",)


@pytest.mark.parametrize(("_", "title"), UNNAMED)
def test_a_paper_in_another_language_must_name_its_war(_: str, title: str) -> None:
    verdict = DETECTOR.judge(make.entry(title, language="en"))

    assert verdict.conflicts == ()


@pytest.mark.parametrize(("language", "title"), UNNAMED)
def test_nothing_is_about_a_war_that_had_not_begun(language: str, title: str) -> None:
    before = date(2012, 5, 1)

    verdict = DETECTOR.judge(make.entry(title, language=language, published=None), when=DateSpan(before, before))

    assert verdict.conflicts == ()


@pytest.mark.parametrize(
    "title",
    [
        "Сербія і Косово: завершився другий раунд переговорів",
        "Другий раунд переговорів щодо бюджету розпочався",
        "Другий раунд переговорів про купівлю заводу завершено",
        "Нетаньягу про прямі переговори з Сирією",
    ],
)
def test_a_war_that_is_not_named_yields_to_whoever_else_is(title: str) -> None:
    assert "ukraine-russia" not in DETECTOR.judge(make.entry(title, language="uk")).conflicts
