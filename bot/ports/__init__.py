"""The sockets of the core: what it asks of the world, and no more.

To add a chat network, a feed source or a database, write a class with these methods and plug it in in `bot.app`.
Any method of a store can raise StoreError.
"""

from bot.ports.chat import Chat, Inlet, SecondCopyError, UnreachableError
from bot.ports.news import Archive, Coverage
from bot.ports.people import RESTORED_AT, Owed, People, Queue
from bot.ports.way_in import Fetched, Fetcher, NotModified, Parsed, Parser

__all__ = [
    "RESTORED_AT",
    "Archive",
    "Chat",
    "Coverage",
    "Fetched",
    "Fetcher",
    "Inlet",
    "NotModified",
    "Owed",
    "Parsed",
    "Parser",
    "People",
    "Queue",
    "SecondCopyError",
    "UnreachableError",
]
