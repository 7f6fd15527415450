"""The commands on stories: `parley stories list | show | split | merge`."""

from typing import Annotated

import typer

from bot.cli.opened import opened_archive
from bot.cli.outcome import outcome

stories = typer.Typer(
    name="stories", help="Look at stories, put two together, take one apart; later reports obey.", no_args_is_help=True
)
StoryArgument = Annotated[str, typer.Argument(metavar="STORY", help="Its id, as `parley stories list` tells it.")]


@stories.command("list")
def list_stories(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 3,
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> None:
    """List the stories of the last days, newest first: id, reports, headline."""
    from datetime import timedelta

    from bot.app import utc_now

    with outcome(), opened_archive() as (archive, _):
        found = archive.stories(since=utc_now() - timedelta(days=days), limit=most)
        for story in found:
            typer.echo(f"{story.id}  {len(story.entry_keys):3}  {story.type.value:22} {story.headline}")
        if not found:
            typer.echo(f"no stories in {days} days", err=True)


@stories.command()
def show(story: StoryArgument) -> None:
    """Show the reports of a story, with the ids that split takes; the first started it."""
    from bot.errors import DecisionError
    from bot.model import short_id

    with outcome(), opened_archive() as (archive, _):
        if not (found := archive.story(story)):
            raise DecisionError(f"there is no story {story!r}; `parley stories list` names those of the last days")
        reports = {report.entry.key: report for report in archive.reports(found.id)}
        for key in found.entry_keys:
            entry = reports[key].entry
            typer.echo(f"{short_id(key)}  {entry.happened_at or '':%Y-%m-%d %H:%M}  {entry.publisher}: {entry.title}")


@stories.command()
def split(
    story: StoryArgument,
    reports: Annotated[list[str], typer.Argument(help="Ids of its reports that are another story.")],
) -> None:
    """Take reports out of a story: they become one of their own, and later ones like them join that."""
    from bot.app import utc_now
    from bot.owner.stories import split as apart

    with outcome(), opened_archive() as (archive, catalog):
        left, new = apart(archive, catalog, story, reports, utc_now())
        typer.echo(f"{left.id} keeps {len(left.entry_keys)} reports; {new.id} is new, with {len(new.entry_keys)}")


@stories.command()
def merge(
    story: StoryArgument,
    other: Annotated[str, typer.Argument(help="The id of a story of the same happening: it is closed.")],
) -> None:
    """Put the reports of another story into this one; what later joins them joins it."""
    from bot.app import utc_now
    from bot.owner.stories import merge as together

    with outcome(), opened_archive() as (archive, catalog):
        whole = together(archive, catalog, story, other, utc_now())
        typer.echo(f"{whole.id} has {len(whole.entry_keys)} reports now; {other} is closed")
