"""Take the words out of a title's or summary's markup. Pure."""

import html
import re

from bot.poll.encoding import mended
from bot.text import clean, cut

MAX_FIELD = 4000
_MAX_MARKUP = 16 * MAX_FIELD
"""Of a field's markup no more is looked at."""

# Each pattern runs to the end of the text where its own end is missing: a text full of beginnings costs one pass.
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|iframe|noscript)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
# What a tag holds; a ">" in quotes does not end it, unless the quotes are not in order either.
_REST = r"""(?:(?:[^<>"']++|"[^"]*"|'[^']*')*+>|[^>]*(?:>|\Z))"""
_INLINE = "a|abbr|b|big|bdi|bdo|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u|wbr"
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})(?=[\s/>]|\Z){_REST}", re.IGNORECASE)
_TAG = re.compile(rf"<(?:!\[CDATA\[|[/!?]?[a-zA-Z]{_REST})")  # begins with one letter, which is quickly found
_CDATA_END = "]]>"
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);", re.IGNORECASE)


def plain_text(markup: str) -> str:
    """Return the words of a title or summary: tags and scripts taken off, entities read, misread bytes mended."""
    text = _without_tags(markup[:_MAX_MARKUP])
    if _ENTITY.search(text):
        # Escaped once by the feed's writer and once more by the program that made the feed.
        text = _without_tags(html.unescape(text))
    return cut(clean(mended(html.unescape(text))), MAX_FIELD)


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub(" ", _INLINE_TAG.sub("", _HIDDEN.sub(" ", text))).replace(_CDATA_END, " ")
