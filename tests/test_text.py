"""Text is cleaned once and for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import clean


@pytest.mark.parametrize("text", ["a \u200b b", "a \ufeff\u2069 b", " a\x00\tb ", "a\u00a0 b"])
def test_what_cannot_be_seen_leaves_one_space(text: str) -> None:
    assert clean(text) == "a b"


@given(st.text(st.sampled_from("a \t\n\x07\u00a0\u200b\u2066\ufeffе\u0301")))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert "  " not in once
