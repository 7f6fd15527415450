"""The ledgers: what moves them, what is only listed, and what becomes of dates and numbers."""

import dataclasses
import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alert.ledgers import clock, expires, track
from bot.catalog import Catalog
from bot.ledger.ceasefire import Phase, expiring
from bot.ledger.exchange import totals
from bot.ledger.ledger import Ledger, ledgers
from bot.ledger.move import StoryWithReports
from bot.ledger.plain import plain
from bot.ledger.talks import Held
from bot.model import EventType, Facts, Form, Modality, Report, Scope, Stage
from tests import fakes, make
from tests.week_stories import catalog as week_catalog
from tests.week_stories import week_ledgers, week_stories

DAY = 24 * 60
"""Minutes."""
TWO_BLOCS = "harbour", "dnipro"
PROPOSED, AGREED, IN_EFFECT = (
    EventType.CEASEFIRE_PROPOSED,
    EventType.CEASEFIRE_AGREED,
    EventType.CEASEFIRE_IN_EFFECT,
)
EXTENDED, ENDED, VIOLATED = EventType.CEASEFIRE_EXTENDED, EventType.CEASEFIRE_ENDED, EventType.CEASEFIRE_VIOLATED
HELD, SCHEDULED, STALLED = EventType.TALKS_HELD, EventType.TALKS_SCHEDULED, EventType.TALKS_STALLED
EXCHANGE = EventType.EXCHANGE_PRISONERS


def a_catalog() -> Catalog:
    """The small catalog, with the sides of its war."""
    base = fakes.catalog()
    war = dataclasses.replace(
        base.conflicts["ukraine-russia"], parties={"A": ("ukraine",), "B": ("russia",)}, mediators=("usa",)
    )
    sides = {
        name: dataclasses.replace(base.entities[name], links=(("ukraine-russia", side),))
        for name, side in (("ukraine", "A"), ("russia", "B"))
    }
    return dataclasses.replace(base, conflicts={**base.conflicts, war.id: war}, entities={**base.entities, **sides})


CATALOG = a_catalog()


def a_story(type_: EventType, *, after: float = 0, by: Iterable[str] = TWO_BLOCS, **event: Any) -> StoryWithReports:
    """A story of one step, *after* so many minutes, that each of the publishers *by* reports."""
    return with_reports(
        *(
            fakes.report(f"{name} {type_} {after}", name, after=after + n, event={"type": type_} | event)
            for n, name in enumerate(by)
        )
    )


def with_reports(*reports: Report) -> StoryWithReports:
    return make.story(*reports), reports


def ledger(*told: StoryWithReports, undone: Iterable[str] = ()) -> Ledger:
    return ledgers(told, CATALOG, frozenset(undone))["ukraine-russia"]


def days_later(days: float) -> datetime:
    return make.NOON + timedelta(days=days)


# ------------------------------------------------------------------------------------------ the week
@pytest.mark.slow
def test_the_recorded_week_gives_the_ledgers_written_down() -> None:
    golden = Path(__file__).with_name("golden") / "week_ledgers.txt"

    assert week_ledgers() == golden.read_text(encoding="utf-8")


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_same_stories_give_the_same_ledgers_in_any_order(chance: random.Random) -> None:
    told = [(story, shuffled(reports, chance)) for story, reports in shuffled(week_stories(), chance)]

    found = ledgers(told, week_catalog())

    assert found == ledgers(week_stories(), week_catalog())


def shuffled(items: Iterable[Any], chance: random.Random) -> list[Any]:
    mixed = list(items)
    chance.shuffle(mixed)
    return mixed


# ------------------------------------------------------------------------------------------ moves
def test_a_confirmed_fact_moves_the_state_and_an_unconfirmed_one_is_listed() -> None:
    alone = ledger(a_story(AGREED, by=["harbour"]))
    borne_out = ledger(a_story(AGREED))

    assert [move.counts for move in alone.moves] == [False]
    assert (alone.last_steps(), alone.halts) == ({}, ())
    assert borne_out.last_steps()["ceasefire"].type is AGREED
    assert len(borne_out.halts) == 1


