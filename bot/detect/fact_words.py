"""How a language says dates, lengths and amounts: the files of `data/facts`, compiled. Pure but for the loading."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from bot.errors import ConfigError, Problem
from bot.text import did_you_mean
from bot.toml import Located, Path, parse_toml

_NOTHING = r"(?!)"
_NUMBERED = ("months", "weekdays", "numbers", "days")
_NAMED = ("units", "lengths", "words", "before", "near", "things", "counted", "scope", "form")
_FOLD = tuple(zip("’ʼ‘`ёЁ\u00a0\u202f‑", "''''еЕ  -", strict=True))


def fold(text: str) -> str:
    """Return *text* in the spelling of the files, character for character."""
    for letter, spelled in _FOLD:  # far quicker than `translate`, which looks at every letter
        text = text.replace(letter, spelled)
    return text


def one_of(terms: Iterable[str]) -> str:
    """Return a regular expression for any of *terms* (word, stem*, two words, a-b, =Exact); nothing for none."""
    longest_first = sorted(set(terms), key=lambda term: (-len(term), term))
    return "|".join(map(_term, longest_first)) or _NOTHING


def word(expression: str) -> str:
    """Return *expression* as one that starts and ends with a whole word."""
    return rf"(?<!\w)(?:{expression})(?!\w)"


def _term(term: str) -> str:
    exact = term.removeprefix("=")
    pattern = re.escape(exact).replace(r"\*", r"\w*").replace(r"\ ", r"\s+").replace(r"\-", r"[-–\s]?")
    return rf"(?-i:{pattern}|{pattern.upper()})" if term.startswith("=") else pattern


def compiled(expression: str) -> re.Pattern[str]:
    """Compile *expression*, letter case ignored where a term does not ask for it."""
    return re.compile(expression, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Words that each stand for a number: months, weekdays, numerals."""

    any: str
    by_value: tuple[tuple[int, re.Pattern[str]], ...]

    def value(self, text: str) -> int:
        """Return what *text* stands for; raise KeyError if it is none of these words."""
        for value, pattern in self.by_value:
            if pattern.fullmatch(text):
                return value
        raise KeyError(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactWords:
    """The words of one language, as regular expressions by section and key."""

    months: Numbered
    weekdays: Numbered
    numbers: Numbered
    days: Numbered
    ordinals: str
    month_first: bool
    one_unsaid: bool
    not_dates: re.Pattern[str]
    anniversary: re.Pattern[str]
    terms: Mapping[str, Mapping[str, str]]
    patterns: Mapping[str, Mapping[str, re.Pattern[str]]]

    def term(self, section: str, *keys: str) -> str:
        """Return the expression for any term of these *keys*."""
        return "|".join(self.terms[section][key] for key in keys)

    def pattern(self, section: str, key: str) -> re.Pattern[str]:
        """Return the pattern that finds these terms as whole words."""
        return self.patterns[section][key]


@dataclass(frozen=True, slots=True)
class Language:
    """A language as its file has it: the letters that it is written with, and *data*, its words."""

    code: str
    alphabet: frozenset[str]
    data: Mapping[str, Any]

    def words(self) -> FactWords:
        """Compile the words."""
        return _compile(self.data)


def load_fact_words(folder: Traversable) -> tuple[Language, ...]:
    """Read every language file in *folder*, in order of name; raise ConfigError naming every mistake.

    A file has what `en.toml` has: a key that is missing or unknown is a mistake. No folder, no languages.
    """
    if not folder.is_dir():
        return ()
    documents = {
        file.name.removesuffix(".toml"): parse_toml(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    }
    model = documents["en"].data
    if problems := [problem for document in documents.values() for problem in _problems(document, model)]:
        raise ConfigError(*problems)
    return tuple(
        Language(code, frozenset(document.data["alphabet"]), document.data) for code, document in documents.items()
    )


def _problems(document: Located, model: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with a file, measured by what *model* has."""
    data = document.data
    yield from _differing(document, (), data, model)
    for section in data.keys() & model.keys():
        given = data[section]
        if type(given) is not type(model[section]):
            yield document.problem((section,), f"{section} must be written as in en.toml")
        elif isinstance(given, dict):
            if section in _NUMBERED:
                yield from _unnumbered(document, section, given)
            elif section != "lengths":
                yield from _differing(document, (section,), given, model[section])
            yield from (problem for key in given for problem in _no_texts(document, (section, key), given[key]))
        elif isinstance(given, list):
            yield from _no_texts(document, (section,), given)


def _differing(document: Located, path: Path, given: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Problem]:
    for key in known.keys() - given.keys():
        yield document.problem(path, f"{key!r} is missing", "an empty list or table will do")
    for key in given.keys() - known.keys():
        yield document.problem((*path, key), f"there is no key {key!r}", did_you_mean(key, known))


def _unnumbered(document: Located, section: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    for key in given:
        if not re.fullmatch(r"-?\d{1,4}", key):
            yield document.problem((section, key), f"{key!r} must be a number, the one that the words stand for")


def _no_texts(document: Located, path: Path, value: Any) -> Iterator[Problem]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        yield document.problem(path, f"{path[-1]} must be a list of texts", f'{path[-1]} = ["…", "…"]')


def _compile(data: Mapping[str, Any]) -> FactWords:
    terms = {section: {key: one_of(given) for key, given in data[section].items()} for section in _NAMED}
    return FactWords(
        **{section: _numbered(data[section]) for section in _NUMBERED},
        ordinals=one_of(data["ordinals"]),
        month_first=data["month_first"],
        one_unsaid=data["one_unsaid"],
        not_dates=compiled(word(one_of(data["not_dates"]))),
        anniversary=compiled(word(one_of(data["anniversary"]))),
        terms=terms,
        patterns={
            section: {key: compiled(word(term)) for key, term in keys.items()} for section, keys in terms.items()
        },
    )


def spoken(text: str, languages: Iterable[Language]) -> list[Language]:
    """Return those of *languages* that write with the most letters of *text*; all for a text without letters."""
    letters = Counter(filter(str.isalpha, text.lower()))
    share = [(sum(map(letters.__getitem__, language.alphabet)), language) for language in languages]
    most = max((count for count, _ in share), default=0)
    return [language for count, language in share if count == most and (most or not letters)]


def _numbered(table: Mapping[str, list[str]]) -> Numbered:
    return Numbered(
        any=one_of(term for terms in table.values() for term in terms),
        by_value=tuple((int(value), compiled(one_of(terms))) for value, terms in table.items()),
    )
