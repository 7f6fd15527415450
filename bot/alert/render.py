"""What a story looks like in a chat: the alert, its first line, and a list of several. Pure.

The status comes first, for it is what a lock screen shows. Text of others is escaped and cut; a link shows its host.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.alert.stated import again, stated
from bot.model import (
    ASSERTED,
    Button,
    Entry,
    EntryKey,
    Event,
    EventType,
    Form,
    Message,
    Modality,
    Report,
    Standing,
    Story,
    StoryChange,
)
from bot.story.status import IS_SPEECH, RETRACTED, TAKEN_BACK, Status, backing, firm, status
from bot.story.voice import Word, speakers

LONGEST_ALERT = 900
"""Visible UTF-16 units of an alert: it must be read at a glance."""

StoryWithReports = tuple[Story, Sequence[Report]]


# ------------------------------------------------------------------------------------------ the alert
def alert(
    story: Story,
    reports: Sequence[Report],
    reader: Reader,
    *,
    update: bool = False,
    edited: bool = False,
    silent: bool = True,
) -> Message:
    """Return the message that tells of *story*, as something new or as an *update* of what was told before.

    One that is *edited* says when.
    """
    of, lead = status(story, reports, reader.catalog), best_report(story, reports, reader)
    struck = of.standing in TAKEN_BACK
    head = (status_line(story, reports, reader, update=update), _headline(story, lead, reader, struck=struck))
    known = () if struck else (_details(story, reports, lead, of, reader), _stated(story, reports, lead, reader))
    details = "\n".join(line for line in (*known, _against(of, reader), _lost(of, reader)) if line)
    count = count_line(story, reports, reader)
    foot = f"updated {phrases.local(reader.now, reader):%H:%M}" if edited else ""
    extras = [again(story, reader), _before(story, reader), "" if struck else _also(story, reports, lead, reader)]
    text = _paragraphs(head, (details, *extras, count, foot))
    while extras and phrases.visible(text) > LONGEST_ALERT:
        extras.pop()
        text = _paragraphs(head, (details, *extras, count, foot))
    return Message(html=text, buttons=buttons(story, reports), silent=silent)


def _headline(story: Story, lead: Report | None, reader: Reader, *, struck: bool) -> str:
    """Return what is reported; once its source says something else, what it said first, struck through."""
    if lead and lead in backing(story, [lead]):
        return phrases.quote(lead.entry, reader, struck=struck)
    headline = phrases.short(story.headline, 200)
    return f"<s>“{headline}”</s>" if struck else headline


def _against(of: Status, reader: Reader) -> str:
    """Return the report that denies what was told; or who no longer says so, and what it says now."""
    if of.against is None:
        return ""
    if of.standing in RETRACTED:
        return _changed(of.against, reader)
    return f"Denied: {phrases.quote(of.against.entry, reader)}"


def _lost(of: Status, reader: Reader) -> str:
    """Return the last report that no longer says so while others do, and how many more there are."""
    if not of.lost:
        return ""
    return _changed(of.lost[-1], reader, f" (and {len(of.lost) - 1} more)" if of.lost[1:] else "")


def _changed(report: Report, reader: Reader, more: str = "") -> str:
    """Return who no longer says what was told, and how its headline reads now."""
    who, now = phrases.credit(report.entry, reader.catalog), phrases.headline(report.entry, 120)
    return f"{who}{more} changed its report, which now reads: “{now}”"


def word(
    story: Story,
    reports: Sequence[Report],
    reader: Reader,
    *,
    change: StoryChange,
    silent: bool,
    cause: EntryKey | None = None,
) -> Message:
    """Return the short reply that tells that *story*, told before, stands otherwise now, by the report *cause*."""
    of = status(story, reports, reader.catalog)
    by = next((report for report in backing(story, reports) if report.entry.key == cause), None)
    lead = by or best_report(story, reports, reader)
    update = change is StoryChange.NEW_STAGE and of.standing is Standing.UNCONFIRMED
    head = status_line(story, reports, reader, update=update)
    said = phrases.quote(lead.entry, reader) if lead else phrases.short(story.headline, 200)
    if of.standing in RETRACTED:
        said = f"{_headline(story, lead, reader, struck=True)}\n{_against(of, reader)}"
    elif of.against:
        said = _against(of, reader)
    elif change is StoryChange.CORRECTED and of.lost:
        said = f"No longer confirmed: {_lost(of, reader)}"
    lines = (head, said, count_line(story, reports, reader))
    return Message(html="\n".join(line for line in lines if line), silent=silent)


def _paragraphs(head: Sequence[str], details: Sequence[str]) -> str:
    return "\n".join((*head, "", *(line for line in details if line)))


def status_line(story: Story, reports: Sequence[Report], reader: Reader, *, update: bool = False) -> str:
    """Return the first line: colour and word for how sure, which conflict, what, and on whose word."""
    of, lead = status(story, reports, reader.catalog), best_report(story, reports, reader)
    how_sure = phrases.how_sure(story, reports, of)
    standing = phrases.short(phrases.standing(of, reader), 60)
    where = phrases.short(phrases.conflicts(story, reader), 70)
    whose, what = _on_whose_word(story, lead, of, reader), happened(story, reports, lead, of, reader)
    if whose and story.type is EventType.CEASEFIRE_VIOLATED:
        what = what.partition(" (")[0]  # "(as reported)" says no more than ", says X"
    what = phrases.short(what.upper(), 90)
    dot = phrases.dot(story.type, how_sure, of.standing)
    if of.standing in TAKEN_BACK:
        return f"{dot} <b>{standing}</b> · {where} · <s>{what}</s>"
    # "Now: planned: …" would be read as now.
    new = ("UPDATE: " if dot == phrases.NOT_NOW else "NOW: ") if update else ""
    return f"{dot} <b>{standing}</b> · {where} · <b>{new}{what}</b>{whose}"


def happened(story: Story, reports: Sequence[Report], lead: Report | None, of: Status, reader: Reader) -> str:
    """Return the label of what happened, by whom as far as the report to quote tells. Not escaped.

    That only one side holds its fire is said as soon as any report says so.
    """
    how_sure = phrases.how_sure(story, reports, of)
    if lead is None or lead.event is None or lead.event.type is not story.type:
        return phrases.label(story.type, how_sure, reader)
    forms = {report.event.facts.form for report in backing(story, reports) if report.event}
    event = lead.event
    if Form.UNILATERAL in forms:
        event = replace(event, facts=replace(event.facts, form=Form.UNILATERAL))
    return phrases.told(lead.entry, event, how_sure, reader)


def _on_whose_word(story: Story, lead: Report | None, of: Status, reader: Reader) -> str:
    """Return ", says X" where somebody is quoted for what is asserted: it is then X's word, not yet a fact.

    What is confirmed by the word of both sides is no longer X's.
    """
    if lead is None or lead.event is None or not lead.event.speaker:
        return ""
    if of.standing is Standing.CONFIRMED and of.word is Word.BOTH_SIDES:
        return ""
    asserted = story.modality in ASSERTED and story.type not in IS_SPEECH
    return f", says {phrases.short(phrases.names([lead.event.speaker], reader), 40)}" if asserted else ""


def best_report(story: Story, reports: Sequence[Report], reader: Reader) -> Report | None:
    """Return the report to quote: of the present stage, the reader's language, the best source, the earliest."""

    def rank(report: Report) -> tuple[bool, bool, int, bool]:
        of = phrases.publisher(report.entry, reader.catalog)
        return report.entry.language != reader.language, of.state_media, of.tier, report.entry.published is None

    return min(backing(story, reports) or reports, key=rank, default=None)


