"""Where rule files lie: what ships, the languages, the operator's folder; all of them are read and put together."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path as File

from bot.errors import ConfigError, Problem
from bot.rulefiles.merging import DATA, RuleFiles, merge
from bot.rulefiles.texts import parse, read_text
from bot.toml import Located

SHIPPED = ("lexicon.toml", "conflicts.toml", "rules.toml")
_ENDINGS = (".toml", ".csv")
_ALIKE = (*_ENDINGS, ".jsonl")
"""Who has one of these in a name means the file to be read."""


def read_rule_files(own: File | None = None, *, shipped: Traversable = DATA) -> RuleFiles:
    """Read what ships and, over it, the operator's *own* folder; raise ConfigError naming every mistake."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []

    def read(found: Iterable[tuple[str, Traversable]]) -> list[Located]:
        documents = []
        for name, file in found:
            try:
                texts[name] = read_text(name, file)
                documents.append(parse(texts[name], name))
            except ConfigError as error:
                problems.extend(problem for problem in error.problems if isinstance(problem, Problem))
        return documents

    there = _listing(own) if own else []
    layers = [read(_shipped(shipped)), read(_languages(shipped)), read((str(file), file) for file in _own(there))]
    if problems:
        raise ConfigError(*problems)
    return replace(merge(layers, shipped=shipped, texts=texts), ignored=tuple(_ignored(there)))


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
