"""The recorded week gives the stories, statuses and edits that are written down, however its feeds come."""

import io
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot import demo
from bot.app import house
from bot.chat.terminal import HERE, TerminalChat
from bot.config import Config, PollingConfig
from bot.model import DeliveryKind
from bot.poll.replay import ReplayServer
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from tests.week_replay import MOMENTS, WEEK, catalog, lines, remembered, taken_in

GOLDEN = Path(__file__).with_name("golden") / "week_stories.txt"
BUSY = [at for at in MOMENTS if datetime(2025, 5, 10, tzinfo=UTC) <= at < datetime(2025, 5, 12, tzinfo=UTC)]
MOST_MESSAGES = 1.2
"""Messages a story that was told: the first and, now and then, one more."""


@pytest.mark.slow
def test_the_week_gives_the_stories_that_are_written_down() -> None:
    """`python -m tests.week_replay > tests/golden/week_stories.txt` writes them anew."""
    assert lines(taken_in()) == GOLDEN.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def in_usual_order() -> str:
    return lines(taken_in(moments=BUSY))


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), times=st.integers(1, 2))
def test_the_order_of_feeds_and_repeats_change_nothing(in_usual_order: str, chance: Random, times: int) -> None:
    shuffled = taken_in(lambda feeds: chance.sample(feeds, len(feeds)), moments=BUSY, times=times)

    assert lines(shuffled) == in_usual_order


@pytest.mark.slow
async def test_the_demo_tells_the_same_stories_in_few_messages(tmp_path: Path) -> None:
    terminal, clock = TerminalChat(Console(file=io.StringIO())), demo.WeekClock(WEEK.starts_at)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(ReplayServer(WEEK, clock))
        local = PollingConfig(allow_private=frozenset({urlsplit(server.base_url).hostname or ""}))
        config = Config(polling=local, feeds=WEEK.feeds(server.base_url))
        pipeline = await stack.enter_async_context(
            house(data=tmp_path, config=config, chats={HERE.network: terminal}, catalog=catalog(), now=clock)
        )
        pipeline._polling.patience = timedelta(minutes=1)
        demo._subscribe_terminal(pipeline, clock())
        for moment in WEEK.moments():
            await demo._digests_before(moment, pipeline, clock)
            clock.at = moment
            await pipeline.poll(pipeline.all_states())
            await demo._tell(pipeline)
        assert isinstance(pipeline.archive, ArchiveStore)
        told = lines(remembered(pipeline.archive))

    counts = dict(_counts(tmp_path))
    a_story = (counts[DeliveryKind.ALERT] + counts[DeliveryKind.UPDATE]) / counts[DeliveryKind.ALERT]
    print(f"the recorded week: {counts}, {a_story:.2f} messages a story that was told")  # noqa: T201
    assert told == GOLDEN.read_text(encoding="utf-8")
    assert a_story <= MOST_MESSAGES
    assert counts["reminder"] == 1, "the three-day truce of 8 to 10 May"


def _counts(folder: Path) -> Iterator[tuple[str, int]]:
    with PeopleStore.open(folder / "people.db") as people:
        for row in people._file.rows(
            "SELECT iif(dedupe_key LIKE 'expiry:%', 'reminder', kind) AS what, count(*) AS n FROM outbox "
            "WHERE status = 'sent' GROUP BY what"
        ):
            yield row["what"], row["n"]
