"""Says why an entry was judged as it was: line by line, or in plain words. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bot.detect.lines import item_of
from bot.detect.rules import Rules
from bot.model import Entry, Event, Mention, NearMiss, Verdict

_SIGNS = {"signal": "+", "cancelled": "-", "genre": "-", "nearly": "~"}
_WIDEST = 40
"""Characters of a column at most; a longer cell pushes the rest of its line on."""
MOST_NEARLY = 5


def explain(entry: Entry, verdict: Verdict, rules: Rules, nearly: Sequence[Mention] = ()) -> str:
    """Return the verdict and its reasons: what spoke for it, what was cancelled, what was found, what *nearly* fired.

    The columns: for (+), against (-) or nearly (~) and the score; role; rule or name; words; place; what it lacked or
    cancelled.
    """
    score = f"score {verdict.score:g}, needs {rules.scoring.relevant_at:g}"
    shown = [*verdict.mentions, *nearly[:MOST_NEARLY]]
    left = len(nearly) - MOST_NEARLY
    lines = [
        f"{_headline(verdict, rules)} ({score})",
        f"“{entry.title}”",
        "",
        *(_table(shown) or ["  nothing in it speaks of ceasefires or peace talks"]),
        *([f"  … and {left} more that nearly fired"] if left > 0 else []),
        "",
        *(_facts(verdict.event) if verdict.event else ()),
        *_row("rules", rules.hash),
    ]
    return "\n".join(lines)


def _headline(verdict: Verdict, rules: Rules) -> str:
    if event := verdict.event:
        return f"RELEVANT: {event.type}, {event.modality}"
    if verdict.context:
        return "CONTEXT, NO NEWS"
    return "NEAR MISS" if verdict.score >= rules.scoring.near_at else "NOT RELEVANT"


def _table(mentions: Sequence[Mention]) -> list[str]:
    """Return one line for each mention, in columns as wide as they need to be."""
    rows = [_cells(mention) for mention in mentions]
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _cells(mention: Mention) -> tuple[str, ...]:
    name, _, note = mention.name.removesuffix(")").partition(" (")
    if mention.role == "cancelled":
        note = f"cancels {note}"
    sign = _SIGNS.get(mention.role, "")
    weight = f"{sign}{mention.score:g}" if sign and mention.score else sign
    words = f"“{mention.text}”" if mention.text else "the conflict's status"
    place = f"{mention.field} {mention.start}-{mention.end}" if mention.text else ""
    return weight, mention.role, name, words, place, note


def _facts(event: Event) -> Iterator[str]:
    yield from _row("conflicts", ", ".join(event.conflicts) or "not known")
    roles = dict(event.roles)
    actors = [f"{actor} ({roles[actor]})" if actor in roles else actor for actor in event.actors]
    yield from _row("actors", ", ".join(actors))
    yield from _row("recipients", ", ".join(event.recipients))
    yield from _row("speaker", event.speaker)
    yield from _row("places", ", ".join(event.places))
    yield from _row("venue", event.facts.venue)
    yield from _row("day", event.occurred_on.isoformat() if event.occurred_on else "")
    yield from _row("numbers", ", ".join(sorted(event.numbers)))
    yield from _row("rule", event.rule)


def _row(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"  {name:<10}  {value}"


# ------------------------------------------------------------------------------------------ near misses
def obstacles(mentions: Sequence[Mention]) -> Sequence[str]:
    """Return in plain words what kept an entry with these *mentions* from being news."""
    against = [words for mention in mentions if (words := _obstacle(mention))]
    if any(mention.role in ("cancelled", "genre") for mention in mentions):
        return against
    alone = [f"“{each.text}” alone is too little ({each.name})" for each in mentions if each.role == "signal"]
    return alone + against


def _obstacle(mention: Mention) -> str:
    name, _, note = mention.name.removesuffix(")").partition(" (")
    match mention.role:
        case "genre":
            return f"taken for background, not news, because of “{mention.text}” ({name})"
        case "cancelled":
            because = f"“{mention.text}”" if mention.text else "how the conflict stands"
            return f"set aside because of {because} ({name})"
        case "nearly":
            return f"“{mention.text}” would have counted {note} ({name})"
        case _:
            return ""


def near_miss_words(near_miss: NearMiss) -> str:
    """Return *near_miss* in a few lines: score, when, who, headline, link, and what stood in the way."""
    entry = near_miss.entry
    at = entry.happened_at or near_miss.noted_at
    head = f"{near_miss.score:.1f}  {at:%Y-%m-%d %H:%M}  {entry.publisher}"
    lines = (entry.title, entry.link, *obstacles(near_miss.mentions))
    return "\n     ".join([head, *(line for line in lines if line)])


def near_miss_line(near_miss: NearMiss) -> str:
    """Return *near_miss* as a line of JSON: what `parley classify` reads, with score, reasons and spans beside it."""
    item = {
        "id": near_miss.id,
        **item_of(near_miss.entry),
        "score": near_miss.score,
        "why": obstacles(near_miss.mentions),
        "spans": [asdict(mention) for mention in near_miss.mentions],
        "noted_at": near_miss.noted_at.isoformat(),
        "rules_hash": near_miss.rules_hash,
    }
    return json.dumps(item, ensure_ascii=False)
