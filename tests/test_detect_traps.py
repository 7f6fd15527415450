"""Names and words that look like others: capitals, demonyms, metonyms, case endings, alphabets. Headlines are ours."""

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import EventType, Verdict
from tests import make

DETECTOR = Detector(load_rules())
IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}


def judge(title: str) -> Verdict:
    return DETECTOR.judge(make.entry(title, published=None))


@pytest.mark.parametrize(
    ("title", "actors"),
    [
        ("Kremlin, Bankova trade barbs over talks", ("russia", "ukraine")),
        ("White House and Kremlin discuss summit", ("usa", "russia")),
        ("Foggy Bottom denies pressure on Kyiv", ("usa", "ukraine")),
        ("Quai d'Orsay summons envoy of Tehran", ("france", "iran")),
        ("Downing Street rebukes Moscow", ("uk", "russia")),
        ("Blue House answers Pyongyang", ("south-korea", "north-korea")),
        ("Rawalpindi and South Block at odds", ("pakistan",)),
        ("Russia's and Ukraine’s armies", ("russia", "ukraine")),
        ("U.S., U.K. and E.U. officials gather", ("usa", "uk", "eu")),
        ("They told us about Iran", ("iran",)),
        ("US tells Iran", ("usa", "iran")),
        ("Russian, Ukrainian and Polish ministers", ("russia", "ukraine", "poland")),
        ("Держдеп і Кремль обговорили зустріч", ("usa", "russia")),
        ("В Белом доме и Кремле молчат", ("usa", "russia")),
        ("Росіяни й українці", ("russia", "ukraine")),
        ("Израильтяне и палестинцы", ("israel", "palestine")),
        ("Iraqi Hezbollah brigades Kataib Hezbollah", ("iraq", "hezbollah", "iraqi-militias")),
    ],
)
def test_capitals_houses_and_peoples_stand_for_their_states(title: str, actors: tuple[str, ...]) -> None:
    assert judge(title).actors == actors


@pytest.mark.parametrize(
    ("title", "stranger"),
    [
        ("A whole turkey for dinner", "turkey"),
        ("Indiana votes on roads", "india"),
        ("Chad Kelly throws two touchdowns", "chad"),
        ("Mali-like drought feared elsewhere, malicious rumours spread", "niger"),
        ("Nigerian singer wins award", "niger"),
        ("Guinea pigs stolen from school", "papua-new-guinea"),
        ("Somaliland opens port", "somalia"),
        ("Western Sahara phosphate ship sails", "russia"),
        ("South Sudan floods displace thousands", "sudan"),
        ("Congo-Brazzaville elects president", "drc"),
        ("Papua New Guinea landslide", "opm"),
        ("Kataib Hezbollah parade", "hezbollah"),
        ("OSCE Minsk Group meets", "belarus"),
        ("Flight delayed, new eta given", "eta"),
        ("Кримінальна справа", "crimea"),
        ("Венгрия выиграла матч", "vienna"),
        ("Дохід від продажу зріс", "qatar"),
        ("Індивідуальний підхід", "india"),
        ("Сомаліленд відкрив порт", "somalia"),
        ("Минская группа ОБСЕ собралась", "belarus"),
        ("Южный Судан страдает от наводнения", "sudan"),
        ("Погрози на адресу судді", "donbas-separatists"),
    ],
)
def test_a_name_inside_another_word_or_name_is_none(title: str, stranger: str) -> None:
    verdict = judge(title)

    assert stranger not in (*verdict.actors, *verdict.places)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("XАМАС погодив перемир'я з Ізраїлем", "ХАМАС погодив перемир'я з Ізраїлем"),
        ("Рoсія i Укрaїна погодили перемир'я", "Росія і Україна погодили перемир'я"),
        ("Рoссия и Укpаина согласовали пеpемирие", "Россия и Украина согласовали перемирие"),
        ("Нamas accepts truce with Israel", "Hamas accepts truce with Israel"),
        ("Ｒｕｓｓｉａ and Ukraine agree truce", "Russia and Ukraine agree truce"),
        ("Zelénsky and Putin agree truce in Ukraine", "Zelensky and Putin agree truce in Ukraine"),
        ("Russia and Ukraine agree cease‑fire", "Russia and Ukraine agree ceasefire"),
    ],
)
def test_letters_of_another_alphabet_change_nothing(written: str, meant: str) -> None:
    one, other = judge(written), judge(meant)

    assert one.event
    assert other.event
    assert (one.event.type, one.conflicts, one.actors) == (other.event.type, other.conflicts, other.actors)


@pytest.mark.parametrize(
    ("title", "type_"),
    [
        ("Сторони в Ємені підписали мирний договір", EventType.AGREEMENT_REACHED),
        ("Россия и Украина: текст мирного договора передан сторонам", EventType.AGREEMENT_TERMS),
        ("Armenia and Azerbaijan initial peace treaty", EventType.AGREEMENT_REACHED),
        ("Sudan army and RSF strike truce deal", EventType.CEASEFIRE_AGREED),
        ("Ukraine settlement: Putin and Trump to hold talks", EventType.TALKS_SCHEDULED),
    ],
)
def test_a_word_of_two_meanings_is_read_by_its_company(title: str, type_: EventType) -> None:
    event = judge(title).event

    assert event
    assert event.type is type_


@pytest.mark.parametrize("title", ["Russia may agree to truce with Ukraine", "Hamas may accept Gaza ceasefire"])
def test_may_is_a_maybe(title: str) -> None:
    event = judge(title).event

    assert event
    assert event.type not in IN_FORCE


@pytest.mark.parametrize(
    "title",
    [
        "Maduro tells New York court he is a prisoner of war",
        "Russian troops widen buffer zone in Sumy region",
        "Georgia lawmakers in talks over voting law",
        "Jordan in contract talks with club",
        "Israel approves settlement of 300 homes in West Bank",
    ],
)
def test_another_meaning_is_no_news_of_peace(title: str) -> None:
    assert not judge(title).relevant
