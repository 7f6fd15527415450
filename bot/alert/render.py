"""What a story looks like in a chat: the alert, and the answers behind its buttons. Pure.

The status comes first, for it is what a lock screen shows. Text of others is escaped and cut; a link shows its host.
"""

import html
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.alert import phrases
from bot.alert.loudness import PRIORITY_WORDS, weigh
from bot.alert.phrases import Reader
from bot.model import (
    Button,
    Entry,
    Event,
    EventType,
    Mention,
    Message,
    Modality,
    Report,
    Story,
)
from bot.text import clean

LONGEST_ALERT = 900
"""Visible UTF-16 units of an alert: it must be read at a glance."""

StoryWithReports = tuple[Story, Sequence[Report]]


# ------------------------------------------------------------------------------------------ the alert
def alert(
    story: Story, reports: Sequence[Report], reader: Reader, *, update: bool = False, silent: bool = True
) -> Message:
    """Return the message that tells of *story*, as something new or as an *update* of what was told before."""
    lead = best_report(story, reports, reader)
    head = (
        status_line(story, reports, reader, update=update),
        phrases.quote(lead.entry, reader) if lead else phrases.short(story.headline, 200),
    )
    details, count = _details(story, reports, lead, reader), _count(story, reports, reader)
    extras = [_before(story, reader), _also(story, reports, lead, reader)]
    text = _paragraphs(head, (details, *extras, count))
    while extras and phrases.visible(text) > LONGEST_ALERT:
        extras.pop()
        text = _paragraphs(head, (details, *extras, count))
    return Message(html=text, buttons=buttons(story, len(reports)), silent=silent)


def _paragraphs(head: Sequence[str], details: Sequence[str]) -> str:
    return "\n".join((*head, "", *(line for line in details if line)))


def status_line(story: Story, reports: Sequence[Report], reader: Reader, *, update: bool = False) -> str:
    """Return the first line: colour and word for how sure, which conflict, what, and on whose word."""
    how_sure, lead = phrases.modality(story, reports), best_report(story, reports, reader)
    standing = phrases.standing(story, reports, reader.catalog)
    where = phrases.short(phrases.conflicts(story, reader), 70)
    what = phrases.short(happened(story, lead, how_sure, reader).upper(), 90)
    dot = phrases.dot(story.type, how_sure)
    # "Now: planned: …" would be read as now.
    new = ("UPDATE: " if dot == phrases.NOT_NOW else "NOW: ") if update else ""
    word_of = _on_whose_word(story, lead, reader)
    return f"{dot} <b>{standing}</b> · {where} · <b>{new}{what}</b>{word_of}"


def happened(story: Story, lead: Report | None, how_sure: Modality, reader: Reader) -> str:
    """Return the label of what happened, by whom as far as the report to quote tells. Not escaped."""
    if lead and lead.event and lead.event.type is story.type:
        return phrases.told(lead.entry, lead.event, how_sure, reader)
    return phrases.label(story.type, how_sure, reader)


def _on_whose_word(story: Story, lead: Report | None, reader: Reader) -> str:
    """Return ", says X" where somebody is quoted for what is asserted: it is then X's word, not yet a fact."""
    if lead is None or lead.event is None or not lead.event.speaker:
        return ""
    asserted = story.modality in phrases.ASSERTED and story.type not in phrases.IS_SPEECH
    return f", says {phrases.short(phrases.names([lead.event.speaker], reader), 40)}" if asserted else ""


def best_report(story: Story, reports: Sequence[Report], reader: Reader) -> Report | None:
    """Return the report to quote: of the present stage, the reader's language, the best source, the earliest."""

    def rank(report: Report) -> tuple[bool, bool, int, bool]:
        of = phrases.publisher(report.entry, reader.catalog)
        return report.entry.language != reader.language, of.state_media, of.tier, report.entry.published is None

    return min(phrases.backing(story, reports) or reports, key=rank, default=None)


def _details(story: Story, reports: Sequence[Report], lead: Report | None, reader: Reader) -> str:
    """Return by whom, to whom and on whose word; a claim names its claimant, or says that there is none.

    Numbers are left to the headline: torn from it, "4-day" after days of war reads like a truce of four days.
    """
    if lead is None or lead.event is None:
        return ""
    claimed = phrases.modality(story, reports) is Modality.CLAIM
    return " · ".join(part for part in _parties(lead.event, claimed, reader) if part)


