"""Are two reports of the same happening? First what forbids it, then how alike they are. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from bot.model import EventType, Modality
from bot.story.features import VOICES, WAVES, Facts, Features
from bot.story.words import ACTIONS, NAMES

_REFUSALS = frozenset({EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED})
_VAGUE = frozenset({EventType.STATEMENT, EventType.AGREEMENT_TERMS})
_NEAR = (
    {EventType.TALKS_PROPOSED, EventType.TALKS_SCHEDULED},
    {EventType.TALKS_PROPOSED, EventType.TALKS_HELD},
)
"""Types of one family that two desks may well give to one happening."""

_ONE_WAVE = {"deal", "freeing ahead"}
_DONE = frozenset(
    {EventType.CEASEFIRE_AGREED, EventType.CEASEFIRE_IN_EFFECT, EventType.CEASEFIRE_EXTENDED, EventType.CEASEFIRE_ENDED}
    | {EventType.AGREEMENT_REACHED}
)
"""What must never rest on an offer, a plan or an "if"."""

_OPEN = frozenset({EventType.CEASEFIRE_PROPOSED, EventType.TALKS_PROPOSED}) | _REFUSALS
_ASSERTED = frozenset({Modality.FACT, Modality.CLAIM, None})


def difference(one: Facts, other: Facts) -> str:
    """Return why reports with these facts can never share a story, "" if nothing forbids it."""
    return next(_differences(one, other), "")


def _differences(one: Facts, other: Facts) -> Iterator[str]:
    if _apart(one.conflicts, other.conflicts):
        yield "other conflict"
    if one.pair and other.pair and one.pair != other.pair:
        yield "other parties"
    if unit := _other_number(one.numbers, other.numbers):
        yield f"other number ({unit})"
    if _apart(one.days, other.days) or _apart(one.dates, other.dates):
        yield "other day"
    if _other_number(one.rounds, other.rounds):
        yield "other round"
    if one.step != other.step and {one.step, other.step} <= WAVES and {one.step, other.step} != _ONE_WAVE:
        yield f"{other.step}, not {one.step}"
    if one.undone != other.undone:
        yield "the one takes it back"
    if one.type and other.type:
        yield from _other_type(one.type, other.type)
        yield from _other_modality({one.type, other.type}, one.modality, other.modality)


def _apart(one: frozenset[object], other: frozenset[object]) -> bool:
    return bool(one) and bool(other) and not one & other


def _other_number(one: frozenset[tuple[str, int]], other: frozenset[tuple[str, int]]) -> str:
    """Return a unit that both name with no amount in common, "" if there is none."""
    if not one or not other:
        return ""
    shared = {unit for unit, _ in one & other}
    units = ({unit for unit, _ in one} & {unit for unit, _ in other}) - shared
    return min(units, default="")


def _other_type(one: EventType, other: EventType) -> Iterator[str]:
    """Yield that two types are different steps: of one family, such as agreed and in effect, or offered and done."""
    types = {one, other}
    of_one_family = len(types) == 2 and one.family == other.family
    if (of_one_family and not types & _VAGUE and types not in _NEAR) or (types & _DONE and types & _OPEN):
        yield f"{other.value}, not {one.value}"


def _other_modality(types: set[EventType], one: Modality | None, other: Modality | None) -> Iterator[str]:
    if (one is Modality.DENIAL) != (other is Modality.DENIAL) and not types & _REFUSALS:
        yield "the one denies it"
    if types <= _DONE and (one in _ASSERTED) != (other in _ASSERTED):
        yield "the one says it is done, the other does not"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A report's words by how rare they were when it came, and their lengths as vectors: all, actions, the rest."""

    features: Features
    weights: Mapping[str, float]
    length: float
    of_actions: float
    of_rest: float


def weighed(features: Features, rarity: Callable[[str], float]) -> Weighed:
    """Return *features* with its words weighed by *rarity*."""
    weights = {root: weight * rarity(root) for root, weight in features.words.items()}
    actions = sum(weight * weight for root, weight in weights.items() if root in ACTIONS)
    names = sum(weight * weight for root, weight in weights.items() if root in NAMES)
    total = sum(weight * weight for weight in weights.values())
    return Weighed(features, weights, sqrt(total), sqrt(actions), sqrt(max(0.0, total - actions - names)))


def likeness(one: Weighed, other: Weighed) -> float:
    """Return the log-odds that two reports, which nothing keeps apart, are of the same happening.

    The weights were fitted on labelled days and rounded.
    """
    a, b = one.features, other.features
    score = -4.3 + _words_in_common(one, other) - 1.8 * days_between(a.at, b.at)
    if a.step and a.step == b.step:
        score += 2.2 if a.step in WAVES and _of_one_war(a, b) else 0.4
    elif a.step and b.step:
        score -= 0.4
    if a.opening & b.opening:
        score += 0.8
    elif a.opening and b.opening:
        score -= 3.0 if a.step == b.step and a.step in VOICES else 0.4
    score += 1.0 * bool(a.facts.days & b.facts.days)
    score += 0.7 * bool(a.facts.numbers & b.facts.numbers)
    return score + 0.7 * _ratio(len(a.title & b.title & NAMES), len((a.title | b.title) & NAMES))


def _of_one_war(a: Features, b: Features) -> bool:
    return bool(a.facts.conflicts & b.facts.conflicts) or not NAMES.isdisjoint(a.words.keys() & b.words.keys())


def _words_in_common(one: Weighed, other: Weighed) -> float:
    few, many = (one.weights, other.weights) if len(one.weights) < len(other.weights) else (other.weights, one.weights)
    total = actions = rest = 0.0
    for root, weight in few.items():
        if root in many:
            product = weight * many[root]
            total += product
            if root in ACTIONS:
                actions += product
            elif root not in NAMES:
                rest += product
    return (
        3.2 * _ratio(total, one.length * other.length)
        + 2.4 * _ratio(actions, one.of_actions * other.of_actions)
        + 3.0 * _ratio(rest, one.of_rest * other.of_rest)
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def days_between(one: datetime | None, other: datetime | None) -> float:
    """Return how many days lie between two times, 0 if one is unknown."""
    return abs((one - other).total_seconds()) / 86_400 if one and other else 0.0
