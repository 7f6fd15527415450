from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.toml import parse_toml

TEXT = dedent("""\
    # a comment
    top = 1
    [telegram]
    owner = 5

    [[feeds]]
    url = "a"
    [[feeds]]
    url = "b"
    list = [
      "x",   # with a comment
      "y",
    ]
    [feeds.more]
    deep = { "quoted key" = 1 }
    [concept."with.dot"]
    en = ["w"]
    """)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("telegram",), 3),
        (("telegram", "owner"), 4),
        (("feeds", 0), 6),
        (("feeds", 0, "url"), 7),
        (("feeds", 1, "url"), 9),
        (("feeds", 1, "list", 1), 12),
        (("feeds", 1, "more", "deep", "quoted key"), 15),
        (("concept", "with.dot", "en", 0), 17),
        (("feeds", 1, "unknown"), 8),
        (("nothing",), 0),
    ],
)
def test_every_key_and_item_knows_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert parse_toml(TEXT, "f.toml").line(*path) == line


def test_broken_toml_names_file_and_line() -> None:
    with pytest.raises(ConfigError, match=r"^f\.toml:2: this is not valid TOML: invalid value"):
        parse_toml("a = 1\nb = oops\n", "f.toml")


def test_an_unfinished_file_names_its_last_line() -> None:
    with pytest.raises(ConfigError, match=r"^f\.toml:\d+: this is not valid TOML"):
        parse_toml('a = 1\nb = ["x"', "f.toml")


@given(st.text())
def test_any_text_is_toml_or_a_named_mistake(text: str) -> None:
    mistake = "f.toml:1: none"
    try:
        parse_toml(text, "f.toml")
    except ConfigError as error:
        mistake = str(error)

    assert mistake.startswith("f.toml:")


def test_a_file_that_is_nested_too_deeply_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^f\.toml: it is nested too deeply"):
        parse_toml(f"a = {'[' * 9_000}", "f.toml")
