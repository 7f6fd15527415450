"""When a feed is looked at again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.errors import FetchError
from bot.model import FeedState
from bot.poll.schedule import after_failure, after_success
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
    assert wait(state) <= max(minutes(5), every * 1.1, timedelta(hours=6))


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
