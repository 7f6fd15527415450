"""feedparser without what it does for nothing, in the whole process that imports this; what it reads stays the same."""

import re
from typing import Any

import feedparser

__all__ = ["feedparser"]

_CONTROLS = re.compile("[\x80-\x9f]")


class _Text(str):
    """The text of an element. It is looked up character by character only if a character in it can be found."""

    __slots__ = ()

    def translate(self, table: Any) -> str:
        """Return the text, with what stands in the place of controls read as Windows-1252 has it."""
        return super().translate(table) if _CONTROLS.search(self) else str(self)


class _StrictParser(feedparser.api.StrictFeedParser):  # type: ignore[misc]
    def decode_entities(self, element: str, data: str) -> str:
        """Return *data* with its entities read; feedparser translates it next: a third of the parse, if in Cyrillic."""
        return _Text(super().decode_entities(element, data))


feedparser.api.StrictFeedParser = _StrictParser
# Expat alone, whatever else is installed; and feedparser looks for another parser on the disk at each feed.
feedparser.api.PREFERRED_XML_PARSERS.clear()
