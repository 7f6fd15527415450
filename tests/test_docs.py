"""What is written for people stays true: no command is missing, and what a document names is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.chat.commands import COMMANDS, OWNER_COMMANDS
from bot.cli import app

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md")), PROJECT / "config.toml"]
PATH = re.compile(r"\b(?:bot|docs|scripts|tests)/[\w./-]*\w")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def missing(document: Path) -> Iterator[str]:
    """Yield what *document* names or links to and is not there; a module may be named without its ending."""
    text = document.read_text(encoding="utf-8")
    for name in PATH.findall(text):
        if not (PROJECT / name).exists() and not (PROJECT / f"{name}.py").exists():
            yield name
    yield from (link for link in LINK.findall(text) if not (document.parent / link).exists())


@pytest.mark.parametrize("name", [*COMMANDS, *OWNER_COMMANDS])
def test_the_readme_names_every_chat_command(name: str) -> None:
    assert re.search(rf"`/{name}\b", README)


@pytest.mark.parametrize("name", list(typer.main.get_group(app).commands))
def test_the_readme_names_every_command_of_the_command_line(name: str) -> None:
    assert re.search(rf"^\|.*`{name}\b", README, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.relative_to(PROJECT).as_posix())
def test_what_a_document_names_is_there(document: Path) -> None:
    assert not list(missing(document))
