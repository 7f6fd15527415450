"""`parley rules`: the operator's rules are checked, and tried on their examples."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.app import stored_archive, utc_now
from bot.catalog import load_catalog
from bot.config import Environment
from bot.detect.check import Warned, check_rules
from bot.detect.detector import Detector
from bot.detect.examples import disagreement, read_examples
from bot.detect.lines import read_line
from bot.detect.proof import prove
from bot.detect.rules import load_rules
from bot.errors import ConfigError, Problem
from bot.model import Entry, EntryKey, Example
from bot.poll.replay import RecordedWeek
from bot.rulefiles import read_rule_files
from bot.store.archive import ArchiveStore

ENOUGH = 500
"""So many stored entries are a better background than the recorded week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How many examples were tried, and what failed."""

    examples: int
    failures: Sequence[str]


# ---------------------------------------------------------------------------------------------- parley rules check
def check_folder(own: Path | None, background: Path | None, environ: Mapping[str, str]) -> Sequence[Warned]:
    """Return the warnings about what ships and the *own* rules; raise ConfigError naming what is wrong.

    *background* holds headlines as JSON lines; by default they are those of the archive's last month, or where that is
    short, of the recorded week. Those that are news of ours do not count.
    """
    files = read_rule_files(own)
    rules = load_rules(files, catalog=load_catalog(files))
    detector = Detector(rules)
    entries = _entries(background) if background else _usual_entries(environ)
    return check_rules(files, rules, [entry.title for entry in entries if not detector.judge(entry).relevant])


def _usual_entries(environ: Mapping[str, str]) -> Iterator[Entry]:
    stored: list[Entry] = []
    with _archive(environ) as archive:
        if archive:
            stored = list(archive.entries(since=utc_now() - timedelta(days=30)))
    if len(stored) >= ENOUGH:
        yield from stored
        return
    for feed in RecordedWeek.load().recordings.values():
        for item in feed.items:
            yield Entry(key=EntryKey("", item.id), title=item.title, summary=item.summary)


def _entries(file: Path) -> Iterator[Entry]:
    problems = []
    for number, text in enumerate(_lines(file), 1):
        if text.strip():
            line = read_line(text.encode())
            if line.entry:
                yield line.entry
            else:
                problems.append(Problem(file=str(file), line=number, what=line.error))
    if problems:
        raise ConfigError(*problems)


def _lines(file: Path) -> Sequence[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = (
            "this is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        )
        raise ConfigError(Problem(file=str(file), line=0, what=what, hint="give a file of JSON lines")) from error


# ---------------------------------------------------------------------------------------------- parley rules test
def try_folder(own: Path | None, environ: Mapping[str, str]) -> Tried:
    """Try all examples: those of rules and taxonomy, the negatives, *.jsonl in *own*, and what the owner labelled."""
    files = read_rule_files(own)
    detector = Detector(load_rules(files, catalog=load_catalog(files)))
    proof = prove(files, detector)
    labelled = [*_labelled_in(own), *_labelled_by_owner(environ)]
    differing = [(where, disagreement(example, detector)) for where, example in labelled]
    failures = [*map(str, proof.failures), *(f"{where}: {what}" for where, what in differing if what)]
    return Tried(examples=proof.tried + len(labelled), failures=failures)


def _labelled_in(own: Path | None) -> Iterator[tuple[str, Example]]:
    for file in sorted(own.glob("*.jsonl")) if own else ():
        lines = _lines(file)
        numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
        examples = read_examples(lines, str(file))
        yield from ((f"{file}:{number}", example) for number, example in zip(numbers, examples, strict=True))


def _labelled_by_owner(environ: Mapping[str, str]) -> Iterator[tuple[str, Example]]:
    with _archive(environ) as archive:
        examples = archive.examples() if archive else ()
        yield from ((f"the owner's example {example.id}", example) for example in examples)


@contextmanager
def _archive(environ: Mapping[str, str]) -> Iterator[ArchiveStore | None]:
    """Open the archive, if there is one."""
    environment = Environment.places(environ)
    if not (environment.data / "archive.db").is_file():
        yield None
        return
    with stored_archive(environment) as archive:
        yield archive
