"""The commands that judge by the rules, and those that try them: `parley classify`, `group`, `explain`, `rules …`."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import RulesOption
from bot.cli.outcome import FAILED

if TYPE_CHECKING:
    from bot.detect.lines import Line

rules_app = typer.Typer(name="rules", help="Check your own rules, and try them on examples.", no_args_is_help=True)
FolderArgument = Annotated[Path | None, typer.Argument(help="Your own rules (default: as the bot finds them).")]


def classify(rules: RulesOption = None) -> None:
    """Read headlines as JSON lines from stdin; write what they report as JSON lines."""
    from bot.cli.own_rules import chosen_detector
    from bot.detect.lines import classified

    detector = chosen_detector(rules)
    _answer_lines(lambda lines: (classified(detector, line) for line in lines))


def group(rules: RulesOption = None) -> None:
    """Read headlines as JSON lines from stdin; write which of them are one story as JSON lines."""
    from bot.cli.own_rules import chosen_detector
    from bot.model import Report
    from bot.story.lines import group_lines

    detector = chosen_detector(rules)

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


def explain(
    title: Annotated[str, typer.Argument(help="A headline.")],
    summary: Annotated[str, typer.Option(help="Its summary or first sentence.")] = "",
    link: Annotated[str, typer.Option(help="Its address: some sections, such as /opinion/, are no news.")] = "",
    published: Annotated[str, typer.Option(help="Its day, month or year: wars begin and end.")] = "",
    rules: RulesOption = None,
) -> None:
    """Say word by word why a headline is, or is not, taken for news of a ceasefire or of talks."""
    from bot.cli.own_rules import chosen_detector
    from bot.detect.explain import explain as explained
    from bot.detect.lines import read_item

    detector = chosen_detector(rules)
    entry, when = read_item({"title": title, "summary": summary, "url": link, "published": published})
    verdict = detector.judge(entry, when=when)
    nearly = () if verdict.relevant else detector.nearly(entry, when=when)
    typer.echo(explained(entry, verdict, detector.rules, nearly))


@rules_app.command("check")
def check_rules(
    folder: FolderArgument = None,
    background: Annotated[
        Path | None, typer.Option(help="Headlines as JSON lines, to find words that are too common.")
    ] = None,
) -> None:
    """Name mistakes (exit 2) and doubtful words in the rules, with file and line."""
    from bot.cli.own_rules import own_folder
    from bot.cli.trying import check_folder

    warnings = check_folder(folder or own_folder(os.environ), background, os.environ)
    for warned in warnings:
        typer.echo(f"warning: {warned}")
    typer.echo(f"the rules can be used; {len(warnings)} warnings")


@rules_app.command("test")
def try_rules(folder: FolderArgument = None) -> None:
    """Try the rules on all their examples, and on headlines that were labelled in chat."""
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
    import json

    from bot.detect.schema import rule_schema

    typer.echo(json.dumps(rule_schema(), ensure_ascii=False, indent=2))
