"""The commands that look into the archive: `parley story`, `sources`, `near-misses`, `examples`."""

import json
from typing import Annotated

import typer

from bot.cli.opened import days_ago, known_names, named_story, opened_archive
from bot.cli.options import DaysOption


def story(
    story_id: Annotated[str, typer.Argument(metavar="STORY", help="Its id, as `parley stories list` tells it.")],
    as_html: Annotated[bool, typer.Option("--html", help="One HTML file that loads nothing from elsewhere.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a story's page: every headline it had, when first seen, links, and how its status changed."""
    from bot.alert.page import page_html, page_object, page_text
    from bot.chat.desk import read_page

    with opened_archive() as archive:
        page, catalog = read_page(archive, named_story(archive, story_id)), known_names()
    if as_json:
        typer.echo(json.dumps(page_object(page, catalog), ensure_ascii=False))
    else:
        typer.echo(page_html(page, catalog) if as_html else page_text(page, catalog))


def sources(
    days: DaysOption = 90,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List publishers by how often they were first, and what became of that: borne out, denied, taken back."""
    from bot.alert.record_words import EXPLAINED, record_object, record_table
    from bot.story.record import records

    with opened_archive() as archive:
        stories = archive.stories(since=days_ago(days), limit=1_000_000)
        found = records(((each, archive.reports(each.id)) for each in stories), known_names())
    if as_json:
        for record in found:
            typer.echo(json.dumps(record_object(record), ensure_ascii=False))
        return
    typer.echo(record_table(found))
    if found:
        typer.echo(EXPLAINED, err=True)


def near_misses(
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How far back; they are kept for 30 days.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with all reasons.")] = False,
) -> None:
    """List entries that were nearly taken for news, newest first, and what stood in the way."""
    from bot.detect.explain import near_miss_line, near_miss_words

    with opened_archive() as archive:
        found = archive.near_misses(since=days_ago(days), limit=10_000)
    for one in found:
        typer.echo(near_miss_line(one) if as_json else near_miss_words(one))
    if not found:
        typer.echo(f"no near misses in {days} days", err=True)


def examples(
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, as `parley eval` reads them.")] = False,
) -> None:
    """List what the owner said in chat of headlines: missed, or not relevant."""
    from bot.detect.examples import example_line, example_words

    with opened_archive() as archive:
        found = archive.examples()
    for one in found:
        typer.echo(example_line(one) if as_json else example_words(one))
    if not found:
        typer.echo("the owner has labelled nothing yet: /missed in chat, or “Not relevant” under an alert", err=True)
