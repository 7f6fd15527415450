"""The line of an alert that says when, how long and where."""

from datetime import date

import pytest

from bot.alert.behind import why
from bot.alert.phrases import Reader
from bot.alert.render import alert
from bot.alert.stated import stated
from bot.catalog import load_catalog
from bot.model import EventType, Facts, Mention, Modality, Report, Scope
from tests import make
from tests.make import NOON

READER = Reader(catalog=load_catalog(), language="en", time_zone="UTC", now=NOON)
FACTS = Facts(starts_on=date(2025, 5, 12), duration="P30D", venue="istanbul")


def report(facts: Facts = FACTS, **event: object) -> Report:
    return make.report(event={"facts": facts, "type": EventType.CEASEFIRE_PROPOSED, **event})


def test_start_length_and_venue_stand_in_one_line() -> None:
    assert stated([report()], READER) == "Start: 12 May · Duration: 30 days · Where: Istanbul"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (Facts(), ""),
        (Facts(ends_on=date(2025, 5, 18)), "End: 18 May"),
        (Facts(deadline=date(2026, 1, 2)), "Deadline: 2 Jan 2026"),
        (Facts(meets_on=date(2025, 5, 15), venue="qatar"), "Meeting: 15 May · Where: Qatar"),
        (Facts(duration="PT1H"), "Duration: 1 hour"),
        (Facts(scope=(Scope.ENERGY, Scope.SEA)), "Covers: energy sites, the sea"),
        (Facts(counts=("734 violations", "1000:1000")), "Exchange: 1,000 for 1,000"),
    ],
)
def test_each_fact_has_its_words(facts: Facts, line: str) -> None:
    assert stated([report(facts)], READER) == line


def test_the_quoted_report_prevails_and_others_add_what_it_leaves_out() -> None:
    quoted, other = (
        report(Facts(starts_on=date(2025, 5, 12))),
        report(Facts(starts_on=date(2025, 5, 13), duration="P30D")),
    )

    assert stated([quoted, other], READER) == "Start: 12 May · Duration: 30 days"


@pytest.mark.parametrize("modality", [Modality.DENIAL, Modality.CONDITIONAL, Modality.QUESTION, Modality.HISTORICAL])
def test_what_is_not_said_to_be_so_has_no_dates(modality: Modality) -> None:
    assert stated([report(modality=modality)], READER) == ""


def test_what_is_rejected_has_no_dates() -> None:
    assert stated([report(type=EventType.CEASEFIRE_REJECTED)], READER) == ""


def test_a_truce_only_spoken_of_lends_talks_neither_its_length_nor_its_days() -> None:
    assert stated([report(type=EventType.TALKS_PROPOSED)], READER) == "Where: Istanbul"
    assert stated([report(type=EventType.STATEMENT)], READER) == "Where: Istanbul"


def test_what_a_broken_truce_covered_is_not_said_of_the_breach() -> None:
    holiday = Facts(scope=(Scope.HOLIDAY,))

    assert stated([report(holiday)], READER) == "Covers: a holiday only"
    assert stated([report(holiday, type=EventType.CEASEFIRE_VIOLATED)], READER) == ""


def test_a_day_that_some_call_the_start_and_others_the_deadline_is_told_once_as_the_quoted_report_has_it() -> None:
    start, deadline = report(Facts(starts_on=date(2025, 5, 12))), report(Facts(deadline=date(2025, 5, 12)))
    other = report(Facts(deadline=date(2025, 5, 14)))

    told = [stated(reports, READER) for reports in ([start, deadline], [deadline, start], [start, other])]

    assert told == ["Start: 12 May", "Deadline: 12 May", "Start: 12 May · Deadline: 14 May"]


def test_the_city_that_an_english_report_names_is_shown() -> None:
    cairo = Mention(role="venue", name="egypt", text="Cairo", start=9, end=14)

    assert stated([report(Facts(venue="egypt"), mentions=(cairo,))], READER) == "Where: Cairo"
    assert stated([report(Facts(venue="egypt"))], READER) == "Where: Egypt"


def test_an_alert_carries_the_line_and_why_shows_its_words() -> None:
    start = Mention(role="start", name="2025-05-12", text="from Monday", start=0, end=4)
    said = report(mentions=(start,))

    told, reasons = alert(make.story(said), [said], READER), why(make.story(said), [said], READER)

    assert "\nStart: 12 May · Duration: 30 days · Where: Istanbul\n" in told.html
    assert "Start: 2025-05-12 ← “from Monday”" in reasons.html
