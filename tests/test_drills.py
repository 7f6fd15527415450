"""The drills, short; in full with `-m long`, or by scripts/reliability, which prints the figures and minds the time."""

import pytest

from tests.drills.__main__ import DRILLS, run, run_all
from tests.drills.stage import headline, number_of


def test_a_headline_is_known_again_in_a_message_that_quotes_it() -> None:
    messages = [f"🟡 UNCONFIRMED\n“{headline(number)}”" for number in range(500)]

    known = [number_of(message) for message in messages]

    assert known == list(range(500))


@pytest.mark.slow
async def test_every_promise_holds_in_a_short_drill() -> None:
    own = [goal for goal, drill in DRILLS.items() if not drill.in_suite]

    results = await run_all(own, full=False, seed=1)

    missed = {result.goal: result.figures.missed(timed=False) for result in results}
    assert missed == {goal: [] for goal in own}


@pytest.mark.long
@pytest.mark.parametrize("goal", DRILLS)
async def test_a_promise_holds_in_full(goal: str) -> None:
    result = await run(goal, full=True, seed=1)

    assert result.figures.missed(timed=False) == [], result.figures.measured()
