"""One table of a rule file, read key by key; what is wrong with it is noted with file and line. Pure."""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from bot.detect.terms import Compiler, Pattern, Sequence, TermError, UnknownConceptError
from bot.errors import Problem
from bot.rulefiles import Source
from bot.text import did_you_mean

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(slots=True)
class Table:
    """One table of a rule file: reads its keys, and notes what is wrong with them."""

    source: Source
    compiler: Compiler
    problems: list[Problem]

    @property
    def data(self) -> dict[str, Any]:
        """Return what the table says."""
        return self.source.data

    @property
    def enabled(self) -> bool:
        """Tell whether the table is switched on."""
        return self.data.get("enabled", True) is not False

    def wrong(self, key: str | tuple[str | int, ...], what: str, hint: str = "") -> None:
        """Note a problem with *key*."""
        path = key if isinstance(key, tuple) else (key,)
        self.problems.append(self.source.problem(path, what, hint))

    def allow(self, *keys: str) -> None:
        """Note every key that is none of *keys*."""
        for key in self.data.keys() - set(keys):
            self.wrong(key, f"unknown key {key!r}", did_you_mean(key, keys) or f"known: {', '.join(keys)}")

    def text(self, key: str, default: str = "") -> str:
        """Return a text, or *default* where there is none."""
        value = self.data.get(key, default)
        if not isinstance(value, str):
            self.wrong(key, f"{key} must be a text")
            return default
        return value

    def number(self, key: str, default: float) -> float:
        """Return a number, or *default* where there is none."""
        value = self.data.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            self.wrong(key, f"{key} must be a number, 0 or more")
            return default
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty where there is none."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, f"{key} must be a list of texts", f'{key} = ["…", "…"]')
            return ()
        return tuple(value)

    def one_of(self, key: str, kind: type[Choice], default: Choice) -> Choice:
        """Return a member of *kind*."""
        return next(iter(self._members(key, [self.text(key, default)], kind)), default)

    def of_id(self, kind: type[Choice], default: Choice) -> Choice:
        """Return the member of *kind* that the table's id names in front of a slash: "claim" of "claim/accusation"."""
        return next(iter(self._members("id", [self.source.id.partition("/")[0]], kind)), default)

    def maybe(self, key: str, kind: type[Choice]) -> Choice | None:
        """Return a member of *kind*, None where there is none."""
        return next(iter(self._members(key, [self.text(key)], kind)), None) if key in self.data else None

    def some_of(self, key: str, kind: type[Choice]) -> frozenset[Choice]:
        """Return members of *kind*; `*` at the end of a text stands for any ending."""
        return frozenset(self._members(key, self.texts(key), kind))

    def _members(self, key: str, given: Iterable[str], kind: type[Choice]) -> list[Choice]:
        found: list[Choice] = []
        for text in given:
            members = fnmatch.filter([member.value for member in kind], text)
            if not members:
                hint = did_you_mean(text, kind) or f"one of: {', '.join(kind)}"
                self.wrong(key, f"there is no {_words(kind)} {text!r}", hint)
            found += [kind(member) for member in members]
        return found

    def concept(self, key: str) -> Pattern | None:
        """Return the concept that *key* names."""
        name = self.text(key)
        if name and name not in self.compiler.concepts:
            self.wrong(key, f"there is no concept @{name}", did_you_mean(name, self.compiler.concepts))
        return self.compiler.concepts.get(name)

    def patterns(self, *keys: str, but_not: Pattern | None = None) -> Pattern:
        """Return the pattern of all terms of *keys*, those that do not compile left out and noted."""
        sequences: list[Sequence] = []
        for key in keys:
            for index, term in enumerate(self.texts(key)):
                try:
                    sequences += self.compiler.sequences(term)
                except UnknownConceptError as error:
                    self.wrong((key, index), str(error), did_you_mean(error.concept, self.compiler.known))
                except TermError as error:
                    self.wrong((key, index), str(error))
        return self.compiler.any_of(sequences, but_not=but_not)

    def optional(self, key: str) -> Pattern | None:
        """Return the pattern of *key*, None where there is none."""
        return self.patterns(key) if key in self.data else None


def _words(kind: type[StrEnum]) -> str:
    """Return what a member of *kind* is called: "event type", "modality"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
