"""Read only what is new of a feed that has changed: items that stood in its last body word for word are known. Pure.

A body is cut into its items. Those that were not seen in the last one are put between the feed's own beginning and
end, and only that is parsed. On any doubt the whole body is: what is read must be what the whole would have given.
Nothing is remembered of a body that is not well-formed, so it is read in whole the next time too.
"""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.poll.encoding import decode
from bot.poll.identity import canonical_link, is_telling
from bot.poll.parse import MAX_ENTRIES, read_text
from bot.poll.raw import HASH_LENGTH, RawFeed

_TAGS = tuple((re.compile(rf"<{tag}[\s>]"), f"</{tag}>") for tag in ("item", "entry"))
_SECTIONS = (("<![CDATA[", "]]>"), ("<!--", "-->"))
_ROOT_ENDS = re.compile(r"<(?:channel|title)\b")

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title", re.DOTALL)
_ANY = ""
_LINKS = (
    re.compile(r"<link\b(?:[^>]*[^/>])?>(.*?)</link", re.DOTALL),
    re.compile(r"<link\b[^>]*?\bhref\s*=\s*[\"']([^\"']*)"),
)
_ADDRESSES = (
    *_LINKS,
    re.compile(r"<(?:guid|id|dc:identifier)\b[^>]*>(.*?)</", re.DOTALL),
    re.compile(r"rdf:about\s*=\s*[\"']([^\"']*)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A feed's text: what stands before its items, the items, what stands after them."""

    head: str
    items: Sequence[str]
    tail: str


def read_unseen(body: bytes, url: str, content_type: str = "", seen: str = "") -> RawFeed:
    """Return what *body* has besides items *seen* (the hashes that came with the last one); all of it on any doubt.

    Raise NoFeedError if it is no feed.
    """
    text = decode(body, content_type).strip()
    cut = cut_items(text)
    if cut is None:
        return read_text(text, url)
    hashes = item_hashes(cut)
    known = {seen[at : at + HASH_LENGTH] for at in range(0, len(seen), HASH_LENGTH)}
    new = [number for number, hash in enumerate(hashes) if hash not in known]
    read = _read_items(cut, new, url) if len(new) < len(hashes) else None
    read = read or read_text(text, url)
    return read._replace(offered=len(hashes), hashes="" if read.broken else "".join(hashes))


def _read_items(cut: Cut, numbers: Sequence[int], url: str) -> RawFeed | None:
    """Return the items of these *numbers*, None if they are nothing without the others."""
    if not numbers:
        return RawFeed("", "", ())
    if not _stand_alone(cut, numbers):
        return None
    read = read_text(cut.head + "".join(cut.items[number] for number in numbers) + cut.tail, url)
    return None if read.broken else read


# ------------------------------------------------------------------------------------------ cutting
def cut_items(text: str) -> Cut | None:
    """Return *text* cut into items; None if there are none, too many, or if it is not sure where each begins."""
    opening, closing = next((tag for tag in _TAGS if tag[1] in text), _TAGS[0])
    *pieces, tail = text.split(closing)
    begins = [[found.start() for found in opening.finditer(piece)] for piece in pieces]
    if not 0 < len(pieces) <= MAX_ENTRIES or opening.search(tail) or any(len(each) != 1 for each in begins):
        return None
    gaps = [piece[:begin] for piece, (begin,) in zip(pieces, begins, strict=True)]
    items = [piece[begin:] + closing for piece, (begin,) in zip(pieces, begins, strict=True)]
    sections = [marks for marks in _SECTIONS if marks[0] in text or marks[1] in text]
    whole = all(piece.count(begin) == piece.count(end) for begin, end in sections for piece in (gaps[0], *items, tail))
    return Cut(head=gaps[0], items=items, tail=tail) if whole and not any(map(str.strip, gaps[1:])) else None


def item_hashes(cut: Cut) -> list[str]:
    """Return a hash of each item; others if the feed's outermost tag or its own link is another.

    The one has the namespaces of all items, relative links are relative to the other.
    """
    end = _ROOT_ENDS.search(cut.head)
    links = [link for pattern in _LINKS for link in pattern.findall(cut.head + cut.tail)]
    base = hashlib.sha256(_bytes("\n".join([cut.head[: end.start() if end else None], *links])))
    hashes = []
    for item in cut.items:
        hash = base.copy()
        hash.update(_bytes(item))
        hashes.append(hash.hexdigest()[:HASH_LENGTH])
    return hashes


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# ------------------------------------------------------------------------------------------ doubting
def _stand_alone(cut: Cut, numbers: Sequence[int]) -> bool:
    """Return whether the items of these *numbers* share no id, link or title with another item of the feed.

    What an entry is known by depends on all that share it (`bot.poll.identity`), so such entries need each other.
    """
    names = [set(_names(item)) for item in cut.items]
    owners = Counter(name for each in names for name in each)
    return _ANY not in owners and all(owners[name] == 1 for number in numbers for name in names[number])


def _names(item: str) -> Iterator[str]:
    """Yield what *item* could be known by; of a link only what two ways to the same page have in common.

    A title that says little is no name. One that is missing is made of the summary, and a relative link leads
    wherever the feed says: those might be any.
    """
    title = _TITLE.search(item)
    words = " ".join(_text(title[1]).split()) if title else ""
    if not words or is_telling(words):
        yield words.casefold() or _ANY
    for pattern in _ADDRESSES:
        for found in pattern.findall(item):
            if address := _text(found).strip():
                known = canonical_link(address) if "?" in address or "#" in address else address
                yield known.rpartition("://")[2].removeprefix("www.").rstrip("/").casefold()
                if pattern in _LINKS and "://" not in address:
                    yield _ANY


def _text(markup: str) -> str:
    return html.unescape(_CDATA.sub(r"\1", markup) if "<![" in markup else markup)
