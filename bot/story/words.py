"""The words of a headline, cut to what stays the same across endings, spellings and our three languages. Pure.

A word becomes a *root*: the name of its concept when `data/headline_words.toml` knows it ("truce", "перемир'я" and
"перемирие" are one), else its stem in Latin letters as it sounds, so that a surname meets its other spellings.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from unicodedata import normalize

_LISTS = tomllib.loads((files("bot") / "data" / "headline_words.toml").read_text(encoding="utf-8"))

STOP_WORDS = frozenset[str](_LISTS["stop_words"].split())
COMMON = frozenset[str](_LISTS["common"].split())
"""Roots that stand in so many reports that sharing one means little."""

ACTIONS = frozenset[str](_LISTS["actions"].split())
"""Roots of what is done in a peace process, and to what: told of by many reports, decisive when shared."""

NAMES = frozenset[str](_LISTS["names"].split())
"""Roots that name someone at war or at the table."""

FEELINGS = frozenset[str](_LISTS["feelings"].split())
"""Roots of joy and sorrow: a clause of them tells how people take what the rest of the headline tells."""

DAYS = frozenset[str](_LISTS["days"].split())
SPEAKS_FOR: dict[str, str] = _LISTS["speaks_for"]
PARTIES = NAMES - SPEAKS_FOR.keys() - set(_LISTS["blocs"].split())
"""Roots of those whom talks and truces are between."""

WAR_ZONES = frozenset[str](_LISTS["war_zones"].split())
"""Roots of places that each have a war of their own: a headline that names two is of two wars."""

CLAUSES = re.compile(
    r", with\b|\b(?:amid|despite|ahead of|before|after|since|as part of|following|during|in exchange for|while|if|when"
    r"|as|на тлі|попри|після|перед|напередодні|під час|якщо|коли|поки"
    r"|на фоне|несмотря на|после|накануне|во время|если|когда|пока)\b",
    re.IGNORECASE,
)
"""What opens the part of a headline that tells the background."""

FUTURE = re.compile(
    r"\b(?:will|would|could|set to|due|await\w*|wait\w*|expected|prepar\w*|next|ready"
    r"|to (?:be|start|begin|free|release|swap|exchange|return|take|go|meet|hold|resume|extend|sign|send|visit)"
    r"|буде|будуть|має|мають|готу\w*|чека\w*|очіку\w*|почнеться|зустрінуться"
    r"|будет|будут|готов\w*|ожида\w*|ждут|ждет|начнется|начнётся|встретятся"
    r"|обміня(?:є|ють)|звільн(?:ить|ять)|відпуст(?:ить|ять)|поверн(?:е|уть)|набуде"
    r"|обменя(?:ет|ют)|освобод(?:ит|ят)|отпуст(?:ит|ят)|верн(?:ет|ут)|вступ(?:ит|ят))\b",
    re.IGNORECASE,
)
"""Marks of what is yet to come."""

LIVE = re.compile(
    r"^[^:|]{0,60}\b(?:live|updates?|latest|news|briefing|онлайн|хроника)\b[^:|]{0,30}[:|]\s*", re.IGNORECASE
)
"""The fixed name of a running page in front of its headline."""

_Phrase = tuple[tuple[str, ...], str]
"""Words in small letters, and the concept that they mean together."""

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’ʼ`.\-‑](?!\d+[.,]\d)[^\W_]+)*")
_POSSESSIVE = re.compile(r"(?<=[A-Za-z])['’ʼ]s$")
_SILENT = str.maketrans("", "", "'’ʼ`.,")
_LATIN = str.maketrans(
    dict(zip("абвгґдеєёзиіїйклмнопрстуфхэыюя", "abvggdeeeziiiiklmnoprstufheiua", strict=True))
    | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": ""}
)
_SOUNDS = {
    "tch": "ch", "sch": "sh", "ch": "ch", "kh": "h", "gh": "g", "ph": "f", "th": "t", "ck": "k", "c": "k", "q": "k",
    "ce": "se", "ci": "si", "cy": "si", "dj": "dzh", "j": "dzh", "x": "ks", "w": "v", "ee": "i", "oo": "u", "ou": "u",
    "ya": "a", "ia": "a", "ye": "e", "ie": "e", "yu": "u", "iu": "u", "y": "i",
}  # fmt: skip
"""How letters are written that stand for one sound, in English and in what Cyrillic becomes."""

_SPELT = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_DOUBLE = re.compile(r"([a-z])\1+")
_LATIN_ENDING = re.compile(r"(?<=....)(?:ova|eva|ov|ev|[aeiou])$")
"""What Cyrillic surnames lose as endings of cases: Данилов is "danil", and so is Danilov."""

_ENGLISH_ENDINGS = ("ings", "ing", "edly", "ies", "ied", "ers", "ed", "es", "er", "ly", "s", "e", "y")
_CYRILLIC_ENDINGS = (
    *(
        "ується",
        "уется",
        "ються",
        "ются",
        "ення",
        "ання",
        "ание",
        "ения",
        "ению",
        "ением",
        "ість",
        "ость",
        "ості",
        "ости",
    ),
    *("ами", "ями", "ого", "его", "ому", "ему", "ими", "ыми", "ться", "тся", "ала", "али", "ало", "ила", "или", "ило"),
    *("ують", "уют", "ить", "ать", "ять", "ает", "ают", "яет", "яют", "ит", "ат", "ят", "ів", "ов", "ев", "ей", "ой"),
    *("ий", "ый", "ая", "яя", "ое", "ее", "ые", "ие", "ых", "их", "ую", "ою", "ею", "ам", "ям", "ах", "ях", "ом", "ем"),
    *("им", "ым", "єю", "ію", "ия", "ии", "ию", "ія", "ії", *"аяоеиіїуюыьйє"),
)


def roots(text: str) -> tuple[str, ...]:
    """Return the roots of *text* in reading order, stop words left out; a phrase that the lists know is one root."""
    words = _WORD.findall(text)
    found: list[str] = []
    position = 0
    while position < len(words):
        phrases, own = _known(words[position])
        concept, length = _phrase_at(words, position, phrases) if phrases else ("", 1)
        found += (concept,) if concept else own
        position += length
    return tuple(found)


@lru_cache(maxsize=50_000)
def _known(word: str) -> tuple[tuple[_Phrase, ...], tuple[str, ...]]:
    """Return the phrases that *word* may begin, the longest first, and its own roots."""
    folded = _fold(word)
    return tuple(phrase for phrase in _PHRASES if _is(folded, phrase[0][0])), _roots_of(word)


def _phrase_at(words: Sequence[str], position: int, phrases: Sequence[_Phrase]) -> tuple[str, int]:
    """Return the concept of the phrase that begins at *position*, and its length; ("", 1) if there is none."""
    for phrase, concept in phrases:
        following = words[position : position + len(phrase)]
        if len(following) == len(phrase) and all(map(_is, map(_fold, following), phrase)):
            return concept, len(phrase)
    return "", 1


def _is(folded: str, known: str) -> bool:
    return folded.startswith(known[:-1]) if known.endswith("*") else folded == known


def _roots_of(word: str) -> tuple[str, ...]:
    """Return the roots of one written word: none for a stop word, two for "Israel-Hamas"."""
    folded = _fold("USA" if word == "US" else word)  # "us" is a stop word
    if folded in STOP_WORDS or len(folded) < 2:
        return ()
    known, concept = _concept(folded)
    if "-" in folded and "-" not in known:  # "Israel-Hamas" names two, "cease-fire" is one word
        return tuple(dict.fromkeys(root for part in re.split("[-‑]", word) for root in _roots_of(part)))
    return (concept or _stem(folded),)


def _fold(word: str) -> str:
    return _POSSESSIVE.sub("", word).casefold().replace("‑", "-").translate(_SILENT)


def _by_word() -> tuple[dict[str, str], dict[str, str]]:
    """Return the concepts by whole word and by beginning of a word."""
    whole = {concept: concept for concept in (*_LISTS["concepts"], *_LISTS["phrases"])}
    beginning: dict[str, str] = {}
    for concept, words in _LISTS["concepts"].items():
        for word in words.split():
            (beginning if word.endswith("*") else whole)[_fold(word.rstrip("*"))] = concept
    return whole, beginning


def _phrases() -> list[_Phrase]:
    """Return the phrases, as words in small letters, and the concept that each means."""
    phrases = [
        (tuple(_fold(word) for word in phrase.split()), concept)
        for concept, listed in _LISTS["phrases"].items()
        for phrase in listed.split(",")
    ]
    return sorted(phrases, key=lambda known: -len(known[0]))


_WHOLE, _BEGINNING = _by_word()
_PHRASES = _phrases()
_LONGEST = max(map(len, _BEGINNING))


def _concept(word: str) -> tuple[str, str]:
    """Return what the lists know of *word*, the whole or else its longest known beginning, and its concept."""
    if word in _WHOLE:
        return word, _WHOLE[word]
    beginnings = (word[:length] for length in range(min(len(word), _LONGEST), 1, -1))
    return next(((start, _BEGINNING[start]) for start in beginnings if start in _BEGINNING), ("", ""))


def _stem(word: str) -> str:
    endings = _ENGLISH_ENDINGS if word.isascii() else _CYRILLIC_ENDINGS
    ending = next((ending for ending in endings if word.endswith(ending) and len(word) - len(ending) >= 4), "")
    return _LATIN_ENDING.sub("", _as_it_sounds(word.removesuffix(ending).translate(_LATIN)))


def _as_it_sounds(letters: str) -> str:
    """Return *letters* in one spelling for each sound: "Zoubaydi" and "Zubaidi" are one name."""
    plain = letters if letters.isascii() else normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return _DOUBLE.sub(r"\1", _SPELT.sub(lambda spelt: _SOUNDS[spelt[0]], plain)) or letters
