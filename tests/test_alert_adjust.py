"""The alert policy of `[[alert.adjust]]`: what makes a story louder or quieter, and what it can never do."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adjustments import Adjustment
from bot.alert import behind
from bot.alert.loudness import ARCHIVE, DIGEST, SILENT, SOUND, weigh
from bot.catalog import Catalog, load_catalog
from bot.errors import ConfigError
from bot.model import EventType, Facts, Modality, Refrain, Report, Standing, Story
from bot.rulefiles import read_rule_files
from tests import fakes, make

SHIPPED = load_catalog().adjustments


def policy(*adjustments: Adjustment) -> Catalog:
    return replace(fakes.catalog(), adjustments=adjustments or SHIPPED)


def louder(**given: Any) -> Adjustment:
    settings: dict[str, Any] = {"id": "mine", "change": -1, "why": "I want it"} | given
    return Adjustment(**settings)


def level(story: Story, reports: list[Report], *adjustments: Adjustment) -> int:
    return weigh(story, reports, policy(*adjustments)).level


# ------------------------------------------------------------------------------------------ what ships
def test_a_leader_s_statement_is_pushed_and_anybody_else_s_waits_for_the_digest() -> None:
    levels = [
        level(*fakes.agreed("meridian", type=EventType.STATEMENT, speaker=speaker))
        for speaker in ("putin", "somebody", "")
    ]

    assert levels == [SILENT, DIGEST, DIGEST]


@pytest.mark.parametrize(
    ("minutes", "publishers", "expected"),
    [
        ((0, 20, 60), ("meridian", "harbour", "dnipro"), SILENT),
        ((0, 20, 61), ("meridian", "harbour", "dnipro"), DIGEST),
        ((0, 90, 100, 130), ("harbour", "meridian", "dnipro", "herald"), SILENT),
        ((0, 5, 10), ("meridian", "harbour", "harbour-evening"), DIGEST),
    ],
)
def test_three_independent_publishers_within_an_hour_are_pushed(
    minutes: tuple[int, ...], publishers: tuple[str, ...], expected: int
) -> None:
    event = {"type": EventType.STATEMENT}
    reports = [
        fakes.report(f"{name.title()} hears an appeal number {at}", name, after=at, event=event)
        for at, name in zip(minutes, publishers, strict=True)
    ]

    assert level(make.story(*reports), reports) == expected


def test_an_offer_never_makes_a_sound_however_many_report_it_at_once() -> None:
    story, reports = fakes.agreed("meridian", "harbour", "dnipro", type=EventType.CEASEFIRE_PROPOSED)

    assert level(story, reports) == SILENT


@pytest.mark.parametrize(("today", "expected"), [(0, SILENT), (1, SILENT), (2, DIGEST), (9, DIGEST)])
def test_violations_wait_for_the_digest_after_two_a_day(today: int, expected: int) -> None:
    story, reports = fakes.agreed("meridian", "harbour", type=EventType.CEASEFIRE_VIOLATED)

    assert level(replace(story, refrain=Refrain(today=today)), reports) == expected


@pytest.mark.parametrize(
    ("refrain", "expected"),
    [
        (Refrain(before=4), SILENT),
        (Refrain(before=5), DIGEST),
        (Refrain(before=14), DIGEST),
        (Refrain(before=14, new=Facts(duration="P30D")), SILENT),
    ],
)
def test_readiness_for_talks_is_damped_until_its_terms_change(refrain: Refrain, expected: int) -> None:
    story, reports = fakes.agreed("meridian", "harbour", type=EventType.TALKS_PROPOSED)
    story = replace(story, refrain=refrain)
    catalog = policy()
    kinds = {**catalog.kinds, EventType.TALKS_PROPOSED: catalog.kinds[EventType.CEASEFIRE_PROPOSED]}

    assert weigh(story, reports, replace(catalog, kinds=kinds)).level == expected


@pytest.mark.parametrize("type_", [EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_ENDED, EventType.AGREEMENT_REACHED])
def test_what_is_done_is_never_damped(type_: EventType) -> None:
    story, reports = fakes.agreed("meridian", "harbour", type=type_)

    assert level(replace(story, refrain=Refrain(before=50, today=50)), reports) == SOUND


# ------------------------------------------------------------------------------------------ laws
types = st.sampled_from(list(EventType))
modalities = st.sampled_from(list(Modality))
changes = st.sampled_from([-3, -2, -1, 1, 2, 3])
policies = st.lists(st.builds(louder, change=changes, loudest=st.integers(1, 4)), max_size=4)


@given(types, policies)
def test_no_policy_lets_a_claim_of_one_publisher_make_a_sound(type_: EventType, adjustments: list[Adjustment]) -> None:
    story, reports = fakes.agreed("meridian", type=type_, modality=Modality.CLAIM)

    assert SILENT <= level(story, reports, *adjustments) <= ARCHIVE


@given(types, modalities, policies)
def test_no_policy_lets_what_has_not_happened_make_a_sound(
    type_: EventType, modality: Modality, adjustments: list[Adjustment]
) -> None:
    story, reports = fakes.agreed("meridian", "harbour", "dnipro", type=type_, modality=modality)

    sound = level(story, reports, *adjustments) == SOUND

    assert not sound or modality in {Modality.FACT, Modality.CLAIM}


# ------------------------------------------------------------------------------------------ each condition
@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"types": frozenset({EventType.STATEMENT})}, True),
        ({"types": frozenset({EventType.TALKS_HELD})}, False),
        ({"modality": frozenset({Modality.FACT})}, True),
        ({"modality": frozenset({Modality.CLAIM})}, False),
        ({"standing": frozenset({Standing.UNCONFIRMED})}, True),
        ({"standing": frozenset({Standing.CONFIRMED})}, False),
        ({"conflict_status": frozenset({"active"})}, True),
        ({"conflict_status": frozenset({"watch"})}, False),
        ({"speakers": frozenset({"usa"})}, True),
        ({"speakers": frozenset({"russia"})}, False),
        ({"sources": 1}, True),
        ({"sources": 2}, False),
        ({"told_before": 3}, True),
        ({"told_before": 4}, False),
        ({"told_today": 1}, True),
        ({"told_today": 2}, False),
        ({"new_terms": True}, True),
        ({"new_terms": False}, False),
        ({"types": frozenset({EventType.STATEMENT}), "sources": 2}, False),
    ],
)
def test_an_adjustment_holds_where_all_its_conditions_do(given: dict[str, Any], holds: bool) -> None:
    story, reports = fakes.agreed("meridian", type=EventType.STATEMENT, speaker="usa")
    story = replace(story, refrain=Refrain(before=3, today=1, new=Facts(venue="kyiv")))

    assert (level(story, reports, louder(**given)) == SILENT) is holds


def test_why_tells_what_the_policy_made_of_it() -> None:
    story, reports = fakes.agreed("meridian", type=EventType.STATEMENT)
    adjustments = (louder(why="A < B"), louder(id="other", change=1, why="too much of it"))

    html = behind.why(story, reports, replace(fakes.reader(), catalog=policy(*adjustments))).html

    assert "louder because: A &lt; B" in html
    assert "no louder because: too much of it" in html


# ------------------------------------------------------------------------------------------ as it is written
def adjustments_of(folder: Path, text: str) -> dict[str, Adjustment]:
    (folder / "mine.toml").write_text(f"schema = 1\n{text}", encoding="utf-8")
    return {each.id: each for each in load_catalog(read_rule_files(folder)).adjustments}


def test_an_operator_adds_changes_and_switches_off_adjustments(tmp_path: Path) -> None:
    found = adjustments_of(
        tmp_path,
        '[[alert.adjust]]\nid = "leader"\nenabled = false\n'
        '[[alert.adjust]]\nid = "said-again"\ntold_before = 9\n'
        '[[alert.adjust]]\nid = "talks"\ntypes = ["talks.*"]\nchange = 1\nwhy = "I follow the fighting"\n',
    )

    assert "leader" not in found
    assert found["said-again"].told_before == 9
    assert found["said-again"].new_terms is False
    assert found["talks"].types == {each for each in EventType if each.family == "talks"}
    assert found["three-within-an-hour"].within == timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('types = ["talks.hold"]', "there is no event type 'talks.hold'"),
        ('types = "talks.held"', "types must be a list of texts"),
        ('speakers = ["puttin"]', "there is no entity 'puttin'"),
        ('standing = ["sure"]', "there is no standing 'sure'"),
        ("sources = 0", "sources must be a whole number from 1"),
        ("within_minutes = 1.5", "within_minutes must be a whole number"),
        ("told_today = true", "told_today must be a whole number"),
        ("loudest = 5", "loudest must be a whole number from 1 to 4"),
        ('new_terms = "no"', "new_terms must be true or false"),
        ("chnge = 1", "there is no key 'chnge'"),
        ("change = 0", "change must be 1, 2 or 3 for quieter"),
        ('why = ""', "say why in words"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    usual = {"change": "change = 1", "why": 'why = "so"'}
    usual.pop(line.partition(" ")[0], None)
    text = "\n".join(['[[alert.adjust]]\nid = "mine"', line, *usual.values()])

    with pytest.raises(ConfigError) as caught:
        adjustments_of(tmp_path, text)

    assert said in str(caught.value)
    assert "mine.toml:4" in str(caught.value)


def test_adjustments_of_one_id_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"each alert\.adjust needs an id of its own"):
        adjustments_of(tmp_path, '[[alert.adjust]]\nid = "x"\n' * 2)


def test_a_table_for_a_list_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"written as tables \[\[alert\.adjust\]\]"):
        adjustments_of(tmp_path, '[alert.adjust]\nid = "x"\n')
