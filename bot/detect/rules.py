"""The rule files, read and compiled; every mistake in them is named with its file and line."""

import fnmatch
import gc
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from bot.catalog import Catalog, Conflict, load_catalog
from bot.detect.fact_words import load_fact_words
from bot.detect.facts import FactFinder
from bot.detect.gazetteer import Gazetteer
from bot.detect.numbers import NUMERALS
from bot.detect.speaker import Told
from bot.detect.table import Table
from bot.detect.terms import Compiler, Pattern, TermError, Vocabulary, references
from bot.errors import ConfigError, Problem
from bot.model import EventType, Modality
from bot.rulefiles import DATA, RuleFiles, read_rule_files
from bot.text import did_you_mean


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
    TITLE_ARMED_GROUP = "title_armed_group"
    TWO_SIDES = "two_sides"
    TITLE_TWO = "title_two"
    TITLE_PARTY_MEDIATOR = "title_party_mediator"
    HOME = "home"


class Status(StrEnum):
    """How a conflict stands."""

    ACTIVE = "active"
    CEASEFIRE = "ceasefire"
    FROZEN = "frozen"
    WATCH = "watch"


class EntityKind(StrEnum):
    """What an entity is."""

    COUNTRY = "country"
    TERRITORY = "territory"
    PERSON = "person"
    ARMED_GROUP = "armed_group"
    ORG = "org"
    PLACE = "place"
    ACCORD = "accord"


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

    id: str
    type: EventType
    where: Where | None
    pattern: Pattern
    unless: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalityRule:
    """Words that make an event of one of *types* this sure; no pattern: always.

    With *told*, somebody must also speak, and of one of these.
    """

    id: str
    modality: Modality
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
    """Everything that the detector knows. *hash* tells these rules from any others.

    *homes* are by language the conflict that its press means where it names none.
    """

    scoring: Scoring
    vocabulary: Vocabulary
    concepts: Mapping[str, Pattern]
    numerals: Pattern
    conflicts: Mapping[str, Conflict]
    catalog: Catalog
    facts: FactFinder
    gazetteer: Gazetteer
    signals: tuple[Signal, ...]
    excludes: tuple[Exclude, ...]
    genres: tuple[Genre, ...]
    types: tuple[TypeRule, ...]
    modalities: tuple[ModalityRule, ...]
    homes: Mapping[str, Conflict] = field(default_factory=dict)
    hash: str = ""


def load_rules(files: RuleFiles | None = None, *, catalog: Catalog | None = None) -> Rules:
    """Compile the rules in *files* (default: what ships); raise ConfigError naming every mistake."""
    with _no_garbage():
        return _load_rules(files or read_rule_files(), catalog)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Let nobody look for garbage where none arises; that takes a fifth of the time of making so many objects."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _load_rules(files: RuleFiles, catalog: Catalog | None) -> Rules:
    problems: list[Problem] = []
    catalog = catalog or load_catalog(files)
    compiler = Compiler(common=_common_words())
    _read_lexicon(files, compiler, problems)
    gazetteer = _read_gazetteer(files, catalog, compiler, problems)
    _check_conflicts(files, catalog, problems)
    sections = _Sections(files, compiler, problems)
    compiled = Rules(
        scoring=sections.scoring(catalog),
        vocabulary=compiler.vocabulary,
        concepts=compiler.concepts,
        numerals=compiler.pattern(NUMERALS),
        conflicts=catalog.conflicts,
        catalog=catalog,
        facts=FactFinder(load_fact_words(files.shipped / "facts")),
        gazetteer=gazetteer,
        signals=sections.signals(),
        excludes=sections.excludes(),
        genres=sections.genres(),
        types=sections.types(),
        modalities=sections.modalities(),
        homes=_read_homes(files, catalog, compiler, problems),
        hash=files.hash,
    )
    if problems:
        raise ConfigError(*problems)
    return compiled


def _read_homes(files: RuleFiles, catalog: Catalog, compiler: Compiler, problems: list[Problem]) -> dict[str, Conflict]:
    """Read by language the conflict that its press means where it names none."""
    homes = {}
    for source in files.sections["language"].values():
        table = Table(source, compiler, problems)
        table.allow("name", "partial", "home")
        if not (name := table.text("home")):
            continue
        if name in catalog.conflicts:
            homes[source.id] = catalog.conflicts[name]
        else:
            table.wrong("home", f"there is no conflict {name!r}", did_you_mean(name, catalog.conflicts))
    return homes


def _common_words() -> frozenset[str]:
    words = tomllib.loads((DATA / "headline_words.toml").read_text(encoding="utf-8"))
    return frozenset(words["stop_words"].split())


# ------------------------------------------------------------------------------------------ lexicon and names
def _read_lexicon(files: RuleFiles, compiler: Compiler, problems: list[Problem]) -> None:
    """Compile the concepts, each after those that it refers to; one that is switched off matches nothing."""
    compiler.known = files.sections["concept"].keys()
    for name in files.sections["concept"]:
        _read_concept(name, files, compiler, problems, waiting=())