def test_a_claim_moves_the_state_only_if_both_sides_make_it() -> None:
    one_side = a_story(AGREED, modality=Modality.CLAIM, speaker="russia")
    both = with_reports(
        *(
            fakes.report(
                f"Truce, says {speaker}", name, after=n, event={"modality": Modality.CLAIM, "speaker": speaker}
            )
            for n, (name, speaker) in enumerate(zip(TWO_BLOCS, ("russia", "ukraine"), strict=True))
        )
    )

    claimed, agreed = ledger(one_side), ledger(both)

    assert [(move.modality, move.counts) for move in claimed.moves] == [(Modality.CLAIM, False)]
    assert claimed.last_steps() == {}
    assert agreed.last_steps()["ceasefire"].counts


def test_what_is_conditional_asked_looked_back_at_or_denied_is_no_move() -> None:
    unsaid = (Modality.CONDITIONAL, Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION, Modality.DENIAL)

    assert ledgers([a_story(AGREED, modality=modality) for modality in unsaid], CATALOG) == {}


@pytest.mark.parametrize("publishers", [1, 2])
def test_a_party_to_a_truce_that_denies_it_takes_the_move_back_and_strikes_it(publishers: int) -> None:
    reports = a_story(AGREED)[1][:publishers]
    event = {"modality": Modality.DENIAL, "speaker": "russia"}
    denial = fakes.report("Moscow: no such truce", "herald", after=30, event=event)

    found = ledger((make.story(*reports, modality=Modality.FACT), [*reports, denial]))

    assert [(move.struck, move.counts) for move in found.moves] == [(True, False)]
    assert (found.last_steps(), found.halts, found.next_date(make.NOON)) == ({}, (), None)


def test_a_process_goes_backwards() -> None:
    found = ledger(a_story(IN_EFFECT), a_story(ENDED, after=DAY), a_story(PROPOSED, after=2 * DAY, speaker="usa"))

    assert found.last_steps()["ceasefire"].type is PROPOSED


def test_a_move_that_several_report_and_none_confirms_is_listed_with_the_reason() -> None:
    claim = a_story(VIOLATED, modality=Modality.CLAIM, speaker="russia")

    [message] = track(ledger(claim), fakes.reader(days_later(1)))

    assert "unconfirmed, 2 sources: all quote the same person or side" in message.html


def test_an_appeal_from_outside_is_listed_and_is_no_step() -> None:
    found = ledger(a_story(PROPOSED, actors=("kyiv-mayor",)), a_story(PROPOSED, after=5, actors=("usa",)))

    assert len(found.moves) == 2
    assert found.last_steps()["ceasefire"].by == "usa"


def test_two_stories_of_one_step_are_one_move_and_confirm_each_other() -> None:
    halves = a_story(HELD, by=["harbour"]), a_story(HELD, by=["dnipro"], after=90)

    (move,) = ledger(*halves).moves

    assert move.counts
    assert len(move.stories) == 2


def test_what_differs_in_day_or_number_or_mover_is_another_move() -> None:
    monday, friday = (Facts(meets_on=date(2025, 5, day)) for day in (12, 16))
    meetings = a_story(SCHEDULED, facts=monday), a_story(SCHEDULED, facts=friday, after=5)
    offers = a_story(PROPOSED, speaker="russia"), a_story(PROPOSED, speaker="ukraine", after=5)
    swaps = (
        a_story(EXCHANGE, facts=Facts(counts=(count,)), after=n) for n, count in enumerate(("205:205", "1000:1000"))
    )

    assert len(ledger(*meetings, *offers, *swaps).moves) == 6


def test_who_moved_last_is_a_party_and_a_violation_is_no_move() -> None:
    found = ledger(
        a_story(PROPOSED, speaker="russia"),
        a_story(PROPOSED, after=5, speaker="usa"),
        a_story(VIOLATED, after=9, modality=Modality.CLAIM, speaker="ukraine"),
    )

    last = found.moved_last()

    assert last
    assert (last.by, last.side) == ("russia", "B")


