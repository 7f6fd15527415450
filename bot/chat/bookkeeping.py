"""Commands that show the ledgers. Each docstring is its /help text: a line, then how to say it."""

from bot.alert import ledgers
from bot.chat import asking, menus
from bot.chat.desk import STORY_ID, Asked, Desk
from bot.chat.understand import EVERYTHING, find_conflicts
from bot.errors import DecisionError
from bot.ledger.ledger import Ledger
from bot.model import Access, Button, Message
from bot.owner import ledgers as books
from bot.text import cut, escape

MOST_TO_UNDO = 8


def timeline(desk: Desk, asked: Asked) -> Message:
    """Show what moved in a conflict, or a story's reports in order of time.

    /timeline ukraine shows the moves of a process, who moved last, and what is due next; /timeline shows the reports
    of the last story that you were told; so does the button "Timeline" under each.
    """
    if not asked.words or STORY_ID.fullmatch(asked.words):
        return asking.timeline(desk, asked)
    return track(desk, asked)


def track(desk: Desk, asked: Asked) -> Message:
    """Show where each process stands: its last confirmed steps.

    /track · /track ukraine · /track all
    """
    conflicts = _conflicts(desk, asked)
    if conflicts is None:
        return asking.unknown_conflict(desk, asked, asked.words)
    reader, found = desk.reader(asked), _read(desk, asked, conflicts)
    if not conflicts or len(found) > 1:
        return ledgers.overview(found, reader)
    if not found:
        return ledgers.untracked(min(conflicts), reader)
    shown, conflict = ledgers.track(found[0], reader), found[0].conflict
    buttons = [Button("Calendar", f"calendar:{conflict}"), Button("Exchanges", f"exchanges:{conflict}")]
    buttons += [Button("Take out a move", f"undoable:{conflict}")] if asked.access is Access.OWNER else []
    return Message(html=shown.html, buttons=menus.rows(buttons, 2))


def calendar(desk: Desk, asked: Asked) -> Message:
    """Show when talks are due, and when ceasefires end.

    /calendar · /calendar gaza · /calendar all
    """
    conflicts = _conflicts(desk, asked)
    if conflicts is None:
        return asking.unknown_conflict(desk, asked, asked.words)
    return ledgers.calendar(_read(desk, asked, conflicts), desk.reader(asked))


def exchanges(desk: Desk, asked: Asked) -> Message:
    """Show exchanges of prisoners and corridors for aid, with numbers.

    /exchanges · /exchanges ukraine · /exchanges all
    """
    conflicts = _conflicts(desk, asked)
    if conflicts is None:
        return asking.unknown_conflict(desk, asked, asked.words)
    return ledgers.exchanges(_read(desk, asked, conflicts), desk.reader(asked))


def undo(desk: Desk, asked: Asked) -> Message:
    """Take a move out of the ledgers, or put it back.

    /undo ukraine lists the last moves to choose from; /undo a348a659 takes out the one of this id.
    """
    conflicts = frozenset(find_conflicts(asked.words, desk.catalog)) if asked.words else frozenset()
    if len(conflicts) == 1:
        return undoable(desk, asked.about(next(iter(conflicts))))
    if not asked.words:
        return Message(html="Of which conflict? For example: /undo ukraine")
    return undo_pressed(desk, asked)


def undoable(desk: Desk, asked: Asked) -> Message:
    """List the last moves of a conflict, for the owner to take one out."""
    if asked.access is not Access.OWNER:
        return _owners_only()
    found, reader = next(iter(_read(desk, asked, frozenset({asked.words}))), None), desk.reader(asked)
    if found is None:
        return ledgers.untracked(asked.words, reader)
    moves = found.moves[: -MOST_TO_UNDO - 1 : -1]
    buttons = [Button(cut(ledgers.brief(move, reader), 60), f"undo:{move.id}") for move in moves]
    return Message(html="Which move never was? It leaves every ledger, for good.", buttons=menus.rows(buttons, 1))


def undo_pressed(desk: Desk, asked: Asked) -> Message:
    """Take out the move whose id is given."""
    if asked.access is not Access.OWNER:
        return _owners_only()
    try:
        move = books.undo(desk.archive, desk.catalog, asked.words, asked.now)
    except DecisionError as error:
        return Message(html=escape(str(error)))
    back = ((Button("Put it back", f"redo:{move.id}"),),)
    return Message(html=f"Taken out: {escape(ledgers.brief(move, desk.reader(asked)))}", buttons=back)


def redo_pressed(desk: Desk, asked: Asked) -> Message:
    """Put the move whose id is given back."""
    if asked.access is not Access.OWNER:
        return _owners_only()
    try:
        books.redo(desk.archive, desk.catalog, asked.words, asked.now)
    except DecisionError as error:
        return Message(html=escape(str(error)))
    return Message(html="It counts again.")


def _owners_only() -> Message:
    return Message(html="Only the owner can do that.")


def _conflicts(desk: Desk, asked: Asked) -> frozenset[str] | None:
    """Return the conflicts that are named, without words those followed; empty: all; None: not understood."""
    if not asked.words:
        return desk.subscription(asked).conflicts
    if asked.words.casefold() in EVERYTHING:
        return frozenset()
    named = {asked.words} & desk.catalog.conflicts.keys() or find_conflicts(asked.words, desk.catalog)
    return frozenset(named) or None


def _read(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> tuple[Ledger, ...]:
    found = books.read_ledgers(desk.archive, desk.catalog, asked.now, conflicts=conflicts)
    return tuple(found.values())
