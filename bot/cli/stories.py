"""The commands on stories: `parley stories list | show | split | merge`."""

from typing import Annotated

import typer

from bot.cli.opened import days_ago, known_names, named_story, opened_archive
from bot.cli.options import DaysOption

stories = typer.Typer(
    name="stories", help="Look at stories, put two together, take one apart; later reports obey.", no_args_is_help=True
)
StoryArgument = Annotated[str, typer.Argument(metavar="STORY", help="Its id, as `parley stories list` tells it.")]


@stories.command("list")
def list_stories(
    days: DaysOption = 3,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
) -> None:
    """List the stories of the last days, newest first: id, reports, headline."""
    with opened_archive() as archive:
        found = archive.stories(since=days_ago(days), limit=most)
    for story in found:
        typer.echo(f"{story.id}  {len(story.entry_keys):3}  {story.type.value:22} {story.headline}")
    if not found:
        typer.echo(f"no stories in {days} days", err=True)


@stories.command()
def show(story: StoryArgument) -> None:
    """Show the reports of a story, with the ids that split takes; the first started it."""
    from bot.model import short_id

    with opened_archive() as archive:
        found = named_story(archive, story)
        entries = {report.entry.key: report.entry for report in archive.reports(found.id)}
    for key in found.entry_keys:
        entry = entries[key]
        typer.echo(f"{short_id(key)}  {entry.happened_at or '':%Y-%m-%d %H:%M}  {entry.publisher}: {entry.title}")


@stories.command()
def split(
    story: StoryArgument,
    reports: Annotated[list[str], typer.Argument(help="Ids of its reports that are another story.")],
) -> None:
    """Take reports out of a story: they become one of their own, and later ones like them join that."""
    from bot.app import utc_now
    from bot.owner.stories import split as apart

    with opened_archive() as archive:
        left, new = apart(archive, known_names(), story, reports, utc_now())
    typer.echo(f"{left.id} keeps {len(left.entry_keys)} reports; {new.id} is new, with {len(new.entry_keys)}")


@stories.command()
def merge(
    story: StoryArgument,
    other: Annotated[str, typer.Argument(help="The id of a story of the same happening: it is closed.")],
) -> None:
    """Put the reports of another story into this one; what later joins them joins it."""
    from bot.app import utc_now
    from bot.owner.stories import merge as together

    with opened_archive() as archive:
        whole = together(archive, known_names(), story, other, utc_now())
    typer.echo(f"{whole.id} has {len(whole.entry_keys)} reports now; {other} is closed")
