"""The command line: one function a command, exit codes, and nothing else.

Exit codes: 0 done (SIGTERM and Ctrl-C too), 2 usage or configuration, 70 the supervisor gave up, 1 anything else.
Heavy imports wait until their command runs, so that `--help` stays fast.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from types import TracebackType

    from bot.config import Config, Environment
    from bot.detect.lines import Line
    from bot.ops.backup import Backup

CONFIG, GAVE_UP, FAILED, INTERRUPTED = 2, 70, 1, 130

app = typer.Typer(
    name="parley",
    help="Watches the news for ceasefires and peace talks and tells people on Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Path of config.toml (default: $PARLEY_CONFIG, else ./config.toml)."),
]


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer's code for it; to be told to stop is no failure
            sys.exit(0)
        raise


def _interrupt(*_: object) -> None:
    """Let SIGTERM end us as Ctrl-C does: what is open is closed, and the exit code is 0."""
    raise KeyboardInterrupt


def _own_mistake(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Say that it is Parley's mistake, not the person's; the details only if asked for."""
    if os.environ.get("PARLEY_DEBUG"):
        sys.__excepthook__(kind, error, trace)
        return
    what = f"{kind.__name__}: {error}".splitlines()[0][:200]
    typer.echo(
        f"This is a mistake in Parley, not yours ({what}). Please report it; PARLEY_DEBUG=1 shows where.", err=True
    )


def _log_for_people(level: str) -> None:
    """Log lines for whoever sits here; unlike a service's log, without tracebacks."""
    from bot.ops.logs import set_up_logging

    set_up_logging(json=False, level=level)
    sys.excepthook = _own_mistake


@contextmanager
def outcome() -> Iterator[None]:
    """Turn what went wrong into plain words on stderr and an exit code."""
    from bot.errors import BotError, ConfigError
    from bot.ops.supervise import GaveUpError

    sys.excepthook = _own_mistake  # here, since typer sets one of its own before
    try:
        yield
    except BrokenPipeError:
        # Whoever read our output has gone (`parley classify | head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except BotError as error:
        typer.echo(str(error), err=True)
        code = CONFIG if isinstance(error, ConfigError) else GAVE_UP if isinstance(error, GaveUpError) else FAILED
        raise typer.Exit(code) from None


def _settings(config: Path | None) -> "tuple[Config, Environment]":
    from bot.config import Environment, load_config

    environment = Environment.read(os.environ)
    return load_config(config or environment.config), environment


@app.command()
def run(config: ConfigOption = None) -> None:
    """Poll the feeds, alert and answer on Telegram, until stopped."""
    with outcome():
        import asyncio

        from bot.app import run as serve
        from bot.ops.logs import set_up_logging

        settings, environment = _settings(config)
        token = environment.token.get_secret_value() if environment.token else ""
        set_up_logging(json=not sys.stderr.isatty(), secrets=[token])
        asyncio.run(serve(settings, environment))


@app.command()
def demo() -> None:
    """Replay a week of May 2025 and chat about it here. No token, no network."""
    with outcome():
        import asyncio

        from bot.demo import demo as replay

        _log_for_people("ERROR")
        asyncio.run(replay())


@app.command()
def poll(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Poll every enabled feed now, due or not, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON that counts.")] = False,
) -> None:
    """Poll the feeds and store what they bring; alert nobody."""
    with outcome():
        import asyncio
        import json

        from bot.app import poll_once

        if not once:
            raise typer.BadParameter("say --once; to poll by schedule, use `parley run`", param_hint="poll")
        settings, environment = _settings(config)
        _log_for_people("WARNING")
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
    with outcome():
        import asyncio

        from bot.check import check as inspect

        failed = False
        for found in asyncio.run(inspect(config, os.environ)):
            typer.echo(f"{'ok  ' if found.well else 'FAIL'} {found.name}: {found.words}", err=not found.well)
            failed = failed or not found.well
        if failed:
            raise typer.Exit(CONFIG)


