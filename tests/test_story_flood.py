"""A feed that says one thing over and over costs a little work each time, and nobody an alert."""

from collections.abc import Iterator

import pytest

from bot.ingest import MOST_ALIKE
from bot.model import StoryChange
from tests.test_story_told import AGREED_PLAINLY, Desk, Told

SAID = "Russia and Ukraine agree 30-day ceasefire, update {}"


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.take(*(Told("reuters", SAID.format(number), after=number) for number in range(MOST_ALIKE + 5)))
    yield desk
    desk.archive.close()


def test_what_a_feed_says_over_and_over_is_stored_and_joins_its_story_no_more(desk: Desk) -> None:
    story = desk.story(SAID.format(0))

    assert len(story.entry_keys) == MOST_ALIKE
    assert desk.archive.coverage(desk.now).entries == MOST_ALIKE + 5


def test_what_others_say_still_joins(desk: Desk) -> None:
    desk.take(Told("tass", AGREED_PLAINLY, after=70))

    story = desk.story(SAID.format(0))
    assert len(story.entry_keys) == MOST_ALIKE + 1
    assert desk.changes(SAID.format(0))[-1] is StoryChange.CONFIRMED


def test_what_else_the_feed_says_of_it_still_joins(desk: Desk) -> None:
    desk.take(Told("reuters", "Russia and Ukraine agree 30-day ceasefire, Kremlin says", after=70))

    assert len(desk.story(SAID.format(0)).entry_keys) == MOST_ALIKE + 1


def test_what_a_feed_denies_over_and_over_joins_the_denied_story_no_more() -> None:
    desk = Desk()
    denied = "Kremlin denies agreeing to 30-day ceasefire with Ukraine, update {}"
    desk.take(Told("bbc", AGREED_PLAINLY), *(Told("tass", denied.format(n), after=n) for n in range(MOST_ALIKE + 5)))

    assert len(desk.story(AGREED_PLAINLY).entry_keys) == 1 + MOST_ALIKE
    assert [len(story.entry_keys) for story in desk.archive.stories()] == [1 + MOST_ALIKE]
    desk.archive.close()
