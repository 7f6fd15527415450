"""Decide whether an entry is known. Pure.

Feeds lie: guids change at every poll, links grow tracking parameters, whole archives are published again. So an entry
has several keys, and within its feed it is known if any of them is (across feeds is the story's job, bot.story).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from bot.model import Entry, EntryKey

_TRACKING = re.compile(
    r"utm_.+|(?:fb|g|y|ms|dc|tw)clid|_?mc_[ce]id|_ga|igshid|at_(?:medium|campaign|link\w*|format|custom\d*|bbc_team|ptr_name)"
    r"|ns_(?:mchannel|source|campaign|linkname|fee)|cmp(?:id)?|ito|xtor|ftag|ocid|ref_?src|rss|feedtype|wt\.\w+",
    re.IGNORECASE,
)
_IDENTIFYING_FRAGMENT = re.compile(r"[!/].+")
"""A page that is all script keeps its address behind the "#"."""

_SHORTEST_TITLE = 20
"""In characters. "Cartoon", "Morning briefing" and "In pictures" name a column, not an entry."""
_FEWEST_WORDS = 4

_MANY, _FLOOD = 10, 20
_NEARLY_ALL = 0.8
_A_MINUTE = timedelta(minutes=1)

Known = Callable[[Sequence[str]], Collection[str]]
"""Returns those keys that the feed has had before."""


class Fresh(NamedTuple):
    """An entry that is new in its feed, and the keys to know it by."""

    entry: Entry
    keys: tuple[str, ...]


def fresh(entries: Sequence[Entry], known: Known) -> list[Fresh]:
    """Return the entries of one poll of one feed that are new in it; *known* is asked once."""
    keyed = _keyed(entries)
    seen = set(known([key for _, keys in keyed for key in keys]))
    new = []
    for entry, keys in keyed:
        if seen.isdisjoint(keys):
            new.append(Fresh(entry, keys))
        seen.update(keys)
    return new


def republished(
    news: Sequence[Fresh], known: Known, *, offered: int, since: datetime, now: datetime
) -> frozenset[EntryKey]:
    """Return those of *news* that only look new: nearly all of the *offered* entries of a feed came at once.

    They are an archive published again if the feed has had their titles before, on whatever day, or if more of them
    claim to be of the time *since* the last good poll than one a minute. Nobody is to be alerted of those.
    """
    if len(news) < _MANY or len(news) < _NEARLY_ALL * offered:
        return frozenset()
    had = set(known([words_key(entry) for entry, _ in news]))
    titles = [entry.key for entry, _ in news if words_key(entry) in had]
    claimed = [entry.key for entry, _ in news if entry.published and entry.published > since]
    again = titles if len(titles) * 2 > len(news) else []
    flood = claimed if len(claimed) >= max(_FLOOD, (now - since) / _A_MINUTE, _NEARLY_ALL * offered) else []
    return frozenset([*again, *flood])


def identity_keys(entry: Entry) -> tuple[str, ...]:
    """Return what *entry* is known by in its feed: guid, canonical link, and title with host and day.

    The day is in the title's key because a column may use its title again tomorrow, and a lost alert is worse than
    one that the story has to hold back.
    """
    keys = [_key("id", entry.key.id)]
    if entry.link:
        keys.append(link_key(entry.link))
    if is_telling(entry.title):
        keys.append(_key("title", entry.title.casefold(), _host(entry.link), _day(entry)))
    return tuple(keys)


def words_key(entry: Entry) -> str:
    """Return what all entries with this title share in their feed. None is known by it: columns use titles again."""
    return _key("words", entry.title.casefold())


def link_key(link: str) -> str:
    """Return the key of all entries that lead to the same page as *link*."""
    return _key("link", canonical_link(link))


def canonical_link(link: str) -> str:
    """Return *link* without what differs between two ways to the same page; only to compare, not to open."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    fragment = parts.fragment if _IDENTIFYING_FRAGMENT.fullmatch(parts.fragment) else ""
    address = _host(link) + (parts.path.rstrip("/") or "/")
    return address + (f"?{urlencode(query)}" if query else "") + (f"#{fragment}" if fragment else "")


# ------------------------------------------------------------------------------------------ keys that say nothing
def _keyed(entries: Sequence[Entry]) -> list[tuple[Entry, tuple[str, ...]]]:
    """Return each entry with its keys, those aside that entries of this very poll share though they differ."""
    keyed = [(entry, identity_keys(entry)) for entry in entries]
    owners: dict[str, list[Entry]] = defaultdict(list)
    for entry, keys in keyed:
        for key in keys:
            owners[key].append(entry)
    vague = {key for key, sharers in owners.items() if len(sharers) > 1 and _differ(key, sharers)}
    return [(entry, tuple(key for key in keys if key not in vague)) for entry, keys in keyed]


def _differ(key: str, entries: Iterable[Entry]) -> bool:
    """Return whether *entries*, which share *key*, are different entries all the same.

    One title at two links is two entries, and so is one link (the front page, a live blog) under two titles.
    """
    if key.startswith("title:"):
        return len({canonical_link(entry.link) for entry in entries}) > 1
    if key.startswith("link:"):
        return len({entry.title for entry in entries}) > 1 and len({entry.key.id for entry in entries}) > 1
    return False


def is_telling(title: str) -> bool:
    """Return whether *title* says enough to tell its entry from others."""
    return len(title) >= _SHORTEST_TITLE and len(title.split()) >= _FEWEST_WORDS


def _day(entry: Entry) -> str:
    return entry.published.date().isoformat() if entry.published else ""


def _host(link: str) -> str:
    try:
        parts = urlsplit(link)
        host, port = (parts.hostname or "").rstrip(".").removeprefix("www."), parts.port
    except ValueError:
        return link
    return host if port in {None, 80, 443} else f"{host}:{port}"


def _key(kind: str, *words: str) -> str:
    """Return a short key: a guid may be a kilobyte long, and the archive keeps three keys an entry."""
    digest = hashlib.blake2b("\n".join(words).encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
    return f"{kind}:{digest}"
