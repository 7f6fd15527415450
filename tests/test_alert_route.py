"""Who hears of a change, and how loudly."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alert.loudness import ARCHIVE, DIGEST, SILENT, SOUND, Loud, weigh
from bot.alert.route import priority, route, wants
from bot.model import (
    Broadcast,
    ChatId,
    EventType,
    LoggedChange,
    Loudness,
    Modality,
    Report,
    Stage,
    Story,
    StoryChange,
    Wishes,
)
from tests import fakes, make

LATER = make.NOON + timedelta(minutes=10)
HYPOTHETICAL = (Modality.DENIAL, Modality.PLAN, Modality.CONDITIONAL)
NO_NEWS = (Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION)


def change_of(story: Story, report: Report, **given: Any) -> LoggedChange:
    defaults: dict[str, Any] = {
        "id": 1,
        "story_id": story.id,
        "revision": story.revision,
        "change": StoryChange.NEW,
        "entry_key": report.entry.key,
        "created_at": make.NOON,
    }
    return LoggedChange(**defaults | given)


def asked(story: Story, reports: list[Report], *readers: Wishes, now: Any = LATER, **given: Any) -> Broadcast | None:
    change = change_of(story, reports[0], **given)
    return route(change, story, reports, readers or [Wishes()], fakes.catalog(), now)


def routed(story: Story, reports: list[Report], *readers: Wishes, **given: Any) -> Broadcast:
    alert = asked(story, reports, *readers, **given)
    assert alert
    return alert


# ------------------------------------------------------------------------------------------ how loud
def test_a_ceasefire_that_two_independent_publishers_report_makes_a_sound() -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    assert priority(story, reports, fakes.catalog()) == SOUND


@pytest.mark.parametrize("publishers", [("meridian",), ("harbour", "harbour-evening"), ("meridian", "meridian")])
def test_one_owner_is_one_source_and_makes_no_sound(publishers: tuple[str, ...]) -> None:
    story, reports = fakes.agreed(*publishers)

    assert priority(story, reports, fakes.catalog()) == SILENT


@pytest.mark.parametrize("type_", list(EventType))
def test_a_claim_of_one_publisher_never_makes_a_sound(type_: EventType) -> None:
    story, reports = fakes.agreed("meridian", type=type_, modality=Modality.CLAIM)

    assert priority(story, reports, fakes.catalog()) > SOUND


@pytest.mark.parametrize("modality", HYPOTHETICAL + NO_NEWS)
@pytest.mark.parametrize("type_", list(EventType))
def test_what_has_not_happened_never_makes_a_sound_however_many_say_it(type_: EventType, modality: Modality) -> None:
    story, reports = fakes.agreed("meridian", "harbour", "dnipro", type=type_, modality=modality)

    level = priority(story, reports, fakes.catalog())

    assert level >= (DIGEST if modality in NO_NEWS else SILENT)


def test_what_one_person_says_makes_no_sound_however_many_quote_it() -> None:
    one_voice, of_one = fakes.agreed("meridian", "dnipro", speaker="ukraine")
    of_two = [*of_one[:1], *fakes.agreed("meridian", "dnipro", speaker="russia")[1][1:]]

    levels = [priority(one_voice, reports, fakes.catalog()) for reports in (of_one, of_two)]

    assert levels == [SILENT, SOUND]


def test_reports_of_an_earlier_stage_do_not_back_the_present_one() -> None:
    earlier = [
        fakes.report("Truce offered", name, event={"type": EventType.CEASEFIRE_PROPOSED})
        for name in ("harbour", "dnipro")
    ]
    reports = [*earlier, fakes.report("Truce agreed", "meridian")]
    story = make.story(*reports)

    assert priority(story, reports, fakes.catalog()) == SILENT


def test_facts_that_are_only_claims_in_their_reports_count_as_claims() -> None:
    _, reports = fakes.agreed("meridian", modality=Modality.CLAIM)
    story = make.story(*reports, modality=Modality.FACT)

    assert weigh(story, reports, fakes.catalog()) == Loud(SILENT, ["a claim that one publisher reports"], [])


@pytest.mark.parametrize(("conflicts", "level"), [(("libya",), SILENT), (("libya", "yemen"), SOUND), ((), DIGEST)])
def test_watched_and_unknown_conflicts_are_quieter(conflicts: tuple[str, ...], level: int) -> None:
    story, reports = fakes.agreed("meridian", "harbour", conflicts=conflicts)

    assert priority(story, reports, fakes.catalog()) == level


def test_nothing_is_quieter_than_the_archive() -> None:
    story, reports = fakes.agreed("meridian", type=EventType.STATEMENT, modality=Modality.CLAIM, conflicts=("libya",))

    assert priority(story, reports, fakes.catalog()) == ARCHIVE


# ------------------------------------------------------------------------------------------ who
@pytest.mark.parametrize(
    ("loudness", "type_", "level", "heard"),
    [
        (Loudness.ALL, EventType.TALKS_HELD, SILENT, True),
        (Loudness.ALL, EventType.TALKS_HELD, DIGEST, False),
        (Loudness.IMPORTANT, EventType.TALKS_HELD, SILENT, False),
        (Loudness.IMPORTANT, EventType.TALKS_HELD, SOUND, True),
        (Loudness.IMPORTANT, EventType.CEASEFIRE_AGREED, SILENT, True),
        (Loudness.IMPORTANT, EventType.CEASEFIRE_ENDED, SILENT, True),
        (Loudness.IMPORTANT, EventType.CEASEFIRE_AGREED, DIGEST, False),
        (Loudness.DIGEST, EventType.CEASEFIRE_AGREED, SOUND, False),
    ],
)
def test_loudness_decides_what_is_told_live(loudness: Loudness, type_: EventType, level: int, heard: bool) -> None:
    story, _ = fakes.agreed("meridian", type=type_)

    assert wants(make.subscription(loudness=loudness), story, level) is heard


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ({}, True),
        ({"conflicts": frozenset({"ukraine-russia"})}, True),
        ({"conflicts": frozenset({"yemen"})}, False),
        ({"types": frozenset({EventType.CEASEFIRE_AGREED})}, True),
        ({"types": frozenset({EventType.TALKS_HELD})}, False),
    ],
)
def test_a_subscription_hears_its_conflicts_and_types_and_an_empty_one_hears_all(given: Any, heard: bool) -> None:
    story, _ = fakes.agreed("meridian")

    assert wants(make.subscription(**given), story, SILENT) is heard


# ------------------------------------------------------------------------------------------ what leaves
def test_a_new_story_is_told_once_to_all_who_want_it_in_the_same_words() -> None:
    story, reports = fakes.agreed("meridian")
    everything, this = Wishes(), Wishes(conflicts=frozenset({"ukraine-russia"}))
    elsewhere = Wishes(conflicts=frozenset({"yemen"}))

    alert = routed(story, reports, everything, this, elsewhere)

    (wording,) = alert.wordings
    assert wording.readers == (everything, this)
    assert wording.message.silent
    assert alert.story_id == story.id
    assert not alert.urgent


def test_a_story_that_nobody_wants_is_told_to_nobody() -> None:
    story, reports = fakes.agreed("meridian")

    assert asked(story, reports, Wishes(conflicts=frozenset({"yemen"}))) is None


def test_each_chat_is_owed_an_alert_under_a_key_of_its_own() -> None:
    story, reports = fakes.agreed("meridian")

    alert = routed(story, reports)
    message = alert.wordings[0].message
    here, there = (alert.delivery(ChatId("telegram", room), message) for room in ("1", "2"))

    assert here.dedupe_key == f"alert:{story.id}:telegram:1"
    assert here.dedupe_key != there.dedupe_key
    assert here.message == there.message == message


def test_an_alert_of_several_publishers_has_a_sound() -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    assert not routed(story, reports).wordings[0].message.silent


@pytest.mark.parametrize(
    ("published", "seen", "told"),
    [
        (timedelta(hours=12), timedelta(hours=12), True),
        (timedelta(hours=12, seconds=1), timedelta(0), False),
        (timedelta(days=365), timedelta(0), False),
        (timedelta(0), timedelta(hours=13), False),
        (None, timedelta(0), False),
    ],
)
def test_old_and_undated_reports_are_never_told_live(published: timedelta | None, seen: timedelta, told: bool) -> None:
    times: dict[str, Any] = {"published": None if published is None else LATER - published, "seen_at": LATER - seen}
    reports = [fakes.report("Truce agreed", **times)]

    assert bool(asked(make.story(*reports), reports)) is told


def test_a_fresh_late_report_does_not_make_an_old_founder_news() -> None:
    old = fakes.report("Truce agreed", published=LATER - timedelta(days=2))
    reports = [old, fakes.report("Truce was agreed", "harbour")]
    story = make.story(*reports)

    assert asked(story, reports, entry_key=old.entry.key) is None


FIRST_NEWS = {
    StoryChange.NEW,
    StoryChange.NEW_STAGE,
    StoryChange.CORROBORATED,
    StoryChange.CONFIRMED,
    StoryChange.COLLAPSED,
}


@pytest.mark.parametrize("change", StoryChange)
def test_what_grows_or_is_taken_back_is_first_news_to_nobody(change: StoryChange) -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    assert (asked(story, reports, change=change) is not None) is (change in FIRST_NEWS)


def test_a_change_whose_report_is_gone_alerts_nobody() -> None:
    story, reports = fakes.agreed("meridian")
    other = fakes.report("Something else")

    assert asked(story, reports, entry_key=other.entry.key) is None


def test_each_change_has_an_alert_of_its_own_and_only_that_of_a_new_story_need_not_ask_who_was_told() -> None:
    story, reports = fakes.agreed("meridian")
    in_effect = fakes.report("Truce in force", event={"type": EventType.CEASEFIRE_IN_EFFECT})
    stages = (*story.stages, Stage(EventType.CEASEFIRE_IN_EFFECT, LATER))
    moved = replace(story, type=EventType.CEASEFIRE_IN_EFFECT, stages=stages)

    new = routed(story, reports)
    stage = routed(moved, [*reports, in_effect], change=StoryChange.NEW_STAGE, entry_key=in_effect.entry.key)

    assert new.key != stage.key
    assert [alert.urgent for alert in (new, stage)] == [False, True]
    assert [alert.change_id for alert in (new, stage)] == [0, 1]
    assert "NOW: CEASEFIRE IN EFFECT" in stage.wordings[0].message.html


def test_each_reader_is_told_in_their_own_time() -> None:
    story, reports = fakes.agreed("meridian")
    kyiv, delhi = Wishes(time_zone="Europe/Kyiv"), Wishes(time_zone="Asia/Kolkata")

    alert = routed(story, reports, kyiv, delhi)

    html = {wording.readers: wording.message.html for wording in alert.wordings}
    assert html.keys() == {(kyiv,), (delhi,)}
    assert "15:00 (12:00 UTC)" in html[kyiv,]
    assert "17:30 (12:00 UTC)" in html[delhi,]
