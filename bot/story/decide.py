"""The owner puts stories together, or takes reports out of one. Pure; what was decided is kept in the archive."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from bot.catalog import Catalog
from bot.model import EntryKey, Report, Story, StoryDecision
from bot.story.story import joined, new_story


def closed(decisions: Iterable[StoryDecision]) -> Mapping[str, str]:
    """Return the stories that were merged, and were not split off again since, with those that hold their reports."""
    into: dict[str, str] = {}
    for decision in decisions:
        if decision.kind == "merge":
            into[decision.other] = decision.story_id
        else:
            into.pop(decision.other, None)
    return into


def merged(story: Story, other: Story, reports: Sequence[Report], now: datetime, catalog: Catalog) -> Story:
    """Return *story* with the *reports* of *other* in it; what was told of either is not told again."""
    whole = _with(story, reports, now, catalog)
    return replace(
        whole,
        announced=story.announced | other.announced,
        taken_back=story.taken_back | other.taken_back,
        revision=story.revision + 1,
    )


def split(
    story: Story, reports: Sequence[Report], leaving: Set[EntryKey], now: datetime, catalog: Catalog
) -> tuple[Story, Story]:
    """Return *story*, whose *reports* these are, without those *leaving*, and the story that these make.

    Nothing was told of the new one yet. Raise ValueError, in words for the owner, if that leaves no two stories.
    """
    founder = story.entry_keys[0]
    if founder in leaving:
        raise ValueError("the report that started a story stays in it: split off the others instead")
    going = [report for report in reports if report.entry.key in leaving]
    first = next((report for report in going if report.event), None)
    if first is None:
        raise ValueError("none of these reports tells of an event, so they make no story")
    staying = [report for report in reports if report.entry.key not in leaving]
    left = replace(
        _rebuilt(story, staying, now, catalog),
        announced=story.announced,
        standing=story.standing,
        refrain=story.refrain,
        taken_back=story.taken_back - leaving,
        revision=story.revision + 1,
    )
    other = replace(new_story(first, now, catalog), taken_back=story.taken_back & leaving)
    return left, _with(other, going, now, catalog)


def _rebuilt(story: Story, reports: Sequence[Report], now: datetime, catalog: Catalog) -> Story:
    """Return what *story* is by *reports* alone, in the order in which they came."""
    ordered = sorted(reports, key=lambda report: story.entry_keys.index(report.entry.key))
    founder = ordered[0]
    if founder.event is None:  # its editor has made it something else since
        return replace(story, entry_keys=tuple(report.entry.key for report in ordered))
    return _with(new_story(founder, now, catalog), ordered, now, catalog)


def _with(story: Story, reports: Sequence[Report], now: datetime, catalog: Catalog) -> Story:
    for report in reports:
        if report.event:
            story = joined(story, report, now, catalog)
        elif report.entry.key not in story.entry_keys:
            story = replace(story, entry_keys=(*story.entry_keys, report.entry.key))
    return story
