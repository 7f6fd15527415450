"""The owner puts two stories together or takes one apart: read from the archive, decided, kept; later reports obey."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.catalog import Catalog
from bot.errors import DecisionError
from bot.model import EntryKey, Story, StoryChange, StoryDecision, short_id
from bot.ports import Archive
from bot.story import decide


def merge(archive: Archive, catalog: Catalog, story_id: str, other_id: str, now: datetime) -> Story:
    """Put the reports of the story *other_id* into *story_id*, and close it; raise DecisionError if that cannot be."""
    if story_id == other_id:
        raise DecisionError("a story cannot be merged with itself: name two")
    with archive.transaction():
        story, other = _open(archive, story_id), _open(archive, other_id)
        whole = decide.merged(story, other, archive.reports(other.id), now, catalog)
        _keep(archive, whole, StoryDecision(kind="merge", story_id=story.id, other=other.id, at=now), now)
    return whole


def split(
    archive: Archive, catalog: Catalog, story_id: str, entry_ids: Sequence[str], now: datetime
) -> tuple[Story, Story]:
    """Make a story of its own of some reports, and return what is left and the new one.

    *entry_ids* are short ids, as `parley stories show` tells them. Raise DecisionError if that cannot be.
    """
    with archive.transaction():
        story = _open(archive, story_id)
        keys = {short_id(key): key for key in story.entry_keys}
        if unknown := [each for each in entry_ids if each not in keys]:
            raise DecisionError(f"{', '.join(unknown)}: no report of the story {story_id}")
        leaving: set[EntryKey] = {keys[each] for each in entry_ids}
        try:
            left, new = decide.split(story, archive.reports(story.id), leaving, now, catalog)
        except ValueError as error:
            raise DecisionError(str(error)) from error
        new = _reopened(archive, new, story.id)
        archive.save_story(new)
        _keep(archive, left, StoryDecision(kind="split", story_id=story.id, other=new.id, at=now), now)
    return left, new


def _keep(archive: Archive, story: Story, decision: StoryDecision, now: datetime) -> None:
    archive.save_story(story)
    archive.decide(decision)
    if story.announced:  # the messages that tell of it are to say what is known now
        archive.log_change(story, StoryChange.GREW, story.entry_keys[0], now)


def _reopened(archive: Archive, new: Story, story_id: str) -> Story:
    """Return *new* with what was told of it, if it was a story before it was merged into *story_id*."""
    before = archive.story(new.id)
    if before is None:
        return new
    if decide.closed(archive.decisions()).get(new.id) != story_id:
        raise DecisionError(f"the first of these reports started the story {new.id}, which is there already")
    return replace(
        new,
        announced=before.announced,
        standing=before.standing,
        refrain=before.refrain,
        revision=before.revision + 1,
    )


def _open(archive: Archive, story_id: str) -> Story:
    merged = decide.closed(archive.decisions())
    if story_id in merged:
        raise DecisionError(f"the story {story_id} was merged into {merged[story_id]}: name that one")
    if story := archive.story(story_id):
        return story
    raise DecisionError(f"there is no story {story_id!r}; `parley stories list` names those of the last days")
