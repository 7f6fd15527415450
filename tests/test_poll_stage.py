"""Polling as a whole: real HTTP through the real guard, real children, a real archive, and a clock of our own."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.demo import WeekClock
from bot.errors import ParseError
from bot.ingest import Brought, Ingest, Taken
from bot.model import Feed, FeedState
from bot.ports import Fetched, NotModified, Parsed
from bot.stages.poll import AT_A_TIME, Polled, Polling
from tests.feed_server import Answer
from tests.make import NOON, feed
from tests.process import until
from tests.web import Web

OLD, NEW, OTHER = "http://old.example/rss", "http://new.example/rss", "http://other.example/rss"
GONE = Answer(status=410)


def rss(*titles: str, head: str = "") -> bytes:
    items = "".join(f"<item><title>{title}</title><guid>{title}</guid></item>" for title in titles)
    return f"<rss version='2.0'><channel><title>News</title>{head}{items}</channel></rss>".encode()


FEED = Answer(body=rss("One", "Two"), etag='"1"')
TO_NEW = Answer(status=301, headers={"Location": NEW})


@dataclass
class Reading:
    """The feeds at OLD and OTHER being read."""

    web: Web
    clock: WeekClock
    polling: Polling

    async def poll(self, url: str = OLD, **later: float) -> Polled:
        """Let time pass and poll the feed *url*, due or not."""
        self.clock.at += timedelta(**later)
        (polled,) = await self.polling.poll([self.state(url)])
        return polled

    def state(self, url: str = OLD) -> FeedState:
        state = self.polling.archive.feed_state(url)
        assert state
        return state

    def due(self) -> list[str]:
        return [state.url for state in self.polling.due()]


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as it:
        it.serve(OLD, FEED)
        it.serve(NEW, FEED)
        it.serve(OTHER, FEED)
        yield it


@pytest.fixture
async def reading(web: Web, tmp_path: Path) -> AsyncIterator[Reading]:
    clock = WeekClock(NOON)
    async with web.reading(tmp_path, [feed(url=OLD), feed(url=OTHER)], clock) as polling:
        yield Reading(web, clock, polling)


async def test_a_feed_that_has_moved_is_asked_for_there_and_its_entries_stay_known(reading: Reading) -> None:
    await reading.poll()
    reading.web.serve(OLD, TO_NEW)
    polls = [await reading.poll(minutes=30) for _ in range(5)]

    assert [(one.error, one.new) for one in polls] == [("", 0)] * 5
    assert reading.web.paths()[1:] == [OLD, NEW] * 3 + [NEW] * 2
    assert reading.state().new_address == NEW


async def test_a_new_address_that_fails_is_given_up_for_the_old_one(reading: Reading) -> None:
    reading.web.serve(OLD, TO_NEW)
    for _ in range(3):
        await reading.poll(minutes=30)
    reading.web.serve(OLD, FEED)
    reading.web.serve(NEW, Answer(status=404))
    failed, found = await reading.poll(minutes=30), await reading.poll(minutes=30)

    assert failed.error == "there is nothing at this address (HTTP 404)"
    assert found == Polled(url=OLD, unchanged=True)
    assert reading.web.paths()[-2:] == [NEW, OLD]


async def test_feeds_that_moved_to_one_host_are_asked_for_one_after_another(reading: Reading) -> None:
    elsewhere = {url: f"http://new.example/{number}" for number, url in enumerate((OLD, OTHER))}
    for url, there in elsewhere.items():
        reading.web.serve(url, Answer(status=301, headers={"Location": there}))
        reading.web.serve(there, FEED)

    for _ in range(5):
        reading.clock.at += timedelta(hours=1)
        await asyncio.gather(*(reading.polling.poll([state]) for state in reading.polling.due()))

    assert reading.web.paths()[-2:] == list(elsewhere.values())
    assert reading.web.most_at_once["new.example"] == 1


async def test_a_feed_that_is_gone_for_good_is_asked_twice_and_no_more(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    await reading.poll()
    reading.web.serve(OLD, GONE)
    for _ in range(48):
        reading.clock.at += timedelta(hours=1)
        await reading.polling.poll(reading.polling.due())

    assert reading.web.paths().count(OLD) == 3
    assert reading.web.paths().count(OTHER) > 20
    assert "asked no more" in reading.state().last_error
    assert f"feed stopped: {OLD}" in caplog.text
    assert [feed.url for feed in reading.polling.archive.coverage(reading.clock()).failing] == [reading.state().url]


async def test_a_feed_that_was_given_up_is_asked_again_when_the_operator_polls_it(reading: Reading) -> None:
    reading.web.serve(OLD, GONE)
    await reading.poll()
    await reading.poll(hours=2)
    reading.web.serve(OLD, FEED)
    due_before = reading.due()
    polled = await reading.polling.poll(reading.polling.all_states())
    reading.clock.at += timedelta(hours=1)

    assert OLD not in due_before
    assert [one.error for one in polled] == ["", ""]
    assert OLD in reading.due()


async def test_a_web_page_in_place_of_a_feed_is_told_with_the_feed_that_it_names(reading: Reading) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    page = f"<!doctype html><html><head>{link}</head><body>Hello</body></html>".encode()
    reading.web.serve(OLD, Answer(body=page))
    reading.web.serve(OTHER, Answer(body=page.replace(link.encode(), b""), content_type="text/html"))

    named, unnamed = await reading.poll(), await reading.poll(OTHER)

    assert named.error == "this is a web page, not a feed; it names one: http://old.example/feed"
    assert unnamed.error == "this is a web page, not a feed"


async def test_what_a_feed_says_of_its_hours_is_kept_to_also_when_it_has_not_changed(reading: Reading) -> None:
    night = "<ttl>90</ttl><skipHours><hour>13</hour><hour>14</hour></skipHours>"
    reading.web.serve(OLD, Answer(body=rss("One", head=night), etag='"1"'))

    first = await reading.poll()
    asked_for = reading.state().next_check_at
    second = await reading.poll(hours=4)

    assert (first.new, second.unchanged) == (1, True)
    assert NOON + timedelta(hours=3) <= asked_for <= NOON + timedelta(hours=4)
    assert reading.state().next_check_at >= NOON + timedelta(hours=5.5)


async def test_a_new_version_of_the_same_body_is_the_one_that_is_asked_about(reading: Reading) -> None:
    reading.web.serve(OLD, *(Answer(body=FEED.body, etag=f'"{version}"') for version in (1, 2, 3)))

    polled = [await reading.poll(hours=1) for _ in range(3)]

    asked = [request.headers.get("If-None-Match") for request in reading.web.requests]
    assert [(one.new, one.unchanged) for one in polled] == [(2, False), (0, True), (0, True)]
    assert asked == [None, '"1"', '"2"']


async def test_news_brings_the_next_poll_nearer_and_silence_puts_it_off(reading: Reading) -> None:
    await reading.poll()
    first = reading.state().interval
    await reading.poll(hours=1)
    silent = reading.state().interval
    reading.web.serve(OLD, Answer(body=rss("One", "Two", "Three", "Four"), etag='"2"'))
    await reading.poll(hours=1)
    busy = reading.state().interval

    assert first == timedelta(minutes=30)
    assert busy
    assert silent
    assert busy < first < silent


async def test_while_no_host_can_be_reached_no_feed_is_put_off_for_long(web: Web, tmp_path: Path) -> None:
    answer = Answer(body=FEED.body, headers={"Connection": "close"})
    urls = [web.serve(f"http://{name}.example/rss", answer) for name in "abcd"]
    clock = WeekClock(NOON)
    async with web.reading(tmp_path, [feed(url=url) for url in urls], clock) as polling:
        await polling.poll(polling.due())
        web.down = {f"{name}.example" for name in "abcd"}
        for _ in range(20):
            clock.at += timedelta(minutes=40)
            await polling.poll(polling.due())
        web.down = {"a.example"}
        clock.at += timedelta(minutes=40)
        back = await polling.poll(polling.due())

    assert sorted((one.url, one.error) for one in back) == [
        (urls[0], "a.example is not known to the name servers"),
        *((url, "") for url in urls[1:]),
    ]


async def test_a_failure_of_our_own_puts_no_feed_off_for_long(reading: Reading) -> None:
    class Ill:
        async def parse(self, fetched: Fetched, feed: Feed, now: datetime, seen: str = "") -> Parsed:
            raise ParseError(feed.url, "no parser can be started", ours=True)

    reading.polling.parser = Ill()
    for _ in range(5):
        await reading.poll(hours=1)
    state = reading.state()

    assert (state.failures, state.last_error) == (1, "no parser can be started")
    assert state.next_check_at - reading.clock() < timedelta(minutes=40)


async def test_a_host_is_busy_from_the_moment_when_its_feeds_are_taken_up(reading: Reading) -> None:
    async def tick() -> int:
        return len(await reading.polling.poll(reading.polling.due()))

    polled = await asyncio.gather(tick(), tick(), tick())

    assert list(polled) == [2, 0, 0]
    assert sorted(reading.web.paths()) == [OLD, OTHER]


async def test_of_thousands_of_due_feeds_a_few_hundred_are_taken_up_at_a_time(web: Web, tmp_path: Path) -> None:
    feeds = [feed(url=f"http://host-{number}.example/rss") for number in range(AT_A_TIME + 50)]
    async with web.reading(tmp_path, feeds, WeekClock(NOON)) as polling:
        first = polling.due()
        task = asyncio.create_task(polling.poll(first))
        await asyncio.sleep(0)
        meanwhile = polling.due()
        await task

        then = polling.due()

    assert (len(first), len(meanwhile), len(then)) == (AT_A_TIME, 0, 50)
    assert {state.url for state in (*first, *then)} == {each.url for each in feeds}


async def test_a_host_of_hundreds_of_feeds_keeps_no_other_waiting(web: Web, tmp_path: Path) -> None:
    crowd = [feed(url=f"http://crowd.example/{number}") for number in range(AT_A_TIME + 50)]
    clock = WeekClock(NOON)
    async with web.reading(tmp_path, crowd, clock) as polling:
        clock.at += timedelta(minutes=1)
        polling.archive.register([*crowd, feed(url=OTHER)], clock.at)
        task = asyncio.create_task(polling.poll(polling.due()))
        await asyncio.sleep(0)

        meanwhile = polling.due()
        await task

    assert [state.url for state in meanwhile] == [OTHER]


async def test_a_round_that_was_cut_short_leaves_no_host_busy(reading: Reading) -> None:
    task = asyncio.create_task(reading.polling.poll(reading.polling.due()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)

    assert sorted(reading.due()) == [OLD, OTHER]


async def test_an_error_of_our_own_does_not_make_us_ask_a_host_every_second(reading: Reading) -> None:
    class Broken:
        async def fetch(self, feed: Feed, state: FeedState) -> NotModified:
            raise RuntimeError(feed.url)

    whole, reading.polling.fetcher = reading.polling.fetcher, Broken()
    with pytest.raises(RuntimeError):
        await reading.polling.poll([reading.state(OLD)])
    spared = reading.due()
    reading.clock.at += timedelta(minutes=5)
    reading.polling.fetcher = whole
    polled = await reading.polling.poll(reading.polling.due())

    assert spared == [OTHER]
    assert [one.error for one in polled] == ["", ""]


async def test_what_cannot_be_taken_in_of_one_feed_is_kept_of_those_polled_with_it(reading: Reading) -> None:
    class Stumbling(Ingest):
        def take_all(self, brought: Sequence[Brought]) -> Sequence[Taken]:
            if any(each.state.url == OLD for each in brought):
                raise ValueError(OLD)
            return super().take_all(brought)

    reading.polling.ingest.__class__ = Stumbling
    with pytest.raises(ValueError, match=OLD):
        await reading.polling.poll([reading.state(OLD), reading.state(OTHER)])
    await until(lambda: reading.state(OTHER).ok_at, "the other feed")

    assert reading.state(OLD).ok_at is None
    assert reading.due() == []


async def test_feeds_of_several_hosts_are_taken_in_together(reading: Reading) -> None:
    batches = []

    class Counting(Ingest):
        def take_all(self, brought: Sequence[Brought]) -> Sequence[Taken]:
            batches.append(sorted(each.state.url for each in brought))
            return super().take_all(brought)

    reading.polling.ingest.__class__ = Counting
    reading.polling.patience = timedelta(minutes=1)
    polled = await reading.polling.poll(reading.polling.due())

    assert [one.new for one in polled] == [2, 2]
    assert batches == [[OLD, OTHER]]


async def test_that_feeds_have_not_changed_is_kept_together(reading: Reading) -> None:
    batches = []

    class Counting(Ingest):
        def unchanged(self, states: Sequence[FeedState]) -> None:
            batches.append(sorted(state.url for state in states))
            super().unchanged(states)

    await reading.polling.poll(reading.polling.due())
    reading.clock.at += timedelta(hours=1)
    reading.polling.ingest.__class__ = Counting
    polled = await reading.polling.poll(reading.polling.due())

    assert [one.unchanged for one in polled] == [True, True]
    assert batches == [[OLD, OTHER]]
    assert {reading.state(url).checked_at for url in (OLD, OTHER)} == {reading.clock.at}


async def test_after_a_round_that_was_cut_short_nobody_is_asked_again_who_has_answered(reading: Reading) -> None:
    answered, whole = asyncio.Event(), reading.polling.fetcher

    class Stuck:
        async def fetch(self, feed: Feed, state: FeedState) -> Fetched | NotModified:
            if feed.url == OTHER:
                await asyncio.Event().wait()
            found = await whole.fetch(feed, state)
            answered.set()
            return found

    await reading.polling.poll(reading.polling.due())
    reading.clock.at += timedelta(hours=1)
    reading.polling.fetcher = Stuck()
    task = asyncio.create_task(reading.polling.poll(reading.polling.due()))
    await answered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await until(lambda: reading.due() == [OTHER], "only the feed that did not answer to be due")


async def test_a_clock_that_was_far_ahead_silences_no_feed(reading: Reading) -> None:
    reading.clock.at += timedelta(days=4000)
    await reading.poll()
    reading.clock.at = NOON

    assert OLD in reading.due()
