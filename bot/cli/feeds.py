"""The commands that keep the list of feeds: `parley feeds …`."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import ConfigOption, JsonOption
from bot.cli.outcome import FAILED, log_for_people
from bot.cli.output import console, write_json

if TYPE_CHECKING:
    from bot.cli.feedbook import FeedBook, Line, Refused
    from bot.stages.look import Looked

MOST_REFUSED = 20

feeds = typer.Typer(name="feeds", help="List, add, remove, check, import and export feeds.", no_args_is_help=True)
UncheckedOption = Annotated[bool, typer.Option("--unchecked", help="Do not look whether it is a feed.")]
TAKEN_UP = "a running bot takes that up within seconds"


@feeds.command("list")
def list_feeds(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all feeds, with their numbers and how each was heard."""
    lines = _book(config).lines()
    if as_json:
        write_json([_plain(line) for line in lines])
        return
    from bot.app import utc_now

    rows = [
        (str(line.number), line.feed.title, line.feed.language, _how(line, utc_now()), line.feed.url) for line in lines
    ]
    _table(["", "Feed", "", "How it is heard", "Address"], rows)
    off = sum(not line.feed.enabled for line in lines)
    typer.echo(f"{len(lines) - off} feeds, {off} more that are off")


@feeds.command("add")
def add_feed(
    url: Annotated[str, typer.Argument(help="Its address, or that of a page which names it.")],
    *,
    title: Annotated[str, typer.Option(help="Its name in lists and alerts (default: as it calls itself).")] = "",
    publisher: Annotated[str, typer.Option(help="An id of publishers.toml, or any name.")] = "",
    language: Annotated[str, typer.Option(help="Such as en, uk, ru (default: as it says).")] = "",
    every: Annotated[str, typer.Option(help='How often to ask, such as "10 min" (default: as it publishes).')] = "",
    unchecked: UncheckedOption = False,
    config: ConfigOption = None,
) -> None:
    """Look at a feed and add it to config.toml. Comments and order there stay; the old file is kept as .bak."""
    from bot.app import utc_now
    from bot.errors import BotError
    from bot.owner.feeds import find_same

    book = _book(config)
    given = {"url": url, "title": title, "publisher": publisher, "language": language, "every": every}
    feed, said = book.read(**given), "not looked at"
    book.refuse_known(feed.url)
    if not unchecked:
        (found,) = _look(book, [feed.url], find=True)
        if found.error:
            raise BotError(f"{feed.url} is not added: {found.error}{_instead(found)}")
        feed, said = book.read(**_completed(given, found)), found.brought(utc_now())
        book.refuse_known(feed.url)
    book.add([feed])
    same = "" if find_same(url, [feed]) else f" (found at {url})"
    typer.echo(f"added: {feed.title}, {feed.url}{same}: {said}; {TAKEN_UP}")


@feeds.command("remove")
def remove_feed(
    feed: Annotated[str, typer.Argument(help="Its number in the list, its address, or words of its title.")],
    config: ConfigOption = None,
) -> None:
    """Take a feed out of config.toml, or out of those added in chat. What it brought stays in the archive."""
    book = _book(config)
    line = book.find(feed)
    book.remove(line)
    typer.echo(f"removed: {line.feed.title}, {line.feed.url}; {TAKEN_UP}")


