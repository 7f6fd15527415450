"""What the detector makes of headlines: relevant or not, what happened, how sure, between whom. Headlines are ours."""

import csv
import random
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detect.detector import Detector
from bot.detect.explain import explain
from bot.detect.rules import load_rules
from bot.model import Event, EventType, Modality, Verdict
from tests import make

DATA = files("bot") / "data"
IN_FORCE = {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.AGREEMENT_REACHED}
DETECTOR = Detector(load_rules())


def judge(title: str, summary: str = "", **given: object) -> Verdict:
    return DETECTOR.judge(make.entry(title, summary=summary, **{"published": None} | given))


def event(title: str, summary: str = "", **given: object) -> Event:
    verdict = judge(title, summary, **given)
    assert verdict.event, explain(make.entry(title), verdict, DETECTOR.rules)
    return verdict.event


def taxonomy_examples() -> list[tuple[str, str]]:
    types = tomllib.loads((DATA / "taxonomy.toml").read_text(encoding="utf-8"))["type"]
    return [(name, title) for name, raw in types.items() for lang in ("en", "uk", "ru") for title in raw.get(lang, ())]


def negatives() -> list[str]:
    lines = (DATA / "negatives.tsv").read_text(encoding="utf-8").splitlines()
    return [row["title"] for row in csv.DictReader(lines, delimiter="\t")]


# ------------------------------------------------------------------------------------------ our own examples
@pytest.mark.parametrize(("type_", "title"), taxonomy_examples())
def test_an_example_of_the_taxonomy_has_its_type(type_: str, title: str) -> None:
    assert event(title).type == type_


@pytest.mark.parametrize("title", negatives())
def test_what_only_sounds_like_peace_stays_out(title: str) -> None:
    assert not judge(title).relevant


def headlines() -> list[tuple[str, str]]:
    """Return our own headlines and what they are.

    That is a type, "relevant" (any type), "not in force" (any but a truce or deal that holds) or "-" (stays out).
    """
    lines = Path(__file__).with_name("detect_headlines.tsv").read_text(encoding="utf-8").splitlines()
    return [(expected, headline) for expected, _, headline in (line.partition("\t") for line in lines[1:])]


@pytest.mark.parametrize(("expected", "title"), headlines())
def test_a_headline_of_ours_is_judged_as_written(expected: str, title: str) -> None:
    found = judge(title).event

    match expected:
        case "-":
            assert found is None
        case "relevant":
            assert found
        case "not in force":
            assert found
            assert found.type not in IN_FORCE
        case _:
            assert found
            assert found.type == expected


# ------------------------------------------------------------------------------------------ traps (detection.md 2.3)
@pytest.mark.parametrize(
    "title",
    [
        "Theresa May in talks over Brexit backstop",
        "They told us to meet the union for talks",
        "Israeli settlement expansion approved near Hebron",
        "Trump talks toppling rivals at rally in Ohio",
        "Rail strike talks collapse in Britain",
        "Mali-G720 GPU tops Russian benchmark talks",
        "Indiana lawmakers hold budget talks",
        "Abortion clinic buffer zone law passed in Scotland",
        "Газпром веде переговори про ціни на газ з Болгарією",
        "Кримінальний суд розглянув справу про хабар",
        "Кошти на лікування зібрали за день",
        "Переговори про індивідуальний тариф зірвано",
        "Nurses agree to truce with ministers over pay",
    ],
)
def test_a_word_that_looks_like_ours_is_none(title: str) -> None:
    assert not judge(title).relevant


@pytest.mark.parametrize(
    ("title", "conflict"),
    [
        ("African Union calls for ceasefire in Sudan", "sudan"),
        ("Putin declares truce to mark 80 years since end of World War II", "ukraine-russia"),
        ("Putin declares ceasefire for 8 May", "ukraine-russia"),
        ("Україна готова до безумовного припинення вогню без попередніх умов", "ukraine-russia"),
        ("Путин предложил переговоры с Украиной без предварительных условий", "ukraine-russia"),
        ("Сторони домовилися про перемирʼя в Газі", "gaza"),
        ("Сторони домовилися про перемир’я в Газі", "gaza"),
        ("UN envoy: South Sudan rivals renew truce", "south-sudan"),
    ],
)
def test_an_exclusion_does_not_reach_too_far(title: str, conflict: str) -> None:
    assert event(title).conflicts == (conflict,)


