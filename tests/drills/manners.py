"""R15: a day of polling, by a clock that leaps, at servers that keep a log and know when they may be asked again."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from random import Random
from threading import Lock

from bot.demo import WeekClock
from bot.model import MOVED_AFTER, Feed
from bot.poll.schedule import SHORTEST_WAIT
from bot.stages.poll import Polled, Polling
from tests.drills.figures import Figures
from tests.feed_server import Answer, Asked
from tests.web import CONTACT, Web

START = datetime(2026, 3, 6, 6, 0, tzinfo=UTC)
"""A Friday morning: a long run meets the days on which a feed does not want to be asked."""
HOSTS = 4
MOVES_AFTER, GOES_AFTER = timedelta(hours=3), timedelta(hours=4)
EVERY = timedelta(hours=3)
"""How often each feed publishes something."""
FEWEST_CONDITIONAL = 0.95
LONGEST_SILENCE = timedelta(hours=26)
"""A feed that is up and was not asked for so long was given up without a word."""
ASKED_BY = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}


@dataclass(frozen=True, kw_only=True)
class Manners(Figures):
    """What the servers saw. *early* requests came before their time; *offered* are those that could be conditional."""

    hours: float
    feeds: int
    requests: int
    early: Sequence[str]
    offered: int
    conditional: int
    most_at_once: int
    after_gone: int
    after_moved: int
    news_of_moved: int
    silent: Sequence[str]
    anonymous: int

    def measured(self) -> str:
        return (
            f"{self.hours:g} h, {self.feeds} feeds on {HOSTS} hosts, {self.requests} requests: "
            f"{len(self.early)} before their time, {self.conditional} of {self.offered} conditional, "
            f"{self.most_at_once} at once per host, {self.after_gone} too many to a feed that is gone, "
            f"{self.after_moved} to an old address"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            f"asked before the allowed time: {', '.join(self.early[:5])}": self.early,
            "too few requests were conditional": self.conditional < FEWEST_CONDITIONAL * self.offered,
            "a host was asked for two things at once": self.most_at_once > 1,
            "a feed that is gone was asked again": self.after_gone,
            "a feed that has moved was asked for at its old address": self.after_moved,
            "entries of a feed that has moved became new": self.news_of_moved,
            f"no longer asked: {', '.join(self.silent)}": self.silent,
            "a request did not say whose it is": self.anonymous,
        }


# ------------------------------------------------------------------------------------------ the servers
@dataclass(frozen=True)
class Custom:
    """How one feed is served: what its answers ask for, and until when it must not be asked after one given *now*."""

    head: str = ""
    headers: Callable[[datetime], Mapping[str, str]] = lambda now: {}
    validators: Mapping[str, str] = field(default_factory=dict)
    status: Callable[[Random], int] = lambda dice: 200
    may_be_asked: Callable[[datetime, int], datetime] = lambda now, status: now


def _after(**wait: float) -> Callable[[datetime, int], datetime]:
    return lambda now, status: now + timedelta(**wait)


def _open_hours(now: datetime, status: int) -> datetime:
    """Return the next moment that is not from 22 to 5 o'clock."""
    while now.hour in (22, 23, 0, 1, 2, 3, 4):
        now = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return now


def _weekdays(now: datetime, status: int) -> datetime:
    while now.weekday() in (5, 6):
        now = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return now


_NIGHT = "".join(f"<hour>{hour}</hour>" for hour in (22, 23, 0, 1, 2, 3, 4))
ETAG, DATED = {"etag": "W/\"odd 'tag'\\\""}, {"last_modified": "some time on Friday"}
CUSTOMS: Mapping[str, Custom] = {
    "plain": Custom(),
    "etag": Custom(validators=ETAG),
    "dated": Custom(validators=DATED),
    "both": Custom(validators=ETAG | DATED),
    "max-age": Custom(
        validators=ETAG, headers=lambda now: {"Cache-Control": "public, max-age=5400"}, may_be_asked=_after(minutes=90)
    ),
    "aged": Custom(
        validators=ETAG,
        headers=lambda now: {"Cache-Control": "max-age=9000", "Age": "1800"},
        may_be_asked=_after(hours=2),
    ),
    "expires": Custom(
        validators=DATED,
        headers=lambda now: {"Date": format_datetime(now), "Expires": format_datetime(now + timedelta(hours=2))},
        may_be_asked=_after(hours=2),
    ),
    "ttl": Custom(head="<ttl>75</ttl>", validators=ETAG, may_be_asked=_after(minutes=75)),
    "nights-off": Custom(head=f"<skipHours>{_NIGHT}</skipHours>", validators=ETAG, may_be_asked=_open_hours),
    "weekends-off": Custom(
        head="<skipDays><day>Saturday</day><day>Sunday</day></skipDays>", validators=DATED, may_be_asked=_weekdays
    ),
    "busy": Custom(
        validators=ETAG,
        status=lambda dice: dice.choice((200, 429)),
        headers=lambda now: {"Retry-After": "10800"},
        may_be_asked=lambda now, status: now + timedelta(hours=3 if status == 429 else 0),
    ),
    "down-until": Custom(
        validators=ETAG,
        status=lambda dice: dice.choice((200, 503)),
        headers=lambda now: {"Retry-After": format_datetime(now + timedelta(hours=5))},
        # A date in a header has no fractions of a second.
        may_be_asked=lambda now, status: now.replace(microsecond=0) + timedelta(hours=5 if status == 503 else 0),
    ),
    "shaky": Custom(validators=ETAG, status=lambda dice: dice.choice((200, 200, 500, 404))),
    "moves": Custom(validators=ETAG),
    "goes": Custom(validators=ETAG),
}


