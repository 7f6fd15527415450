"""The rule files of all layers, put together: what ships, the languages, and the operator's own over both.

    bot/data/*.toml, entities.csv      what ships
    bot/data/languages/<code>.toml     a language each
    the operator's rules folder        *.toml and *.csv of any name

All are written alike. A table with an id that a lower layer knows changes it: words are added, `remove` takes words
away, any other key replaces, `enabled = false` switches the whole off. Two files of one layer may add words to the
same table; that both set the same key is a mistake, so the order of files never matters.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path as File
from typing import Any, NamedTuple

from bot.errors import ConfigError, Problem
from bot.text import did_you_mean
from bot.toml import Located, Path, parse_toml

DATA = files("bot") / "data"
SHIPPED = ("lexicon.toml", "conflicts.toml", "rules.toml")

NAMED = ("language", "concept", "entity", "conflict")
"""Sections of tables with a name: `[concept.ceasefire]`."""
LISTED = ("signal", "exclude", "genre", "type", "modality", "accept", "alert.adjust")
"""Sections of tables with an `id`: `[[signal]]`; a dot leads into another section."""
ORDERED = ("type", "modality")
"""Of those, the ones where the first that matches wins."""
SINGLE = ("scoring", "alert")
SECTIONS = (*NAMED, *LISTED, *SINGLE, "schema")
VERSIONS = (1,)
"""What `schema` may say."""

_WORDY = ("concept", "entity")
_COLUMN = "aliases_"
_ENDINGS = (".toml", ".csv")
_ALIKE = (*_ENDINGS, ".jsonl")
"""Who has one of these in a name means the file to be read."""
_SHARED: Mapping[str, tuple[type, str]] = {"enabled": (bool, "true or false")} | dict.fromkeys(
    ("examples", "counterexamples"), (list, "a list")
)
_SHAPES: Mapping[str, Mapping[str, tuple[type, str]]] = {
    "language": {"name": (str, "a text"), "partial": (bool, "true or false"), "home": (str, "a text")},
    "entity": {"kind": (str, "a text"), "role": (str, "a text"), "status": (str, "a text")}
    | {"conflicts": (list, "a list of texts"), "name": (dict, 'a table: name = { en = "…" }')},
    "conflict": {"flag": (str, "a text"), "status": (str, "a text"), "note": (str, "a text")}
    | {"parties": (dict, 'a table: parties = { A = ["…"], B = ["…"] }'), "name": (dict, 'a table: name = { en = "…" }')}
    | dict.fromkeys(("active", "mediators", "guarantors", "venues"), (list, "a list")),
    "alert": {"base": (dict, "a table [alert.base]")},
}
"""What is relied on before the rules are compiled, which checks the rest."""


@dataclass(frozen=True, slots=True)
class Source:
    """One table, put together from all files that speak of it; it knows where each of its values stands."""

    id: str
    data: dict[str, Any]
    places: Mapping[Path, tuple[Located, Path]]

    def problem(self, path: Path, what: str, hint: str = "") -> Problem:
        """Return a problem with the value at *path*."""
        known = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in self.places)
        document, place = self.places[known]
        return document.problem((*place, *path[len(known) :]), what, hint)


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """What all rule files say together. *shipped* is the folder of the lowest layer, *texts* every file as it was read.

    *warnings* are what may be a slip but harms nothing, *ignored* what lies in the operator's folder and is not read.
    """

    shipped: Traversable
    languages: tuple[str, ...]
    sections: Mapping[str, Mapping[str, Source]]
    texts: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()
    ignored: tuple[Problem, ...] = ()

    def tables(self, section: str) -> Sequence[Source]:
        """Return the tables of *section* that are switched on."""
        return [source for source in self.sections[section].values() if source.data.get("enabled", True) is not False]

    @property
    def hash(self) -> str:
        """Return 12 hex digits that tell these rules from any others, wherever the files lie and in whatever order."""
        digest = hashlib.blake2b(digest_size=6)
        for text in sorted(self.texts.values()):
            digest.update(text.encode())
            digest.update(b"\0")
        return digest.hexdigest()

    def table(self, section: str) -> Source:
        """Return the one table of a section such as "scoring"; where nobody wrote it, an empty one."""
        return self.sections[section].get("") or Source("", {}, {(): (Located({}, section), ())})


def read_rule_files(own: File | None = None, *, shipped: Traversable = DATA) -> RuleFiles:
    """Read what ships and, over it, the operator's *own* folder; raise ConfigError naming every mistake."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []

    def read(found: Iterable[tuple[str, Traversable]]) -> list[Located]:
        documents = []
        for name, file in found:
            try:
                texts[name] = _text(name, file)
                documents.append(_parse(texts[name], name))
            except ConfigError as error:
                problems.extend(problem for problem in error.problems if isinstance(problem, Problem))
        return documents

    there = _listing(own) if own else []
    layers = [read(_shipped(shipped)), read(_languages(shipped)), read((str(file), file) for file in _own(there))]
    if problems:
        raise ConfigError(*problems)
    return replace(merge(layers, shipped=shipped, texts=texts), ignored=tuple(_ignored(there)))


