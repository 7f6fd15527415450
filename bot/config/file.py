"""config.toml: its sections, and every mistake in it with the line where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from bot.config import values
from bot.config.values import EXAMPLES, hostname, quoted, wrong
from bot.errors import ConfigError, Problem
from bot.model import Feed
from bot.text import did_you_mean
from bot.toml import Located, parse_toml

SHORTEST_EVERY = timedelta(minutes=5)
"""The shortest time between two polls of a host that is not in `polling.allow_private`."""

_FORBID = ConfigDict(extra="forbid")


# ------------------------------------------------------------------------------------------ sections
@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramConfig:
    """Who may use the bot: *owner* and *allow* are chat ids; *access* "open" lets everybody in.

    *paid_broadcast_per_second*: how fast a backlog may leave if what exceeds the free pace is paid for (0: free only).
    *closed_topic*: where a message goes whose topic of a group is closed or deleted: to "general", or nowhere ("drop").
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    owner: Annotated[StrictInt, AfterValidator(values.owner)] | None = None
    access: Literal["closed", "open"] = "closed"
    allow: frozenset[StrictInt] = frozenset()
    paid_broadcast_per_second: Annotated[StrictInt, AfterValidator(values.paid_broadcast)] = 0
    closed_topic: Literal["general", "drop"] = "general"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingConfig:
    """How feeds are asked.

    Hosts in *allow_private* may be on an inner network, at any port, and polled at any pace. *contact* is an address
    that publishers find in our User-Agent.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    allow_private: frozenset[Annotated[StrictStr, AfterValidator(values.host)]] = frozenset()
    contact: Annotated[StrictStr, AfterValidator(values.contact)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestConfig:
    """When digests go out unless a chat chose its own *hours* of the day and *time_zone* (IANA name)."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    hours: Annotated[tuple[int, ...], BeforeValidator(values.hours)] = (8, 20)
    time_zone: Annotated[StrictStr, AfterValidator(values.time_zone)] = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthConfig:
    """Where `/healthz` answers, on loopback."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    port: Annotated[StrictInt, AfterValidator(values.port)] = 8787


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupConfig:
    """How often both databases are copied, how many copies are kept (0: none are made), and in which folder.

    An empty *folder* means one within the data folder.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    every: Annotated[timedelta, PlainValidator(values.backup_every)] = timedelta(hours=24)
    keep: Annotated[StrictInt, AfterValidator(values.keep)] = 7
    folder: StrictStr = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesConfig:
    """Where the operator's own rules are; an empty *folder* means `rules` within the data folder, if it is there."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    folder: StrictStr = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that config.toml says, defaults filled in."""

    telegram: TelegramConfig = field(default_factory=TelegramConfig)
    polling: PollingConfig = field(default_factory=PollingConfig)
    digest: DigestConfig = field(default_factory=DigestConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    backup: BackupConfig = field(default_factory=BackupConfig)
    rules: RulesConfig = field(default_factory=RulesConfig)
    feeds: tuple[Feed, ...] = ()


class _FeedTable(BaseModel):
    """One [[feeds]] table; *url* alone is enough."""

    model_config = _FORBID

    url: Annotated[StrictStr, AfterValidator(values.web_address)]
    title: Annotated[StrictStr, AfterValidator(values.title)] = ""
    publisher: StrictStr = ""
    language: Annotated[StrictStr, AfterValidator(values.language)] = ""
    every: Annotated[timedelta | None, PlainValidator(values.every)] = None
    enabled: StrictBool = True

    @field_validator("every", mode="after")
    @classmethod
    def _be_polite(cls, every: timedelta, info: ValidationInfo) -> timedelta:
        host = hostname(info.data.get("url", ""))
        if host and every < SHORTEST_EVERY and host not in (info.context or ()):
            raise wrong('must be "5 min" or more', f'only hosts in allow_private = ["{host}"] may be asked more often')
        return every

    def feed(self) -> Feed:
        return Feed(**self.model_dump(exclude={"title"}), title=self.title or hostname(self.url).removeprefix("www."))


class _File(BaseModel):
    """The whole file, as the operator wrote it."""

    model_config = _FORBID

    telegram: TelegramConfig = TelegramConfig()
    polling: PollingConfig = PollingConfig()
    digest: DigestConfig = DigestConfig()
    health: HealthConfig = HealthConfig()
    backup: BackupConfig = BackupConfig()
    rules: RulesConfig = RulesConfig()
    feeds: tuple[_FeedTable, ...] = ()


KEYS: Mapping[str, tuple[str, ...]] = {
    "telegram": tuple(key.name for key in fields(TelegramConfig)),
    "polling": tuple(key.name for key in fields(PollingConfig)),
    "digest": tuple(key.name for key in fields(DigestConfig)),
    "health": tuple(key.name for key in fields(HealthConfig)),
    "feeds": tuple(_FeedTable.model_fields),
    "backup": tuple(key.name for key in fields(BackupConfig)),
    "rules": tuple(key.name for key in fields(RulesConfig)),
}
"""Every key that config.toml may hold, by section."""


def rules_folder(rules: RulesConfig, data: Path) -> Path | None:
    """Return where the operator's rules are; None if no folder was named and there is none in the *data* folder."""
    if rules.folder:
        return Path(rules.folder)
    return data / "rules" if (data / "rules").is_dir() else None


# ------------------------------------------------------------------------------------------ reading
def load_config(path: Path) -> Config:
    """Read config.toml at *path*; raise ConfigError with every mistake in it."""
    return parse_config(_read(path), str(path))


def parse_config(text: str, file: str = "config.toml") -> Config:
    """Read config.toml's *text*; *file* is its name in complaints."""
    document = parse_toml(text, file)
    problems = list(_repeated(document))
    try:
        read = _File.model_validate(document.data, context=_private_hosts(document.data))
    except ValidationError as error:
        problems += [_problem(detail, document) for detail in error.errors(include_url=False)]
    if problems:
        raise ConfigError(*sorted(problems, key=lambda problem: problem.line))
    return Config(
        telegram=read.telegram,
        polling=read.polling,
        digest=read.digest,
        health=read.health,
        backup=read.backup,
        rules=read.rules,
        feeds=tuple(table.feed() for table in read.feeds),
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        what = f"there is no such file; looked in {path.parent.absolute()}"
        hint = "copy the config.toml that comes with Parley there, or set PARLEY_CONFIG to where yours is"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            Problem(file=str(path), line=line, what="this is not UTF-8 text", hint="save the file as UTF-8")
        ) from error
    except OSError as error:
        what, hint = f"cannot be read: {error.strerror}", "it must be a file that Parley's user may read"
    raise ConfigError(Problem(file=str(path), line=0, what=what, hint=hint))


def _private_hosts(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the hosts of `polling.allow_private`, however wrong the rest of the file is."""
    polling = data.get("polling")
    hosts = polling.get("allow_private") if isinstance(polling, dict) else None
    if not isinstance(hosts, list):
        return frozenset()
    return frozenset(host.casefold() for host in hosts if isinstance(host, str))


def _repeated(document: Located) -> Iterator[Problem]:
    """Complain of feeds that stand there twice: pydantic sees one table at a time."""
    feeds = document.data.get("feeds")
    first: dict[str, int] = {}
    for index, table in enumerate(feeds if isinstance(feeds, list) else ()):
        url = table.get("url") if isinstance(table, dict) else None
        if not isinstance(url, str):
            continue
        place = ("feeds", index, "url")
        if url.strip() in first:
            line = first[url.strip()]
            yield document.problem(place, f"this feed is there twice, first in line {line}", "delete one of them")
        first.setdefault(url.strip(), document.line(*place))


# ------------------------------------------------------------------------------------------ complaints
_MUST_BE = {
    "string_type": "must be text in quotation marks",
    "int_type": "must be a whole number without quotation marks",
    "bool_type": "must be true or false without quotation marks",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list in square brackets",
    "dataclass_type": "must be a section",
    "model_type": "must be a section",
}


def _problem(detail: ErrorDetails, document: Located) -> Problem:
    place, kind, given = detail["loc"], detail["type"], detail["input"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return document.problem(place, *_unknown(*(part for part in place if isinstance(part, str))))
    key = next(part for part in reversed(place) if isinstance(part, str))
    if kind == "missing":
        return document.problem(place, f"a feed needs its {key}", EXAMPLES[key])
    said = detail.get("ctx", {})
    what = said.get("what") or _MUST_BE.get(kind) or _must_be_one_of(said.get("expected", "")) or detail["msg"]
    subject = f"each item of {key}" if isinstance(place[-1], int) and kind in _MUST_BE else key
    instead = "" if isinstance(given, dict) else f", not {quoted(given)}"
    return document.problem(place, f"{subject} {what}{instead}", said.get("hint") or EXAMPLES[key])


def _must_be_one_of(expected: str) -> str:
    """Return what to say where only these words are right, such as "'closed' or 'open'"; "" for no words."""
    return "must be " + expected.replace("'", '"') if expected else ""


def _unknown(*path: str) -> tuple[str, str]:
    """Return what to say, and what to suggest, of a section or key that does not exist."""
    *sections, key = path
    what = f"there is no key {key!r} in {_brackets(sections[0])}" if sections else f"there is no section {key!r}"
    known = KEYS[sections[0]] if sections else tuple(KEYS)
    homes = [section for section, keys in KEYS.items() if key in keys]
    if "token" in key.casefold():
        return what, "a token does not go into this file: set PARLEY_TELEGRAM_TOKEN or PARLEY_TELEGRAM_TOKEN_FILE"
    if homes:
        return what, f"{key!r} belongs under {_brackets(homes[0])}"
    return what, did_you_mean(key.casefold(), known) or f"known: {', '.join(known)}"


def _brackets(section: str) -> str:
    return "[[feeds]]" if section == "feeds" else f"[{section}]"
