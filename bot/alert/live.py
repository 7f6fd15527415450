"""What becomes of an alert as its story grows: it is edited, and a change of status is said in a short reply. Pure.

Both go to exactly those who were told: who has read "agreed" must read "denied", whatever they wish to hear by now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.alert import render
from bot.alert.loudness import SILENT, SOUND, weigh
from bot.alert.phrases import Reader
from bot.catalog import Catalog
from bot.model import Broadcast, DeliveryKind, LoggedChange, Message, Report, Story, StoryChange, Wishes, Wording

GATHER = timedelta(minutes=1)
"""How long an alert waits for more reports before it is edited: they come in bursts."""
PACE = timedelta(minutes=5)
"""An alert is edited no more often, but for a change of status."""

CORRECTIONS = frozenset({StoryChange.DISPUTED, StoryChange.DENIED, StoryChange.CORRECTED, StoryChange.WITHDRAWN})
"""Who was told must hear of these, muted or not."""
STATUS_CHANGES = CORRECTIONS | {StoryChange.NEW_STAGE, StoryChange.CONFIRMED, StoryChange.COLLAPSED}


def edit(
    story: Story,
    reports: Sequence[Report],
    readers: Sequence[Wishes],
    catalog: Catalog,
    *,
    change_id: int,
    now: datetime,
) -> Broadcast:
    """Return what the alerts of *story* that do not know of its change *change_id* are to say *now*."""
    loud = weigh(story, reports, catalog)[0] == SOUND
    update = len(story.stages) > 1

    def worded(reader: Reader) -> Message:
        return render.alert(story, reports, reader, update=update, edited=True, silent=not loud)

    return Broadcast(
        key=f"edit:{story.id}:{story.revision}:{change_id}",
        kind=DeliveryKind.EDIT,
        wordings=_wordings(readers, catalog, now, worded),
        created_at=now,
        story_id=story.id,
        change_id=change_id,
    )


def update(
    change: LoggedChange,
    story: Story,
    reports: Sequence[Report],
    readers: Sequence[Wishes],
    catalog: Catalog,
    *,
    now: datetime,
) -> Broadcast | None:
    """Return the reply that *change* is worth to those who were told of *story*; None if its edited alert says it all.

    It makes a sound only where what may sound is confirmed by now.
    """
    level = weigh(story, reports, catalog)[0]
    if change.change not in STATUS_CHANGES or (change.change is StoryChange.NEW_STAGE and level > SILENT):
        return None
    loud = level == SOUND and change.change not in CORRECTIONS

    def worded(reader: Reader) -> Message:
        return render.word(story, reports, reader, change=change.change, silent=not loud, cause=change.entry_key)

    what = story.type if change.change is StoryChange.NEW_STAGE else change.id
    return Broadcast(
        key=f"update:{story.id}:{change.change}:{what}",
        kind=DeliveryKind.UPDATE,
        wordings=_wordings(readers, catalog, now, worded),
        created_at=now,
        story_id=story.id,
        change_id=change.id,
        correction=change.change in CORRECTIONS,
        urgent=True,
    )


def _wordings(
    readers: Sequence[Wishes], catalog: Catalog, now: datetime, worded: Callable[[Reader], Message]
) -> tuple[Wording, ...]:
    """Return one wording for all readers of one language and time zone, whatever else they wish."""
    some = {(wishes.language, wishes.time_zone): wishes for wishes in readers}
    return tuple(Wording(worded(Reader.of(wishes, catalog, now)), (wishes,)) for wishes in some.values())