class Log(Web):
    """Serves every custom on every host, and minds the manners of who asks."""

    def __init__(self, clock: WeekClock, seed: int) -> None:
        super().__init__()
        self.early: list[str] = []
        self.asked: Counter[str] = Counter()
        self.last: dict[str, datetime] = {}
        self.offered = self.conditional = self.anonymous = 0
        self.sent_away: Counter[str] = Counter()
        self.published: set[str] = set()
        self._clock, self._dice, self._minding = clock, Random(seed), Lock()
        self._allowed: dict[str, datetime] = {}
        self._given: dict[str, Mapping[str, str]] = {}

    def answer(self, asked: Asked) -> Answer:
        self.bear(asked.headers["Host"])
        with self._minding:
            url, name = f"http://{asked.headers['Host']}{asked.path}", asked.path.strip("/")
            self._mind(url, asked)
            return self._answer(url, name, self._clock())

    def _mind(self, url: str, asked: Asked) -> None:
        now = self._clock()
        if now < self._allowed.get(url, now):
            self.early.append(f"{url} at {now:%a %H:%M:%S}, not before {self._allowed[url]:%a %H:%M:%S}")
        if given := self._given.get(url):
            self.offered += 1
            self.conditional += all(asked.headers.get(name) == value for name, value in given.items())
        self.anonymous += not (asked.headers["User-Agent"].startswith("Parley/") and CONTACT in str(asked.headers))
        self.asked[url] += 1
        self.last[url] = now

    def _answer(self, url: str, name: str, now: datetime) -> Answer:
        if name == "moves" and now >= START + MOVES_AFTER:
            self.sent_away[url] += 1
            return Answer(status=301, headers={"Location": "/moved"})
        if name == "goes" and now >= START + GOES_AFTER:
            self.sent_away[url] += 1
            return Answer(status=410)
        custom = CUSTOMS["moves" if name == "moved" else name]
        status = custom.status(self._dice)
        self._allowed[url] = max(custom.may_be_asked(now, status), now + SHORTEST_WAIT)
        if status != HTTPStatus.OK:
            return Answer(status=status, headers=custom.headers(now))
        issue = int((now - START) / EVERY)
        self.published |= {f"{url.replace('moved', 'moves')} {number}" for number in range(issue + 1)}
        validators = {key: f"{value}{issue}" for key, value in custom.validators.items()}
        self._given[url] = {ASKED_BY[key]: value for key, value in validators.items()}
        headers = {key: value for key, value in custom.headers(now).items() if key != "Retry-After"}
        return Answer(
            body=_body(custom.head, issue),
            headers=headers,
            etag=validators.get("etag", ""),
            last_modified=validators.get("last_modified", ""),
        )


def _body(head: str, issue: int) -> bytes:
    items = "".join(f"<item><title>Item {n}</title><guid>{n}</guid></item>" for n in range(issue, -1, -1))
    return f"<rss version='2.0'><channel><title>News</title>{head}{items}</channel></rss>".encode()


# ------------------------------------------------------------------------------------------ the day
async def manners(hours: float, seed: int) -> Manners:
    """Poll every feed for so many simulated hours."""
    clock = WeekClock(START)
    end = START + timedelta(hours=hours)
    feeds = [
        Feed(url=f"http://host-{number}.example/{name}", title=name) for number in range(HOSTS) for name in CUSTOMS
    ]
    news_of_moved = 0
    with tempfile.TemporaryDirectory(prefix="parley-drill-") as folder, Log(clock, seed) as web:
        async with web.reading(Path(folder), feeds, clock) as polling:
            while clock.at < end:
                polled = await _tick(polling, clock)
                news_of_moved += sum(one.new for one in polled if one.url.endswith("/moves"))
    published = sum("/moves " in item for item in web.published)
    answering = [feed.url for feed in feeds if not feed.url.endswith(("/goes", "/moves"))]
    return Manners(
        secrets=0,
        hours=hours,
        feeds=len(feeds),
        requests=web.asked.total(),
        early=web.early,
        offered=web.offered,
        conditional=web.conditional,
        most_at_once=max(web.most_at_once.values()),
        after_gone=sum(max(0, times - 2) for url, times in web.sent_away.items() if url.endswith("/goes")),
        after_moved=sum(max(0, times - MOVED_AFTER) for url, times in web.sent_away.items() if url.endswith("/moves")),
        news_of_moved=max(0, news_of_moved - published),
        silent=[url for url in answering if end - web.last[url] > LONGEST_SILENCE],
        anonymous=web.anonymous,
    )


async def _tick(polling: Polling, clock: WeekClock) -> Sequence[Polled]:
    """Poll what is due, in two ticks that overlap; then let the time leap to when something is due again."""

    async def poll() -> Sequence[Polled]:
        return await polling.poll(polling.due())

    polled = [one for ones in await asyncio.gather(poll(), poll()) for one in ones]
    due = [state.next_check_at for state in polling.all_states() if not state.stopped_at]
    clock.at = max(min(due), clock.at + timedelta(seconds=1))
    return polled
