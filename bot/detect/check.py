"""What may be wrong with rules that compile: said with file and line, and a word by which it can be accepted. Pure.

`[[accept]]` in any rule file keeps a warning quiet, with the reason why: `warning` is its word, `of` lists what it is
about, as quoted first in the warning.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path as File

from bot.detect.reading import Reading
from bot.detect.rules import Exclude, ModalityRule, Rules, TypeRule
from bot.detect.terms import Pattern
from bot.detect.words import spell
from bot.errors import Problem
from bot.rulefiles import RuleFiles, Source

COMMON_SHARE = 0.02
"""A term in more than this share of ordinary headlines says little."""
LEAST_HITS = 9
"""A small background accuses no term by so few chances."""
SHORT_STEM = 4
_RULES = ("signal", "exclude", "genre", "type", "modality")
_CONDITIONS = ("unless", "also_title", "also_summary")
_TERMS = ("any", *_CONDITIONS)


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: its word, what it is about, and the problem in full."""

    warning: str
    about: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.problem} [{self.warning}]"


def check_rules(files: RuleFiles, rules: Rules, background: Iterable[str] = ()) -> list[Warned]:
    """Return what nobody accepted, in the order of files and lines; *background* are ordinary headlines."""
    words = [term for source in _wordy(files) for term in _terms(files, source)]
    deciding = _deciding(files)
    found = [
        *(Warned("nothing", problem.what, problem) for problem in files.warnings),
        *(Warned("ignored", File(problem.file).name, problem) for problem in files.ignored),
        *_short_stems(words),
        *_alternations(words),
        *_shared_aliases(files),
        *_missing_languages(files),
        *_dead(files, rules),
        *_contradictions(files, rules),
        *_common([term for term in words if term.source in deciding], rules, list(background)),
    ]
    kept = list(_accepted(files, found))
    return sorted(kept, key=lambda warned: (warned.problem.file, warned.problem.line, warned.warning))


# ------------------------------------------------------------------------------------------ what people accepted
def _accepted(files: RuleFiles, found: list[Warned]) -> Iterator[Warned]:
    """Yield what no `[[accept]]` names, and the `[[accept]]`s that are of no use."""
    raised = {(warned.warning, warned.about) for warned in found}
    accepted: set[tuple[str, str]] = set()
    for source in files.tables("accept"):
        warning, of = str(source.data.get("warning")), source.data.get("of", [])
        if not source.data.get("reason"):
            yield Warned("unused", source.id, source.problem(("reason",), "an [[accept]] needs a reason"))
        for index, about in enumerate(of):
            accepted.add((warning, about))
            if (warning, about) not in raised and warning != "common":  # which depends on the background
                what = f"{about!r}: there is no such warning any more"
                yield Warned("unused", about, source.problem(("of", index), what, "delete it"))
    yield from (warned for warned in found if (warned.warning, warned.about) not in accepted)


# ------------------------------------------------------------------------------------------ words
@dataclass(frozen=True, slots=True)
class _Term:
    """A term, and where it was written."""

    text: str
    source: Source
    path: tuple[str | int, ...]

    @property
    def elements(self) -> list[str]:
        """Return its words with their alternatives, gaps among them."""
        return self.text.split()

    def warn(self, warning: str, what: str, hint: str = "", *, about: str = "") -> Warned:
        """Return a warning about this term, or about a word of it."""
        about = about or self.text
        return Warned(warning, about, self.source.problem(self.path, f"{about!r}: {what}", hint))


def _wordy(files: RuleFiles) -> list[Source]:
    return [source for section in ("concept", *_RULES) for source in files.tables(section)]


def _terms(files: RuleFiles, source: Source) -> Iterator[_Term]:
    for key in (*files.languages, *_TERMS):
        terms = source.data.get(key, ())
        yield from (_Term(text, source, (key, index)) for index, text in enumerate(terms))


def _short_stems(words: Iterable[_Term]) -> Iterator[Warned]:
    for term in words:
        for word in term.text.strip("^").split("|") if len(term.elements) == 1 else ():
            if word.endswith("*") and len(word.strip("*=")) < SHORT_STEM:
                hint = "write the endings out, or add a word beside it"
                yield term.warn("short-stem", "so short a stem alone fits too many words", hint, about=word)


def _alternations(words: Iterable[_Term]) -> Iterator[Warned]:
    """Warn of "peace talks|peace deal", which means "peace", then "talks" or "peace", then "deal"."""
    for term in words:
        pairs = pairwise([set(element.strip("[]^").split("|")) for element in term.elements])
        if any(left & right and len(left | right) > 1 for left, right in pairs):
            what = "this means one of the words at each place, not one phrase or the other"
            yield term.warn(
                "alternation", what, "| stands between single words; write each choice as a term of its own"
            )


def _shared_aliases(files: RuleFiles) -> Iterator[Warned]:
    owners: dict[str, str] = {}
    for source in files.tables("entity"):
        for language in files.languages:
            for index, alias in enumerate(source.data.get(language, ())):
                key = alias if alias.startswith("=") else " ".join(map(spell, alias.split())).lower()
                owner = owners.setdefault(key, source.id)
                if owner != source.id:
                    what = f"{alias!r} names {source.id!r} here and {owner!r} elsewhere"
                    problem = source.problem((language, index), what, "one of them must go")
                    yield Warned("duplicate-alias", alias, problem)


def _missing_languages(files: RuleFiles) -> Iterator[Warned]:
    whole = {source.id for source in files.tables("language") if not source.data.get("partial")}
    for source in files.tables("concept"):
        spoken = {language for language in files.languages if source.data.get(language)}
        if not spoken:
            yield Warned("no-words", source.id, source.problem((), f"{source.id!r}: this concept has no words"))
        elif missing := sorted(whole - spoken):
            what = f"{source.id!r}: this concept has no words in {', '.join(missing)}"
            yield Warned("language", source.id, source.problem((), what))


