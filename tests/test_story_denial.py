"""Which story a denial is about, and what an edited headline does to its story."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import EventType, Modality, Report, Standing, Story
from bot.story.denial import contradicted, denied_by
from bot.story.revise import revised
from bot.story.status import status
from bot.story.story import new_story
from tests import make

CATALOG = load_catalog()
DETECTOR = Detector(load_rules())
LATER = make.NOON + timedelta(hours=2)


def report(title: str, publisher: str = "reuters", **given: Any) -> Report:
    entry = make.entry(title, publisher=publisher, **given)
    return Report(entry=entry, event=DETECTOR.judge(entry).event)


def story(title: str, **given: Any) -> Story:
    return new_story(report(title, **given), make.NOON, CATALOG)


AGREED = story("Russia and Ukraine agree 30-day ceasefire")
VIOLATED = story("Ukraine accuses Russia of violating the truce 734 times")
OF_ANOTHER_WAR = story("Israel and Hezbollah agree ceasefire")


@pytest.mark.parametrize(
    ("title", "denied"),
    [
        ("Kremlin denies agreeing to 30-day ceasefire with Ukraine", AGREED),
        ("Кремль опроверг договоренность о 30-дневном перемирии с Украиной", AGREED),
        ("У Кремлі заперечили домовленість про 30-денне перемир'я", AGREED),
        ("Russia denies violating the truce in Ukraine", VIOLATED),
        ("Kremlin denies agreeing to three-day ceasefire with Ukraine", None),
        ("Israel denies agreeing to ceasefire in Gaza", None),
        ("Kremlin rejects 30-day ceasefire", None),
    ],
)
def test_a_denial_finds_the_story_of_its_war_and_kind_and_a_refusal_none(title: str, denied: Story | None) -> None:
    denial = report(title, "tass", published=LATER)

    assert denied_by(denial, [VIOLATED, AGREED, OF_ANOTHER_WAR], LATER, CATALOG) == denied


def test_where_two_stories_could_be_meant_neither_is_struck() -> None:
    denial = report("Kremlin denies agreeing to ceasefire with Ukraine", "tass", published=LATER)
    other = story("Ceasefire between Russia and Ukraine takes effect", id="another")

    assert denied_by(denial, [AGREED], LATER, CATALOG) == AGREED
    assert denied_by(denial, [AGREED, other], LATER, CATALOG) is None


@pytest.mark.parametrize("hours", [-1, 73])
def test_a_denial_is_about_the_last_three_days(hours: int) -> None:
    denial = report("Kremlin denies agreeing to 30-day ceasefire", "tass", published=make.NOON + timedelta(hours=hours))

    assert denied_by(denial, [AGREED], LATER, CATALOG) is None


def test_a_story_that_is_denied_stays_what_it_was_and_counts_the_denial_once() -> None:
    founder = report("Russia and Ukraine agree 30-day ceasefire")
    denial = report("Kremlin denies agreeing to 30-day ceasefire with Ukraine", "tass", published=LATER)

    denied = contradicted(AGREED, denial, CATALOG)

    assert (denied.type, denied.headline, denied.publishers) == (AGREED.type, AGREED.headline, ("reuters", "tass"))
    assert contradicted(denied, denial, CATALOG) == denied
    assert status(denied, [founder, denial], CATALOG).standing is Standing.DENIED


# ------------------------------------------------------------------------------------------ edited headlines
def edited(title: str) -> tuple[Story, Report]:
    founder = report("Russia and Ukraine agree 30-day ceasefire")
    now = report(title, id=founder.entry.key.id)
    return revised(AGREED, founder.event, now, LATER, CATALOG), now


def test_a_running_page_that_tells_of_the_next_step_moves_its_story_on() -> None:
    moved, now = edited("30-day ceasefire between Russia and Ukraine takes effect")

    assert moved.type is EventType.CEASEFIRE_IN_EFFECT
    assert [stage.type for stage in moved.stages] == [EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT]
    assert moved.entry_keys == AGREED.entry_keys
    assert status(moved, [now], CATALOG).standing is Standing.UNCONFIRMED


@pytest.mark.parametrize(
    ("title", "standing"),
    [
        ("Russia and Ukraine agree a 30-day ceasefire, sources say", Standing.UNCONFIRMED),
        ("Ukraine offers Russia 30-day ceasefire", Standing.CORRECTED),
        ("Russia and Ukraine may agree 30-day ceasefire", Standing.CORRECTED),
        ("Heavy rain expected over the weekend", Standing.WITHDRAWN),
    ],
)
def test_a_headline_that_takes_its_word_back_corrects_its_story(title: str, standing: Standing) -> None:
    same, now = edited(title)

    assert same == replace(AGREED, revision=same.revision, taken_back=same.taken_back)
    assert same.revision > AGREED.revision
    assert same.taken_back == (frozenset() if standing is Standing.UNCONFIRMED else {now.entry.key})
    assert status(same, [now], CATALOG).standing is standing


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        ({"type": EventType.TALKS_PROPOSED}, False),
        ({"type": EventType.STATEMENT}, False),
        ({"type": EventType.TALKS_SCHEDULED, "modality": Modality.CONDITIONAL}, False),
        ({"type": EventType.TALKS_SCHEDULED, "modality": Modality.PLAN}, True),
        ({"type": EventType.TALKS_HELD}, True),
        ({"type": EventType.TALKS_STALLED}, True),
    ],
)
def test_a_plan_that_is_worded_as_less_is_taken_back_and_one_that_goes_on_is_not(
    now: dict[str, object], moved: bool
) -> None:
    planned = make.report("Leaders to meet", event={"type": EventType.TALKS_SCHEDULED, "modality": Modality.PLAN})
    reworded = make.report("Leaders, reworded", id=planned.entry.key.id, event=now)
    story = make.story(planned)

    found = revised(story, planned.event, reworded, LATER, CATALOG)

    assert found.taken_back == (frozenset() if moved else {planned.entry.key})


def test_what_was_no_statement_of_fact_cannot_be_taken_back() -> None:
    before = make.event(modality=Modality.CONDITIONAL)
    conditional = replace(AGREED, modality=Modality.CONDITIONAL)

    now = revised(conditional, before, report("Ukraine offers Russia 30-day ceasefire"), LATER, CATALOG)

    assert now.type is EventType.CEASEFIRE_PROPOSED
