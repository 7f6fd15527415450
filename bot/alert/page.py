"""A story's page: every headline it had, when each was first seen, its links, and how its status changed. Pure.

It holds what the archive holds, all times in UTC, so that it can be cited and compared.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bot.alert import phrases, render
from bot.alert.phrases import Reader
from bot.alert.stated import again
from bot.catalog import Catalog
from bot.model import Entry, Headline, LoggedChange, Report, Standing, Story, StoryChange
from bot.story.status import TAKEN_BACK, Status, status
from bot.text import clean, link_host, plain, safe_link


class Told(NamedTuple):
    """A report, and the titles that it has had, the first first."""

    report: Report
    headlines: Sequence[Headline]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """All that the archive holds of a story: its reports, the earliest first, and what of it was logged."""

    story: Story
    told: Sequence[Told]
    changes: Sequence[LoggedChange]

    @property
    def reports(self) -> Sequence[Report]:
        """Return the reports, the earliest first."""
        return [each.report for each in self.told]

    @property
    def history(self) -> Sequence[LoggedChange]:
        """Return what changed, without the reports that only joined."""
        return [each for each in self.changes if each.change is not StoryChange.GREW]


CHANGES = {
    StoryChange.NEW: "first told",
    StoryChange.NEW_STAGE: "a new stage",
    StoryChange.CORROBORATED: "others report it too",
}
"""What stands in the change log, in words; a standing is its own word."""


# ------------------------------------------------------------------------------------------ plain
def page_text(page: StoryPage, catalog: Catalog) -> str:
    """Return *page* as lines for a terminal."""
    reader, story = _reader(page, catalog), page.story
    lines = [
        clean(story.headline),
        plain(render.status_line(story, page.reports, reader)),
        *_about(page, reader),
        "",
        "Status",
        *(f"  {_moment(each.created_at)}  {change_words(each)}" for each in page.history),
        "",
        "Reports",
        *(line for told in page.told for line in _report_lines(told, reader)),
    ]
    return "\n".join(lines)


def _about(page: StoryPage, reader: Reader) -> Iterator[str]:
    story, of = page.story, status(page.story, page.reports, reader.catalog)
    yield f"story {story.id}, revision {story.revision}"
    yield f"{_standing(of)}; {phrases.plural(len(page.told), 'report')}, {len(of.sources)} independent"
    if reason := phrases.reason(of, reader):
        yield f"{'not confirmed' if of.standing is Standing.UNCONFIRMED else 'confirmed'}: {reason}"
    if repeated := plain(again(story, reader)):
        yield repeated


def _standing(of: Status) -> str:
    blocs = f", told in: {phrases.blocs(of)}" if of.blocs else ""
    return f"{of.standing}{blocs}"


def _report_lines(told: Told, reader: Reader) -> Iterator[str]:
    entry = told.report.entry
    yield f"  {_published(entry)}  {plain(phrases.credit(entry, reader.catalog))}: {_what(told.report, reader)}"
    for headline in told.headlines:
        yield f"    seen {_moment(headline.seen_at)}  “{clean(headline.title)}”"
    yield f"    {safe_link(entry.link) or 'no link'}"


# ------------------------------------------------------------------------------------------ JSON
def page_object(page: StoryPage, catalog: Catalog) -> dict[str, Any]:
    """Return *page* as JSON takes it."""
    story, of = page.story, status(page.story, page.reports, catalog)
    return {
        "id": story.id,
        "revision": story.revision,
        "type": story.type,
        "modality": story.modality,
        "conflicts": list(story.conflicts),
        "headline": story.headline,
        "standing": of.standing,
        "standing_because": None if of.standing in TAKEN_BACK else of.reason,
        "independent_sources": [each.id for each in of.sources],
        "first_seen": _stamp(story.first_seen),
        "last_seen": _stamp(story.last_seen),
        "stages": [{"type": stage.type, "modality": stage.modality, "at": _stamp(stage.at)} for stage in story.stages],
        "status_history": [
            {"at": _stamp(each.created_at), "change": each.change, "revision": each.revision} for each in page.history
        ],
        "reports": [_report_object(told, catalog) for told in page.told],
    }


def _report_object(told: Told, catalog: Catalog) -> dict[str, Any]:
    entry, event = told.report.entry, told.report.event
    of = phrases.publisher(entry, catalog)
    return {
        "publisher": of.id,
        "state_media": of.state_media,
        "language": entry.language,
        "link": safe_link(entry.link),
        "published": entry.published and _stamp(entry.published),
        "type": event and event.type,
        "modality": event and event.modality,
        "headlines": [{"title": each.title, "first_seen": _stamp(each.seen_at)} for each in told.headlines],
    }


# ------------------------------------------------------------------------------------------ HTML
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "time{color:#666;font-variant-numeric:tabular-nums}li{margin:.4rem 0}s{color:#a00}"
)


def page_html(page: StoryPage, catalog: Catalog) -> str:
    """Return *page* as one HTML file that loads nothing from elsewhere."""
    reader, story = _reader(page, catalog), page.story
    title = _text(story.headline)
    changes = (f"<li>{_time(each.created_at)} {_text(change_words(each))}</li>" for each in page.history)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f'<h1 lang="{_text(story.language)}" dir="auto">{title}</h1>',
            f"<p>{render.status_line(story, page.reports, reader)}</p>",
            *(f"<p>{_text(line)}</p>" for line in _about(page, reader)),
            "<h2>Status</h2><ol>",
            *changes,
            "</ol><h2>Reports</h2><ol>",
            *(_report_html(told, reader) for told in page.told),
            "</ol></body></html>\n",
        )
    )


def _report_html(told: Told, reader: Reader) -> str:
    entry = told.report.entry
    link = safe_link(entry.link)
    shown = f'<a href="{html.escape(link)}" rel="nofollow noopener">{_text(link_host(link))}</a>' if link else "no link"
    headlines = "".join(
        f'<li>{_time(each.seen_at)} <span lang="{_text(entry.language)}" dir="auto">{_text(each.title)}</span></li>'
        for each in told.headlines
    )
    what = _text(_what(told.report, reader))
    credit = phrases.credit(entry, reader.catalog)
    return f"<li>{_text(_published(entry))} <b>{credit}</b>: {what} ({shown})<ul>{headlines}</ul></li>"


# ------------------------------------------------------------------------------------------ shared
def _reader(page: StoryPage, catalog: Catalog) -> Reader:
    """Return the reader of a page: in UTC, as of its last report, so that a page of the same reports is the same."""
    return Reader(language="en", time_zone="UTC", catalog=catalog, now=page.story.last_seen)


def _what(report: Report, reader: Reader) -> str:
    event = report.event
    return phrases.told(report.entry, event, event.modality, reader) if event else "taken back"


def change_words(change: LoggedChange) -> str:
    """Return in words what changed."""
    return CHANGES.get(change.change, change.change.value)


def _published(entry: Entry) -> str:
    return _moment(entry.published) if entry.published else "undated        "


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _time(at: datetime) -> str:
    return f'<time datetime="{_stamp(at)}">{_moment(at)}</time>'


def _text(text: str) -> str:
    return html.escape(clean(text))
