"""What the owner decides of stories is kept, and later reports obey it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.catalog import load_catalog
from bot.chat.commands import Commands
from bot.detect.detector import Detector
from bot.errors import DecisionError
from bot.ingest import Ingest
from bot.model import Access, ChatId, FeedState, Incoming, Story, StoryChange, short_id
from bot.owner.stories import merge, split
from bot.ports import Parsed
from bot.store.archive import ArchiveStore
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON, minutes
from tests.process import parley

CATALOG = load_catalog()
FEED = make.feed()
THIRTY = "Russia and Ukraine agree 30-day ceasefire in Istanbul"
SIXTY = "Russia and Ukraine agree 60-day ceasefire in Istanbul"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveStore]:
    (tmp_path / "data").mkdir()
    with ArchiveStore.open(tmp_path / "data" / "archive.db") as archive:
        archive.register([FEED], NOON)
        yield archive


class Newsroom:
    """Takes headlines in, one poll each, as a running bot does."""

    def __init__(self, archive: ArchiveStore, detector: Detector) -> None:
        self.archive = archive
        self.ingest = Ingest(archive=archive, detector=detector, catalog=CATALOG)
        self.state = replace(
            archive.feed_state(FEED.url) or FeedState(url=FEED.url, next_check_at=NOON), baselined=True
        )
        self.now = NOON

    def take(self, *titles: str) -> None:
        for title in titles:
            self.now += minutes(1)
            entry = make.entry(
                title,
                id=f"{title} {self.now}",
                link=f"https://news.example/{self.now:%H%M}",
                published=self.now,
                seen_at=self.now,
            )
            self.ingest.take(self.state, Parsed(entries=[entry]), lambda new: self.state, self.now)

    def stories(self) -> list[tuple[str, ...]]:
        """Return the headlines of each open story, the earliest first."""
        found = self.archive.stories(limit=50)
        return sorted(tuple(self.titles(story)) for story in found)

    def titles(self, story: Story) -> list[str]:
        return [report.entry.title for report in self.archive.reports(story.id)]

    def story(self, title: str) -> Story:
        return next(story for story in self.archive.stories(limit=50) if title in self.titles(story))


@pytest.fixture
def room(archive: ArchiveStore, detector: Detector) -> Newsroom:
    return Newsroom(archive, detector)


def test_merged_stories_are_one_and_later_reports_join_it_whichever_they_are_like(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    assert room.stories() == [(THIRTY,), (SIXTY,)]

    merge(room.archive, CATALOG, room.story(THIRTY).id, room.story(SIXTY).id, room.now)
    room.take(f"{SIXTY}, Kremlin says", f"{THIRTY}, Kyiv says")

    assert room.stories() == [(THIRTY, SIXTY, f"{SIXTY}, Kremlin says", f"{THIRTY}, Kyiv says")]


def test_a_merger_is_remembered_by_the_next_process(room: Newsroom, detector: Detector) -> None:
    room.take(THIRTY, SIXTY)
    merge(room.archive, CATALOG, room.story(THIRTY).id, room.story(SIXTY).id, room.now)

    restarted = Newsroom(room.archive, detector)
    restarted.now = room.now
    restarted.take(f"{SIXTY}, Kremlin says")

    assert len(restarted.stories()) == 1


def test_what_was_told_of_either_is_not_told_again(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    last = room.archive.last_change_id()

    whole = merge(room.archive, CATALOG, room.story(THIRTY).id, room.story(SIXTY).id, room.now)
    room.take(f"{SIXTY}, Kremlin says")

    changes = {change.change for change in room.archive.changes_after(last)}
    assert whole.announced
    assert StoryChange.NEW not in changes
    assert StoryChange.GREW in changes


def test_reports_that_were_split_off_are_a_story_and_those_like_them_join_that(room: Newsroom) -> None:
    copy = f"{THIRTY}, officials say"
    room.take(THIRTY, copy)
    story = room.story(THIRTY)
    (leaving,) = [short_id(key) for key in story.entry_keys[1:]]

    left, new = split(room.archive, CATALOG, story.id, [leaving], room.now)
    room.take(f"{copy} again")

    assert (left.id, len(left.entry_keys), len(new.entry_keys)) == (story.id, 1, 1)
    assert room.stories() == [(THIRTY,), (copy, f"{copy} again")]
    assert new.announced == frozenset()


def test_a_merger_is_undone_by_splitting_off_what_was_merged(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    thirty, sixty = room.story(THIRTY), room.story(SIXTY)
    merge(room.archive, CATALOG, thirty.id, sixty.id, room.now)

    _, again = split(room.archive, CATALOG, thirty.id, [short_id(key) for key in sixty.entry_keys], room.now)
    room.take(f"{SIXTY}, Kremlin says")

    assert (again.id, again.announced) == (sixty.id, sixty.announced)
    assert room.stories() == [(THIRTY,), (SIXTY, f"{SIXTY}, Kremlin says")]


def test_the_search_and_the_entry_know_only_the_open_story(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    sixty = room.story(SIXTY)
    whole = merge(room.archive, CATALOG, room.story(THIRTY).id, sixty.id, room.now)

    found = room.archive.search("60-day")

    assert [story.id for story, _ in found] == [whole.id]
    assert room.archive.stories_of(sixty.entry_keys[0]) == [whole.id]
    assert {id_ for id_, _ in room.archive.open_reports(NOON - timedelta(days=3))} == {whole.id}


def test_what_cannot_be_done_is_said_and_changes_nothing(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    thirty, sixty = room.story(THIRTY), room.story(SIXTY)
    archive = room.archive
    founder = short_id(thirty.entry_keys[0])

    with pytest.raises(DecisionError, match="with itself"):
        merge(archive, CATALOG, thirty.id, thirty.id, room.now)
    with pytest.raises(DecisionError, match="there is no story 'nowhere'"):
        merge(archive, CATALOG, thirty.id, "nowhere", room.now)
    with pytest.raises(DecisionError, match="stays in it"):
        split(archive, CATALOG, thirty.id, [founder], room.now)
    with pytest.raises(DecisionError, match="no report of"):
        split(archive, CATALOG, thirty.id, ["beef"], room.now)
    assert archive.decisions() == []
    merge(archive, CATALOG, thirty.id, sixty.id, room.now)
    with pytest.raises(DecisionError, match=f"was merged into {thirty.id}"):
        merge(archive, CATALOG, sixty.id, thirty.id, room.now)


@pytest.mark.slow
def test_the_command_line_lists_shows_splits_and_merges(room: Newsroom, tmp_path: Path) -> None:
    room.take(THIRTY, f"{THIRTY}, officials say")
    story = room.story(THIRTY)
    leaving = short_id(story.entry_keys[1])

    shown = parley(tmp_path, "stories", "show", story.id)
    apart = parley(tmp_path, "stories", "split", story.id, leaving)
    together = parley(tmp_path, "stories", "merge", story.id, leaving)
    again = parley(tmp_path, "stories", "merge", story.id, leaving)

    assert leaving in shown.stdout.decode()
    assert apart.stdout.decode() == f"{story.id} keeps 1 reports; {leaving} is new, with 1\n"
    assert together.stdout.decode() == f"{story.id} has 2 reports now; {leaving} is closed\n"
    assert again.returncode == 1
    assert f"was merged into {story.id}" in again.stderr.decode()
    assert [decision.kind for decision in room.archive.decisions()] == ["split", "merge"]


# ------------------------------------------------------------------------------------------ in chat
def test_the_owner_merges_and_splits_in_chat_and_nobody_else_does(room: Newsroom) -> None:
    room.take(THIRTY, SIXTY)
    thirty, sixty = room.story(THIRTY).id, room.story(SIXTY).id
    owner, reader = chat(room.archive, Access.OWNER), chat(room.archive, Access.ALLOWED)

    refused = reader(f"/merge {thirty} {sixty}")
    listed = owner("/stories")
    merged = owner(f"/merge {thirty} {sixty}")
    shown = owner(f"/split {thirty}")
    apart = owner(f"/split {thirty} {sixty}")
    again = owner("/merge nowhere here")

    assert "owner" in refused or "not know" in refused
    assert thirty in listed
    assert sixty in listed
    assert "has 2 reports now" in merged
    assert sixty in shown
    assert f"<code>{sixty}</code>" in apart, "a report that is split off again is the story that it was"
    assert "there is no story" in again


def chat(archive: ArchiveStore, access: Access) -> Callable[[str], str]:
    """Return how a chat with this *access* talks to the bot."""
    people = PeopleStore.open(":memory:")
    me = ChatId("here", "1")
    people.grant(me, access, NOON)
    commands = Commands(archive, people, CATALOG)

    def say(text: str) -> str:
        incoming = Incoming(chat=me, text=text, private=True)
        return "\n".join(reply.message.html for reply in commands.answer(incoming, NOON))

    return say
