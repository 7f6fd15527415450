"""A story grows report by report."""

from dataclasses import replace

import pytest

from bot.catalog import load_catalog
from bot.model import EventType, Modality, Report, Stage, story_id
from bot.story.story import joined, new_story
from tests.make import NOON, entry, minutes, report

CATALOG = load_catalog()
PROPOSED, AGREED, REACHED = EventType.CEASEFIRE_PROPOSED, EventType.CEASEFIRE_AGREED, EventType.AGREEMENT_REACHED


def test_a_story_starts_as_its_founder_tells_it() -> None:
    founder = report("Kyiv and Moscow agree truce", event={"recipients": ("usa",), "numbers": frozenset({"30-day"})})

    story = new_story(founder, NOON, CATALOG)

    assert story.id == story_id(founder.entry.key)
    assert (story.headline, story.type, story.stages) == (founder.entry.title, AGREED, (Stage(AGREED, NOON),))
    assert story.actors == ("russia", "ukraine", "usa")
    assert (story.first_seen, story.last_seen, story.revision) == (NOON, NOON, 1)
    assert story.numbers == {"30-day"}
    assert story.announced == frozenset()


def test_another_report_of_the_same_step_adds_itself_and_leaves_the_headline() -> None:
    story = new_story(report("Kyiv and Moscow agree truce"), NOON, CATALOG)
    second = report(
        "Truce agreed", published=NOON + minutes(5), publisher="Second News", event={"places": ("istanbul",)}
    )

    grown = joined(story, second, NOON, CATALOG)

    assert (grown.headline, grown.type, grown.stages) == (story.headline, story.type, story.stages)
    assert grown.entry_keys == (*story.entry_keys, second.entry.key)
    assert grown.publishers == (*story.publishers, "Second News")
    assert (grown.last_seen, grown.revision, grown.places) == (NOON + minutes(5), 2, ("istanbul",))


def test_a_report_that_the_story_has_changes_nothing() -> None:
    story = new_story(report(), NOON, CATALOG)

    assert joined(story, report(), NOON + minutes(9), CATALOG) == story


def test_one_publisher_under_two_names_is_one() -> None:
    known = next(iter(CATALOG.publishers.values()))
    story = new_story(report(publisher=known.id), NOON, CATALOG)

    grown = joined(story, report(id="b", publisher=known.name), NOON, CATALOG)

    assert grown.publishers == (known.id,)


def test_a_newer_step_moves_the_story_on_under_its_own_headline() -> None:
    story = new_story(report("Truce agreed", event={"modality": Modality.CLAIM}), NOON, CATALOG)
    signed = report("Both sides sign accord", published=NOON + minutes(60), event={"type": REACHED})

    grown = joined(story, signed, NOON, CATALOG)

    assert (grown.type, grown.modality, grown.headline) == (REACHED, Modality.FACT, "Both sides sign accord")
    assert grown.stages == (Stage(AGREED, NOON, Modality.CLAIM), Stage(REACHED, NOON + minutes(60)))


def test_a_late_report_of_an_earlier_step_takes_its_place_in_the_past() -> None:
    story = new_story(report("Both sides sign accord", event={"type": REACHED}), NOON, CATALOG)
    late = report("Truce agreed", published=NOON - minutes(60), event={"type": AGREED})

    grown = joined(story, late, NOON, CATALOG)

    assert (grown.type, grown.headline, grown.first_seen) == (REACHED, "Both sides sign accord", NOON - minutes(60))
    assert grown.stages == (Stage(AGREED, NOON - minutes(60)), Stage(REACHED, NOON))


@pytest.mark.parametrize("vague", [EventType.STATEMENT, EventType.AGREEMENT_TERMS])
def test_a_statement_or_talk_of_terms_moves_no_story(vague: EventType) -> None:
    story = new_story(report(), NOON, CATALOG)
    reaction = report("Pope thanks both", published=NOON + minutes(5), event={"type": vague})

    grown = joined(story, reaction, NOON, CATALOG)

    assert (grown.type, grown.stages, grown.revision) == (story.type, story.stages, 2)


@pytest.mark.parametrize("arranged", [EventType.TALKS_SCHEDULED, EventType.TALKS_HELD])
def test_an_offer_of_talks_that_are_arranged_is_no_step_back(arranged: EventType) -> None:
    story = new_story(report("Talks set", event={"type": arranged}), NOON, CATALOG)
    offer = report("Kyiv offers talks", published=NOON + minutes(5), event={"type": EventType.TALKS_PROPOSED})

    grown = joined(story, offer, NOON, CATALOG)

    assert (grown.type, grown.stages, grown.headline) == (story.type, story.stages, story.headline)


@pytest.mark.parametrize("modality", [Modality.OPINION, Modality.QUESTION, Modality.HISTORICAL])
def test_a_view_a_question_and_a_look_back_join_but_are_no_step(modality: Modality) -> None:
    story = new_story(report(), NOON, CATALOG)
    view = report("What if they signed", published=NOON + minutes(5), event={"type": REACHED, "modality": modality})

    grown = joined(story, view, NOON, CATALOG)

    assert (grown.type, grown.headline, grown.stages) == (story.type, story.headline, story.stages)
    assert grown.revision == 2


@pytest.mark.parametrize(
    ("minute", "modality", "begins"),
    [(20, Modality.CLAIM, 20), (-5, Modality.FACT, 0), (90, Modality.FACT, 60), (20, Modality.PLAN, 60)],
    ids=["late in", "before the step before", "later", "only planned"],
)
def test_a_step_begins_with_its_first_report_however_late_that_comes_in(
    minute: float, modality: Modality, begins: float
) -> None:
    story = new_story(report("Talks held", event={"type": EventType.TALKS_HELD}), NOON, CATALOG)
    story = joined(story, report("Signed", published=NOON + minutes(60), event={"type": REACHED}), NOON, CATALOG)
    late = report("Signed too", published=NOON + minutes(minute), event={"type": REACHED, "modality": modality})

    grown = joined(story, late, NOON, CATALOG)

    assert grown.type is REACHED
    assert grown.stages == (Stage(EventType.TALKS_HELD, NOON), Stage(REACHED, NOON + minutes(begins)))


@pytest.mark.parametrize("makeshift", ["Ukraine war live: truce agreed", "Has a truce been agreed?"])
def test_a_running_page_or_a_question_gives_its_headline_up_for_a_plain_one(makeshift: str) -> None:
    story = new_story(report(makeshift), NOON, CATALOG)

    grown = joined(story, report("Truce agreed in Istanbul"), NOON, CATALOG)

    assert grown.headline == "Truce agreed in Istanbul"


def test_an_undated_report_counts_from_when_it_was_seen() -> None:
    undated = replace(entry(), published=None, seen_at=None)

    story = new_story(Report(entry=undated, event=report().event), NOON, CATALOG)

    assert story.first_seen == NOON


def test_what_reports_no_event_starts_no_story() -> None:
    with pytest.raises(ValueError, match="needs an event"):
        new_story(Report(entry=entry(), event=None), NOON, CATALOG)
