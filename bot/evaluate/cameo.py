"""How the rules do on sentences with CAMEO codes: are they news of ours, and of the type that the code means? Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.evaluate.figures import Estimate, share
from bot.evaluate.scores import Judged
from bot.model import EventType

_CODES = {
    EventType.CEASEFIRE_PROPOSED: "0256 0356 1056",
    EventType.CEASEFIRE_AGREED: "0871",
    EventType.CEASEFIRE_IN_EFFECT: "0871 074",
    EventType.CEASEFIRE_EXTENDED: "0871 081",
    EventType.CEASEFIRE_VIOLATED: "196",
    EventType.CEASEFIRE_REJECTED: "1246 127 129",
    EventType.CEASEFIRE_ENDED: "196",
    EventType.TALKS_PROPOSED: "026 028 036 038 039 106 108",
    EventType.TALKS_SCHEDULED: "036 030",
    EventType.TALKS_HELD: "040 041 042 043 044 045 046",
    EventType.TALKS_STALLED: "125 126 134 164 165",
    EventType.AGREEMENT_REACHED: "057",
    EventType.AGREEMENT_TERMS: "074 0334 0861 0873",
    EventType.EXCHANGE_PRISONERS: "0841 0253 0353 1243",
    EventType.HUMANITARIAN_ACCESS: "0863",
    EventType.STATEMENT: "010 011 012 013 014 015 016 017 018 019 027 051 111",
}
"""Which codes a type covers (Schrodt's CAMEO 1.1b3, by number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameoScore:
    """Of the sentences of one set: how many are relevant, and how many of those are of a type that their code means.

    *untold* are relevant ones whose codes none of our types covers.
    """

    set: str
    relevant: Estimate
    type_right: Estimate
    untold: int
    wrong: Sequence[Judged]


def types_of(codes: Iterable[str]) -> frozenset[EventType]:
    """Return the types that cover one of *codes*."""
    codes = set(codes)
    return frozenset(type_ for type_, covered in _CODES.items() if codes.intersection(covered.split()))


def score_cameo(judged: Iterable[Judged]) -> Sequence[CameoScore]:
    """Return the score of each set of sentences."""
    in_order = sorted(judged, key=lambda one: one.item.set)
    return [_score(name, list(sentences)) for name, sentences in groupby(in_order, key=lambda one: one.item.set)]


def _score(name: str, sentences: list[Judged]) -> CameoScore:
    told = [(one, types_of(one.item.codes)) for one in sentences if one.verdict.event]
    covered = [(one, types) for one, types in told if types]
    wrong = [one for one, types in covered if one.verdict.event and one.verdict.event.type not in types]
    return CameoScore(
        set=name,
        relevant=share(len(told), len(sentences)),
        type_right=share(len(covered) - len(wrong), len(covered)),
        untold=len(told) - len(covered),
        wrong=wrong,
    )
