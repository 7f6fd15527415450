"""How the verdicts on labelled headlines compare with their labels. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.detect.detector import Detector
from bot.evaluate.figures import Counts, Estimate, Pairs, accuracy, macro_f1, share
from bot.evaluate.items import BETWEEN, NEWS, Gold, Item
from bot.model import EventType, Modality, Verdict

IN_FORCE = (EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT)
NOTHING = "(missed)"
UNLISTED = "other:"
"""What a conflict's label begins with if we have no entry for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A headline, and what the rules make of it."""

    item: Item
    verdict: Verdict

    @property
    def gold(self) -> Gold:
        """Return the label; only asked of what has one."""
        if self.item.gold is None:
            raise ValueError(f"{self.item.id} has no label")
        return self.item.gold

    @property
    def missed(self) -> bool:
        """Say whether this is news that the rules did not flag."""
        return self.gold.label == NEWS and not self.verdict.relevant

    @property
    def false(self) -> bool:
        """Say whether this is no news, and was flagged."""
        return self.verdict.relevant and self.gold.label not in (NEWS, BETWEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Every figure on labelled headlines.

    *between* are the B items, outside precision and recall, of which *between_flagged* were flagged. *types*,
    *modalities* and *first_conflicts* are (true, found) of the news that was flagged; *type_macro_f1_all* counts what
    was missed as wrong. *same_conflicts* says how often all conflicts are right, not only the first; *unlisted* items
    are set aside there. *dangerous* could be taken for a truce in force, and *taken* were.
    """

    overall: Counts
    languages: Mapping[str, Counts]
    between: int
    between_flagged: int
    types: Pairs
    type_accuracy: Estimate
    type_macro_f1: float
    type_macro_f1_all: float
    modalities: Pairs
    modality_accuracy: Estimate
    always_fact: Estimate
    first_conflicts: Pairs
    conflict_accuracy: Estimate
    same_conflicts: Estimate
    unlisted: int
    dangerous: int
    taken: Sequence[Judged]


def judge(detector: Detector, items: Iterable[Item]) -> Sequence[Judged]:
    """Return the verdict on each of *items*."""
    return [Judged(item=item, verdict=detector.judge(item.entry, when=item.when)) for item in items]


def counts(judged: Iterable[Judged]) -> Counts:
    """Count right, false and missed, those in between left out."""
    return Counts.of((one.gold.label == NEWS, one.verdict.relevant) for one in judged if one.gold.label != BETWEEN)


def score(judged: Sequence[Judged]) -> Scores:
    """Return every figure on *judged*, all of which have labels."""
    between = [one for one in judged if one.gold.label == BETWEEN]
    news = [one for one in judged if one.gold.label == NEWS]
    found = [one for one in news if one.verdict.relevant]
    types = [_types(one) for one in found if one.gold.type]
    modalities = [(one.gold.modality, _modality(one.verdict)) for one in found if one.gold.modality]
    listed = [one for one in found if _listed(one.gold)]
    conflicts = [_first_conflict(one) for one in listed]
    dangerous = [one for one in judged if one.gold.danger]
    languages = sorted({one.item.entry.language for one in judged})
    return Scores(
        overall=counts(judged),
        languages={
            language or "?": counts(one for one in judged if one.item.entry.language == language)
            for language in languages
        },
        between=len(between),
        between_flagged=sum(one.verdict.relevant for one in between),
        types=types,
        type_accuracy=accuracy(types),
        type_macro_f1=macro_f1(types),
        type_macro_f1_all=macro_f1([_types(one) for one in news if one.gold.type]),
        modalities=modalities,
        modality_accuracy=accuracy(modalities),
        always_fact=accuracy([(true, Modality.FACT.value) for true, _ in modalities]),
        first_conflicts=conflicts,
        conflict_accuracy=accuracy(conflicts),
        same_conflicts=share(sum(set(one.verdict.conflicts) == _listed(one.gold) for one in listed), len(listed)),
        unlisted=sum(bool(one.gold.conflicts) and not _listed(one.gold) for one in found),
        dangerous=len(dangerous),
        taken=[one for one in dangerous if one.verdict.event and one.verdict.event.type in IN_FORCE],
    )


def _types(one: Judged) -> tuple[str, str]:
    """Return the true and the found type; where the second acceptable one was found, that is the true one."""
    found = one.verdict.event.type.value if one.verdict.event else NOTHING
    return (found if found == one.gold.alt else one.gold.type), found


def _modality(verdict: Verdict) -> str:
    return verdict.event.modality.value if verdict.event else NOTHING


def _listed(gold: Gold) -> set[str]:
    return {conflict for conflict in gold.conflicts or () if not conflict.startswith(UNLISTED)}


def _first_conflict(one: Judged) -> tuple[str, str]:
    """Return the true and the first found conflict; of several true ones, the found one if it is among them."""
    found = next(iter(one.verdict.conflicts), "none")
    true = _listed(one.gold)
    return (found if found in true else min(true)), found