def test_what_the_owner_undid_stays_undone_also_when_more_reports_come() -> None:
    first = a_story(HELD)
    (move,) = ledger(first).moves

    found = ledgers([first, a_story(HELD, after=30)], CATALOG, move.steps)

    assert found == {}


def test_a_plan_and_its_fulfilment_in_one_story_are_two_moves() -> None:
    of = [
        fakes.report(f"{modality} {name}", name, after=n, event={"type": EXCHANGE, "modality": modality})
        for n, (modality, name) in enumerate((m, name) for m in (Modality.PLAN, Modality.FACT) for name in TWO_BLOCS)
    ]

    found = ledger(with_reports(*of))

    assert [(move.modality, move.counts) for move in found.moves] == [(Modality.PLAN, False), (Modality.FACT, True)]


def test_each_stage_of_a_story_is_a_move() -> None:
    first, second = a_story(AGREED)[1], a_story(IN_EFFECT, after=60)[1]
    stages = Stage(AGREED, make.NOON), Stage(IN_EFFECT, make.NOON + timedelta(hours=1))
    story = make.story(*first, *second, stages=stages)

    found = ledger((story, [*first, *second]))

    assert [move.type for move in found.moves] == [AGREED, IN_EFFECT]
    assert all(move.counts for move in found.moves)


# ------------------------------------------------------------------------------------------ the ceasefire clock
THREE_DAYS = Facts(starts_on=date(2025, 5, 12), duration="P3D")


def test_a_halt_ends_with_the_last_day_of_its_length() -> None:
    (halt,) = ledger(a_story(AGREED, facts=THREE_DAYS)).halts

    phases = [halt.phase(days_later(days)) for days in (0, 1, 3, 4)]

    assert halt.ends_on == date(2025, 5, 14)
    assert phases == [Phase.DECLARED, Phase.DUE, Phase.DUE, Phase.EXPIRED]


def test_a_halt_without_dates_is_in_force_once_reported_so_and_never_expires() -> None:
    declared = ledger(a_story(AGREED))
    in_force = ledger(a_story(AGREED), a_story(IN_EFFECT, after=60))

    assert [halt.phase(days_later(400)) for halt in declared.halts] == [Phase.DECLARED]
    assert [halt.phase(days_later(400)) for halt in in_force.halts] == [Phase.IN_FORCE]


def test_an_extension_moves_the_end_and_an_end_closes_the_halt() -> None:
    extended = a_story(EXTENDED, after=DAY, facts=Facts(ends_on=date(2025, 5, 18)))
    ended = a_story(ENDED, after=3 * DAY)

    (longer,) = ledger(a_story(AGREED, facts=THREE_DAYS), extended).halts
    (over,) = ledger(a_story(AGREED, facts=THREE_DAYS), extended, ended).halts

    assert (longer.starts_on, longer.ends_on) == (date(2025, 5, 12), date(2025, 5, 18))
    assert len(longer.extensions) == 1
    assert over.phase(days_later(3)) is Phase.ENDED


def test_an_extension_by_a_length_counts_from_the_day_after_the_old_end() -> None:
    (halt,) = ledger(
        a_story(AGREED, facts=THREE_DAYS), a_story(EXTENDED, after=DAY, facts=Facts(duration="P10D"))
    ).halts

    assert halt.ends_on == date(2025, 5, 24)


def test_a_later_truce_after_one_that_is_over_is_another_halt() -> None:
    found = ledger(
        a_story(AGREED, facts=THREE_DAYS),
        a_story(AGREED, after=30 * DAY, facts=Facts(starts_on=date(2025, 6, 12))),
    )

    assert [halt.starts_on for halt in found.halts] == [date(2025, 5, 12), date(2025, 6, 12)]


def test_a_truce_of_its_own_start_or_of_another_kind_is_another_halt() -> None:
    lasting = a_story(IN_EFFECT)
    holiday = a_story(AGREED, after=9 * DAY, facts=Facts(starts_on=date(2025, 5, 21), duration="P1D"))
    energy = a_story(AGREED, after=20 * DAY, facts=Facts(scope=(Scope.ENERGY,)))
    at_sea = a_story(AGREED, after=22 * DAY, facts=Facts(scope=(Scope.SEA,)))

    found = ledger(lasting, holiday, energy, at_sea).halts

    assert [len(halt.moves) for halt in found] == [1, 1, 1, 1]
    assert [halt.ends_on for halt in found] == [None, date(2025, 5, 21), None, None]


