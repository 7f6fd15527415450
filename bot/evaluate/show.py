"""Evaluations as tables that fit a terminal of 80 columns."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from bot.evaluate.evaluation import Evaluation
from bot.evaluate.figures import Counts, Estimate, Pairs, class_scores, confusion
from bot.evaluate.scores import Scores

_MOST_CONFUSED = 12


def show(evaluation: Evaluation, console: Console) -> None:
    """Print every table that there is something for."""
    if scores := evaluation.scores:
        console.print(_main(evaluation, scores))
        for each in evaluation.baselines:
            if each.note:
                console.print(f"{each.name}: {each.note}", style="dim", highlight=False)
        console.print(_beside(scores))
        _show_classes(console, "Event types of the news that was found", scores.types)
        _show_classes(console, "Modality of the news that was found", scores.modalities)
        _show_confusion(console, "First conflict: mistakes", scores.first_conflicts)
        for one in scores.taken:
            console.print(f"taken for a truce in force: {one.item.id}", style="red", highlight=False)
    if stream := evaluation.stream:
        console.print(
            f"Ordinary stream: {stream.items} items, {len(stream.flagged)} flagged that nobody labelled P or B"
        )
    if evaluation.cameo:
        console.print(_cameo(evaluation))
    console.print(f"rules {evaluation.rules_hash}", style="dim")


def table(title: str, *columns: str, left: int = 1) -> Table:
    """Return an empty table; the first *left* columns are words, the others figures."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    for number, column in enumerate(columns):
        made.add_column(column, justify="left" if number < left else "right", overflow="fold")
    return made


def _main(evaluation: Evaluation, scores: Scores) -> Table:
    made = table("Found and missed (95 % intervals)", "", "items", "precision", "recall", "F1")
    made.add_row("all", *_figures(scores.overall), style="bold")
    if len(scores.languages) > 1:
        for language, counts in scores.languages.items():
            made.add_row(language, *_figures(counts))
    made.add_section()
    for each in evaluation.baselines:
        made.add_row(each.name, *(_figures(each.counts) if each.counts else ("", "-", "-", "-")), style="dim")
    return made


def _figures(counts: Counts) -> tuple[str, ...]:
    items = counts.right + counts.false + counts.missed + counts.quiet
    return str(items), *(_with_interval(each) for each in (counts.precision, counts.recall, counts.f1))


def _with_interval(figure: Estimate) -> str:
    return f"{_short(figure.value)} {_short(figure.low)}-{_short(figure.high)}" if figure.of else "-"


def _short(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else "1.00"


def _beside(scores: Scores) -> Table:
    counts = scores.overall
    made = table("Besides", "", "", "of")
    made.add_row("missed", str(counts.missed), str(counts.missed + counts.right))
    made.add_row("falsely flagged", str(counts.false), str(counts.false + counts.right))
    made.add_row("B items, set aside, that were flagged", str(scores.between_flagged), str(scores.between))
    for name, figure in (
        ("event type right, of the news found", scores.type_accuracy),
        ("modality right", scores.modality_accuracy),
        ("   always “fact” would be", scores.always_fact),
        ("first conflict right", scores.conflict_accuracy),
        ("all conflicts right", scores.same_conflicts),
    ):
        if figure.of:
            made.add_row(name, _with_interval(figure), str(figure.of))
    if scores.types:
        made.add_row("event types: macro-F1, types of 5 items or more", _short(scores.type_macro_f1), "")
        made.add_row("   with what was missed counted as wrong", _short(scores.type_macro_f1_all), "")
    if scores.unlisted:
        made.add_row("conflicts that Parley does not list, set aside", str(scores.unlisted), "")
    if scores.dangerous:
        made.add_row("dangerous items taken for a truce in force", str(len(scores.taken)), str(scores.dangerous))
    return made


def _show_classes(console: Console, title: str, pairs: Pairs) -> None:
    if not pairs:
        return
    made = table(title, "", "items", "precision", "recall", "F1")
    for each in class_scores(pairs):
        made.add_row(each.name, str(each.items), _short(each.precision), _short(each.recall), _short(each.f1))
    console.print(made)
    _show_confusion(console, "", pairs)


def _show_confusion(console: Console, title: str, pairs: Pairs) -> None:
    mistakes = list(confusion(pairs).items())
    if not mistakes:
        return
    made = table(title, "is", "taken for", "items", left=2)
    for (true, found), number in mistakes[:_MOST_CONFUSED]:
        made.add_row(true, found, str(number))
    console.print(made)
    _show_rest(console, mistakes[_MOST_CONFUSED:])


def _show_rest(console: Console, rest: Sequence[tuple[tuple[str, str], int]]) -> None:
    if rest:
        console.print(f"   … and {sum(number for _, number in rest)} more; --json has all", style="dim")


def _cameo(evaluation: Evaluation) -> Table:
    made = table("Sentences with CAMEO codes about peace processes", "set", "sentences", "relevant", "type as coded")
    for each in evaluation.cameo:
        made.add_row(each.set, str(each.relevant.of), _with_interval(each.relevant), f"{_of(each.type_right)} of those")
    return made


def _of(figure: Estimate) -> str:
    return f"{round(figure.value * figure.of)}/{figure.of}"


def show_errors(texts: Iterable[str], console: Console) -> None:
    """Print each explained mistake."""
    for text in texts:
        console.print()
        console.print(text, highlight=False, soft_wrap=True)
