"""The news of the drills: a source reports ceasefires, another reports some of them too, and some are taken back."""

import re
import time
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from xml.sax.saxutils import escape

from tests.feed_server import Answer, Asked, FeedServer

PARTIES = (
    "Russia and Ukraine",
    "Israel and Hamas",
    "Israel and Hezbollah",
    "Sudan's army and RSF",
    "Thailand and Cambodia",
    "India and Pakistan",
    "Congo and M23 rebels",
    "Pakistan and Afghanistan",
    "Colombia and ELN",
    "Armenia and Azerbaijan",
)
_PARTIES = "(?P<parties>" + "|".join(PARTIES) + ")"
_QUOTED = (
    re.compile(rf"{_PARTIES} agree (?P<days>\d+)-day ceasefire"),
    re.compile(rf"(?P<days>\d+)-day ceasefire agreed between {_PARTIES}"),
)
_TAKEN_BACK = re.compile(r"Heavy rain over field (\d+)")
FEEDS = {"/news": "reuters", "/more": "suspilne"}
"""The feeds of two publishers, of two families and blocs: what both report is confirmed."""
RECENT = 20
"""Only one of so many newest headlines goes on: older ones have left the feed, or soon will."""


class Standing(StrEnum):
    """How a headline stands, in the word that an alert of it has in its first line."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"

    def opens(self, text: str) -> bool:
        """Tell whether *text* says so at its beginning."""
        return bool(re.search(rf"\b{self}\b", text.partition("\n")[0]))


def headline(number: int) -> str:
    """Return news that is a story of its own: a ceasefire of a length, or between parties, that no other has."""
    return f"{PARTIES[number % len(PARTIES)]} agree {_days(number)}-day ceasefire, Qatar says"


def second_headline(number: int) -> str:
    """Return the same news in the words of the second publisher."""
    return f"{_days(number)}-day ceasefire agreed between {PARTIES[number % len(PARTIES)]}"


def _days(number: int) -> int:
    return 11 + number // len(PARTIES)


def number_of(text: str) -> int | None:
    """Return which headline a message quotes, or says is taken back; None if none."""
    if taken_back := _TAKEN_BACK.search(text):
        return int(taken_back[1])
    found = next((match for quoted in _QUOTED if (match := quoted.search(text))), None)
    return (int(found["days"]) - 11) * len(PARTIES) + PARTIES.index(found["parties"]) if found else None


class News(FeedServer):
    """Two feeds, one of the newest 100 headlines, one of those that are confirmed.

    The first headline is the baseline, alerted to nobody.
    """

    def __init__(self) -> None:
        super().__init__()
        self.published: list[datetime] = []
        self.standings: list[Standing] = []
        self._confirmed: dict[int, datetime] = {}
        self._versions = 0
        self._newest = dict[str, int]()
        self._fetched = dict[int, float]()
        self.publish()

    def tables(self) -> str:
        """Return both feeds as they stand in a config.toml."""
        return "".join(
            f'[[feeds]]\nurl = "{self.url(path)}"\npublisher = "{publisher}"\nevery = "1 s"\n'
            for path, publisher in FEEDS.items()
        )

    @property
    def numbers(self) -> Sequence[int]:
        """The headlines that every reader is due."""
        return range(1, len(self.published))

    # -- what happens
    def publish(self, many: int = 1) -> None:
        """Bring *many* new headlines."""
        self.published += [datetime.now(UTC)] * many
        self.standings += [Standing.UNCONFIRMED] * many
        self._serve()

    def confirm(self, number: int) -> None:
        """Let the second publisher report it too."""
        self._confirmed[number] = datetime.now(UTC)
        self.standings[number] = Standing.CONFIRMED
        self._serve()

    def take_back(self, number: int) -> None:
        """Let everybody who reported it report something else at the same address."""
        self.standings[number] = Standing.WITHDRAWN
        self._serve()

    def go_on(self, dice: Random, told: Container[int | None]) -> None:
        """Let something happen: mostly news, else a headline of late is confirmed or taken back; at times nothing.

        Only what somebody was *told* is taken back: else nobody need ever hear of it.
        """
        recent = [number for number in self.numbers[-RECENT:] if self.standings[number] is not Standing.WITHDRAWN]
        unconfirmed = [number for number in recent if self.standings[number] is Standing.UNCONFIRMED]
        recent = [number for number in recent if number in told]
        match dice.choices(("publish", "confirm", "take back", "nothing"), (50, 25, 15, 10))[0]:
            case "confirm" if unconfirmed:
                self.confirm(dice.choice(unconfirmed))
            case "take back" if recent:
                self.take_back(dice.choice(recent))
            case "nothing":
                return
            case _:
                self.publish()

    # -- the feeds
    def _serve(self) -> None:
        self._versions += 1
        etag = f'"{self._versions}"'
        self._newest[etag] = len(self.published)
        newest = list(enumerate(self.published))[-100:]
        first = [self._item(number, headline(number), at) for number, at in newest]
        second = [self._item(number, second_headline(number), at) for number, at in self._confirmed.items()]
        # What a feed brings is told only if most of it is known already: it has always had these.
        ordinary = [_xml(f"Council meets on matter {n}", f"m{n}", self.published[0]) for n in range(20)]
        self.serve("/news", Answer(body=_rss(first), etag=etag))
        self.serve("/more", Answer(body=_rss([*ordinary, *second[-80:]]), etag=etag))

    def _item(self, number: int, title: str, at: datetime) -> str:
        taken_back = self.standings[number] is Standing.WITHDRAWN
        return _xml(f"Heavy rain over field {number}" if taken_back else title, str(number), at)

    def answer(self, asked: Asked) -> Answer:
        answer = super().answer(asked)
        if asked.path == "/news":
            self._fetched.setdefault(self._newest[answer.etag], time.time())
        return answer

    def fetched_at(self, number: int) -> float:
        """Return when somebody was first given the headline."""
        return min(at for newest, at in self._fetched.items() if newest > number)


def _xml(title: str, guid: str, at: datetime) -> str:
    return (
        f"<item><title>{escape(title)}</title><guid>{guid}</guid>"
        f"<link>https://news.example.org/{guid}</link><pubDate>{format_datetime(at)}</pubDate></item>"
    )


def _rss(items: Sequence[str]) -> bytes:
    return f'<rss version="2.0"><channel><title>News</title>{"".join(reversed(items))}</channel></rss>'.encode()
