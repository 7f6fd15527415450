"""The ledgers read out of the archive, and what the owner takes out of them: a move that never was, a wrong date.

What is not asked for is not read: a long war has thousands of stories.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.catalog import Catalog
from bot.errors import DecisionError
from bot.ledger.ceasefire import ON_THE_CLOCK, Halt
from bot.ledger.ledger import Ledger, ledgers
from bot.ledger.move import Move, moves, step_id, step_keys
from bot.model import EventType, Report, Story
from bot.ports import Archive

LOOK_BACK = timedelta(days=60)
"""What is older is over, or was told again since."""
MOST = 60
"""Stories of one kind, the newest, for a question in chat: nobody else is answered meanwhile."""
MOST_ON_THE_CLOCK = 300
ALL = 1_000_000

_OFFERS = frozenset({EventType.CEASEFIRE_PROPOSED, EventType.CEASEFIRE_REJECTED})
_VIOLATIONS = frozenset({EventType.CEASEFIRE_VIOLATED})
_TALKS = frozenset(each for each in EventType if each.family == "talks")
_REST = frozenset(EventType) - ON_THE_CLOCK - _OFFERS - _VIOLATIONS - _TALKS - {EventType.STATEMENT}
KINDS = (ON_THE_CLOCK, _OFFERS, _VIOLATIONS, _TALKS, _REST)
"""Stories are read kind by kind, so that a thousand violations crowd out no declaration of a truce."""

StoriesWithReports = Mapping[str, tuple[Story, Sequence[Report]]]


def read_ledgers(
    archive: Archive,
    catalog: Catalog,
    now: datetime,
    *,
    conflicts: frozenset[str] = frozenset(),
    back: timedelta = LOOK_BACK,
    most: int = MOST,
) -> Mapping[str, Ledger]:
    """Return the ledgers of *conflicts* (empty: of all), by the stories of the time *back* before *now*.

    Of each kind of step only the newest stories are read, *most* at most.
    """
    told = {id_: one for kind in KINDS for id_, one in _told(archive, conflicts, now - back, kind, most).items()}
    found = ledgers(told.values(), catalog, archive.undone_steps())
    return {conflict: ledger for conflict, ledger in found.items() if not conflicts or conflict in conflicts}


def read_halts(archive: Archive, catalog: Catalog, now: datetime, conflict: str) -> Sequence[Halt]:
    """Return the halts of one conflict; cheaper than its whole ledger."""
    types = ON_THE_CLOCK | _VIOLATIONS  # of which some began as a truce
    told = _told(archive, frozenset({conflict}), now - LOOK_BACK, types, MOST_ON_THE_CLOCK, having=ON_THE_CLOCK)
    found = ledgers(told.values(), catalog, archive.undone_steps())
    return found[conflict].halts if conflict in found else ()


def undo(archive: Archive, catalog: Catalog, move_id: str, now: datetime) -> Move:
    """Take the move of this id out of the ledgers and return it; raise DecisionError if there is none."""
    move = _move(archive, catalog, move_id, now)
    if move is None:
        raise DecisionError(f"there is no move {move_id!r} in the last {LOOK_BACK.days} days")
    with archive.transaction():
        archive.undo_steps(move.steps, now)
    return move


def redo(archive: Archive, catalog: Catalog, move_id: str, now: datetime) -> Sequence[str]:
    """Put the move of this id back into the ledgers, and return its steps; raise DecisionError if it was not undone."""
    undone, move = archive.undone_steps(), _move(archive, catalog, move_id, now)
    steps = [step for step in undone if step_id(step) == move_id or (move and step in move.steps)]
    if not steps:
        raise DecisionError(f"no move {move_id!r} is taken out now")
    with archive.transaction():
        archive.redo_steps(steps)
    return steps


def _move(archive: Archive, catalog: Catalog, move_id: str, now: datetime) -> Move | None:
    """Return the move that has a step of this id, undone or not."""
    since = now - LOOK_BACK
    stories = archive.stories(since=since, limit=ALL)
    story = next((story for story in stories if move_id in map(step_id, step_keys(story))), None)
    if story is None:
        return None
    told = _told(archive, frozenset(story.conflicts[:1]), since, frozenset({story.type}), ALL)
    told = {**told, story.id: (story, archive.reports(story.id))}
    found = moves(told.values(), catalog)
    return next((move for move in found if move_id in map(step_id, move.steps)), None)


def _told(
    archive: Archive,
    conflicts: frozenset[str],
    since: datetime,
    types: frozenset[EventType],
    most: int,
    *,
    having: frozenset[EventType] = frozenset(EventType),
) -> StoriesWithReports:
    """Return, by id, the stories of these types since then that ever were of a type in *having*, with their reports."""
    stories = archive.stories(since=since, conflicts=conflicts, types=types, limit=most)
    wanted = (
        story for story in stories if not having.isdisjoint({story.type, *(stage.type for stage in story.stages)})
    )
    return {story.id: (story, archive.reports(story.id)) for story in wanted}