def test_tass_names_its_speaker_at_the_end() -> None:
    assert event("Russia ready for direct talks with Ukraine — Peskov").speaker == "peskov"


@pytest.mark.parametrize("spelling", ["перемир'я", "перемир’я", "перемирʼя", "ПЕРЕМИР'Я", "пepeмир'я"])
def test_apostrophes_case_and_look_alikes_make_no_difference(spelling: str) -> None:
    assert event(f"Росія та Україна погодили {spelling}").type is EventType.CEASEFIRE_AGREED


def test_spans_count_the_characters_of_the_original() -> None:
    title = "İİ ﬁrst: Росія порушила перемирʼя"  # letters whose folding changes their number

    found = event(title)

    assert {mention.text for mention in found.mentions} >= {"перемирʼя", "Росія"}
    assert all(title[m.start : m.end] == m.text for m in found.mentions if m.field == "title")


def test_spans_of_a_summary_that_repeats_the_title_are_right_too() -> None:
    title = "Putin speaks on Ukraine"
    summary = f"{title}. He offered direct talks and a truce; Kyiv asked for a ceasefire first."

    verdict = judge(title, summary)

    spoken = [mention for mention in verdict.mentions if mention.field == "summary"]
    assert spoken
    assert all(summary[m.start : m.end] == m.text for m in spoken)


# ----------------------------------------------------------------------------------- no truce where there is none
@pytest.mark.parametrize(
    "title",
    [
        "Kremlin denies it agreed to ceasefire with Ukraine",
        "Hamas has not agreed to Gaza ceasefire, official says",
        "Netanyahu: there will be no ceasefire in Gaza",
        "Putin rejects 30-day ceasefire in Ukraine",
        "Ukraine would agree to ceasefire if Russia withdraws",
        "Russia could declare ceasefire next week",
        "Zelensky calls on Putin to agree to ceasefire",
        "Trump urges Hamas to accept ceasefire deal",
        "Israel close to agreeing ceasefire with Hezbollah",
        "Ceasefire in Ukraine not yet in effect, monitors say",
        "Sudan army denies ceasefire reached with RSF",
        "No agreement on ceasefire at Istanbul talks between Russia and Ukraine",
        "Talks end without agreed ceasefire between Thailand and Cambodia",
        "Houthis say they never agreed to truce with Saudi coalition",
        "Кремль спростував домовленість про перемир'я з Україною",
        "Росія не погодилася на припинення вогню",
        "Україна погодиться на перемир'я, якщо Росія відведе війська",
        "Зеленський закликав Путіна погодитися на перемир'я",
        "Перемир'я між Росією та Україною ще не набуло чинності",
        "Можливе перемир'я: Росія може оголосити тишу",
        "ХАМАС опроверг согласие на перемирие",
        "Россия не согласилась на прекращение огня",
        "Украина согласится на перемирие, если Россия отведет войска",
        "Песков: договоренности о перемирии нет",
        "Трамп призвал Путина согласиться на прекращение огня",
        "Россия может объявить перемирие на Пасху",
    ],
)
def test_a_ceasefire_denied_refused_or_only_wished_for_is_not_in_force(title: str) -> None:
    assert event(title).type not in IN_FORCE


@pytest.mark.parametrize(
    ("title", "modality"),
    [
        ("Russia and Ukraine agree 30-day ceasefire", Modality.FACT),
        ("Ukraine accuses Russia of breaking truce", Modality.CLAIM),
        ("Міноборони: ЗСУ порушили перемир'я", Modality.CLAIM),
        ("Kremlin denies accepting ceasefire in Ukraine", Modality.DENIAL),
        ("No talks with Kyiv planned, Kremlin says", Modality.DENIAL),
        ("UK to send troops to Ukraine if peace deal agreed", Modality.CONDITIONAL),
        ("Russia, Ukraine to hold talks in Istanbul next week", Modality.PLAN),
        ("Hamas to release hostages on Saturday under Gaza deal", Modality.PLAN),
        ("Переговори з Росією у Стамбулі відбудуться завтра", Modality.PLAN),
        ("Россия и Украина обменялись пленными", Modality.FACT),
    ],
)
def test_how_sure_a_report_is(title: str, modality: Modality) -> None:
    assert event(title).modality is modality


