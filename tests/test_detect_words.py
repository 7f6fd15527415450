"""How a text is cut into words, and which spellings are one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detect.words import Layout, cut_words, spell


def words(text: str) -> list[str]:
    return cut_words(text)[1::2]


@given(st.text(max_size=200))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    pieces = cut_words(text)

    assert "".join(pieces) == text
    assert len(pieces) % 2 == 1


@given(st.text(max_size=200))
def test_every_word_stands_where_the_layout_says(text: str) -> None:
    pieces = cut_words(text)
    layout = Layout(pieces)

    assert [text[start:end] for start, end in zip(layout.starts, layout.ends, strict=True)] == pieces[1::2]


@given(st.lists(st.sampled_from([*"aБ1 .,'ʼ-:|?\u0301\u00a0", "U.S.", "1,000", " "]), max_size=30).map("".join))
def test_a_text_cut_at_its_spaces_first_has_the_same_words(text: str) -> None:
    assert [word for piece in text.split(" ") for word in words(piece)] == words(text)


@given(st.lists(st.sampled_from([*"aБ1 .,'ʼ-:|?\u0301\u00a0", "U.S.", "1,000", " "]), max_size=30).map("".join))
def test_a_word_of_a_text_is_one_word_by_itself(text: str) -> None:
    assert [words(word) for word in words(text)] == [[word] for word in words(text)]


@given(st.text(min_size=1, max_size=30).filter(lambda text: any(c.isalnum() for c in text)))
def test_spelling_a_spelled_word_changes_nothing(word: str) -> None:
    assert spell(spell(word)) == spell(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cease-fire", ["cease", "fire"]),
        ("U.S.-led talks", ["U.S.", "led", "talks"]),
        ("перемирʼя, перемир’ям", ["перемирʼя", "перемир’ям"]),
        ("Ukraine's «truce»", ["Ukraine's", "truce"]),
        ("1,000-for-1,000", ["1,000", "for", "1,000"]),
        ("Why? | Opinion: no", ["Why", "?", "|", "Opinion", ":", "no"]),
    ],
)
def test_a_text_is_cut_at(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        ("перемир’я", "перемир'я"),
        ("перемирʼя", "перемир'я"),
        ("ｔｒｕｃｅ", "truce"),
        ("Élysée", "Elysee"),
        ("Erdoğan", "Erdogan"),
        ("трёхдневное", "трехдневное"),
        ("пepeмирие", "перемирие"),  # e and p are Latin
        ("U.S.", "US"),
    ],
)
def test_spellings_of_one_word_are_one(spelling: str, same: str) -> None:
    assert spell(spelling) == same


def test_a_gap_does_not_cross_a_sentence_but_crosses_an_abbreviation() -> None:
    ended = Layout(cut_words("Russia rejects it. Truce holds"))
    abbreviated = Layout(cut_words("Russia rejects Mr. Smith truce"))

    assert not ended.follows(2, 3, 5)
    assert abbreviated.follows(2, 4, 5)


def test_a_hyphenated_compound_counts_as_one_word_of_a_gap() -> None:
    layout = Layout(cut_words("violate US-Iran-brokered truce"))

    assert layout.follows(1, 4, 1)
    assert not layout.follows(1, 4, 0)
