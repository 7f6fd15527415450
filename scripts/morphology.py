"""Report the Ukrainian and Russian word forms that no term of a concept, and no alias of an entity, covers.

Inflection changes vowels ("договір", "договору") and stems ("підпис-", "підпиш-"); a stem* covers what keeps its
letters. A dictionary knows the rest: every word of the lexicon is looked up, its forms are written out, and those that
none of its list matches are printed with file and line. Some are left out on purpose: a person decides.
"""

import argparse
import csv
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymorphy3

from bot.detect.words import spell
from bot.toml import parse_toml

DATA = Path(__file__).parents[1] / "bot" / "data"
LANGUAGES = ("uk", "ru")
SHORTEST_STEM = 4
LEAST_COVERED = 0.15
"""A word of whose forms a stem covers less only happens to share one: "готов*" does not mean Goths."""

_WORD = re.compile(r"=?[\w'’ʼ]+\*?")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_NOT_IN_HEADLINES = {
    "1per",
    "2per",
    "impr",
    "GRND",
    "PRTF",
    "COMP",
    "voct",
    "Supr",
    "Arch",
    "Erro",
    "V-be",
    "V-ey",
    "V-oy",
}


@dataclass(frozen=True)
class Word:
    """A word or stem* in one list: where it stands, and whether it is a term of its own, not part of a longer one."""

    file: str
    line: int
    list: str
    language: str
    pattern: str
    alone: bool

    @property
    def letters(self) -> str:
        """The word in the spelling that texts are compared in, without the star."""
        return spell(self.pattern.strip("=*")).lower()

    def covers(self, form: str) -> bool:
        """Say whether a text's *form* matches."""
        return form.startswith(self.letters) if self.pattern.endswith("*") else form == self.letters


@dataclass(frozen=True)
class Missing:
    """Forms of one *lemma* that nothing in the list of *word* covers."""

    word: Word
    lemma: str
    forms: tuple[str, ...]

    def __str__(self) -> str:
        """One line of the report."""
        word = self.word
        place = f"{word.file}:{word.line}: {word.list} {word.language} {word.pattern!r}"
        return f"{place}: {self.lemma}: {', '.join(self.forms)}"


def lexicon_words(text: str, file: str) -> Iterator[Word]:
    """Return the words of every uk and ru list of a lexicon."""
    document = parse_toml(text, file)
    for concept, table in document.data.get("concept", {}).items():
        for language in LANGUAGES:
            for index, term in enumerate(table.get(language, ())):
                line = document.line("concept", concept, language, index)
                yield from _words(term, Word(file, line, concept, language, "", alone=" " not in term))


def alias_words(text: str, file: str) -> Iterator[Word]:
    """Return the words of every uk and ru alias of an entities.csv."""
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        for language in LANGUAGES:
            for alias in (row[f"aliases_{language}"] or "").split("|"):
                yield from _words(alias, Word(file, line, row["id"], language, "", alone=" " not in alias))


def _words(term: str, place: Word) -> Iterator[Word]:
    for pattern in _WORD.findall(re.sub(r"@[\w-]+|~\d+", " ", term)):
        if _CYRILLIC.search(pattern):
            yield Word(place.file, place.line, place.list, place.language, pattern, place.alone)


class Dictionary:
    """Knows the forms of the words of one language."""

    def __init__(self, language: str) -> None:
        self._analyzer = pymorphy3.MorphAnalyzer(lang=language)

    def lexemes(self, word: Word) -> dict[str, frozenset[str]]:
        """Return for each lemma that *word* may be a form of, or the stem of, the forms that headlines use."""
        if word.pattern.endswith("*"):
            parses = list(self._analyzer.iter_known_word_parses(prefix=word.letters))
        else:
            parses = [p for p in self._analyzer.parse(word.letters)[:1] if p.is_known]
        found: dict[str, frozenset[str]] = {}
        for parse in parses:
            if parse.normal_form not in found:
                found[parse.normal_form] = frozenset(_forms(parse))
        return found


def _forms(parse: Any) -> Iterator[str]:
    verbal = parse.tag.POS in ("VERB", "INFN", "PRTS", "PRTF", "GRND")
    for form in parse.lexeme:
        same_kind = form.tag.POS == parse.tag.POS or (verbal and form.tag.POS in ("VERB", "INFN", "PRTS"))
        if same_kind and not any(mark in str(form.tag) for mark in _NOT_IN_HEADLINES):
            yield spell(form.word)


def missing_forms(words: Iterable[Word], *, everything: bool = False) -> Iterator[Missing]:
    """Return what the lists of *words* leave out; *everything*: of words inside longer terms, too."""
    lists: dict[tuple[str, str], list[Word]] = {}
    for word in words:
        lists.setdefault((word.list, word.language), []).append(word)
    dictionaries = {language: Dictionary(language) for language in sorted({language for _, language in lists})}
    for (_, language), members in lists.items():
        seen: set[str] = set()
        for word in members:
            if len(word.letters) < SHORTEST_STEM or not (word.alone or everything):
                continue
            for lemma, forms in dictionaries[language].lexemes(word).items():
                left = sorted(form for form in forms if not any(member.covers(form) for member in members))
                meant = not word.pattern.endswith("*") or len(left) <= (1 - LEAST_COVERED) * len(forms)
                if lemma not in seen and left and meant:
                    yield Missing(word, lemma, tuple(left))
                seen.add(lemma)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/morphology", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, default=[DATA / "lexicon.toml", DATA / "entities.csv"])
    parser.add_argument("--all", action="store_true", help="words inside longer terms, too")
    options = parser.parse_args(arguments)
    count = 0
    for file in options.files:
        read = alias_words if file.suffix == ".csv" else lexicon_words
        for missing in missing_forms(read(file.read_text(encoding="utf-8"), file.name), everything=options.all):
            count += 1
            print(missing)
    print(f"{count} words with forms that no term covers", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
