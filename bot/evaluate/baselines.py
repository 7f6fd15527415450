"""Simpler methods on the same headlines, so that a figure of ours says something."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from bot.detect.reading import Reading
from bot.detect.rules import Rules
from bot.evaluate.figures import Counts
from bot.evaluate.items import BETWEEN, NEWS, Item

_NARROW = re.compile(
    r"cease-?\s?fire|\btruce\b|armistice|\bpeace (?:talk|deal|plan)"
    r"|перемир|припинення вогню|мирн\w+ (?:угод|план|перегов)"
    r"|прекращени\w+ огня|мирн\w+ (?:соглашени|план|перегов)",
    re.IGNORECASE,
)
_WIDE = re.compile(
    _NARROW.pattern + r"|\bpeace\b|\btalks\b|negotiat|mediat|hostage|\benvoy|prisoner (?:swap|exchange)|\bsummit"
    r"|\bмир(?:у|ом|і|а|е)?\b|переговор|посередни|заручник|обмін\w* полонен|делегаці"
    r"|посредни|заложник|обмен\w* пленн|делегаци",
    re.IGNORECASE,
)
_FOLDS = 5
SCIKIT_LEARN = "scikit-learn is not installed: pip install 'parley[eval]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A simpler method and how it did; where it could not run, *counts* is None and *note* says why."""

    name: str
    counts: Counts | None
    note: str = ""


def baselines(items: Sequence[Item], rules: Rules, *, train: Sequence[Item] = ()) -> Sequence[Baseline]:
    """Return how keywords do on the labelled *items*, and a learned classifier if there is something to *train* on."""
    items = [item for item in items if item.gold and item.gold.label != BETWEEN]
    learned = [_learned(items, train)] if train else []
    return [*_keywords(items, rules), *learned]


# ------------------------------------------------------------------------------------------------ keywords
def _keywords(items: Sequence[Item], rules: Rules) -> Iterator[Baseline]:
    methods: dict[str, Callable[[Item], bool]] = {
        "narrow keywords, title": lambda item: _in(_NARROW, item.entry.title),
        "narrow keywords, title + summary": lambda item: _in(_NARROW, _text(item)),
        "wide keywords, title": lambda item: _in(_WIDE, item.entry.title),
        "wide keywords, title + summary": lambda item: _in(_WIDE, _text(item)),
        "wide keywords AND conflict, title": lambda item: _in(_WIDE, item.entry.title) and _names_conflict(item, rules),
    }
    for name, flags in methods.items():
        yield Baseline(name=name, counts=Counts.of((_is_news(item), flags(item)) for item in items))


def _in(keywords: re.Pattern[str], text: str) -> bool:
    return keywords.search(text) is not None


def _names_conflict(item: Item, rules: Rules) -> bool:
    title = Reading(item.entry.title, rules.vocabulary)
    return any(name.entity.links for name in rules.gazetteer.find(title))


def _text(item: Item) -> str:
    return f"{item.entry.title}\n{item.entry.summary}"


def _is_news(item: Item) -> bool:
    return item.gold is not None and item.gold.label == NEWS


# ------------------------------------------------------------------------------------------------ a learned classifier
def _learned(items: Sequence[Item], train: Sequence[Item]) -> Baseline:
    """Train TF-IDF of one and two words with logistic regression on *train*, without what *items* hold as well."""
    name = "TF-IDF + logistic regression"
    if find_spec("sklearn") is None:
        return Baseline(name=name, counts=None, note=SCIKIT_LEARN)
    tested = {item.entry.title.casefold() for item in items}
    labelled = [item for item in train if item.gold and item.gold.label != BETWEEN]
    kept = [item for item in labelled if item.entry.title.casefold() not in tested]
    of_each = [sum(_is_news(item) is wanted for item in kept) for wanted in (True, False)]
    if min(of_each) < _FOLDS:
        return Baseline(name=name, counts=None, note=f"too little to train on: {of_each[0]} news, {of_each[1]} not")
    flagged = _flagged([_text(item) for item in kept], [_is_news(item) for item in kept], map(_text, items))
    note = f"trained on {len(kept)} items, {_period(kept)}; tested on {_period(items)}"
    dropped = len(labelled) - len(kept)
    if dropped:
        note += f"; {dropped} left out of training, as they are tested too"
    return Baseline(name=name, counts=Counts.of(zip(map(_is_news, items), flagged, strict=True)), note=note)


def _flagged(train: Sequence[str], labels: Sequence[bool], texts: Iterable[str]) -> Sequence[bool]:
    """Return which of *texts* the classifier flags, at the threshold of best F1 within the training items."""
    # Not installed by default: the import must wait until somebody asks for it.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import cross_val_predict  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )
    within = cross_val_predict(model, train, labels, cv=_FOLDS, method="predict_proba")[:, 1]
    threshold = max(sorted(set(within)), key=lambda least: _f1(labels, within, least))
    model.fit(train, labels)
    return [bool(probability >= threshold) for probability in model.predict_proba(list(texts))[:, 1]]


def _f1(labels: Sequence[bool], probabilities: Sequence[float], least: float) -> float:
    return Counts.of((label, chance >= least) for label, chance in zip(labels, probabilities, strict=True)).f1.value


def _period(items: Iterable[Item]) -> str:
    days = sorted(day for item in items if item.when for day in (item.when.first, item.when.last))
    return f"{days[0]:%Y-%m} to {days[-1]:%Y-%m}" if days else "undated"
