"""Numbers that tell one story from another, in one spelling for all languages. Pure."""

import re

from bot.detect.reading import Reading
from bot.detect.terms import Pattern

_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "twelve": 12, "thirty": 30,
    "одно": 1, "дво": 2, "двох": 2, "три": 3, "трьох": 3, "чотири": 4, "п'яти": 5, "семи": 7, "десяти": 10,
    "дву": 2, "двух": 2, "трех": 3, "трёх": 3, "четырех": 4, "четырёх": 4, "пяти": 5, "тридцати": 30, "тридцяти": 30,
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:[ ,.\u00a0]\d{3})+(?!\d)|\d+"
_WORD = "|".join(sorted(_ONES, key=len, reverse=True))
_PERIODS = (
    ("hour", r"hours?|годин\w*|час(?:а|ов|овой|овое|ового|овую)?"),
    ("day", r"days?|денн\w*|дн(?:і|ів|я|ей|евн\w*)|ден(?:ь|н\w*)|суток|доб[аиу]?"),
    ("week", r"weeks?|тижн\w*|тижнев\w*|недел\w*|недельн\w*"),
    ("month", r"months?|місяц\w*|місячн\w*|месяц\w*|месячн\w*"),
    ("year", r"years?|рок(?:и|ів)|річн\w*|летн\w*"),
)
_VIOLATIONS = r"violations?|breaches|times|порушен\w*|нарушени\w*|рази?|раз(?:а)?"
_PERIOD = "|".join(f"(?P<{name}>{forms})" for name, forms in _PERIODS)
_FIND = re.compile(
    rf"(?:(?P<given>{_NUMBER})\W{{0,2}}(?:for|на|x|х|×)\W{{0,2}}(?P<taken>{_NUMBER})(?!\w)"
    rf"|(?:(?P<digits>{_NUMBER})[\s\u00a0\u2011-]?|(?P<word>{_WORD})[\s\u2011-]?)(?:{_PERIOD}|(?P<violations>{_VIOLATIONS}))(?!\w))",
    re.IGNORECASE,
)
_FIRST_DIGIT = re.compile(r"(?<![\w.,])\d")

NUMERALS = tuple(f"{word}*" for word in _ONES)
"""Terms for the words that may begin a number."""


def find_numbers(reading: Reading, numerals: Pattern) -> frozenset[str]:
    """Return the durations, exchanges and counts in a text: "30-day", "1000-for-1000", "734-violations"."""
    text = reading.text
    starts = [digit.start() for digit in _FIRST_DIGIT.finditer(text)]
    starts += [reading.offset(hit.start) for hit in reading.find(numerals)]
    if not starts:
        return frozenset()
    text = text.replace("’", "'").replace("ʼ", "'")
    numbers, end = set(), 0
    for start in sorted(starts):
        if start >= end and (found := _FIND.match(text, start)):
            end = found.end()
            numbers.add(_normal(found.groupdict()))
    return frozenset(numbers)


def _normal(group: dict[str, str | None]) -> str:
    if group["given"] and group["taken"]:
        return f"{_digits(group['given'])}-for-{_digits(group['taken'])}"
    amount = _digits(group["digits"]) if group["digits"] else str(_ONES[(group["word"] or "").lower()])
    unit = next(name for name in ("violations", *(name for name, _ in _PERIODS)) if group[name])
    return f"{amount}-{unit}"


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