def _read_concept(
    name: str, files: RuleFiles, compiler: Compiler, problems: list[Problem], waiting: tuple[str, ...]
) -> None:
    """Compile the concept *name*, for which those *waiting* wait: each refers to the next, the last one to it."""
    raw, languages = files.sections["concept"], files.languages
    if name in compiler.concepts:
        return
    if name in waiting:
        circle = " -> ".join([*waiting[waiting.index(name) :], name])
        problems.append(raw[name].problem((), f"concepts refer to each other in a circle: {circle}"))
        compiler.concepts[name] = compiler.pattern(())
        return
    table = Table(raw[name], compiler, problems)
    table.allow("label", "but_not", "enabled", *languages)
    words = languages if table.enabled else ()
    terms = [term for language in words for term in table.texts(language)]
    for other in {table.text("but_not")}.union(*map(references, terms)) & raw.keys():
        _read_concept(other, files, compiler, problems, (*waiting, name))
    compiler.concepts[name] = table.patterns(*words, but_not=table.concept("but_not"))


def _read_gazetteer(files: RuleFiles, catalog: Catalog, compiler: Compiler, problems: list[Problem]) -> Gazetteer:
    gazetteer = Gazetteer(catalog.entities)
    for source in files.tables("entity"):
        table = Table(source, compiler, problems)
        table.allow("kind", "conflicts", "name", "role", "status", "enabled", *files.languages)
        table.one_of("kind", EntityKind, EntityKind.COUNTRY)
        for language in files.languages:
            for index, alias in enumerate(table.texts(language)):
                try:
                    gazetteer.add(catalog.entities[source.id], [alias], compiler)
                except TermError as error:
                    table.wrong((language, index), f"{source.id}: {error}")
    return gazetteer


def _check_conflicts(files: RuleFiles, catalog: Catalog, problems: list[Problem]) -> None:
    """Note every party, mediator, guarantor or venue that is no entity, and every unknown status."""
    switched_off = files.sections["entity"].keys() - catalog.entities.keys()
    keys = ("name", "flag", "status", "active", "parties", "mediators", "guarantors", "venues", "note", "enabled")
    for source in files.tables("conflict"):
        Table(source, Compiler(), problems).allow(*keys)
        conflict = catalog.conflicts[source.id]
        roles = {"mediators": conflict.mediators, "guarantors": conflict.guarantors, "venues": conflict.venues}
        roles["parties"] = tuple(party for side in conflict.parties.values() for party in side)
        problems.extend(
            source.problem((role,), f"there is no entity {name!r}", did_you_mean(name, catalog.entities))
            for role, names in roles.items()
            for name in names
            if name not in catalog.entities and name not in switched_off
        )
        if conflict.status not in set(Status):
            hint = did_you_mean(conflict.status, Status) or f"one of: {', '.join(Status)}"
            problems.append(source.problem(("status",), f"there is no status {conflict.status!r}", hint))


# ------------------------------------------------------------------------------------------ rules
@dataclass(slots=True)
class _Sections:
    """The sections of rules."""

    files: RuleFiles
    compiler: Compiler
    problems: list[Problem] = field(default_factory=list)

    def _tables(self, section: str, *keys: str) -> list[Table]:
        tables = [Table(source, self.compiler, self.problems) for source in self.files.tables(section)]
        for table in tables:
            table.allow("enabled", "examples", "counterexamples", *keys)
        return tables

    def scoring(self, catalog: Catalog) -> Scoring:
        """Read `[scoring]`."""
        table = Table(self.files.table("scoring"), self.compiler, self.problems)
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
        keys = ("where", "any", "also_title", "also_summary", "unless", "needs", "weight")
        return tuple(
            Signal(
                id=table.source.id,
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

    def excludes(self) -> tuple[Exclude, ...]:
        """Read `[[exclude]]`; each glob in `cancels` must mean a signal."""
        keys = ("any", "by", "cancels", "unless", "unless_needs", "unless_status", "only_status")
        signal_ids = list(self.files.sections["signal"])
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
                    id=table.source.id,
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
            Genre(id=table.source.id, pattern=table.patterns("any"), urls=table.texts("urls"))
            for table in self._tables("genre", "any", "urls")
        )

    def types(self) -> tuple[TypeRule, ...]:
        """Read `[[type]]`, in the order in which they are tried."""
        return tuple(
            TypeRule(
                id=table.source.id,
                type=table.of_id(EventType, EventType.STATEMENT),
                where=table.maybe("where", Where),
                pattern=table.patterns("any"),
                unless=table.optional("unless"),
            )
            for table in self._tables("type", "before", "where", "any", "unless")
        )

    def modalities(self) -> tuple[ModalityRule, ...]:
        """Read `[[modality]]`, in the order in which they are tried."""
        return tuple(
            ModalityRule(
                id=table.source.id,
                modality=table.of_id(Modality, Modality.FACT),
                types=table.some_of("types", EventType) or frozenset(EventType),
                pattern=table.optional("any"),
                told=table.some_of("told", Told),
                unless=table.optional("unless"),
            )
            for table in self._tables("modality", "before", "any", "told", "unless", "types")
        )
