"""Change the feeds of config.toml by program, and leave everything else in it as the operator wrote it.

Lines are added and taken out; no comment, order or spelling is touched. What comes out is read as a start would read
it before it takes the file's place, and the file as it was stays beside it as `config.toml.bak`.
"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from bot.config.file import Config, load_config, parse_config
from bot.config.values import hostname
from bot.errors import ConfigError, Problem
from bot.model import Feed
from bot.toml import spans

Change = Callable[[str], str]


def read_feed(given: Mapping[str, str], allow_private: frozenset[str] = frozenset()) -> Feed:
    """Return the feed that *given* describes, by the keys of config.toml, all as text; raise ConfigError if it cannot.

    An address without its scheme is one of https.
    """
    url = given.get("url", "").strip()
    said = {**given, "url": url if "://" in url else f"https://{url}"}
    lines = [f"{key} = {_quoted(value)}\n" for key, value in said.items() if value]
    private = ", ".join(map(_quoted, sorted(allow_private)))
    try:
        (feed,) = parse_config(f"[polling]\nallow_private = [{private}]\n[[feeds]]\n{''.join(lines)}").feeds
    except ConfigError as error:
        raise ConfigError(*(_without_place(problem) for problem in error.problems)) from error
    return feed


def _without_place(problem: Problem | str) -> str:
    if isinstance(problem, str):
        return problem
    return problem.what + (f" ({problem.hint})" if problem.hint else "")


def add_feeds(path: Path, feeds: Sequence[Feed]) -> Config:
    """Append *feeds* to the config at *path*; return the config as it is then."""
    return _edit(path, lambda text: with_feeds(text, feeds))


def remove_feed(path: Path, url: str) -> Config:
    """Take the feed *url* out of the config at *path*; return the config as it is then."""
    return _edit(path, lambda text: without_feed(text, url, str(path)))


# ------------------------------------------------------------------------------------------ text
def with_feeds(text: str, feeds: Sequence[Feed]) -> str:
    """Return *text* with a table for each of *feeds* at its end."""
    tables = "".join(f"\n{_table(feed)}" for feed in feeds)
    return f"{text.rstrip()}\n{tables}" if text.strip() else tables.lstrip("\n")


def without_feed(text: str, url: str, file: str = "config.toml") -> str:
    """Return *text* without the table of the feed *url*; comments around it stay."""
    urls = [feed.url for feed in parse_config(text, file).feeds]
    tables = spans(text, "feeds")
    if len(tables) != len(urls):
        raise _written_as_a_list(file)
    table = tables[urls.index(url)]
    lines = text.split("\n")
    behind = lines[table.last :]
    if table.first > 1 and not lines[table.first - 2].strip() and behind and not behind[0].strip():
        behind = behind[1:]  # one blank line between two tables is enough
    return "\n".join([*lines[: table.first - 1], *behind])


def _table(feed: Feed) -> str:
    given = {
        "url": feed.url,
        "title": feed.title if feed.title != hostname(feed.url).removeprefix("www.") else "",
        "publisher": feed.publisher,
        "language": feed.language,
        "every": said_every(feed.every) if feed.every else "",
    }
    lines = [f"{key} = {_quoted(value)}\n" for key, value in given.items() if value]
    return "".join(["[[feeds]]\n", *lines, "" if feed.enabled else "enabled = false\n"])


def _quoted(text: str) -> str:
    """Return *text* as TOML writes it, which is nearly as JSON does."""
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def said_every(every: timedelta) -> str:
    """Return *every* as config.toml says it: "10 min", "90 s"."""
    seconds = every.total_seconds()
    return f"{seconds / 60:g} min" if seconds % 60 == 0 else f"{seconds:g} s"


def _written_as_a_list(file: str) -> ConfigError:
    hint = "write each feed as a table [[feeds]] of its own"
    return ConfigError(Problem(file=file, line=0, what="its feeds stand in a list, which I do not edit", hint=hint))


# ------------------------------------------------------------------------------------------ file
def _edit(path: Path, change: Change) -> Config:
    """Put the config at *path*, changed, in its own place in one step; return what it says then."""
    before = load_config(path)
    raw = path.read_bytes().decode("utf-8-sig")
    text = raw.replace("\r\n", "\n")
    if before.feeds and not spans(text, "feeds"):
        raise _written_as_a_list(str(path))
    changed = change(text)
    after = parse_config(changed, str(path))
    _replace(path.resolve(), changed.replace("\n", "\r\n") if "\r\n" in raw else changed)
    return after


def _replace(path: Path, text: str) -> None:
    """Write *text* in place of the file, which is kept beside it, so that no crash leaves half of it."""
    try:
        mode = path.stat().st_mode & 0o777
        path.with_name(f"{path.name}.bak").write_bytes(path.read_bytes())
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        hint = (
            "make it and its folder writable for Parley's user, or edit it yourself; in chat, /feed add needs no file"
        )
        what = f"cannot be changed: {error.strerror}"
        raise ConfigError(Problem(file=str(path), line=0, what=what, hint=hint)) from error
