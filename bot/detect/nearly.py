"""What the rules nearly took for news, and what stood in the way. Pure; not asked of every entry, for it is slow."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from bot.detect.reading import Reading
from bot.detect.rules import Needs, Rules, Signal, Where
from bot.detect.terms import Pattern
from bot.model import Entry, Mention, NearMiss, Verdict
from bot.text import cut

_UNNAMED = {
    Needs.CONFLICT: "if a conflict were recognised",
    Needs.TITLE_PARTY: "if the title named a party of the conflict",
    Needs.TITLE_ARMED_GROUP: "if the title named an armed group of the conflict",
    Needs.TWO_SIDES: "if both sides were named",
    Needs.TITLE_TWO: "if the title named both sides",
    Needs.TITLE_PARTY_MEDIATOR: "if the title named a party, and a mediator or a venue",
    Needs.HOME: "if its language had a war of its own, and no other place were named",
}
_MOST_TERMS, _LONGEST_TERM = 3, 30


def is_near(verdict: Verdict, rules: Rules) -> bool:
    """Tell whether *verdict* is a near miss: context only, a signal cancelled, or a score that is not far too low."""
    if verdict.relevant:
        return False
    cancelled = any(mention.role == "cancelled" for mention in verdict.mentions)
    return verdict.context or cancelled or verdict.score >= rules.scoring.near_at


def near_miss(entry: Entry, verdict: Verdict, nearly: Sequence[Mention], rules: Rules, now: datetime) -> NearMiss:
    """Return *entry* as a near miss: why its *verdict* is what it is, and which signal *nearly* fired first of all."""
    return NearMiss(
        entry=entry,
        score=verdict.score,
        mentions=(*verdict.mentions, *nearly[:1]),
        rules_hash=rules.hash,
        noted_at=now,
    )


def lacks(signal: Signal, *, met: Callable[[Needs], bool], title: Reading, summary: Reading) -> Iterator[str]:
    """Yield what a *signal* whose words stand in the entry lacked to fire, as in "if both sides were named"."""
    if not met(signal.needs):
        yield _UNNAMED.get(signal.needs, f"if it had what it needs ({signal.needs})")
    if signal.where is Where.LEAD and not _in_lead(signal.pattern, summary):
        yield "if it stood in the first sentence"
    if signal.also_title and not title.find(signal.also_title):
        yield f"if the title also said {_terms(signal.also_title)}"
    if signal.also_summary and not summary.find(signal.also_summary):
        yield f"if the summary also said {_terms(signal.also_summary)}"
    if signal.unless and (hits := title.find(signal.unless)):
        yield f"but for “{title.words(hits[0].start, hits[0].end)}” in the title"


def _in_lead(pattern: Pattern, summary: Reading) -> bool:
    sentence = summary.layout.sentence
    return any(sentence[hit.end - 1] == 0 for hit in summary.find(pattern))


def _terms(pattern: Pattern) -> str:
    """Return a few of the terms of *pattern* as the rule file has them."""
    terms = list(dict.fromkeys(sequence.term for sequence in pattern.sequences))
    more = f" or {len(terms) - _MOST_TERMS} more" if len(terms) > _MOST_TERMS else ""
    return " or ".join(cut(term, _LONGEST_TERM) for term in terms[:_MOST_TERMS]) + more
