"""The command line: one function a command, exit codes, and nothing else.

Exit codes: 0 done (SIGTERM and Ctrl-C too), 2 usage or configuration, 70 the supervisor gave up, 1 anything else.
Heavy imports wait until their command runs, so that `--help` stays fast.
"""

import os
import signal
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import archive, feeds, ledgers, measure, rules, stories
from bot.cli.options import ConfigOption
from bot.cli.outcome import CONFIG, FAILED, PlainlyEnding, log_for_people

if TYPE_CHECKING:
    from bot.config import Config, Environment
    from bot.ops.backup import Backup
    from bot.ops.doctor import Finding

INTERRUPTED = 130

app = typer.Typer(
    name="parley",
    cls=PlainlyEnding,
    help="Watches the news for ceasefires and peace talks and tells people on Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _interrupt)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started us has closed it: then it is empty, or read by nobody
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open until we end
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: not every terminal knows every letter
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer's code for it; to be told to stop is no failure
            sys.exit(0)
        raise


def _interrupt(*_: object) -> None:
    """Let SIGTERM end us as Ctrl-C does: what is open is closed, and the exit code is 0."""
    raise KeyboardInterrupt


def _settings(config: Path | None) -> "tuple[Config, Environment]":
    from bot.config import Environment, load_config

    environment = Environment.read(os.environ)
    return load_config(config or environment.config), environment


@app.command()
def run(config: ConfigOption = None) -> None:
    """Poll the feeds, alert and answer on Telegram, until stopped."""
    import asyncio

    from bot.app import run as serve
    from bot.ops.logs import set_up_logging

    settings, environment = _settings(config)
    token = environment.token.get_secret_value() if environment.token else ""
    set_up_logging(json=not sys.stderr.isatty(), secrets=[token])
    asyncio.run(serve(settings, environment, config or environment.config))


@app.command()
def demo() -> None:
    """Replay a week of May 2025 and chat about it here. No token, no network."""
    import asyncio

    from bot.demo import demo as replay

    log_for_people("ERROR")
    asyncio.run(replay())


@app.command()
def poll(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Poll every enabled feed now, due or not, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON that counts.")] = False,
) -> None:
    """Poll the feeds and store what they bring; alert nobody."""
    import asyncio
    import json

    from bot.app import poll_once

    if not once:
        raise typer.BadParameter("say --once; to poll by schedule, use `parley run`", param_hint="poll")
    settings, environment = _settings(config)
    log_for_people("WARNING")
    counts = asyncio.run(poll_once(settings, environment))
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        typer.echo(
            "{feeds} feeds polled: {ok} ok ({unchanged} unchanged), {failed} failed; "
            "{entries} entries, {new} new, {events} of them about ceasefires or talks".format(**counts)
        )


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check config, rules, data folder and token; say what to mend."""
    import asyncio

    from bot.check import check as inspect

    if not _say_all(asyncio.run(inspect(config, os.environ))):
        raise typer.Exit(CONFIG)


@app.command()
def health(config: ConfigOption = None) -> None:
    """Ask the Parley that runs on this machine how it is; exit 0 if well."""
    from bot.config import HealthConfig
    from bot.errors import ConfigError
    from bot.ops.health import healthy

    try:
        port = _settings(config)[0].health.port
    except ConfigError as error:  # a bot that runs goes on by the config that it read, and is not ill for that
        typer.echo(str(error), err=True)
        port = HealthConfig().port
    well, words = healthy(port)
    typer.echo(words)
    if not well:
        raise typer.Exit(FAILED)


@app.command()
def doctor(config: ConfigOption = None) -> None:
    """Look for damage, undelivered messages, silent feeds; say what to do. A running bot is not disturbed."""
    from bot.app import examine

    if not _say_all(examine(*_settings(config))):
        raise typer.Exit(FAILED)


def _say_all(findings: "Iterable[Finding]") -> bool:
    """Say each of *findings*, what is wrong on stderr; return whether all is well."""
    all_well = True
    for found in findings:
        remedy = f"\n     -> {found.remedy}" if found.remedy and not found.well else ""
        typer.echo(f"{'ok  ' if found.well else 'FAIL'} {found.name}: {found.words}{remedy}", err=not found.well)
        all_well = all_well and found.well
    return all_well


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(help="Where to (default: [backup] folder in config.toml).")] = None,
    keep: Annotated[int | None, typer.Option(min=0, help="Delete all but the newest so many; 0 deletes none.")] = None,
    config: ConfigOption = None,
) -> None:
    """Copy both databases, while the bot runs or not, and check the copies."""
    from bot.app import make_backup

    made = make_backup(*_settings(config), folder, keep)
    typer.echo(f"{made.folder}: {_contents(made)}")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or a folder of backups: then its newest.")],
) -> None:
    """Put a backup in place of the databases. Stop the bot first; what is replaced is kept aside."""
    from bot.app import restore_backup
    from bot.config import Environment

    done = restore_backup(Environment.read(os.environ), folder)
    typer.echo(
        f"restored {done.backup.folder}, made {done.backup.made_at:%Y-%m-%d %H:%M} UTC: {_contents(done.backup)}"
    )
    typer.echo(f"what was there before is in {done.aside}" if done.aside else "there was nothing there before")
    typer.echo(
        f"{done.marked} messages were waiting in it: they will be sent, marked as possible repeats; "
        f"{done.too_old} were older than a day and will not"
    )
    typer.echo("The next start begins at the end of the archive and tells the owner.")


def _contents(made: "Backup") -> str:
    counts = {table: rows for copied in made.files.values() for table, rows in copied.rows.items()}
    return ", ".join(f"{rows} {table}" for table, rows in counts.items())


app.command()(rules.classify)
app.command()(rules.group)
app.command()(rules.explain)
app.add_typer(rules.rules_app)
app.command("eval")(measure.evaluate)
app.command("eval-stories")(measure.evaluate_stories)
app.command()(measure.backtest)
app.add_typer(measure.bench)
app.add_typer(stories.stories)
app.command()(archive.story)
app.command()(archive.sources)
app.command("near-misses")(archive.near_misses)
app.command()(archive.examples)
app.command()(ledgers.ledger)
app.command()(ledgers.calendar)
app.add_typer(feeds.feeds)


def _version(wanted: bool) -> None:
    if wanted:
        from bot import __version__

        typer.echo(f"parley {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    pass