def _details(story: Story, reports: Sequence[Report], lead: Report | None, of: Status, reader: Reader) -> str:
    """Return by whom, to whom and on whose word; a claim names its claimant, or says that none was recognised.

    Numbers are left to the headline: torn from it, "4-day" after days of war reads like a truce of four days.
    """
    if lead is None or lead.event is None:
        return ""
    claimed = phrases.how_sure(story, reports, of) is Modality.CLAIM
    return " · ".join(part for part in _parties(lead.event, claimed, reader) if part)


def _parties(event: Event, claimed: bool, reader: Reader) -> tuple[str, str]:
    others = [actor for actor in event.actors if actor not in event.recipients]
    # Who is named is not yet who did it: only a single one can have spoken to the recipients.
    sender = others[0] if event.recipients and len(others) == 1 else ""
    speaker, recipients = (
        phrases.short(phrases.names([each for each in ids if each], reader), 70)
        for ids in (speakers(event) or [sender], event.recipients)
    )
    said_by = f"said by: {speaker}" if speaker and event.type in IS_SPEECH else ""
    if claimed:
        said_by = f"claimed by: {speaker or 'not recognised'}"
    if not sender:
        named = phrases.short(phrases.names((*others, *event.recipients), reader), 90)
        return (f"named: {named}" if named else ""), said_by
    if event.type is EventType.CEASEFIRE_VIOLATED:
        # "by Ukraine → to Russia" would read as if the accuser had broken it.
        return said_by or f"said by: {speaker}", f"about: {recipients}"
    by = f"by {phrases.short(phrases.names([sender], reader), 70)} → to {recipients}"
    return by, said_by if claimed or event.speaker not in ("", sender) else ""


