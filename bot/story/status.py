"""How far a story can be relied on, and on whose word it rests. Pure.

Confirmed is what two independent sources report, if they stand in different blocs, or if both parties or a mediator
say so. A claim that one person makes stays unconfirmed, however many quote it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.catalog import Catalog, Publisher
from bot.model import ASSERTED, Event, EventType, Modality, Report, Standing, Story
from bot.story.denial import AGREEMENTS, Denial, changed_at, decides, denials, denied_types, unretracted
from bot.story.origin import origins, published_by, told_by
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
_DENIED_BY_NATURE = frozenset({EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED, EventType.STATEMENT})
"""To say no is all that there is to them, and can be confirmed as such."""
_COLLAPSES = frozenset({EventType.CEASEFIRE_ENDED, EventType.TALKS_STALLED})
_TAKES_ONE = frozenset(
    {EventType.CEASEFIRE_REJECTED, EventType.CEASEFIRE_ENDED, EventType.TALKS_STALLED, EventType.STATEMENT}
)
"""What one side does by itself: no word of the other is waited for."""
STANDS = frozenset({Standing.CONFIRMED, Standing.DISPUTED, Standing.COLLAPSED})
"""Standings of what is borne out, even if somebody denies it."""
RETRACTED = frozenset({Standing.CORRECTED, Standing.WITHDRAWN})
"""Standings in which no source says any more what was told."""
TAKEN_BACK = RETRACTED | {Standing.DENIED}
"""Standings in which what was told before does not hold."""


class Reason(StrEnum):
    """Why a story is confirmed, or why it is not, in words for a reader."""

    TWO_BLOCS = "sources in two blocs report it"
    BOTH_SIDES = "both sides say so"
    MEDIATOR = "a mediator says so"
    PLANNED = "it is only planned so far"
    NOT_NOW = "it is not reported as happening now"
    ONE_SOURCE = "no second source"
    ONE_VOICE = "all quote the same person or side"
    ONE_STATE = "all are state media of one country"
    ACCUSED = "each side accuses the other"
    CLAIMED = "it is told as a claim only"
    ONE_BLOC = "no second bloc reports it"
    QUOTED = "all only quote a party, or speak for one"
    OTHERS_QUOTE = "one bloc reports it, the others only quote a party"


_CONFIRMS = frozenset({Reason.TWO_BLOCS, Reason.BOTH_SIDES, Reason.MEDIATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a story can be relied on, and why.

    *reason* is why it is confirmed, or why not, whatever may have been said against it since.
    *sources* are those who stand behind it, each independent of the others, and *blocs* theirs, the earliest first.
    *voice* is the one whom all quote, "" if there is no such one. *unheard* is the party whose word is waited for,
    where the other has spoken. *against* is the report that denied, corrected or withdrew it, and *denier* who denied
    it there; an unconfirmed story may have them too. *lost* are reports that no longer say so, while others do.
    """

    standing: Standing
    reason: Reason
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
        return _taken_back(story, reports, catalog)
    of = replace(_described(story, said, reports, catalog), lost=_lost(story, reports, said, catalog))
    against = denials(story, reports, catalog) if story.modality in ASSERTED else ()
    if unanswered := list(unretracted(story, against, said, catalog)):
        refuted = any(decides(story, each, said, catalog) for each in unanswered)
        last = unanswered[-1]
        standing = _denied(story, against, unanswered, catalog, refuted=refuted, confirmed=of.reason in _CONFIRMS)
        spoke = side_in(story, last.by, catalog) == side_in(story, of.unheard, catalog)
        return replace(of, standing=standing, against=last.report, denier=last.by, unheard="" if spoke else of.unheard)
    if of.reason not in _CONFIRMS:
        return of
    collapsed = story.type in _COLLAPSES and len(story.stages) > 1
    return replace(of, standing=Standing.COLLAPSED if collapsed else Standing.CONFIRMED)


def _taken_back(story: Story, reports: Sequence[Report], catalog: Catalog) -> Status:
    """Return the status of a *story* that none of its *reports* tells any more."""
    others = [report for report in reports if story.type not in denied_types(report)] or reports
    # Only who said so once has anything to correct.
    own = [report for report in others if report.entry.key in story.taken_back] or others
    standing = Standing.CORRECTED if any(report.event for report in own) else Standing.WITHDRAWN
    return replace(_described(story, reports, reports, catalog), standing=standing, against=max(own, key=changed_at))


