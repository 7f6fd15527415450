"""Are two reports of the same happening? First what forbids it, then how alike they are. Pure."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from math import sqrt

from bot.model import EventType, Modality
from bot.story.features import VOICES, WAVES, Facts, Features
from bot.story.words import ACTIONS, NAMES

_REFUSALS = frozenset({EventType.CEASEFIRE_REJECTED, EventType.TALKS_STALLED})
_VAGUE = frozenset({EventType.STATEMENT, EventType.AGREEMENT_TERMS})
_NEAR = (
    {EventType.TALKS_PROPOSED, EventType.TALKS_SCHEDULED},
    {EventType.TALKS_PROPOSED, EventType.TALKS_HELD},
    {EventType.TALKS_HELD, EventType.TALKS_STALLED},
)
"""Types of one family that two desks may well give to one happening."""

_W: Mapping[str, float] = tomllib.loads((files("bot") / "data" / "likeness.toml").read_text(encoding="utf-8"))
_RAREST = 6.0
"""About what the rarest word of a report weighs."""

_ALL, _ACTIONS, _NAMES, _REST = range(4)
_KINDS = dict.fromkeys(NAMES, _NAMES) | dict.fromkeys(ACTIONS, _ACTIONS)

JOINS, NEAREST = _W["joins"], _W["nearest"]

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
    if one.step and other.step and one.step != other.step and (one.step == other.before or other.step == one.before):
        yield "the one came of the other"
    if one.step == other.step and _apart(one.voice, other.voice):
        yield "another says it"
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


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """A report's words by how rare they were when it came.

    *lengths* are those of its words as vectors: all, actions, names, the rest. *headline* is what its title weighs.
    """

    features: Features
    weights: Mapping[str, float]
    lengths: tuple[float, float, float, float]
    headline: float


def weighed(features: Features, rarity: Callable[[str], float]) -> Weighed:
    """Return *features* with its words weighed by *rarity*."""
    weights = {root: weight * rarity(root) for root, weight in features.words.items()}
    squares = [0.0, 0.0, 0.0, 0.0]
    for root, weight in weights.items():
        squares[_KINDS.get(root, _REST)] += weight * weight
    squares[_ALL] = sum(squares)
    every, actions, names, rest = map(sqrt, squares)
    return Weighed(features, weights, (every, actions, names, rest), sum(weights[root] for root in features.title))


def likeness(one: Weighed, other: Weighed) -> float:
    """Return the log-odds that two reports, which nothing keeps apart, are of the same happening."""
    a, b = one.features, other.features
    score = _W["always"] + _words_in_common(one, other) + _W["a_day_apart"] * days_between(a.at, b.at)
    if a.step and a.step == b.step:
        score += _W["same_step"]
        if a.step in WAVES and _of_one_war(a, b):
            score += _W["same_step_of_one_war"]
        if a.step in VOICES and a.opening and b.opening and not a.opening & b.opening:
            score += _W["other_speaker"]
    if a.opening & b.opening:
        score += _W["same_opening"]
    score += _W["same_headline"] * max(0.0, _ratio(len(a.title & b.title), len(a.title | b.title)) - 0.55)
    if a.facts.numbers & b.facts.numbers:
        score += _W["same_number"]
    if a.facts.type and a.facts.type is b.facts.type:
        score += _W["same_type"]
    return score


def _of_one_war(a: Features, b: Features) -> bool:
    return bool(a.facts.conflicts & b.facts.conflicts) or not NAMES.isdisjoint(a.words.keys() & b.words.keys())


def _words_in_common(one: Weighed, other: Weighed) -> float:
    few, many = (one, other) if len(one.weights) < len(other.weights) else (other, one)
    few_weights, few_title = few.weights, few.features.title
    many_weights, many_title = many.weights, many.features.title
    products, rarest = [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]
    few_retold = many_retold = 0.0
    for root in [root for root in few_weights if root in many_weights]:
        weight, its, kind = few_weights[root], many_weights[root], _KINDS.get(root, _REST)
        products[kind] += weight * its
        lesser = weight if weight < its else its
        rarest[kind] = max(rarest[kind], lesser)
        if root in few_title:
            few_retold += weight
        if root in many_title:
            many_retold += its
    products[_ALL] = sum(products)
    every = _ratio(products[_ALL], few.lengths[_ALL] * many.lengths[_ALL])
    retold = max(_ratio(few_retold, few.headline), _ratio(many_retold, many.headline))
    return (
        _W["all_words"] * every
        + _W["actions"] * _alike(_ACTIONS, products, one, other, every)
        + _W["names"] * _alike(_NAMES, products, one, other, every)
        + _W["other_words"] * _alike(_REST, products, one, other, every)
        + _W["rarest_word"] * max(rarest[_ACTIONS], rarest[_REST]) / _RAREST
        + _W["rarest_name"] * rarest[_NAMES] / _RAREST
        + _W["headline_retold"] * retold
    )


def _alike(kind: int, products: list[float], one: Weighed, other: Weighed, every: float) -> float:
    """Return how alike the words of one *kind* are; where neither has any, as alike as *every* word is."""
    length, its = one.lengths[kind], other.lengths[kind]
    if length and its:
        return products[kind] / (length * its)
    return 0.0 if length or its else every


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def days_between(one: datetime | None, other: datetime | None) -> float:
    """Return how many days lie between two times, 0 if one is unknown."""
    return abs((one - other).total_seconds()) / 86_400 if one and other else 0.0
