"""Who first wrote a report: copies of one wire, one owner or one text are one source, however many print them. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from bot.catalog import Catalog, Publisher
from bot.model import Entry, Report
from bot.text import link_host

_ENDS = re.compile(r"\s+[|–—-]\s+|\s*[(\[]|:\s+|(?<=[.!?])\s+")
"""What parts a credit from the end of a text: "Truce agreed — AFP", "Truce agreed (Reuters)", "Truce agreed: AP"."""
_BEGINS = re.compile(r"([^:]{2,40}):\s")
"""As in "Reuters: truce agreed"."""
_DATELINE = re.compile(
    r"^.{0,60}?\(([^()]{2,30})\)\s*[–—-]"
    r"|^[^–—-]{2,40}[–—-]\s*([^\s–—-][^–—-]{1,29})\s*[–—-]\s"
    r"|^([^\s–—-][^–—-]{1,29})\s[–—-]\s"
)
"""As in "GENEVA, May 11 (Reuters) - The sides", "МОСКВА — ТАСС — Стороны" or "AFP - The sides"."""
_NAME = r"[«“\"]?((?-i:[A-ZА-ЯҐЄІЇ])[\w’'./&-]*(?:\s[\w’'./&-]+){0,2})[»”\"]?"
_NAMED_AFTER = re.compile(
    r"\b(?:according to|(?:reported|reporting|quoted|cited) by|source:|via|with reference to|citing|quoting"
    r"|tells?|told|telling|(?:interview|report) (?:with|by|in|for)"
    r"|за даними|за інформацією|з посиланням на|посилаючись на|повідом\w+|пише|передає|розпов\w+"
    r"|джерело:|матеріалі|інтерв'ю"
    r"|по данным|по информации|со ссылкой на|сообщ\w+|пишет|переда[её]т|рассказ\w+|источник:|материале|интервью)\s+"
    r"(?:the\s+|(?:state\s+)?news\s+agency\s+|агентств\w+\s+|агенці\w+\s+|видання\s+|издани\w+\s+)?" + _NAME,
    re.IGNORECASE,
)
"""Who tells a publisher a thing tells it to nobody else: whoever has it has it from there."""
_NAMED_BEFORE = re.compile(
    _NAME + r"(?:\s(?:news\s)?agency)?,?\s+(?:reports?|reported|says?|said|quotes?|quoted|cites?|cited|learned"
    r"|повідом\w+|розпові\w+|дізнал\w+|пише|сообщ\w+|рассказ\w+|узнал\w*|пишет)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")

_RUN = 4
"""Two texts share a run of so many words only if one has it from the other, or if it is a set phrase."""
_SAME_TITLE, _SAME_TEXT = 0.75, 0.5
"""The share of such runs from which a headline or a summary is a copy of another; a summary may be cut or added to."""
_LONG_TITLE, _LONG_TEXT = 10, 14
"""Words from which likeness says anything: two editors may well find the same few words."""
_TELLING_TITLE = 7
"""Words from which a headline that is the same word for word is no chance."""


def origins(reports: Sequence[Report], catalog: Catalog) -> Sequence[Publisher]:
    """Return for each of *reports*, earliest first, the publisher that it goes back to.

    That is the one whom it credits; else whom another copy of its text credits; else who had its text first. Two that
    credit each other are one: the one whom the earlier names.
    """
    texts = _texts([report.entry for report in reports])
    credit: dict[int, Publisher] = {}
    first: dict[int, Publisher] = {}
    for report, text in zip(reports, texts, strict=True):
        first.setdefault(text, published_by(report.entry, catalog))
        if named := credited(report.entry, catalog):
            credit.setdefault(text, named)
    found = [
        credited(report.entry, catalog) or credit.get(text) or first[text]
        for report, text in zip(reports, texts, strict=True)
    ]
    names = [(published_by(each.entry, catalog).family, of.family) for each, of in zip(reports, found, strict=True)]
    earlier: dict[frozenset[str], Publisher] = {}
    return [
        earlier.setdefault(frozenset(pair), of) if pair[::-1] in names and pair[0] != pair[1] else of
        for pair, of in zip(names, found, strict=True)
    ]


def _texts(entries: Sequence[Entry]) -> Sequence[int]:
    """Return for each of *entries* the number of its text: copies have the same."""
    firsts: list[Entry] = []
    numbers = []
    for entry in entries:
        number = next((number for number, first in enumerate(firsts) if is_copy(first, entry)), len(firsts))
        if number == len(firsts):
            firsts.append(entry)
        numbers.append(number)
    return numbers


def published_by(entry: Entry, catalog: Catalog) -> Publisher:
    """Return who published *entry*; its feed's host where nobody is named."""
    return catalog.publisher(
        entry.publisher or link_host(entry.link) or link_host(entry.key.feed_url) or "unnamed source"
    )


def told_by(entry: Entry, catalog: Catalog) -> Publisher:
    """Return whose words *entry* has: the publisher that it credits, else its own."""
    return credited(entry, catalog) or published_by(entry, catalog)


def credited(entry: Entry, catalog: Catalog) -> Publisher | None:
    """Return the other publisher that *entry* says it has its words from, None if it names none that we know.

    An official body is a speaker, not a wire: to quote it is no copy.
    """
    own = published_by(entry, catalog)
    for name in (entry.credit, *_names_credited(entry.title, entry.summary)):
        publisher = catalog.known_publisher(name)
        if publisher and not publisher.official and publisher.family != own.family:
            return publisher
    return None


@lru_cache(maxsize=4096)  # a story's reports are looked at again with each that joins
def _names_credited(title: str, summary: str) -> tuple[str, ...]:
    """Return what may be the name of a source, as it stands where sources are named."""
    names = [_ENDS.split(text.rstrip(" )].…"))[-1] for text in (title, summary) if text]
    names += [found[1] for found in [_BEGINS.match(title)] if found]
    names += [found[1] or found[2] or found[3] for found in [_DATELINE.match(summary)] if found]
    for text in (title, summary[:600]):
        for found in _NAMED_AFTER.finditer(text):
            words = found[1].rstrip("’'.").split()
            names += [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        for found in _NAMED_BEFORE.finditer(text):
            words = found[1].split()
            names += [" ".join(words[first:last]) for first, last in combinations(range(len(words) + 1), 2)]
    return tuple(name.strip() for name in names)


def is_copy(one: Entry, other: Entry) -> bool:
    """Tell whether two entries are one text: the same summary, cut or not, or the same long headline."""
    title, text = _runs(one.title), _runs(one.summary)
    other_title, other_text = _runs(other.title), _runs(other.summary)
    if min(len(text), len(other_text)) > _LONG_TEXT - _RUN:
        return len(text & other_text) >= _SAME_TEXT * min(len(text), len(other_text))
    if min(len(title), len(other_title)) > _LONG_TITLE - _RUN:
        return len(title & other_title) >= _SAME_TITLE * max(len(title), len(other_title))
    return title == other_title and len(title) > _TELLING_TITLE - _RUN


@lru_cache(maxsize=4096)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return every run of four words in *text*."""
    words = _WORD.findall(text[:600].casefold())
    return frozenset(zip(*(words[start:] for start in range(_RUN)), strict=False))
