"""The command line: one function a command, exit codes, and nothing else.

Exit codes: 0 done (SIGTERM and Ctrl-C too), 2 usage or configuration, 70 the supervisor gave up, 1 anything else.
Heavy imports wait until their command runs, so that `--help` stays fast.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import archive, feeds, ledgers, measure, stories
from bot.cli.measure import RulesOption
from bot.cli.outcome import CONFIG, FAILED, log_for_people, outcome

if TYPE_CHECKING:
    from bot.config import Config, Environment
    from bot.detect.detector import Detector
    from bot.detect.lines import Line
    from bot.ops.backup import Backup

INTERRUPTED = 130

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
rules_app = typer.Typer(name="rules", help="Check your own rules, and try them on examples.", no_args_is_help=True)
app.add_typer(rules_app)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _interrupt)
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
    with outcome():
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
    with outcome():
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
    with outcome():
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
def classify(rules: RulesOption = None) -> None:
    """Read headlines as JSON lines from stdin; write what they report as JSON lines."""
    with outcome():
        from bot.detect.lines import classified

        detector = _detector(rules)
        _answer_lines(lambda lines: (classified(detector, line) for line in lines))


@app.command()
def group(rules: RulesOption = None) -> None:
    """Read headlines as JSON lines from stdin; write which of them are one story as JSON lines."""
    with outcome():
        from bot.model import Report
        from bot.story.lines import group_lines

        detector = _detector(rules)

        def report(line: "Line") -> Report | None:
            if line.entry is None:
                return None
            return Report(entry=line.entry, event=detector.judge(line.entry, when=line.when).event)

        _answer_lines(lambda lines: group_lines((line.id, report(line)) for line in lines))


def _detector(rules: Path | None) -> "Detector":
    """Return a detector that judges as the bot does: by what ships and the operator's own rules."""
    from bot.cli.own_rules import load_detector, own_folder

    return load_detector(rules or own_folder(os.environ))


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
    published: Annotated[str, typer.Option(help="Its day, month or year: wars begin and end.")] = "",
    rules: RulesOption = None,
) -> None:
    """Say word by word why a headline is, or is not, taken for news of a ceasefire or of talks."""
    with outcome():
        from bot.detect.explain import explain as explained
        from bot.detect.lines import read_item

        detector = _detector(rules)
        entry, when = read_item({"title": title, "summary": summary, "url": link, "published": published})
        verdict = detector.judge(entry, when=when)
        nearly = () if verdict.relevant else detector.nearly(entry, when=when)
        typer.echo(explained(entry, verdict, detector.rules, nearly))


@rules_app.command("check")
def check_rules(
    folder: Annotated[Path | None, typer.Argument(help="Your own rules (default: as the bot finds them).")] = None,
    background: Annotated[
        Path | None, typer.Option(help="Headlines as JSON lines, to find words that are too common.")
    ] = None,
) -> None:
    """Name mistakes (exit 2) and doubtful words in the rules, with file and line."""
    with outcome():
        from bot.cli.own_rules import own_folder
        from bot.cli.trying import check_folder

        warnings = check_folder(folder or own_folder(os.environ), background, os.environ)
        for warned in warnings:
            typer.echo(f"warning: {warned}")
        typer.echo(f"the rules can be used; {len(warnings)} warnings")


@rules_app.command("test")
def try_rules(
    folder: Annotated[Path | None, typer.Argument(help="Your own rules (default: as the bot finds them).")] = None,
) -> None:
    """Try the rules on all their examples, and on headlines that were labelled in chat."""
    with outcome():
        from bot.cli.own_rules import own_folder
        from bot.cli.trying import try_folder

        tried = try_folder(folder or own_folder(os.environ), os.environ)
        for failure in tried.failures:
            typer.echo(failure, err=True)
        typer.echo(f"{tried.examples} examples tried, {len(tried.failures)} failed")
        if tried.failures:
            raise typer.Exit(FAILED)


@rules_app.command("schema")
def rules_schema() -> None:
    """Write the JSON Schema of rule files, for editors."""
    with outcome():
        import json

        from bot.detect.schema import rule_schema

        typer.echo(json.dumps(rule_schema(), ensure_ascii=False, indent=2))


@app.command("near-misses")
def near_misses(
    days: Annotated[int, typer.Option(min=1, help="How far back; they are kept for 30 days.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with all reasons.")] = False,
) -> None:
    """List entries that were nearly taken for news, newest first, and what stood in the way."""
    with outcome():
        from datetime import timedelta

        from bot.app import stored_archive, utc_now
        from bot.config import Environment
        from bot.detect.explain import near_miss_line, near_miss_words

        with stored_archive(Environment.read(os.environ)) as archive:
            found = archive.near_misses(since=utc_now() - timedelta(days=days), limit=10_000)
        for one in found:
            typer.echo(near_miss_line(one) if as_json else near_miss_words(one))
        if not found:
            typer.echo(f"no near misses in {days} days", err=True)


@app.command()
def examples(
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, as `parley eval` reads them.")] = False,
) -> None:
    """List what the owner said in chat of headlines: missed, or not relevant."""
    with outcome():
        from bot.app import stored_archive
        from bot.config import Environment
        from bot.detect.examples import example_line, example_words

        with stored_archive(Environment.read(os.environ)) as archive:
            found = archive.examples()
        for one in found:
            typer.echo(example_line(one) if as_json else example_words(one))
        if not found:
            typer.echo(
                "the owner has labelled nothing yet: /missed in chat, or “Not relevant” under an alert", err=True
            )


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


app.command("eval")(measure.evaluate)
app.command("eval-stories")(measure.evaluate_stories)
app.command()(measure.backtest)
app.add_typer(measure.bench)
app.add_typer(stories.stories)
app.command()(archive.story)
app.command()(archive.sources)
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
