"""Who first wrote a report: a copy is no second source."""

from typing import Any

import pytest

from bot.catalog import Catalog, Publisher, load_catalog
from bot.model import Entry, Report
from bot.story.origin import credited, is_copy, origins
from tests import fakes, make

CATALOG = load_catalog()
LONG = (
    "The two delegations met for six hours in the lakeside hotel and agreed to stop all shelling along the river "
    "from Monday morning, a person in the room said."
)
OTHER = (
    "Shelling along the river is to stop on Monday after a day of talks, the host country's foreign minister told "
    "journalists who had waited outside since dawn."
)


def entry(title: str, publisher: str = "Quayside Daily", **given: Any) -> Entry:
    return make.entry(title, publisher=publisher, id=f"{title} {publisher} {given}", **given)


def families(*entries: Entry, catalog: Catalog = CATALOG) -> list[str]:
    return [of.family for of in origins([Report(entry=each, event=None) for each in entries], catalog)]


@pytest.mark.parametrize(
    ("title", "summary", "family"),
    [
        ("Sides agree to stop shelling (Reuters)", "", "reuters"),
        ("Sides agree to stop shelling — AFP", "", "afp"),
        ("Sides agree to stop shelling | AP", "", "ap"),
        ("Reuters: sides agree to stop shelling", "", "reuters"),
        ("Сторони домовилися про припинення вогню, пише Bloomberg", "", "bloomberg"),
        ("Стороны договорились о перемирии, сообщает ТАСС", "", "tass"),
        ("Перемир'я можливе — ЗМІ", "Про це повідомляє Reuters з посиланням на джерела.", "reuters"),
        ("Sides agree", "GENEVA, May 11 (Reuters) - The sides agreed on Monday.", "reuters"),
        ("Sides agree", "Talks are over, the BBC reports from the hotel.", "bbc"),
        ("Truce close, Axios reported", "", "cox"),
        ("Truce agreed, official tells Reuters", "", "reuters"),
        ("Sources told AFP a truce is agreed", "", "afp"),
        ("Sides agree to stop shelling, Reuters says", "", "reuters"),
        ("Sides agree to stop shelling: AP", "", "ap"),
        ("Sides agree", "The sides agreed, the news agency Reuters said on Monday.", "reuters"),
        ("Sides agree", "The sides agreed, officials say, citing TASS.", "tass"),
        ("Sides agree", "The sides agreed on Monday. With reporting by Reuters and AFP.", "reuters"),
        ("Sides agree", "AFP - The sides agreed on Monday.", "afp"),
        ("Sides agree", "The sides agreed on Monday. AFP", "afp"),
        ("Sides agree", "The deal is done, Bloomberg News has learned.", "bloomberg"),
        ("Sides agree", "He confirmed the deal in an interview with CNN.", "cnn"),
        ("Сторони домовилися", "Про це повідомило агентство Рейтер.", "reuters"),
        ("Сторони домовилися", "Про це йдеться в матеріалі Reuters.", "reuters"),
        ("Стороны договорились", "Об этом ТАСС рассказал источник.", "tass"),
        ("Стороны договорились", "Как сообщили ТАСС в Кремле, речь о 30 днях.", "tass"),
        ("Minister told us of a truce by dawn", "He told reporters at dawn that the sides agreed.", None),
        ("Sides agree to stop shelling", "", None),
        ("Kremlin: no truce without conditions", "", None),
        ("Truce holds, according to the United Nations", "", None),
        ("Talks — what we know so far", "A reader reports heavy traffic.", None),
    ],
)
def test_a_credit_is_seen_wherever_editors_put_it_and_an_official_is_no_wire(
    title: str, summary: str, family: str | None
) -> None:
    found = credited(entry(title, summary=summary), CATALOG)

    assert (found and found.family) == family


def test_what_the_feed_names_as_its_item_s_source_is_believed() -> None:
    assert families(entry("Sides agree", "Google News", credit="Reuters")) == ["reuters"]
    assert families(entry("Sides agree", "Quayside Daily", credit="Jane Doe")) == ["quayside daily"]


def test_a_publisher_that_names_itself_credits_nobody() -> None:
    assert credited(entry("Sides agree — Reuters", "Reuters"), CATALOG) is None


def test_a_copied_text_goes_back_to_whom_any_copy_credits() -> None:
    copies = [
        entry("Shelling to stop on Monday", "Quayside Daily", summary=LONG),
        entry("River front falls silent", "Hillside Post", summary=f"{LONG} (AFP)"),
        entry("A silence on the river", "Wire Reprints", summary=LONG[:120], credit="AFP"),
    ]

    assert families(*copies) == ["afp", "afp", "afp"]


def test_a_copied_text_that_credits_nobody_goes_back_to_who_had_it_first() -> None:
    assert families(entry("One", "Quayside Daily", summary=LONG), entry("Two", "Hillside Post", summary=LONG)) == [
        "quayside daily",
        "quayside daily",
    ]


def test_two_who_name_each_other_as_their_source_are_one() -> None:
    one = entry("Truce agreed, Reuters says", "BBC")
    other = entry("Sides agree to a truce, BBC reports", "Reuters")
    own = entry("A truce from Monday", "BBC")

    assert families(one, other) == ["reuters", "reuters"]
    assert families(one, other, own) == ["reuters", "reuters", "bbc"]
    assert families(one, own) == ["reuters", "bbc"]


def test_two_texts_of_their_own_stay_two_even_under_the_same_headline() -> None:
    title = "Warring sides agree to stop all shelling on Monday"

    assert not is_copy(entry(title, summary=LONG), entry(title, summary=OTHER))
    assert is_copy(entry(title), entry(title))
    assert not is_copy(entry("Truce agreed"), entry("Truce agreed"))


def test_two_papers_of_one_owner_go_back_to_that_owner() -> None:
    reports = fakes.agreed("harbour", "harbour-evening")[1]

    assert [of.family for of in origins(reports, fakes.catalog())] == ["harbour", "harbour"]


def test_a_publisher_that_we_do_not_know_is_its_own_family() -> None:
    assert families(entry("One", "Quayside Daily"), entry("Two", "Hillside Post")) == [
        "quayside daily",
        "hillside post",
    ]


def test_everybody_who_ships_has_a_family_and_a_bloc_and_officials_are_marked() -> None:
    publishers = CATALOG.publishers.values()

    assert not [of.id for of in publishers if not of.family or not of.bloc]
    assert {"kremlin", "un", "white-house"} <= {of.id for of in publishers if of.official}
    assert isinstance(CATALOG.known_publisher("www.bbc.co.uk"), Publisher)
