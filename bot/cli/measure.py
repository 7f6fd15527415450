"""The commands that measure: `parley eval`, `parley eval-stories`, `parley backtest`, `parley bench …`."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opened import days_ago, opened_archive
from bot.cli.options import DaysOption, JsonOption, RulesOption
from bot.cli.output import console, write_json

bench = typer.Typer(
    name="bench", help="Measure speed beside a peer, in one run: only ratios count.", no_args_is_help=True
)


def evaluate(
    files: Annotated[list[Path], typer.Argument(help="Labelled headlines: .tsv, .jsonl, .jsonl.gz.")],
    *,
    labels: Annotated[
        list[Path] | None, typer.Option(help="Labels, by address, for headlines in FILES that have none.")
    ] = None,
    train: Annotated[
        list[Path] | None, typer.Option(help="Labelled headlines of an earlier time, for the learned baseline.")
    ] = None,
    ids: Annotated[str, typer.Option(metavar="REGEX", help="Only items whose id begins so.")] = "",
    skip_ids: Annotated[str, typer.Option(metavar="REGEX", help="No items whose id begins so.")] = "",
    errors: Annotated[bool, typer.Option("--errors", help="List what was missed or falsely flagged, and why.")] = False,
    as_json: JsonOption = False,
    rules: RulesOption = None,
) -> None:
    """Compare the rules with labelled headlines, beside simpler methods (docs/detection.md)."""
    from bot.cli.own_rules import chosen_detector
    from bot.errors import ConfigError
    from bot.evaluate.evaluation import evaluate as evaluated
    from bot.evaluate.evaluation import explained, plain
    from bot.evaluate.items import chosen, labelled_by, read_items
    from bot.evaluate.show import show, show_errors

    wanted, unwanted = _regex(ids, "--ids"), _regex(skip_ids, "--skip-ids")
    items = labelled_by(chosen(read_items(files), wanted, unwanted), read_items(labels or ()))
    if not items:
        raise ConfigError("there is no headline in it to measure: see the files, --ids and --skip-ids")
    detector = chosen_detector(rules)
    found = evaluated(detector, items, train=read_items(train or ()))
    if as_json:
        write_json(plain(found, errors=errors))
        return
    show(found, console())
    if errors:
        show_errors((explained(one, detector) for one in found.errors), console())


def evaluate_stories(
    files: Annotated[list[Path], typer.Argument(help="Labelled stories or pairs of headlines: .jsonl.")],
    *,
    errors: Annotated[bool, typer.Option("--errors", help="List pairs falsely joined or kept apart.")] = False,
    as_json: JsonOption = False,
    rules: RulesOption = None,
) -> None:
    """Compare how reports are grouped with labelled stories, beside simpler methods (docs/stories.md)."""
    from bot.cli.own_rules import chosen_detector
    from bot.evaluate.show_stories import show, show_mistakes
    from bot.evaluate.stories import evaluated, plain

    detector = chosen_detector(rules)
    found = [evaluated(file, detector) for file in files]
    if as_json:
        write_json(plain(found, errors=errors))
        return
    show(found, console())
    if errors:
        show_mistakes(found, console())


def backtest(
    folder: Annotated[Path, typer.Argument(metavar="RULES", help="A folder of rules to try.")],
    days: DaysOption = 30,
    as_json: JsonOption = False,
) -> None:
    """Show what other rules would have changed over the stored archive: alerts a day, gained, lost."""
    from bot.cli.own_rules import load_detector, own_folder
    from bot.evaluate.backtest import compare, plain, show

    before, after = load_detector(own_folder(os.environ)), load_detector(folder)
    with opened_archive() as archive:
        found = compare(archive.entries(since=days_ago(days)), before, after)
    if as_json:
        write_json(plain(found))
    else:
        show(found, console())


@bench.command("detect")
def bench_detect(
    patterns: Annotated[
        list[int] | None, typer.Option(min=1, help="How many patterns to add (default: 100, 1000, 10000).")
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Headlines as .jsonl or .jsonl.gz (default: the recorded week).")
    ] = None,
    texts: Annotated[int, typer.Option(min=100, help="How many headlines to judge.")] = 5_000,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast entries are judged, beside spaCy's PhraseMatcher and a loop of regular expressions."""
    from bot.bench.detect import measure, plain, show

    found = measure(patterns or [100, 1_000, 10_000], background, texts)
    if as_json:
        write_json(plain(found))
    else:
        show(found, console())


@bench.command("story")
def bench_story(
    reports: Annotated[int, typer.Option(min=1_000, help="How many invented reports to place.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 90,
    as_json: JsonOption = False,
) -> None:
    """Measure how long it takes to find the story of a report, also with 50,000 reports open."""
    from bot.bench.story import measure, plain, show

    found = measure(reports, days)
    if as_json:
        write_json(plain(found))
    else:
        show(found, console())


@bench.command("poll")
def bench_poll(
    feeds: Annotated[
        list[int] | None, typer.Option(min=1, help="With how many feeds to measure memory (default: 1000, 5000).")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="More rounds take longer and vary less.")] = 4,
    as_json: JsonOption = False,
) -> None:
    """Measure polls beside the bare fetch and the full parse; what chats wait meanwhile, and memory."""
    from bot.bench.poll import measure, plain, show

    found = measure(rounds, feeds or [1_000, 5_000])
    if as_json:
        write_json(plain(found))
    else:
        show(found, console())


def _regex(text: str, option: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is no regular expression: {error}", param_hint=option) from None
