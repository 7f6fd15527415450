"""Goal R17: whatever is misspelt or of the wrong type in config.toml is refused with its line and a suggestion."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import KEYS, parse_config
from bot.errors import ConfigError, Problem

SHIPPED = (Path(__file__).parents[1] / "config.toml").read_text(encoding="utf-8")

COMPLETE = """\
[telegram]
owner = 123456789
access = "closed"
allow = [1, -2]
paid_broadcast_per_second = 100
closed_topic = "drop"
[polling]
allow_private = ["127.0.0.1"]
contact = "desk@example.org"
[digest]
hours = ["08:00", "20:00"]
time_zone = "Europe/Kyiv"
[health]
port = 8787
[backup]
every = "24 h"
keep = 7
folder = "/backups"
[rules]
folder = "/rules"
[[feeds]]
url = "https://news.example/rss"
title = "News"
publisher = "news"
language = "en"
every = "10 min"
enabled = true
"""

ASSIGNMENT = re.compile(r"^(?P<key>\w+) = (?P<value>\"[^\"]*\"|[^#\n]*[^#\s])", re.MULTILINE)
SAMPLES = {
    "text": '"soon"',
    "number": "17",
    "fraction": "1.5",
    "truth": "true",
    "list": "[]",
    "list of numbers": "[17]",
    "list of texts": '["soon"]',
    "list of lists": "[[]]",
    "table": "{ a = 1 }",
    "date": "2025-05-11",
    "time": "08:00:00",
}
RIGHT = {
    "owner": {"number"},
    "allow": {"list", "list of numbers"},
    "allow_private": {"list", "list of texts"},
    "contact": {"text"},
    "hours": {"list"},
    "port": {"number"},
    "keep": {"number"},
    "folder": {"text"},
    "title": {"text"},
    "publisher": {"text"},
    "every": {"number"},
    "enabled": {"truth"},
}


def assignments(text: str) -> list[re.Match[str]]:
    return list(ASSIGNMENT.finditer(text))


def line_of(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


def problems(text: str) -> list[Problem]:
    """Return what is wrong with *text*, nothing if it is right."""
    try:
        parse_config(text)
    except ConfigError as error:
        return [problem for problem in error.problems if isinstance(problem, Problem)]
    return []


def the_problem(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def misspellings(word: str) -> list[str]:
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
    dropped = [word[:i] + word[i + 1 :] for i in range(len(word))]
    doubled = [word[:i] + word[i] + word[i:] for i in range(len(word))]
    return sorted({*swapped, *dropped, *doubled, word.upper(), f"{word}s"} - {word})


def test_the_complete_file_is_right_and_has_every_key() -> None:
    parse_config(COMPLETE)

    assert {found["key"] for found in assignments(COMPLETE)} == {key for keys in KEYS.values() for key in keys}


@pytest.mark.parametrize("found", assignments(COMPLETE), ids=lambda found: found["key"])
def test_every_misspelt_key_is_refused_and_the_right_one_suggested(found: re.Match[str]) -> None:
    for misspelt in misspellings(found["key"]):
        text = COMPLETE[: found.start("key")] + misspelt + COMPLETE[found.end("key") :]

        problem = next(problem for problem in problems(text) if "no key" in problem.what)

        assert problem.line == line_of(COMPLETE, found)
        assert f"there is no key {misspelt!r}" in problem.what
        assert f"did you mean {found['key']!r}?" in problem.hint


@pytest.mark.parametrize("section", KEYS)
def test_every_misspelt_section_is_refused_and_the_right_one_suggested(section: str) -> None:
    for misspelt in misspellings(section):
        text = f"# a comment\n[{misspelt}]\n"

        problem = the_problem(text)

        assert problem.line == 2
        assert f"did you mean {section!r}?" in problem.hint


@pytest.mark.parametrize("value", ["5", '"x"', "[1]", "true"])
@pytest.mark.parametrize("section", KEYS)
def test_a_section_that_is_none_is_refused_with_an_example(section: str, value: str) -> None:
    problem = the_problem(f"{section} = {value}")

    assert problem.line == 1
    assert section in problem.what
    assert f"[{section}]" in problem.hint


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("found", assignments(COMPLETE), ids=lambda found: found["key"])
def test_every_value_of_the_wrong_type_is_refused_with_an_example(found: re.Match[str], kind: str) -> None:
    text = COMPLETE[: found.start("value")] + SAMPLES[kind] + COMPLETE[found.end("value") :]
    if kind in RIGHT.get(found["key"], set()):
        parse_config(text)
        return

    problem = the_problem(text)

    assert problem.line == line_of(COMPLETE, found)
    assert found["key"] in problem.what
    assert problem.hint


@settings(deadline=None)
@given(st.data())
def test_a_slip_anywhere_in_the_shipped_file_is_found_where_it_is(data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(assignments(SHIPPED)))
    if data.draw(st.booleans()) and found["key"] != "url":
        text = SHIPPED[: found.start("key")] + found["key"][::-1] + SHIPPED[found.end("key") :]
    else:
        text = SHIPPED[: found.start("value")] + "{ a = 1 }" + SHIPPED[found.end("value") :]

    problem = the_problem(text)

    assert problem.line == line_of(SHIPPED, found)
    assert problem.hint


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("[]{}=\"'\n #.,-abctelgrmfdsur 0123456789:/\\"), max_size=80))
def test_whatever_the_file_says_it_is_read_or_refused_in_words(text: str) -> None:
    assert all(problem.what for problem in problems(text))
