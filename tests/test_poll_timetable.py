"""What a feed says of when to ask it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Timetable
from bot.poll.timetable import timetable

ITEM = "<item><title>a</title><ttl>5</ttl></item>"


def rss(channel: str, after: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>News</title>{channel}{ITEM}{after}</channel></rss>".encode()


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ("", Timetable()),
        ("<ttl>60</ttl>", Timetable(ttl=timedelta(hours=1))),
        ("<ttl>\n 15 </ttl>", Timetable(ttl=timedelta(minutes=15))),
        ("<ttl>0</ttl><ttl>", Timetable()),
        ("<ttl>-5</ttl>", Timetable()),
        ("<ttl>soon</ttl>", Timetable()),
        ("<skipHours><hour>0</hour>\n<hour> 23 </hour></skipHours>", Timetable(skip_hours=frozenset({0, 23}))),
        ("<skipHours><hour>24</hour><hour>25</hour></skipHours>", Timetable(skip_hours=frozenset({0}))),
        ("<hour>3</hour><skipHours>", Timetable()),
        ("<skipDays><day>Saturday</day><day>sunday</day></skipDays>", Timetable(skip_days=frozenset({5, 6}))),
        ("<skipDays><day>Caturday</day></skipDays>", Timetable()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Timetable(period=timedelta(hours=1))),
        (
            "<syn:updatePeriod>\n daily </syn:updatePeriod><syn:updateFrequency>4</syn:updateFrequency>",
            Timetable(period=timedelta(hours=6)),
        ),
        (
            "<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            Timetable(period=timedelta(weeks=1)),
        ),
        ("<sy:updatePeriod>often</sy:updatePeriod>", Timetable()),
    ],
)
def test_what_a_channel_says_is_read(channel: str, says: Timetable) -> None:
    assert timetable(rss(channel)) == says


def test_what_an_item_says_is_not_the_channels_word() -> None:
    assert timetable(rss("", after="<ttl>90</ttl>")) == Timetable()


def test_a_feed_that_is_never_to_be_asked_has_said_nothing() -> None:
    every_hour = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    week = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    every_day = "".join(f"<day>{day}</day>" for day in week)

    says = timetable(rss(f"<skipHours>{every_hour}</skipHours><skipDays>{every_day}</skipDays>"))

    assert says == Timetable()


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_say_something_or_nothing(body: bytes) -> None:
    said = timetable(body)

    assert said.skip_hours < frozenset(range(24))
    assert said.skip_days < frozenset(range(7))


@pytest.mark.parametrize("part", [b"<ttl>", b"<skipHours>", b"<ttl>  ", b"<a:updatePeriod>", b"<ite", b"<hour>1"])
def test_a_head_written_to_be_slow_costs_one_pass(part: bytes) -> None:
    assert timetable(part * (2**22 // len(part))) == Timetable()
