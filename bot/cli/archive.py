"""The commands that look into the archive: `parley story` and `parley sources`."""

from typing import Annotated

import typer

from bot.cli.opened import opened_archive
from bot.cli.outcome import outcome


def story(
    story_id: Annotated[str, typer.Argument(metavar="STORY", help="Its id, as `parley stories list` tells it.")],
    as_html: Annotated[bool, typer.Option("--html", help="One HTML file that loads nothing from elsewhere.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a story's page: every headline it had, when first seen, links, and how its status changed."""
    import json

    from bot.alert.page import page_html, page_object, page_text
    from bot.chat.desk import read_page
    from bot.errors import DecisionError

    with outcome(), opened_archive() as (archive, catalog):
        if not (found := archive.story(story_id)):
            raise DecisionError(f"there is no story {story_id!r}; `parley stories list` names those of the last days")
        page = read_page(archive, found)
        if as_json:
            typer.echo(json.dumps(page_object(page, catalog), ensure_ascii=False))
        else:
            typer.echo(page_html(page, catalog) if as_html else page_text(page, catalog))


def sources(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List publishers by how often they were first, and what became of that: borne out, denied, taken back."""
    import json
    from datetime import timedelta

    from bot.alert.record_words import EXPLAINED, record_object, record_table
    from bot.app import utc_now
    from bot.story.record import records

    with outcome(), opened_archive() as (archive, catalog):
        stories = archive.stories(since=utc_now() - timedelta(days=days), limit=1_000_000)
        found = records(((each, archive.reports(each.id)) for each in stories), catalog)
        if as_json:
            for record in found:
                typer.echo(json.dumps(record_object(record), ensure_ascii=False))
        else:
            typer.echo(record_table(found))
            if found:
                typer.echo(EXPLAINED, err=True)
