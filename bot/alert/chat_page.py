"""A story's page in a chat: how it came to stand as it does, who was first, every report and every headline. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bot.alert import phrases, render
from bot.alert.page import StoryPage, Told, change_words
from bot.alert.phrases import Reader
from bot.model import LoggedChange
from bot.text import link_host

REPORTS_A_SHEET = 8
MOST_CHANGES = 12
"""So many of the newest changes of status are listed."""
MOST_HEADLINES = 5
"""So many of the newest former headlines of one report are listed."""


def sheets(page: StoryPage, reader: Reader) -> Sequence[str]:
    """Return *page* as HTML, in as many messages as it takes; each has the status, the first has what changed."""
    head = f"<b>Timeline</b> · {render.status_line(page.story, page.reports, reader)}"
    first = "\n".join((head, *_origin(page, reader)))
    blocks = ("\n".join(_report(number, told, reader)) for number, told in enumerate(page.told, 1))
    return [sheet.html for sheet in phrases.pages(first, head, blocks, most=REPORTS_A_SHEET)]


def _origin(page: StoryPage, reader: Reader) -> Iterator[str]:
    """Yield who was first, who stands behind it by now, and how its status changed."""
    story, reports = page.story, page.reports
    if reports:
        first = reports[0].entry
        yield f"First: {phrases.credit(first, reader.catalog)}, {phrases.when(first, reader)}"
    yield from filter(None, [render.count_line(story, reports, reader)])
    if history := page.history[-MOST_CHANGES:]:
        yield "\n<b>What changed</b>"
        yield from (_change(each, page, reader) for each in history)


def _change(change: LoggedChange, page: StoryPage, reader: Reader) -> str:
    """Return a change of status, and by whose report it came."""
    by = next((report.entry for report in page.reports if report.entry.key == change.entry_key), None)
    whose = f" ({phrases.credit(by, reader.catalog)})" if by else ""
    return f"{phrases.moment(change.created_at, reader)}: {change_words(change)}{whose}"


def _report(number: int, told: Told, reader: Reader) -> Iterator[str]:
    """Yield what a report said, who published it where and when, and its former headlines."""
    entry, event = told.report.entry, told.report.event
    what = phrases.told(entry, event, event.modality, reader) if event else "taken back by its source"
    sign = f"{phrases.icon(event.type, reader.catalog)} " if event else ""
    yield f"{number}. {_times(told, reader)} {sign}<b>{phrases.short(what, 60)}</b>"
    host = f" · {phrases.short(link_host(entry.link), 50)}" if link_host(entry.link) else ""
    yield f"“{phrases.headline(entry, 160)}” — {phrases.credit(entry, reader.catalog)}{host}"
    former = list(pairwise(told.headlines))
    if former[MOST_HEADLINES:]:
        yield f"{phrases.plural(len(former) - MOST_HEADLINES, 'headline')} before these:"
    for before, after in former[-MOST_HEADLINES:]:
        yield f"Until {phrases.moment(after.seen_at, reader)}: <s>“{phrases.short(before.title, 160)}”</s>"


def _times(told: Told, reader: Reader) -> str:
    """Return when the report was published and, in the reader's time alone, when it was first seen."""
    published, seen = told.report.entry.published, told.headlines[0].seen_at if told.headlines else None
    when = phrases.when(told.report.entry, reader)
    if published is None or seen is None:
        return when
    here, there = phrases.local(published, reader), phrases.local(seen, reader)
    first_seen = f"{there:%H:%M}" if here.date() == there.date() else phrases.moment(seen, reader)
    return f"{when}, seen {first_seen}"
