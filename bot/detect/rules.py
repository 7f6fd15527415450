"""The rule files, read and compiled; every mistake in them is named with its file and line."""

import csv
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Any

from bot.catalog import DATA, Catalog, Conflict, did_you_mean, load_catalog
from bot.detect.gazetteer import Gazetteer
from bot.detect.numbers import NUMERALS
from bot.detect.speaker import Told
from bot.detect.table import Table
from bot.detect.terms import Compiler, Pattern, TermError, Vocabulary, references
from bot.errors import ConfigError, Problem
from bot.model import EventType, Modality
from bot.toml import Located, parse_toml

LANGUAGES = ("en", "uk", "ru")


class Where(StrEnum):
    """Which words a signal reads: the title, the summary, or the summary's first sentence."""

    TITLE = "title"
    SUMMARY = "summary"
    LEAD = "lead"


class Needs(StrEnum):
    """What must be known of the conflict for a signal to count."""

    NONE = "none"
    CONFLICT = "conflict"
    TITLE_PARTY = "title_party"
    TWO_SIDES = "two_sides"
    TITLE_TWO = "title_two"
    TITLE_PARTY_MEDIATOR = "title_party_mediator"


class Status(StrEnum):
    """How a conflict stands."""

    ACTIVE = "active"
    CEASEFIRE = "ceasefire"
    FROZEN = "frozen"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Words that speak for relevance: *pattern* in *where*, and the others too where given."""

    id: str
    where: Where
    pattern: Pattern
    needs: Needs
    weight: float
    also_title: Pattern | None = None
    also_summary: Pattern | None = None
    unless: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """Words that cancel the signals *cancels*, unless others stand in title or summary.

    Without words it always cancels; *only_status* makes it cancel by the status of the conflict.
    """

    id: str
    by: Where
    pattern: Pattern | None
    cancels: frozenset[str]
    unless_needs: Needs | None = None
    unless: Pattern | None = None
    unless_status: frozenset[Status] = frozenset()
    only_status: frozenset[Status] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Genre:
    """Words in a title, or parts of an address, that mark what is no news."""

    id: str
    pattern: Pattern
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRule:
    """Words that make an event this type, unless others stand there too; *where* None: in title or summary."""

    type: EventType
    number: int
    where: Where | None
    pattern: Pattern
    unless: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalityRule:
    """Words that make an event of one of *types* this sure; no pattern: always.

    With *told*, somebody must also speak, and of one of these.
    """

    modality: Modality
    number: int
    types: frozenset[EventType]
    pattern: Pattern | None
    told: frozenset[Told] = frozenset()
    unless: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """The few numbers of `[scoring]`. Longer titles and summaries are read up to so many characters."""

    relevant_at: float = 1.0
    near_at: float = 0.4
    title_characters: int = 400
    summary_characters: int = 400
    weak: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that the detector knows."""

    scoring: Scoring
    vocabulary: Vocabulary
    concepts: Mapping[str, Pattern]
    numerals: Pattern
    conflicts: Mapping[str, Conflict]
    gazetteer: Gazetteer
    signals: tuple[Signal, ...]
    excludes: tuple[Exclude, ...]
    genres: tuple[Genre, ...]
    types: tuple[TypeRule, ...]
    modalities: tuple[ModalityRule, ...]


def load_rules(folder: Traversable | None = None, *, catalog: Catalog | None = None) -> Rules:
    """Read and compile the rules in *folder* (default: what ships); raise ConfigError naming every mistake."""
    folder = folder or DATA
    problems: list[Problem] = []
    catalog = catalog or load_catalog(folder)
    compiler = Compiler()
    _read_lexicon(_read(folder / "lexicon.toml"), compiler, problems)
    gazetteer = _read_gazetteer(folder / "entities.csv", catalog, compiler, problems)
    _check_conflicts(_read(folder / "conflicts.toml"), catalog, problems)
    rules = _Sections(_read(folder / "rules.toml"), compiler, problems)
    signals = rules.signals()
    compiled = Rules(
        scoring=rules.scoring(catalog),
        vocabulary=compiler.vocabulary,
        concepts=compiler.concepts,
        numerals=compiler.pattern(NUMERALS),
        conflicts=catalog.conflicts,
        gazetteer=gazetteer,
        signals=signals,
        excludes=rules.excludes([signal.id for signal in signals]),
        genres=rules.genres(),
        types=rules.types(),
        modalities=rules.modalities(),
    )
    if problems:
        raise ConfigError(*problems)
    return compiled


