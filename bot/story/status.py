"""How far a story can be relied on, and on whose word it rests. Pure.

Confirmed is what two independent sources report, if they stand in different blocs, or if both parties or a mediator
say so. A claim that one person makes stays unconfirmed, however many quote it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.catalog import Catalog, Publisher
from bot.model import ASSERTED, Event, EventType, Modality, Report, Standing, Story
from bot.story.denial import AGREEMENTS, Denial, changed_at, decides, denials, denied_types, unretracted
from bot.story.origin import origins, published_by
from bot.story.voice import Word, side_in, speakers, unheard, word

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
_COLLAPSES = frozenset({EventType.CEASEFIRE_ENDED, EventType.TALKS_STALLED})
STANDS = frozenset({Standing.CONFIRMED, Standing.DISPUTED, Standing.COLLAPSED})
"""Standings of what is borne out, even if somebody denies it."""
RETRACTED = frozenset({Standing.CORRECTED, Standing.WITHDRAWN})
"""Standings in which no source says any more what was told."""
TAKEN_BACK = RETRACTED | {Standing.DENIED}
"""Standings in which what was told before does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a story can be relied on, and why.

    *sources* are those who stand behind it, each independent of the others, and *blocs* theirs, the earliest first.
    *voice* is the one whom all quote, "" if there is no such one. *unheard* is the party of which there is no word yet,
    where the other has spoken. *against* is the report that denied, corrected or withdrew it, and *denier* who denied
    it there; an unconfirmed story may have them too. *lost* are reports that no longer say so, while others do.
    """

    standing: Standing
    word: Word = Word.NOBODYS
    sources: tuple[Publisher, ...] = ()
    blocs: tuple[str, ...] = ()
    voice: str = ""
    unheard: str = ""
    against: Report | None = None
    denier: str = ""
    lost: tuple[Report, ...] = ()


def status(story: Story, reports: Sequence[Report], catalog: Catalog) -> Status:
    """Return how far *story* can be relied on, by its *reports* as their publishers word them now."""
    said = backing(story, reports)
    if reports and not said:
        others = [report for report in reports if story.type not in denied_types(report)] or reports
        # Only who said so once has anything to correct.
        own = [report for report in others if report.entry.key in story.taken_back] or others
        withdrawn = not any(report.event for report in own)
        standing = Standing.WITHDRAWN if withdrawn else Standing.CORRECTED
        return _described(story, reports, catalog, standing, max(own, key=changed_at))
    lost = _lost(story, reports, said, catalog)
    against = denials(story, reports, catalog) if story.modality in ASSERTED else ()
    if standing_against := list(unretracted(story, against, said, catalog)):
        standing = _denied(story, said, against, standing_against, catalog)
        denial = standing_against[-1]
        return _described(story, said, catalog, standing, denial.report, denier=denial.by, lost=lost)
    if not _is_confirmed(story, said, catalog):
        return _described(story, said, catalog, Standing.UNCONFIRMED, lost=lost)
    collapsed = story.type in _COLLAPSES and len(story.stages) > 1
    return _described(story, said, catalog, Standing.COLLAPSED if collapsed else Standing.CONFIRMED, lost=lost)


def _denied(
    story: Story, said: Sequence[Report], against: Sequence[Denial], standing: Sequence[Denial], catalog: Catalog
) -> Standing:
    """Return how a story stands with denials *against* it, of which some are *standing*.

    A truce that one denies who has to keep it is none to rely on, whoever reports it. What was done, an exchange or a
    breach, one party cannot unsay: that is disputed, once it was confirmed, unless both sides or a mediator deny it to
    more than one source.
    """
    refuted = any(decides(story, each, said, catalog) for each in standing)
    if not _is_confirmed(story, said, catalog):
        return Standing.DENIED if refuted else Standing.UNCONFIRMED
    if refuted and story.type in AGREEMENTS:
        return Standing.DENIED
    camps = {each.camp for each in standing}
    parties = {camp for each in standing if (camp := side_in(story, each.by, catalog))}
    independent = sources([each.report for each in against if each.camp in camps], catalog)
    borne_out = len(independent) > 1 and (len(parties) > 1 or camps > parties)
    return Standing.DENIED if borne_out else Standing.DISPUTED


def _lost(story: Story, reports: Iterable[Report], said: Sequence[Report], catalog: Catalog) -> tuple[Report, ...]:
    """Return the reports that said so once and do not now, of publishers that have no other that does."""
    if not story.taken_back:
        return ()
    still = {published_by(report.entry, catalog).id for report in said}
    gone = (report for report in reports if report.entry.key in story.taken_back and report not in said)
    return tuple(report for report in gone if published_by(report.entry, catalog).id not in still)


def backing(story: Story, reports: Iterable[Report]) -> list[Report]:
    """Return the reports that say what *story* now says: its stage, asserted or not as it is.

    A report of an earlier stage never counts towards the present one.
    """
    return [report for report in reports if report.event and _agrees(report.event, story)]


def firm(story: Story, said: Sequence[Report]) -> Sequence[Report]:
    """Return those of *said* that never took their word back; all of them if each once did."""
    return [report for report in said if report.entry.key not in story.taken_back] or said


def _agrees(event: Event, story: Story) -> bool:
    same_sense = event.modality == story.modality or {event.modality, story.modality} <= ASSERTED
    return event.type == story.type and same_sense and is_of(story, event)


def is_of(story: Story, event: Event) -> bool:
    """Tell whether *event* may be of the conflicts of *story*: a running page may have gone on to another war."""
    return not (event.conflicts and story.conflicts) or not set(event.conflicts).isdisjoint(story.conflicts)


def only_voice(story: Story, reports: Iterable[Report]) -> str:
    """Return the one whom all that back *story* quote for it, "" if there is no such one.

    Publishers who quote the same person bear out that it was said, not that it is so.
    """
    voices = {tuple(speakers(report.event)) for report in backing(story, reports) if report.event}
    asserted = story.modality in ASSERTED and story.type not in IS_SPEECH
    [voice, *others] = voices or {()}
    return voice[0] if asserted and not others and len(voice) == 1 else ""


def sources(reports: Sequence[Report], catalog: Catalog) -> tuple[Publisher, ...]:
    """Return the independent sources of *reports*: copies of one wire, of one owner or of one text count once."""
    return tuple({of.family or of.id: of for of in reversed(origins(reports, catalog))}.values())[::-1]


def _is_confirmed(story: Story, said: Sequence[Report], catalog: Catalog) -> bool:
    asserted = story.modality in ASSERTED
    if not asserted and not (story.modality is Modality.PLAN and story.type in _PLANNED_BY_NATURE):
        return False
    said = [report for report in said if report.entry.key not in story.taken_back]
    independent, whose = sources(said, catalog), word(story, said, catalog)
    if len(independent) < 2 or (only_voice(story, said) and whose is not Word.MEDIATOR):
        return False
    if len(_blocs(independent)) < 2 and all(of.state_media for of in independent):
        return False  # one state speaks through several mouths
    # That each accuses the other does not bear out either.
    agreed = whose is Word.BOTH_SIDES and story.type is not EventType.CEASEFIRE_VIOLATED
    apart = [report for report in said if _stands_apart(report, story, catalog)]
    claimed = all(report.event and report.event.modality is Modality.CLAIM for report in apart)
    return agreed or whose is Word.MEDIATOR or (len(_blocs(sources(apart, catalog))) > 1 and not claimed)


def _stands_apart(report: Report, story: Story, catalog: Catalog) -> bool:
    """Tell whether *report* bears out what happened: who only quotes one of the parties does not.

    An accusation is not borne out by the state media of the accuser either, in whatever words they bring it.
    """
    if report.event is None:
        return False
    if story.type in IS_SPEECH or report.event.modality is Modality.PLAN:
        return True
    publisher = published_by(report.entry, catalog)
    accusing = story.type is EventType.CEASEFIRE_VIOLATED and publisher.state_media
    partial = accusing and side_in(story, publisher.bloc, catalog)
    return not partial and not any(side_in(story, each, catalog) for each in speakers(report.event))


def _described(
    story: Story,
    said: Sequence[Report],
    catalog: Catalog,
    standing: Standing,
    against: Report | None = None,
    *,
    denier: str = "",
    lost: tuple[Report, ...] = (),
) -> Status:
    independent = sources(firm(story, said), catalog)
    return Status(
        standing=standing,
        word=word(story, said, catalog),
        sources=independent,
        blocs=_blocs(independent),
        voice=only_voice(story, said),
        unheard=unheard(story, said, catalog),
        against=against,
        denier=denier,
        lost=lost,
    )


def _blocs(publishers: Sequence[Publisher]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(of.bloc for of in publishers if of.bloc))