def test_a_halt_that_one_side_alone_keeps_is_called_so_until_both_do() -> None:
    facts = Facts(starts_on=date(2025, 5, 11), duration="P3D", form=Form.UNILATERAL)
    both = dataclasses.replace(facts, form=Form.BILATERAL)

    [alone] = ledger(a_story(IN_EFFECT, facts=facts)).halts
    [joined] = ledger(a_story(IN_EFFECT, facts=facts), a_story(IN_EFFECT, facts=both, after=5)).halts

    reader = fakes.reader(days_later(0.1))
    words = [clock(halt, reader).partition(":")[0] for halt in (alone, joined)]
    assert words == ["One-sided ceasefire in force", "Ceasefire in force"]
    assert "LAST DAY OF A ONE-SIDED CEASEFIRE" in expires(alone, reader).html


def test_an_unconfirmed_end_does_not_stop_the_clock() -> None:
    (halt,) = ledger(a_story(AGREED, facts=THREE_DAYS), a_story(ENDED, after=2 * DAY, by=["harbour"])).halts

    assert halt.ended is None


def test_a_halt_is_expiring_on_its_last_day_alone() -> None:
    found = ledger(a_story(AGREED, facts=THREE_DAYS)).halts

    due = [bool(expiring(found, days_later(days))) for days in (1, 2.4, 2.6, 3.4, 3.6)]

    assert due == [False, False, True, True, False]


def test_violations_are_kept_by_day_and_by_the_side_they_are_laid_to_with_differing_counts() -> None:
    def claim(number: int, by: str, **given: Any) -> StoryWithReports:
        facts = Facts(counts=(f"{number} violations",))
        return a_story(VIOLATED, by=[by], modality=Modality.CLAIM, facts=facts, **given)

    found = ledger(
        claim(734, "harbour", speaker="ukraine"),
        claim(700, "dnipro", speaker="ukraine", after=30),
        claim(488, "herald", speaker="russia", after=DAY),
        a_story(VIOLATED, after=DAY, modality=Modality.CLAIM, by=["meridian"]),
    )

    kept = [
        (each.day.day, each.side, each.claimed, each.count.words if each.count else "") for each in found.violations
    ]
    assert kept == [(11, "B", True, "700–734"), (12, "", True, ""), (12, "A", True, "488")]
    assert found.violations[0].count
    assert found.violations[0].count.said == ((700, ("dnipro",)), (734, ("harbour",)))


def test_a_count_is_of_the_day_on_which_it_is_told_though_its_story_began_the_day_before() -> None:
    claim: dict[str, Any] = {"type": VIOLATED, "modality": Modality.CLAIM, "speaker": "russia"}
    counted = {"facts": Facts(counts=("488 violations",)), **claim}
    first, next_day = (
        fakes.report(f"Truce broken {after}", "herald", after=after, event=event)
        for after, event in ((0, claim), (DAY, counted))
    )

    found = ledger(with_reports(first, next_day)).violations

    assert [(each.day.day, each.count.words if each.count else "") for each in found] == [(11, ""), (12, "488")]


def test_accusations_never_bear_each_other_or_a_report_out() -> None:
    found = ledger(
        a_story(VIOLATED, by=["dnipro"], modality=Modality.CLAIM, speaker="ukraine"),
        a_story(VIOLATED, by=["herald"], modality=Modality.CLAIM, speaker="russia", after=5),
        a_story(VIOLATED, by=["harbour"], after=10),
    )

    assert [move.counts for move in found.moves] == [False, False, False]


def test_a_violation_that_is_a_fact_is_laid_to_nobody_where_both_sides_are_named() -> None:
    both = ledger(a_story(VIOLATED, actors=("russia", "ukraine"))).violations
    one = ledger(a_story(VIOLATED, actors=("usa", "russia"))).violations

    assert [(each.side, each.claimed) for each in (*both, *one)] == [("", False), ("B", False)]


