"""What servers may say in their headers, which is anything."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from httpx import Headers
from hypothesis import example, given
from hypothesis import strategies as st

from bot.poll import headers
from tests.make import NOON

words = st.lists(
    st.sampled_from(
        [
            *(
                "Wed,",
                "25",
                "Nov",
                "2026",
                "9999",
                "23:59:60",
                "99:99",
                "GMT",
                "-1200",
                "+9999",
                "max-age=",
                "no-cache",
            ),
            *("9" * 30, "9" * 5000, "-1", "1.5", "٣", '"', ",", ";", " ", "\x00", "é", "soon"),
        ]
    ),
    max_size=8,
).map("".join)


@given(words, words, words)
@example("Fri, 31 Dec 9999 23:59:59 -1200", "Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 01 Jan 0001 00:00:00 +1400")
def test_whatever_a_header_says_nobody_is_left_alone_for_ever(value: str, other: str, date: str) -> None:
    names = {"Retry-After": value, "Expires": value, "Cache-Control": other, "Age": other, "Date": date, "ETag": value}
    given = Headers([(name.encode(), said.encode()) for name, said in names.items()])

    told = headers.retry_after(given, NOON), headers.max_age(given, NOON)

    for wait, longest in zip(told, (headers.LONGEST_RETRY_AFTER, headers.LONGEST_MAX_AGE), strict=True):
        assert wait is None or timedelta(0) <= wait <= longest
    assert headers.validator(given, "etag").encode("latin-1") in {b"", value.encode()}


@pytest.mark.parametrize(
    ("cache_control", "max_age"),
    [
        ("max-age=60", timedelta(minutes=1)),
        ('private,MAX-AGE="60"', timedelta(minutes=1)),
        ("s-maxage=60", None),
        ("no-cache, max-age=60", None),
        ("max-age=9999999999", timedelta(days=365)),
        (f"max-age={'9' * 500}", timedelta(days=365)),
        ("max-age=-1", None),
        ("max-age=soon", None),
    ],
)
def test_how_long_an_answer_stays_good(cache_control: str, max_age: timedelta | None) -> None:
    assert headers.max_age(Headers({"Cache-Control": cache_control}), NOON) == max_age


@pytest.mark.parametrize(
    ("said", "max_age"),
    [
        ({"Expires": format_datetime(NOON + timedelta(hours=1))}, timedelta(hours=1)),
        (
            {"Expires": format_datetime(NOON + timedelta(hours=1)), "Date": format_datetime(NOON - timedelta(hours=1))},
            timedelta(hours=2),
        ),
        ({"Expires": format_datetime(NOON - timedelta(hours=1))}, timedelta(0)),
        ({"Expires": "0"}, None),
        ({"Expires": "Thu, 99 Foo 99999 99:99:99 +9999"}, None),
        ({"Expires": format_datetime(NOON + timedelta(hours=1)), "Cache-Control": "max-age=60"}, timedelta(minutes=1)),
        ({"Expires": format_datetime(NOON + timedelta(hours=1)), "Cache-Control": "no-cache"}, None),
        ({"Age": "20", "Cache-Control": "max-age=60"}, timedelta(seconds=40)),
        ({"Age": "90", "Cache-Control": "max-age=60"}, timedelta(0)),
        ({"Age": "9" * 500, "Cache-Control": "max-age=60"}, timedelta(0)),
        ({"Age": "old", "Cache-Control": "max-age=60"}, timedelta(minutes=1)),
    ],
)
def test_a_date_of_expiry_counts_and_so_does_the_time_in_a_cache(
    said: dict[str, str], max_age: timedelta | None
) -> None:
    assert headers.max_age(Headers({"Date": format_datetime(NOON)} | said), NOON) == max_age


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOON + timedelta(minutes=3)), timedelta(minutes=3)),
        (format_datetime(NOON - timedelta(minutes=3)), timedelta(0)),
        ("9999999999", timedelta(hours=24)),
        ("9" * 500, timedelta(hours=24)),
        ("90.5", timedelta(seconds=90)),
        ("60, 120", timedelta(minutes=1)),
        ("-60", None),
        (format_datetime(datetime(2999, 1, 1, tzinfo=UTC)), timedelta(hours=24)),
        ("later", None),
        ("", None),
    ],
)
def test_a_site_that_wants_peace_says_for_how_long(told: str, wait: timedelta | None) -> None:
    assert headers.retry_after(Headers({"Retry-After": told}), NOON) == wait


def test_a_site_whose_clock_is_wrong_is_left_alone_for_as_long_as_it_meant() -> None:
    theirs = NOON - timedelta(hours=3)
    told = {"Date": format_datetime(theirs), "Retry-After": format_datetime(theirs + timedelta(minutes=10))}

    assert headers.retry_after(Headers(told), NOON) == timedelta(minutes=10)
