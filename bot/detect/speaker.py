"""Who says it. Pure."""

from bot.detect.gazetteer import ACTOR_KINDS, Named
from bot.detect.reading import Reading
from bot.detect.terms import Pattern

_FARTHEST = 3


def find_speaker(title: Reading, names: list[Named], say: Pattern | None) -> str:
    """Return the id of the one who speaks in *title*, "" if nobody can be told.

    Looked for, in this order: "X: …", "… — X" at the end, X next to a verb of saying.
    """
    actors = [name for name in names if name.entity.kind in ACTOR_KINDS]
    if not actors:
        return ""
    return _before_colon(title, actors) or _at_the_end(title, actors) or _beside_verb(title, actors, say)


def _before_colon(title: Reading, actors: list[Named]) -> str:
    first = actors[0]
    after = range(first.end, min(first.end + _FARTHEST, len(title)))
    return first.entity.id if first.start <= _FARTHEST and any(title.word(i) == ":" for i in after) else ""


def _at_the_end(title: Reading, actors: list[Named]) -> str:
    last = actors[-1]
    if last.start == 0 or len(title) - last.end > _FARTHEST:
        return ""
    previous = title.place(last.start - 1, last.start)[1]
    between = title.text[previous : title.place(last.start, last.end)[0]]
    return last.entity.id if title.word(last.start - 1) == ":" or any(dash in between for dash in "—–") else ""


def _beside_verb(title: Reading, actors: list[Named], say: Pattern | None) -> str:
    for hit in title.find(say) if say else ():
        before = [actor for actor in actors if 0 <= hit.start - actor.end < _FARTHEST]
        after = [actor for actor in actors if 0 <= actor.start - hit.end < 2]
        if before:
            return "" if _speaks_with(before[-1], actors) else before[-1].entity.id
        if after:
            return after[0].entity.id
    return ""


def _speaks_with(speaker: Named, actors: list[Named]) -> bool:
    """Say whether another is named just before ("Russia and Ukraine accuse …"): then nobody speaks alone."""
    return any(0 < speaker.start - actor.end < 2 for actor in actors)
