"""How far a story can be relied on, and on whose word it rests. Pure.

Confirmed is what two independent sources report, if they stand in different blocs, or if both parties or a mediator
say so. A claim that one person makes stays unconfirmed, however many quote it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.catalog import Catalog, Conflict, Publisher
from bot.model import Event, EventType, Modality, Report, Role, Standing, Story
from bot.story.consent import consenting
from bot.story.origin import origins

ASSERTED = frozenset({Modality.FACT, Modality.CLAIM})
"""Modalities that say it happened. The others say that it did not, or not yet, or only perhaps."""

IS_SPEECH = frozenset(
    {
        EventType.CEASEFIRE_PROPOSED,
        EventType.CEASEFIRE_REJECTED,
        EventType.TALKS_PROPOSED,
        EventType.TALKS_STALLED,
        EventType.AGREEMENT_TERMS,
        EventType.STATEMENT,
    }
)
"""What is done by saying it: whoever says it has done it."""

_PLANNED_BY_NATURE = frozenset(
    {EventType.CEASEFIRE_PROPOSED, EventType.TALKS_PROPOSED, EventType.TALKS_SCHEDULED, EventType.AGREEMENT_TERMS}
)
"""A plan is all that there is to them, and can be confirmed as such."""
_REFUSALS = frozenset({EventType.TALKS_STALLED, EventType.STATEMENT})
"""Who stays away, or says no, does not deny that something happened."""
_COLLAPSES = frozenset({EventType.CEASEFIRE_ENDED, EventType.TALKS_STALLED})
TAKEN_BACK = frozenset({Standing.DENIED, Standing.CORRECTED, Standing.WITHDRAWN})
"""Standings in which what was told before does not hold."""
_UN = "un"
_NO_SIDE = "X"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Word(StrEnum):
    """On whose word a story rests."""

    NOBODYS = ""
    ONE_SIDE = "one side"
    BOTH_SIDES = "both sides"
    MEDIATOR = "a mediator"
    THIRD_PARTY = "a third party"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a story can be relied on, and why.

    *sources* are those who stand behind it, each independent of the others, and *blocs* theirs, the earliest first.
    *voice* is the one whom all quote, "" if there is no such one. *unheard* is the party of which there is no word yet,
    where the other has spoken. *against* is the report that denied, corrected or withdrew it.
    """

    standing: Standing
    word: Word = Word.NOBODYS
    sources: tuple[Publisher, ...] = ()
    blocs: tuple[str, ...] = ()
    voice: str = ""
    unheard: str = ""
    against: Report | None = None


def status(story: Story, reports: Sequence[Report], catalog: Catalog) -> Status:
    """Return how far *story* can be relied on, by its *reports* as their publishers word them now."""
    said, denial = backing(story, reports), _latest_denial(story, reports)
    if denial:
        since = _after(said, denial)
        if not _is_confirmed(story, since, catalog):
            return _described(story, said, catalog, Standing.DENIED, denial)
        said = since
    if reports and not said:
        last = max(reports, key=_changed_at)
        withdrawn = not any(report.event for report in reports)
        return _described(story, reports, catalog, Standing.WITHDRAWN if withdrawn else Standing.CORRECTED, last)
    if not _is_confirmed(story, said, catalog):
        return _described(story, said, catalog, Standing.UNCONFIRMED)
    collapsed = story.type in _COLLAPSES and len(story.stages) > 1
    return _described(story, said, catalog, Standing.COLLAPSED if collapsed else Standing.CONFIRMED)


def backing(story: Story, reports: Iterable[Report]) -> list[Report]:
    """Return the reports that say what *story* now says: its stage, asserted or not as it is.

    A report of an earlier stage never counts towards the present one.
    """
    return [report for report in reports if report.event and _agrees(report.event, story)]


def _agrees(event: Event, story: Story) -> bool:
    same_sense = event.modality == story.modality or {event.modality, story.modality} <= ASSERTED
    return event.type == story.type and same_sense


def only_voice(story: Story, reports: Iterable[Report]) -> str:
    """Return the one whom all that back *story* quote for it, "" if there is no such one.

    Publishers who quote the same person bear out that it was said, not that it is so.
    """
    speakers = {report.event.speaker for report in backing(story, reports) if report.event}
    asserted = story.modality in ASSERTED and story.type not in IS_SPEECH
    return speakers.pop() if asserted and len(speakers) == 1 else ""


def sources(reports: Sequence[Report], catalog: Catalog) -> tuple[Publisher, ...]:
    """Return the independent sources of *reports*: copies of one wire, of one owner or of one text count once."""
    return tuple({of.family or of.id: of for of in reversed(origins(reports, catalog))}.values())[::-1]


