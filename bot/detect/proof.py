"""Whether the rules do what their examples say: those within the rules, those of the taxonomy, the negatives. Pure.

A rule's `examples` are titles, or tables with title, summary, link and language. A signal's example sets it off and
nothing cancels it; an exclusion's is cancelled by it; a genre's is context; a type's or modality's is of that one.
Counterexamples are not. Where a signal is switched off, what needs it to be cancelled is not tried.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.detect.detector import Detector
from bot.detect.rules import Rules
from bot.errors import Problem
from bot.model import Entry, EntryKey, Verdict
from bot.rulefiles import RuleFiles
from bot.toml import parse_toml

SECTIONS = ("signal", "exclude", "genre", "type", "modality")
KEYS = ("title", "summary", "link", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How many examples were tried, and those that failed."""

    tried: int
    failures: tuple[Problem, ...]


def prove(files: RuleFiles, detector: Detector) -> Proof:
    """Try every example of *files* on *detector*, which was made of them."""
    results = [*_rules(files, detector), *_taxonomy(files, detector), *_negatives(files, detector)]
    return Proof(tried=len(results), failures=tuple(problem for problem in results if problem))


# ------------------------------------------------------------------------------------------ the rules' own
def _rules(files: RuleFiles, detector: Detector) -> Iterator[Problem | None]:
    for section in SECTIONS:
        for source in files.tables(section):
            for key in ("examples", "counterexamples"):
                for index, raw in enumerate(source.data.get(key, ())):
                    path = (key, index)
                    entry = _entry(raw)
                    if entry is None:
                        yield source.problem(path, f"an example is a title, or a table of {', '.join(KEYS)}")
                        continue
                    verdict = detector.judge(entry)
                    if section == "exclude" and _nothing_to_cancel(detector.rules, source.id, verdict):
                        continue
                    said = _said_of(section, source.id, verdict)
                    if (said == "") is (key == "examples"):
                        yield None
                    else:
                        yield source.problem(path, f"{section} {source.id}: {said or _NOT[section]}: “{entry.title}”")


_NOT = {
    "signal": "this should not set it off",
    "exclude": "this should not be cancelled by it",
    "genre": "this is news, not of this genre",
    "type": "this should be of another type",
    "modality": "this should be of another modality",
}


def _entry(raw: object) -> Entry | None:
    """Return the entry that an example describes."""
    if isinstance(raw, str):
        raw = {"title": raw}
    if not isinstance(raw, dict) or "title" not in raw or raw.keys() - set(KEYS):
        return None
    texts = {key: raw.get(key, "") for key in KEYS}
    return Entry(key=EntryKey("", texts["title"]), **texts) if all(isinstance(t, str) for t in texts.values()) else None


def _said_of(section: str, rule: str, verdict: Verdict) -> str:
    """Return why *verdict* is not what this rule stands for, "" if it is."""
    event = verdict.event
    match section:
        case "signal":
            return _said_of_signal(rule, verdict)
        case "exclude":
            hit = any(_cancelled_by(name)[0] == rule for name in _names(verdict, "cancelled"))
            return "" if hit else "this is not cancelled by it"
        case "genre":
            return "" if rule in _names(verdict, "genre") else "this is not context because of it"
        case "type" if event:
            return "" if rule.partition("/")[0] == event.type else f"this is {event.type}, by {event.rule}"
        case "modality" if event:
            return "" if rule.partition("/")[0] == event.modality else f"this is {event.modality}"
    return "this is not taken for news at all"


def _nothing_to_cancel(rules: Rules, exclude: str, verdict: Verdict) -> bool:
    """Tell whether nothing is set off that the exclusion cancels, and some of that is switched off."""
    cancels = next(rule.cancels for rule in rules.excludes if rule.id == exclude)
    switched_off = cancels - {signal.id for signal in rules.signals}
    return bool(switched_off) and cancels.isdisjoint(_names(verdict, "signal"))


def _said_of_signal(signal: str, verdict: Verdict) -> str:
    if signal not in _names(verdict, "signal"):
        return "this does not set it off"
    cancelled = [_cancelled_by(name) for name in _names(verdict, "cancelled")]
    return next((f"this is cancelled by {exclude}" for exclude, signals in cancelled if signal in signals), "")


def _names(verdict: Verdict, role: str) -> list[str]:
    return [mention.name for mention in verdict.mentions if mention.role == role]


def _cancelled_by(name: str) -> tuple[str, list[str]]:
    """Return the exclusion and the signals of a mention such as "trade (talks-pact, talks-crisis)"."""
    exclude, _, signals = name.removesuffix(")").partition(" (")
    return exclude, signals.split(", ")


# ------------------------------------------------------------------------------------------ taxonomy and negatives
def _taxonomy(files: RuleFiles, detector: Detector) -> Iterator[Problem | None]:
    taxonomy = parse_toml((files.shipped / "taxonomy.toml").read_text(encoding="utf-8"), "taxonomy.toml")
    for type_, raw in taxonomy.data.get("type", {}).items():
        for language in files.languages:
            for index, title in enumerate(raw.get(language, ())):
                event = detector.judge(Entry(key=EntryKey("", title), title=title)).event
                said = "not taken for news" if event is None else f"{event.type}, by {event.rule}"
                right = event is not None and event.type == type_
                what = f"an example of {type_} is {said}: “{title}”"
                yield None if right else taxonomy.problem(("type", type_, language, index), what)


def _negatives(files: RuleFiles, detector: Detector) -> Iterator[Problem | None]:
    text = (files.shipped / "negatives.tsv").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines()[1:], 2):
        title = line.partition("\t")[2]
        event = detector.judge(Entry(key=EntryKey("", title), title=title)).event
        what = f"taken for {event.type}, by {event.rule}, and is none: “{title}”" if event else ""
        yield Problem(file="negatives.tsv", line=number, what=what) if event else None
