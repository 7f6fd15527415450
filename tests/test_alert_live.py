"""What becomes of an alert as its story grows: who hears what, how loudly, in which words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alert import live, render
from bot.model import (
    Broadcast,
    DeliveryKind,
    EventType,
    LoggedChange,
    Modality,
    Report,
    Stage,
    Story,
    StoryChange,
    Wishes,
)
from bot.text import plain
from tests import fakes, make

LATER = make.NOON + timedelta(minutes=20)
KYIV = fakes.reader(LATER, time_zone="Europe/Kyiv")
READERS = [
    Wishes(),
    Wishes(conflicts=frozenset({"yemen"})),
    Wishes(time_zone="Europe/Kyiv"),
    Wishes(time_zone="Europe/Kyiv", language="uk"),
]


def changed(story: Story, reports: list[Report], change: StoryChange) -> Broadcast | None:
    logged = LoggedChange(
        id=7,
        story_id=story.id,
        revision=story.revision,
        change=change,
        entry_key=reports[-1].entry.key,
        created_at=make.NOON,
    )
    return live.update(logged, story, reports, READERS, fakes.catalog(), now=LATER)


def taken_back(*publishers: str, **event: Any) -> tuple[Story, list[Report]]:
    """A story that the Kremlin denies; one publisher has it unless more are named."""
    story, reports = fakes.agreed(*(publishers or ("harbour",)))
    given = {"modality": Modality.DENIAL, "type": EventType.CEASEFIRE_REJECTED, "speaker": "russia"} | event
    return story, [*reports, fakes.report("Moscow denies it", "herald", after=10, event=given)]


def disputed() -> tuple[Story, list[Report]]:
    """An exchange that two blocs report, and that the Kremlin denies."""
    exchange = {"type": EventType.EXCHANGE_PRISONERS}
    story, reports = fakes.agreed("harbour", "dnipro", **exchange)
    given = {"modality": Modality.DENIAL, "speaker": "russia"} | exchange
    return story, [*reports, fakes.report("Moscow denies it", "herald", after=10, event=given)]


@pytest.mark.parametrize("change", StoryChange)
def test_only_a_change_of_status_is_worth_a_word(change: StoryChange) -> None:
    story, reports = fakes.agreed("harbour", "dnipro")

    word = changed(story, reports, change)

    spoken = {"new_stage", "confirmed", "disputed", "denied", "corrected", "withdrawn", "collapsed"}
    assert (word is not None) is (change.value in spoken)


def test_a_word_is_for_all_who_were_told_whatever_they_wish_once_for_each_language_and_clock() -> None:
    word = changed(*fakes.agreed("harbour", "dnipro"), StoryChange.CONFIRMED)

    assert word
    assert word.kind is DeliveryKind.UPDATE
    assert [(wishes.language, wishes.time_zone) for wording in word.wordings for wishes in wording.readers] == [
        ("en", "UTC"),
        ("en", "Europe/Kyiv"),
        ("uk", "Europe/Kyiv"),
    ]


@pytest.mark.parametrize(
    ("story", "change", "silent", "correction"),
    [
        (fakes.agreed("harbour", "dnipro"), StoryChange.CONFIRMED, False, False),
        (fakes.agreed("harbour", "dnipro", type=EventType.TALKS_HELD), StoryChange.CONFIRMED, True, False),
        (fakes.agreed("harbour"), StoryChange.NEW_STAGE, True, False),
        (taken_back(), StoryChange.DENIED, True, True),
        (disputed(), StoryChange.DISPUTED, True, True),
    ],
)
def test_only_what_may_sound_and_is_confirmed_sounds_and_corrections_reach_everybody(
    story: tuple[Story, list[Report]], change: StoryChange, silent: bool, correction: bool
) -> None:
    word = changed(*story, change)

    assert word
    assert word.wordings[0].message.silent is silent
    assert word.correction is correction
    assert word.urgent


def test_a_stage_that_is_too_quiet_to_be_told_is_worth_no_word() -> None:
    assert changed(*fakes.agreed("harbour", modality=Modality.OPINION), StoryChange.NEW_STAGE) is None


def test_an_edit_has_a_key_of_its_own_for_every_change() -> None:
    story, reports = fakes.agreed("harbour")

    keys = {
        live.edit(each, reports, READERS, fakes.catalog(), change_id=change_id, now=LATER).key
        for each, change_id in (
            (story, 1),
            (story, 1),
            (story, 2),
            (replace(story, revision=9), 1),
        )
    }

    assert len(keys) == 3


# ------------------------------------------------------------------------------------------ whole messages
def test_a_confirmed_alert_says_by_whom_and_when_it_was_edited() -> None:
    story, reports = fakes.agreed("harbour", "dnipro")

    text = plain(render.alert(story, reports, KYIV, edited=True).html)

    assert text == (
        "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED\n"
        "“Russia and Ukraine agree 30-day truce, says harbour” — Harbour Times · harbour.example, 15:00 (12:00 UTC)\n"
        "\n"
        "named: Russia, Ukraine\n"
        "Also: Дніпровський кур'єр 15:04\n"
        "2 independent publishers · West, Ukraine\n"
        "updated 15:20"
    )


def test_a_denied_alert_strikes_what_was_told_and_shows_the_denial() -> None:
    message = render.alert(*taken_back(), KYIV, edited=True)

    assert message.html == (
        "🔴 <b>DENIED by Russia</b> · Russia–Ukraine war · <s>CEASEFIRE AGREED / DECLARED</s>\n"
        '<s>“<a href="https://harbour.example/a?b=1&amp;c=2">'
        "Russia and Ukraine agree 30-day truce, says harbour</a>”</s>"
        " — Harbour Times · harbour.example, 15:00 (12:00 UTC)\n"
        "\n"
        'Denied: “<a href="https://herald.example/a?b=1&amp;c=2">Moscow denies it</a>” — '
        "State Herald [state media, RU] · herald.example, 15:10 (12:10 UTC)\n"
        "updated 15:20"
    )


def test_a_disputed_alert_strikes_nothing_and_shows_who_denies_it() -> None:
    text = plain(render.alert(*disputed(), KYIV, edited=True).html)

    assert "<s>" not in render.alert(*disputed(), KYIV).html
    assert text == (
        "🟡 DISPUTED by Russia · Russia–Ukraine war · EXCHANGE.PRISONERS\n"
        "“Russia and Ukraine agree 30-day truce, says harbour” — Harbour Times · harbour.example, 15:00 (12:00 UTC)\n"
        "\n"
        "named: Russia, Ukraine\n"
        "Denied: “Moscow denies it” — State Herald [state media, RU] · herald.example, 15:10 (12:10 UTC)\n"
        "Also: Дніпровський кур'єр 15:04\n"
        "2 independent publishers · West, Ukraine\n"
        "updated 15:20"
    )


def test_an_alert_says_who_took_its_word_back_where_others_still_say_so() -> None:
    story, reports = fakes.agreed("harbour", "dnipro", "Wharf Gazette")
    story = replace(story, taken_back=frozenset({reports[1].entry.key}))
    gone = fakes.report("Weather", "dnipro", id=reports[1].entry.key.id)
    now = [reports[0], Report(entry=gone.entry, event=None), reports[2]]

    text = plain(render.alert(story, now, KYIV, edited=True).html)
    word = plain(render.word(story, now, KYIV, change=StoryChange.CORRECTED, silent=True).html)

    assert text.startswith("🟡 UNCONFIRMED")
    assert "\nДніпровський кур'єр changed its report, which now reads: “Weather”\n" in text
    assert word.splitlines() == [
        "🟡 UNCONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED",
        "No longer confirmed: Дніпровський кур'єр changed its report, which now reads: “Weather”",
        "2 independent publishers · West · not confirmed: no second bloc reports it",
    ]


def test_an_alert_whose_source_says_something_else_now_shows_both() -> None:
    story, [report] = fakes.agreed("harbour")
    milder = fakes.report("Truce on offer", "harbour", event={"type": EventType.CEASEFIRE_PROPOSED})

    text = plain(render.alert(story, [milder], KYIV, edited=True).html)
    word = plain(render.word(story, [milder], KYIV, change=StoryChange.CORRECTED, silent=True).html)

    assert text.splitlines()[:2] == [
        "🔴 CORRECTED BY ITS SOURCE · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED",
        f"“{report.entry.title}”",
    ]
    assert "\nHarbour Times changed its report, which now reads: “Truce on offer”\n" in text
    assert word.splitlines()[1:] == [
        f"“{report.entry.title}”",
        "Harbour Times changed its report, which now reads: “Truce on offer”",
    ]


def test_a_word_is_three_lines() -> None:
    story, reports = fakes.agreed("harbour", "dnipro")

    word = render.word(story, reports, KYIV, change=StoryChange.CONFIRMED, silent=False)

    assert plain(word.html).splitlines() == [
        "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED",
        "“Russia and Ukraine agree 30-day truce, says harbour” — Harbour Times · harbour.example, 15:00 (12:00 UTC)",
        "2 independent publishers · West, Ukraine",
    ]


def test_an_end_that_is_confirmed_is_red_and_one_that_is_not_says_now() -> None:
    end: dict[str, Any] = {"type": EventType.CEASEFIRE_ENDED}
    stages = (Stage(EventType.CEASEFIRE_IN_EFFECT, make.NOON), Stage(EventType.CEASEFIRE_ENDED, LATER))

    lines = [
        plain(render.alert(replace(story, stages=stages), reports, KYIV, update=True).html).partition("\n")[0]
        for story, reports in (fakes.agreed("harbour", **end), fakes.agreed("harbour", "dnipro", **end))
    ]

    assert lines == [
        "🔴 UNCONFIRMED · Russia–Ukraine war · NOW: CEASEFIRE ENDED",
        "🔴 COLLAPSED · Russia–Ukraine war · NOW: CEASEFIRE ENDED",
    ]
