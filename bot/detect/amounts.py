"""How long a halt is to last, and how many are exchanged, held or counted. Pure.

A length counts only where it belongs to a halt ("30-day truce", "halt strikes for 30 days"), never that of a war.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.detect.fact_words import FactWords, compiled, word

_DIGITS = r"\d{1,3}(?:[ ,.]\d{3})+(?![\d.,]\d)|\d+"
_FEW_WORDS = 3
_NEAR = 60
_LARGE = 10
_NOT_DIGIT = re.compile(r"\D")
_WORD = r"[\w'-]+"
_WORDS = re.compile(_WORD)
_GAP = r"[\s,\"“”«»(-]+"
_MOST = {"H": 1000, "D": 1000, "W": 200, "M": 60, "Y": 20}


class Amount(NamedTuple):
    """The characters *start* to *end* say *value*: "P30D", "1000:1000", "734 violations"."""

    start: int
    end: int
    value: str


class AmountFinder:
    """Finds lengths and counts in the sentences of one language."""

    def __init__(self, words: FactWords) -> None:
        self._words = words
        things = words.terms["things"]
        number = rf"(?:(?P<digits>{_DIGITS})|(?P<spoken>{words.numbers.any}))"
        thousand = rf"(?:\s?(?P<thousand>{words.term('words', 'thousand')})\b\.?)?"
        plain, any_number = rf"(?P<digits>{_DIGITS})", rf"{_DIGITS}|{words.numbers.any}"

        units, lengths, counted = (_named(words.terms[section]) for section in ("units", "lengths", "counted"))
        self._length = _from_number(rf"(?:{number}[-–\s]*(?:{units})|{lengths})(?!\w)(?:[-–\s]long)?")
        between = rf"(?P<between>{_WORD}(?:{_GAP}{_WORD}){{0,2}}?)"
        self._before_halt = compiled(rf"(?:[\s\"“”«»(-]+{between})??{_GAP}(?:{things['halt']})(?!\w)")
        self._lasting = compiled(rf"(?<!\w)(?:{things['lasting']})(?:\s+(?:{things['lasting_filler']}))*\s+$")

        swap = rf"(?:\s+[^\W\d]+){{0,2}}?[\s-]+(?:{things['swap']}|[x×х])[\s-]+"
        self._swap = _from_number(rf"(?P<given>{any_number}){swap}(?P<taken>{any_number})")
        self._each = _from_number(rf"{plain}(?:\s+[^\W\d]\w*){{0,3}}?\s+(?:{things['each']})")
        self._per = compiled(word(rf"(?:{things['per']})\s+(?P<digits>{any_number})"))
        few = rf"(?P<between>(?:[\s-]+[^\W\d][\w'-]*){{0,{_FEW_WORDS}}}?)"
        self._count = _from_number(rf"{number}{thousand}{few}[\s-]+(?:{counted})")
        bodies = rf"(?P<bodies>{words.term('counted', 'bodies')})"
        self._bodies_of = compiled(word(rf"{bodies}(?:\s+(?:{things['of']}))?\s+{plain}"))
        self._times = _from_number(rf"{number}{thousand}\s+(?:{things['times']})")

    # -------------------------------------------------------------------------------------- lengths
    def length(self, sentence: str) -> Amount | None:
        """Return how long the halt in *sentence* (folded) is to last, in ISO 8601 such as "P30D" or "PT72H"."""
        return next(self._lengths(sentence), None)

    def _lengths(self, sentence: str) -> Iterator[Amount]:
        for match in self._length.finditer(sentence):
            if self._is_of_halt(sentence, match):
                value = self._iso(match)
                if value:
                    yield Amount(match.start(), match.end(), value)

    def _is_of_halt(self, sentence: str, match: re.Match[str]) -> bool:
        breaks, not_of = (self._words.pattern("things", key) for key in ("break", "not_of"))
        after = self._before_halt.match(sentence, match.end())
        between = (after["between"] or "") if after else ""
        if after and not breaks.search(between) and not not_of.search(between):
            return True
        lasting = self._lasting.search(sentence, max(0, match.start() - _NEAR), match.start())
        if not lasting:
            return False
        before = sentence[: lasting.start()]
        halt = max((found.end() for found in self._words.pattern("things", "halt").finditer(before)), default=-1)
        return halt >= 0 and lasting.start() - halt <= _NEAR and not breaks.search(before, halt)

    def _iso(self, match: re.Match[str]) -> str:
        unit = match.lastgroup or ""
        if len(unit) > 1:
            return unit
        amount = self._number(match)
        if not 0 < amount <= _MOST[unit]:
            return ""
        return f"PT{amount}H" if unit == "H" else f"P{amount}{unit}"

    # -------------------------------------------------------------------------------------- counts
    def counts(self, sentence: str) -> list[Amount]:
        """Return the exchanges and counts in *sentence* (folded), from left to right, each stretch read once."""
        found = sorted((*self._swaps(sentence), *self._counted(sentence)), key=lambda each: (each.start, -each.end))
        kept: list[Amount] = []
        for amount in found:
            if not kept or amount.start >= kept[-1].end:
                kept.append(amount)
        return kept

    def _swaps(self, sentence: str) -> Iterator[Amount]:
        for match in self._swap.finditer(sentence):
            given, taken = self._told(match["given"]), self._told(match["taken"])
            if given and taken:
                yield Amount(match.start(), match.end(), f"{given}:{taken}")
        held = self._words.pattern("counted", "prisoners").search(sentence)
        held = held or self._words.pattern("things", "exchanging").search(sentence)
        for match in (*self._each.finditer(sentence), *self._per.finditer(sentence)) if held else ():
            if each := self._told(match["digits"]):
                yield Amount(match.start(), match.end(), f"{each}:{each}")

    def _told(self, number: str) -> int:
        """Return the number in an exchange, 0 for a small one in words: "one on one" is a talk."""
        if number[0].isdigit():
            return int(_digits(number))
        value = self._words.numbers.value(number)
        return value if value >= _LARGE else 0

    def _counted(self, sentence: str) -> Iterator[Amount]:
        words = self._words
        for match in self._count.finditer(sentence):
            what = match.lastgroup or ""
            if self._is_toll(sentence, match) and what not in ("bodies", "violations"):
                continue
            if not words.pattern("things", "break").search(match["between"]):
                yield from self._amount(match, what)
        for match in self._bodies_of.finditer(sentence):
            yield Amount(match.start(), match.end(), f"{_digits(match['digits'])} bodies")
        if words.pattern("things", "violating").search(sentence):
            for match in self._times.finditer(sentence):
                yield from self._amount(match, "violations")

    def _amount(self, match: re.Match[str], what: str) -> Iterator[Amount]:
        if match["spoken"] and self._words.numbers.value(match["spoken"]) == 1 and len(match["spoken"]) <= 2:
            return  # "a prisoner swap" counts nobody
        amount = self._number(match) * (1000 if match["thousand"] else 1)
        if amount and (match["digits"] or match["spoken"]):
            yield Amount(match.start(), match.end(), f"{amount} {what}")

    def _is_toll(self, sentence: str, match: re.Match[str]) -> bool:
        """Say whether those counted were killed or hurt, which is no exchange."""
        killed = self._words.pattern("things", "killed")
        before = _WORDS.findall(sentence[: match.start()])[-_FEW_WORDS:]
        after = _WORDS.findall(sentence[match.end() :])[:_FEW_WORDS]
        return any(killed.fullmatch(each) for each in (*before, *_WORDS.findall(match["between"]), *after))

    def _number(self, match: re.Match[str]) -> int:
        return int(_digits(match["digits"])) if match["digits"] else self._words.numbers.value(match["spoken"])


def _named(terms: Mapping[str, str]) -> str:
    """Return an expression for any of *terms*, in a group of its name."""
    return "|".join(f"(?P<{name}>{term})" for name, term in terms.items())


def _from_number(expression: str) -> re.Pattern[str]:
    """Compile an expression that begins with a number, none that is itself part of one."""
    return compiled(rf"(?<![\w.,:])(?:{expression})(?!\w)")


def _digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text).lstrip("0") or "0"
