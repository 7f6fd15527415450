"""What a story looks like: the words that a reader in a war acts on."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.alert import behind, render
from bot.alert.phrases import moment
from bot.model import Button, EventType, Facts, Form, Mention, Modality, Stage, Standing
from bot.story.story import joined, new_story
from bot.text import plain
from tests import fakes, make

LATER = make.NOON + timedelta(minutes=20)
KYIV = fakes.reader(LATER, time_zone="Europe/Kyiv")


def card(*publishers: str, **event: Any) -> str:
    story, reports = fakes.agreed(*publishers, **event)
    return plain(render.alert(story, reports, KYIV).html)


def first_line(*publishers: str, **event: Any) -> str:
    return card(*publishers, **event).partition("\n")[0]


# ------------------------------------------------------------------------------------------ whole alerts
def test_the_alert_of_a_claim_names_the_claimant_and_says_unconfirmed_first() -> None:
    claim = fakes.report(
        "Ukraine accuses Russia of breaking the three-day truce 734 times",
        event={
            "type": EventType.CEASEFIRE_VIOLATED,
            "modality": Modality.CLAIM,
            "actors": ("ukraine", "russia"),
            "recipients": ("russia",),
            "speaker": "ukraine",
            "numbers": frozenset({"3-day", "734-violations"}),
        },
    )

    message = render.alert(make.story(claim), [claim], KYIV)

    assert message.html == (
        "🟡 <b>UNCONFIRMED</b> · Russia–Ukraine war · <b>CLAIM: CEASEFIRE VIOLATED</b>, says Ukraine\n"
        '“<a href="https://meridian.example/a?b=1&amp;c=2">Ukraine accuses Russia of breaking the three-day truce 734 '
        "times</a>” — Meridian Wire · meridian.example, 15:00 (12:00 UTC)\n"
        "\n"
        "claimed by: Ukraine · about: Russia\n"
        "1 publisher so far, no second source · no word from Russia itself"
    )


def test_a_truce_that_only_one_side_keeps_says_so_as_soon_as_any_report_does() -> None:
    in_effect = {"type": EventType.CEASEFIRE_IN_EFFECT}
    plain_words = fakes.report("Truce takes effect at midnight", event=in_effect)
    alone = fakes.report(
        "Unilateral truce begins", "harbour", after=5, event={**in_effect, "facts": Facts(form=Form.UNILATERAL)}
    )

    lines = [
        plain(render.status_line(make.story(*reports), reports, KYIV))
        for reports in ([plain_words], [plain_words, alone])
    ]

    assert [line.rpartition(" · ")[2] for line in lines] == ["CEASEFIRE IN EFFECT", "ONE-SIDED CEASEFIRE IN EFFECT"]


def test_the_alert_of_several_publishers_lists_them_and_counts_owners() -> None:
    reports = [
        fakes.report("US proposes 30-day truce", event={"type": EventType.CEASEFIRE_PROPOSED, "actors": ("usa",)}),
        fakes.report("Truce offered", "harbour", after=5, event={"type": EventType.CEASEFIRE_PROPOSED}),
        fakes.report("Truce on offer", "harbour-evening", after=6, event={"type": EventType.CEASEFIRE_PROPOSED}),
        fakes.report("США пропонують перемир'я", "dnipro", after=9, event={"type": EventType.CEASEFIRE_PROPOSED}),
    ]

    message = render.alert(make.story(*reports), reports, KYIV)

    assert plain(message.html) == (
        "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE PROPOSED\n"
        "“US proposes 30-day truce” — Meridian Wire · meridian.example, 15:00 (12:00 UTC)\n"
        "\n"
        "named: United States\n"
        "Also: Harbour Times 15:05 · Harbour Evening 15:06 · Дніпровський кур'єр 15:09\n"
        "4 publishers, 3 of them independent · International, West, Ukraine"
    )
    assert [[button.label for button in row] for row in message.buttons] == [
        ["Why?", "Reports 4", "Timeline"],
        ["Mute story", "Not relevant"],
    ]


def test_an_update_says_now_and_what_was_before() -> None:
    before = fakes.report("Truce agreed")
    after = fakes.report("Truce in force", after=15, event={"type": EventType.CEASEFIRE_IN_EFFECT})
    stages = (
        Stage(EventType.CEASEFIRE_AGREED, make.NOON),
        Stage(EventType.CEASEFIRE_IN_EFFECT, make.NOON + timedelta(minutes=15)),
    )

    message = render.alert(make.story(before, after, stages=stages), [before, after], KYIV, update=True)

    lines = plain(message.html).splitlines()
    assert lines[0] == "🟡 UNCONFIRMED · Russia–Ukraine war · NOW: CEASEFIRE IN EFFECT"
    assert lines[1].startswith("“Truce in force”")
    assert "Before: Ceasefire agreed / declared, 15:00 (12:00 UTC)" in lines


def test_what_was_only_conditional_or_planned_is_recalled_as_such() -> None:
    could = fakes.report("Russia and Ukraine may agree truce", event={"modality": Modality.CONDITIONAL})
    planned = fakes.report(
        "Truce to take effect on Monday",
        after=5,
        event={"type": EventType.CEASEFIRE_IN_EFFECT, "modality": Modality.PLAN},
    )
    story = joined(new_story(could, LATER, fakes.catalog()), planned, LATER, fakes.catalog())

    lines = plain(render.alert(story, [could, planned], KYIV, update=True).html).splitlines()

    assert lines[0] == "⚪ UNCONFIRMED · Russia–Ukraine war · UPDATE: PLANNED: CEASEFIRE IN EFFECT"
    assert "Before: Conditional: ceasefire agreed / declared, 15:00 (12:00 UTC)" in lines


# ------------------------------------------------------------------------------------------ who said yes
def yes(title: str, *named: tuple[str, str], verb: str = "agree truce", **event: Any) -> str:
    """Return the first line on a headline in which (name, entity and side) are *named* and *verb* decided."""
    conflict = [
        Mention(
            role="conflict",
            name=f"ukraine-russia:{who}",
            text=name,
            start=title.index(name),
            end=title.index(name) + len(name),
        )
        for name, who in named
    ]
    type_ = Mention(
        role="type",
        name="ceasefire.agreed 1",
        text=verb,
        start=title.index(verb),
        end=title.index(verb) + len(verb),
    )
    report = fakes.report(title, event={"mentions": (type_, *conflict), **event})
    return plain(render.alert(make.story(report), [report], KYIV).html).partition("\n")[0]


RUSSIA, UKRAINE, KYIV_CITY = ("Russia", "B:russia"), ("Ukraine", "A:ukraine"), ("Kyiv", "A:kyiv")


@pytest.mark.parametrize(
    ("title", "named", "verb"),
    [
        ("Russia and Ukraine agree truce", (RUSSIA, UKRAINE), "agree truce"),
        ("Russia, Ukraine agree truce", (RUSSIA, UKRAINE), "agree truce"),
        ("Envoy: Russia and Ukraine have agreed truce", (RUSSIA, UKRAINE), "agreed truce"),
    ],
)
def test_a_ceasefire_is_agreed_where_both_sides_say_yes(title: str, named: Any, verb: str) -> None:
    assert yes(title, *named, verb=verb).endswith("· CEASEFIRE AGREED")


@pytest.mark.parametrize(
    ("title", "named", "verb"),
    [
        ("Russia declares truce with Ukraine", (RUSSIA, UKRAINE), "declares truce"),
        ("Ukraine says Russia declares truce", (UKRAINE, RUSSIA), "declares truce"),
        ("Ukraine war: Russia declares truce", (UKRAINE, RUSSIA), "declares truce"),
        ("After strikes on Ukraine, Russia declares truce", (UKRAINE, RUSSIA), "declares truce"),
        ("Kyiv and Russia declare truce", (KYIV_CITY, RUSSIA), "declare truce"),
    ],
)
def test_a_ceasefire_of_one_side_names_it_and_is_never_called_agreed(title: str, named: Any, verb: str) -> None:
    assert yes(title, *named, verb=verb).endswith("· CEASEFIRE DECLARED / ACCEPTED BY RUSSIA")


@pytest.mark.parametrize(
    ("title", "named", "verb"),
    [
        ("Truce agreed with Ukraine", (UKRAINE,), "Truce agreed"),
        ("US to stop bombing Russia under truce", (RUSSIA,), "stop bombing Russia under truce"),
        ("Russia looks on as others agree truce", (RUSSIA,), "agree truce"),
        ("Russia says truce agreed", (RUSSIA,), "truce agreed"),
        ("Russia: truce agreed", (RUSSIA,), "truce agreed"),
    ],
)
def test_where_the_headline_does_not_tell_who_said_yes_nobody_is_made_to(title: str, named: Any, verb: str) -> None:
    assert "· CEASEFIRE AGREED / DECLARED" in yes(title, *named, verb=verb, speaker="russia")


def test_what_has_not_happened_is_nobodys_yes() -> None:
    line = yes("Russia and Ukraine agree truce", RUSSIA, UKRAINE, modality=Modality.CONDITIONAL)

    assert line.endswith("· CONDITIONAL: CEASEFIRE AGREED / DECLARED")


# ------------------------------------------------------------------------------------------ how sure
@pytest.mark.parametrize(
    ("modality", "type_", "colour", "words"),
    [
        (Modality.FACT, EventType.CEASEFIRE_AGREED, "🟡", "CEASEFIRE AGREED / DECLARED"),
        (Modality.CLAIM, EventType.CEASEFIRE_AGREED, "🟡", "CLAIM: CEASEFIRE AGREED / DECLARED"),
        (Modality.DENIAL, EventType.CEASEFIRE_AGREED, "🔴", "DENIED: CEASEFIRE AGREED / DECLARED"),
        (Modality.PLAN, EventType.CEASEFIRE_IN_EFFECT, "⚪", "PLANNED: CEASEFIRE IN EFFECT"),
        (Modality.PLAN, EventType.CEASEFIRE_ENDED, "⚪", "PLANNED: CEASEFIRE ENDED"),
        (Modality.PLAN, EventType.CEASEFIRE_PROPOSED, "🟡", "CEASEFIRE PROPOSED"),
        (Modality.CONDITIONAL, EventType.CEASEFIRE_AGREED, "⚪", "CONDITIONAL: CEASEFIRE AGREED / DECLARED"),
        (Modality.QUESTION, EventType.CEASEFIRE_ENDED, "⚪", "OPEN QUESTION: CEASEFIRE ENDED"),
        (Modality.DENIAL, EventType.TALKS_STALLED, "🔴", "TALKS STALLED"),
        (Modality.FACT, EventType.TALKS_STALLED, "🔴", "TALKS STALLED"),
        (Modality.CLAIM, EventType.CEASEFIRE_ENDED, "🟡", "CLAIM: CEASEFIRE ENDED"),
        (Modality.FACT, EventType.CEASEFIRE_ENDED, "🔴", "CEASEFIRE ENDED"),
        (Modality.CLAIM, EventType.STATEMENT, "🟡", "APPEAL / POSITION"),
    ],
)
def test_the_first_line_says_how_sure_it_is(modality: Modality, type_: EventType, colour: str, words: str) -> None:
    line = first_line("meridian", modality=modality, type=type_)

    assert line == f"{colour} UNCONFIRMED · Russia–Ukraine war · {words}"


def test_publishers_of_one_owner_stay_unconfirmed_and_are_told_apart() -> None:
    text = card("harbour", "harbour-evening")

    assert text.startswith("🟡 UNCONFIRMED")
    assert text.endswith("2 publishers of one source")


def test_several_publishers_who_quote_the_same_person_are_called_unconfirmed_for_that() -> None:
    text = card("meridian", "dnipro", speaker="usa")

    first = "🟡 UNCONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED, says United States\n"
    assert text.startswith(first)
    assert text.endswith("2 publishers · not confirmed: all quote United States")


@pytest.mark.parametrize(
    ("publishers", "event", "foot"),
    [
        (
            ("harbour", "Wharf Gazette"),
            {},
            "2 independent publishers · West · not confirmed: no second bloc reports it",
        ),
        (
            ("harbour", "dnipro"),
            {"type": EventType.EXCHANGE_PRISONERS, "modality": Modality.PLAN},
            "2 independent publishers · West, Ukraine · not confirmed: it is only planned so far",
        ),
        (("harbour", "dnipro"), {}, "2 independent publishers · West, Ukraine"),
        (("harbour", "dnipro"), {"speaker": "usa"}, "2 publishers · not confirmed: all quote United States"),
        (("harbour",), {}, "1 publisher so far, no second source"),
    ],
    ids=["one bloc", "a plan", "two blocs", "one voice", "one source"],
)
def test_the_last_line_says_why_several_publishers_are_not_enough(
    publishers: tuple[str, ...], event: dict[str, Any], foot: str
) -> None:
    story, reports = fakes.agreed(*publishers, **event)

    assert card(*publishers, **event).splitlines()[-1] == foot
    assert plain(render.count_line(story, reports, KYIV)) == foot
    because = foot.partition("not confirmed: ")[2]
    assert plain(render.summary(story, reports, KYIV)).partition("not confirmed: ")[2] == because


def test_several_publishers_who_report_an_offer_bear_it_out_whoever_made_it() -> None:
    text = card("meridian", "dnipro", speaker="usa", type=EventType.CEASEFIRE_PROPOSED)

    assert text.startswith("🟢 CONFIRMED · ")
    assert text.endswith("2 independent publishers · International, Ukraine")


def test_reports_of_an_earlier_stage_are_not_counted_as_saying_the_present_one() -> None:
    offers = [
        fakes.report("Truce offered", name, event={"type": EventType.CEASEFIRE_PROPOSED})
        for name in ("harbour", "dnipro")
    ]
    reports = [*offers, fakes.report("Truce agreed")]

    text = plain(render.alert(make.story(*reports), reports, KYIV).html)

    assert text.startswith("🟡 UNCONFIRMED")
    assert "“Truce agreed”" in text
    assert "Also" not in text


def test_a_claim_without_a_claimant_says_so() -> None:
    assert "claimed by: not recognised" in card("meridian", modality=Modality.CLAIM)


def test_a_claim_that_two_make_of_each_other_names_both() -> None:
    both = tuple(Mention(role="speaker", name=side, text=side, start=0, end=1) for side in ("russia", "ukraine"))

    assert "claimed by: Russia, Ukraine" in card("meridian", modality=Modality.CLAIM, mentions=both)


def test_what_both_sides_have_confirmed_is_neither_a_claim_nor_one_voice() -> None:
    claim = {"modality": Modality.CLAIM}
    reports = [
        fakes.report("Russia and Ukraine agree truce, US says", event={**claim, "speaker": "usa"}),
        fakes.report("Russia says truce agreed", "harbour", after=5, event={**claim, "speaker": "russia"}),
        fakes.report("Ukraine confirms truce", "dnipro", after=9, event={**claim, "speaker": "ukraine"}),
    ]

    early, late = (plain(render.status_line(make.story(*some), some, KYIV)) for some in (reports[:1], reports))

    assert early == "🟡 UNCONFIRMED · Russia–Ukraine war · CLAIM: CEASEFIRE AGREED / DECLARED, says United States"
    assert late == "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED"


def test_a_confirmed_breach_is_not_called_a_claim() -> None:
    reports = [
        fakes.report("Jets hit hills despite truce", name, event={"type": EventType.CEASEFIRE_VIOLATED})
        for name in ("meridian", "dnipro")
    ]

    line = plain(render.status_line(make.story(*reports), reports, KYIV))

    assert line == "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE VIOLATED (AS REPORTED)"


def test_a_breach_that_somebody_is_quoted_for_is_told_as_their_word_alone() -> None:
    quoted = first_line("meridian", type=EventType.CEASEFIRE_VIOLATED, speaker="russia")

    assert quoted.endswith("· CEASEFIRE VIOLATED, says Russia")


def test_who_speaks_to_whom_is_told_with_an_arrow() -> None:
    text = card("meridian", type=EventType.CEASEFIRE_PROPOSED, actors=("usa", "russia"), recipients=("russia",))

    assert "by United States → to Russia" in text


def test_what_somebody_is_quoted_for_is_told_as_their_word_in_the_first_line() -> None:
    assert first_line("meridian", speaker="russia").endswith("CEASEFIRE AGREED / DECLARED, says Russia")
    assert first_line("meridian", speaker="russia", type=EventType.CEASEFIRE_PROPOSED).endswith("CEASEFIRE PROPOSED")


def test_of_several_that_are_named_none_is_made_the_doer() -> None:
    text = card("meridian", actors=("usa", "ukraine", "russia"), recipients=("russia",))

    assert "named: United States, Ukraine, Russia" in text
    assert "→" not in text


def test_a_violation_is_never_worded_as_done_by_its_accuser() -> None:
    text = card("meridian", type=EventType.CEASEFIRE_VIOLATED, actors=("ukraine",), recipients=("russia",))

    assert "said by: Ukraine · about: Russia" in text
    assert "by Ukraine →" not in text


# ------------------------------------------------------------------------------------------ whom to trust
def test_state_media_is_marked_wherever_it_is_named() -> None:
    story, reports = fakes.agreed("herald", "dnipro")
    mark = "State Herald [state media, RU]"

    pages = (render.alert, behind.sources)

    assert all(mark in plain(page(story, reports, KYIV).html) for page in pages)


def test_an_independent_source_is_quoted_before_state_media() -> None:
    assert "“Russia and Ukraine agree 30-day truce, says dnipro”" in card("herald", "dnipro")


def test_a_headline_in_the_readers_language_is_quoted_first_and_another_is_named() -> None:
    english = fakes.report("Truce agreed")
    ukrainian = fakes.report("Перемир'я погоджено", "dnipro", language="uk")
    story, reports = make.story(english, ukrainian), [english, ukrainian]

    in_english = plain(render.alert(story, reports, KYIV).html)
    in_ukrainian = plain(render.alert(story, reports, replace(KYIV, language="uk")).html)
    only_ukrainian = plain(render.alert(make.story(ukrainian), [ukrainian], KYIV).html)

    assert "“Truce agreed” — Meridian Wire" in in_english
    assert "“Перемир'я погоджено” — Дніпровський кур'єр" in in_ukrainian
    assert "ПЕРЕМИР'Я ПОГОДЖЕНО" in in_ukrainian
    assert "“Перемир'я погоджено” (in Ukrainian) — " in only_ukrainian


@pytest.mark.parametrize(
    "link", ["", "javascript:alert(1)", "https://bank.example@evil.example/", "tg://user?id=1", "http://"]
)
def test_an_unsafe_link_is_left_off(link: str) -> None:
    report = fakes.report("Truce agreed", link=link)

    message = render.alert(make.story(report), [report], KYIV)

    assert "<a" not in message.html
    assert "“Truce agreed” — Meridian Wire, 15:00 (12:00 UTC)" in message.html


def test_the_host_that_is_shown_is_where_the_link_leads() -> None:
    report = fakes.report("Truce agreed", link="https://www.elsewhere.example/meridian.example")

    assert "Meridian Wire · elsewhere.example," in render.alert(make.story(report), [report], KYIV).html


def test_a_source_without_a_name_goes_by_its_host() -> None:
    report = fakes.report("Truce agreed", publisher="", link="https://www.small.example/1")

    assert "— small.example · small.example," in render.alert(make.story(report), [report], KYIV).html


# ------------------------------------------------------------------------------------------ when
@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "12:00 UTC"),
        ("Europe/Kyiv", "15:00 (12:00 UTC)"),
        ("Africa/Accra", "12:00 UTC"),
        ("Pacific/Auckland", "00:00 (12:00 UTC, 11 May)"),
        ("No/Such_Zone", "12:00 UTC"),
        ("", "12:00 UTC"),
    ],
)
def test_a_moment_is_told_in_the_readers_time_and_in_utc(zone: str, words: str) -> None:
    assert moment(make.NOON, fakes.reader(make.NOON, time_zone=zone)) == words


def test_another_day_and_another_year_are_named() -> None:
    reader = fakes.reader(make.NOON, time_zone="Europe/Kyiv")

    assert moment(make.NOON - timedelta(days=2), reader) == "9 May 15:00 (12:00 UTC)"
    assert moment(make.NOON.replace(year=2022), reader) == "11 May 2022 15:00 (12:00 UTC)"


def test_an_undated_report_says_that_it_is_undated() -> None:
    report = fakes.report("Truce agreed", published=None)

    assert "no date given, seen 15:01 (12:01 UTC)" in render.alert(make.story(report), [report], KYIV).html


# ------------------------------------------------------------------------------------------ buttons and lists
def test_every_button_of_an_alert_names_its_story() -> None:
    story, reports = fakes.agreed("meridian")

    actions = [button.action for row in render.buttons(story, reports) for button in row]

    assert actions == [f"{name}:{story.id}" for name in ("why", "src", "tl", "mute", "bad")]


@pytest.mark.parametrize(
    ("type_", "day", "offered"),
    [
        (EventType.TALKS_SCHEDULED, date(2025, 5, 15), True),
        (EventType.TALKS_SCHEDULED, None, False),
        (EventType.TALKS_HELD, date(2025, 5, 15), False),
    ],
)
def test_talks_to_come_that_have_a_day_can_be_put_into_a_calendar(
    type_: EventType, day: date | None, offered: bool
) -> None:
    story, reports = fakes.agreed("meridian", type=type_, facts=Facts(meets_on=day))

    card, taken_back = (render.buttons(each, reports) for each in (story, replace(story, standing=Standing.WITHDRAWN)))

    assert [button.action for row in card[2:] for button in row] == [f"ics:{story.id}"] * offered
    assert len(taken_back) == 2


def test_a_list_numbers_its_stories_and_opens_each() -> None:
    told = [fakes.agreed("meridian"), fakes.agreed("harbour")]

    message = render.listing("Latest <all>", told, KYIV)

    assert plain(message.html).splitlines()[0] == "Latest <all>"
    assert "\n1. 🟡" in message.html
    assert [button for row in message.buttons for button in row] == [
        Button(f"Open {number}", f"show:{story.id}") for number, (story, _) in enumerate(told, 1)
    ]
