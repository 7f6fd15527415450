"""The names behind the ids: conflicts, event types, people and places, publishers.

Read once from the data files; afterwards a value like any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from importlib.resources.abc import Traversable
from zoneinfo import available_timezones

from bot.adjustments import Adjustment, read_adjustments
from bot.errors import ConfigError, Problem
from bot.model import EventType
from bot.rulefiles import RuleFiles, Source, read_rule_files
from bot.text import did_you_mean
from bot.toml import Located, parse_toml

Span = tuple[str, str]
"""The first and last of some days as ISO dates, "" where open."""


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
    """An armed conflict: its sides ("A", "B" …) hold entity ids; *status* is active, ceasefire, frozen or watch.

    *active* are the spans of days in which reports of it matter; none: always.
    """

    flag: str = ""
    status: str = "active"
    active: tuple[Span, ...] = ()
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
    """Who publishes. Publishers of one *family* (owner or wire) never confirm each other.

    *official* is a body that speaks for itself, such as a ministry. *time_zone* is the IANA name of the clock by which
    it says "today" and "on Thursday".
    """

    id: str
    name: str
    family: str = ""
    bloc: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    tier: int = 3
    state_media: bool = False
    official: bool = False
    hosts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Catalog:
    """Everything that has a name, by id."""

    conflicts: Mapping[str, Conflict]
    kinds: Mapping[EventType, Kind]
    entities: Mapping[str, Entity]
    publishers: Mapping[str, Publisher]
    adjustments: tuple[Adjustment, ...] = ()

    @cached_property
    def _publisher_ids(self) -> Mapping[str, str]:
        return {
            name.casefold(): publisher.id
            for publisher in self.publishers.values()
            for name in (publisher.id, publisher.name, *publisher.aliases, *publisher.hosts)
        }

    def publisher(self, name: str) -> Publisher:
        """Return the publisher of this id, name, alias or host; an unknown one is its own family."""
        return self.known_publisher(name) or Publisher(id=name, name=name, family=name.casefold())

    def known_publisher(self, name: str) -> Publisher | None:
        """Return the publisher of this id, name, alias or host, None if we know none."""
        name_or_host = name.casefold()
        key = self._publisher_ids.get(name_or_host)
        while key is None and "." in name_or_host:  # a host below one that we know: www.bbc.co.uk
            name_or_host = name_or_host.partition(".")[2]
            key = self._publisher_ids.get(name_or_host)
        return self.publishers[key] if key else None

    def conflict_name(self, conflict_id: str, language: str = "en") -> str:
        """Return the conflict's name, or the id itself if the catalog has lost it."""
        conflict = self.conflicts.get(conflict_id)
        return conflict.name(language) if conflict else conflict_id

    def entity_name(self, entity_id: str, language: str = "en") -> str:
        """Return the entity's name, or the id itself if the catalog has lost it."""
        entity = self.entities.get(entity_id)
        return entity.name(language) if entity else entity_id


def load_catalog(rules: RuleFiles | None = None, *, extra_publishers: Iterable[Traversable] = ()) -> Catalog:
    """Read the catalog out of *rules* (default: what ships); raise ConfigError with file and line."""
    rules = rules or read_rule_files()
    publishers: dict[str, Publisher] = {}
    for file in (rules.shipped / "publishers.toml", *extra_publishers):
        publishers |= _publishers(_read(file))
    conflicts = _conflicts(rules.tables("conflict"))
    entities = _entities(rules, conflicts)
    return Catalog(
        conflicts=conflicts,
        kinds=_kinds(_read(rules.shipped / "taxonomy.toml"), rules.table("alert")),
        entities=entities,
        publishers=publishers,
        adjustments=read_adjustments(rules, entities),
    )


def _read(file: Traversable) -> Located:
    return parse_toml(file.read_text(encoding="utf-8"), file.name)


def _conflicts(sources: Iterable[Source]) -> dict[str, Conflict]:
    found = {}
    for source in sources:
        key, raw = source.id, source.data
        found[key] = Conflict(
            id=key,
            names=raw.get("name", {"en": key}),
            flag=raw.get("flag", ""),
            status=raw.get("status", "active"),
            active=_spans(source),
            parties={side: tuple(ids) for side, ids in raw.get("parties", {}).items()},
            mediators=tuple(raw.get("mediators", ())),
            guarantors=tuple(raw.get("guarantors", ())),
            venues=tuple(raw.get("venues", ())),
        )
    return found


