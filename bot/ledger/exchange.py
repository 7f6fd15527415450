"""The ledger of exchanges and corridors: how many, by whose count, and what it comes to. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.ledger.figures import Amount, Range, amounts, spread, total
from bot.ledger.move import Move
from bot.model import EventType, Modality, Report

_KINDS = frozenset({EventType.EXCHANGE_PRISONERS, EventType.HUMANITARIAN_ACCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """People, bodies or aid that were let through, or are to be.

    *figures* are ranges by what is counted: "people" of both directions together, else "bodies", "trucks" and so on.
    *pairs* are the exchanges as they are told, such as "205:205".
    """

    move: Move
    figures: Mapping[str, Range]
    pairs: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Tell whether it is confirmed to have happened, not only agreed, claimed or reported by one source."""
        return self.move.counts and self.move.modality is not Modality.PLAN


def exchanges(moves: Iterable[Move]) -> Sequence[Exchange]:
    """Return the exchanges and corridors, earliest first."""
    return [_exchange(move) for move in moves if move.type in _KINDS and not move.struck]


def totals(exchanges: Iterable[Exchange]) -> Mapping[str, Range]:
    """Return what all that is done comes to, by what is counted; without numbers it counts for nothing."""
    done = [each for each in exchanges if each.done]
    kinds = sorted({kind for each in done for kind in each.figures})
    summed = {kind: total(each.figures[kind] for each in done if kind in each.figures) for kind in kinds}
    return {kind: found for kind, found in summed.items() if found}


def _exchange(move: Move) -> Exchange:
    told = [(report.entry.publisher, _amounts(report)) for report in move.reports]
    pairs = sorted({(each.number, each.back) for _, found in told for each in found if each.back})
    said: dict[str, list[tuple[int, str]]] = {}
    for publisher, found in told:
        for kind, number in _figures(found, halves={half for pair in pairs for half in pair}).items():
            said.setdefault(kind, []).append((number, publisher))
    figures = {kind: figure for kind in sorted(said) if (figure := spread(said[kind]))}
    return Exchange(move=move, figures=figures, pairs=tuple(f"{given}:{taken}" for given, taken in pairs))


def _amounts(report: Report) -> Sequence[Amount]:
    found = amounts(report.event.facts.counts) if report.event else ()
    return [each for each in found if each.kind != "violations"]


def _figures(found: Sequence[Amount], halves: Collection[int]) -> Mapping[str, int]:
    """Return what one report counts: of each kind what it names first, a whole exchange before a part of it.

    One side's count of an exchange that others tell whole is no other number.
    """
    figures: dict[str, int] = {}
    for each in sorted(found, key=lambda each: not each.back):
        if each.back or each.kind != "people" or each.number not in halves:
            figures.setdefault(each.kind, each.number + each.back)
    return figures
