"""A story's page: what the archive holds of it, to be read, cited and compared."""

import json
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.alert.page import StoryPage, Told, page_html, page_object, page_text
from bot.catalog import load_catalog
from bot.model import Headline, LoggedChange, Report, Stage, StoryChange
from bot.store.archive import ArchiveStore
from tests import fakes, make
from tests.process import parley

CATALOG = load_catalog()


def page_of(*reports: Report, edited: str = "") -> StoryPage:
    """Return the page of *reports*, the first of which came to be titled *edited*; two changes were logged of it."""
    story = make.story(*reports)
    told = [Told(report, [Headline(report.entry.title, make.NOON)]) for report in reports]
    if edited:
        later = Headline(edited, make.NOON + timedelta(hours=1))
        told[0] = Told(reports[0], [*told[0].headlines, later])
    logged = [
        LoggedChange(
            id=number,
            story_id=story.id,
            revision=number,
            change=change,
            entry_key=reports[0].entry.key,
            created_at=make.NOON + timedelta(hours=number),
        )
        for number, change in enumerate((StoryChange.NEW, StoryChange.GREW, StoryChange.DENIED))
    ]
    return StoryPage(story=story, told=told, changes=logged)


def test_a_page_shows_every_headline_with_its_time_its_link_and_the_status_history() -> None:
    page = page_of(fakes.report("Truce agreed", "harbour"), fakes.report("Truce reached"), edited="Truce near")

    text = page_text(page, fakes.catalog())

    assert text.splitlines()[4:] == [
        "confirmed: sources in two blocs report it",
        "",
        "Status",
        "  2025-05-11 12:00  first told",
        "  2025-05-11 14:00  denied",
        "",
        "Reports",
        "  2025-05-11 12:00  Harbour Times: Ceasefire agreed / declared",
        "    seen 2025-05-11 12:00  “Truce agreed”",
        "    seen 2025-05-11 13:00  “Truce near”",
        "    https://harbour.example/a?b=1&c=2",
        "  2025-05-11 12:00  Meridian Wire: Ceasefire agreed / declared",
        "    seen 2025-05-11 12:00  “Truce reached”",
        "    https://meridian.example/a?b=1&c=2",
    ]


def test_a_page_as_json_holds_the_same() -> None:
    page = page_of(fakes.report("Truce agreed", "harbour"), edited="Truce near")

    found = json.loads(json.dumps(page_object(page, fakes.catalog())))

    assert [each["change"] for each in found["status_history"]] == ["new", "denied"]
    assert found["reports"][0]["headlines"] == [
        {"title": "Truce agreed", "first_seen": "2025-05-11T12:00:00Z"},
        {"title": "Truce near", "first_seen": "2025-05-11T13:00:00Z"},
    ]
    assert found["independent_sources"] == ["harbour"]
    assert (found["standing"], found["standing_because"]) == ("unconfirmed", "no second source")


class Links(HTMLParser):
    """Collects tags, and the addresses that a page leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a@evil.example/", 'https://x.example/"><script>'])
def test_words_and_links_of_others_stay_text_on_a_page(link: str) -> None:
    nasty = '</title><script src="https://evil.example/x.js">'
    report = fakes.report(nasty, "harbour", link=link, language='en"><img src=x>')

    html = page_html(page_of(report, edited=f"{nasty}<b>"), fakes.catalog())

    found = Links(html)
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert all(address.startswith("https://x.example/") for address in found.links)
    assert "&lt;script" in html


def test_a_page_says_years_so_that_it_can_be_read_in_any() -> None:
    page = page_of(fakes.report("Truce agreed", "harbour", after=-60 * 24 * 400))

    assert "2024-04-06" in page_html(page, fakes.catalog())


def test_a_report_that_was_taken_back_and_one_without_date_and_link_are_named_so() -> None:
    report = fakes.report("Truce agreed", "harbour", published=None, link="")
    page = page_of(report)
    page = replace(page, told=[Told(Report(entry=report.entry, event=None), page.told[0].headlines)])

    text = page_text(page, fakes.catalog())

    assert "undated" in text
    assert "taken back" in text
    assert "no link" in text


# ------------------------------------------------------------------------------------------ on the command line
def stored(folder: Path) -> str:
    """Keep a story of two reports in an archive in *folder*; return its id."""
    reports = [
        make.report("Truce agreed", id="1", publisher="Reuters", link="https://www.reuters.com/1"),
        make.report("Truce reached in Kyiv", id="2", publisher="Suspilne", published=make.NOON + timedelta(minutes=9)),
    ]
    story = make.story(*reports, stages=(Stage(reports[0].event.type, make.NOON),) if reports[0].event else ())
    with ArchiveStore.open(folder / "archive.db") as archive:
        for report in reports:
            archive.save_entries([(report.entry, [report.entry.key.id])])
            if report.event:
                archive.save_event(report.event)
        archive.save_headlines([replace(reports[0].entry, title="Truce near", seen_at=make.NOON)])
        archive.save_story(story)
        archive.log_change(story, StoryChange.NEW, reports[0].entry.key, make.NOON)
    return story.id


def test_parley_story_writes_the_page_of_the_archive_s_story(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    story_id = stored(tmp_path / "data")

    text, html, as_json = (parley(tmp_path, "story", story_id, *option) for option in ((), ("--html",), ("--json",)))

    assert "“Truce near”" in text.stdout.decode()
    assert html.stdout.startswith(b"<!doctype html>")
    assert json.loads(as_json.stdout)["reports"][1]["publisher"] == "suspilne"


def test_parley_story_says_so_if_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    stored(tmp_path / "data")

    done = parley(tmp_path, "story", "000000000000")

    assert done.returncode
    assert b"there is no story '000000000000'; `parley stories list`" in done.stderr


def test_parley_sources_tells_who_was_first(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    stored(tmp_path / "data")

    text, lines = (parley(tmp_path, "sources", "--days", "9000", *option) for option in ((), ("--json",)))

    assert text.stdout.decode().startswith("Reuters  ")
    assert "first with 1 · 1 borne out (median 9 min)" in text.stdout.decode()
    assert [json.loads(line)["first"] for line in lines.stdout.splitlines()] == [1, 0]
