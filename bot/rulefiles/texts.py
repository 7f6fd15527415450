"""One rule file: its text, and the tables that it holds. Whether it is TOML or CSV makes no difference afterwards."""

import csv
from importlib.resources.abc import Traversable
from typing import Any

from bot.errors import ConfigError, Problem
from bot.toml import Located, Path, parse_toml

_ALIASES, _NAME = "aliases_", "name_"
"""How the columns of a CSV begin that hold the words, or the name, in a language."""


def read_text(name: str, file: Traversable) -> str:
    """Return what is in *file*; raise ConfigError, in which it is called *name*."""
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(file=name, line=line, what="this is not UTF-8 text", hint="save the file as UTF-8")
    except OSError as error:
        problem = Problem(file=name, line=0, what=f"cannot be read: {error.strerror}")
    raise ConfigError(problem)


def parse(text: str, name: str) -> Located:
    """Return the tables of the file *name*; raise ConfigError naming every mistake."""
    return _parse_csv(text, name) if name.endswith(".csv") else parse_toml(text, name)


def _parse_csv(text: str, name: str) -> Located:
    """Return entities.csv as the `[entity.x]` tables that say the same."""
    entities: dict[str, dict[str, Any]] = {}
    lines: dict[Path, int] = {}
    problems = []
    reader = csv.DictReader(text.splitlines())
    if "id" not in (reader.fieldnames or ()):
        raise ConfigError(
            Problem(file=name, line=1, what="the first line must name the columns", hint="id,kind,conflicts,aliases_en")
        )
    for row in reader:
        key = row["id"] or ""
        if not key or key in entities or None in row:
            what = f"{key}: too many columns" if None in row else f"each row needs an id of its own, not {key!r}"
            problems.append(Problem(file=name, line=reader.line_num, what=what))
        entities[key] = _row({column: value for column, value in row.items() if column and value})
        lines["entity", key] = reader.line_num
    if problems:
        raise ConfigError(*problems)
    return Located({"entity": entities}, name, lambda: lines)


def _row(row: dict[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for column, value in row.items():
        if column.startswith(_ALIASES):
            table[column.removeprefix(_ALIASES)] = [alias for alias in value.split("|") if alias]
        elif column.startswith(_NAME):
            table.setdefault("name", {})[column.removeprefix(_NAME)] = value
        elif column == "conflicts":
            table[column] = [link for link in value.split(";") if link]
        elif column != "id":
            table[column] = value
    return table
