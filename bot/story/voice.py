"""Who speaks in a story's reports, and for which side of its conflict. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from bot.catalog import Catalog, Conflict
from bot.model import Event, EventType, Report, Role, Story
from bot.story.consent import consenting
from bot.story.origin import told_by

_UN = "un"
_NO_SIDE = "X"


class Word(StrEnum):
    """On whose word a story rests."""

    NOBODYS = ""
    ONE_SIDE = "one side"
    BOTH_SIDES = "both sides"
    MEDIATOR = "a mediator"
    THIRD_PARTY = "a third party"


def speakers(event: Event) -> Sequence[str]:
    """Return the ids of those who are quoted: of the one, or of several who speak together."""
    if event.speaker:
        return (event.speaker,)
    return tuple(dict.fromkeys(each.name for each in event.mentions if each.role == "speaker"))


def word(story: Story, said: Iterable[Report], catalog: Catalog) -> Word:
    """Return on whose word *said*, reports of *story*, rests; a mediator's counts for more than one party's."""
    said = tuple(said)
    sides = sides_heard(story, said, catalog)
    if len(sides) > 1:
        return Word.BOTH_SIDES
    events = [report.event for report in said if report.event]
    if any(mediates(id_, event, story, catalog) for event in events for id_ in speakers(event)):
        return Word.MEDIATOR
    if sides:
        return Word.ONE_SIDE
    return Word.THIRD_PARTY if any(map(speakers, events)) else Word.NOBODYS


def unheard(story: Story, said: Iterable[Report], reports: Iterable[Report], catalog: Catalog) -> str:
    """Return the party of the conflict's other side where *said* quote exactly one of two, "" elsewhere.

    Who speaks in any of *reports*, be it against the story or of an earlier stage, is not called silent.
    """
    conflict, heard = _conflict(story, catalog), sides_heard(story, said, catalog)
    if conflict is None or len(heard) != 1:
        return ""
    others = [side for side in conflict.parties if side.isupper() and side not in {*heard, _NO_SIDE}]
    if len(others) != 1 or others[0] in sides_heard(story, reports, catalog):
        return ""
    return next(iter(conflict.parties[others[0]]), "")


def sides_heard(story: Story, said: Iterable[Report], catalog: Catalog) -> frozenset[str]:
    """Return the sides of the conflict that speak for themselves: quoted, or declaring a halt by themselves.

    That "Russia and Ukraine agree" is the word of the paper that writes it.
    """
    return frozenset(side for report in said for side in _heard_in(report, story, catalog))


def _heard_in(report: Report, story: Story, catalog: Catalog) -> frozenset[str]:
    """Return the sides that speak in *report*."""
    quoted = {side_in(story, id_, catalog) for id_ in (speakers(report.event) if report.event else ())}
    declaring = sides_agreeing(story, [report], catalog)
    sides = (quoted - {""}) | (declaring if len(declaring) == 1 else frozenset())
    return frozenset(side for side in sides if may_quote(report, side, story, catalog))


def may_quote(report: Report, side: str, story: Story, catalog: Catalog) -> bool:
    """Tell whether what *report* has *side* say is that side's word: state media of another do not speak for it."""
    publisher = told_by(report.entry, catalog)
    own = side_in(story, publisher.bloc, catalog) if publisher.state_media else ""
    return own in ("", side)


def sides_agreeing(story: Story, said: Iterable[Report], catalog: Catalog) -> frozenset[str]:
    """Return the sides that headlines of *said* make agree to a ceasefire, or declare one."""
    agreed = (each for each in said if each.event and each.event.type is EventType.CEASEFIRE_AGREED)
    agreeing = (id_ for each in agreed if each.event for id_ in consenting(each.event, each.entry.title, catalog))
    return frozenset(side for id_ in agreeing if (side := side_in(story, id_, catalog)))


def side_in(story: Story, entity_id: str, catalog: Catalog) -> str:
    """Return the side on which the entity is in the first conflict of *story*, "" if on none."""
    return side_of(entity_id, story.conflicts[0], catalog) if story.conflicts else ""


def side_of(entity_id: str, conflict_id: str, catalog: Catalog) -> str:
    """Return the side on which the entity fights in the conflict, "" if on none."""
    entity = catalog.entities.get(entity_id)
    sides = (side.upper() for conflict, side in (entity.links if entity else ()) if conflict == conflict_id)
    return next((side for side in sides if side != _NO_SIDE), "")


def mediates(entity_id: str, event: Event, story: Story, catalog: Catalog) -> bool:
    """Tell whether the entity mediates in the conflict of *story*, by the catalog or by *event*; no party ever does."""
    if not entity_id or side_in(story, entity_id, catalog):
        return False
    conflict = _conflict(story, catalog)
    listed = conflict is not None and entity_id in conflict.mediators
    return entity_id == _UN or listed or (entity_id, Role.MEDIATOR) in event.roles


def _conflict(story: Story, catalog: Catalog) -> Conflict | None:
    return catalog.conflicts.get(story.conflicts[0]) if story.conflicts else None
