"""`parley bench detect`: entries judged, beside spaCy's PhraseMatcher and a loop of regular expressions.

The others only look for the patterns. Ours also judges by all shipped rules: names, conflicts, exclusions, types.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from bot.bench.clock import Cost, alone, cost
from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.detect.words import cut_words
from bot.evaluate.items import read_items
from bot.evaluate.show import table
from bot.model import Entry, EntryKey
from bot.poll.replay import RecordedWeek
from bot.rulefiles import read_rule_files

OURS, PHRASES, REGEXES, FLOOR = "parley", "spaCy PhraseMatcher", "loop of regexes", "cut into words, nothing more"
_PER_SIGNAL = 10
"""Patterns that a rule of an operator's holds."""
_SEED, _LONGEST, _SHORT = 4, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A method with so many *patterns* (beside all shipped rules, for ours); *cost* None: it is not installed."""

    method: str
    patterns: int
    cost: Cost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Every method on the same texts."""

    texts: int
    characters: float
    rows: Sequence[Row]


def measure(sizes: Sequence[int], background: Path | None, most: int) -> Benchmark:
    """Measure each method with each of *sizes* patterns on up to *most* headlines, one process after the other."""
    entries = [item.entry for item in read_items([background])] if background else recorded_week()
    entries = entries[:most]
    patterns = made_up(entries, max(sizes))
    rows = [
        Row(method=FLOOR, patterns=0, cost=alone(_cut, entries)),
        Row(method=OURS, patterns=0, cost=alone(_judge, entries, [])),
    ]
    for method, run in ((OURS, _judge), (PHRASES, _phrases), (REGEXES, _regexes)):
        missing = method == PHRASES and find_spec("spacy") is None
        rows += [
            Row(method=method, patterns=size, cost=None if missing else alone(run, entries, patterns[:size]))
            for size in sizes
        ]
    characters = sum(len(_text(entry)) for entry in entries) / len(entries)
    return Benchmark(texts=len(entries), characters=characters, rows=rows)


def made_up(entries: Sequence[Entry], number: int) -> Sequence[str]:
    """Return *number* different phrases of one to three words: half stand in the texts, half are thrown together.

    Every word has five letters or more, or stands beside one that has: nobody writes a rule for "of the".
    """
    rng = random.Random(_SEED)  # noqa: S311 - the same phrases in every run
    texts = [words for entry in entries if len(words := cut_words(_text(entry))[1::2]) > _LONGEST]
    telling = sorted({word for words in texts for word in words if len(word) > _SHORT and word.isalpha()})
    found: dict[str, None] = {}
    while len(found) < number:
        length = rng.randint(1, _LONGEST)
        words = rng.choice(texts)
        first = rng.randrange(len(words) - length)
        stands = rng.random() < 1 / 2
        phrase = words[first : first + length] if stands else [rng.choice(telling) for _ in range(length)]
        if all(word.isalpha() for word in phrase) and any(len(word) > _SHORT for word in phrase):
            found.setdefault(" ".join(phrase).lower())
    return list(found)


def recorded_week() -> list[Entry]:
    """Return the headlines that ship with Parley."""
    feeds = RecordedWeek.load().recordings.values()
    return [
        Entry(key=EntryKey("", item.title), title=item.title, summary=item.summary)
        for feed in feeds
        for item in feed.items
    ]


def _text(entry: Entry) -> str:
    return f"{entry.title}\n{entry.summary}"


# ------------------------------------------------------------------------------------------------ the methods
def _cut(entries: Sequence[Entry]) -> Cost:
    return cost(lambda: cut_words, map(_text, entries))


def _judge(entries: Sequence[Entry], patterns: Sequence[str]) -> Cost:
    def build() -> Callable[[Entry], object]:
        with TemporaryDirectory(prefix="parley-bench-") as folder:
            (Path(folder) / "bench.toml").write_text(_as_signals(patterns), encoding="utf-8")
            files = read_rule_files(Path(folder))
        return Detector(load_rules(files, catalog=load_catalog(files))).judge

    return cost(build, entries)


def _as_signals(patterns: Sequence[str]) -> str:
    """Return the rule file of an operator with many rules: half read the title, half the summary."""
    signals = [
        f'[[signal]]\nid = "bench-{start}"\nwhere = "{"summary" if start // _PER_SIGNAL % 2 else "title"}"\n'
        f"weight = 0\nany = {json.dumps(patterns[start : start + _PER_SIGNAL], ensure_ascii=False)}\n"
        for start in range(0, len(patterns), _PER_SIGNAL)
    ]
    return "\n".join(signals)


def _phrases(entries: Sequence[Entry], patterns: Sequence[str]) -> Cost:
    def build() -> Callable[[str], object]:
        # Not installed by default: the import must wait until somebody asks for it.
        import spacy  # noqa: PLC0415
        from spacy.matcher import PhraseMatcher  # noqa: PLC0415

        language = spacy.blank("xx")
        matcher = PhraseMatcher(language.vocab, attr="LOWER")
        matcher.add("bench", [language.make_doc(pattern) for pattern in patterns])
        return lambda text: matcher(language.make_doc(text))

    return cost(build, map(_text, entries))


def _regexes(entries: Sequence[Entry], patterns: Sequence[str]) -> Cost:
    def build() -> Callable[[str], object]:
        compiled = [re.compile(rf"\b{re.escape(pattern)}\b", re.IGNORECASE) for pattern in patterns]
        return lambda text: [regex for regex in compiled if regex.search(text)]

    return cost(build, map(_text, entries))


# ------------------------------------------------------------------------------------------------ in words
def show(found: Benchmark, console: Console) -> None:
    """Print one row for each method and size; the ratio is to ours with the fewest patterns."""
    base = next(row.cost for row in found.rows if row.method == OURS and row.patterns)
    title = f"{found.texts} texts of {found.characters:.0f} characters, one core"
    made = table(title, "", "patterns", "texts/s", "µs each", "ratio", "build s", "MB")
    for row in found.rows:
        patterns = f"+{row.patterns}" if row.method == OURS and row.patterns else str(row.patterns or "")
        if row.cost is None or base is None:
            made.add_row(row.method, patterns, "not installed: pip install 'parley[bench]'")
            continue
        each = row.cost.each
        made.add_row(
            row.method,
            patterns,
            f"{1e6 / each:,.0f}",
            f"{each:,.1f}",
            f"{each / base.each:,.2f}",
            f"{row.cost.build:.2f}",
            f"{row.cost.memory:.0f}",
        )
    console.print(made)
    console.print("parley judges by all shipped rules; the others only look for the patterns", style="dim")


def plain(found: Benchmark) -> dict[str, Any]:
    """Return *found* as JSON has it."""
    return asdict(found)
