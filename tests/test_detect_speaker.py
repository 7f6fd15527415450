"""Who is said to say it: a reader takes the name for the source, so nobody is better than the wrong one."""

from functools import cache

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from tests import make


@cache
def detector() -> Detector:
    return Detector(load_rules())


@pytest.mark.parametrize(
    ("title", "speaker"),
    [
        ("Calm along Kashmir's line of control as India–Pakistan truce holds", ""),
        ("India and Pakistan: uneasy quiet on first morning of truce", ""),
        ("Russia - Ukraine: prisoner exchange under way", ""),
        ("Gaza: Israel and Hamas agree truce", ""),
        ("Ukraine war live: Russia and Ukraine agree 30-day ceasefire", ""),
        ("Ukraine talks: Moscow says next round in Istanbul", "russia"),
        ("Мединський замість Путіна: Кремль назвав склад делегації на переговори з Україною", "russia"),
        ("No ceasefire without guarantees — Zelensky", "zelensky"),
        ("Перемирие невозможно без гарантий — Песков", "peskov"),
        ("Peskov: no ceasefire with Ukraine without guarantees", "peskov"),
        ("Сибіга: Росія порушила перемир'я 734 рази", "sybiha"),
        ("India and Pakistan agree to ceasefire, Trump says", "trump"),
        ("Israel and Hamas agree truce, according to Qatar", "qatar"),
        ("European leaders call Trump, say Russia's terms at the talks are too hard", ""),
        ("Ceasefire reached in Sudan, says US envoy", "usa"),
        ("Both sides agree to Gaza truce, Egypt announces", "egypt"),
        ("Russia and Ukraine accuse each other of breaking truce", ""),
        ("Source: Israel agreed to Lebanon ceasefire", ""),
        ("За словами Зеленського, Росія порушила перемир'я", "zelensky"),
        ("По словам Пескова, Киев нарушил перемирие", "peskov"),
        ("Киев отверг перемирие, заявили в Кремле", "russia"),
        ("Zelensky waits for Moscow to confirm the truce and says Kyiv is ready to meet", "zelensky"),
        ("Зеленський чекає, що Росія підтвердить перемир'я, і каже про зустріч", ""),
        ("Macron and Merz await truce in Ukraine and say Moscow must accept it", ""),
        ("Russian shells hit Kharkiv, Zelensky rallies allies and says truce is dead", "zelensky"),
        ("Trump wants Russia to announce truce with Ukraine", ""),
        ("Минобороны РФ: ВСУ нарушили перемирие", "russian-mod"),
        ("Russia's Putin: truce with Ukraine starts on Monday", "putin"),
        ("Israel Hamas: truce holds in Gaza", ""),
        ("Sudan conflict: army and RSF agree truce - Blinken", "blinken"),
        ("Украина отказалась от переговоров - МИД РФ", "rus-mfa"),
        ("Переговоры с Украиной дали результат — Песков после встречи в Стамбуле", "peskov"),
        ("Talks with Russia moved nothing - Zelensky after meeting in Geneva", "zelensky"),
        ("Gaza truce talks - Israel sends team to Doha", ""),
        ("Russia and Ukraine agree truce - Kyiv Post", ""),
        ("Armenia ready to sign peace treaty with Azerbaijan, says Prime Minister Pashinyan", "pashinyan"),
    ],
)
def test_the_speaker_is_told_only_where_the_title_says_so(title: str, speaker: str) -> None:
    event = detector().judge(make.entry(title)).event

    assert event
    assert event.speaker == speaker


@pytest.mark.parametrize(
    ("title", "together"),
    [
        ("Russia and Ukraine say they have agreed a 30-day ceasefire", ["russia", "ukraine"]),
        ("Ceasefire agreed, Lavrov and Sybiha said", ["lavrov", "sybiha"]),
        ("Росія та Україна заявили про перемир'я", ["russia", "ukraine"]),
        ("Россия и Украина заявили о прекращении огня", ["russia", "ukraine"]),
        ("Kremlin says ceasefire agreed with Ukraine", []),
        ("Envoy to Russia and Ukraine said ceasefire agreed", []),
        ("Russia and Ukraine said to agree ceasefire", []),
        ("Russia, Ukraine agree ceasefire, Trump says", []),
    ],
)
def test_two_who_begin_the_clause_speak_together(title: str, together: list[str]) -> None:
    event = detector().judge(make.entry(title, language="uk" if "і" in title else "ru" if "и" in title else "en")).event

    assert event
    assert [each.name for each in event.mentions if each.role == "speaker"] == together
