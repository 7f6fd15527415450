"""What is new of a story since its readers were last told of it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.alert.loudness import SILENT
from bot.alert.route import priority
from bot.catalog import Catalog
from bot.model import Report, Standing, Story, StoryChange
from bot.story.status import RETRACTED, STANDS, TAKEN_BACK


class Step(NamedTuple):
    """What one report made of a story: *known*, with the reports *before*, became *story*, with its *reports*.

    *known* is None if the report began the story.
    """

    known: Story | None
    before: Sequence[Report]
    story: Story
    reports: Sequence[Report]


def what_changed(step: Step, standing: Standing, catalog: Catalog) -> StoryChange:
    """Return what is new of the story, which has this *standing* by now.

    Nothing of it was told yet; or not this stage; or it stands otherwise; or it was too weak to be told live, and
    others now bear it out; else there is one report more.
    """
    story = step.story
    if story.type not in story.announced:
        return StoryChange.NEW_STAGE if story.announced else StoryChange.NEW
    if is_worse(story, standing) and standing is Standing.UNCONFIRMED:
        return StoryChange.CORRECTED
    if standing not in (story.standing, Standing.UNCONFIRMED) and not {standing, story.standing} <= RETRACTED:
        return StoryChange(standing.value)
    if step.known and _is_too_weak(step.known, step.before, catalog) and not _is_too_weak(story, step.reports, catalog):
        return StoryChange.CORROBORATED
    return StoryChange.GREW


def is_worse(story: Story, standing: Standing) -> bool:
    """Tell whether *standing* is worse than what was told: taken back, disputed, or no longer confirmed."""
    if not story.announced or standing is story.standing or {standing, story.standing} <= RETRACTED:
        return False
    weakened = standing in (Standing.DISPUTED, Standing.UNCONFIRMED)
    return standing in TAKEN_BACK or (story.standing in STANDS and weakened)


def _is_too_weak(story: Story, reports: Sequence[Report], catalog: Catalog) -> bool:
    """Tell whether the story is not told live, not even without a sound."""
    return priority(story, reports, catalog) > SILENT
