"""How sure a report is: the same words with the opposite meaning, and what is put around a truce that was made."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import Event, EventType, Modality
from tests import make

IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}
ASSERTED = {Modality.FACT, Modality.CLAIM}
DETECTOR = Detector(load_rules())


class Pair(NamedTuple):
    """A headline, and one of nearly the same words that says something else: that it is not so, or who told it."""

    language: str
    first: Modality
    headline: str
    second: Modality
    opposite: str
    opposite_is: str


def read_pairs() -> list[Pair]:
    lines = Path(__file__).with_name("detect_modality_pairs.tsv").read_text(encoding="utf-8").splitlines()
    cells = (line.split("\t") for line in lines[1:])
    return [Pair(row[0], Modality(row[1]), row[2], Modality(row[3]), row[4], row[5]) for row in cells]


PAIRS = read_pairs()


def event(title: str) -> Event | None:
    return DETECTOR.judge(make.entry(title, published=None)).event


def f1(answers: list[tuple[Modality, Modality | None]]) -> dict[Modality, float]:
    """Return the F1 of each modality that is expected somewhere."""
    right = Counter(wanted for wanted, got in answers if wanted == got)
    wanted_of, got_of = Counter(wanted for wanted, _ in answers), Counter(got for _, got in answers)
    return {each: 2 * right[each] / (wanted_of[each] + got_of[each]) for each in wanted_of}


def test_the_pairs_cover_every_modality_and_language() -> None:
    languages = Counter(pair.language for pair in PAIRS)

    assert min(languages[language] for language in ("en", "uk", "ru")) >= 20
    assert {pair.first for pair in PAIRS} | {pair.second for pair in PAIRS} == set(Modality)


def test_each_modality_is_told_from_the_others() -> None:
    sides = [side for p in PAIRS for side in ((p.first, p.headline), (p.second, p.opposite))]

    answers = [(wanted, found.modality if (found := event(title)) else None) for wanted, title in sides]

    assert min(f1(answers).values()) >= 0.95


@pytest.mark.parametrize("title", [pair.opposite for pair in PAIRS if pair.opposite_is == "not so"])
def test_what_is_not_so_is_never_in_force(title: str) -> None:
    found = event(title)

    assert found
    assert found.type not in IN_FORCE


def made() -> list[str]:
    """Return headlines of truces made and begun."""
    lines = Path(__file__).with_name("detect_pairs.tsv").read_text(encoding="utf-8").splitlines()
    return sorted({line.split("\t")[1] for line in lines[1:]} | {pair.headline for pair in PAIRS})


def language_of(title: str) -> str:
    if title.isascii():
        return "en"
    return "uk" if set("іїєґ'") & set(title.lower()) else "ru"


FRAMES = {
    "en": [
        "{}?",
        "If {}, talks will follow",
        "Reports that {} are false, officials say",
        "Kremlin denies that {}",
        "Trump hopes {}",
        "Netanyahu doubts that {}",
        "Talks on whether {} go on",
        "A year ago: {}",
        "No sign that {}",
    ],
    "uk": [
        "{}?",
        "Якщо {}, почнуться переговори",
        "У МЗС спростували, що {}",
        "Трамп сподівається, що {}",
        "Невідомо, чи {}",
        "Рік тому {}",
        "Трамп хоче, щоб {}",
    ],
    "ru": [
        "{}?",
        "Если {}, начнутся переговоры",
        "В МИД опровергли, что {}",
        "Трамп надеется, что {}",
        "Неизвестно, правда ли, что {}",
        "Год назад {}",
        "Трамп хочет, чтобы {}",
    ],
}


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_a_frame_that_takes_the_news_back_leaves_nothing_in_force(language: str) -> None:
    titles = [title for title in made() if language_of(title) == language]
    framed = [frame.format(title) for title in titles for frame in FRAMES[language]]

    taken = [
        title for title in framed if (found := event(title)) and found.type in IN_FORCE and found.modality in ASSERTED
    ]

    assert len(titles) >= 20
    assert taken == []


@pytest.mark.parametrize(
    "title",
    [
        "Ceasefire in Sudan takes effect, but will it last?",
        "Перемирие в Судане вступило в силу: надолго ли?",
    ],
)
def test_a_question_behind_the_news_leaves_it_news(title: str) -> None:
    found = event(title)

    assert found
    assert found.modality is not Modality.QUESTION


@pytest.mark.parametrize(
    "title",
    [
        "Russia and Ukraine agree unconditional ceasefire",
        "Russia and Ukraine agree ceasefire without preconditions",
        "Росія та Україна погодили безумовне перемир'я",
        "Россия и Украина согласовали перемирие без предварительных условий",
        "Russia and Ukraine agree not only prisoner swap but ceasefire",
    ],
)
def test_what_only_looks_negative_takes_nothing_back(title: str) -> None:
    found = event(title)

    assert found
    assert (found.type, found.modality) == (EventType.CEASEFIRE_AGREED, Modality.FACT)


@pytest.mark.parametrize(
    "title",
    [
        "Three years on, Russia and Ukraine agree truce",
        "Two years after invasion, Russia and Ukraine agree ceasefire",
        "Putin proposes to resume 2022 Istanbul talks with Ukraine",
        "Через рік після початку війни Росія та Україна домовилися про перемир'я",
        "Путин предложил возобновить переговоры с Украиной 2022 года",
    ],
)
def test_news_that_names_former_days_is_news(title: str) -> None:
    found = event(title)

    assert found
    assert found.modality in ASSERTED


@pytest.mark.parametrize(
    ("title", "modality"),
    [
        ("Israel and Hezbollah agree truce, sources say", Modality.CLAIM),
        ("Media: Israel and Hezbollah agree truce", Modality.CLAIM),
        ("Israel and Hezbollah agree truce, according to Qatar", Modality.CLAIM),
        ("Israel and Hezbollah agree truce", Modality.FACT),
        ("Джерела: Ізраїль і Хезболла уклали перемир'я", Modality.CLAIM),
        ("СМИ: Израиль и «Хезболла» заключили перемирие", Modality.CLAIM),
        ("Russia's three-day ceasefire for WWII anniversary comes into effect", Modality.FACT),
    ],
)
def test_news_of_a_truce_from_outsiders_and_nameless_sources_is_a_claim(title: str, modality: Modality) -> None:
    found = event(title)

    assert found
    assert found.type in IN_FORCE
    assert found.modality == modality


@pytest.mark.parametrize(
    ("title", "modality"),
    [
        ("Syria and SDF agree truce - regional bloc", Modality.CLAIM),
        ("Syria and SDF agree truce: mediators", Modality.CLAIM),
        ("Syria and SDF agree truce, Gulf officials say", Modality.CLAIM),
        ("Syria and SDF agree truce, says Turkish foreign minister", Modality.CLAIM),
        ("Syria and SDF agree truce, officials stay away", Modality.FACT),
        ("Syria and SDF agree truce - The Diplomat", Modality.FACT),
        ("Syria and SDF agree truce - Reuters", Modality.FACT),
        ("Syria and SDF agree truce after mediators shuttle all night", Modality.FACT),
        ("Вірменія та Азербайджан погодили перемир'я, - посол", Modality.CLAIM),
        ("Армения и Азербайджан согласовали перемирие - наблюдатели", Modality.CLAIM),
        ("Hamas accepts truce, Hamas officials say", Modality.FACT),
    ],
)
def test_whoever_has_no_name_and_stands_at_the_end_makes_a_claim_of_it(title: str, modality: Modality) -> None:
    found = event(title)

    assert found
    assert found.type is EventType.CEASEFIRE_AGREED
    assert found.modality == modality


@pytest.mark.parametrize(
    "title",
    [
        "Ceasefire in Lebanon to take effect at 4am",
        "Gaza ceasefire will start at dawn on Sunday",
        "Перемирие в Ливане вступит в силу утром",
        "Перемир'я в Газі почнеться у неділю вранці",
    ],
)
def test_a_truce_whose_hour_has_not_come_is_a_plan(title: str) -> None:
    found = event(title)

    assert found
    assert found.modality is Modality.PLAN