def _read(file: Traversable) -> Located:
    return parse_toml(file.read_text(encoding="utf-8"), file.name)


# ------------------------------------------------------------------------------------------ lexicon and names
def _read_lexicon(document: Located, compiler: Compiler, problems: list[Problem]) -> None:
    """Compile the concepts, each after those that it refers to."""
    raw: dict[str, dict[str, Any]] = document.data.get("concept", {})
    under_way: list[str] = []

    def compile_concept(name: str) -> None:
        if name in compiler.concepts:
            return
        if name in under_way:
            circle = " -> ".join([*under_way[under_way.index(name) :], name])
            problems.append(document.problem(("concept", name), f"concepts refer to each other in a circle: {circle}"))
            compiler.concepts[name] = compiler.pattern(())
            return
        under_way.append(name)
        table = Table(document, ("concept", name), raw[name], compiler, problems)
        table.allow("label", "but_not", *LANGUAGES)
        terms = [term for language in LANGUAGES for term in table.texts(language)]
        for other in {table.text("but_not")}.union(*map(references, terms)) & raw.keys():
            compile_concept(other)
        compiler.concepts[name] = table.patterns(*LANGUAGES, but_not=table.concept("but_not"))
        under_way.pop()

    for name in raw:
        compile_concept(name)


def _read_gazetteer(file: Traversable, catalog: Catalog, compiler: Compiler, problems: list[Problem]) -> Gazetteer:
    gazetteer = Gazetteer(catalog.entities)
    with file.open("r", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            columns = (row[f"aliases_{language}"] or "" for language in LANGUAGES)
            aliases = [alias for column in columns for alias in column.split("|") if alias]
            try:
                gazetteer.add(catalog.entities[row["id"]], aliases, compiler)
            except TermError as error:
                problems.append(Problem(file=file.name, line=reader.line_num, what=f"{row['id']}: {error}"))
    return gazetteer


def _check_conflicts(document: Located, catalog: Catalog, problems: list[Problem]) -> None:
    """Note every party, mediator, guarantor or venue that is no entity, and every unknown status."""
    for conflict in catalog.conflicts.values():
        path = ("conflict", conflict.id)
        roles = {"mediators": conflict.mediators, "guarantors": conflict.guarantors, "venues": conflict.venues}
        roles["parties"] = tuple(party for side in conflict.parties.values() for party in side)
        problems.extend(
            document.problem((*path, role), f"there is no entity {name!r}", did_you_mean(name, catalog.entities))
            for role, names in roles.items()
            for name in names
            if name not in catalog.entities
        )
        if conflict.status not in set(Status):
            hint = did_you_mean(conflict.status, Status) or f"one of: {', '.join(Status)}"
            problems.append(document.problem((*path, "status"), f"there is no status {conflict.status!r}", hint))


# ------------------------------------------------------------------------------------------ rules.toml
@dataclass(slots=True)
class _Sections:
    """The sections of `rules.toml`."""

    document: Located
    compiler: Compiler
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = ("schema", "scoring", "signal", "exclude", "genre", "type", "modality", "alert")
        Table(self.document, (), self.document.data, self.compiler, self.problems).allow(*known)

    def _tables(self, section: str, *keys: str) -> list[Table]:
        tables = [
            Table(self.document, (section, index), raw, self.compiler, self.problems)
            for index, raw in enumerate(self.document.data.get(section, []))
        ]
        seen: set[str] = set()
        for table in tables:
            table.allow(*keys)
            if section in ("signal", "exclude", "genre") and (not table.text("id") or table.text("id") in seen):
                table.wrong("id", f"each {section} needs an id of its own")
            seen.add(table.text("id"))
        return tables

    def scoring(self, catalog: Catalog) -> Scoring:
        """Read `[scoring]`."""
        table = Table(self.document, ("scoring",), self.document.data.get("scoring", {}), self.compiler, self.problems)
        table.allow("relevant_at", "near_at", "title_characters", "summary_characters", "weak")
        for name in set(table.texts("weak")) - catalog.entities.keys():
            table.wrong("weak", f"there is no entity {name!r}", did_you_mean(name, catalog.entities))
        return Scoring(
            relevant_at=table.number("relevant_at", 1.0),
            near_at=table.number("near_at", 0.4),
            title_characters=int(table.number("title_characters", 400)),
            summary_characters=int(table.number("summary_characters", 400)),
            weak=frozenset(table.texts("weak")),
        )

    def signals(self) -> tuple[Signal, ...]:
        """Read `[[signal]]`."""
        keys = ("id", "where", "any", "also_title", "also_summary", "unless", "needs", "weight")
        return tuple(
            Signal(
                id=table.text("id"),
                where=table.one_of("where", Where, Where.TITLE),
                pattern=table.patterns("any"),
                needs=table.one_of("needs", Needs, Needs.NONE),
                weight=table.number("weight", 1.0),
                also_title=table.optional("also_title"),
                also_summary=table.optional("also_summary"),
                unless=table.optional("unless"),
            )
            for table in self._tables("signal", *keys)
        )

    def excludes(self, signal_ids: list[str]) -> tuple[Exclude, ...]:
        """Read `[[exclude]]`; each glob in `cancels` must mean a signal."""
        keys = ("id", "any", "by", "cancels", "unless", "unless_needs", "unless_status", "only_status")
        found = []
        for table in self._tables("exclude", *keys):
            cancels: set[str] = set()
            for glob in table.texts("cancels"):
                cancelled = fnmatch.filter(signal_ids, glob)
                if not cancelled:
                    table.wrong("cancels", f"there is no signal {glob!r}", did_you_mean(glob, signal_ids))
                cancels.update(cancelled)
            found.append(
                Exclude(
                    id=table.text("id"),
                    by=table.one_of("by", Where, Where.TITLE),
                    pattern=table.optional("any"),
                    cancels=frozenset(cancels),
                    unless_needs=table.maybe("unless_needs", Needs),
                    unless=table.optional("unless"),
                    unless_status=table.some_of("unless_status", Status),
                    only_status=table.some_of("only_status", Status),
                )
            )
        return tuple(found)

    def genres(self) -> tuple[Genre, ...]:
        """Read `[[genre]]`."""
        return tuple(
            Genre(id=table.text("id"), pattern=table.patterns("any"), urls=table.texts("urls"))
            for table in self._tables("genre", "id", "any", "urls")
        )

    def types(self) -> tuple[TypeRule, ...]:
        """Read `[[type]]`, in the order in which they are tried."""
        return tuple(
            TypeRule(
                type=table.one_of("id", EventType, EventType.STATEMENT),
                number=number,
                where=table.maybe("where", Where),
                pattern=table.patterns("any"),
                unless=table.optional("unless"),
            )
            for number, table in enumerate(self._tables("type", "id", "where", "any", "unless"), 1)
        )

    def modalities(self) -> tuple[ModalityRule, ...]:
        """Read `[[modality]]`, in the order in which they are tried."""
        return tuple(
            ModalityRule(
                modality=table.one_of("id", Modality, Modality.FACT),
                number=number,
                types=table.some_of("types", EventType) or frozenset(EventType),
                pattern=table.optional("any"),
                told=table.some_of("told", Told),
                unless=table.optional("unless"),
            )
            for number, table in enumerate(self._tables("modality", "id", "any", "told", "unless", "types"), 1)
        )