# ------------------------------------------------------------------------------------------ who, where, how many
def test_both_sides_places_and_numbers_are_found() -> None:
    found = event("Росія та Україна домовилися у Стамбулі про обмін полоненими 1000 на 1000")

    assert found.actors == ("russia", "ukraine")
    assert found.places == ("istanbul",)
    assert found.numbers == {"1000-for-1000"}


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("30-day truce", "30-day"),
        ("three-day truce", "3-day"),
        ("30-денне перемир'я", "30-day"),
        ("триденне перемир'я", "3-day"),
        ("30-дневное перемирие", "30-day"),
        ("truce broken 734 times", "734-violations"),
        ("734 порушення перемир'я", "734-violations"),
        ("72-hour truce", "72-hour"),
        ("truce and a 1,000-for-1,000 swap", "1000-for-1000"),
        ("truce and 1 000 на 1 000", "1000-for-1000"),
    ],
)
def test_numbers_have_one_spelling(words: str, number: str) -> None:
    assert event(f"Ukraine and Russia: {words}").numbers == {number}


def test_who_accuses_whom_is_told() -> None:
    found = event("Ukraine accuses Russia of violating ceasefire")

    assert found.speaker == "ukraine"
    assert found.recipients == ("russia",)


def test_a_longer_name_hides_the_shorter_one_inside() -> None:
    assert "sudan" not in event("South Sudan rivals sign peace deal in Juba").actors


def test_who_is_named_is_found_in_any_entry() -> None:
    verdict = judge("Macron visits Berlin for football final")

    assert not verdict.relevant
    assert verdict.actors == ("macron", "germany")


def test_a_mediator_of_one_conflict_is_no_party_of_it() -> None:
    assert event("Moscow calls for ceasefire in Nagorno-Karabakh").conflicts == ("armenia-azerbaijan",)


# ------------------------------------------------------------------------------------------ genre, dates, laws
def test_opinion_is_context_and_no_news() -> None:
    verdict = judge("Ceasefire in Ukraine holds the key", link="https://news.example/opinion/1")

    assert not verdict.relevant
    assert verdict.context


def test_the_wall_clock_never_counts() -> None:
    title = "US and Iran hold talks on ending war"

    assert not judge(title, published=make.NOON).relevant
    assert judge(title, published=make.NOON.replace(month=6, day=20)).relevant
    assert judge(title).relevant


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150)
def test_no_text_breaks_the_detector(title: str, summary: str) -> None:
    verdict = judge(title, summary)

    assert verdict.relevant == (verdict.event is not None)


@given(st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_words_of_ours_in_any_order_break_nothing_and_are_judged_the_same_twice(chance: random.Random) -> None:
    words = ["Russia", "Ukraine", "not", "agree", "deny", "ceasefire", "truce", "talks", "if", "?", ":", "|", ".", "—"]
    words += ["Путин", "перемир'я", "no", "30-day", "for", "US", "end", "war"]
    title = " ".join(chance.choices(words, k=25))

    assert judge(title) == judge(title)


@given(st.sampled_from([title for _, title in taxonomy_examples()]), st.integers(1, 20))
def test_neutral_text_past_the_lead_changes_nothing(title: str, times: int) -> None:
    lead = "The statement came on Tuesday, officials noted in the capital after a long day. " * 6

    assert judge(title, lead) == judge(title, lead + "It rained. " * times)


# ------------------------------------------------------------------------------ the quick way is the whole way
WORDS = sorted({word for _, title in taxonomy_examples() for word in title.split()})


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join),
)
def test_the_signals_that_are_tried_are_all_that_could_fire(title: str, summary: str) -> None:
    case = DETECTOR._open(make.entry(title or "x", summary=summary), None)

    fired = [signal for signal, _ in DETECTOR._signals(case)]

    assert fired == [signal.id for signal in DETECTOR.rules.signals if DETECTOR._fires(case, signal)]
