"""Who hears of a change, and how loudly."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alert.loudness import ARCHIVE, DIGEST, SILENT, SOUND, weigh
from bot.alert.route import priority, route, wants
from bot.model import (
    ChatId,
    Delivery,
    EventType,
    LoggedChange,
    Loudness,
    Modality,
    Report,
    Stage,
    Story,
    StoryChange,
    Subscription,
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


def routed(
    story: Story, reports: list[Report], *subscriptions: Subscription, now: Any = LATER, **given: Any
) -> list[Delivery]:
    change = change_of(story, reports[0], **given)
    return list(route(change, story, reports, subscriptions or [make.subscription()], {}, fakes.catalog(), now))


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

    assert weigh(story, reports, fakes.catalog()) == (SILENT, ["a claim that one publisher reports"])


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
def test_a_new_story_is_owed_once_to_each_chat_that_wants_it() -> None:
    story, reports = fakes.agreed("meridian")
    here, there = (make.subscription(chat=ChatId("telegram", room)) for room in ("1", "2"))
    elsewhere = make.subscription(chat=ChatId("telegram", "3"), conflicts=frozenset({"yemen"}))

    owed = routed(story, reports, here, there, elsewhere)

    assert [delivery.chat.room for delivery in owed] == ["1", "2"]
    assert [delivery.message.silent for delivery in owed] == [True, True]
    assert len({delivery.dedupe_key for delivery in owed}) == 2
    assert all(story.id in delivery.dedupe_key and delivery.story_id == story.id for delivery in owed)


def test_an_alert_of_several_publishers_has_a_sound() -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    (owed,) = routed(story, reports)

    assert not owed.message.silent


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

    assert bool(routed(make.story(*reports), reports)) is told


def test_a_fresh_late_report_does_not_make_an_old_founder_news() -> None:
    old = fakes.report("Truce agreed", published=LATER - timedelta(days=2))
    reports = [old, fakes.report("Truce was agreed", "harbour")]
    story = make.story(*reports)

    assert routed(story, reports, entry_key=old.entry.key) == []


@pytest.mark.parametrize(
    "change", [each for each in StoryChange if each not in (StoryChange.NEW, StoryChange.NEW_STAGE)]
)
def test_other_changes_alert_nobody_yet(change: StoryChange) -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    assert routed(story, reports, change=change) == []


def test_a_change_whose_report_is_gone_alerts_nobody() -> None:
    story, reports = fakes.agreed("meridian")
    other = fakes.report("Something else")

    assert routed(story, reports, entry_key=other.entry.key) == []


def test_muted_stories_and_paused_chats_are_left_alone() -> None:
    story, reports = fakes.agreed("meridian")
    change, catalog = change_of(story, reports[0]), fakes.catalog()
    paused = make.subscription(paused_until=LATER + timedelta(seconds=1))
    awake = make.subscription(paused_until=LATER)

    assert route(change, story, reports, [awake], {make.HERE: frozenset({story.id})}, catalog, LATER) == []
    assert route(change, story, reports, [paused], {}, catalog, LATER) == []
    assert len(route(change, story, reports, [awake], {make.HERE: frozenset({"another"})}, catalog, LATER)) == 1


def test_two_changes_that_arrive_together_are_one_alert_and_a_later_stage_another() -> None:
    story, reports = fakes.agreed("meridian")
    stages = (*story.stages, Stage(EventType.CEASEFIRE_IN_EFFECT, LATER))
    in_effect = fakes.report("Truce in force", event={"type": EventType.CEASEFIRE_IN_EFFECT})
    moved = replace(story, type=EventType.CEASEFIRE_IN_EFFECT, stages=stages)
    both = [*reports, in_effect]

    (before,) = routed(story, reports)
    (new,) = routed(moved, both)
    (stage,) = routed(moved, both, change=StoryChange.NEW_STAGE, entry_key=in_effect.entry.key)

    assert new.dedupe_key == stage.dedupe_key != before.dedupe_key
    assert "NOW: CEASEFIRE IN EFFECT" in stage.message.html
    assert new.message == stage.message


def test_each_reader_is_told_in_their_own_time() -> None:
    story, reports = fakes.agreed("meridian")
    kyiv = make.subscription(time_zone="Europe/Kyiv")
    delhi = make.subscription(chat=ChatId("terminal", "delhi"), time_zone="Asia/Kolkata")

    owed = routed(story, reports, kyiv, delhi)

    assert ["15:00 (12:00 UTC)" in owed[0].message.html, "17:30 (12:00 UTC)" in owed[1].message.html] == [True, True]
