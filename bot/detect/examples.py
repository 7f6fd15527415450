"""Headlines that were labelled, as the owner does in chat, and whether the rules agree with them. Pure.

A line is what `parley classify` reads, with the label beside it: {"title": …, "published": …, "gold": {"label": "P"}}.
`gold.label` is P (news of ours) or N (none); `gold.type` may say of which type. `parley examples --json` writes such
lines, `parley eval` and `parley rules test` read them.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.detect.detector import Detector
from bot.detect.lines import LineError, item_of, read_item
from bot.errors import ConfigError, Problem
from bot.model import Entry, EventType, Example
from bot.text import did_you_mean

NEWS, NO_NEWS = "P", "N"


def read_examples(lines: Iterable[str], file: str) -> Sequence[Example]:
    """Read the examples in the JSON *lines* of *file*; raise ConfigError naming every line that is none."""
    examples, problems = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                examples.append(_read(line))
            except LineError as error:
                problems.append(Problem(file=file, line=number, what=str(error)))
    if problems:
        raise ConfigError(*problems)
    return examples


def _read(line: str) -> Example:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"it is not JSON: {error}") from error
    entry, _ = read_item(item)
    gold = item.get("gold")
    if not isinstance(gold, dict) or gold.get("label") not in (NEWS, NO_NEWS):
        raise LineError(f'say what it is: "gold": {{"label": "{NEWS}"}} or "{NO_NEWS}"')
    return Example(entry=entry, news=gold["label"] == NEWS, type=_read_type(gold.get("type")))


def _read_type(value: Any) -> EventType | None:
    if value is None:
        return None
    if value not in set(EventType):
        hint = did_you_mean(str(value), EventType)
        raise LineError(f"there is no event type {value!r}" + (f" ({hint})" if hint else ""))
    return EventType(value)


def example_line(example: Example) -> str:
    """Return *example* as a line of JSON; it names no one."""
    item = {
        "id": example.id,
        **item_of(example.entry),
        "gold": {"label": NEWS if example.news else NO_NEWS, "type": example.type},
        "labelled_at": example.labelled_at.isoformat() if example.labelled_at else None,
    }
    return json.dumps(item, ensure_ascii=False)


def example_words(example: Example) -> str:
    """Return *example* in one line for people."""
    day = f"{example.entry.published:%Y-%m-%d}" if example.entry.published else "undated   "
    label = (example.type or "news") if example.news else "not news"
    return f"{day}  {label:<20}  {example.entry.title}"


def disagreement(example: Example, detector: Detector) -> str:
    """Return in what the rules of *detector* and *example* differ, "" if in nothing."""
    verdict = detector.judge(example.entry)
    if verdict.relevant is not example.news:
        said, found = ("news", "not") if example.news else ("no news", "taken for news")
        return f"labelled {said}, but {found} (score {verdict.score:g}): {_title(example.entry)}"
    if verdict.event and example.type not in (None, verdict.event.type):
        return f"labelled {example.type}, but taken for {verdict.event.type}: {_title(example.entry)}"
    return ""


def _title(entry: Entry) -> str:
    return f"“{entry.title[:120]}”"
