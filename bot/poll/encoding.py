"""Read bytes whose encoding is declared wrongly, and mend text that was read wrongly before it came here. Pure.

A Cyrillic feed that is read in the wrong encoding matches no word of any rule: the news in it is lost without a sound.
"""

import codecs
import re
from contextlib import suppress

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_OF_TEXT = re.compile(r"ascii|big5|cp\d|euc|gb|iso2022|iso8859|koi8|mac|shift|tis|utf-(?:8|16|32)")
"""Python calls more things encodings: "hex", "idna", "unicode_escape"."""
_PROVING_NOTHING = frozenset({"", "utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})
"""What a program declares that gave no thought to it."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_CYRILLIC_RUN = re.compile(rb"[\xa8\xaa\xaf\xb2\xb3\xb4\xb8\xba\xbf\xc0-\xff]{3,}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""One such character makes the whole document unreadable to an XML parser."""
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))


def decode(body: bytes, content_type: str = "") -> str:
    """Return *body* as text: UTF-8 if it is, else as declared unless Windows-1251 is what it looks like."""
    return decode_as(encoding_of(body, content_type), body)


def decode_as(encoding: str, body: bytes) -> str:
    """Return *body*, which is in that *encoding*, as text that XML allows."""
    text = body.decode(encoding, "replace").removeprefix("\ufeff")
    # To look for them costs more than all the rest, and hardly any feed has one.
    clean = not has_controls(body) and "\ufffe" not in text and "\uffff" not in text
    return text if clean else _NOT_XML.sub("", text)


def has_controls(body: bytes) -> bool:
    """Return whether *body* has bytes that no text in an encoding like ASCII has."""
    return body.translate(None, _CONTROLS) != body


def encoding_of(body: bytes, content_type: str = "") -> str:
    """Return the name of the encoding that *body* is in, as far as anybody can tell."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _likely(body, _declared(body, content_type))
    return "utf-8"


def _declared(body: bytes, content_type: str) -> str:
    """Return the encoding's name as Python spells it, the feed's own word first; "" for one that nobody knows."""
    in_feed, in_header = _DECLARED.search(body, 0, 1000), _CHARSET.search(content_type)
    for name in (in_feed and in_feed[1].decode(), in_header and in_header[1]):
        with suppress(LookupError):
            if name and _OF_TEXT.match(codecs.lookup(name).name):
                return codecs.lookup(name).name
    return ""


def _likely(body: bytes, declared: str) -> str:
    if _is_damaged_utf8(body):
        return "utf-8"
    if declared in _PROVING_NOTHING:
        return "cp1251" if _looks_cyrillic(body) else "cp1252"
    return declared


def _is_damaged_utf8(body: bytes) -> bool:
    """Return whether *body* is UTF-8 but for a few bytes, such as a letter cut in two."""
    text = body.decode("utf-8", "replace")
    strange = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") * 10 <= strange


def _looks_cyrillic(body: bytes) -> bool:
    """Return whether the letters beyond ASCII stand in words of their own, as Cyrillic does and accents do not."""
    high = sum(map(len, _HIGH.findall(body)))
    return high > 0 and sum(map(len, _CYRILLIC_RUN.findall(body))) * 10 >= high * 7


# ------------------------------------------------------------------------------------------ text read wrongly before
def _byte_of(encoding: str) -> dict[int, int]:
    """Return the table from the characters of a one-byte *encoding* to its bytes, written as characters."""
    # Where the encoding has a hole, feedparser puts what Windows-1252 has there.
    names = [(byte, bytes([byte])) for byte in range(0x80, 0x100)]
    characters = {byte: name.decode(encoding, "ignore") or name.decode("cp1252", "ignore") for byte, name in names}
    return {ord(character): byte for byte, character in characters.items() if character}


def _misreading(byte_of: dict[int, int]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what UTF-8 looks like where the table read it, and what it never does.

    Each character of a first byte is followed by one of a later byte. In Ukrainian that happens too, but not always.
    """
    first = re.escape("".join(chr(code) for code, byte in byte_of.items() if 0xC2 <= byte <= 0xF4))
    later = re.escape("".join(chr(code) for code, byte in byte_of.items() if byte <= 0xBF))
    return re.compile(f"[{first}][{later}\x80-\xbf]"), re.compile(f"[{first}](?![{later}\x80-\xbf])")


_TABLES = tuple(_byte_of(encoding) for encoding in ("cp1251", "cp1252"))
_MISREADINGS = tuple((_misreading(byte_of), byte_of) for byte_of in _TABLES)


def mended(text: str) -> str:
    """Return *text*, or what it was before somebody took its UTF-8 for Windows-1251 or Windows-1252.

    Text that was read rightly is next to never valid UTF-8 once put back into bytes, so nothing good is touched.
    """
    for (likely, never), byte_of in _MISREADINGS:
        if likely.search(text) and not never.search(text):
            with suppress(UnicodeError):
                return text.translate(byte_of).encode("latin-1").decode("utf-8")
    return text
