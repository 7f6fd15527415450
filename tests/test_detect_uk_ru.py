"""Ukrainian and Russian: what is ours and what only looks like it, in both languages' own turns of phrase."""

import csv
from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.explain import explain
from bot.detect.lines import read_published
from bot.detect.rules import load_rules
from bot.model import EventType
from tests import make

DETECTOR = Detector(load_rules())
IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}


def headlines() -> list[dict[str, str]]:
    text = Path(__file__).with_name("detect_uk_ru.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.mark.parametrize("line", headlines(), ids=lambda line: line["headline"])
def test_a_headline_is_in_or_out_as_its_editor_would_say(line: dict[str, str]) -> None:
    entry = make.entry(line["headline"], summary=line["summary"], published=None)

    verdict = DETECTOR.judge(entry, when=read_published(line["published"]))

    assert verdict.relevant == (line["judged"] == "in"), explain(entry, verdict, DETECTOR.rules)


@pytest.mark.parametrize(
    "title",
    [
        "Київ не погодив часткову тишу в небі",
        "Росія ще не погодила 30 днів тиші",
        "Путин не согласился на тишину на море",
        "Путін може погодити тижневу паузу — Bloomberg",
        "Індія та Пакистан так і не домовилися не стріляти",
        "Таліби спростували, що домовилися не стріляти",
        "В МИД РФ назвали фейком сообщения о прекращении огня с Киевом",
        "Россия прекратит огонь, только если ВСУ уйдут из Донбасса",
        "Судан: армія заперечує, що припинила вогонь",
        "ЗСУ зупинили наступ ворога на Сумщині",
    ],
)
def test_a_quiet_that_nobody_agreed_to_is_never_in_force(title: str) -> None:
    verdict = DETECTOR.judge(make.entry(title, published=None))

    assert verdict.event is None or verdict.event.type not in IN_FORCE


@pytest.mark.parametrize(
    ("title", "stranger"),
    [
        ("Кримінальні новини тижня", "crimea"),
        ("Песок и щебень подорожали", "peskov"),
        ("Лавровий лист і перець: як маринувати", "lavrov"),
        ("Індивідуальний захист на виробництві", "india"),
        ("Газові плити здорожчали", "gaza-strip"),
        ("Кошти на дороги знайдено", "costa"),
        ("Венгрия и погода", "vienna"),
        ("Сирна паска за рецептом бабусі", "syria"),
        ("Турка для кави: як вибрати", "turkey"),
    ],
)
def test_an_ordinary_word_is_nobodys_name(title: str, stranger: str) -> None:
    verdict = DETECTOR.judge(make.entry(title, published=None))

    assert stranger not in {*verdict.actors, *verdict.places}


@pytest.mark.parametrize(
    "title", ["путін відмовився від пасхальної тиші", "росія відкинула перемир’я", "Кремль відкинув перемирʼя"]
)
def test_a_name_belittled_by_a_small_letter_is_still_the_name(title: str) -> None:
    assert "ukraine-russia" in DETECTOR.judge(make.entry(title, published=None)).conflicts
