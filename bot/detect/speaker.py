"""Who says it. Pure."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from bot.detect.gazetteer import ACTOR_KINDS, BYSTANDER, Named
from bot.detect.reading import Hit, Reading
from bot.detect.terms import Pattern

_DASH = re.compile(r"\s[—–]|—\s|\s-\s")
"""Not the one within "India–Pakistan"."""
_BREAK = re.compile(r"[,:;]|\s[—–-]\s")
_TOPIC = re.compile(
    r"war|crisis|conflict|invasion|live|latest|updates?|news|blog|briefing|talks|negotiations|truce|ceasefire|deal|peace"
    r"|війн[аиі]|наживо|онлайн|новини|переговори|перемир'я|мир"
    r"|войн[аые]|новости|переговоры|перемирие",
    re.IGNORECASE,
)
"""A word that makes "Ukraine war live: …" a heading: what the news is about, and nobody who speaks."""
_OFFICE = re.compile(r"minister|president|secretary|chief|envoy|leader|spokes(?:man|woman|person)", re.IGNORECASE)
"""Stands between the verb and a name: ", says Prime Minister …"."""
_AND = frozenset({"and", "та", "і", "й", "и"})
_AFTER = frozenset({"after", "following", "після", "после"})
_THAT = frozenset({"that", "що", "щоб", "что", "чтобы"})
_POSSESSIVE = ("'s", "’s", "s'", "s’")
_FARTHEST = 3
_LAST_WORDS = 5
"""So many words at most are the tail of a title that says who speaks: ", say US and Saudi mediators"."""
_NEXT = 2
"""So many words ("says that", ":") may stand between a speaker and the one spoken of."""


class Told(StrEnum):
    """Of whom a speaker speaks: of itself or its own side, of another, or of nobody in particular.

    An outsider is no party of the conflict; who is unnamed speaks behind the news ("… - regional bloc"), of whomever.
    """

    ITSELF = "itself"
    ANOTHER = "another"
    NOBODY = "nobody"
    OUTSIDER = "outsider"
    UNNAMED = "unnamed"


def told_of(speaker: str, names: list[Named], conflicts: Iterable[str]) -> frozenset[Told]:
    """Return of whom *speaker* (an id, "" for nobody) speaks in a title with *names*; empty where nobody speaks."""
    actors = [name for name in names if name.entity.kind in ACTOR_KINDS]
    speaking = next((actor for actor in actors if actor.entity.id == speaker), None)
    if speaking is None:
        return frozenset()
    sides = _sides(speaking)
    told = set() if {conflict for conflict, _ in sides} & set(conflicts) else {Told.OUTSIDER}
    spoken_of = _spoken_of(speaking, actors)
    if spoken_of is None:
        told.add(Told.NOBODY)
    else:
        told.add(Told.ITSELF if spoken_of.entity.id == speaker or sides & _sides(spoken_of) else Told.ANOTHER)
    return frozenset(told)


def _spoken_of(speaking: Named, actors: list[Named]) -> Named | None:
    """Return the actor named right after the speaker or, if the speaker stands last, first in the title."""
    if actors[0].end <= speaking.start:
        return actors[0] if actors[0].start <= _FARTHEST else None
    after = (actor for actor in actors if 0 <= actor.start - speaking.end <= _NEXT)
    return next(after, None)


def _sides(name: Named) -> set[tuple[str, str]]:
    return {(conflict, side.upper()) for conflict, side in name.entity.links if side != BYSTANDER}


def find_speaker(title: Reading, names: list[Named], say: Pattern | None, joining: Pattern | None = None) -> str:
    """Return the id of the one who speaks in *title*, "" if nobody can be told.

    Looked for, in this order: "X: …", "… — X" at the end, X next to a verb of saying. *say* are such verbs, *joining*
    the words that make two names one subject.
    """
    actors = [name for name in names if name.entity.kind in ACTOR_KINDS]
    if not actors:
        return ""
    return _before_colon(title, actors) or _at_the_end(title, actors) or _beside_verb(title, actors, say, joining)


def is_told_by_unnamed(title: Reading, voices: Pattern | None, say: Pattern | None) -> bool:
    """Say whether *title* ends with a speaker without a name: ": sources", " - regional bloc", ", officials say"."""
    tail = _tail(title)
    if voices is None or tail is None:
        return False
    speaking = {hit.start for hit in title.find(voices) if hit.start >= tail}
    if not speaking:
        return False
    if _set_apart(title, tail):
        return True
    verbs = {hit.start for hit in title.find(say) if hit.start >= tail} if say else set()
    return bool(verbs - speaking)


def _tail(title: Reading) -> int | None:
    """Return where the last few words begin that a colon, comma or dash cuts off; None without such."""
    after = range(len(title) - 1, max(0, len(title) - 1 - _LAST_WORDS), -1)
    return next((i for i in after if title.word(i - 1) == ":" or not _in_one_clause(title, i, i)), None)


def _before_colon(title: Reading, actors: list[Named]) -> str:
    """Return who speaks in "X: …"; of two names, or of a strip of land, it is what the title is about.

    Two that stand side by side and are of one side are one speaker: "Минобороны РФ: …", "Russia's Putin: …".
    """
    first, *others = actors
    last = first
    for actor in others:
        if actor.start == last.end and _sides(actor) & _sides(last):
            last = actor
    after = range(last.end, min(last.end + _FARTHEST, len(title)))
    colon = next((i for i in after if title.word(i) == ":"), None)
    if colon is None or first.start > _FARTHEST or first.entity.kind == "territory":
        return ""
    if any(_TOPIC.fullmatch(title.word(i)) for i in range(last.end, colon)):
        return ""
    if any(last.end <= actor.start < colon for actor in others):
        return ""
    return first.entity.id if last.entity.kind == "country" else last.entity.id


def _at_the_end(title: Reading, actors: list[Named]) -> str:
    """Return who stands alone behind the last colon or dash: "… — X", "… — X after talks in Geneva"."""
    behind = [actor for actor in actors if actor.start and _set_apart(title, actor.start)]
    if not behind:
        return ""
    last = behind[-1]
    ends = len(title) - last.end <= _words_behind(title, last.start) and max(actor.end for actor in actors) <= last.end
    return last.entity.id if ends or (last.end < len(title) and title.word(last.end).lower() in _AFTER) else ""


def _words_behind(title: Reading, start: int) -> int:
    """Return how many words may follow a name at the end: none after a plain hyphen, which "- Kyiv Post" has too."""
    between = title.text[title.place(start - 1, start)[1] : title.place(start, start + 1)[0]]
    return 0 if between == " - " else _FARTHEST


def _set_apart(title: Reading, start: int) -> bool:
    between = title.text[title.place(start - 1, start)[1] : title.place(start, start + 1)[0]]
    return title.word(start - 1) == ":" or bool(_DASH.search(between))


def _beside_verb(title: Reading, actors: list[Named], say: Pattern | None, joining: Pattern | None) -> str:
    """Return who says it: the one before the verb in its clause, else right behind ("…, says X", "according to X").

    Who is "to confirm", or of whom another expects "that X will confirm", says nothing yet. A second verb ("X expects …
    and says") is the subject's with which its clause begins, whoever is named in between.
    """
    for hit in title.find(say) if say else ():
        word_before = title.word(hit.start - 1).lower() if hit.start else ""
        if word_before == "to":
            continue
        if word_before in _AND and (subject := _subject(title, actors, hit)):
            return "" if any(_joined_to(other, [subject], title, joining) for other in actors) else subject.entity.id
        before = _before_verb(title, actors, hit)
        after = [
            actor
            for actor in actors
            if 0 <= actor.start - hit.end < (3 if _OFFICE.fullmatch(title.word(actor.start - 1)) else 2)
            if _in_one_clause(title, hit.end, actor.start)
            if not title.word(actor.end - 1).lower().endswith(_POSSESSIVE)  # "…, say Russia's terms are too hard"
        ]
        if before:
            return "" if _joined_to(before[-1], actors, title, joining) else before[-1].entity.id
        if after:
            return after[0].entity.id
    return ""


def _subject(title: Reading, actors: list[Named], verb: Hit) -> Named | None:
    """Return the actor with which the clause of *verb* begins, unless the verb stands right behind it."""
    clause = (actor for actor in actors if actor.end <= verb.start and _in_one_clause(title, actor.end, verb.start))
    first = next(clause, None)
    apart = first is not None and verb.start - first.end >= _FARTHEST and _begins_clause(title, first.start)
    return first if apart else None


def speaking_together(
    title: Reading, names: list[Named], say: Pattern | None, joining: Pattern | None
) -> Sequence[Named]:
    """Return those who say it with one mouth ("Russia and Ukraine say …"); none if one speaks alone, or nobody.

    They begin the clause: an envoy to two countries speaks for neither, and who is "said to" do a thing is silent.
    """
    actors = [name for name in names if name.entity.kind in ACTOR_KINDS]
    for hit in title.find(say) if say else ():
        before = _before_verb(title, actors, hit)
        others = _joined_to(before[-1], actors, title, joining) if before else []
        said_to = hit.end < len(title) and title.word(hit.end).lower() == "to"
        if others and _begins_clause(title, others[0].start) and not said_to:
            return (*others, before[-1])
    return ()


def _begins_clause(title: Reading, start: int) -> bool:
    return start == 0 or bool(_BREAK.fullmatch(title.word(start - 1))) or not _in_one_clause(title, start, start)


def _before_verb(title: Reading, actors: list[Named], verb: Hit) -> list[Named]:
    return [
        actor
        for actor in actors
        if 0 <= verb.start - actor.end < _FARTHEST and _in_one_clause(title, actor.end, verb.start)
        if not (actor.start and title.word(actor.start - 1).lower() in _THAT)
    ]


def _in_one_clause(title: Reading, end: int, start: int) -> bool:
    """Say whether no comma, colon or dash stands between the word before *end* and the word *start*."""
    between = title.text[title.place(end - 1, end)[1] : title.place(start, start + 1)[0]]
    return not _BREAK.search(between)


def _joined_to(speaker: Named, actors: list[Named], title: Reading, joining: Pattern | None) -> list[Named]:
    """Return who is joined to the speaker ("Russia and Ukraine accuse …"): then nobody speaks alone."""
    joined = {hit.start for hit in title.find(joining)} if joining else set()
    return [actor for actor in actors if speaker.start - actor.end == 1 and actor.end in joined]