@feeds.command("check")
def check_feeds(
    feed: Annotated[list[str] | None, typer.Argument(help="Numbers, addresses or titles (default: all).")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask feeds now, keep nothing of it, and say which of them answer; exit 1 if one does not."""
    book = _book(config)
    lines = [book.find(words) for words in feed or ()] or [line for line in book.lines() if line.feed.enabled]
    urls = {line.feed.url: line for line in lines}
    found = sorted(_look(book, urls), key=lambda one: urls[one.url].number)
    failed = [one for one in found if one.error]
    if as_json:
        write_json([_looked(one) for one in found])
    else:
        rows = [(str(urls[one.url].number), urls[one.url].feed.title, _result(one), one.url) for one in found]
        _table(["", "Feed", "What came", "Address"], rows)
        typer.echo(f"{len(found) - len(failed)} of {len(found)} feeds answer")
    if failed:
        raise typer.Exit(FAILED)


@feeds.command("discover")
def discover_feeds(
    url: Annotated[str, typer.Argument(help="The address of a site or page.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the feeds that a web page names, the likeliest first, each looked at."""
    book = _book(config)
    (page,) = _look(book, [book.read(url=url).url])
    links = [link.url for link in page.links]
    order = {link: place for place, link in enumerate(links)}
    found = sorted(_look(book, links), key=lambda one: order[one.url]) if links else [page]
    if as_json:
        write_json([_looked(one) for one in found])
    elif links or not page.error:
        _table(["Feed", "What came", "Address"], [(one.title, _result(one), one.url) for one in found])
    if all(one.error for one in found):
        typer.echo(f"no feed was found at {page.url}: {page.error}", err=True)
        raise typer.Exit(FAILED)


@feeds.command("import")
def import_feeds(
    file: Annotated[Path, typer.Argument(help="An OPML file, as feed readers export it.")],
    *,
    unchecked: UncheckedOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be added.")] = False,
    config: ConfigOption = None,
) -> None:
    """Add the feeds of an OPML file to config.toml: those that answer and are not there yet."""
    from bot.cli.feedbook import Refused

    book = _book(config)
    new, refused, known = book.new_of(_read_opml(file))
    if not unchecked:
        asked = [feed.url for feed in new if feed.enabled]
        silent = {one.url: one.error for one in _look(book, asked) if one.error}
        refused = [*refused, *(Refused(url=url, why=why) for url, why in silent.items())]
        new = [feed for feed in new if feed.url not in silent]
    if not dry_run:
        book.add(new)
    for feed in new:
        typer.echo(f"{'would be added' if dry_run else 'added'}: {feed.title}, {feed.url}")
    _say_refused(refused)
    counts = f"{known} there already, {len(refused)} left out"
    if dry_run:
        typer.echo(f"{len(new)} feeds to be added, {counts}")
    else:
        typer.echo(f"{len(new)} feeds added, {counts}{f'; {TAKEN_UP}' if new else ''}")


@feeds.command("export")
def export_feeds(
    file: Annotated[Path | None, typer.Argument(help="Where to (default: stdout).")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are off too, marked as comments.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write the feeds as OPML, for feed readers and for `parley feeds import`."""
    from bot.app import utc_now
    from bot.errors import ConfigError
    from bot.poll.opml import write_opml

    chosen = [line.feed for line in _book(config).lines() if everything or line.feed.enabled]
    written = write_opml(chosen, utc_now())
    if file is None:
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return
    try:
        file.write_bytes(written)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"{len(chosen)} feeds written to {file}")


# ------------------------------------------------------------------------------------------ at work
def _book(config: Path | None) -> "FeedBook":
    from bot.cli.feedbook import FeedBook
    from bot.config import Environment

    log_for_people("ERROR")
    environment = Environment.read(os.environ)
    return FeedBook(config or environment.config, environment)


def _look(book: "FeedBook", urls: Iterable[str], *, find: bool = False) -> "Sequence[Looked]":
    """Look at *urls*, with a bar that grows where somebody watches."""
    import asyncio

    from rich.console import Console
    from rich.progress import Progress

    asked = list(urls)

    async def look() -> "Sequence[Looked]":
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("Asking feeds", total=len(asked))
            found = []
            async for one in book.look(asked, find=find):
                found.append(one)
                bar.advance(task)
            return found

    return asyncio.run(look())


def _read_opml(file: Path) -> "Sequence[Any]":
    from bot.errors import ConfigError
    from bot.poll.opml import MAX_BYTES, OpmlError, read_opml

    try:
        with file.open("rb") as opened:
            return read_opml(opened.read(MAX_BYTES + 1))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except OpmlError as error:
        raise ConfigError(f"{file}: {error}") from error


def _completed(given: dict[str, str], found: "Looked") -> dict[str, str]:
    """Return what was *given* of a feed, at the address where it was *found*; what was not given, as it says itself."""
    return given | {
        "url": found.moved_to or found.url,
        "title": given["title"] or found.title[:100],
        "language": given["language"] or _language(found.language),
    }


def _language(code: str) -> str:
    """Return what a feed says of its language, if that is a language code: "en-GB" is "en"."""
    short = code.partition("-")[0].partition("_")[0].casefold()
    return short if short.isascii() and short.isalpha() and len(short) == 2 else ""


# ------------------------------------------------------------------------------------------ words
def _how(line: "Line", now: datetime) -> str:
    """Return in words how a feed is heard."""
    from bot.alert.phrases import ago

    state = line.state
    if not line.feed.enabled:
        return "off"
    if state is None or state.checked_at is None:
        return "not asked yet"
    heard = f"heard {ago(state.ok_at, now)}" if state.ok_at else "never heard"
    if state.stopped_at:
        return f"gone: {state.last_error}"
    return f"{heard}: {state.last_error}" if state.failures else heard


def _result(one: "Looked") -> str:
    from bot.app import utc_now

    moved = f"; moved for good to {one.moved_to}" if one.moved_to else ""
    return f"{one.error}{_instead(one)}" if one.error else f"{one.brought(utc_now())}{moved}"


def _instead(one: "Looked") -> str:
    return f"; it names {one.links[0].url}" if one.links else ""


def _say_refused(refused: "Sequence[Refused]") -> None:
    for one in refused[:MOST_REFUSED]:
        typer.echo(f"left out: {one.url}: {one.why}", err=True)
    if len(refused) > MOST_REFUSED:
        typer.echo(f"left out: {len(refused) - MOST_REFUSED} more", err=True)


def _plain(line: "Line") -> dict[str, Any]:
    feed, state = line.feed, line.state
    return {
        "number": line.number,
        "url": feed.url,
        "title": feed.title,
        "publisher": feed.publisher,
        "language": feed.language,
        "every_seconds": feed.every.total_seconds() if feed.every else None,
        "enabled": feed.enabled,
        "from": "chat" if line.added else "config.toml",
        "checked_at": _moment(state.checked_at if state else None),
        "ok_at": _moment(state.ok_at if state else None),
        "failures": state.failures if state else 0,
        "last_error": state.last_error if state else "",
        "stopped_at": _moment(state.stopped_at if state else None),
    }


def _looked(one: "Looked") -> dict[str, Any]:
    return {
        "url": one.url,
        "title": one.title,
        "language": one.language,
        "entries": one.entries,
        "newest": _moment(one.newest),
        "error": one.error,
        "moved_to": one.moved_to,
        "links": [link.url for link in one.links],
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