def _parties(event: Event, claimed: bool, reader: Reader) -> tuple[str, str]:
    others = [actor for actor in event.actors if actor not in event.recipients]
    # Who is named is not yet who did it: only a single one can have spoken to the recipients.
    sender = others[0] if event.recipients and len(others) == 1 else ""
    speaker, recipients = (
        phrases.short(phrases.names([each for each in ids if each], reader), 70)
        for ids in ([event.speaker or sender], event.recipients)
    )
    said_by = f"said by: {speaker}" if speaker and event.type in phrases.IS_SPEECH else ""
    if claimed:
        said_by = f"claimed by: {speaker}" if speaker else "claimed, by whom the headline does not say"
    if not sender:
        named = phrases.short(phrases.names((*others, *event.recipients), reader), 90)
        return (f"named: {named}" if named else ""), said_by
    if event.type is EventType.CEASEFIRE_VIOLATED:
        # "by Ukraine → to Russia" would read as if the accuser had broken it.
        return said_by or f"said by: {speaker}", f"about: {recipients}"
    by = f"by {phrases.short(phrases.names([sender], reader), 70)} → to {recipients}"
    return by, said_by if claimed or event.speaker not in ("", sender) else ""


def _before(story: Story, reader: Reader) -> str:
    if len(story.stages) < 2:
        return ""
    stage = story.stages[-2]
    label = phrases.short(phrases.label(stage.type, stage.modality, reader), 60)
    return f"Before: {label}, {phrases.moment(stage.at, reader)}"


def _also(story: Story, reports: Sequence[Report], lead: Report | None, reader: Reader) -> str:
    """Return the other publishers that say the same, each once, with the reader's time."""
    told = {phrases.publisher(lead.entry, reader.catalog).name if lead else ""}
    others = []
    for report in phrases.backing(story, reports):
        name = phrases.publisher(report.entry, reader.catalog).name
        if name not in told:
            told.add(name)
            others.append(_at(report.entry, reader))
    more = f" · +{len(others) - 3}" if len(others) > 3 else ""
    return f"Also: {' · '.join(others[:3])}{more}" if others else ""


def _at(entry: Entry, reader: Reader) -> str:
    at = entry.published
    time = f" {phrases.local(at, reader):%H:%M}" if at else ""
    return phrases.credit(entry, reader.catalog) + time


def _count(story: Story, reports: Sequence[Report], reader: Reader) -> str:
    """Return how many publishers stand behind it; those of one owner count once and this is said."""
    said = phrases.backing(story, reports)
    publishers = {phrases.publisher(report.entry, reader.catalog).name for report in said}
    owners = len(phrases.families(story, reports, reader.catalog))
    if owners > 1:
        voice = phrases.only_voice(story, reports)
        source = f", one source: {phrases.short(phrases.names([voice], reader), 40)}" if voice else ""
        if owners < len(publishers):
            return f"{len(publishers)} publishers of {owners} owners{source}"
        return f"{owners} {'' if voice else 'independent '}publishers{source}"
    if len(publishers) > 1:
        return f"{len(publishers)} publishers of one owner: that is one source"
    return "1 publisher so far, no second source"


def buttons(story: Story, reports: int) -> tuple[tuple[Button, ...], ...]:
    """Return the buttons under a story's card."""
    ask = (
        Button("Why?", f"why:{story.id}"),
        Button(f"Sources {reports}", f"src:{story.id}"),
        Button("Timeline", f"tl:{story.id}"),
    )
    return ask, (Button("Mute story", f"mute:{story.id}"), Button("Not relevant", f"bad:{story.id}"))


# ------------------------------------------------------------------------------------------ behind the buttons
def why(story: Story, reports: Sequence[Report], reader: Reader) -> Message:
    """Return why the bot took this for news of that kind: words, rule, score, and what held it back."""
    lead = best_report(story, reports, reader)
    head = f"<b>Why?</b> · {status_line(story, reports, reader)}"
    if lead is None or lead.event is None:
        return Message(html=f"{head}\n\nThe reports behind this story are no longer kept.")
    event = lead.event
    level, reasons = weigh(story, reports, reader.catalog)
    lines = [
        f"“{marked(lead.entry, event.mentions)}” — {phrases.credit(lead.entry, reader.catalog)}",
        "",
        *_evidence(event, reader),
        f"Score {event.score:.1f} · rule {phrases.short(event.rule or 'not recorded', 80)}",
        f"Loudness: P{level}, {PRIORITY_WORDS[level]}",
        *(f"  no louder because: {reason}" for reason in reasons),
        f"Published {phrases.when(lead.entry, reader)}",
        "It would not have been sent if it were older than 12 h, undated, or muted by you.",
    ]
    return Message(html=phrases.fit(head, lines))


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


