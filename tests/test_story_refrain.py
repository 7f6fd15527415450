"""What is said again and again is counted, and what is new in it is found."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.alert.loudness import weigh
from bot.alert.phrases import Reader
from bot.alert.render import alert
from bot.alert.stated import again
from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.ingest import Ingest
from bot.model import EventType, Facts, FeedState, Refrain, Report, Scope, Story
from bot.ports import Parsed
from bot.store.archive import ArchiveStore
from bot.story.refrain import refrain
from tests import make

CATALOG = load_catalog()
READER = Reader(catalog=CATALOG, language="en", time_zone="UTC", now=make.NOON)
SAID_AGAIN = [each.why for each in CATALOG.adjustments if each.id == "said-again"]


def said(days: float, speaker: str = "putin", **given: Any) -> Report:
    """Return an offer of talks, so many days before now."""
    at = make.NOON - timedelta(days=days)
    event = {"type": EventType.TALKS_PROPOSED, "speaker": speaker, "actors": ("russia", "ukraine")} | given
    return make.report(f"Ready for talks, {days} days ago {speaker}", published=at, seen_at=at, event=event)


def counted(now: Report, *founders: Report) -> Refrain:
    return refrain(make.story(now), [now], founders, CATALOG)


def test_the_like_of_sixty_days_is_counted_and_what_is_older_or_later_is_not() -> None:
    found = counted(said(0), said(1), said(30), said(60), said(60.1), said(-1))

    assert found.before == 3


def test_a_story_is_not_its_own_refrain() -> None:
    now = said(0)

    assert counted(now, now) == Refrain()


@pytest.mark.parametrize(
    ("speaker", "same"),
    [("putin", True), ("peskov", True), ("russia", True), ("zelensky", False), ("trump", False), ("", False)],
)
def test_all_who_speak_for_one_side_are_one_voice(speaker: str, same: bool) -> None:
    assert counted(said(0, "putin"), said(1, speaker)).before == same


def test_who_must_have_spoken_is_the_voice_where_nobody_is_quoted() -> None:
    unquoted: dict[str, Any] = {"speaker": "", "actors": ("russia", "ukraine"), "recipients": ("ukraine",)}

    assert counted(said(0, **unquoted), said(1, "putin")).before == 1


def test_a_voice_that_cannot_be_told_repeats_nobody() -> None:
    assert counted(said(0, ""), said(1, ""), said(2, "")).before == 0


def test_those_of_the_last_day_count_whoever_spoke() -> None:
    found = counted(said(0), said(0.5, "zelensky"), said(1, "putin"), said(1.1, "putin"))

    assert found.today == 2


def test_what_no_other_stated_is_new() -> None:
    terms = Facts(duration="P30D", venue="istanbul", scope=(Scope.AIR, Scope.SEA), meets_on=date(2025, 5, 15))
    before = Facts(duration="P30D", venue="riyadh", scope=(Scope.AIR,))

    found = counted(said(0, facts=terms), said(3, facts=before))

    assert found.new == Facts(venue="istanbul", scope=(Scope.SEA,), meets_on=date(2025, 5, 15))


def test_terms_of_another_voice_are_still_new_from_this_one() -> None:
    found = counted(said(0, facts=Facts(duration="P30D")), said(3, "zelensky", facts=Facts(duration="P30D")))

    assert found.new == Facts(duration="P30D")


def test_every_report_of_the_story_may_bring_the_new() -> None:
    first, second = said(0), said(-0.01, facts=Facts(duration="P30D"))

    found = refrain(make.story(first, second), [first, second], [said(3)], CATALOG)

    assert (found.before, found.new) == (1, Facts(duration="P30D"))


# ------------------------------------------------------------------------------------------ in the archive
def told_in_turn(*headlines: str, apart: timedelta = timedelta(days=5)) -> list[Story]:
    """Take *headlines* in, one every five days, and return their stories, the oldest first."""
    feed, catalog = make.feed(), load_catalog()
    state = FeedState(url=feed.url, next_check_at=make.NOON, baselined=True)
    with ArchiveStore.open(":memory:") as archive:
        archive.register([feed], make.NOON)
        ingest = Ingest(archive=archive, detector=Detector(load_rules(catalog=catalog)), catalog=catalog)
        for number, headline in enumerate(headlines):
            now = make.NOON + number * apart
            entry = make.entry(headline, id=str(number), link="", published=now, seen_at=now)
            ingest.take(state, Parsed(entries=[entry]), lambda _: state, now)
        return sorted(archive.stories(limit=100), key=lambda story: story.first_seen)


READY = "Putin says Russia is ready for peace talks with Ukraine"


def test_the_nth_readiness_for_talks_waits_for_the_digest_until_a_place_is_named() -> None:
    stories = told_in_turn(*[READY] * 7, f"{READY} in Istanbul")

    damped = [bool(set(SAID_AGAIN) & set(weigh(story, [], CATALOG).no_louder)) for story in stories]

    assert [story.refrain.before for story in stories] == list(range(8))
    assert [story.refrain.new.venue for story in stories] == [""] * 7 + ["istanbul"]
    assert damped == [False] * 5 + [True] * 2 + [False]


def test_an_alert_says_how_often_it_was_said_and_what_is_new() -> None:
    stories = told_in_turn(READY, READY, READY, f"{READY} in Istanbul")

    assert [again(story, READER) for story in stories] == [
        "",
        "",
        "3rd time in 60 days; nothing new in its terms",
        "4th time in 60 days; new: Istanbul",
    ]
    assert "4th time in 60 days; new: Istanbul" in alert(stories[-1], [said(0)], READER).html


@pytest.mark.parametrize(("before", "said"), [(10, "11th"), (11, "12th"), (20, "21st"), (21, "22nd"), (110, "111th")])
def test_ordinals_are_english(before: int, said: str) -> None:
    story = make.story(type=EventType.STATEMENT, refrain=Refrain(before=before))

    assert again(story, READER).startswith(f"{said} time")


def test_the_third_claim_of_a_violation_in_a_day_waits_for_the_digest() -> None:
    claims = [f"Pakistan claims {number} ceasefire violations by India" for number in (12, 345, 67)]

    stories = told_in_turn(*claims, apart=timedelta(hours=7))

    assert {story.type for story in stories} == {EventType.CEASEFIRE_VIOLATED}
    assert [story.refrain.today for story in stories] == [0, 1, 2]
