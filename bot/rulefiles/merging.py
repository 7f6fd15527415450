"""Rule files put together, layer over layer, table by table; every value knows where it stands. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from bot.errors import ConfigError, Problem
from bot.text import did_you_mean
from bot.toml import Located, Path

DATA = files("bot") / "data"
"""The folder of the lowest layer: what ships."""

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

    def _put(self, section: str, entry: _Entry, part: _Part) -> None:
        """Put what *part* says into *entry*: words are added up, any other key is set."""
        for key, value in part.data.items():
            kind, needed = _shape(section, key)
            if section in _WORDY and (key in self._languages or key == "remove"):
                self._add_words(entry, part, key, value)
            elif not isinstance(value, kind):
                self.problems.append(part.document.problem((*part.path, key), f"{key} must be {needed}"))
            elif key != "id":
                self._set(section, entry, part, key)

    def _add_words(self, entry: _Entry, part: _Part, key: str, value: object) -> None:
        path = (*part.path, key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problems.append(part.document.problem(path, f"{key} must be a list of texts"))
            return
        words = [_Word(word, part.document, (*path, index), part.layer) for index, word in enumerate(value)]
        (entry.removed if key == "remove" else entry.words.setdefault(key, [])).extend(words)
        entry.places.setdefault((key,), (part.document, path))

    def _set(self, section: str, entry: _Entry, part: _Part, key: str) -> None:
        """Let *part* set *key*, over what lower layers say; a file of its own layer may only say the same."""
        value, path = part.data[key], (*part.path, key)
        if entry.layers.get(key) == part.layer and entry.data[key] != value:
            there, place = entry.places[key,]
            what = f"{key} of {section} {entry.id!r} is set here and in {there.file}:{there.line(*place)}"
            self.problems.append(part.document.problem(path, what, "keep one of the two"))
        entry.data[key], entry.layers[key] = value, part.layer
        entry.places[key,] = (part.document, path)

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


def _shape(section: str, key: str) -> tuple[type, str]:
    """Return of what kind the value of a key must be, and that kind in words."""
    return _SHAPES.get(section, {}).get(key) or _SHARED.get(key) or (object, "")


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
