"""The names behind the ids: conflicts, event types, people and places, publishers.

Read once from the data files; afterwards a value like any other.
"""

import csv
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from bot.errors import ConfigError, Problem
from bot.model import EventType
from bot.toml import Located, parse_toml

DATA = files("bot") / "data"


def _in(language: str, names: Mapping[str, str]) -> str:
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What has an id and a name in several languages."""

    id: str
    names: Mapping[str, str]

    def name(self, language: str = "en") -> str:
        """Return the name in *language*, else in English."""
        return _in(language, self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Named):
    """An armed conflict: its sides ("A", "B" …) hold entity ids; *active* are ISO dates, an empty end is open.

    *status* is active, ceasefire, frozen or watch.
    """

    flag: str = ""
    status: str = "active"
    active: tuple[str, str] = ("", "")
    parties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mediators: tuple[str, ...] = ()
    guarantors: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is said of an event type. *priority* 1 (sound) to 4 (archive) is where its alerts start from."""

    type: EventType
    icon: str
    labels: Mapping[str, str]
    definition: str
    priority: int

    def label(self, language: str = "en") -> str:
        """Return the type's label in *language*, else in English."""
        return _in(language, self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Named):
    """A person, group, country, organisation, place or accord. *links* are (conflict id, side) pairs.

    *aliases* are how people write it, in any language; one that ends in * is a stem.
    """

    kind: str
    aliases: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    role: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who publishes. Publishers of one *family* (owner or wire) never confirm each other."""

    id: str
    name: str
    family: str = ""
    bloc: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    tier: int = 3
    state_media: bool = False
    hosts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """Everything that has a name, by id."""

    conflicts: Mapping[str, Conflict]
    kinds: Mapping[EventType, Kind]
    entities: Mapping[str, Entity]
    publishers: Mapping[str, Publisher]

    @cached_property
    def _publisher_ids(self) -> Mapping[str, str]:
        return {
            name.casefold(): publisher.id
            for publisher in self.publishers.values()
            for name in (publisher.id, publisher.name, *publisher.aliases, *publisher.hosts)
        }

    def publisher(self, name: str) -> Publisher:
        """Return the publisher of this id, name, alias or host; an unknown one is its own family."""
        name_or_host = name.casefold()
        key = self._publisher_ids.get(name_or_host)
        while key is None and "." in name_or_host:  # a host below one that we know: www.bbc.co.uk
            name_or_host = name_or_host.partition(".")[2]
            key = self._publisher_ids.get(name_or_host)
        return self.publishers[key] if key else Publisher(id=name, name=name, family=name.casefold())

    def conflict_name(self, conflict_id: str, language: str = "en") -> str:
        """Return the conflict's name, or the id itself if the catalog has lost it."""
        conflict = self.conflicts.get(conflict_id)
        return conflict.name(language) if conflict else conflict_id

    def entity_name(self, entity_id: str, language: str = "en") -> str:
        """Return the entity's name, or the id itself if the catalog has lost it."""
        entity = self.entities.get(entity_id)
        return entity.name(language) if entity else entity_id


def load_catalog(folder: Traversable | None = None, *, extra_publishers: Iterable[Traversable] = ()) -> Catalog:
    """Read the catalog from *folder* (default: what ships with Parley); raise ConfigError with file and line."""
    folder = folder or DATA
    base = _read(folder / "rules.toml").data.get("alert", {}).get("base", {})
    publishers: dict[str, Publisher] = {}
    for file in (folder / "publishers.toml", *extra_publishers):
        publishers |= _publishers(_read(file))
    conflicts = _conflicts(_read(folder / "conflicts.toml"))
    return Catalog(
        conflicts=conflicts,
        kinds=_kinds(_read(folder / "taxonomy.toml"), base),
        entities=_entities(folder / "entities.csv", conflicts),
        publishers=publishers,
    )


def _read(file: Traversable) -> Located:
    return parse_toml(file.read_text(encoding="utf-8"), file.name)


def _conflicts(document: Located) -> dict[str, Conflict]:
    found = {}
    for key, raw in document.data.get("conflict", {}).items():
        found[key] = Conflict(
            id=key,
            names=raw.get("name", {"en": key}),
            flag=raw.get("flag", ""),
            status=raw.get("status", "active"),
            active=tuple(raw.get("active", ("", ""))),
            parties={side: tuple(ids) for side, ids in raw.get("parties", {}).items()},
            mediators=tuple(raw.get("mediators", ())),
            guarantors=tuple(raw.get("guarantors", ())),
            venues=tuple(raw.get("venues", ())),
        )
    return found


def _kinds(document: Located, base: Mapping[str, int]) -> dict[EventType, Kind]:
    types = document.data.get("type", {})
    unknown = [name for name in types if name not in set(EventType)]
    if unknown:
        raise ConfigError(
            *(
                document.problem(("type", name), f"there is no event type {name!r}", did_you_mean(name, EventType))
                for name in unknown
            )
        )
    return {
        EventType(name): Kind(
            type=EventType(name),
            icon=raw.get("icon", ""),
            labels=raw.get("label", {"en": name}),
            definition=raw.get("definition", ""),
            priority=base.get(name, 3),
        )
        for name, raw in types.items()
    }


def _entities(file: Traversable, conflicts: Mapping[str, Conflict]) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    problems = []
    with file.open("r", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            links = tuple(
                (link.partition(":")[0], link.partition(":")[2]) for link in row["conflicts"].split(";") if link
            )
            problems += [
                Problem(
                    file=file.name,
                    line=reader.line_num,
                    what=f"{row['id']}: there is no conflict {conflict!r}",
                    hint=did_you_mean(conflict, conflicts),
                )
                for conflict, _ in links
                if conflict not in conflicts
            ]
            names = {
                language: name
                for language in ("en", "uk", "ru")
                if (name := _display_name(row.get(f"name_{language}") or row[f"aliases_{language}"]))
            }
            found[row["id"]] = Entity(
                id=row["id"],
                kind=row["kind"],
                names=names or {"en": row["id"]},
                aliases=_aliases(row),
                links=links,
                role=row["role"] or "",
                status=row["status"] or "",
            )
    if problems:
        raise ConfigError(*problems)
    return found


def _aliases(row: Mapping[str, str]) -> tuple[str, ...]:
    written = "|".join(row[f"aliases_{language}"] or "" for language in ("en", "uk", "ru"))
    return tuple(alias.lstrip("=") for alias in written.split("|") if alias)


def _display_name(aliases: str) -> str:
    """Return the first alias that is a whole word, not a stem."""
    return next((alias.lstrip("=") for alias in aliases.split("|") if alias and "*" not in alias), "")


def _publishers(document: Located) -> dict[str, Publisher]:
    found = {}
    for key, raw in document.data.get("publisher", {}).items():
        languages = raw.get("languages", raw.get("language", ()))
        found[key] = Publisher(
            id=key,
            name=raw.get("name", key),
            family=raw.get("family", key),
            bloc=raw.get("bloc", ""),
            country=raw.get("country", ""),
            languages=(languages,) if isinstance(languages, str) else tuple(languages),
            tier=raw.get("tier", 3),
            state_media=raw.get("state_media", False),
            hosts=tuple(raw.get("hosts", ())),
            aliases=tuple(raw.get("aliases", ())),
        )
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the nearest of *known*, "" if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {str(near[0])!r}?" if near else ""