# ------------------------------------------------------------------------------------------ talks, exchanges
def meeting_on(day: int, **given: Any) -> StoryWithReports:
    return a_story(SCHEDULED, facts=Facts(meets_on=date(2025, 5, day), venue="kyiv"), **given)


def test_a_meeting_is_planned_then_due_then_unreported() -> None:
    (meeting,) = ledger(meeting_on(13)).meetings

    assert [meeting.held(days_later(days)) for days in (0, 2, 3)] == [Held.PLANNED, Held.DUE_TODAY, Held.NO_REPORT]
    assert meeting.venues == ("kyiv",)


def test_talks_on_the_day_or_soon_after_are_those_that_were_due() -> None:
    late = ledger(meeting_on(13), a_story(HELD, after=3 * DAY)).meetings
    much_later = ledger(meeting_on(13), a_story(HELD, after=9 * DAY)).meetings
    one_source = ledger(meeting_on(13), a_story(HELD, after=2 * DAY, by=["harbour"])).meetings
    failed = ledger(meeting_on(13), a_story(STALLED, after=2 * DAY)).meetings

    found = [each.held(days_later(9)) for each in (*late, *much_later, *one_source, *failed)]

    assert found == [Held.HELD, Held.NO_REPORT, Held.NO_REPORT, Held.STALLED]


def test_a_meeting_that_is_only_proposed_says_so() -> None:
    offer = a_story(EventType.TALKS_PROPOSED, facts=Facts(meets_on=date(2025, 5, 15)), speaker="russia")

    (meeting,) = ledger(offer).meetings

    assert meeting.held(make.NOON) is Held.PROPOSED


def test_numbers_on_which_sources_differ_are_a_range_and_add_up_as_such() -> None:
    def swap(counts: dict[str, str], **given: Any) -> StoryWithReports:
        event = {"type": EXCHANGE} | given
        return with_reports(
            *(
                fakes.report(f"{count} swapped", by, event=event | {"facts": Facts(counts=(count,))})
                for by, count in counts.items()
            )
        )

    found = ledger(
        swap({"harbour": "205:205", "dnipro": "205 soldiers"}),
        a_story(EXCHANGE, after=5 * DAY, facts=Facts(counts=("300 prisoners",)), by=["harbour"]),
        a_story(EXCHANGE, after=5 * DAY, facts=Facts(counts=("307 prisoners",)), by=["dnipro"]),
        a_story(EXCHANGE, after=9 * DAY, facts=Facts(counts=("1000:1000",)), modality=Modality.PLAN),
    )

    words = [{kind: figure.words for kind, figure in each.figures.items()} for each in found.exchanges]
    assert words == [{"people": "410"}, {"people": "300–307"}, {"people": "2,000"}]
    assert [each.done for each in found.exchanges] == [True, True, False]
    assert {kind: figure.words for kind, figure in totals(found.exchanges).items()} == {"people": "710–717"}


def test_the_next_date_is_the_nearest_that_is_not_past() -> None:
    found = ledger(
        meeting_on(13),
        a_story(PROPOSED, speaker="usa", facts=Facts(deadline=date(2025, 5, 12))),
        a_story(AGREED, facts=THREE_DAYS),
    )

    dates = [(due.on.day, due.what) if (due := found.next_date(days_later(days))) else None for days in (0, 2, 3, 4)]

    assert dates == [(12, "deadline"), (13, f"talks {Held.DUE_TODAY}"), (14, "last day of the ceasefire"), None]


def test_the_plain_ledger_names_every_source() -> None:
    found = plain(ledger(a_story(AGREED, facts=THREE_DAYS), meeting_on(13)), make.NOON)

    assert found["last_steps"]["ceasefire"].startswith("2025-05-11 ceasefire.agreed")
    assert [len(move["sources"]) for move in found["moves"]] == [2, 2]
    assert found["halts"][0]["ends_on"] == "2025-05-14"
    assert found["meetings"][0]["held"] == "planned"