_ROLES = {
    "signal": "Relevant",
    "conflict": "Conflict",
    "type": "What happened",
    "modality": "How sure",
    "cancelled": "Set aside",
    "genre": "Genre",
}


def _evidence(event: Event, reader: Reader) -> Iterator[str]:
    """Yield one line for each thing decided: what, because of which words."""
    order = list(_ROLES)
    known = [each for each in event.mentions if each.role in _ROLES]
    ranked = sorted(known, key=lambda each: (order.index(each.role), each.name))
    for (role, name), group in groupby(ranked, key=lambda each: (each.role, each.name.partition(":")[0])):
        words = dict.fromkeys(phrases.short(each.text, 40) for each in group)
        shown = ", ".join(f"“{word}”" for word in list(words)[:4])
        yield f"{_ROLES[role]}: {phrases.short(_readable(name, event.modality, reader), 60)} ← {shown}"


def _readable(name: str, how_sure: Modality, reader: Reader) -> str:
    """Return what a mention's *name* stands for: a conflict and its side, an event type and its rule, an entity."""
    conflict_id = name.partition(":")[0]
    if conflict_id in reader.catalog.conflicts:
        return phrases.conflict(conflict_id, reader)
    event_type, _, rule = name.partition(" ")
    if event_type in set(EventType):
        label = phrases.label(EventType(event_type), how_sure, reader)
        return label + (f", rule {rule}" if rule else "")
    return reader.catalog.entity_name(name, reader.language)


def sources(story: Story, reports: Sequence[Report], reader: Reader) -> Message:
    """Return every report of the story with its publisher, what kind of publisher that is, and its link."""
    head = f"<b>Sources</b> · {status_line(story, reports, reader)}"
    blocks = [f"\n{_source(report.entry, reader)}" for report in reports]
    return Message(html=phrases.fit(head, blocks, "\n" + _count(story, reports, reader)))


_TIERS = {1: "agency or official", 2: "major outlet", 3: "other outlet"}


def _source(entry: Entry, reader: Reader) -> str:
    of = phrases.publisher(entry, reader.catalog)
    about = (_TIERS.get(of.tier, "other outlet"), of.bloc.replace("-", " ").title(), of.country)
    kind = ", ".join(phrases.short(each, 30) for each in about if each)
    where = ", ".join(
        each for each in (phrases.short(phrases.host(entry.link), 60), phrases.when(entry, reader)) if each
    )
    return f"<b>{phrases.credit(entry, reader.catalog)}</b> ({kind})\n“{phrases.headline(entry, 160)}”\n{where}"


def timeline(story: Story, reports: Sequence[Report], reader: Reader) -> Message:
    """Return the story's reports in order of time, each with what it said happened."""
    head = f"<b>Timeline</b> · {status_line(story, reports, reader)}"
    blocks = [f"\n{_step(report, reader)}" for report in reports]
    return Message(html=phrases.fit(head, blocks))


def _step(report: Report, reader: Reader) -> str:
    event = report.event
    what = phrases.told(report.entry, event, event.modality, reader) if event else "no event"
    sign = phrases.icon(event.type, reader.catalog) if event else "•"
    time = phrases.when(report.entry, reader)
    credit = phrases.credit(report.entry, reader.catalog)
    return f"{time} {sign} <b>{phrases.short(what, 60)}</b>\n{phrases.headline(report.entry, 160)} — {credit}"


# ------------------------------------------------------------------------------------------ several stories
def listing(title: str, stories: Sequence[StoryWithReports], reader: Reader, *, foot: str = "") -> Message:
    """Return *stories* under a *title* (plain text), each with a number to press for its card."""
    blocks = [f"\n{number}. {summary(story, reports, reader)}" for number, (story, reports) in enumerate(stories, 1)]
    numbers = [Button(f"Open {number}", f"show:{story.id}") for number, (story, _) in enumerate(stories[:10], 1)]
    rows = tuple(tuple(numbers[start : start + 4]) for start in range(0, len(numbers), 4))
    return Message(html=phrases.fit(f"<b>{phrases.short(title, 200)}</b>", blocks, foot), buttons=rows)


def summary(story: Story, reports: Sequence[Report], reader: Reader) -> str:
    """Return a story in two lines: what and how sure, then the headline that says so."""
    lead = best_report(story, reports, reader)
    said = (
        f"{phrases.headline(lead.entry, 160)} — {phrases.credit(lead.entry, reader.catalog)}, "
        f"{phrases.when(lead.entry, reader)}"
        if lead
        else phrases.short(story.headline, 160)
    )
    return f"{status_line(story, reports, reader)}\n{said}"
