"""How loud a story may be, and why it is no louder. Pure."""

from collections.abc import Iterator, Sequence

from bot.alert import phrases
from bot.catalog import Catalog
from bot.model import Modality, Report, Story

SOUND, SILENT, DIGEST, ARCHIVE = 1, 2, 3, 4
"""Priorities: pushed with sound, pushed silently, told in the digest, kept in the archive."""

PRIORITY_WORDS = {SOUND: "pushed with sound", SILENT: "pushed silently", DIGEST: "digest only", ARCHIVE: "archive only"}

_NO_NEWS = frozenset({Modality.QUESTION, Modality.HISTORICAL, Modality.OPINION})


def weigh(story: Story, reports: Sequence[Report], catalog: Catalog) -> tuple[int, Sequence[str]]:
    """Return the story's priority and the reasons why it is no louder."""
    kind = catalog.kinds.get(story.type)
    level = kind.priority if kind else DIGEST
    reasons = []
    for louder_than, step, why in _objections(story, reports, catalog):
        quieter = min(ARCHIVE, max(level + step, louder_than))
        if quieter > level:
            level = quieter
            reasons.append(why)
    return level, reasons


def _objections(story: Story, reports: Sequence[Report], catalog: Catalog) -> Iterator[tuple[int, int, str]]:
    """Yield what speaks against sound: (at least this priority, add this much, in words)."""
    how_sure = phrases.modality(story, reports)
    alone = len(phrases.families(story, reports, catalog)) < 2
    watched = [catalog.conflicts[each].status == "watch" for each in story.conflicts if each in catalog.conflicts]
    if how_sure is Modality.CLAIM and alone:
        yield SILENT, 1, "a claim that one publisher reports"
    elif alone:
        yield SILENT, 0, "only one independent publisher so far"
    elif phrases.only_voice(story, reports):
        yield SILENT, 0, "all publishers quote the same person"
    if how_sure in _NO_NEWS:
        yield DIGEST, 0, "a question, a view or a look back, not a report"
    elif how_sure not in phrases.ASSERTED:
        yield SILENT, 0, "denied, planned or conditional: it has not happened"
    if not watched:
        yield DIGEST, 0, "no known conflict is named, so it may be no war at all"
    elif all(watched):
        yield SILENT, 1, "a conflict that is only being watched"
