"""The commands that show the ledgers: `parley ledger` and `parley calendar`."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opened import known_names, opened_archive

if TYPE_CHECKING:
    from bot.catalog import Catalog
    from bot.ledger.ledger import Ledger
    from bot.store.archive import ArchiveStore

Named = Annotated[str, typer.Argument(metavar="[CONFLICT]", help="Its id or name, such as sudan (default: all).")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How far back stories are read.")]


def ledger(
    conflict: Named = "",
    days: Days = 60,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a conflict, with every source.")] = False,
    undo: Annotated[str, typer.Option(metavar="MOVE", help="Take the move of this id out; that is remembered.")] = "",
    redo: Annotated[str, typer.Option(metavar="MOVE", help="Put a move that was taken out back.")] = "",
) -> None:
    """Show each conflict's moves, ceasefires, violations, talks and exchanges, and how sure they are."""
    import json

    from bot.app import utc_now
    from bot.ledger.plain import plain
    from bot.ledger.text import describe, lines
    from bot.owner import ledgers as books

    now, catalog = utc_now(), known_names()
    with opened_archive() as archive:
        if undo:
            typer.echo(f"taken out: {describe(books.undo(archive, catalog, undo, now), catalog)}")
            return
        if redo:
            books.redo(archive, catalog, redo, now)
            typer.echo(f"{redo} counts again")
            return
        found = _ledgers(archive, catalog, conflict, days)
    for each in found.values():
        written = [json.dumps(plain(each, now), ensure_ascii=False)] if as_json else lines(each, catalog, now)
        typer.echo("\n".join(written))


def calendar(
    conflict: Named = "",
    days: Days = 60,
    ics: Annotated[bool, typer.Option("--ics", help="Write an .ics file, for any calendar program.")] = False,
) -> None:
    """List the talks that have a day, and the last days of ceasefires."""
    from bot.app import utc_now
    from bot.ledger.ics import calendar as written
    from bot.ledger.text import calendar_lines

    now, catalog = utc_now(), known_names()
    with opened_archive() as archive:
        found = _ledgers(archive, catalog, conflict, days)
    if ics:
        sys.stdout.buffer.write(written(found.values(), catalog, now))
    else:
        for line in calendar_lines(found.values(), catalog, now):
            typer.echo(line)


def _ledgers(archive: "ArchiveStore", catalog: "Catalog", named: str, days: int) -> "Mapping[str, Ledger]":
    """Return the ledgers of the conflicts that *named* names, all without a name."""
    from datetime import timedelta

    from bot.app import utc_now
    from bot.chat.understand import find_conflicts
    from bot.errors import DecisionError
    from bot.owner.ledgers import ALL, read_ledgers

    conflicts = frozenset(find_conflicts(named, catalog)) if named else frozenset()
    if named and not conflicts:
        raise DecisionError(f"no conflict goes by {named!r}; try a country, such as sudan")
    found = read_ledgers(archive, catalog, utc_now(), conflicts=conflicts, back=timedelta(days=days), most=ALL)
    if not found:
        typer.echo(f"nothing is in the ledgers of the last {days} days", err=True)
    return found
