"""What became of the news that a publisher was first with."""

import json
from datetime import timedelta

from bot.alert.record_words import UNSEEN, record_block, record_line, record_object, record_table
from bot.model import EventType, Modality, Report, Stage, Story
from bot.story.record import Record, records
from tests import fakes, make

CATALOG = fakes.catalog()


def record_of(name: str, *stories: tuple[Story, list[Report]]) -> Record:
    (found,) = [each for each in records(stories, CATALOG) if each.publisher.id == name]
    return found


def told(
    *publishers: str, gap: int = 10, title: str = "Russia and Ukraine agree truce", **event: object
) -> list[Report]:
    return [
        fakes.report(f"{title}, writes {name}", name, after=gap * number, event=event)
        for number, name in enumerate(publishers)
    ]


def story_of(*reports: Report) -> tuple[Story, list[Report]]:
    return make.story(*reports), list(reports)


def test_who_was_first_is_credited_once_others_bear_it_out() -> None:
    story = story_of(*told("harbour", "dnipro"))

    first, second = record_of("harbour", story), record_of("dnipro", story)

    assert (first.stories, first.first, first.confirmed) == (1, 1, 1)
    assert first.to_confirmation == timedelta(minutes=10)
    assert (second.stories, second.first, second.confirmed, second.to_confirmation) == (1, 0, 0, None)


def test_one_owner_does_not_bear_itself_out() -> None:
    first = record_of("harbour", story_of(*told("harbour", "harbour-evening")))

    assert (first.first, first.confirmed, first.to_confirmation) == (1, 0, None)


def test_the_time_to_confirmation_is_the_median() -> None:
    stories = [story_of(*told("harbour", "dnipro", gap=gap, title=f"Truce number {gap}")) for gap in (5, 30, 300)]

    assert record_of("harbour", *stories).to_confirmation == timedelta(minutes=30)


def test_a_copy_of_a_wire_makes_its_printer_no_first() -> None:
    copy = fakes.report("Russia and Ukraine agree truce (Meridian Wire)", "harbour")
    story = story_of(copy, *told("dnipro", "meridian", gap=20)[1:])

    assert record_of("harbour", story).first == 0
    assert record_of("meridian", story).first == 1


def test_news_that_was_denied_counts_against_the_first() -> None:
    denial = fakes.report(
        "Kremlin denies truce", "herald", after=30, event={"modality": Modality.DENIAL, "speaker": "russia"}
    )
    story, reports = story_of(*told("harbour"), denial)
    story = make.story(*reports, modality=Modality.FACT)

    first = record_of("harbour", (story, reports))

    assert (first.confirmed, first.denied, first.taken_back) == (0, 1, 0)


def test_news_that_its_source_withdrew_counts_against_it_too() -> None:
    (report,) = told("harbour")
    withdrawn = Report(entry=report.entry, event=None)

    first = record_of("harbour", (make.story(report), [withdrawn]))

    assert (first.first, first.denied, first.taken_back) == (1, 0, 1)


def test_each_stage_of_a_story_is_a_first_of_its_own() -> None:
    offered = told("harbour", "meridian", type=EventType.CEASEFIRE_PROPOSED)
    agreed = [
        fakes.report(f"Truce agreed, says {name}", name, after=60 + number)
        for number, name in enumerate(("dnipro", "harbour"))
    ]
    stages = (
        Stage(EventType.CEASEFIRE_PROPOSED, make.NOON),
        Stage(EventType.CEASEFIRE_AGREED, make.NOON + timedelta(hours=1)),
    )
    story = make.story(*offered, *agreed, stages=stages), [*offered, *agreed]

    first = {each.publisher.id: (each.stories, each.first, each.confirmed) for each in records([story], CATALOG)}

    assert first == {"harbour": (2, 1, 1), "dnipro": (1, 1, 1), "meridian": (1, 0, 0)}


def test_those_that_were_first_most_often_come_first() -> None:
    stories = [story_of(*told("dnipro", "harbour", title=f"Truce {n}")) for n in range(2)]
    stories.append(story_of(*told("harbour", title="Another truce")))

    assert [each.publisher.id for each in records(stories, CATALOG)] == ["dnipro", "harbour"]


def test_a_record_in_words() -> None:
    full = Record(
        publisher=CATALOG.publisher("herald"),
        stories=5,
        first=3,
        confirmed=1,
        denied=1,
        taken_back=1,
        to_confirmation=timedelta(minutes=125),
    )

    assert record_line(full) == "5 stories, first with 3 · 1 borne out (median 2 h) · 1 denied · 1 taken back"
    assert record_line(Record(publisher=full.publisher, stories=1)) == "1 story, first with none"
    assert record_block(full).startswith("<b>State Herald [state media]</b>: 5 stories")
    assert record_table([full]).startswith("State Herald  5 stories")
    assert record_table([]) == UNSEEN
    assert json.loads(json.dumps(record_object(full)))["median_minutes_to_confirmation"] == 125