def _stated(story: Story, reports: Sequence[Report], lead: Report | None, reader: Reader) -> str:
    """Return when, how long and where, by the quoted report first and then those that say the same."""
    return stated([*([lead] if lead else []), *backing(story, reports)], reader)


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
    for report in backing(story, reports):
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


def count_line(story: Story, reports: Sequence[Report], reader: Reader) -> str:
    """Return who stands behind it: independent sources, their blocs, why that is not enough, and who has not spoken.

    "" once it was taken back.
    """
    of = status(story, reports, reader.catalog)
    if of.standing in TAKEN_BACK:
        return ""
    blocs = phrases.blocs(of) if of.sources[1:] and not of.voice else ""
    parts = [_how_many(story, reports, of, reader), phrases.short(blocs, 80), _because(of, reader)]
    if of.unheard:
        parts.append(f"no word from {phrases.short(phrases.names([of.unheard], reader), 40)} itself")
    return " · ".join(part for part in parts if part)


def _how_many(story: Story, reports: Sequence[Report], of: Status, reader: Reader) -> str:
    """Return how many publishers there are, and how many of them count: those of one owner or one wire count once."""
    said = firm(story, backing(story, reports))
    publishers = len({phrases.publisher(report.entry, reader.catalog).name for report in said})
    independent = len(of.sources)
    if independent < 2:
        return f"{publishers} publishers of one source" if publishers > 1 else "1 publisher so far, no second source"
    if of.voice:
        return f"{publishers} publishers"
    if independent < publishers:
        return f"{publishers} publishers, {independent} of them independent"
    return f"{independent} independent publishers"


def _because(of: Status, reader: Reader) -> str:
    """Return "not confirmed: …" or "confirmed: …", "" where the rest of the line says why."""
    sure = "not confirmed" if of.standing is Standing.UNCONFIRMED else "confirmed"
    because = phrases.short(phrases.because(of, reader), 80)
    return f"{sure}: {because}" if because else ""


def buttons(story: Story, reports: Sequence[Report]) -> tuple[tuple[Button, ...], ...]:
    """Return the buttons under a story's card."""
    ask = (
        Button("Why?", f"why:{story.id}"),
        Button(f"Reports {len(reports)}", f"src:{story.id}"),
        Button("Timeline", f"tl:{story.id}"),
    )
    judge = (Button("Mute story", f"mute:{story.id}"), Button("Not relevant", f"bad:{story.id}"))
    return (ask, judge, (Button("Add to calendar", f"ics:{story.id}"),)) if _has_a_day(story, reports) else (ask, judge)


def _has_a_day(story: Story, reports: Sequence[Report]) -> bool:
    """Tell whether *story* is of talks to come of which a report states the day."""
    to_come = story.type in {EventType.TALKS_PROPOSED, EventType.TALKS_SCHEDULED}
    told = story.standing not in TAKEN_BACK
    return told and to_come and any(report.event and report.event.facts.meets_on for report in backing(story, reports))


# ------------------------------------------------------------------------------------------ several stories
def listing(title: str, stories: Sequence[StoryWithReports], reader: Reader, *, foot: str = "") -> Message:
    """Return *stories* under a *title* (plain text), each with a number to press for its card."""
    blocks = [f"\n{number}. {summary(story, reports, reader)}" for number, (story, reports) in enumerate(stories, 1)]
    numbers = [Button(f"Open {number}", f"show:{story.id}") for number, (story, _) in enumerate(stories[:10], 1)]
    rows = tuple(tuple(numbers[start : start + 4]) for start in range(0, len(numbers), 4))
    return Message(html=phrases.fit(f"<b>{phrases.short(title, 200)}</b>", blocks, foot), buttons=rows)


def summary(story: Story, reports: Sequence[Report], reader: Reader) -> str:
    """Return a story in two lines: what and how sure, then the headline that says so, and how many do."""
    lead = best_report(story, reports, reader)
    said = (
        f"{phrases.headline(lead.entry, 160)} — {phrases.credit(lead.entry, reader.catalog)}, "
        f"{phrases.when(lead.entry, reader)}"
        if lead
        else phrases.short(story.headline, 160)
    )
    of = status(story, reports, reader.catalog)
    several = of.sources[1:] and of.standing not in TAKEN_BACK
    many = (_how_many(story, reports, of, reader), _because(of, reader)) if several else ()
    return f"{status_line(story, reports, reader)}\n{' · '.join(part for part in (said, *many) if part)}"
