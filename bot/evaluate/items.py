"""Labelled headlines, read from the files that `parley eval` takes.

    *.tsv              columns label, type, title, summary (or summary_160), link, source, set: the month (2025-05)
    *.jsonl, *.jsonl.gz   what `parley classify` reads, and beside it one of
        "gold": {"label": "P", "type": …, "alt": …, "modality": …, "conflicts": […], "danger": …}
        "gold": {"story": …, "relevant": true}
        "codes": ["0871"], "peace": […], "text": …     sentences with CAMEO codes
        nothing: a headline of the ordinary stream, which may find its label by its address

P is news of ours, N none; B lies between, and is counted apart.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.detect.gazetteer import DateSpan
from bot.detect.lines import LineError, read_item
from bot.errors import ConfigError, Problem
from bot.model import Entry

NEWS, NO_NEWS, BETWEEN = "P", "N", "B"
MOST_PROBLEMS = 5
"""So many mistakes of a file are told; the rest would only scroll them away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What people say of a headline. *alt* is a second acceptable type; *conflicts* None: nobody looked.

    *danger*: it could be taken for a truce in force, and is none.
    """

    label: str
    type: str = ""
    alt: str = ""
    modality: str = ""
    conflicts: tuple[str, ...] | None = None
    danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A headline, and what is known of it: *gold*, or the CAMEO *codes* of a sentence about a peace process.

    *stream*: it came without a label of its own, as one of the ordinary stream.
    """

    id: str
    entry: Entry
    when: DateSpan | None
    gold: Gold | None = None
    codes: tuple[str, ...] = ()
    set: str = ""
    stream: bool = False


def read_items(files: Iterable[Path]) -> Sequence[Item]:
    """Read the headlines in *files*; raise ConfigError naming file and line of what is none."""
    items: list[Item] = []
    for file in files:
        problems: list[Problem] = []
        for number, raw in read_rows(file):
            try:
                items += [_item(raw)] if raw.get("peace") != [] else []
            except LineError as error:
                problems.append(Problem(file=str(file), line=number, what=str(error)))
        if problems:
            raise ConfigError(*problems[:MOST_PROBLEMS])
    return items


def chosen(items: Iterable[Item], wanted: re.Pattern[str] | None, unwanted: re.Pattern[str] | None) -> Sequence[Item]:
    """Return the items whose id begins as *wanted* says (None: any), and not as *unwanted* says."""
    return [
        item
        for item in items
        if (wanted is None or wanted.match(item.id)) and not (unwanted and unwanted.match(item.id))
    ]


def labelled_by(items: Iterable[Item], labels: Iterable[Item]) -> Sequence[Item]:
    """Return *items*, those without a label of their own with that of the label of the same address."""
    known = {label.entry.link: label.gold for label in labels if label.entry.link}
    return [item if item.gold else replace(item, gold=known.get(item.entry.link)) for item in items]


def read_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and content of each line; raise ConfigError naming file and line of what cannot be read."""
    try:
        with _open(file) as lines:
            if file.suffix == ".tsv":
                yield from _tsv_rows(file, lines)
            else:
                yield from _json_rows(file, lines)
    except (OSError, EOFError, zlib.error) as error:  # the latter two of a .gz that is cut off or damaged
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(Problem(file=str(file), line=0, what=what)) from error
    except UnicodeDecodeError as error:
        hint = "labelled files are .tsv, .jsonl or .jsonl.gz"
        raise ConfigError(Problem(file=str(file), line=0, what="this is not UTF-8 text", hint=hint)) from error


def _open(file: Path) -> Any:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig")
    return file.open(encoding="utf-8-sig", newline="" if file.suffix == ".tsv" else None)


def _tsv_rows(file: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(lines, delimiter="\t")
    if missing := {"label", "title"} - set(reader.fieldnames or ()):
        what = f"the first line must name the columns; missing: {', '.join(sorted(missing))}"
        raise ConfigError(Problem(file=str(file), line=1, what=what))
    for row in reader:
        yield (
            reader.line_num,
            {
                "id": row.get("id") or row.get("link") or row["title"],
                "title": row["title"],
                "summary": row.get("summary") or row.get("summary_160") or "",
                "url": row.get("link") or row.get("url") or "",
                "source": row.get("source") or "",
                "language": row.get("language") or "en",
                "published": row.get("published") or (row.get("set") or "")[:7],
                "gold": {"label": row["label"], "type": row.get("type")},
            },
        )


def _json_rows(file: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(Problem(file=str(file), line=number, what=f"it is not JSON: {error}")) from error
        if not isinstance(raw, dict):
            raise ConfigError(Problem(file=str(file), line=number, what="expected an object, one a line"))
        yield number, raw if "codes" not in raw else _cameo(raw)


def _cameo(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sentence with codes as a headline without a date: most are older than the conflicts that we know."""
    return {
        "id": raw.get("sid"),
        "title": raw.get("text"),
        "language": raw.get("lang"),
        **{key: raw[key] for key in ("codes", "peace", "set") if key in raw},
    }


def _item(raw: dict[str, Any]) -> Item:
    entry, when = read_item(raw)
    gold = _gold(raw.get("gold"))
    codes = tuple(code for code in raw.get("codes") or () if isinstance(code, str))
    return Item(
        id=str(raw.get("id")),
        entry=entry,
        when=when,
        gold=gold,
        codes=codes,
        set=raw.get("set", ""),
        stream=gold is None and not codes,
    )


def _gold(raw: Any) -> Gold | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise LineError("'gold' must be an object")
    if "label" not in raw and "story" in raw:
        if "relevant" not in raw:
            return None  # labelled for stories only
        return Gold(label=NEWS if raw["relevant"] else NO_NEWS)
    label = raw.get("label")
    if label not in (NEWS, NO_NEWS, BETWEEN):
        raise LineError(f"the label must be {NEWS}, {NO_NEWS} or {BETWEEN}, not {label!r}")
    conflicts = raw.get("conflicts")
    return Gold(
        label=label,
        type=raw.get("type") or "",
        alt=raw.get("alt") or "",
        modality=raw.get("modality") or "",
        conflicts=tuple(conflicts) if isinstance(conflicts, list) else None,
        danger=bool(raw.get("danger")),
    )
