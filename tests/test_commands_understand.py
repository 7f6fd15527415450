"""What people mean, in three languages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.understand import find_conflicts, find_types, find_zone, nearest, parse_since, parse_stretch
from bot.model import EventType
from tests.conversation import catalog
from tests.make import NOON


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gaza", ["gaza"]),
        ("Газа", ["gaza"]),
        ("в Газі", ["gaza"]),
        ("газе", ["gaza"]),
        ("sudan", ["sudan"]),
        ("what is happening in Sudan?", ["sudan"]),
        ("south sudan", ["south-sudan"]),
        ("Південний Судан", ["south-sudan"]),
        ("україна", ["ukraine-russia"]),
        ("война в Украине", ["ukraine-russia"]),
        ("hamas", ["gaza"]),
        ("Zelensky", ["ukraine-russia"]),
        ("Київ", ["ukraine-russia"]),
        ("india pakistan", ["india-pakistan"]),
        ("Індія", ["india-pakistan", "india-maoists", "india-northeast", "india-china"]),
        ("us", ["us-israel-iran", "us-venezuela"]),
        ("tell us a joke", []),
        ("газета", []),
        ("war and peace", []),
        ("", []),
        ("🕊", []),
    ],
)
def test_a_conflict_is_known_by_its_names_parties_people_and_places(text: str, found: list[str]) -> None:
    assert list(find_conflicts(text, catalog())) == found


def test_every_conflict_is_found_by_its_id_and_each_of_its_names() -> None:
    for conflict in catalog().conflicts.values():
        for name in (conflict.id, *conflict.names.values(), conflict.name("uk").upper()):
            assert conflict.id in find_conflicts(name, catalog())


@given(st.text(max_size=40))
def test_any_text_names_only_known_conflicts(text: str) -> None:
    assert set(find_conflicts(text, catalog())) <= set(catalog().conflicts)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("ceasefire.agreed", {EventType.CEASEFIRE_AGREED}),
        ("prisoners", {EventType.EXCHANGE_PRISONERS}),
        ("обмін", {EventType.EXCHANGE_PRISONERS}),
        ("deals", {EventType.AGREEMENT_REACHED, EventType.AGREEMENT_TERMS}),
        ("football", set()),
    ],
)
def test_kinds_of_news_are_known_by_plain_words(text: str, types: set[EventType]) -> None:
    assert find_types(text) == types


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2h", 2),
        ("90 min", 1.5),
        ("3d", 72),
        ("1 тиждень", 168),
        ("2 дня", 48),
        ("1h 30m", 1.5),
        ("1 day, 2 hours", 26),
    ],
)
def test_a_stretch_of_time_is_read(text: str, hours: float) -> None:
    assert parse_stretch(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "h", "2", "two hours", "2 moons", "0h", "-2h", "2h tomorrow", "9999d"])
def test_what_is_no_stretch_of_time_is_none(text: str) -> None:
    assert parse_stretch(text) is None


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2h", "2025-05-11 10:00"),
        ("3 days ago", "2025-05-08 12:00"),
        ("2 години тому", "2025-05-11 10:00"),
        ("today", "2025-05-10 21:00"),
        ("yesterday", "2025-05-09 21:00"),
        ("вчора", "2025-05-09 21:00"),
        ("позавчера", "2025-05-08 21:00"),
        ("monday", "2025-05-04 21:00"),
        ("з неділі", "2025-05-03 21:00"),
        ("2025-05-09", "2025-05-08 21:00"),
        ("2025-05", "2025-04-30 21:00"),
        ("9.05", "2025-05-08 21:00"),
        ("9/5/2024", "2024-05-08 21:00"),
        ("с 9 мая", "2025-05-08 21:00"),
        ("since 9 May", "2025-05-08 21:00"),
        ("25.12", "2024-12-24 22:00"),
        ("29 Feb", "2024-02-28 22:00"),
        ("29.02 14:30", "2024-02-29 12:30"),
        ("14:30", "2025-05-11 11:30"),
        ("16:00", "2025-05-10 13:00"),
        ("2025-05-09 14:30", "2025-05-09 11:30"),
        ("9 May 14:30", "2025-05-09 11:30"),
        ("9 May, 14:30", "2025-05-09 11:30"),
        ("yesterday at 14:30", "2025-05-10 11:30"),
        ("вчора о 14:30", "2025-05-10 11:30"),
        ("с 9 мая в 14:30", "2025-05-09 11:30"),
    ],
)
def test_a_moment_is_read_on_the_readers_clock(text: str, since: str) -> None:
    assert parse_since(text, NOON, "Europe/Kyiv") == datetime.fromisoformat(since).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "2099-01-01", "31 February", "0000-00-00", "25:00", "0001-01-01 00:00", "9999-12-31"]
)
def test_what_is_no_moment_in_the_past_is_none(text: str) -> None:
    assert parse_since(text, NOON, "Pacific/Auckland") is None


@given(st.text(max_size=30) | st.from_regex(r"\d{1,4}[-./: ]\d{1,4}([-./: ]\d{1,4})?", fullmatch=True))
def test_any_text_is_a_moment_in_the_past_or_none(text: str) -> None:
    since = parse_since(text, NOON, "Asia/Kathmandu")

    assert since is None or since <= NOON


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Kyiv", "Europe/Kyiv"),
        ("new york", "America/New_York"),
        ("asia/tokyo", "Asia/Tokyo"),
        ("UTC", "UTC"),
        ("Mars", ""),
    ],
)
def test_a_time_zone_is_known_by_its_city(text: str, zone: str) -> None:
    assert find_zone(text) == zone


def test_a_slip_is_near_to_what_was_meant_and_nonsense_is_near_to_nothing() -> None:
    assert [nearest(word, ["latest", "since", "search"]) for word in ("LATST", "sine", "qqq", "")] == [
        "latest",
        "since",
        "",
        "",
    ]
