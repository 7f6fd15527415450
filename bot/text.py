"""Text helpers that every room shares. Pure."""

import difflib
import html
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


def clean(text: str) -> str:
    """Return *text* as one line of what can be seen: no control, bidi or zero-width characters, single spaces.

    The joiners that scripts need (U+200C, U+200D) stay.
    """
    if text.isprintable():  # nearly every one is: there are no spaces but plain ones then, and nothing to take out
        return " ".join(unicodedata.normalize("NFC", text).split())
    seen = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    return _SPACE.sub(" ", unicodedata.normalize("NFC", seen)).strip()


def utf16_length(text: str) -> int:
    """Return the length of *text* in UTF-16 units, as Telegram counts offsets."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """Return *text* in at most *most* UTF-16 units, ending in … where it was cut, never within a character."""
    if utf16_length(text) <= most:
        return text
    kept = text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    while kept and (unicodedata.combining(kept[-1]) or kept[-1] in "\u200d\ufe0f"):
        kept = kept[:-1]
    return kept.rstrip() + "…"


def escape(text: str) -> str:
    """Return *text* cleaned and safe inside a message's HTML."""
    return html.escape(clean(text), quote=False)


def safe_link(url: str) -> str:
    """Return *url* if a message may carry it (plain http or https, no user part), else ""."""
    if not re.fullmatch(r"https?://[^\s\x00-\x20<>\"\\]{3,1900}", url):
        return ""
    host = url.split("/", 3)[2]
    return "" if "@" in host or _INVISIBLE.search(url) else url


def link_host(url: str) -> str:
    """Return the host that *url* really leads to, "" for what no message may link to."""
    try:
        return (urlsplit(safe_link(url)).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def plain(message_html: str) -> str:
    """Return the words of a message's HTML, tags taken off."""
    return html.unescape(_TAG.sub("", message_html))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the nearest of *known*, "" if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {str(near[0])!r}?" if near else ""
