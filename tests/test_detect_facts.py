"""Days, lengths, amounts, scope and venue in headlines of our own; detect_facts.tsv holds what each states."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detect.dates import day_there
from bot.detect.detector import Detector
from bot.detect.fact_words import load_fact_words
from bot.detect.facts import FactFinder, Found, Known, Passage
from bot.detect.lines import classify_line
from bot.detect.reading import Reading
from bot.detect.rules import load_rules
from bot.detect.venue import named_places
from bot.errors import ConfigError, Problem
from bot.model import EventType, Facts, Form, Mention, Modality, Scope
from bot.rulefiles import DATA
from tests.test_week_detected import detected

RULES = load_rules()
DETECTOR = Detector(RULES)
SUNDAY = date(2025, 5, 11)
FACTS_FILE = Path(__file__).with_name("detect_facts.tsv")
ROLES = {"start", "end", "deadline", "meeting", "occurred", "duration", "count", "scope", "form", "venue"}


def rows() -> list[dict[str, str]]:
    with FACTS_FILE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def read(title: str, type_: EventType, *, today: date | None = SUNDAY, conflict: str = "ukraine-russia") -> Found:
    reading = Reading(title, RULES.vocabulary)
    passage = Passage(title, places=named_places(reading, RULES.gazetteer.find_all(reading)))
    return RULES.facts.find([passage], Known(type=type_, today=today, conflicts=(RULES.conflicts[conflict],)))


def shown(found: Found) -> list[str]:
    return sorted(f"{mention.role}={mention.name}" for mention in found.mentions)


def stated(facts: str) -> list[str]:
    """Return the facts of a row: "count=20 hostages start=2025-10-13" are two."""
    return sorted(re.split(r"\s(?=[a-z]+=)", facts)) if facts else []


# ------------------------------------------------------------------------------------------ what headlines state
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["title"][:60])
def test_a_headline_states_just_these_facts(row: dict[str, str]) -> None:
    today = date.fromisoformat(row["published"]) if row["published"] else None

    found = read(row["title"], EventType(row["type"]), today=today, conflict=row["conflict"])

    assert shown(found) == stated(row["facts"])


def test_the_table_has_enough_of_each_language() -> None:
    languages = [row["language"] for row in rows()]

    assert len(languages) >= 120
    assert min(languages.count(language) for language in ("en", "uk", "ru")) >= 30


def test_the_facts_are_what_the_words_say() -> None:
    found = read(
        "Both sides accept 30-day Black Sea truce from Monday, hand back 24 hostages", EventType.CEASEFIRE_AGREED
    )

    assert found.facts == Facts(
        starts_on=date(2025, 5, 12),
        duration="P30D",
        counts=("24 hostages",),
        scope=(Scope.SEA,),
        form=Form.BILATERAL,
    )


@pytest.mark.parametrize(
    "title",
    [
        "Kyiv may accept truce, the Sunday Times says",
        "A century on: how the 11 November 1918 armistice came about",
        "Families of 7 October victims ask for a ceasefire",
        "After three years of war a truce seems far off",
        "Truce collapses: 12 killed on day 10 of a 14-day offensive",
        "Kyiv, May 9 (Agency) - President calls truce a farce",
        "Після двох років війни в Газі про перемир'я не йдеться",
        "За три года войны перемирия не было",
    ],
)
def test_what_only_looks_like_a_fact_is_none(title: str) -> None:
    found = read(title, EventType.CEASEFIRE_REJECTED)

    assert found.mentions == []


@pytest.mark.parametrize(
    "title", ["Truce from Monday", "Talks on 15 May", "Talks tomorrow", "Тиша з 12 травня", "Встреча завтра"]
)
def test_without_a_day_of_publication_no_date_is_made_up(title: str) -> None:
    assert read(title, EventType.TALKS_SCHEDULED, today=None).mentions == []


def test_a_date_with_its_year_needs_no_day_of_publication() -> None:
    assert read("Truce from 12 May 2025", EventType.CEASEFIRE_AGREED, today=None).facts.starts_on == date(2025, 5, 12)


def test_a_full_lead_does_not_lend_its_length_to_the_halt_of_the_title() -> None:
    passages = [
        Passage("Moscow's truce takes effect"),
        Passage("Kyiv repeats its offer of a full 30-day ceasefire", "summary"),
    ]

    found = RULES.facts.find(passages, Known(type=EventType.CEASEFIRE_IN_EFFECT, today=SUNDAY))

    assert found.facts == Facts()


def test_a_lead_adds_what_the_title_leaves_out() -> None:
    passages = [
        Passage("Guns to fall silent in Sudan"),
        Passage("The truce begins on Friday and is to last 72 hours", "summary"),
    ]

    found = RULES.facts.find(passages, Known(type=EventType.CEASEFIRE_AGREED, today=SUNDAY))

    assert (found.facts.starts_on, found.facts.duration) == (date(2025, 5, 16), "PT72H")


# ------------------------------------------------------------------------------------------ whose day
@pytest.mark.parametrize(
    ("time_zone", "day"), [("UTC", 11), ("Europe/Kyiv", 12), ("America/New_York", 11), ("Asia/Tokyo", 12)]
)
def test_today_is_the_publisher_s(time_zone: str, day: int) -> None:
    assert day_there(datetime(2025, 5, 11, 21, 30, tzinfo=UTC), time_zone) == date(2025, 5, day)


def test_a_day_without_a_time_is_the_same_everywhere() -> None:
    assert day_there(datetime(2025, 5, 11, tzinfo=UTC), "America/New_York") == date(2025, 5, 11)


def test_tomorrow_is_told_by_the_clock_of_who_says_it() -> None:
    item = {
        "id": "1",
        "title": "Russia and Ukraine to hold peace talks in Istanbul tomorrow",
        "published": "2025-05-11T22:30:00Z",
    }

    by_source = {
        source: meeting(classify_line(DETECTOR, item | {"source": source})) for source in ("upi.com", "pravda.com.ua")
    }

    assert by_source == {"upi.com": "2025-05-12", "pravda.com.ua": "2025-05-13"}


def meeting(answer: dict[str, list[dict[str, str]]]) -> str:
    return next(span["name"] for span in answer["spans"] if span["role"] == "meeting")


# ------------------------------------------------------------------------------------------ through the detector
def test_classify_shows_the_facts_as_spans_over_their_words() -> None:
    item = {
        "id": "1",
        "title": "Leaders in Kyiv demand 30-day unconditional ceasefire in Ukraine from Monday",
        "summary": "They want an answer from Russia by 11 May. Talks may follow.",
        "published": "2025-05-10",
    }

    spans = [span for span in classify_line(DETECTOR, item)["spans"] if span["role"] in ROLES]

    assert {(span["role"], span["name"]) for span in spans} == {
        ("duration", "P30D"),
        ("start", "2025-05-12"),
        ("deadline", "2025-05-11"),
    }
    assert all(item[span["field"]][span["start"] : span["end"]] == span["text"] for span in spans)


WEEK_DAYS = {
    "mw-0511-2": None,
    "mw-0514-1": None,
    "mw-0514-2": date(2025, 5, 14),
    "og-0511-1": date(2025, 5, 11),
    "wp-0512-3": date(2025, 5, 12),
    "mw-0511-4": date(2025, 5, 11),
    "mw-0508-2": None,
}
"""The day on which it happened, of items of the recorded week that name a day."""


@pytest.mark.parametrize(("item", "day"), WEEK_DAYS.items())
def test_the_week_s_items_happened_on_the_day_that_they_say(item: str, day: date | None) -> None:
    _, event = detected()[item]

    assert event
    assert event.occurred_on == day


# ------------------------------------------------------------------------------------------ laws
TITLES = st.sampled_from([row["title"] for row in rows()])
BITS = st.sampled_from(
    [
        *("30-day", "truce", "from", "to", "until", "by", "8", "31", "February", "29", "May", "Monday", "next", "last"),
        *("2024", "1945", "9999-99-99", "tomorrow", "in two weeks", "ago", "1,000", "for", "prisoners", "bodies of"),
        *("з", "до", "12 травня", "на", "днів", "перемир'я", "завтра", "через неделю", "31 июня", "к концу мая", "тел"),
    ]
)
TEXTS = st.text(max_size=80) | st.lists(BITS, max_size=14).map(" ".join) | TITLES
DAYS = st.none() | st.dates()
PASSAGES = st.builds(Passage, TEXTS, st.sampled_from(["title", "summary"]), st.integers(0, 30), st.just(()))
KNOWN = st.builds(Known, type=st.sampled_from(EventType), modality=st.sampled_from(Modality), today=DAYS)


@given(PASSAGES, KNOWN)
def test_any_text_is_read_and_every_span_points_at_its_words(passage: Passage, known: Known) -> None:
    found = RULES.facts.find([passage], known)

    for mention in found.mentions:
        assert mention.text
        assert passage.text[mention.start - passage.shift : mention.end - passage.shift] == mention.text
        assert mention.field == passage.field


@given(TEXTS, st.sampled_from(EventType), DAYS)
def test_dates_are_near_the_day_of_publication(text: str, type_: EventType, today: date | None) -> None:
    found = read(text, type_, today=today)

    for day in dates_of(found):
        assert day.year >= 1900 or today is not None
        assert today is None or abs(day - today) <= timedelta(days=2 * 366)


@given(TEXTS, st.sampled_from(EventType), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_nothing_happened_after_it_was_reported(text: str, type_: EventType, today: date) -> None:
    occurred_on = read(text, type_, today=today).occurred_on

    assert occurred_on is None or occurred_on <= today


def dates_of(found: Found) -> list[date]:
    facts = found.facts
    days = (facts.starts_on, facts.ends_on, facts.deadline, facts.meets_on, found.occurred_on)
    return [day for day in days if day]


# ------------------------------------------------------------------------------------------ languages are files
def test_a_language_is_added_by_adding_its_file(tmp_path: Path) -> None:
    english = (DATA / "facts" / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "en.toml").write_text(english, encoding="utf-8")
    (tmp_path / "de.toml").write_text(german(english), encoding="utf-8")

    finder = FactFinder(load_fact_words(tmp_path))
    found = finder.find(
        [Passage("30-tägige Waffenruhe beginnt am 12. Mai")], Known(type=EventType.CEASEFIRE_AGREED, today=SUNDAY)
    )

    assert shown(found) == ["duration=P30D", "start=2025-05-12"]


def german(english: str) -> str:
    for old, new in (
        ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyzäöüß"),
        ('5 = ["=May"]', '5 = ["=Mai"]'),
        ('"day", "days"]', '"tag", "tage", "tägig*"]'),
        ('ordinals = ["st", ', 'ordinals = [".", '),
        ('start = [\n  "begin",', 'start = [\n  "beginnt",'),
        ("filler = [\n", 'filler = [\n  "am",'),
        ('halt = [\n  "cease-fire*",', 'halt = [\n  "waffenruhe",'),
    ):
        assert old in english
        english = english.replace(old, new, 1)
    return english


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('5 = ["=May"]', '5 = "May"', "5 must be a list of texts"),
        ("\nlasting = ", "\nlastign = ", "there is no key 'lastign'"),
        ("month_first = true", 'month_first = "yes"', "month_first must be written as in en.toml"),
        ('5 = ["=May"]', 'may = ["=May"]', "'may' must be a number"),
    ],
)
def test_a_mistake_in_a_language_file_is_named_with_its_line(tmp_path: Path, old: str, new: str, what: str) -> None:
    english = (DATA / "facts" / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "en.toml").write_text(english, encoding="utf-8")
    (tmp_path / "xx.toml").write_text(english.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        load_fact_words(tmp_path)

    line = english[: english.index(old)].count("\n") + (2 if old.startswith("\n") else 1)
    found = [problem for problem in refused.value.problems if isinstance(problem, Problem)]
    assert (line, what) in [(problem.line, problem.what.partition(",")[0]) for problem in found]


def test_no_folder_of_languages_means_no_facts(tmp_path: Path) -> None:
    assert load_fact_words(tmp_path / "none") == ()


def test_a_mention_names_its_value() -> None:
    found = read("Sides swap 307 for 307", EventType.EXCHANGE_PRISONERS)

    assert found.mentions == [Mention(role="count", name="307:307", text="307 for 307", start=11, end=22)]
