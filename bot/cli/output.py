"""What commands write on stdout: tables as wide as the terminal, and JSON."""

import json
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 120
"""Columns of a table where nobody looks on (a pipe, a file)."""


def console() -> "Console":
    """Return the console that tables are printed on."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDTH, markup=False)


def write_json(value: object) -> None:
    """Write *value* for people and programs alike: indented, every letter as it is."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
