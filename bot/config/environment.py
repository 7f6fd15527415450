"""The environment: where things are, and the secrets that no file of ours holds."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from bot.config.values import quoted, web_address
from bot.errors import ConfigError, Problem

VARIABLES = (
    "PARLEY_CONFIG",
    "PARLEY_DATA",
    "PARLEY_TELEGRAM_TOKEN",
    "PARLEY_TELEGRAM_TOKEN_FILE",
    "PARLEY_TELEGRAM_API_URL",
    "PARLEY_OWNER",
)
"""Every variable of the environment that we read."""

OFFICIAL_API = "https://api.telegram.org"
"""The root of Telegram's own Bot API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says.

    *config* and *data* are the file and the folder to use; *token* shows as stars wherever it is printed; *api_url* is
    the root of the Bot API, without a slash at its end; *owner* is the chat id of the owner.
    """

    config: Path = Path("config.toml")
    data: Path = Path("data")
    token: SecretStr | None = None
    api_url: str = OFFICIAL_API
    owner: int | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Environment":
        """Read *environ*, an empty variable being as good as none; raise ConfigError with every mistake in it."""
        reader = _Reader(_given(environ))
        places = cls.places(environ)
        found = replace(places, token=reader.token(), api_url=reader.api_url(), owner=reader.owner())
        problems = [*reader.problems, *_misspelt(environ)]
        if problems:
            raise ConfigError(*problems)
        return found

    @classmethod
    def places(cls, environ: Mapping[str, str]) -> "Environment":
        """Read no more than *config* and *data*: what needs no token must not fail for a wrong one."""
        given = _given(environ)
        return cls(config=Path(given.get("PARLEY_CONFIG", "config.toml")), data=Path(given.get("PARLEY_DATA", "data")))


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are not empty."""
    return {name: value.strip() for name, value in environ.items() if value.strip()}


class _Reader:
    """Reads variables and keeps what is wrong with them; no complaint repeats a secret."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.problems: list[Problem] = []

    def token(self) -> SecretStr | None:
        name, file_name = "PARLEY_TELEGRAM_TOKEN", "PARLEY_TELEGRAM_TOKEN_FILE"
        if name in self.given and file_name in self.given:
            self._complain(name, f"is set, and {file_name} too", "keep one of the two")
            return None
        if file_name in self.given:
            name, text = file_name, self._content(file_name)
        else:
            text = self.given.get(name, "")
        if text and not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", text):
            self._complain(name, "holds no bot token", "@BotFather gives you one, such as 123456789:AAE…")
        return SecretStr(text) if text else None

    def api_url(self) -> str:
        name = "PARLEY_TELEGRAM_API_URL"
        try:
            return web_address(self.given.get(name, OFFICIAL_API)).rstrip("/")
        except PydanticCustomError as error:
            self._complain(name, str(error), f"such as {OFFICIAL_API}")
            return OFFICIAL_API

    def owner(self) -> int | None:
        name = "PARLEY_OWNER"
        text = self.given.get(name)
        if text and not re.fullmatch(r"[1-9][0-9]{0,18}", text):
            self._complain(name, f"must be the chat id of a person, not {quoted(text)}", "such as 123456789")
            return None
        return int(text) if text else None

    def _content(self, name: str) -> str:
        file, hint = self.given[name], "put the token, and nothing else, into that file"
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            self._complain(name, f"{file} is not text", hint)
            return ""
        except OSError as error:
            self._complain(name, f"{file} cannot be read: {error.strerror}", hint)
            return ""
        if not text:
            self._complain(name, f"{file} is empty", hint)
        return text

    def _complain(self, name: str, what: str, hint: str) -> None:
        self.problems.append(Problem(file=name, line=0, what=what, hint=hint))


def _misspelt(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Complain of variables that are nearly ours; others that begin like ours may be another program's."""
    for name in sorted(set(environ) - set(VARIABLES)):
        near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.85)
        if near:
            yield Problem(file=name, line=0, what="there is no such variable", hint=f"did you mean {near[0]}?")
