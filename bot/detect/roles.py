"""What part each actor plays in the peace process: party, mediator, guarantor, appealer. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.catalog import Conflict
from bot.detect.gazetteer import ACTOR_KINDS, BYSTANDER, Named
from bot.detect.reading import Reading
from bot.detect.terms import Pattern
from bot.model import Role

_BESIDE = 3
"""So many words may stand between a mediator and the word of mediation ("Qatar-backed truce was mediated")."""
_SUBJECTS = 8
"""So many words before an appeal those who make it may stand ("Macron, Merz, Starmer and Tusk in Kyiv urge …")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A text with the names in it, and the words of appeal and of mediation that its rules know."""

    reading: Reading
    names: list[Named]
    appealing: Pattern | None
    mediating: Pattern | None


def find_roles(
    scenes: Iterable[Scene], conflicts: Iterable[Conflict], speaker: str
) -> Iterator[tuple[Scene, Role, Named]]:
    """Yield each actor of *scenes* once, where it is first named, with its part in *conflicts*; some have none."""
    conflicts = tuple(conflicts)
    seen: set[str] = set()
    for scene in scenes:
        for name in scene.names:
            if name.entity.kind in ACTOR_KINDS and name.entity.id not in seen:
                seen.add(name.entity.id)
                if role := _role(name, scene, conflicts, speaker):
                    yield scene, role, name


def _role(name: Named, scene: Scene, conflicts: tuple[Conflict, ...], speaker: str) -> Role | None:
    """Return the part of *name*: what it does here goes before what the conflict's data say of it."""
    if _is_party(name, {conflict.id: conflict for conflict in conflicts}):
        return Role.PARTY
    entity = name.entity.id
    if _appeals(name, scene, conflicts, is_speaker=entity == speaker):
        return Role.APPEALER
    if any(entity in conflict.mediators for conflict in conflicts) or _mediates(name, scene):
        return Role.MEDIATOR
    return Role.GUARANTOR if any(entity in conflict.guarantors for conflict in conflicts) else None


def _is_party(name: Named, conflicts: Mapping[str, Conflict]) -> bool:
    return any(conflict in conflicts and side != BYSTANDER for conflict, side in name.entity.links)


def _appeals(name: Named, scene: Scene, conflicts: tuple[Conflict, ...], *, is_speaker: bool) -> bool:
    """Say whether an appeal is made by *name*: it speaks, or stands before the verb with no party in between."""
    hits = scene.reading.find(scene.appealing) if scene.appealing else ()
    if is_speaker and hits:
        return True
    parties = [other for other in scene.names if _is_party(other, {conflict.id: conflict for conflict in conflicts})]
    return any(
        0 <= hit.start - name.end <= _SUBJECTS
        and not any(name.end <= party.start < hit.start for party in parties)
        and _same_sentence(scene.reading, name.start, hit.start)
        for hit in hits
    )


def _mediates(name: Named, scene: Scene) -> bool:
    hits = scene.reading.find(scene.mediating) if scene.mediating else ()
    return any(
        max(hit.start - name.end, name.start - hit.end) <= _BESIDE
        and not _between(scene.names, name, hit.start)
        and _same_sentence(scene.reading, name.start, hit.start)
        for hit in hits
    )


def _between(names: list[Named], name: Named, position: int) -> bool:
    """Say whether another actor stands nearer to *position*, on the same side of it."""
    first, last = sorted((name.start, position))
    return any(first < other.start < last for other in names if other is not name and other.entity.kind in ACTOR_KINDS)


def _same_sentence(reading: Reading, one: int, other: int) -> bool:
    return reading.layout.sentence[one] == reading.layout.sentence[other]
