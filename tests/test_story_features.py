"""What is read from a headline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import EventType
from bot.story.features import features, numbers_in
from bot.story.words import roots
from tests.make import report


@pytest.mark.parametrize(
    "words",
    [
        ("truce", "ceasefire", "cease-fire", "Перемир'я", "перемирʼям", "перемирие"),
        ("captives", "hostages", "заручників", "заложниками"),
        ("Zelenskyy", "Zelensky", "Зеленського", "Зеленский"),
        ("Istanbul", "Стамбулі", "Стамбуле"),
        ("negotiators", "talks", "переговорів", "переговорах"),
        ("ceasefire", "stop all firing", "припинення вогню", "прекращения огня"),
        ("immediate", "негайне", "немедленного"),
        ("overnight", "вночі", "ночью"),
    ],
)
def test_one_notion_has_one_root_in_every_language(words: tuple[str, ...]) -> None:
    assert len({roots(word) for word in words}) == 1


def test_endings_and_stop_words_fall_away() -> None:
    assert roots("The envoys of the Houthis") == ("envoy", "houthi")
    assert roots("Медынский") == roots("Медынскому")
    assert roots("US") == ("usa",)
    assert roots("us") == ()


def test_a_compound_of_names_names_each_of_them() -> None:
    assert roots("Israel-Hamas truce") == ("israel", "hamas", "truce")
    assert roots("US-brokered talks") == ("usa", "mediator", "talks")
    assert roots("російсько-українські переговори") == ("russia", "ukraine", "talks")
    assert roots("cease-fire") == ("truce",)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Oreshkov", "Орешков", "Орєшкову"),
        ("Barzanji", "Барзанджи", "Барзанджі"),
        ("Zoubaidi", "Zubaydi", "Зубайди"),
        ("Kharchenko", "Харченко", "Харченка"),
        ("Stephan", "Stefan", "Стефаном"),
        ("Yanukyan", "Янукян", "Янукяна"),
    ],
)
def test_a_surname_meets_its_other_spellings(spellings: tuple[str, ...]) -> None:
    assert len({roots(name) for name in spellings}) == 1


def test_numbers_are_no_sounds() -> None:
    assert roots("2022") == ("2022",)
    assert roots("1000") != roots("100")


@pytest.mark.parametrize(
    ("word", "look_alike"),
    [
        ("signed", "significant"),
        ("replied", "replaced"),
        ("fled", "fleet"),
        ("дети", "детали"),
        ("план", "планета"),
        ("breaches", "breakfast"),
        ("India", "Indiana"),
        ("leaves", "Leavitt"),
    ],
)
def test_words_that_only_begin_alike_are_not_one(word: str, look_alike: str) -> None:
    assert roots(word) != roots(look_alike)


@pytest.mark.parametrize(
    ("phrase", "root"),
    [
        ("United States", "usa"),
        ("European Union", "europe"),
        ("strike a deal", "deal"),
        ("negotiating table", "talks"),
        ("South Sudan", "south-sudan"),
        ("Белый дом", "usa"),
        ("Лев XIV", "pope"),
        ("coalition of the willing", "coalition"),
    ],
)
def test_a_phrase_that_the_lists_know_is_one_root(phrase: str, root: str) -> None:
    assert roots(phrase) == (root,)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("30-day truce", {("day", 30)}),
        ("four-day truce", {("day", 4)}),
        ("30-денне перемир'я", {("day", 30)}),
        ("триденне перемир'я", {("day", 3)}),
        ("четырёхдневное перемирие", {("day", 4)}),
        ("1,000-for-1,000 swap", {("swap", 1000)}),
        ("обмін 307 на 307", {("swap", 307)}),
        ("39 Palestinian prisoners", {("prisoner", 39)}),
        ("1,212 bodies of soldiers", {("body", 1212)}),
        ("$45 million for monitors", {("money", 45_000_000)}),
        ("$45m for monitors", {("money", 45_000_000)}),
        ("734 нарушения", {("violate", 734)}),
        ("13 killed in strike", set()),
        ("since 2022", set()),
    ],
)
def test_amounts_are_read_with_what_they_count(text: str, numbers: set[tuple[str, int]]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("headline", "step"),
    [
        ("Israel and Hamas agree hostage deal", "deal"),
        ("Hamas frees 24 hostages as truce holds", "freed"),
        ("Hostages to be freed on Friday", "freeing ahead"),
        ("Truce takes effect in Gaza", "truce starts"),
        ("Gaza truce to begin on Friday", "truce to start"),
        ("Release of hostages delayed", "delay"),
        ("EU welcomes truce deal", "welcome"),
        ("Kyiv marks a quiet day", ""),
        ("Россия и Украина обменялись пленными", "freed"),
        ("Перемир'я в Газі почнеться у п'ятницю", "truce to start"),
        ("Россия и Украина обменяют сто пленных", "freeing ahead"),
        ("Three-day truce expires in Donbas", "truce ends"),
        ("Leaders seek truce and end to war", "ask"),
        ("US proposes truce deal", "propose"),
        ("Pope calls for Gaza peace deal", "call"),
        ("Talks close with no ceasefire deal", "talks"),
        ("Army says it will not free prisoners", ""),
        ("Joy in Ramallah as first prisoners are freed", "freed"),
        ("Roads fill with families as truce begins", ""),
        ("Caracas frees jailed mayors in Washington-approved move", "freed"),
        ("Ministers meet rebels for talks in Doha", "talks"),
        ("Ministers to meet rebels for talks in Doha", "talks ahead"),
    ],
)
def test_the_step_is_read_from_the_main_clause(headline: str, step: str) -> None:
    assert features(report(headline)).step == step


def test_who_is_freed_is_a_captive_if_the_detector_says_so() -> None:
    release = {"type": EventType.EXCHANGE_PRISONERS}

    assert features(report("Ruth Adler, held by Hamas for two years, is free", event=release)).step == "freed"
    assert features(report("Rebels free soldier after two years", event=release)).step == "freed"
    assert features(report("Army frees village held by rebels", event={"type": EventType.STATEMENT})).step == "hold"


def test_days_dates_and_rounds_are_facts() -> None:
    facts = features(report("Другий раунд переговорів відбудеться у четвер, 15 травня")).facts

    assert facts.days == {"thursday"}
    assert facts.dates == {(5, 15)}
    assert facts.rounds == {("round", 2)}


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on 15 May", {(5, 15)}),
        ("from May 12 to 8 June", {(5, 12), (6, 8)}),
        ("30 may have fled", set()),
        ("after 2 decades", set()),
        ("з 12 травня", {(5, 12)}),
        ("до 2 июня", {(6, 2)}),
    ],
)
def test_dates_are_read_and_look_alikes_are_not(text: str, dates: set[tuple[int, int]]) -> None:
    assert features(report(text)).facts.dates == dates


def test_the_parties_are_those_named_and_not_the_venue() -> None:
    assert features(report("Putin and Trump to meet in Saudi Arabia")).facts.pair == {"russia", "usa"}
    assert features(report("Переговоры США и России в Турции")).facts.pair == {"russia", "usa"}
    assert features(report("Talks in Egypt")).facts.pair == set()
    assert features(report("Rebels of M23 meet Rwanda in eastern Congo")).facts.pair == {"m23", "rwanda"}


def test_gaza_is_a_party_only_beside_the_other() -> None:
    assert features(report("Qatar sees progress on Gaza truce")).facts.pair == set()
    assert features(report("Israel-Gaza truce takes hold")).facts.pair == {"israel", "hamas"}


def test_of_two_news_in_one_headline_the_first_names_the_parties_and_nobody_knows_which_war_is_whose() -> None:
    two = report("Syria and Kurds agree truce; Israel hits Gaza", event={"conflicts": ("syria-sdf", "gaza")})
    of_one_war = report("Syria and Kurds agree truce; calm returns", event={"conflicts": ("syria-sdf",)})

    assert features(two).facts.pair == {"syria", "kurd"}
    assert features(two).facts.conflicts == set()
    assert features(of_one_war).facts.conflicts == {"syria-sdf"}


def test_an_appeal_for_peace_in_two_places_is_of_no_one_war_but_a_deal_is() -> None:
    war = {"conflicts": ("gaza",)}
    appeal = report("Pope appeals for peace in Ukraine and truce in Gaza", event=war)
    deal = report("Israel signs Gaza truce deal as Lebanon waits", event=war)

    assert features(appeal).facts.conflicts == set()
    assert features(deal).facts.conflicts == {"gaza"}


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_features(title: str, summary: str) -> None:
    found = features(report(title, summary=summary))

    assert found.title <= found.words.keys()


def test_a_number_of_thousands_of_digits_is_read_without_complaint() -> None:
    found = numbers_in("9" * 10_000 + " prisoners freed")

    assert [number for _, number in found] == [10**18 - 1]
