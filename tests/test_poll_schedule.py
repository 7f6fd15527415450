"""When a feed is looked at again."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import FetchError
from bot.model import FeedState, Timetable
from bot.poll.schedule import SPREAD, after_failure, after_success, next_interval, when_open
from tests.make import NOON, feed, minutes

NEWS = feed(every=minutes(30))
NEW = FeedState(url=NEWS.url, next_check_at=NOON)
DOWN = FetchError(NEWS.url, "the site is broken (HTTP 503)")
DAY = timedelta(days=1)

waits = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3))


def wait(state: FeedState) -> timedelta:
    return state.next_check_at - NOON


def failed(times: int, state: FeedState = NEW, error: FetchError = DOWN) -> FeedState:
    for _ in range(times):
        state = after_failure(NEWS, state, NOON, error)
    return state


def test_a_good_poll_is_remembered_with_what_the_server_said() -> None:
    state = after_success(NEWS, failed(3), NOON, etag='"1"', last_modified="yesterday", body_hash="abc")

    assert state == FeedState(
        url=NEWS.url,
        next_check_at=state.next_check_at,
        checked_at=NOON,
        ok_at=NOON,
        etag='"1"',
        last_modified="yesterday",
        body_hash="abc",
        baselined=True,
        interval=minutes(30),
    )
    assert minutes(27) <= wait(state) <= minutes(33)


def test_an_unchanged_feed_keeps_its_validators_and_a_changed_one_may_lose_them() -> None:
    state = after_success(NEWS, NEW, NOON, etag='"1"', last_modified="yesterday")

    assert after_success(NEWS, state, NOON).etag == '"1"'
    assert after_success(NEWS, state, NOON, etag="", last_modified="").etag == ""


def test_a_failure_is_remembered_and_forgets_nothing() -> None:
    good = after_success(NEWS, NEW, NOON, etag='"1"')
    state = after_failure(NEWS, good, NOON + minutes(30), DOWN)

    assert (state.failures, state.last_error) == (1, "the site is broken (HTTP 503)")
    assert (state.etag, state.ok_at, state.checked_at, state.baselined) == ('"1"', NOON, NOON + minutes(30), True)


def test_the_wait_doubles_with_every_failure_up_to_a_day_and_never_ends() -> None:
    expected = [minutes(30) * 2**n for n in range(6)] + [DAY] * 94

    states = [failed(n) for n in range(1, 101)]

    assert all(
        usual * 0.9 <= wait(state) <= min(usual * 1.1, DAY) for usual, state in zip(expected, states, strict=True)
    )
    assert wait(failed(10_000)) <= DAY


def test_feeds_that_started_together_drift_apart() -> None:
    states = [after_success(feed(url=f"https://news.example/{n}"), NEW, NOON) for n in range(100)]

    assert len({state.next_check_at for state in states}) == 100
    assert max(map(wait, states)) - min(map(wait, states)) > minutes(4)


@given(waits, waits)
def test_the_server_is_not_asked_before_its_answer_has_aged(every: timedelta, max_age: timedelta) -> None:
    state = after_success(feed(every=every), NEW, NOON, max_age=max_age)

    assert wait(state) >= max(minutes(5), every * 0.9, min(max_age, timedelta(hours=6)))
    assert wait(state) <= max(minutes(5), every * 1.1, timedelta(hours=6) + SPREAD)


@given(waits, waits, st.integers(0, 40))
def test_the_server_is_not_asked_before_the_time_that_it_named(
    every: timedelta, told: timedelta, failures: int
) -> None:
    busy = FetchError(NEWS.url, "busy", retry_after=told)

    state = after_failure(feed(every=every), failed(failures), NOON, busy)

    assert wait(state) >= max(minutes(5), min(told, DAY))
    assert wait(state) <= DAY


def test_the_operators_own_feeds_may_be_polled_every_second() -> None:
    own = feed(every=timedelta(seconds=1))

    assert wait(after_success(own, NEW, NOON, floor=timedelta(0))) < timedelta(seconds=2)
    assert wait(after_failure(own, NEW, NOON, DOWN, floor=timedelta(0))) < timedelta(seconds=2)
    assert wait(after_success(own, NEW, NOON)) == minutes(5)


def test_a_replay_decides_the_same() -> None:
    assert after_success(NEWS, NEW, NOON) == after_success(NEWS, NEW, NOON)


def test_a_long_error_is_kept_short() -> None:
    assert len(failed(1, error=FetchError(NEWS.url, "x" * 9999)).last_error) == 300


# ------------------------------------------------------------------------------------------ an interval that adapts
ADAPTIVE = feed(every=None)
KNOWN = FeedState(url=ADAPTIVE.url, next_check_at=NOON, baselined=True)
SIX_HOURS = timedelta(hours=6)
intervals = st.none() | st.timedeltas(min_value=minutes(5), max_value=SIX_HOURS)


def settled(gap: timedelta, says: Timetable = KNOWN.timetable) -> timedelta:
    """Return the mean interval between the polls of a feed that publishes every *gap* or so, once it has adapted."""
    dice, state, now, seen = Random(1), replace(KNOWN, timetable=says), NOON, list[timedelta]()
    for _ in range(600):
        passed = state.next_check_at - now
        now = state.next_check_at
        new = sum(dice.random() < passed / gap / 10 for _ in range(10))
        state = after_success(ADAPTIVE, state, now, new=new)
        seen.append(state.interval or timedelta(0))
    return sum(seen[200:], timedelta(0)) / len(seen[200:])


@given(intervals, st.integers(0, 500), st.none() | st.timedeltas(min_value=minutes(1), max_value=timedelta(days=9)))
def test_an_interval_that_adapts_is_between_five_minutes_and_six_hours(
    interval: timedelta | None, new: int, period: timedelta | None
) -> None:
    state = replace(KNOWN, interval=interval, timetable=Timetable(period=period))

    assert minutes(5) <= next_interval(ADAPTIVE, state, new) <= SIX_HOURS


@given(intervals, st.integers(0, 50), st.integers(0, 50))
def test_more_news_never_makes_the_next_poll_later(interval: timedelta | None, some: int, more: int) -> None:
    state = replace(KNOWN, interval=interval)

    assert next_interval(ADAPTIVE, state, some + more) <= next_interval(ADAPTIVE, state, some)


def test_the_operators_word_stands_and_a_first_poll_proves_nothing() -> None:
    ten = feed(every=minutes(10))

    assert next_interval(ten, replace(KNOWN, interval=SIX_HOURS), 0) == minutes(10)
    assert next_interval(ADAPTIVE, replace(KNOWN, baselined=False), 50) == minutes(30)


def test_a_feed_is_asked_a_few_times_for_each_thing_that_it_publishes() -> None:
    busy, steady, rare = (settled(timedelta(hours=hours)) for hours in (0.1, 4, 1000))

    assert busy < minutes(6)
    assert minutes(25) < steady < minutes(100)
    assert rare > timedelta(hours=5.5)


def test_a_feed_that_says_how_often_it_publishes_is_asked_so_often() -> None:
    assert settled(timedelta(hours=1000), Timetable(period=timedelta(hours=1))) <= timedelta(hours=1)


# ------------------------------------------------------------------------------------------ what a feed asks for
hours = st.frozensets(st.integers(0, 23), max_size=23)
days = st.frozensets(st.integers(0, 6), max_size=6)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)).map(lambda passed: NOON + passed)


@given(moments, hours, st.frozensets(st.integers(0, 6), max_size=2))
def test_no_feed_is_asked_in_an_hour_or_on_a_day_that_it_keeps_free(
    at: datetime, skip_hours: frozenset[int], skip_days: frozenset[int]
) -> None:
    opens = when_open(at, Timetable(skip_hours=skip_hours, skip_days=skip_days))

    assert opens.hour not in skip_hours
    assert opens.weekday() not in skip_days
    assert at <= opens <= at + timedelta(days=3)


@given(moments, hours, days)
def test_no_feed_is_put_off_for_longer_than_a_long_weekend(
    at: datetime, skip_hours: frozenset[int], skip_days: frozenset[int]
) -> None:
    assert at <= when_open(at, Timetable(skip_hours=skip_hours, skip_days=skip_days)) <= at + timedelta(days=3)


def test_a_timetable_is_kept_until_the_feed_brings_another() -> None:
    night = Timetable(ttl=timedelta(hours=2), skip_hours=frozenset({14}))

    first = after_success(NEWS, NEW, NOON, timetable=night)
    unchanged = after_success(NEWS, first, NOON)
    other = after_success(NEWS, first, NOON, timetable=Timetable())

    assert unchanged == first
    assert timedelta(hours=3) <= wait(first) <= timedelta(hours=3) + SPREAD
    assert wait(other) <= minutes(33)
    assert after_failure(NEWS, first, NOON + minutes(100), DOWN).next_check_at >= NOON + timedelta(hours=3)


def test_feeds_put_off_until_one_moment_do_not_all_come_in_its_first_second() -> None:
    states = [after_success(feed(url=f"https://news.example/{n}"), NEW, NOON, max_age=SIX_HOURS) for n in range(100)]

    assert len({state.next_check_at for state in states}) == 100
    assert all(SIX_HOURS <= wait(state) <= SIX_HOURS + SPREAD for state in states)


# ------------------------------------------------------------------------------------------ moved, gone, cut off
GONE = FetchError(NEWS.url, "the feed is gone for good (HTTP 410)", gone=True)
ELSEWHERE = "https://new.example/rss"


def moved(*to: str, state: FeedState = KNOWN) -> FeedState:
    for address in to:
        state = after_success(NEWS, state, NOON, etag='"1"', moved_to=address)
    return state


def test_a_feed_has_moved_when_three_answers_in_a_row_say_the_same() -> None:
    assert moved(ELSEWHERE, ELSEWHERE).new_address == ""
    assert moved(ELSEWHERE, ELSEWHERE, ELSEWHERE).new_address == ELSEWHERE
    assert moved(ELSEWHERE, ELSEWHERE, "", ELSEWHERE).new_address == ""
    assert moved(ELSEWHERE, "https://other.example/", ELSEWHERE).new_address == ""


def test_at_its_new_address_a_feed_stays_until_it_fails_or_moves_again() -> None:
    settled_in = moved(ELSEWHERE, ELSEWHERE, ELSEWHERE, "", "")
    failed_there = after_failure(NEWS, settled_in, NOON, DOWN)

    assert settled_in.new_address == ELSEWHERE
    assert moved("https://third.example/", state=settled_in).new_address == ""
    assert (failed_there.new_address, failed_there.etag) == ("", "")
    assert after_failure(NEWS, settled_in, NOON, DOWN, cut_off=True).new_address == ELSEWHERE


def test_a_feed_is_asked_no_more_when_it_says_twice_and_an_hour_apart_that_it_is_gone() -> None:
    first = after_failure(NEWS, KNOWN, NOON, GONE)
    soon = after_failure(NEWS, first, NOON + minutes(59), GONE)
    second = after_failure(NEWS, first, first.next_check_at, GONE)

    assert (first.stopped_at, soon.stopped_at, second.stopped_at) == (None, None, first.next_check_at)
    assert wait(first) >= timedelta(hours=1)
    assert second.last_error.endswith("asked no more")


@pytest.mark.parametrize("between", [DOWN, None])
def test_any_other_answer_in_between_is_a_sign_of_life(between: FetchError | None) -> None:
    first = after_failure(NEWS, KNOWN, NOON, GONE)
    later = NOON + timedelta(hours=2)
    alive = after_failure(NEWS, first, later, between) if between else after_success(NEWS, first, later)

    assert alive.gone_at is None
    assert after_failure(NEWS, alive, later + timedelta(hours=2), GONE).stopped_at is None


def test_a_good_answer_wakes_a_feed_that_was_given_up() -> None:
    stopped = replace(KNOWN, gone_at=NOON, stopped_at=NOON)

    assert after_success(NEWS, stopped, NOON).stopped_at is None


def test_no_feed_is_to_blame_while_we_are_cut_off_ourselves() -> None:
    state = KNOWN
    for _ in range(50):
        state = after_failure(NEWS, state, NOON, DOWN, cut_off=True)

    assert state.failures == 1
    assert minutes(27) <= wait(state) <= minutes(33)
    assert wait(after_failure(ADAPTIVE, replace(KNOWN, interval=SIX_HOURS), NOON, DOWN, cut_off=True)) <= minutes(33)
