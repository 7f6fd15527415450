"""Commands that show the ledgers. Each docstring is its /help text: a line, then how to say it."""

from dataclasses import replace

from bot.alert import ledgers
from bot.alert.phrases import Reader
from bot.chat import menus, reading
from bot.chat.desk import STORY_ID, Asked, Desk
from bot.chat.guards import of_conflicts, owner_only
from bot.chat.understand import find_conflicts
from bot.errors import DecisionError
from bot.ledger.ledger import Ledger
from bot.model import Access, Button, Message
from bot.owner import ledgers as books
from bot.text import cut, escape

MOST_TO_UNDO = 8
LONGEST_ACTION = 64
"""Bytes that a button can send."""


def timeline(desk: Desk, asked: Asked) -> Message:
    """Show what moved in a conflict, or the page of a story.

    /timeline ukraine shows the moves of a process, who moved last, and what is due next; /timeline shows the page of
    the last story that you were told, as /story does.
    """
    if not asked.words or STORY_ID.fullmatch(asked.words):
        return reading.story(desk, asked)
    return track(desk, asked)


@of_conflicts
def track(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    """Show where each process stands: its last confirmed steps.

    /track · /track ukraine · /track all
    """
    reader, found = desk.reader(asked), _read(desk, asked, conflicts)
    if not conflicts or len(found) > 1:
        return ledgers.overview(found, reader)
    if not found:
        return ledgers.untracked(min(conflicts), reader)
    return _tracked(asked, found[0], 0, reader)


def track_page(desk: Desk, asked: Asked) -> Message:
    """Turn over the moves of the conflict whose button was pressed."""
    conflict, _, number = asked.words.partition(":")
    reader, found = desk.reader(asked), _read(desk, asked, frozenset({conflict}))
    if not found:
        return ledgers.untracked(conflict, reader)
    return _tracked(asked, found[0], asked.about(number).number, reader)


def _tracked(asked: Asked, ledger: Ledger, number: int, reader: Reader) -> Message:
    pages, conflict = ledgers.track(ledger, reader), ledger.conflict
    last = len(pages) - 1
    number = min(number, last)
    more = [Button(name.title(), f"{name}:{conflict}") for name in ("calendar", "exchanges", "ceasefires")]
    more += [Button("Take out a move", f"undoable:{conflict}")] if asked.access is Access.OWNER else []
    turn = menus.turn(f"trackpage:{conflict}:", number, last)
    return replace(pages[number], buttons=(*pages[number].buttons, *turn, *menus.rows(more, 2)))


@of_conflicts
def ceasefires(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    """Show which ceasefires hold, since when, until when, and what breaks them.

    /ceasefires · /ceasefires sudan · /ceasefires all
    """
    return ledgers.ceasefires(_read(desk, asked, conflicts), desk.reader(asked))


@of_conflicts
def calendar(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    """Show when talks are due, and when ceasefires end.

    /calendar · /calendar gaza · /calendar all; the button under it hands the days over as a file for your calendar.
    """
    action = f"ics:{asked.words}"
    add = action if len(action.encode()) <= LONGEST_ACTION else ""
    return ledgers.calendar(_read(desk, asked, conflicts), desk.reader(asked), add=add)


def add_to_calendar(desk: Desk, asked: Asked) -> Message:
    """Hand over the days as a file for any calendar program: those of a story, else those that /calendar shows."""
    if STORY_ID.fullmatch(asked.words):
        story = desk.archive.story(asked.words)
        found = _read(desk, asked, frozenset(story.conflicts[:1])) if story else ()
        return ledgers.calendar_file([each.of_story(asked.words) for each in found], desk.reader(asked))
    return _calendar_file(desk, asked)


@of_conflicts
def _calendar_file(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    return ledgers.calendar_file(_read(desk, asked, conflicts), desk.reader(asked))


@of_conflicts
def exchanges(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    """Show exchanges of prisoners and corridors for aid, with numbers.

    /exchanges · /exchanges ukraine · /exchanges all
    """
    return ledgers.exchanges(_read(desk, asked, conflicts), desk.reader(asked))


@owner_only
def undo(desk: Desk, asked: Asked) -> Message:
    """Take a move out of the ledgers, or put it back.

    /undo ukraine lists the last moves to choose from; /undo a348a659 takes out the one of this id.
    """
    if not asked.words:
        return Message(html="Of which conflict? For example: /undo ukraine")
    conflicts = find_conflicts(asked.words, desk.catalog)
    if len(conflicts) == 1:
        return undoable(desk, asked.about(conflicts[0]))
    return undo_pressed(desk, asked)


@owner_only
def undoable(desk: Desk, asked: Asked) -> Message:
    """List the last moves of a conflict, for the owner to take one out."""
    found, reader = next(iter(_read(desk, asked, frozenset({asked.words}))), None), desk.reader(asked)
    if found is None:
        return ledgers.untracked(asked.words, reader)
    moves = found.moves[: -MOST_TO_UNDO - 1 : -1]
    buttons = [Button(cut(ledgers.brief(move, reader), 60), f"undo:{move.id}") for move in moves]
    return Message(html="Which move never was? It leaves every ledger, for good.", buttons=menus.rows(buttons, 1))


@owner_only
def undo_pressed(desk: Desk, asked: Asked) -> Message:
    """Take out the move whose id is given."""
    try:
        move = books.undo(desk.archive, desk.catalog, asked.words, asked.now)
    except DecisionError as error:
        return Message(html=escape(str(error)))
    back = ((Button("Put it back", f"redo:{move.id}"),),)
    return Message(html=f"Taken out: {escape(ledgers.brief(move, desk.reader(asked)))}", buttons=back)


@owner_only
def redo_pressed(desk: Desk, asked: Asked) -> Message:
    """Put the move whose id is given back."""
    try:
        books.redo(desk.archive, desk.catalog, asked.words, asked.now)
    except DecisionError as error:
        return Message(html=escape(str(error)))
    return Message(html="It counts again.")


def _read(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> tuple[Ledger, ...]:
    found = books.read_ledgers(desk.archive, desk.catalog, asked.now, conflicts=conflicts)
    return tuple(found.values())
