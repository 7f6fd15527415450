"""How loud a story may be, and why. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.alert import phrases
from bot.alert.adjust import adjustments
from bot.catalog import Catalog
from bot.model import ASSERTED, Modality, Report, Standing, Story
from bot.story.status import TAKEN_BACK, Status, status

SOUND, SILENT, DIGEST, ARCHIVE = 1, 2, 3, 4
"""Priorities: pushed with sound, pushed silently, told in the digest, kept in the archive."""

PRIORITY_WORDS = {SOUND: "pushed with sound", SILENT: "pushed silently", DIGEST: "digest only", ARCHIVE: "archive only"}

_NO_NEWS = frozenset({Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION})


class Loud(NamedTuple):
    """How loud a story may be told, why it is *no_louder*, and what made it *louder* than its type alone."""

    level: int
    no_louder: Sequence[str] = ()
    louder: Sequence[str] = ()


def weigh(story: Story, reports: Sequence[Report], catalog: Catalog) -> Loud:
    """Return how loud *story* may be: by its type, what the policy raises, what nothing overrules, what it lowers."""
    kind, of = catalog.kinds.get(story.type), status(story, reports, catalog)
    level = kind.priority if kind else DIGEST
    policy = list(adjustments(story, reports, of, catalog))
    louder = []
    for each in policy:
        if each.change < 0 and level > each.loudest:
            level = max(each.loudest, level + each.change)
            louder.append(each.why)
    no_louder = []
    lowered = [(SOUND, each.change, each.why) for each in policy if each.change > 0]
    for louder_than, step, why in (*_objections(story, reports, of, catalog), *lowered):
        quieter = min(ARCHIVE, max(level + step, louder_than))
        if quieter > level:
            level = quieter
            no_louder.append(why)
    return Loud(level, no_louder, louder)


def _objections(
    story: Story, reports: Sequence[Report], of: Status, catalog: Catalog
) -> Iterator[tuple[int, int, str]]:
    """Yield what speaks against sound, whatever the policy: (at least this priority, add this much, in words)."""
    how_sure = phrases.modality(story, reports)
    alone = len(of.sources) < 2
    if how_sure is Modality.CLAIM and alone:
        yield SILENT, 1, "a claim that one publisher reports"
    elif alone:
        yield SILENT, 0, "only one independent publisher so far"
    elif of.standing is Standing.UNCONFIRMED:
        yield SILENT, 0, f"not confirmed: {of.reason}"
    elif of.standing is Standing.DISPUTED:
        yield SILENT, 0, "somebody with a say in it denies it"
    elif of.standing in TAKEN_BACK:
        yield SILENT, 0, "denied, corrected or withdrawn"
    if how_sure in _NO_NEWS:
        yield DIGEST, 0, "a question, a view or a look back, not a report"
    elif how_sure not in ASSERTED:
        yield SILENT, 0, "denied, planned or conditional: it has not happened"
    if not any(each in catalog.conflicts for each in story.conflicts):
        yield DIGEST, 0, "no known conflict is named, so it may be no war at all"
