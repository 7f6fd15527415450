"""Twice a day, even when there is nothing to tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alert.digest import LINES_A_CONFLICT, digest, hearing, next_digest
from bot.alert.phrases import zone
from bot.model import EventType, Message, Modality, Report, Standing, Story, Subscription
from bot.ports import Coverage
from bot.text import plain
from tests import fakes, make

EVENING = datetime(2025, 5, 11, 17, 0, tzinfo=UTC)
READER = make.subscription(time_zone="Europe/Kyiv", last_digest_at=datetime(2025, 5, 11, 5, 0, tzinfo=UTC))
HEARD = Coverage(feeds=50, healthy=46, last_ok_at=EVENING - timedelta(minutes=3), entries=900, stories=40)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sent(*stories: tuple[Story, list[Report]], to: Subscription = READER, heard: Coverage = HEARD) -> Message:
    return digest(to, stories, heard, fakes.catalog(), EVENING)


def told(title: str, publisher: str = "meridian", **given: Any) -> tuple[Story, list[Report]]:
    reports = [fakes.report(title, publisher, **given)]
    return make.story(*reports), reports


# ------------------------------------------------------------------------------------------ what
def test_a_digest_groups_by_conflict_the_loudest_and_best_sourced_first() -> None:
    yemen = told("Houthis talk in Muscat", event={"type": EventType.TALKS_HELD, "conflicts": ("yemen",)})
    appeal = told("Pope appeals for peace", "herald", event={"type": EventType.STATEMENT})
    claim = told("Truce agreed, says one side", event={"modality": Modality.CLAIM, "type": EventType.CEASEFIRE_AGREED})
    agreed = fakes.agreed("meridian", "harbour")

    text = plain(sent(yemen, appeal, claim, agreed).html)

    assert text == (
        "🗓 Digest · Sun 11 May, 08:00–20:00 Kyiv · 4 stories, 5 reports\n"
        "\n"
        "🇺🇦🇷🇺 Russia–Ukraine war\n"
        "❗ Ceasefire agreed / declared: "
        "Russia and Ukraine agree 30-day truce, says meridian — Meridian Wire, confirmed, 2 sources\n"
        "🤝 Claim: ceasefire agreed / declared: Truce agreed, says one side — Meridian Wire, unconfirmed\n"
        "🗣 Appeal / position: Pope appeals for peace — State Herald [state media, RU], unconfirmed\n"
        "\n"
        "🇾🇪 Yemen\n"
        "💬 Talks held: Houthis talk in Muscat — Meridian Wire, unconfirmed\n"
        "\n"
        "46 of 50 feeds healthy; last heard 3 min ago."
    )


def test_what_was_taken_back_is_told_as_such_with_what_is_said_now() -> None:
    story, [report] = told("Truce agreed")
    milder = fakes.report("Truce proposed", event={"type": EventType.CEASEFIRE_PROPOSED})

    corrected = replace(report, entry=replace(report.entry, title="Truce proposed"), event=milder.event)

    html = sent((replace(story, standing=Standing.CORRECTED), [corrected])).html

    assert "<s>Ceasefire agreed / declared</s>" in html
    assert "Corrected by its source: Ceasefire agreed / declared. Now reported: Truce proposed — M" in plain(html)


def test_a_digest_names_who_denies_and_says_why_several_do_not_confirm() -> None:
    story, reports = fakes.agreed("harbour")
    no = {"type": EventType.CEASEFIRE_REJECTED, "modality": Modality.DENIAL, "speaker": "russia"}
    denied = (story, [*reports, fakes.report("Moscow denies it", "herald", after=10, event=no)])
    alike = fakes.agreed("meridian", "Wharf Gazette", type=EventType.TALKS_HELD, modality=Modality.CLAIM)

    lines = plain(sent(denied, alike).html).splitlines()

    assert lines[3:5] == [
        "💬 Claim: talks held: Russia and Ukraine agree 30-day truce, says meridian — Meridian Wire, "
        "unconfirmed, 2 sources: no second bloc reports it",
        "🤝 Denied by Russia: Ceasefire agreed / declared. "
        "Now reported: Moscow denies it — State Herald [state media, RU]",
    ]


def test_an_empty_digest_is_sent_all_the_same_and_says_how_well_we_heard() -> None:
    message = sent()

    assert plain(message.html) == (
        "🗓 Digest · Sun 11 May, 08:00–20:00 Kyiv\n"
        "\n"
        "Nothing new since 08:00 (05:00 UTC) in what you follow.\n"
        "46 of 50 feeds healthy; last heard 3 min ago."
    )
    assert message.silent


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({}, True),
        ({"published": None}, True),
        ({"published": EVENING - timedelta(hours=48)}, True),
        ({"published": EVENING - timedelta(hours=48, seconds=1)}, False),
        ({"seen_at": READER.last_digest_at}, False),
        ({"event": {"type": EventType.STATEMENT, "modality": Modality.CLAIM}}, False),
        ({"event": {"conflicts": ("yemen",)}}, False),
    ],
)
def test_a_digest_tells_what_is_new_not_old_loud_enough_and_followed(given: Any, there: bool) -> None:
    follower = replace(READER, conflicts=frozenset({"ukraine-russia"}))

    text = plain(sent(told("Truce agreed", **given), to=follower).html)

    assert ("Truce agreed" in text) is there
    assert ("Nothing new" in text) is not there


def test_no_conflict_takes_more_than_its_lines_and_the_page_fits() -> None:
    stories = [
        told(f"{name} {number} {'truce ' * 30}", id=f"{name}{number}", event={"conflicts": (name,)})
        for name in ("ukraine-russia", "yemen", "libya")
        for number in range(40)
    ]

    text = plain(sent(*stories).html)

    blocks = text.split("\n\n")[1:-1]
    assert len(text) <= 4096
    assert max(len(block.splitlines()) for block in blocks) <= LINES_A_CONFLICT
    assert "… and 30 more: /latest" in blocks[0]


def test_a_story_of_two_conflicts_is_told_once_under_the_one_that_is_followed() -> None:
    story = told("Envoy on both wars", event={"conflicts": ("yemen", "ukraine-russia")})

    text = plain(sent(story, to=replace(READER, conflicts=frozenset({"ukraine-russia"}))).html)

    assert text.count("Envoy on both wars") == 1
    assert "Russia–Ukraine war" in text
    assert "Yemen" not in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"last_ok_at": None}, "⚠️ No feed was heard yet: silence means nothing so far."),
        (
            {"last_ok_at": EVENING - timedelta(hours=5)},
            "last heard 5 h ago. I hear nothing at present: silence is no all-clear.",
        ),
        (
            {"healthy": 12},
            "⚠️ 12 of 50 feeds healthy; last heard 3 min ago. More than half are silent: I may be missing news.",
        ),
        (
            {"silent": {"ru": EVENING - timedelta(hours=3)}},
            "⚠️ 46 of 50 feeds healthy; last heard 3 min ago. Russian-language sources: last heard 3 h ago.",
        ),
        ({"silent": {"xx": None}}, "3 min ago. “xx”-language sources: never heard."),
        ({}, "46 of 50 feeds healthy; last heard 3 min ago."),
    ],
)
def test_silence_is_honest(given: Any, words: str) -> None:
    assert hearing(replace(HEARD, **given), fakes.reader(EVENING)).endswith(words)


# ------------------------------------------------------------------------------------------ when
@pytest.mark.parametrize(
    ("time_zone", "after", "due"),
    [
        ("UTC", "2025-05-11T07:59:59", "2025-05-11T08:00:00"),
        ("UTC", "2025-05-11T08:00:00", "2025-05-11T20:00:00"),
        ("UTC", "2025-05-11T20:00:00", "2025-05-12T08:00:00"),
        ("Europe/Kyiv", "2025-05-11T12:00:00", "2025-05-11T17:00:00"),
        ("Asia/Kolkata", "2025-05-11T12:00:00", "2025-05-11T14:30:00"),
        ("Europe/Kyiv", "2025-03-29T18:00:00", "2025-03-30T05:00:00"),
        ("Europe/Kyiv", "2025-10-25T17:00:00", "2025-10-26T06:00:00"),
        ("No/Such_Zone", "2025-05-11T12:00:00", "2025-05-11T20:00:00"),
    ],
)
def test_digests_come_at_the_readers_own_hours(time_zone: str, after: str, due: str) -> None:
    assert next_digest(make.subscription(time_zone=time_zone), at(after)) == at(due)


def test_an_hour_that_the_clock_skips_or_repeats_brings_one_digest() -> None:
    at_two = make.subscription(time_zone="Europe/Berlin", digest_hours=(2,))

    spring = [due := next_digest(at_two, at("2025-03-29T12:00:00")), next_digest(at_two, due or EVENING)]
    autumn = [due := next_digest(at_two, at("2025-10-25T12:00:00")), next_digest(at_two, due or EVENING)]

    assert spring == [at("2025-03-30T01:00:00"), at("2025-03-31T00:00:00")]
    assert autumn == [at("2025-10-26T00:00:00"), at("2025-10-27T01:00:00")]


def test_without_hours_there_is_no_digest() -> None:
    assert next_digest(make.subscription(digest_hours=()), EVENING) is None


@given(
    after=st.integers(0, 15 * 365 * 24 * 60).map(lambda minutes: at("2020-01-01") + timedelta(minutes=minutes)),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=4),
    time_zone=st.sampled_from(["UTC", "Europe/Kyiv", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
)
def test_the_next_digest_is_later_within_two_days_and_at_one_of_the_hours(
    after: datetime, hours: set[int], time_zone: str
) -> None:
    due = next_digest(make.subscription(time_zone=time_zone, digest_hours=tuple(hours)), after)

    assert due is not None
    assert timedelta(0) < due - after <= timedelta(hours=49)
    local = due.astimezone(zone(time_zone))
    skipped = local - timedelta(hours=1)
    assert {local.hour, skipped.hour} & hours
