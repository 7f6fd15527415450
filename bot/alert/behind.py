"""Why an alert came and which reports it rests on: the answers behind its buttons. Pure."""

import html
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.alert import phrases
from bot.alert.loudness import PRIORITY_WORDS, weigh
from bot.alert.phrases import Reader
from bot.alert.render import best_report, count_line, status_line
from bot.model import Entry, Event, Mention, Message, Report, Story
from bot.story.status import Status, status
from bot.text import clean, link_host


def why(story: Story, reports: Sequence[Report], reader: Reader) -> Message:
    """Return why the bot took this for news of that kind: words, rule, score, and what held it back."""
    lead = best_report(story, reports, reader)
    head = f"<b>Why?</b> · {status_line(story, reports, reader)}"
    if lead is None or lead.event is None:
        return Message(html=f"{head}\n\nThe reports behind this story are no longer kept.")
    event = lead.event
    loud = weigh(story, reports, reader.catalog)
    lines = [
        f"“{marked(lead.entry, event.mentions)}” — {phrases.credit(lead.entry, reader.catalog)}",
        "",
        *dict.fromkeys(_evidence(event, reader)),  # several rules may rest on the same words
        _decided_by(event),
        _rests_on(status(story, reports, reader.catalog), reader),
        f"Loudness: P{loud.level}, {PRIORITY_WORDS[loud.level]}",
        *(f"  louder because: {phrases.short(reason, 120)}" for reason in loud.louder),
        *(f"  no louder because: {phrases.short(reason, 120)}" for reason in loud.no_louder),
        f"Published {phrases.when(lead.entry, reader)}",
        "It would not have been sent if it were older than 12 h, undated, or muted by you.",
    ]
    return Message(html=phrases.fit(head, lines))


def _rests_on(of: Status, reader: Reader) -> str:
    """Return how far the story can be relied on, on whose word it rests, and why that is enough or not."""
    whose = f", on the word of {of.word}" if of.word else ""
    reason = phrases.short(phrases.reason(of, reader), 80)
    return f"Status: {phrases.STANDING_WORDS[of.standing].lower()}{whose}" + (f" ({reason})" if reason else "")


def marked(entry: Entry, mentions: Sequence[Mention]) -> str:
    """Return the entry's headline as HTML, with the words that decided underlined."""
    title = entry.title[:300]
    spans = sorted({(each.start, each.end) for each in mentions if each.field == "title" and each.role != "cancelled"})
    if clean(title) != title:
        return phrases.short(title, 300)
    text, done = "", 0
    for start, end in spans:
        if done <= start < end <= len(title):
            text += html.escape(title[done:start], quote=False) + f"<u>{html.escape(title[start:end], quote=False)}</u>"
            done = end
    return text + html.escape(title[done:], quote=False)


_FACT_ROLES = {
    "start": "Start",
    "end": "End",
    "deadline": "Deadline",
    "meeting": "Meeting",
    "occurred": "Day",
    "duration": "Duration",
    "count": "Count",
    "scope": "Covers",
    "form": "Sides",
    "venue": "Where",
}
_ROLES = {
    "signal": "Relevant",
    "conflict": "Conflict",
    "type": "What happened",
    "modality": "How sure",
    "cancelled": "Set aside",
    **_FACT_ROLES,
    "genre": "Genre",
}


def _evidence(event: Event, reader: Reader) -> Iterator[str]:
    """Yield one line for each thing decided: what, because of which words."""
    order = list(_ROLES)
    known = [each for each in event.mentions if each.role in _ROLES]
    ranked = sorted(known, key=lambda each: (order.index(each.role), each.name))
    for (role, _), group in groupby(ranked, key=_decision):
        mentions = list(group)
        words = dict.fromkeys(phrases.short(each.text, 40) for each in mentions)
        shown = ", ".join(f"“{word}”" for word in list(words)[:4])
        decided = phrases.short(_decided(mentions[0], event, reader), 60)
        yield f"{_ROLES[role]}{': ' if decided else ''}{decided} ← {shown}"


def _decision(mention: Mention) -> tuple[str, str]:
    """Return what *mention* is evidence of; all sides of a conflict are evidence of that conflict."""
    return mention.role, mention.name.partition(":")[0] if mention.role == "conflict" else mention.name


def _decided(mention: Mention, event: Event, reader: Reader) -> str:
    """Return in plain words what *mention* decided, "" for what its role says already."""
    match mention.role:
        case "conflict":
            return phrases.conflict(mention.name.partition(":")[0], reader)
        case "type":
            return phrases.label(event.type, event.modality, reader)
        case "venue":
            return reader.catalog.entity_name(mention.name, reader.language)
        case role if role in ("modality", "genre", *_FACT_ROLES):
            return mention.name
        case _:
            return ""


def _decided_by(event: Event) -> str:
    """Return the score, the rule, and which edition of the rules it was."""
    edition = f" · rules {event.rules_hash}" if event.rules_hash else ""
    return f"Score {event.score:.1f} · rule {phrases.short(event.rule or 'not recorded', 80)}{edition}"


def sources(story: Story, reports: Sequence[Report], reader: Reader) -> Message:
    """Return every report of the story with its publisher, what kind of publisher that is, and its link."""
    head = f"<b>Reports</b> · {status_line(story, reports, reader)}"
    blocks = [f"\n{_source(report.entry, reader)}" for report in reports]
    return Message(html=phrases.fit(head, blocks, "\n" + count_line(story, reports, reader)))


_TIERS = {1: "agency or official", 2: "major outlet", 3: "other outlet"}


def _source(entry: Entry, reader: Reader) -> str:
    of = phrases.publisher(entry, reader.catalog)
    about = (_TIERS.get(of.tier, "other outlet"), of.bloc.replace("-", " ").title(), of.country)
    kind = ", ".join(phrases.short(each, 30) for each in about if each)
    where = ", ".join(each for each in (phrases.short(link_host(entry.link), 60), phrases.when(entry, reader)) if each)
    return f"<b>{phrases.credit(entry, reader.catalog)}</b> ({kind})\n“{phrases.headline(entry, 160)}”\n{where}"
