"""Turn what a person typed into a full-text query that means just those words. Pure."""

from bot.text import clean

SHORTEST_PREFIX = 3
_FOLDS = str.maketrans(dict.fromkeys("'’ʼ‘`") | {"ё": "е", "Ё": "Е"})


def match(words: str) -> str:
    """Return the FTS5 expression for all of *words*, "" if there are none; nothing in it is taken for an operator."""
    folded = clean(words).translate(_FOLDS)
    return " ".join(_term(word) for word in dict.fromkeys(folded.split()))


def _term(word: str) -> str:
    quoted = '"' + word.replace('"', '""') + '"'
    letters = sum(map(str.isalnum, word))
    return quoted + "*" if letters >= SHORTEST_PREFIX else quoted