def _denied(
    story: Story,
    against: Sequence[Denial],
    unanswered: Sequence[Denial],
    catalog: Catalog,
    *,
    refuted: bool,
    confirmed: bool,
) -> Standing:
    """Return how a story stands with denials *against* it, of which some are *unanswered*.

    A truce that one denies who has to keep it is none to rely on, whoever reports it. What was done, an exchange or a
    breach, one party cannot unsay: that is disputed, once it was *confirmed*, unless both sides or a mediator deny it
    to more than one source.
    """
    if not confirmed:
        return Standing.DENIED if refuted else Standing.UNCONFIRMED
    if refuted and story.type in AGREEMENTS:
        return Standing.DENIED
    camps = {each.camp for each in unanswered}
    parties = {camp for each in unanswered if (camp := side_in(story, each.by, catalog))}
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
    return [report for report in reports if report.event and tells(report.event, story)]


def firm(story: Story, said: Sequence[Report]) -> Sequence[Report]:
    """Return those of *said* that never took their word back; all of them if each once did."""
    return [report for report in said if report.entry.key not in story.taken_back] or said


def tells(event: Event, story: Story) -> bool:
    """Tell whether *event* says what *story* now says."""
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


def _reason(story: Story, said: Sequence[Report], catalog: Catalog) -> Reason:
    """Return why *said*, which back *story*, confirm it, or the first thing that keeps them from it."""
    said = [report for report in said if report.entry.key not in story.taken_back]
    whose = word(story, said, catalog)
    if objection := _objection(story, said, whose, catalog):
        return objection
    if whose is Word.MEDIATOR:
        return Reason.MEDIATOR
    if whose is Word.BOTH_SIDES and story.type is not EventType.CEASEFIRE_VIOLATED:
        return Reason.BOTH_SIDES
    return _by_blocs(story, said, whose, catalog)


def _objection(story: Story, said: Sequence[Report], whose: Word, catalog: Catalog) -> Reason | None:
    """Return what keeps *said* from confirming *story* on whosever word they rest, None if nothing does."""
    independent = sources(said, catalog)
    if not _can_be_confirmed(story):
        return Reason.PLANNED if story.modality is Modality.PLAN else Reason.NOT_NOW
    if len(independent) < 2:
        return Reason.ONE_SOURCE
    if whose is not Word.MEDIATOR and only_voice(story, said):
        return Reason.ONE_VOICE
    one_state = len(_blocs(independent)) < 2 and all(of.state_media for of in independent)
    return Reason.ONE_STATE if one_state else None  # one state speaks through several mouths


def _by_blocs(story: Story, said: Sequence[Report], whose: Word, catalog: Catalog) -> Reason:
    """Return whether sources of two blocs bear *story* out, who do not only quote a party, or why they do not."""
    apart = [report for report in said if _stands_apart(report, story, catalog)]
    claimed = all(report.event and report.event.modality is Modality.CLAIM for report in apart)
    if len(_blocs(sources(apart, catalog))) > 1 and not claimed:
        return Reason.TWO_BLOCS
    if whose is Word.BOTH_SIDES:  # that each accuses the other does not bear out either
        return Reason.ACCUSED
    if len(_blocs(sources(said, catalog))) < 2:
        return Reason.ONE_BLOC
    if not apart:
        return Reason.QUOTED
    return Reason.CLAIMED if claimed else Reason.OTHERS_QUOTE


def _can_be_confirmed(story: Story) -> bool:
    """Tell whether what *story* says is done, or is of the things that are done by planning or refusing them."""
    if story.modality is Modality.PLAN:
        return story.type in _PLANNED_BY_NATURE
    return story.modality in ASSERTED or (story.modality is Modality.DENIAL and story.type in _DENIED_BY_NATURE)


def _stands_apart(report: Report, story: Story, catalog: Catalog) -> bool:
    """Tell whether *report* bears out what happened: who only quotes one of the parties does not.

    An accusation is not borne out by the state media of the accuser either, in whatever words they bring it.
    """
    if report.event is None:
        return False
    if story.type in IS_SPEECH or report.event.modality is Modality.PLAN:
        return True
    publisher = told_by(report.entry, catalog)
    accusing = story.type is EventType.CEASEFIRE_VIOLATED and publisher.state_media
    partial = accusing and side_in(story, publisher.bloc, catalog)
    return not partial and not any(side_in(story, each, catalog) for each in speakers(report.event))


def _described(story: Story, said: Sequence[Report], reports: Sequence[Report], catalog: Catalog) -> Status:
    """Return who stands behind *story*, which *said* of its *reports* tell, and what confirms it; no standing yet."""
    independent = sources(firm(story, said), catalog)
    return Status(
        standing=Standing.UNCONFIRMED,
        reason=_reason(story, said, catalog),
        word=word(story, said, catalog),
        sources=independent,
        blocs=_blocs(independent),
        voice=only_voice(story, said),
        unheard="" if story.type in _TAKES_ONE else unheard(story, said, reports, catalog),
    )


def _blocs(publishers: Sequence[Publisher]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(of.bloc for of in publishers if of.bloc))
