"""Read only what is new of a feed that has changed: items that stood in its last body word for word are known. Pure.

A body is cut into its items. Those that were not seen in the last one are put between the feed's own beginning and
end, and only that is parsed. On any doubt the whole body is: what is read must be what the whole would have given.
Bytes are cut, which holds in every encoding that writes tags as ASCII does; a body in UTF-16 is read in whole.
Nothing is remembered of a body that is not well-formed, so it is read in whole the next time too.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

from bot.poll.encoding import decode_as, encoding_of, has_controls
from bot.poll.identity import canonical_link, is_telling
from bot.poll.parse import MAX_ENTRIES, read, read_text
from bot.poll.raw import HASH_LENGTH, RawFeed

_TAGS = (
    (re.compile(rb"<item[\s>]"), re.compile(rb"</item>")),
    (re.compile(rb"<entry[\s>]"), re.compile(rb"</entry>")),
)
_SECTIONS = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"))
_ROOT_ENDS = re.compile(rb"<(?:channel|title)\b")

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_TITLE = re.compile(rb"<title\b[^>]*>(.*?)</title", re.DOTALL)
_ANY = ""
_LINKS = (
    re.compile(rb"<link\b(?:[^>]*[^/>])?>(.*?)</link", re.DOTALL),
    re.compile(rb"<link\b[^>]*?\bhref\s*=\s*[\"']([^\"']*)"),
)
_ADDRESSES = (
    *_LINKS,
    re.compile(rb"<(?:guid|id|dc:identifier)\b[^>]*>(.*?)</", re.DOTALL),
    re.compile(rb"rdf:about\s*=\s*[\"']([^\"']*)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A feed's bytes: what stands before its items, the items, what stands after them."""

    head: bytes
    items: Sequence[bytes]
    tail: bytes


def read_unseen(body: bytes, url: str, content_type: str = "", seen: str = "") -> RawFeed:
    """Return what *body* has besides items *seen* (the hashes that came with the last one); all of it on any doubt.

    Raise NoFeedError if it is no feed.
    """
    cut = cut_items(body)
    if cut is None:
        return read(body, url, content_type)
    hashes = item_hashes(cut)
    new = unseen(hashes, seen)
    raw = _read_items(cut, new, body, url, content_type) if len(new) < len(hashes) else None
    raw = raw or read(body, url, content_type)
    return raw._replace(offered=len(hashes), hashes="" if raw.broken else "".join(hashes))


def _read_items(cut: Cut, numbers: Sequence[int], body: bytes, url: str, content_type: str) -> RawFeed | None:
    """Return the items of these *numbers*, None if they are nothing without the others."""
    if not numbers:
        return RawFeed("", "", ())
    encoding = encoding_of(body, content_type)
    if has_controls(body) or not _stand_alone(cut, numbers, encoding):
        return None
    some = b"".join([cut.head, *(cut.items[number] for number in numbers), cut.tail])
    raw = read_text(decode_as(encoding, some).strip(), url)
    return None if raw.broken else raw


# ------------------------------------------------------------------------------------------ cutting
def cut_items(body: bytes) -> Cut | None:
    """Return *body* cut into items; None if there are none, too many, or if it is not sure where each begins."""
    opening, closing = next((tag for tag in _TAGS if tag[1].search(body)), _TAGS[0])
    begins = [found.start() for found in opening.finditer(body)]
    ends = [found.end() for found in closing.finditer(body)]
    in_turn = list(chain.from_iterable(zip(begins, ends, strict=False)))
    if not 0 < len(begins) == len(ends) <= MAX_ENTRIES or in_turn != sorted(in_turn):
        return None
    head, tail = body[: begins[0]], body[ends[-1] :]
    items = [body[begin:end] for begin, end in zip(begins, ends, strict=True)]
    between = b"".join(body[end:begin] for end, begin in zip(ends, begins[1:], strict=False))
    sections = [marks for marks in _SECTIONS if marks[0] in body]
    whole = all(piece.count(begin) == piece.count(end) for begin, end in sections for piece in (head, *items, tail))
    return Cut(head=head, items=items, tail=tail) if whole and not between.strip() else None


def item_hashes(cut: Cut) -> list[str]:
    """Return a hash of each item; others if the feed's outermost tag or its own link is another.

    The one has the namespaces of all items, relative links are relative to the other.
    """
    end = _ROOT_ENDS.search(cut.head)
    links = [link for pattern in _LINKS for link in pattern.findall(cut.head + cut.tail)]
    frame = xxh3_64_intdigest(b"\n".join([cut.head[: end.start() if end else None], *links]))
    return [xxh3_64_hexdigest(item, seed=frame)[:HASH_LENGTH] for item in cut.items]


def unseen(hashes: Sequence[str], seen: str) -> Sequence[int]:
    """Return the numbers of the items whose *hashes* are not among those *seen*."""
    known = {seen[at : at + HASH_LENGTH] for at in range(0, len(seen), HASH_LENGTH)}
    return [number for number, hash in enumerate(hashes) if hash not in known]


# ------------------------------------------------------------------------------------------ doubting
def _stand_alone(cut: Cut, numbers: Sequence[int], encoding: str) -> bool:
    """Return whether the items of these *numbers* share no id, link or title with another item of the feed.

    What an entry is known by depends on all that share it (`bot.poll.identity`), so such entries need each other.
    """
    names = [set(_names(item, encoding)) for item in cut.items]
    owners = Counter(name for each in names for name in each)
    return _ANY not in owners and all(owners[name] == 1 for number in numbers for name in names[number])


def _names(item: bytes, encoding: str) -> Iterator[str]:
    """Yield what *item* could be known by; of a link only what two ways to the same page have in common.

    A title that says little is no name. One that is missing is made of the summary, and a relative link leads
    wherever the feed says: those might be any.
    """
    title = _TITLE.search(item)
    words = " ".join(_text(title[1], encoding).split()) if title else ""
    if not words or is_telling(words):
        yield words.casefold() or _ANY
    for pattern in _ADDRESSES:
        for found in pattern.findall(item):
            if address := _text(found, encoding).strip():
                known = canonical_link(address) if "?" in address or "#" in address else address
                yield known.rpartition("://")[2].removeprefix("www.").rstrip("/").casefold()
                if pattern in _LINKS and "://" not in address:
                    yield _ANY


def _text(markup: bytes, encoding: str) -> str:
    text = markup.decode(encoding, "replace")
    return html.unescape(_CDATA.sub(r"\1", text) if "<![" in text else text)