@app.command()
def classify() -> None:
    """Read headlines as JSON lines from stdin; write what they report as JSON lines."""
    with outcome():
        from bot.detect.detector import Detector
        from bot.detect.lines import classified
        from bot.detect.rules import load_rules

        detector = Detector(load_rules())
        _answer_lines(lambda lines: (classified(detector, line) for line in lines))


@app.command()
def group() -> None:
    """Read headlines as JSON lines from stdin; write which of them are one story as JSON lines."""
    with outcome():
        from bot.detect.detector import Detector
        from bot.detect.rules import load_rules
        from bot.model import Report
        from bot.story.lines import group_lines

        detector = Detector(load_rules())

        def report(line: "Line") -> Report | None:
            if line.entry is None:
                return None
            return Report(entry=line.entry, event=detector.judge(line.entry, when=line.when).event)

        _answer_lines(lambda lines: group_lines((line.id, report(line)) for line in lines))


def _answer_lines(answer: "Callable[[Iterable[Line]], Iterable[dict[str, Any]]]") -> None:
    """Write an answer to each line of stdin; name on stderr the lines that are no items, and then exit 1."""
    import json

    from bot.detect.lines import read_line

    wrong = []

    def lines() -> "Iterator[Line]":
        for number, text in enumerate(sys.stdin.buffer, start=1):
            if text.strip():
                line = read_line(text)
                if line.error:
                    wrong.append(number)
                    typer.echo(f"line {number}: {line.error}", err=True)
                yield line

    for one in answer(lines()):
        try:
            written = json.dumps(one, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can say and UTF-8 cannot
            written = json.dumps(one).encode()
        sys.stdout.buffer.write(written + b"\n")
    sys.stdout.flush()
    if wrong:
        raise typer.Exit(FAILED)


@app.command()
def explain(
    title: Annotated[str, typer.Argument(help="A headline.")],
    summary: Annotated[str, typer.Option(help="Its summary or first sentence.")] = "",
    link: Annotated[str, typer.Option(help="Its address: some sections, such as /opinion/, are no news.")] = "",
) -> None:
    """Say word by word why a headline is, or is not, taken for news of a ceasefire or of talks."""
    with outcome():
        from bot.detect.detector import Detector
        from bot.detect.explain import explain as explained
        from bot.detect.rules import load_rules
        from bot.model import Entry, EntryKey

        rules = load_rules()
        entry = Entry(key=EntryKey("", title), title=title, summary=summary, link=link)
        typer.echo(explained(entry, Detector(rules).judge(entry), rules))


@app.command()
def health(config: ConfigOption = None) -> None:
    """Ask the Parley that runs on this machine how it is; exit 0 if well."""
    with outcome():
        from bot.ops.health import healthy

        settings, _ = _settings(config)
        well, words = healthy(settings.health.port)
        typer.echo(words)
        if not well:
            raise typer.Exit(FAILED)


@app.command()
def doctor(config: ConfigOption = None) -> None:
    """Look for damage, undelivered messages, silent feeds; say what to do. A running bot is not disturbed."""
    with outcome():
        from bot.app import examine

        ill = False
        for found in examine(*_settings(config)):
            remedy = "" if found.well or not found.remedy else f"\n     -> {found.remedy}"
            typer.echo(f"{'ok  ' if found.well else 'FAIL'} {found.name}: {found.words}{remedy}", err=not found.well)
            ill = ill or not found.well
        if ill:
            raise typer.Exit(FAILED)


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(help="Where to (default: [backup] folder in config.toml).")] = None,
    keep: Annotated[int | None, typer.Option(min=0, help="Delete all but the newest so many; 0 deletes none.")] = None,
    config: ConfigOption = None,
) -> None:
    """Copy both databases, while the bot runs or not, and check the copies."""
    with outcome():
        from bot.app import make_backup

        made = make_backup(*_settings(config), folder, keep)
        typer.echo(f"{made.folder}: {_contents(made)}")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or a folder of backups: then its newest.")],
) -> None:
    """Put a backup in place of the databases. Stop the bot first; what is replaced is kept aside."""
    with outcome():
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