def merge(
    layers: Sequence[Sequence[Located]], *, shipped: Traversable = DATA, texts: Mapping[str, str] | None = None
) -> RuleFiles:
    """Put documents together, each layer over those before it; raise ConfigError naming every mistake."""
    documents = [document for layer in layers for document in layer]
    languages = tuple(dict.fromkeys(code for document in documents for code in _table(document.data, "language")))
    merging = _Merging(languages)
    for number, layer in enumerate(layers):
        for document in layer:
            merging.add(document, number)
    sections = {name: merging.section(name) for name in (*NAMED, *LISTED, *SINGLE)}
    if merging.problems:
        raise ConfigError(*merging.problems)
    return RuleFiles(shipped, languages, sections, texts or {}, tuple(merging.warnings))


# ------------------------------------------------------------------------------------------------ finding and reading
def _shipped(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    yield from ((name, folder / name) for name in (*SHIPPED, "entities.csv"))
    yield from ((name, folder / name) for name in ("examples.toml", "accepted.toml") if (folder / name).is_file())


def _languages(folder: Traversable) -> list[tuple[str, Traversable]]:
    within = folder / "languages"
    found = within.iterdir() if within.is_dir() else ()
    return sorted((f"languages/{file.name}", file) for file in found if file.name.endswith(".toml"))


def _listing(folder: File) -> list[File]:
    """Return what lies in the operator's folder, but for hidden files."""
    try:
        return sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        what = f"the folder of your rules cannot be read: {error.strerror}"
        hint = "make it, or correct folder under [rules] in config.toml"
        raise ConfigError(Problem(file=str(folder), line=0, what=what, hint=hint)) from error


def _own(there: Iterable[File]) -> list[File]:
    return [file for file in there if file.suffix in _ENDINGS and file.is_file()]


def _ignored(there: Iterable[File]) -> Iterator[Problem]:
    """Yield what looks as if it should be read and is not: words.toml.txt, OWN.TOML, a folder x.toml."""
    for file in there:
        meant = any(ending in file.name.lower() for ending in _ALIKE)
        if meant and not (file.suffix in _ALIKE and file.is_file()):
            hint = "files whose names end in .toml, .csv or .jsonl are, in small letters"
            yield Problem(file=str(file), line=0, what=f"{file.name!r} is not read", hint=hint)


def _text(name: str, file: Traversable) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(file=name, line=line, what="this is not UTF-8 text", hint="save the file as UTF-8")
    except OSError as error:
        problem = Problem(file=name, line=0, what=f"cannot be read: {error.strerror}")
    raise ConfigError(problem)


def _parse(text: str, name: str) -> Located:
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
        if column.startswith(_COLUMN):
            table[column.removeprefix(_COLUMN)] = [alias for alias in value.split("|") if alias]
        elif column.startswith("name_"):
            table.setdefault("name", {})[column.removeprefix("name_")] = value
        elif column == "conflicts":
            table[column] = [link for link in value.split(";") if link]
        elif column != "id":
            table[column] = value
    return table


# ------------------------------------------------------------------------------------------------ putting together
class _Word(NamedTuple):
    """A word of a list, and where it was written."""

    text: str
    document: Located
    path: Path
    layer: int


@dataclass(slots=True)
class _Entry:
    """A table under construction: whose layer set each key, and where."""

    id: str
    first_layer: int
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, tuple[Located, Path]] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    words: dict[str, list[_Word]] = field(default_factory=dict)
    removed: list[_Word] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one document says of a table."""

    document: Located
    path: Path
    data: dict[str, Any]
    layer: int


class _Merging:
    """Adds documents up."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._languages = languages
        self._entries: dict[str, dict[str, _Entry]] = {name: {} for name in (*NAMED, *LISTED, *SINGLE)}

    def add(self, document: Located, layer: int) -> None:
        """Add what *document* says."""
        for section in document.data.keys() - set(SECTIONS):
            hint = did_you_mean(section, SECTIONS) or f"known: {', '.join(SECTIONS)}"
            self.problems.append(document.problem((section,), f"there is no section {section!r}", hint))
        version = document.data.get("schema", VERSIONS[-1])
        if type(version) is not int or version not in VERSIONS:
            known = f"known: {', '.join(map(str, VERSIONS))}"
            self.problems.append(document.problem(("schema",), f"there is no schema {version!r} of rule files", known))
        for section in (*NAMED, *LISTED, *SINGLE):
            seen: set[str] = set()
            for id_, path, raw in self._tables(document, section):
                if id_ in seen:
                    what = f"each {section} needs an id of its own; {id_!r} is there twice"
                    hint = f'such as "{id_}/another"' if section in ORDERED else ""
                    self.problems.append(document.problem((*path, "id"), what, hint))
                seen.add(id_)
                entry = self._entries[section].setdefault(id_, _Entry(id_, layer))
                entry.places.setdefault((), (document, path))
                self._put(section, entry, _Part(document, path, raw, layer))

    def _tables(self, document: Located, section: str) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Yield the id, place and content of each table of a section."""
        keys, listed = section.split("."), section in LISTED
        raw = reduce(_table, keys[:-1], document.data).get(keys[-1])
        if raw is None:
            return
        if not isinstance(raw, list | dict) or isinstance(raw, list) != listed:
            written = f"[[{section}]]" if listed else f"[{section}]" if section in SINGLE else f"[{section}.name]"
            self.problems.append(document.problem(tuple(keys), f"{section} is written as tables {written}"))
            return
        if section in SINGLE and isinstance(raw, dict):
            yield "", (section,), {key: value for key, value in raw.items() if f"{section}.{key}" not in LISTED}
            return
        for key, table in enumerate(raw) if isinstance(raw, list) else raw.items():
            path: Path = (*keys, key)
            id_ = table.get("id") if listed and isinstance(table, dict) else key
            if isinstance(table, dict) and isinstance(id_, str) and id_:
                yield id_, path, table
            else:
                what = f"each {section} needs an id of its own" if listed else f"{key} must be a table"
                self.problems.append(document.problem((*path, "id"), what))

    def _put(self, section: str, entry: _Entry, part: "_Part") -> None:
        document, layer = part.document, part.layer
        for key, value in part.data.items():
            path = (*part.path, key)
            wordy = section in _WORDY and (key in self._languages or key == "remove")
            if wordy and isinstance(value, list) and all(isinstance(item, str) for item in value):
                words = [_Word(word, document, (*path, index), layer) for index, word in enumerate(value)]
                (entry.removed if key == "remove" else entry.words.setdefault(key, [])).extend(words)
                entry.places.setdefault((key,), (document, path))
            elif not self._fits(section, key, value):
                _, needed = _shape(section, key) or (list, "a list of texts")
                self.problems.append(document.problem(path, f"{key} must be {needed}"))
            elif key != "id":
                if entry.layers.get(key) == layer and entry.data[key] != value:
                    there, place = entry.places[key,]
                    what = f"{key} of {section} {entry.id!r} is set here and in {there.file}:{there.line(*place)}"
                    self.problems.append(document.problem(path, what, "keep one of the two"))
                entry.data[key], entry.layers[key] = value, layer
                entry.places[key,] = (document, path)

    def _fits(self, section: str, key: str, value: object) -> bool:
        """Tell whether the value is of the kind that the catalog relies on."""
        if section in _WORDY and (key in self._languages or key == "remove"):
            return False  # a list of texts went another way
        kind, _ = _shape(section, key) or (object, "")
        return isinstance(value, kind)

    def section(self, name: str) -> dict[str, Source]:
        """Return the tables of a section; those above what ships in the order of their ids."""
        for entry in self._entries[name].values():
            self._warn_of_nothing(name, entry)
        entries = [entry for entry in self._entries[name].values() if not _only_examples(entry)]
        found = [entry for entry in entries if entry.first_layer == 0]
        added = sorted((entry for entry in entries if entry.first_layer > 0), key=lambda entry: entry.id)
        ordered = _in_order([*added, *found], self.problems) if name in ORDERED else [*found, *added]
        return {entry.id: self._source(entry) for entry in ordered}

    def _warn_of_nothing(self, section: str, entry: _Entry) -> None:
        """Warn of what changes a table that nobody wrote: it may have gone with a new version, or be a slip."""
        if entry.first_layer > 0 and entry.data.get("enabled") is False:
            document, path = entry.places["enabled",]
            hint = did_you_mean(entry.id, self._entries[section].keys() - {entry.id})
            self.warnings.append(document.problem(path, f"there is no {section} {entry.id!r} to switch off", hint))
        if _only_examples(entry):
            document, path = entry.places[()]
            hint = did_you_mean(entry.id, self._entries[section].keys() - {entry.id})
            what = f"there is no {section} {entry.id!r} that this could be an example of"
            self.warnings.append(document.problem((*path, "id"), what, hint))
        written = [word.text for words in entry.words.values() for word in words]
        for word in entry.removed:
            if word.text not in written:
                what = f"{word.text!r} is no word of {section} {entry.id!r}, so there is nothing to remove"
                self.warnings.append(word.document.problem(word.path, what, did_you_mean(word.text, written)))

    @staticmethod
    def _source(entry: _Entry) -> Source:
        removed = {word.text for word in entry.removed}
        data, places = dict(entry.data), dict(entry.places)
        for language, words in entry.words.items():
            # What ships keeps its order: the first name of an entity is the one that is shown.
            kept = sorted(words, key=lambda word: (word.layer, word.text if word.layer else ""))
            kept = [word for word in kept if word.text not in removed]
            data[language] = [word.text for word in kept]
            places |= {(language, index): (word.document, word.path) for index, word in enumerate(kept)}
        return Source(entry.id, data, places)


def _shape(section: str, key: str) -> tuple[type, str] | None:
    return _SHAPES.get(section, {}).get(key) or _SHARED.get(key)


def _only_examples(entry: _Entry) -> bool:
    """Tell whether nothing is known of a rule but examples: it may have gone with a new version."""
    return bool(entry.data) and entry.data.keys() <= {"examples", "counterexamples"}


def _in_order(entries: list[_Entry], problems: list[Problem]) -> list[_Entry]:
    """Return rules in the order in which they are tried: those with `before` stand right before the one it names."""
    placed = [entry for entry in entries if "before" not in entry.data]
    waiting = [entry for entry in entries if "before" in entry.data]
    while waiting:
        ready = [entry for entry in waiting if any(other.id == entry.data["before"] for other in placed)]
        for entry in ready:
            position = next(n for n, other in enumerate(placed) if other.id == entry.data["before"])
            placed.insert(position, entry)
        waiting = [entry for entry in waiting if entry not in ready]
        if not ready:
            break
    for entry in waiting:
        document, path = entry.places["before",]
        hint = did_you_mean(str(entry.data["before"]), [other.id for other in entries])
        problems.append(document.problem(path, f"there is no rule {entry.data['before']!r} to stand before", hint))
    return [*placed, *waiting]


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    return value if isinstance(value, dict) else {}
