"""Which story does a report belong to?"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import EventType, Modality, Report, story_id
from bot.story.group import WINDOW, StoryIndex
from tests.make import NOON, entry, minutes, report
from tests.story_pairs import DIFFERENT, SAME, Line

PARTIES = ["Russia", "Ukraine", "Israel", "Hamas", "Lebanon", "India", "Pakistan", "Thailand", "Cambodia", "Armenia"]


def told(line: Line) -> Report:
    event = {"type": line.type, "conflicts": (line.conflict,), "actors": ()}
    return report(line.title, language=line.language, event=event)


def at_minute(of: Report, number: int) -> Report:
    return replace(of, entry=replace(of.entry, published=NOON + minutes(number)))


def placed(*reports: Report) -> list[str]:
    """Return the story of each report, placed one after another into an empty index."""
    index, stories = StoryIndex(), []
    for each in reports:
        story = index.place(each).story_id or story_id(each.entry.key)
        index.add(each, story)
        stories.append(story)
    return stories


# ------------------------------------------------------------------------------------------ pairs
@pytest.mark.parametrize(("one", "other"), SAME, ids=lambda line: line.title)
def test_reports_of_one_happening_share_a_story_whatever_their_words_and_order(one: Line, other: Line) -> None:
    forwards, backwards = placed(told(one), told(other)), placed(told(other), told(one))

    assert len(set(forwards)) == 1
    assert len(set(backwards)) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=lambda line: line.title)
def test_reports_of_two_happenings_stay_apart_however_alike(one: Line, other: Line) -> None:
    forwards, backwards = placed(told(one), told(other)), placed(told(other), told(one))

    assert len(set(forwards)) == 2
    assert len(set(backwards)) == 2


# ------------------------------------------------------------------------------------------ laws
@given(st.text(max_size=120))
def test_a_report_belongs_to_the_story_it_started(title: str) -> None:
    started = report(title or "-")
    index = StoryIndex()
    index.add(started, "first")

    again = index.place(report(title or "-", feed_url="https://other.example/rss"))

    assert again.story_id in ("first", None)
    assert again.story_id == "first" or not any(letter.isalnum() for letter in title) or len(title.split()) < 3


@given(st.sets(st.integers(2, 99), min_size=2, max_size=2), st.sampled_from(["day", "hour", "week"]))
def test_different_numbers_are_never_one_story(numbers: set[int], unit: str) -> None:
    reports = [report(f"Russia and Ukraine agree {number}-{unit} ceasefire in Istanbul") for number in sorted(numbers)]

    stories = placed(*reports)

    assert len(set(stories)) == 2


@given(st.lists(st.sampled_from(PARTIES), min_size=2, max_size=2, unique=True).map(tuple),
       st.lists(st.sampled_from(PARTIES), min_size=2, max_size=2, unique=True).map(tuple))  # fmt: skip
def test_different_party_pairs_are_never_one_story(one: tuple[str, str], other: tuple[str, str]) -> None:
    reports = [
        report(f"{a} and {b} agree full ceasefire after night of talks", id=f"{a}-{b}-{n}", event={"conflicts": ()})
        for n, (a, b) in enumerate((one, other))
    ]

    stories = placed(*reports)

    assert (len(set(stories)) == 1) == (set(one) == set(other))


@given(st.integers(1, 30))
def test_an_index_rebuilt_after_a_restart_places_what_follows_alike(kept: int) -> None:
    lines = [line for half in zip(*SAME, strict=True) for line in half]
    reports = [at_minute(told(line), number) for number, line in enumerate(lines)]
    stories = placed(*reports)

    rebuilt = StoryIndex()
    for story, each in zip(stories[:kept], reports, strict=False):
        rebuilt.add(each, story)
    after = []
    for each in reports[kept:]:
        after.append(rebuilt.place(each).story_id or story_id(each.entry.key))
        rebuilt.add(each, after[-1])

    assert after == stories[kept:]


# ------------------------------------------------------------------------------------------ rules
def test_a_denial_and_the_news_it_denies_are_two_stories() -> None:
    news = report("Hamas agrees to truce with Israel", event={"conflicts": ("gaza",)})
    denial = report(
        "Hamas agrees to truce with Israel? Envoy denies", event={"conflicts": ("gaza",), "modality": Modality.DENIAL}
    )

    assert len(set(placed(news, denial))) == 2


def test_news_and_its_cancellation_are_two_stories_even_by_words_alone() -> None:
    lines = ["Россия закроет переход на границе с Грузией", "Россия отменила закрытие перехода на границе с Грузией"]

    stories = placed(*(Report(entry=entry(line), event=None) for line in lines))

    assert stories[0] != stories[1]


def test_steps_of_one_family_are_different_stories() -> None:
    agreed = report("Ceasefire between Russia and Ukraine agreed", event={"type": EventType.CEASEFIRE_AGREED})
    in_effect = report("Ceasefire between Russia and Ukraine in effect", event={"type": EventType.CEASEFIRE_IN_EFFECT})

    assert len(set(placed(agreed, in_effect))) == 2


@pytest.mark.parametrize("modality", [Modality.CONDITIONAL, Modality.PLAN, Modality.QUESTION, Modality.HISTORICAL])
def test_a_ceasefire_that_is_agreed_is_no_story_of_one_that_might_be(modality: Modality) -> None:
    might_be = report("Russia and Ukraine to agree ceasefire in Istanbul", event={"modality": modality})
    agreed = report("Russia and Ukraine agree ceasefire in Istanbul", event={"modality": Modality.FACT})

    assert len(set(placed(might_be, agreed))) == 2


def test_an_offer_and_a_signed_accord_are_two_stories() -> None:
    offer = report("Russia and Ukraine discuss Istanbul accord", event={"type": EventType.CEASEFIRE_PROPOSED})
    signed = report("Russia and Ukraine sign Istanbul accord", event={"type": EventType.AGREEMENT_REACHED})

    assert len(set(placed(offer, signed))) == 2


def test_what_came_of_a_step_is_no_report_of_that_step() -> None:
    skips = report("Rebel leader skips peace talks in Doha", id="a")
    strikes = report("Army strikes rebel town after leader skips peace talks in Doha", id="b")

    index = StoryIndex()
    index.add(skips, "s")
    place = index.place(strikes)

    assert place.story_id is None
    assert place.because == "kept apart from s: the one came of the other"


def test_a_headline_of_two_news_finds_the_story_of_its_first() -> None:
    wars = ("israel-syria", "gaza")
    lines = [
        report(
            "Syria announces ceasefire with Kurdish fighters in Aleppo", id="a", event={"conflicts": ("syria-sdf",)}
        ),
        report("Syria announces ceasefire in Aleppo; Israel hits Gaza", id="b", event={"conflicts": wars}),
    ]

    assert len(set(placed(*lines))) == 1
    assert len(set(placed(*reversed(lines)))) == 1


def test_a_report_is_found_across_languages_though_names_are_spelt_otherwise() -> None:
    event = {"type": EventType.EXCHANGE_PRISONERS, "conflicts": ("gaza",)}
    plan = event | {"modality": Modality.PLAN}
    index = StoryIndex()
    index.add(report("Hamas to free Ilan Weissman, last hostage from Haifa", id="a", event=plan), "ahead")
    index.add(report("ХАМАС освободил заложника Илана Вайсмана", id="b", language="ru", event=event), "done")

    place = index.place(report("Hostage Ilan Weissman from Haifa released by Hamas", id="c", event=event))

    assert place.story_id == "done"


def test_what_the_headline_says_was_done_outweighs_a_type_too_vague_to_tell() -> None:
    agreed = report("Israel and Hamas agree to four-day truce", event={"type": EventType.STATEMENT})
    begun = report("Four-day truce between Israel and Hamas begins", event={"type": EventType.STATEMENT})

    assert len(set(placed(agreed, begun))) == 2


def test_a_story_takes_no_report_three_days_after_its_first() -> None:
    index = StoryIndex()
    index.add(report(), "old")

    in_time = index.place(report(id="a", published=NOON + timedelta(hours=24)))
    too_late = index.place(report(id="b", published=NOON + WINDOW + minutes(1)))

    assert in_time.story_id == "old"
    assert too_late.story_id is None


def test_the_same_words_are_kept_apart_by_what_any_report_of_the_story_said() -> None:
    index = StoryIndex()
    index.add(report("Russia and Ukraine agree ceasefire in Istanbul", id="a"), "s")
    index.add(report("Russia and Ukraine agree 30-day ceasefire in Istanbul", id="b"), "s")

    place = index.place(report("Russia and Ukraine agree 60-day ceasefire in Istanbul", id="c"))

    assert place.story_id is None
    assert place.because == "kept apart from s: other number (day)"


def test_a_placement_says_in_words_why() -> None:
    index = StoryIndex()
    index.add(report("Syria announces ceasefire with Kurdish fighters in Aleppo", id="a"), "s")

    joins = index.place(report("Damascus declares truce in Aleppo after clashes with Kurds", id="b"))
    starts = index.place(
        report("Sudan army and RSF hold talks in Geneva", id="c", event={"type": EventType.TALKS_HELD})
    )

    assert joins.because.startswith("same step (deal); in common: aleppo,")
    assert starts.because == "nothing like it in 72 h"


def test_reports_without_an_event_are_grouped_by_words_and_numbers() -> None:
    lines = [
        "Plosser sees high bar for slower bond purchases",
        "High bar for slower bond purchases, says Plosser",
        "Storm cuts power to 40,000 homes in Brittany",
    ]

    stories = placed(*(Report(entry=entry(line), event=None) for line in lines))

    assert stories[0] == stories[1] != stories[2]


def test_a_long_run_of_nearly_alike_reports_does_not_become_one_giant_story() -> None:
    towns = ["Aleppo", "Homs", "Hama", "Idlib", "Raqqa", "Deir", "Palmyra", "Tartus", "Latakia", "Daraa", "Suwayda"]
    titles = [" ".join(towns[first : first + 4]) for first in range(len(towns) - 3)]

    stories = placed(*(Report(entry=entry(title), event=None) for title in titles))

    assert max(stories.count(story) for story in set(stories)) <= 4


def test_what_no_report_can_join_any_more_is_forgotten() -> None:
    index = StoryIndex()
    for day in range(90):
        title = f"Round {day} of talks between Congo and rebels number{day} ends"
        index.add(report(title, published=NOON + timedelta(days=day)), str(day))

    remembered = len(index)

    assert 4 <= remembered <= 8
    assert len(index._postings) < 80


def test_a_removed_story_is_joined_no_more() -> None:
    index = StoryIndex()
    index.add(report(), "s")
    index.remove("s")
    index.remove("never there")

    place = index.place(report(id="again"))

    assert place.story_id is None
    assert len(index) == 0
    assert not any(index._postings.values())


# ------------------------------------------------------------------------------------------ a second look
HANDED = report("Sudan army hands over 30 captured RSF fighters in Geneva")
ACCORD = report("Thai and Cambodian generals sign border accord")
ACCORD_TOO = report("Thai, Cambodian generals sign accord on border")


def test_a_report_leaves_for_a_story_that_it_is_clearly_more_like() -> None:
    index = StoryIndex()
    for each, story in ((HANDED, "handed"), (ACCORD_TOO, "handed"), (ACCORD, "accord")):
        index.add(each, story)

    moved = index.move(ACCORD_TOO, "handed")

    assert moved == "accord"
    assert len(index) == 3
    assert index.move(ACCORD_TOO, moved) == moved


def test_a_report_left_alone_joins_a_story_that_came_later_and_its_own_is_no_more() -> None:
    index = StoryIndex()
    for each, story in ((ACCORD_TOO, "alone"), (HANDED, "handed"), (ACCORD, "accord")):
        index.add(each, story)

    moved = index.move(ACCORD_TOO, "alone")

    assert moved == "accord"
    assert index.place(at_minute(ACCORD_TOO, 5)).story_id == "accord"


def test_a_report_stays_where_nothing_is_clearly_likelier() -> None:
    index = StoryIndex()
    index.add(HANDED, "handed")
    index.add(ACCORD, "accord")
    index.add(ACCORD_TOO, "accord")

    stays = [index.move(each, story) for each, story in ((HANDED, "handed"), (ACCORD_TOO, "accord"))]

    assert stays == ["handed", "accord"]


def test_the_report_that_started_a_story_stays_in_it_as_long_as_others_do() -> None:
    index = StoryIndex()
    for each, story in ((ACCORD, "first"), (HANDED, "first"), (ACCORD_TOO, "accord")):
        index.add(each, story)

    assert index.move(ACCORD, "first") == "first"


def test_a_second_look_at_what_is_forgotten_changes_nothing() -> None:
    index = StoryIndex()

    assert index.move(ACCORD, "long ago") == "long ago"
    assert len(index) == 0
