"""How far a story can be relied on: what confirms it, what never does, what takes it back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalog import Catalog, Entity
from bot.model import EventType, Mention, Modality, Report, Role, Stage, Standing, Story
from bot.story.status import Reason, Status, status
from bot.story.voice import Word
from tests import fakes, make


def _catalog() -> Catalog:
    """The small catalog, with the sides of its war and a mediator."""
    base = fakes.catalog()
    war = replace(
        base.conflicts["ukraine-russia"], parties={"A": ("ukraine",), "B": ("russia",)}, mediators=("usa", "un")
    )
    sides = {
        name: replace(base.entities[name], links=(("ukraine-russia", side),))
        for name, side in (("ukraine", "A"), ("russia", "B"))
    }
    un = Entity(id="un", kind="org", names={"en": "United Nations"})
    return replace(base, conflicts={**base.conflicts, war.id: war}, entities={**base.entities, **sides, "un": un})


CATALOG = _catalog()


def told(*reports: Report, **given: Any) -> Status:
    return status(make.story(*reports, **given), reports, CATALOG)


def by(publisher: str, *, title: str = "", after: float = 0, **event: Any) -> Report:
    return fakes.report(title or f"Truce as {publisher} tells it", publisher, after=after, event=event)


# ------------------------------------------------------------------------------------------ what confirms
def test_one_publisher_confirms_nothing() -> None:
    assert told(by("meridian")).standing is Standing.UNCONFIRMED


def test_two_blocs_confirm() -> None:
    of = told(by("harbour"), by("dnipro", after=5))

    assert of.standing is Standing.CONFIRMED
    assert of.blocs == ("west", "ukraine")
    assert [source.id for source in of.sources] == ["harbour", "dnipro"]


def test_two_publishers_of_one_bloc_do_not_confirm_unless_both_parties_or_a_mediator_say_so() -> None:
    one_bloc = "harbour", "Wharf Gazette"
    alone = [by(name, after=n) for n, name in enumerate(one_bloc)]
    parties = [
        by(name, after=n, speaker=who)
        for n, (name, who) in enumerate(zip(one_bloc, ("russia", "ukraine"), strict=True))
    ]
    mediator = [by(name, after=n, speaker="usa") for n, name in enumerate(one_bloc)]
    bystander = [by(name, after=n, speaker="kyiv") for n, name in enumerate(one_bloc)]

    found = [told(*reports) for reports in (alone, parties, mediator, bystander)]

    assert [of.standing for of in found] == [
        Standing.UNCONFIRMED,
        Standing.CONFIRMED,
        Standing.CONFIRMED,
        Standing.UNCONFIRMED,
    ]
    assert [of.word for of in found] == [Word.NOBODYS, Word.BOTH_SIDES, Word.MEDIATOR, Word.THIRD_PARTY]


def test_who_mediates_only_here_is_a_mediator_too_but_a_party_never_is() -> None:
    roles = (("kyiv", Role.MEDIATOR), ("russia", Role.MEDIATOR))

    words = [told(by("harbour", speaker=speaker, roles=roles)).word for speaker in ("kyiv", "russia")]

    assert words == [Word.MEDIATOR, Word.ONE_SIDE]


@pytest.mark.parametrize("speaker", ["russia", "ukraine"])
def test_the_word_of_one_party_stays_unconfirmed_however_many_quote_it(speaker: str) -> None:
    of = told(*(by(name, after=n, speaker=speaker) for n, name in enumerate(("meridian", "harbour", "dnipro"))))

    assert of.standing is Standing.UNCONFIRMED
    assert of.word is Word.ONE_SIDE
    assert of.voice == speaker
    assert {of.unheard, speaker} == {"russia", "ukraine"}


def test_that_an_offer_was_made_is_confirmed_by_two_blocs_whoever_made_it() -> None:
    offer: dict[str, Any] = {"type": EventType.CEASEFIRE_PROPOSED, "speaker": "russia"}

    assert told(by("harbour", **offer), by("dnipro", after=5, **offer)).standing is Standing.CONFIRMED


def test_thirty_three_copies_of_one_wire_report_by_ten_publishers_are_one_source() -> None:
    papers = ["harbour", "dnipro", "herald", *(f"Paper {n}" for n in range(7))]
    copies = [
        by(papers[n % 10], title=f"Sides agree to halt fire, take {n} (Meridian Wire)", after=n) for n in range(33)
    ]

    of = told(*copies)

    assert of.standing is Standing.UNCONFIRMED
    assert [source.id for source in of.sources] == ["meridian"]


def test_accusations_of_both_sides_do_not_bear_each_other_out() -> None:
    claim: dict[str, Any] = {"type": EventType.CEASEFIRE_VIOLATED, "modality": Modality.CLAIM}

    of = told(by("herald", speaker="russia", **claim), by("dnipro", after=5, speaker="ukraine", **claim))

    assert of.standing is Standing.UNCONFIRMED


def test_an_accusation_is_not_confirmed_by_many_who_quote_the_accuser_and_by_its_own_state_media() -> None:
    breach: dict[str, Any] = {"type": EventType.CEASEFIRE_VIOLATED}
    quoted = (
        by("harbour", modality=Modality.CLAIM, speaker="russia", **breach),
        by("dnipro", speaker="russia", **breach),
    )
    own_press, seen = by("herald", after=5, **breach), by("Wharf Gazette", after=9, **breach)

    accused = told(*quoted, own_press)
    seen_by_others = told(by("meridian", **breach), by("dnipro", **breach), seen)

    assert [accused.standing, seen_by_others.standing] == [Standing.UNCONFIRMED, Standing.CONFIRMED]


def test_voices_of_one_side_bear_nothing_out_though_they_are_several() -> None:
    extended: dict[str, Any] = {"type": EventType.CEASEFIRE_EXTENDED}
    reports = by("harbour", speaker="russia", **extended), by("dnipro", after=5, speaker="russian-mod", **extended)

    assert told(*reports).standing is Standing.UNCONFIRMED


def test_who_only_quotes_a_claim_does_not_bear_out_the_one_who_states_it() -> None:
    stated, quoting = by("herald"), by("harbour", after=5, modality=Modality.CLAIM, speaker="russia")

    assert told(stated, quoting).standing is Standing.UNCONFIRMED


@pytest.mark.parametrize("modality", sorted(set(Modality) - {Modality.FACT, Modality.CLAIM}))
def test_what_has_not_happened_is_never_confirmed(modality: Modality) -> None:
    of = told(*(by(name, after=n, modality=modality) for n, name in enumerate(("meridian", "harbour", "dnipro"))))

    assert of.standing is Standing.UNCONFIRMED


def test_talks_that_two_blocs_announce_are_confirmed_as_a_plan() -> None:
    plan: dict[str, Any] = {"type": EventType.TALKS_SCHEDULED, "modality": Modality.PLAN}

    assert told(by("harbour", **plan), by("dnipro", **plan)).standing is Standing.CONFIRMED


def test_to_refuse_talks_is_confirmed_by_two_blocs_though_it_is_told_as_a_denial() -> None:
    refused: dict[str, Any] = {"type": EventType.TALKS_STALLED, "modality": Modality.DENIAL, "speaker": "russia"}

    assert told(by("harbour", **refused), by("dnipro", **refused)).standing is Standing.CONFIRMED


# ------------------------------------------------------------------------------------------ why
BREACH: dict[str, Any] = {"type": EventType.CEASEFIRE_VIOLATED}
CLAIM: dict[str, Any] = {"modality": Modality.CLAIM}


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        ([by("harbour"), by("dnipro")], Reason.TWO_BLOCS),
        ([by("harbour", speaker="russia"), by("Wharf Gazette", speaker="ukraine")], Reason.BOTH_SIDES),
        ([by("harbour", speaker="usa"), by("Wharf Gazette")], Reason.MEDIATOR),
        ([by("harbour", modality=Modality.PLAN), by("dnipro", modality=Modality.PLAN)], Reason.PLANNED),
        ([by("harbour", modality=Modality.QUESTION)], Reason.NOT_NOW),
        ([by("harbour"), by("harbour-evening")], Reason.ONE_SOURCE),
        ([by("harbour", speaker="russia"), by("dnipro", speaker="russia")], Reason.ONE_VOICE),
        ([by("herald"), by("herald", title="Truce again (State Herald)")], Reason.ONE_SOURCE),
        ([by("harbour", speaker="russia", **BREACH), by("dnipro", speaker="ukraine", **BREACH)], Reason.ACCUSED),
        ([by("harbour", **CLAIM), by("dnipro", **CLAIM)], Reason.CLAIMED),
        ([by("harbour"), by("Wharf Gazette")], Reason.ONE_BLOC),
        ([by("harbour"), by("dnipro", speaker="russia")], Reason.OTHERS_QUOTE),
        ([by("harbour", speaker="russia", **BREACH), by("herald", **BREACH)], Reason.QUOTED),
    ],
    ids=lambda each: each.name if isinstance(each, Reason) else "",
)
def test_the_status_says_what_confirms_a_story_or_what_keeps_it_from_that(
    reports: list[Report], reason: Reason
) -> None:
    of = told(*reports)

    assert of.reason is reason
    assert of.standing is (
        Standing.CONFIRMED if reason in {Reason.TWO_BLOCS, Reason.BOTH_SIDES, Reason.MEDIATOR} else Standing.UNCONFIRMED
    )


# ------------------------------------------------------------------------------------------ what takes it back
DENIAL: dict[str, Any] = {"modality": Modality.DENIAL, "speaker": "russia"}


def denial(after: float, publisher: str = "herald", **event: Any) -> Report:
    return by(
        publisher, title="Moscow denies it", after=after, **{"modality": Modality.DENIAL, "speaker": "russia", **event}
    )


def story_of(*reports: Report, **given: Any) -> Story:
    first = reports[0].event
    assert first
    return make.story(*reports, type=first.type, modality=first.modality, **given)


@pytest.mark.parametrize(
    ("type", "standing"),
    [(EventType.CEASEFIRE_AGREED, Standing.DENIED), (EventType.EXCHANGE_PRISONERS, Standing.DISPUTED)],
)
def test_a_party_refutes_a_truce_though_it_was_confirmed_and_disputes_what_was_done(
    type: EventType, standing: Standing
) -> None:
    one, two, no = by("harbour", type=type), by("dnipro", after=5, type=type), denial(30, type=type)

    alone, confirmed = (status(story_of(*reports), reports, CATALOG) for reports in ((one, no), (one, two, no)))

    assert [alone.standing, confirmed.standing] == [Standing.DENIED, standing]
    assert [alone.denier, confirmed.denier] == ["russia", "russia"]
    assert confirmed.against
    assert confirmed.against.entry.title == "Moscow denies it"


def test_a_denial_stands_until_the_denier_says_otherwise_however_many_repeat_the_news() -> None:
    denied = by("harbour"), denial(30)
    repeats = (
        by("meridian", after=40),
        by("Wharf Gazette", after=41),
        by("dnipro", after=45, title="It holds after all"),
    )
    assent = by("meridian", title="Moscow now says yes", after=60, speaker="russia")

    found = [
        status(story_of(*reports), reports, CATALOG).standing
        for reports in (denied, (*denied, *repeats), (*denied, *repeats, assent), (*denied, assent, denial(90)))
    ]

    assert found == [Standing.DENIED, Standing.DENIED, Standing.CONFIRMED, Standing.DENIED]


def test_the_same_denial_told_again_by_others_is_no_news_after_the_denier_gave_in() -> None:
    reports = (
        by("harbour"),
        by("dnipro", after=5),
        *(denial(30 + n, publisher) for n, publisher in enumerate(("herald", "meridian", "Paper"))),
        by("meridian", title="Moscow now says yes", after=60, speaker="russia"),
    )

    assert status(story_of(*reports), reports, CATALOG).standing is Standing.CONFIRMED


@pytest.mark.parametrize(
    ("against", "standing"),
    [
        ([("herald", "russia")], Standing.DISPUTED),
        ([("herald", "russia"), ("Another Herald", "russia")], Standing.DISPUTED),
        ([("meridian", "usa")], Standing.DISPUTED),
        ([("meridian", "usa"), ("Paper", "usa")], Standing.DENIED),
        ([("herald", "russia"), ("Paper", "ukraine")], Standing.DENIED),
        ([("herald", "russia"), ("herald", "ukraine")], Standing.DISPUTED),
        ([("Paper", "kyiv"), ("meridian", "")], Standing.CONFIRMED),
    ],
    ids=["a party", "a party twice", "a mediator once", "a mediator twice", "both", "both, one paper", "others"],
)
def test_an_exchange_that_two_blocs_confirmed_is_refuted_only_by_what_would_confirm(
    against: list[tuple[str, str]], standing: Standing
) -> None:
    type = EventType.EXCHANGE_PRISONERS
    reports = (
        by("harbour", type=type),
        by("dnipro", after=5, type=type),
        *(denial(30 + n, publisher, speaker=speaker, type=type) for n, (publisher, speaker) in enumerate(against)),
    )

    assert status(story_of(*reports), reports, CATALOG).standing is standing


def test_who_is_accused_of_a_breach_always_denies_and_that_is_said_but_strikes_nothing() -> None:
    breach: dict[str, Any] = {"type": EventType.CEASEFIRE_VIOLATED}
    reports = (
        by("dnipro", modality=Modality.CLAIM, speaker="ukraine", **breach),
        by("herald", title="Moscow denies breaking the truce", after=9, modality=Modality.DENIAL, speaker="russia"),
    )

    of = status(story_of(*reports), reports, CATALOG)

    assert (of.standing, of.denier) == (Standing.UNCONFIRMED, "russia")


@pytest.mark.parametrize(
    ("type", "unheard"),
    [
        (EventType.CEASEFIRE_PROPOSED, "ukraine"),
        (EventType.CEASEFIRE_AGREED, "ukraine"),
        (EventType.CEASEFIRE_REJECTED, ""),
        (EventType.CEASEFIRE_ENDED, ""),
        (EventType.TALKS_STALLED, ""),
        (EventType.STATEMENT, ""),
    ],
)
def test_the_other_side_is_called_silent_only_where_its_word_is_waited_for(type: EventType, unheard: str) -> None:
    assert told(by("harbour", type=type, speaker="russia")).unheard == unheard


def test_who_denies_is_not_called_silent_nor_is_who_spoke_of_an_earlier_stage() -> None:
    breach: dict[str, Any] = {"type": EventType.CEASEFIRE_VIOLATED, "speaker": "ukraine", "modality": Modality.CLAIM}
    accusing = by("dnipro", **breach)
    denying = by("herald", title="Moscow denies it", after=9, **{**breach, **DENIAL})
    earlier = by("herald", after=-9, type=EventType.CEASEFIRE_PROPOSED, speaker="russia")

    found = [
        status(story_of(accusing), told, CATALOG).unheard
        for told in ([accusing], [accusing, denying], [earlier, accusing])
    ]

    assert found == ["russia", "", ""]


def test_who_takes_its_own_word_back_refutes_even_what_takes_one_alone() -> None:
    end: dict[str, Any] = {"type": EventType.CEASEFIRE_ENDED}
    own = by("dnipro", speaker="russia", **end), denial(9, **end)
    others = by("dnipro", speaker="ukraine", **end), denial(9, **end)

    found = [status(story_of(*reports), reports, CATALOG).standing for reports in (own, others)]

    assert found == [Standing.DENIED, Standing.UNCONFIRMED]


def test_two_who_speak_with_one_mouth_are_both_sides_and_no_single_voice() -> None:
    mouths = tuple(Mention(role="speaker", name=name, text=name, start=0, end=1) for name in ("russia", "ukraine"))
    of = told(by("harbour", mentions=mouths), by("Wharf Gazette", after=5, mentions=mouths))

    assert (of.standing, of.word, of.voice) == (Standing.CONFIRMED, Word.BOTH_SIDES, "")


def test_what_remains_when_one_source_of_several_takes_its_word_back_is_counted_anew() -> None:
    one, two, three = by("harbour"), by("dnipro", after=5), by("Wharf Gazette", after=9)
    milder = replace(two, event=replace(make.event(two.entry), type=EventType.CEASEFIRE_PROPOSED))
    story = story_of(one, two, three, taken_back=frozenset({two.entry.key}))

    gone, again = (status(story, reports, CATALOG) for reports in ((one, milder, three), (one, two, three)))

    assert (gone.standing, gone.lost) == (Standing.UNCONFIRMED, (milder,))
    assert (again.standing, again.lost) == (Standing.UNCONFIRMED, ())


def test_to_refuse_is_no_denial() -> None:
    reports = by("harbour"), by("dnipro"), denial(30, type=EventType.TALKS_STALLED)

    assert status(story_of(*reports), reports, CATALOG).standing is Standing.CONFIRMED


def test_a_denial_of_an_earlier_stage_says_nothing_against_the_present_one() -> None:
    reports = denial(0), by("harbour", after=10)
    stages = (
        Stage(EventType.CEASEFIRE_PROPOSED, make.NOON),
        Stage(EventType.CEASEFIRE_AGREED, make.NOON + make.minutes(10)),
    )

    assert (
        status(
            make.story(*reports, stages=stages, type=EventType.CEASEFIRE_AGREED, modality=Modality.FACT),
            reports,
            CATALOG,
        ).standing
        is Standing.UNCONFIRMED
    )


def test_a_story_whose_only_source_says_something_else_now_is_corrected_and_one_that_says_nothing_withdrawn() -> None:
    said = by("harbour")
    story = story_of(said)
    milder = by("harbour", type=EventType.CEASEFIRE_PROPOSED)

    found = [status(story, [now], CATALOG).standing for now in (said, milder, replace(said, event=None))]

    assert found == [Standing.UNCONFIRMED, Standing.CORRECTED, Standing.WITHDRAWN]


def test_a_source_that_withdraws_what_another_denied_is_quoted_itself() -> None:
    said = by("harbour")
    gone = replace(said, event=None)

    of = status(story_of(said), [gone, denial(30)], CATALOG)

    assert (of.standing, of.against) == (Standing.WITHDRAWN, gone)


def test_a_correction_quotes_the_source_that_said_so_and_not_one_that_never_did() -> None:
    said = by("harbour", after=5)
    milder, never = (by(publisher, after=20, type=EventType.CEASEFIRE_PROPOSED) for publisher in ("harbour", "dnipro"))
    corrected = replace(said, event=milder.event)
    story = replace(story_of(said), taken_back=frozenset({said.entry.key}))

    of = status(story, [corrected, never], CATALOG)

    assert (of.standing, of.against) == (Standing.CORRECTED, corrected)


def test_a_confirmed_story_of_which_one_of_two_sources_takes_its_word_back_is_unconfirmed_again() -> None:
    reports = by("harbour"), by("dnipro", after=5)
    story = story_of(*reports)

    assert status(story, [reports[0], replace(reports[1], event=None)], CATALOG).standing is Standing.UNCONFIRMED


def test_a_truce_whose_end_is_confirmed_has_collapsed() -> None:
    end: dict[str, Any] = {"type": EventType.CEASEFIRE_ENDED}
    stages = (
        Stage(EventType.CEASEFIRE_IN_EFFECT, make.NOON),
        Stage(EventType.CEASEFIRE_ENDED, make.NOON + timedelta(hours=9)),
    )
    one, two = by("harbour", **end), by("dnipro", after=5, **end)

    found = [told(*reports, stages=stages).standing for reports in ((one,), (one, two))]

    assert found == [Standing.UNCONFIRMED, Standing.COLLAPSED]


# ------------------------------------------------------------------------------------------ laws
REPORTS = st.lists(
    st.builds(
        lambda publisher, after, modality, speaker: by(
            publisher, title=f"Truce {publisher} {after} {speaker}", after=after, modality=modality, speaker=speaker
        ),
        st.sampled_from(["meridian", "harbour", "harbour-evening", "dnipro", "herald", "Wharf Gazette"]),
        st.integers(0, 60),
        st.sampled_from(Modality),
        st.sampled_from(["", "", "russia", "ukraine", "usa"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda report: report.entry.key,
)


@given(REPORTS, st.randoms())
def test_one_family_never_confirms_and_the_order_of_reports_does_not_matter(reports: list[Report], chance: Any) -> None:
    story = story_of(*reports)
    shuffled = list(reports)
    chance.shuffle(shuffled)

    of = status(story, reports, CATALOG)

    assert status(story, shuffled, CATALOG).standing is of.standing
    if of.standing is Standing.CONFIRMED:
        assert len(of.sources) >= 2


@given(REPORTS)
def test_nothing_is_confirmed_while_a_party_denies_it(reports: list[Report]) -> None:
    denied = [*reports, denial(61)]

    of = status(make.story(*denied, type=EventType.CEASEFIRE_AGREED, modality=Modality.FACT), denied, CATALOG)

    assert of.standing is not Standing.CONFIRMED


@given(REPORTS, st.sets(st.integers(0, 7)))
def test_who_took_its_word_back_never_helps_to_confirm(reports: list[Report], gone: set[int]) -> None:
    taken_back = frozenset(report.entry.key for number, report in enumerate(reports) if number in gone)
    story = make.story(*reports, type=EventType.CEASEFIRE_AGREED, modality=Modality.FACT, taken_back=taken_back)
    kept = [report for report in reports if report.entry.key not in taken_back]

    found = [status(story, some, CATALOG).standing is Standing.CONFIRMED for some in (reports, kept)]

    assert found[0] <= found[1]