def _spans(source: Source) -> tuple[Span, ...]:
    """Return the spans of [["2014-02-20", "2015-06-30"], ["2022-02-24", ""]]; raise ConfigError for anything else."""
    raw = source.data.get("active", [])
    spans = [_span(each) for each in raw] if isinstance(raw, list) else [None]
    hint = 'write a list of spans: [["2014-02-20", "2015-06-30"], ["2022-02-24", ""]], "" where open'
    what = f"{source.id}: no span from a day to a day"
    if wrong := [index for index, span in enumerate(spans) if span is None]:
        raise ConfigError(*(source.problem(("active", index), what, hint) for index in wrong))
    return tuple(span for span in spans if span)


def _span(raw: object) -> Span | None:
    """Return the span that *raw* tells, None if it tells none."""
    match raw:
        case [str(first), str(last)]:
            try:
                days = [date.fromisoformat(day) for day in (first, last) if day]
            except ValueError:
                return None
            return (first, last) if days == sorted(days) else None
    return None


def _kinds(document: Located, alert: Source) -> dict[EventType, Kind]:
    base = _priorities(alert)
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


def _priorities(alert: Source) -> dict[str, int]:
    """Return where the priority of each event type starts from."""
    base = alert.data.get("base", {})
    problems = []
    for name, priority in base.items():
        if name not in set(EventType):
            hint = did_you_mean(name, EventType)
            problems.append(alert.problem(("base", name), f"there is no event type {name!r}", hint))
        elif priority not in (1, 2, 3, 4):
            problems.append(alert.problem(("base", name), f"{name} must be a priority from 1 to 4"))
    if problems:
        raise ConfigError(*problems)
    return dict(base)


def _entities(rules: RuleFiles, conflicts: Mapping[str, Conflict]) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    problems: list[Problem] = []
    switched_off = rules.sections["conflict"].keys() - conflicts.keys()
    for source in rules.tables("entity"):
        raw = source.data
        links = [(conflict, side) for conflict, _, side in (link.partition(":") for link in raw.get("conflicts", ()))]
        problems += [
            source.problem(
                ("conflicts",),
                f"{source.id}: there is no conflict {conflict!r}",
                did_you_mean(conflict, conflicts),
            )
            for conflict, _ in links
            if conflict not in conflicts and conflict not in switched_off
        ]
        aliases = {language: raw.get(language, ()) for language in rules.languages}
        shown = {language: raw.get("name", {}).get(language) or _shown(aliases[language]) for language in aliases}
        found[source.id] = Entity(
            id=source.id,
            kind=raw.get("kind", ""),
            names={language: name for language, name in shown.items() if name} or {"en": source.id},
            aliases=tuple(alias.lstrip("=") for language in aliases for alias in aliases[language]),
            links=tuple(link for link in links if link[0] in conflicts),
            role=raw.get("role", ""),
            status=raw.get("status", ""),
        )
    if problems:
        raise ConfigError(*problems)
    return found


def _shown(aliases: Iterable[str]) -> str:
    """Return the first alias that is a whole word, not a stem."""
    return next((alias.lstrip("=") for alias in aliases if "*" not in alias), "")


def _publishers(document: Located) -> dict[str, Publisher]:
    found = {}
    zones = document.data.get("time_zone", {})
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
            official=raw.get("official", False),
            hosts=tuple(raw.get("hosts", ())),
            aliases=tuple(raw.get("aliases", ())),
            time_zone=raw.get("time_zone") or zones.get(raw.get("country", ""), "UTC"),
        )
    hint = "write an IANA name such as Europe/Kyiv"
    if wrong := [each for each in found.values() if each.time_zone not in _time_zones()]:
        raise ConfigError(
            *(
                document.problem(("publisher", each.id), f"there is no time zone {each.time_zone!r}", hint)
                for each in wrong
            )
        )
    return found


@cache
def _time_zones() -> frozenset[str]:
    """Return the IANA names of all time zones."""
    return frozenset(available_timezones())
