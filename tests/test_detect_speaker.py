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
    ],
)
def test_the_speaker_is_told_only_where_the_title_says_so(title: str, speaker: str) -> None:
    event = detector().judge(make.entry(title)).event

    assert event
    assert event.speaker == speaker
