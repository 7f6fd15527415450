"""All that `parley eval` finds out, and the same as plain values for `--json`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.detect.detector import Detector
from bot.detect.explain import explain
from bot.evaluate.baselines import Baseline, baselines
from bot.evaluate.cameo import CameoScore, score_cameo
from bot.evaluate.figures import Counts, class_scores, confusion
from bot.evaluate.items import BETWEEN, NEWS, Item
from bot.evaluate.scores import Judged, Scores, judge, score


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How the rules do on ordinary headlines: *flagged* are those that nobody labelled P or B."""

    items: int
    flagged: Sequence[Judged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came of the labelled headlines, the ordinary stream, and the sentences with codes; None: there were none."""

    rules_hash: str
    scores: Scores | None
    baselines: Sequence[Baseline]
    stream: Stream | None
    cameo: Sequence[CameoScore]
    errors: Sequence[Judged]
    """News that was missed, then what was falsely flagged."""


def evaluate(detector: Detector, items: Sequence[Item], *, train: Sequence[Item] = ()) -> Evaluation:
    """Judge *items* and compare; *train* is what the learned baseline learns from."""
    judged = judge(detector, items)
    labelled = [one for one in judged if one.item.gold]
    stream = [one for one in judged if one.item.stream]
    flagged = [one for one in stream if one.verdict.relevant and _label(one) not in (NEWS, BETWEEN)]
    errors = [one for one in labelled if one.missed] + [one for one in labelled if one.false]
    return Evaluation(
        rules_hash=detector.rules.hash,
        scores=score(labelled) if labelled else None,
        baselines=baselines([one.item for one in labelled], detector.rules, train=train) if labelled else (),
        stream=Stream(items=len(stream), flagged=flagged) if stream else None,
        cameo=score_cameo(one for one in judged if one.item.codes),
        errors=[*errors, *(one for one in flagged if not one.item.gold)],
    )


def _label(one: Judged) -> str:
    return one.item.gold.label if one.item.gold else ""


def explained(one: Judged, detector: Detector) -> str:
    """Return what kind of mistake *one* is, and why the rules decided so."""
    gold, item = one.item.gold, one.item
    kind = f"MISSED {gold.type}".rstrip() if gold and one.missed else "FALSE" if gold else "FLAGGED, UNLABELLED"
    nearly = detector.nearly(item.entry, when=item.when) if not one.verdict.relevant else ()
    return f"{kind}  [{item.id}]\n{explain(item.entry, one.verdict, detector.rules, nearly)}"


# ------------------------------------------------------------------------------------------------ as plain values
def plain(evaluation: Evaluation, *, errors: bool = False) -> dict[str, Any]:
    """Return *evaluation* as JSON has it; with *errors*, each mistake too."""
    found: dict[str, Any] = {"rules_hash": evaluation.rules_hash}
    if scores := evaluation.scores:
        found["labelled"] = _plain_scores(scores)
        found["baselines"] = [
            {"name": each.name, "note": each.note, **(_plain_counts(each.counts) if each.counts else {})}
            for each in evaluation.baselines
        ]
    if stream := evaluation.stream:
        found["stream"] = {"items": stream.items, "flagged": len(stream.flagged)}
    if evaluation.cameo:
        found["cameo"] = [
            {
                "set": each.set,
                "relevant": asdict(each.relevant),
                "type_right": asdict(each.type_right),
                "untold": each.untold,
            }
            for each in evaluation.cameo
        ]
    if errors:
        found["errors"] = [_plain_error(one) for one in evaluation.errors]
    return found


def _plain_scores(scores: Scores) -> dict[str, Any]:
    return {
        "overall": _plain_counts(scores.overall),
        "languages": {language: _plain_counts(counts) for language, counts in scores.languages.items()},
        "between": {"items": scores.between, "flagged": scores.between_flagged},
        "types": {
            "macro_f1": scores.type_macro_f1,
            "macro_f1_all": scores.type_macro_f1_all,
            "accuracy": asdict(scores.type_accuracy),
            "classes": [asdict(each) for each in class_scores(scores.types)],
            "confusion": _plain_confusion(confusion(scores.types)),
        },
        "modality": {
            "accuracy": asdict(scores.modality_accuracy),
            "always_fact": asdict(scores.always_fact),
            "classes": [asdict(each) for each in class_scores(scores.modalities)],
            "confusion": _plain_confusion(confusion(scores.modalities)),
        },
        "conflicts": {
            "first_right": asdict(scores.conflict_accuracy),
            "all_right": asdict(scores.same_conflicts),
            "unlisted": scores.unlisted,
            "confusion": _plain_confusion(confusion(scores.first_conflicts)),
        },
        "danger": {"items": scores.dangerous, "taken": [one.item.id for one in scores.taken]},
    }


def _plain_counts(counts: Counts) -> dict[str, Any]:
    figures = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {**asdict(counts), **{name: asdict(figure) for name, figure in figures.items()}}


def _plain_confusion(mistakes: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"is": true, "taken_for": found, "items": number} for (true, found), number in mistakes.items()]


def _plain_error(one: Judged) -> dict[str, Any]:
    return {
        "id": one.item.id,
        "title": one.item.entry.title,
        "label": _label(one) or None,
        "relevant": one.verdict.relevant,
        "score": one.verdict.score,
        "rule": one.verdict.rule,
        "spans": [asdict(mention) for mention in one.verdict.mentions],
    }
