"""Who said yes to a ceasefire: both sides, or one alone. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.catalog import Catalog
from bot.model import Event

_AND = re.compile(r"\s+(?:and|&|та|і|й|и)\s+(?:the\s+)?", re.IGNORECASE)
_FIRST_AND = re.compile(r"\s*[,–—/-]\s*")
"""Joins two names at the very beginning of a headline: "Israel, Hamas agree …". Elsewhere a comma parts them."""
_SAME_SIDE = re.compile(r"['’]?s?\s*")
"""As in "Lebanon's Hezbollah"."""
_UP_TO_THE_VERB = re.compile(r"\s+([^\W\d_]+\s+)?")
"""At most one word: "have" agreed. More, and somebody else may be the one."""
_NO_PARTY = "X"
_PLACES = frozenset({"place", "territory", "accord"})


class _Party(NamedTuple):
    """A name in a headline, and the side it is on."""

    start: int
    end: int
    side: str
    id: str


def consenting(event: Event, headline: str, catalog: Catalog) -> Sequence[str]:
    """Return the ids of those that *headline* makes say yes, one of each side; none where it does not tell.

    That is whoever stands right before the words "agree …" or "declares …", and whom an "and" joins to it. Who comes
    after them ("truce with Ukraine"), who reports it and what the war is called have said nothing yet.
    """
    verb = next((each for each in event.mentions if (each.role, each.field) == ("type", "title")), None)
    if verb is None:
        return ()
    before = [party for party in _parties(event, catalog) if party.start < verb.start]
    if not before:
        return ()
    subject = before[-1]
    gap = _UP_TO_THE_VERB.fullmatch(headline, subject.end, verb.start)
    if gap is None or (gap[1] and subject.id == event.speaker):
        return ()
    return list({party.side: party.id for party in _joined(before, headline)}.values())


def begins_with_both(event: Event, headline: str, catalog: Catalog) -> bool:
    """Tell whether both sides begin *headline*, joined: "Russia and Ukraine to …" is told of neither alone."""
    first, second, *_ = (*_parties(event, catalog)[:2], None, None)
    if first is None or second is None or first.start or first.side == second.side:
        return False
    between = headline[first.end : second.start]
    return bool(_AND.fullmatch(between) or _FIRST_AND.fullmatch(between))


def _parties(event: Event, catalog: Catalog) -> Sequence[_Party]:
    """Return the parties to the event's first conflict that its headline names, from left to right."""
    found = []
    for each in event.mentions:
        conflict, _, rest = each.name.partition(":")
        side, _, id_ = rest.partition(":")
        entity = catalog.entities.get(id_)
        in_title = each.role == "conflict" and each.field == "title" and conflict in event.conflicts[:1]
        if in_title and entity and side != _NO_PARTY and entity.kind not in _PLACES:
            found.append(_Party(each.start, each.end, side, id_))
    return sorted(found)


def _joined(parties: Sequence[_Party], headline: str) -> Sequence[_Party]:
    """Return the last of *parties* and those right before it that are joined to it."""
    found = list(parties[-1:])
    for party in reversed(parties[:-1]):
        between = headline[party.end : found[0].start]
        one_party = party.side == found[0].side and _SAME_SIDE.fullmatch(between)
        at_start = party.start == 0 and _FIRST_AND.fullmatch(between)
        if not (one_party or at_start or _AND.fullmatch(between)):
            break
        found.insert(0, party)
    return found
