"""TOML that remembers where things stand, so that a mistake is reported with its line.

The values come from the standard library's parser, the lines from tree-sitter's. Pure.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from bot.errors import ConfigError, Problem

Path = tuple[str | int, ...]

_LANGUAGE = Language(tree_sitter_toml.language())


@dataclass(frozen=True)
class Located:
    """A TOML document: its *data*, the *file* it came from, and what finds the line of every key and item.

    The lines are looked for when first asked for: few files have a mistake that needs one.
    """

    data: dict[str, Any]
    file: str
    find_lines: Callable[[], Mapping[Path, int]] = dict

    @cached_property
    def lines(self) -> Mapping[Path, int]:
        """Return the line of every key and item."""
        return self.find_lines()

    def line(self, *path: str | int) -> int:
        """Return the line (from 1) where *path* stands, or its nearest known parent; 0 for the whole file."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 0

    def problem(self, path: Path, what: str, hint: str = "") -> Problem:
        """Return a problem with what stands at *path*."""
        return Problem(file=self.file, line=self.line(*path), what=what, hint=hint)


def parse_toml(text: str, file: str) -> Located:
    """Parse *text*; raise ConfigError with the line if it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_problem(str(error), text, file)) from error
    except RecursionError as error:
        raise ConfigError(Problem(file=file, line=0, what="it is nested too deeply")) from error
    return Located(data, file, lambda: _Lines(text).found)


def _syntax_problem(message: str, text: str, file: str) -> Problem:
    what, _, place = message.partition(" (at ")
    found = re.search(r"line (\d+)", place)
    line = int(found[1]) if found else text.count("\n") + 1
    hint = "text values need quotation marks" if "Invalid value" in what else ""
    return Problem(file=file, line=line, what=f"this is not valid TOML: {what[:1].lower()}{what[1:]}", hint=hint)


@dataclass(frozen=True, slots=True)
class Span:
    """The lines of a table, from its head to its last value: what stands behind that is not of the table."""

    first: int
    last: int


def spans(text: str, name: str) -> tuple[Span, ...]:
    """Return where each table of the array [[*name*]] stands in *text*, which is valid TOML."""
    nodes = Parser(_LANGUAGE).parse(text.encode()).root_node.named_children
    arrays = (node for node in nodes if node.type == "table_array_element")
    return tuple(_span(node) for node in arrays if _key(node.named_children[0]) == (name,))


def _span(table: Node) -> Span:
    head, *rest = table.named_children
    last = next((child for child in reversed(rest) if child.type == "pair"), head)
    return Span(head.start_point[0] + 1, last.end_point[0] + 1)


class _Lines:
    """Walks the syntax tree once and notes the line of every key path and array item."""

    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        for node in Parser(_LANGUAGE).parse(text.encode()).root_node.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        head, *rest = node.named_children
        path = self._resolve(_key(head))
        if node.type == "table_array_element":
            index = self._tables.get(path, -1) + 1
            self._tables[path] = index
            self._note(path, head)
            path = (*path, index)
        self._note(path, head)
        for child in rest:
            if child.type == "pair":
                self._pair(child, path)

    def _resolve(self, keys: Path) -> Path:
        """Return *keys* with the index of the newest element behind each array of tables but the last."""
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path])
        return path + keys[-1:]

    def _pair(self, node: Node, parent: Path) -> None:
        key, value = node.named_children[0], node.named_children[-1]
        path = parent
        for part in _key(key):
            path = (*path, part)
            self._note(path, key)
        self._value(value, path)

    def _value(self, node: Node, path: Path) -> None:
        if node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, child in enumerate(items):
                self._note((*path, index), child)
                self._value(child, (*path, index))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path)

    def _note(self, path: Path, node: Node) -> None:
        self.found.setdefault(path, node.start_point[0] + 1)


def _key(node: Node) -> tuple[str, ...]:
    """Return the parts of a bare, quoted or dotted key."""
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child))
    text = (node.text or b"").decode()
    return (str(tomllib.loads(f"k = {text}")["k"]),) if node.type == "quoted_key" else (text,)
