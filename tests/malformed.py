"""Feeds as nobody should write them: those at hand, damaged at random but the same at every run."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.shared import SHARED

_HEAD = "<?xml version='1.0' encoding='{encoding}'?><rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel>"
_ITEM = (
    "<item><title>Перемир'я &amp; talks {n}</title><link>https://news.example/{n}?utm_source=rss</link>"
    "<guid isPermaLink='false'>{n}</guid><pubDate>Sun, 11 May 2025 10:{n:02}:00 +0300</pubDate>"
    "<description><![CDATA[<p>Day {n} <img src='https://pixel.example/{n}.gif' width='1'> of talks</p>]]></description>"
    "<media:title>Picture {n}</media:title></item>"
)
_JUNK = (
    *(
        b"<",
        b">",
        b"&",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"</item>",
        b"<item>",
        b"<item",
        b"</channel>",
        b"<entry>",
    ),
    *(b"\x00", b"\xff\xfe", b"\xc3", b"\xef\xbb\xbf", b"&#0;", b"&#xd800;", b"&nosuch;", b"<?xml version='9'?>", b"{"),
    *(
        b"<title>",
        b"</rss>",
        b"<guid/>",
        b"<link/>",
        b"xmlns:a b='c'",
        b"<!DOCTYPE x [",
        b"<pubDate>99 Foo 0</pubDate>",
    ),
)
_TAGS = (
    *("rss", "feed", "rdf:RDF", "channel", "item", "entry", "title", "link", "guid", "id", "description", "summary"),
    *("content", "content:encoded", "pubDate", "updated", "dc:date", "author", "source", "media:content", "image"),
    *("enclosure", "ttl", "skipHours", "hour", "html", "body", "p", "b", "script", "svg"),
)
_ATTRIBUTES = (
    *(" version='2.0'", " type='xhtml'", " type='html'", " rel='self'", " href='//news.example/x'", " href=':'"),
    *(" isPermaLink='true'", " xml:base='http://[::1'", " xml:lang='u k'", " x"),
    " xmlns='http://www.w3.org/2005/Atom'",
)
_WORDS = (
    *("Перемир'я", "talks &amp; truce", "&lt;p&gt;day", "<![CDATA[<b>x</b>]]>", "http://a.example", "]]>", " "),
    *("2026-03-04T05:06:07Z", "Sun, 31 Feb 0000 99:99:99 +9999", "9" * 40, "\u202e\u200b", "&#0;", "<!-- -"),
    "&#xD83D;&#xDE00;",
)


def own_feeds() -> Sequence[bytes]:
    """Return small good feeds in several formats and encodings."""
    items = "".join(_ITEM.format(n=n) for n in range(12))

    def rss(declared: str, written: str) -> bytes:
        return f"{_HEAD.format(encoding=declared)}<title>News</title>{items}</channel></rss>".encode(written, "replace")

    atom = "".join(
        f"<entry><title>Talks {n}</title><id>tag:{n}</id><link href='https://news.example/{n}'/>"
        f"<updated>2025-05-11T10:00:00Z</updated></entry>"
        for n in range(12)
    )
    rdf = "".join(
        f"<item rdf:about='https://news.example/{n}'><title>Talks {n}</title><link>https://news.example/{n}</link></item>"
        for n in range(12)
    )
    return (
        rss("utf-8", "utf-8"),
        rss("windows-1251", "cp1251"),
        rss("utf-8", "cp1251"),
        rss("utf-16", "utf-16"),
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{atom}</feed>".encode(),
        f"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
        f"<channel><title>News</title></channel>{rdf}</rdf:RDF>".encode(),
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "title": "Talks"}, {"id": "2"}, 3]}',
    )


def wrapped(inner: str, doctype: str = "") -> bytes:
    return f"<?xml version='1.0'?>{doctype}<rss version='2.0'><channel><item>{inner}</item></channel></rss>".encode()


def slow_feed() -> bytes:
    """Return a feed that keeps the parser busy for minutes: it compares each attribute with all the others."""
    attributes = " ".join(f'a{n}="1"' for n in range(80_000))
    return f"<rss version='2.0' {attributes}><channel></channel></rss>".encode()


def bombs() -> Mapping[str, bytes]:
    """Return small bodies that take a parser minutes or gigabytes, by what is bad about them."""
    billion = "".join(f"""<!ENTITY a{n} "{f"&a{n - 1};" * 10}">""" for n in range(1, 10))
    return {
        "entities of entities": wrapped("<title>&a9;</title>", f'<!DOCTYPE rss [<!ENTITY a0 "lol">{billion}]>'),
        "one large entity": wrapped(
            f"<title>{'&a;' * 9000}</title>", '<!DOCTYPE rss [<!ENTITY a "' + "A" * 60_000 + '">]>'
        ),
        "a local file": wrapped("<title>x&x;</title>", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "comments": wrapped(f"<description><![CDATA[{'<!--' * 200_000}]]></description>"),
        "attributes": slow_feed(),
        "deep markup": wrapped(f"<title>{'<b>' * 200_000}</title>"),
        "deep elements": wrapped("<x>" * 300_000),
        "many items": wrapped("</item><item>".join(["<title>x</title>"] * 100_000)),
        "half tags": wrapped(f"<description>{'&lt;a ' * 300_000}</description>"),
        "half attributes": wrapped("<description><![CDATA[" + "<a href='" * 200_000 + "]]></description>"),
        "ampersands": wrapped(f"<title>{'&' * 500_000}</title>"),
        "a date of digits": wrapped(f"<title>x</title><pubDate>{'1' * 100_000}</pubDate>"),
        "a long word": wrapped(f"<title>{'A' * 9_000_000}</title>"),
        "brackets": b"<!DOCTYPE " + b"[" * 100_000 + wrapped("<title>Truce</title>"),
        "deep json": b'{"a":' + b"[" * 1_000_000,
        "a number of digits": b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"9" * 1_000_000 + b"]}",
        "many json items": b'{"version": "https://jsonfeed.org/version/1", "items": [{"title": "x"}'
        + b',{"title":"x"}' * 200_000
        + b"]}",
        "a page of links": b"<!doctype html><html>" + b"".join(b"<a href='/rss?%d'>" % n for n in range(30_000)),
        "a page of attributes": b"<!doctype html><html>" + (b"<a " + b"a" * 3_990 + b">") * 130,
        "instructions": wrapped("<?x y?>" * 200_000),
        "sections": wrapped(f"<description>{'<![CDATA[' * 150_000}</description>"),
        "declarations": wrapped("<title>x</title>", f"<!DOCTYPE rss [{'<!ATTLIST rss a CDATA #IMPLIED>' * 50_000}]>"),
        "references": wrapped(f"<title>{'&#x1F600;' * 900_000}</title>"),
        "links": wrapped(f"<title>x</title>{'<link>http://x.example/</link>' * 100_000}"),
        "enclosures": wrapped("<title>x</title>" + "<enclosure url='http://x.example/' length='1'/>" * 100_000),
        "deep xhtml": wrapped(f"<title type='xhtml'>{'<b>' * 100_000}{'</b>' * 100_000}</title>"),
        "fields at their most": _fat("\N{CYRILLIC SMALL LETTER YI}" * 2_000),
        "nothing at all": b"\xff\xfe" + bytes(9_000_000),
    }


def _fat(text: str) -> bytes:
    """Return a feed of as many entries as are read, *text* in each field."""
    items = (f"<item><title>{n} {text}</title><description>{text}</description></item>" for n in range(200))
    return f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>".encode()


def captured_feeds() -> Sequence[bytes]:
    """Return the feeds that were captured from the real world, none where they are not at hand."""
    return [path.read_bytes() for path in sorted((SHARED / "feeds").glob("*.xml"))]


def malformed_feeds(feeds: Sequence[bytes], number: int, seed: int) -> Iterator[bytes]:
    """Yield so many bodies: three of four are *feeds* with things done to them, one is grown out of nothing."""
    broken, rng = damaged(feeds, number, seed), random.Random(seed)
    for count in range(number):
        encoding = rng.choice(("utf-8", "utf-16", "cp1251"))
        yield next(broken) if count % 4 else _grown(rng, depth=6).encode(encoding, "replace")


def _grown(rng: random.Random, depth: int) -> str:
    """Return elements of feeds within each other, without rhyme or reason."""
    if not depth or rng.random() < 0.2:
        return rng.choice(_WORDS) * rng.choice((0, 1, 1, 300))
    tag, attributes = rng.choice(_TAGS), "".join(rng.choices(_ATTRIBUTES, k=rng.randint(0, 2)))
    inner = "".join(_grown(rng, depth - 1) for _ in range(rng.randint(0, 5)))
    return f"<{tag}{attributes}>{inner}</{rng.choice((tag, tag, tag, rng.choice(_TAGS)))}>"


def damaged(feeds: Sequence[bytes], number: int, seed: int) -> Iterator[bytes]:
    """Yield so many feeds, each one of *feeds* with one to six things done to it."""
    rng = random.Random(seed)
    for _ in range(number):
        body = rng.choice(feeds)
        for _ in range(rng.randint(1, 6)):
            body = rng.choice(_DAMAGES)(body, rng)
        yield body


def _place(body: bytes, rng: random.Random) -> tuple[int, int]:
    begin = rng.randrange(len(body) + 1)
    return begin, min(len(body), begin + rng.choice((1, 10, 500, 5000)))


def _cut_off(body: bytes, rng: random.Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _leave_out(body: bytes, rng: random.Random) -> bytes:
    begin, end = _place(body, rng)
    return body[:begin] + body[end:]


def _say_twice(body: bytes, rng: random.Random) -> bytes:
    begin, end = _place(body, rng)
    return body[:end] + body[begin:end] * rng.randint(1, 20) + body[end:]


def _garble(body: bytes, rng: random.Random) -> bytes:
    begin, end = _place(body, rng)
    return body[:begin] + rng.randbytes(end - begin) + body[end:]


def _put_in(body: bytes, rng: random.Random) -> bytes:
    begin, _ = _place(body, rng)
    return body[:begin] + rng.choice(_JUNK) * rng.choice((1, 1, 1, 50)) + body[begin:]


def _swap_brackets(body: bytes, rng: random.Random) -> bytes:
    begin, end = _place(body, rng)
    return body[:begin] + body[begin:end].translate(bytes.maketrans(b"<>&\"'", b"><'&\"")) + body[end:]


def _read_wrongly(body: bytes, rng: random.Random) -> bytes:
    return body.decode(rng.choice(("cp1251", "cp1252", "koi8-u")), "replace").encode()


_DAMAGES: Sequence[Callable[[bytes, random.Random], bytes]] = (
    *(_cut_off, _leave_out, _say_twice, _garble, _put_in, _put_in, _put_in, _swap_brackets, _read_wrongly),
)
