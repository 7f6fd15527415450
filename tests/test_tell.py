"""Telling in trouble: a mind changed amid a fan-out, and a story that cannot be worded, cost nobody an alert."""

import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import house
from bot.catalog import Catalog, load_catalog
from bot.config import Config
from bot.errors import StoreError
from bot.model import Access, ChatId, Clock, DeliveryKind, Sent, StoryChange, Subscription
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
    async def open_it(catalog: Catalog | None = None, now: Clock = lambda: NOON) -> AsyncIterator[Pipeline]:
        names = catalog or load_catalog()
        async with house(data=tmp_path, config=Config(), chats={}, catalog=names, now=now) as pipeline:
            pipeline.route()
            yield pipeline

    return open_it


def subscribe(people: People, room: str, time_zone: str = "UTC", **given: Any) -> None:
    chat = ChatId("terminal", room)
    people.save_subscription(Subscription(chat=chat, time_zone=time_zone, created_at=NOON, **given))


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


async def test_a_clock_set_back_after_an_alert_hides_neither_its_edit_nor_the_word_on_it(opened: House) -> None:
    now = NOON
    async with opened(now=lambda: now) as pipeline:
        subscribe(pipeline.people, "1")
        story_id = happens(pipeline, "A truce")
        pipeline.route()
        (alert,) = pipeline.people.claim(now)
        pipeline.people.settle(alert.after(Sent("7"), now), now)

        now = NOON - timedelta(hours=1)
        story = pipeline.archive.story(story_id)
        assert story
        pipeline.archive.log_change(story, StoryChange.DENIED, make.report("A truce").entry.key, now)
        pipeline.route()
        now = NOON + minutes(1)
        kinds = []
        while claimed := pipeline.people.claim(now):
            kinds.append(claimed[0].kind)
            pipeline.people.settle(claimed[0].after(Sent("8"), now), now)
            now += minutes(1)

        assert sorted(kinds) == [DeliveryKind.EDIT, DeliveryKind.UPDATE]


@contextmanager
def no_room_on_disk() -> Iterator[None]:
    """Let no file of this process grow; what fits into memory still does, so it is the commit that fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_an_edit_whose_commit_finds_the_disk_full_is_owed_once_when_there_is_room_again(opened: House) -> None:
    async with opened() as pipeline:
        for room in ROOMS:
            subscribe(pipeline.people, room)
        story_id = happens(pipeline, "A truce")
        pipeline.route()
        for each in pipeline.people.claim(NOON, limit=100):
            pipeline.people.settle(each.after(Sent("7"), NOON), NOON)
        story, cursor = pipeline.archive.story(story_id), pipeline.people.cursor()
        assert story
        pipeline.archive.log_change(story, StoryChange.DENIED, make.report("A truce").entry.key, NOON)

        with no_room_on_disk(), pytest.raises(StoreError):
            pipeline.route()
        after_the_failure = pipeline.people.cursor(), pipeline.people.outbox_counts()["ready"]
        new = [pipeline.route(), pipeline.route()]

        assert after_the_failure == (cursor, 0)
        assert new == [2 * len(ROOMS), 0]
        assert pipeline.people.outbox_counts()["ready"] == 2 * len(ROOMS)


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
            pipeline.people.owe_edit(each, 9, NOON, gather=minutes(0), pace=minutes(0))
    async with opened(Faulty.load()) as pipeline:
        pipeline.route()

        assert pipeline.people.due_edits(NOON + minutes(1)) == {}
        assert DeliveryKind.NOTICE in {each.kind for each in pipeline.people.claim(NOON, limit=100)}


async def test_a_digest_that_cannot_be_made_holds_up_no_later_one_and_tells_of_the_same_stories_next_time(
    opened: House,
) -> None:
    async with opened(Faulty.load()) as pipeline:
        pipeline.people.grant(OWNER, Access.OWNER, NOON)
        for room, conflict in (("1", "sudan"), ("2", "sudan"), ("3", "ukraine-russia")):
            due = NOON - minutes(10 - int(room))
            subscribe(pipeline.people, room, conflicts=frozenset({conflict}), digest_hours=(8,), next_digest_at=due)
        happens(pipeline, "A truce in Sudan", "sudan")
        happens(pipeline, "A truce")

        made = [pipeline.digests(), pipeline.digests()]

        owed = [(each.kind, each.chat.room) for each in pipeline.people.claim(NOON, limit=100)]
        passed_over = pipeline.people.subscription(ChatId("terminal", "1"))
        assert made == [1, 0]
        assert sorted(owed) == [(DeliveryKind.DIGEST, "3"), (DeliveryKind.NOTICE, OWNER.room)]
        assert passed_over
        assert passed_over.next_digest_at == NOON + timedelta(hours=20)
        assert passed_over.last_digest_at is None
