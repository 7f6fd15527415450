"""The drills, short; in full with `-m long`, or by scripts/reliability, which prints the figures and minds the time."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bot.chat.telegram import REPEAT_MARK
from tests.drills.__main__ import DRILLS, run, run_all
from tests.drills.news import News, headline, number_of, second_headline
from tests.drills.stage import BYSTANDER, Stage
from tests.fake_telegram import FakeTelegram
from tests.telegram_world import Accepted

ANN, BOB = 1001, 1002
ONE = 1
"""The only headline that is due."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with two readers who were told of the headline before it was confirmed, and by now know that."""
    with News() as news:
        news.publish()
        news.confirm(ONE)
        stage = Stage(tmp_path, news, FakeTelegram(), Random(1), readers=(ANN, BOB))
        for chat in stage.readers:
            says(stage, chat, f"🟡 UNCONFIRMED\n“{headline(ONE)}”", becomes=f"🟢 CONFIRMED\n“{headline(ONE)}”")
            says(stage, chat, f"🟢 CONFIRMED\n“{second_headline(ONE)}”", replies_to=1)
        yield stage


def says(stage: Stage, chat: int, text: str, *, becomes: str = "", replies_to: int = 0) -> None:
    """Let the bot say *text*, which is edited later."""
    messages = stage.telegram.chat(chat).messages
    stage.telegram.accepted.append(Accepted(chat, len(messages) + 1, text, 0.0, replies_to=replies_to))
    messages[len(messages) + 1] = {"text": becomes or text}


def test_a_headline_is_known_again_in_a_message_that_quotes_it() -> None:
    messages = [f"🟡 UNCONFIRMED\n“{headline(number)}”" for number in range(500)]
    confirmed = [f"🟢 CONFIRMED\n“{second_headline(number)}”" for number in range(500)]

    known = [number_of(message) for message in messages + confirmed]

    assert known == [*range(500), *range(500)]


def test_the_judge_is_content_when_all_is_well(stage: Stage) -> None:
    told = stage.told()

    assert (told.due, told.replies) == (2, 2)
    assert not any(told.broken().values())


def test_the_judge_misses_what_was_not_told(stage: Stage) -> None:
    stage.news.publish()

    assert stage.told().lost == 2


def test_the_judge_misses_a_reply(stage: Stage) -> None:
    del stage.telegram.accepted[-1]

    assert stage.told().unsaid == 1


def test_the_judge_sees_a_message_that_was_not_edited(stage: Stage) -> None:
    stage.news.take_back(ONE)

    told = stage.told()

    assert (told.stale, told.unsaid) == (2, 2)


@pytest.mark.parametrize(("mark", "unmarked"), [("", 1), (REPEAT_MARK, 0)])
@pytest.mark.parametrize("replies_to", [0, 1])
def test_the_judge_counts_what_was_said_twice(stage: Stage, mark: str, unmarked: int, replies_to: int) -> None:
    says(stage, ANN, f"🟢 CONFIRMED\n“{second_headline(ONE)}”{mark}", replies_to=replies_to)

    told = stage.told()

    assert (told.repeats, told.unmarked) == (1, unmarked)


@pytest.mark.parametrize(("chat", "replies_to"), [(ANN, 2), (BYSTANDER, 0)])
def test_the_judge_sees_what_goes_astray(stage: Stage, chat: int, replies_to: int) -> None:
    says(stage, chat, f"🟢 CONFIRMED\n“{headline(ONE)}”", replies_to=replies_to)

    assert stage.told().astray == 1


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
