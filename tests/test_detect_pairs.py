"""The same words with the opposite meaning: a truce made or begun, and one asked for, refused, awaited or broken."""

from pathlib import Path

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import EventType, Modality, Verdict
from tests import make

IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}
DETECTOR = Detector(load_rules())


def judge(title: str, summary: str = "") -> Verdict:
    return DETECTOR.judge(make.entry(title, summary=summary, published=None))


def rows(name: str) -> list[list[str]]:
    """Return the rows of one of our own tables, its heading left out."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


@pytest.mark.parametrize(("type_", "title"), sorted({(type_, made) for type_, made, _ in rows("detect_pairs.tsv")}))
def test_what_is_made_or_begun_has_its_type(type_: str, title: str) -> None:
    found = judge(title).event

    assert found
    assert found.type == type_


@pytest.mark.parametrize("title", [open_ for _, _, open_ in rows("detect_pairs.tsv")])
def test_what_is_asked_for_refused_awaited_or_broken_is_never_in_force(title: str) -> None:
    verdict = judge(title)

    assert verdict.event or verdict.context
    assert verdict.event is None or verdict.event.type not in IN_FORCE


@pytest.mark.parametrize(("expected", "title"), rows("detect_modality.tsv"))
def test_the_words_around_say_how_sure_it_is(expected: str, title: str) -> None:
    found = judge(title).event

    assert found
    assert found.modality == Modality(expected)


@pytest.mark.parametrize(
    "title",
    [
        "City council factions reach truce",
        "Pilots and airline agree ceasefire over rosters",
        "Rugby clubs call ceasefire in row over players",
        "Two novelists declare truce",
        "Сусіди уклали перемир'я",
        "Музыканты заключили перемирие",
    ],
)
def test_a_truce_without_war_or_warring_parties_stays_out(title: str) -> None:
    assert not judge(title).relevant


@pytest.mark.parametrize(
    "title",
    [
        "Ceasefire takes effect at midnight",
        "Three-day truce begins",
        "Триденне перемир'я почалося",
        "Режим прекращения огня вступил в силу в полночь",
    ],
)
def test_a_truce_of_war_news_stays_in_whoever_made_it(title: str) -> None:
    found = judge(title).event

    assert found
    assert found.type is EventType.CEASEFIRE_IN_EFFECT


def test_the_summary_may_say_what_war_a_truce_belongs_to() -> None:
    assert judge("Truce reached", "Rebels and the army stopped shelling the town, monitors said.").relevant
    assert not judge("Truce reached", "The novelist and her critic shook hands at the fair.").relevant
