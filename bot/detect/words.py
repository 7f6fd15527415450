"""Words of a text, and how two spellings of a word become one. Pure.

A text is cut once, at its own characters: what we find has the offsets of the original, whatever folding does to a
word's length. Folding happens word by word, on words never seen before.
"""

import re
import unicodedata
from itertools import accumulate

_APOSTROPHE = "'’‘ʼ`"
_LETTER = r"[\w\u0300-\u036f]"
_WORD = rf"{_LETTER}++(?:[{_APOSTROPHE}]{_LETTER}+)*+"  # перемир'я, Ukraine's
_TOKEN = re.compile(
    rf"((?! )(?:{_WORD}(?![.,]\w)"  # nearly every one; the first to be tried, and no space is tried at all, for speed
    r"|(?<!\w)(?:[^\W\d_]\.)+[^\W\d_](?!\w)\.?"  # U.S., U.N
    r"|\d+(?:[.,]\d+)+(?!\w)"  # 1,000
    rf"|{_WORD}|[:|?]))"
)
_ADJACENT = re.compile(r"[^\w.?!;|]*")
_END = re.compile(r"[.!;\n]|…\s")
_ABBREVIATED = re.compile(
    r"(?i:mr|mrs|ms|dr|st|gen|col|lt|sgt|sen|rep|gov|maj|capt|jan|feb|mar|apr|aug|sept|oct|nov|dec|vs)|[A-ZА-Я]"
)

_CYRILLIC_LOOKALIKES = str.maketrans("aceiopxyABCEHIKMOPTXY", "асеіорхуАВСЕНІКМОРТХУ")
_LATIN_LOOKALIKES = str.maketrans("асеіорхуАВСЕНІКМОРТХУ", "aceiopxyABCEHIKMOPTXY")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-zA-Z]")


def cut_words(text: str) -> list[str]:
    """Return *text* as separator, word, separator, …, word, separator; ":", "|" and "?" are words of their own."""
    return _TOKEN.split(text)


def spell(word: str) -> str:
    """Return the one spelling of *word*, letter case kept: apostrophes, full width, accents, look-alikes folded."""
    if word.isascii():
        return word.replace(".", "").replace("`", "'") if not word[0].isdigit() else word
    word = unicodedata.normalize("NFKC", word)
    for mark in _APOSTROPHE[1:]:
        word = word.replace(mark, "'")
    word = _one_script(word)
    if _CYRILLIC.search(word):
        word = word.replace("ё", "е").replace("Ё", "Е").replace("\u0301", "")
    else:
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return word.replace(".", "") if not word[:1].isdigit() else word


def _one_script(word: str) -> str:
    """Return a word of mixed Latin and Cyrillic look-alikes in the script that most of it is written in."""
    if not _LATIN.search(word) or not _CYRILLIC.search(word):
        return word
    latin, cyrillic = len(_LATIN.findall(word)), len(_CYRILLIC.findall(word))
    other = word.translate(_CYRILLIC_LOOKALIKES if cyrillic >= latin else _LATIN_LOOKALIKES)
    return word if _LATIN.search(other) and _CYRILLIC.search(other) else other


class Layout:
    """Where the words of a cut text stand: offsets, sentences, and which words make one hyphenated compound.

    *segment* numbers the stretches that no gap crosses, *compound* the words counted as one, *sentence* the sentences.
    """

    __slots__ = ("compound", "ends", "near", "segment", "sentence", "starts")

    def __init__(self, pieces: list[str]) -> None:
        offsets = [0, *accumulate(map(len, pieces))]
        self.starts = offsets[1:-1:2]
        self.ends = offsets[2::2]
        self.near: list[bool] = []
        self.segment: list[int] = []
        self.compound: list[int] = []
        self.sentence: list[int] = []
        segment = compound = sentence = 0
        before = ""
        for gap, word in zip(pieces[::2], pieces[1::2], strict=False):
            plain = gap == " "  # nearly every one is
            ended = before == "?" or not (plain or _END.search(gap) is None or _is_abbreviation(before, gap))
            sentence += ended and before != ""
            segment += ended or word == "|"
            mark = word in ":|?"
            compound += not mark and gap not in ("-", "‑")
            self.near.append(not ended and (plain or _ADJACENT.fullmatch(gap) is not None))
            self.segment.append(segment)
            self.compound.append(compound)
            self.sentence.append(sentence)
            before = word

    def follows(self, end: int, start: int, gap: int) -> bool:
        """Say whether the word *start* follows the one before *end* within *gap* words (-1: right after it)."""
        last = end - 1
        if start < end or self.segment[start] != self.segment[last]:
            return False
        if gap < 0:
            return start == end and self.near[start]
        return self.compound[start] - self.compound[last] - 1 <= gap


def _is_abbreviation(word: str, gap: str) -> bool:
    return gap.startswith(".") and gap.count(".") == 1 and _ABBREVIATED.fullmatch(word) is not None
