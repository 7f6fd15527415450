"""Telling in trouble: a mind changed amid a fan-out, and a story that cannot be worded, cost nobody an alert."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from bot.app import house
from bot.catalog import Catalog, load_catalog
from bot.config import Config
from bot.model import Access, ChatId, DeliveryKind, StoryChange, Subscription
from bot.pipeline import Pipeline
from bot.ports import People
from tests import make
from tests.make import NOON, minutes

ROOMS = [str(room) for room in range(1, 9)]
OWNER = ChatId("terminal", "owner")
House = Callable[..., AbstractAsyncContextManager[Pipeline]]


@pytest.fixture
def opened(tmp_path: Path) -> House:
    """A house whose routing has read all that there is, so far nothing."""

    @asynccontextmanager
    async def open_it(catalog: Catalog | None = None) -> AsyncIterator[Pipeline]:
        names = catalog or load_catalog()
        async with house(data=tmp_path, config=Config(), chats={}, catalog=names, now=lambda: NOON) as pipeline:
            pipeline.route()
            yield pipeline

    return open_it


def subscribe(people: People, room: str, time_zone: str = "UTC") -> None:
    people.save_subscription(Subscription(chat=ChatId("terminal", room), time_zone=time_zone, created_at=NOON))


def happens(pipeline: Pipeline, title: str, conflict: str = "ukraine-russia") -> str:
    """Store a report of something new in *conflict*; return the story's id."""
    report = make.report(title, event={"conflicts": (conflict,)})
    story = make.story(report)
    assert report.event
    with pipeline.archive.transaction():
        pipeline.archive.save_entries([(report.entry, [title])])
        pipeline.archive.save_event(report.event)
        pipeline.archive.save_story(story)
        pipeline.archive.log_change(story, StoryChange.NEW, report.entry.key, NOON)
    return story.id


async def test_who_wishes_otherwise_between_two_slices_is_told_all_the_same(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.stages.tell.SLICE", 3)
    async with opened() as pipeline:
        for room in ROOMS:
            subscribe(pipeline.people, room)
        happens(pipeline, "A truce")

        pipeline.route()
        subscribe(pipeline.people, ROOMS[-1], "Europe/Kyiv")
        for _ in range(2 * len(ROOMS)):
            pipeline.route()

        assert sorted(each.chat.room for each in pipeline.people.claim(NOON, limit=100)) == ROOMS
        assert pipeline.people.cursor() == (pipeline.archive.archive_id, 1)


class Faulty(Catalog):
    """A catalog with a mistake of ours: of Sudan it can tell no name."""

    def conflict_name(self, conflict_id: str, language: str = "en") -> str:
        if conflict_id == "sudan":
            raise LookupError(conflict_id)
        return super().conflict_name(conflict_id, language)

    @classmethod
    def load(cls) -> Catalog:
        real = load_catalog()
        return cls(**{field.name: getattr(real, field.name) for field in fields(Catalog)})


async def test_a_story_that_cannot_be_worded_keeps_no_other_from_anybody_and_the_owner_hears_of_it(
    opened: House,
) -> None:
    async with opened(Faulty.load()) as pipeline:
        pipeline.people.grant(OWNER, Access.OWNER, NOON)
        subscribe(pipeline.people, "1")
        bad = happens(pipeline, "A truce that cannot be worded", "sudan")
        good = happens(pipeline, "A truce")

        new = [pipeline.route(), pipeline.route()]

        owed = {each.kind: each for each in pipeline.people.claim(NOON, limit=100)}
        assert new == [1, 0]
        assert owed.keys() == {DeliveryKind.ALERT, DeliveryKind.NOTICE}
        assert owed[DeliveryKind.ALERT].story_id == good
        assert bad in owed[DeliveryKind.NOTICE].message.html


async def test_an_alert_that_cannot_be_worded_anew_stays_as_it_is_and_keeps_no_other_from_its_edit(
    opened: House,
) -> None:
    async with opened() as pipeline:
        pipeline.people.grant(OWNER, Access.OWNER, NOON)
        subscribe(pipeline.people, "1")
        stories = [happens(pipeline, "A truce in Sudan", "sudan"), happens(pipeline, "A truce")]
        pipeline.route()
        for each in stories:
            pipeline.people.owe_edit(each, NOON, gather=minutes(0), pace=minutes(0))
    async with opened(Faulty.load()) as pipeline:
        pipeline.route()

        assert pipeline.people.due_edits(NOON + minutes(1)) == {}
        assert DeliveryKind.NOTICE in {each.kind for each in pipeline.people.claim(NOON, limit=100)}
