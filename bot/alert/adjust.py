"""Which adjustments of the alert policy a story falls under. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.adjustments import Adjustment
from bot.alert import phrases
from bot.catalog import Catalog
from bot.model import Facts, Report, Story
from bot.story.origin import origins
from bot.story.status import Status, backing


def adjustments(story: Story, reports: Sequence[Report], of: Status, catalog: Catalog) -> Iterator[Adjustment]:
    """Yield the adjustments that hold for *story*, whose status is *of*, in the order of the policy."""
    for each in catalog.adjustments:
        if _holds_of_story(each, story, catalog) and _holds_of_reports(each, story, reports, of, catalog):
            yield each


def _holds_of_story(each: Adjustment, story: Story, catalog: Catalog) -> bool:
    statuses = {catalog.conflicts[id_].status for id_ in story.conflicts if id_ in catalog.conflicts}
    refrain = story.refrain
    return (
        (not each.types or story.type in each.types)
        and (not each.conflict_status or (bool(statuses) and statuses <= each.conflict_status))
        and refrain.before >= each.told_before
        and refrain.today >= each.told_today
        and each.new_terms in (None, refrain.new != Facts())
    )


def _holds_of_reports(each: Adjustment, story: Story, reports: Sequence[Report], of: Status, catalog: Catalog) -> bool:
    said = backing(story, reports)
    speakers = {report.event.speaker for report in said if report.event}
    return (
        (not each.modality or phrases.modality(story, reports) in each.modality)
        and (not each.standing or of.standing in each.standing)
        and (not each.speakers or not speakers.isdisjoint(each.speakers))
        and (not each.sources or _most_sources(said, each.within, catalog) >= each.sources)
    )


def _most_sources(said: Sequence[Report], within: timedelta | None, catalog: Catalog) -> int:
    """Return how many independent sources there are, at most, in any stretch of time of that length."""
    found = [of.family or of.id for of in origins(said, catalog)]
    if within is None:
        return len(set(found))
    timed = sorted((at, of) for report, of in zip(said, found, strict=True) if (at := report.entry.happened_at))
    most, counts, begin = 0, Counter[str](), 0
    for end, of in timed:
        counts[of] += 1
        while timed[begin][0] < end - within:
            counts[timed[begin][1]] -= 1
            begin += 1
        most = max(most, len(+counts))
    return most
