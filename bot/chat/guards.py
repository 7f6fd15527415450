"""Whom a command is for, and what it needs to know: a guard answers in the command's place where that is missing.

A guarded command keeps its docstring, which is its /help text.
"""

from collections.abc import Callable
from functools import wraps

from bot.alert import phrases
from bot.chat import menus, understand
from bot.chat.describe import described
from bot.chat.desk import Asked, Desk, Handler
from bot.model import Access, Button, Message
from bot.text import escape


def owner_only(handler: Handler) -> Handler:
    """Return *handler* for the owner; anybody else learns that it is not for them, and nothing is kept."""

    @wraps(handler)
    def guarded(desk: Desk, asked: Asked) -> Message:
        if asked.access is not Access.OWNER:
            return Message(html="Only the owner of this bot decides that.")
        return handler(desk, asked)

    return guarded


def followers_only(handler: Handler) -> Handler:
    """Return *handler* for chats that follow something; others are shown where to begin, and nothing is saved."""

    @wraps(handler)
    def guarded(desk: Desk, asked: Asked) -> Message:
        if desk.people.subscription(asked.chat) is None:
            return Message(html=described(None, desk.reader(asked)), buttons=((Button("Begin", "run:start"),),))
        return handler(desk, asked)

    return guarded


def of_conflicts(answer: Callable[[Desk, Asked, frozenset[str]], Message]) -> Handler:
    """Return *answer* as a command that is given the conflicts its words name, or says that they name none."""

    @wraps(answer)
    def guarded(desk: Desk, asked: Asked) -> Message:
        conflicts = named_conflicts(desk, asked, asked.words)
        return unknown_conflict(desk, asked, asked.words) if conflicts is None else answer(desk, asked, conflicts)

    return guarded


def named_conflicts(desk: Desk, asked: Asked, words: str) -> frozenset[str] | None:
    """Return the conflicts that *words* name, without words those that the chat follows.

    An empty set means all conflicts, None that the words name none.
    """
    if not words:
        return desk.subscription(asked).conflicts
    if words.casefold() in understand.MEANS_EVERYTHING:
        return frozenset()
    return frozenset(understand.find_conflicts(words, desk.catalog)) or None


def unknown_conflict(desk: Desk, asked: Asked, words: str) -> Message:
    """Return that no conflict goes by these *words*, with the nearest name, and the list to choose from."""
    reader = desk.reader(asked)
    names = {each.name(reader.language).casefold(): each.id for each in desk.catalog.conflicts.values()}
    near = understand.nearest(words, [*desk.catalog.conflicts, *names])
    guess = f" Did you mean {escape(phrases.conflict(names.get(near, near), reader))}?" if near else ""
    return Message(
        html=f"I know no conflict by “{phrases.short(words, 60)}”.{guess}\nThese are the ones that I watch:",
        buttons=menus.conflicts(desk.by_activity(asked.now), None, "now", 0, reader),
    )