def _deciding(files: RuleFiles) -> list[Source]:
    """Return the tables whose words decide alone: signals, exclusions, genres, and concepts that these name alone."""
    deciding = [source for section in ("signal", "exclude", "genre") for source in files.tables(section)]
    for source in deciding:  # grows as we go
        alone = {term.text[1:] for term in _terms(files, source) if term.text.startswith("@") and " " not in term.text}
        concepts = (files.sections["concept"].get(name) for name in sorted(alone))
        deciding += [concept for concept in concepts if concept and concept not in deciding]
    return deciding


def _common(words: Iterable[_Term], rules: Rules, background: list[str]) -> Iterator[Warned]:
    """Warn of terms that many ordinary headlines have."""
    patterns = [*rules.concepts.values(), *(signal.pattern for signal in rules.signals)]
    patterns += [exclude.pattern for exclude in rules.excludes if exclude.pattern]
    patterns += [genre.pattern for genre in rules.genres]
    hits = _hits({term.text for term in words}, patterns, rules, background)
    for term in words:
        if hits[term.text] > max(COMMON_SHARE * len(background), LEAST_HITS) and term.path[0] not in _CONDITIONS:
            share = f"{hits[term.text] / len(background):.0%}"
            yield term.warn("common", f"{share} of ordinary headlines have it", "add a word beside it")


def _hits(terms: set[str], patterns: list[Pattern], rules: Rules, background: list[str]) -> Counter[str]:
    """Return in how many texts each term stands by itself; one that only names another concept is not counted."""
    sequences = {s for pattern in patterns for s in pattern.sequences if s.term in terms and not s.term.startswith("@")}
    by_anchor: dict[int, list[int]] = {}
    ordered = list(sequences)
    for number, sequence in enumerate(ordered):
        for atom in min((part.anchors for part in sequence.parts), key=len):
            by_anchor.setdefault(atom, []).append(number)
    hits: Counter[str] = Counter()
    for text in background:
        reading = Reading(text, rules.vocabulary)
        possible = {number for atom in reading.atoms & by_anchor.keys() for number in by_anchor[atom]}
        hits.update({ordered[number].term for number in possible if reading.match(ordered[number])})
    return hits


# ------------------------------------------------------------------------------------------ rules
def _dead(files: RuleFiles, rules: Rules) -> Iterator[Warned]:
    """Warn of rules that can never have a say."""

    def warn(section: str, rule: str, what: str) -> Warned:
        return Warned("dead", rule, files.sections[section][rule].problem((), f"{rule!r} {what}"))

    for signal in rules.signals:
        if not signal.pattern.sequences:
            yield warn("signal", signal.id, "has no words, so it never fires")
        for exclude in rules.excludes:
            if signal.id in exclude.cancels and exclude.pattern is None and not _conditional(exclude):
                yield warn("signal", signal.id, f"is always cancelled by {exclude.id!r}")
    for exclude in rules.excludes:
        if not exclude.cancels or (exclude.pattern and not exclude.pattern.sequences):
            yield warn("exclude", exclude.id, "never cancels anything")
    for first, then in combinations(rules.types, 2):
        if _covers(first, then) and _words_of(then.pattern) <= _words_of(first.pattern):
            yield warn("type", then.id, f"is never reached: {first.id!r} has all its words and is tried before")
    for before, after in combinations(rules.modalities, 2):
        if _takes_all(before, after):
            yield warn("modality", after.id, f"is never reached: {before.id!r} is tried before and takes all of it")


def _contradictions(files: RuleFiles, rules: Rules) -> Iterator[Warned]:
    """Warn of words that a signal counts and an exclusion always takes back, and of words that mean two types."""
    signals = {signal.id: signal for signal in rules.signals}
    for exclude in rules.excludes:
        words = set[str]() if _conditional(exclude) else _words_of(exclude.pattern)
        for signal in (signals[id_] for id_ in sorted(exclude.cancels & signals.keys())):  # some may be switched off
            if signal.where == exclude.by and (both := words & _words_of(signal.pattern)):
                what = f"{exclude.id!r} always cancels what {signal.id!r} fires on: {min(both)!r}"
                yield Warned("conflict", exclude.id, files.sections["exclude"][exclude.id].problem(("any",), what))
    for first, then in combinations(rules.types, 2):
        both = _words_of(first.pattern) & _words_of(then.pattern)
        if both and first.type is not then.type and _covers(first, then) and both < _words_of(then.pattern):
            what = f"{then.id!r} never sees {min(both)!r}: {first.id!r} is tried before and has it too"
            yield Warned("conflict", then.id, files.sections["type"][then.id].problem(("any",), what))


def _conditional(exclude: Exclude) -> bool:
    """Tell whether there is something beside its words that decides whether it cancels."""
    return any((exclude.unless, exclude.unless_needs, exclude.unless_status, exclude.only_status))


def _covers(first: TypeRule, then: TypeRule) -> bool:
    """Tell whether a word of *first* is always seen before the same word of *then*."""
    return first.unless is None and first.where in (None, then.where)


def _takes_all(before: ModalityRule, after: ModalityRule) -> bool:
    if before.unless or before.told or not before.types >= after.types:
        return False
    return before.pattern is None or (
        after.pattern is not None and _words_of(after.pattern) <= _words_of(before.pattern)
    )


def _words_of(pattern: Pattern | None) -> set[str]:
    return {sequence.term for sequence in pattern.sequences} if pattern else set()