def _is_confirmed(story: Story, said: Sequence[Report], catalog: Catalog) -> bool:
    asserted = story.modality in ASSERTED
    if not asserted and not (story.modality is Modality.PLAN and story.type in _PLANNED_BY_NATURE):
        return False
    independent, word = sources(said, catalog), _word(story, said, catalog)
    if len(independent) < 2 or (only_voice(story, said) and word is not Word.MEDIATOR):
        return False
    claimed = all(report.event and report.event.modality is Modality.CLAIM for report in said)
    # That each accuses the other does not bear out either.
    agreed = word is Word.BOTH_SIDES and story.type is not EventType.CEASEFIRE_VIOLATED
    return agreed or word is Word.MEDIATOR or (len(_blocs(independent)) > 1 and not claimed)


def _described(
    story: Story, said: Sequence[Report], catalog: Catalog, standing: Standing, against: Report | None = None
) -> Status:
    independent = sources(said, catalog)
    return Status(
        standing=standing,
        word=_word(story, said, catalog),
        sources=independent,
        blocs=_blocs(independent),
        voice=only_voice(story, said),
        unheard=_unheard(story, said, catalog),
        against=against,
    )


def _blocs(publishers: Sequence[Publisher]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(of.bloc for of in publishers if of.bloc))


# ------------------------------------------------------------------------------------------ against it
def _latest_denial(story: Story, reports: Iterable[Report]) -> Report | None:
    """Return the last report that denies the present stage of *story*, None if there is none."""
    if story.modality not in ASSERTED:
        return None
    since = story.stages[-1].at if story.stages else _LONG_AGO
    later = (report for report in reports if denies(report) and _changed_at(report) >= since)
    return max(later, key=_changed_at, default=None)


def denies(report: Report) -> bool:
    """Tell whether *report* says of something reported that it is not so."""
    event = report.event
    return event is not None and event.modality is Modality.DENIAL and event.type not in _REFUSALS


def _after(said: Iterable[Report], denial: Report) -> list[Report]:
    return [report for report in said if _changed_at(report) > _changed_at(denial)]


def _changed_at(report: Report) -> datetime:
    return report.entry.updated or report.entry.happened_at or _LONG_AGO


# ------------------------------------------------------------------------------------------ whose word
def _word(story: Story, said: Iterable[Report], catalog: Catalog) -> Word:
    """Return on whose word *said* rests; a mediator's counts for more than one party's."""
    events = [(report.event, report.entry.title) for report in said if report.event]
    sides = _sides_heard(story, events, catalog)
    if len(sides) > 1:
        return Word.BOTH_SIDES
    conflict = _conflict(story, catalog)
    if any(_mediates(event, conflict, catalog) for event, _ in events):
        return Word.MEDIATOR
    if sides:
        return Word.ONE_SIDE
    return Word.THIRD_PARTY if any(event.speaker for event, _ in events) else Word.NOBODYS


def _unheard(story: Story, said: Iterable[Report], catalog: Catalog) -> str:
    """Return the party of the conflict's other side where exactly one of two has spoken, "" elsewhere."""
    conflict = _conflict(story, catalog)
    events = [(report.event, report.entry.title) for report in said if report.event]
    heard = _sides_heard(story, events, catalog)
    if conflict is None or len(heard) != 1:
        return ""
    others = [ids for side, ids in conflict.parties.items() if side.isupper() and side not in (*heard, _NO_SIDE)]
    return others[0][0] if len(others) == 1 and others[0] else ""


def _sides_heard(story: Story, events: Iterable[tuple[Event, str]], catalog: Catalog) -> frozenset[str]:
    """Return the sides of the conflict that speak for themselves: quoted, or said to have agreed."""
    heard: set[str] = set()
    for event, title in events:
        agreeing = consenting(event, title, catalog) if event.type is EventType.CEASEFIRE_AGREED else ()
        heard.update(side for id_ in (event.speaker, *agreeing) if (side := _side(id_, story, catalog)))
    return frozenset(heard)


def _side(entity_id: str, story: Story, catalog: Catalog) -> str:
    """Return the side on which the entity is in the story's conflict, "" if on none."""
    entity = catalog.entities.get(entity_id)
    sides = (side.upper() for conflict, side in (entity.links if entity else ()) if conflict in story.conflicts[:1])
    return next((side for side in sides if side != _NO_SIDE), "")


def _mediates(event: Event, conflict: Conflict | None, catalog: Catalog) -> bool:
    speaker = event.speaker
    if not speaker:
        return False
    entity = catalog.entities.get(speaker)
    if entity and conflict and any(link == conflict.id and side != _NO_SIDE for link, side in entity.links):
        return False
    listed = conflict is not None and speaker in conflict.mediators
    return speaker == _UN or listed or (speaker, Role.MEDIATOR) in event.roles


def _conflict(story: Story, catalog: Catalog) -> Conflict | None:
    return catalog.conflicts.get(story.conflicts[0]) if story.conflicts else None
