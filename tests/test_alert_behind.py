"""What the buttons under an alert answer: why it came, and which reports it rests on."""

from datetime import timedelta

from bot.alert import behind
from bot.model import Mention, Modality
from bot.text import plain
from tests import fakes, make

KYIV = fakes.reader(make.NOON + timedelta(minutes=20), time_zone="Europe/Kyiv")


def test_why_shows_the_words_that_decided_in_their_place() -> None:
    title = "Kyiv & Moscow agree truce"
    mentions = (
        Mention(role="signal", name="ceasefire-title", text="truce", start=20, end=25),
        Mention(role="signal", name="halt-title", text="truce", start=20, end=25),
        Mention(role="type", name="ceasefire.agreed/by-both", text="agree truce", start=14, end=25),
        Mention(role="conflict", name="ukraine-russia:A", text="Kyiv", start=0, end=4),
        Mention(role="conflict", name="ukraine-russia:B", text="Moscow", start=7, end=13),
        Mention(role="cancelled", name="trade-truce", text="Moscow", start=7, end=13),
    )
    rule = "ceasefire-title > ceasefire.agreed/by-both"
    report = fakes.report(title, event={"mentions": mentions, "rule": rule, "rules_hash": "0d9d26d66ce4"})

    message = behind.why(make.story(report), [report], KYIV)

    assert message.html == (
        "<b>Why?</b> · 🟡 <b>UNCONFIRMED</b> · Russia–Ukraine war · <b>CEASEFIRE AGREED / DECLARED</b>\n"
        "“<u>Kyiv</u> &amp; <u>Moscow</u> <u>agree truce</u>” — Meridian Wire\n"
        "Relevant ← “truce”\n"
        "Conflict: Russia–Ukraine war ← “Kyiv”, “Moscow”\n"
        "What happened: Ceasefire agreed / declared ← “agree truce”\n"
        "Set aside ← “Moscow”\n"
        "Score 1.0 · rule ceasefire-title &gt; ceasefire.agreed/by-both · rules 0d9d26d66ce4\n"
        "Status: unconfirmed (no second source)\n"
        "Loudness: P2, pushed silently\n"
        "  no louder because: only one independent publisher so far\n"
        "Published 15:00 (12:00 UTC)\n"
        "It would not have been sent if it were older than 12 h, undated, or muted by you."
    )


def test_why_does_not_say_that_something_happened_which_did_not() -> None:
    mention = Mention(role="type", name="ceasefire.agreed 7", text="may agree", start=0, end=5)
    report = fakes.report("Truce may come", event={"mentions": (mention,), "modality": Modality.CONDITIONAL})

    text = plain(behind.why(make.story(report), [report], KYIV).html)

    assert "What happened: Conditional: ceasefire agreed / declared ← “may agree”" in text


def test_why_survives_a_story_whose_reports_are_gone() -> None:
    story, _ = fakes.agreed("meridian")

    assert "no longer kept" in behind.why(story, [], KYIV).html


def test_sources_say_what_kind_of_publisher_each_is() -> None:
    story, reports = fakes.agreed("meridian", "harbour")

    text = plain(behind.sources(story, reports, KYIV).html)

    first = text.split("\n\n")[1].splitlines()
    assert first[0] == "Meridian Wire (agency or official, International, GB)"
    assert first[1] == "“Russia and Ukraine agree 30-day truce, says meridian”"
    assert first[2] == "meridian.example, 15:00 (12:00 UTC)"
    assert "Harbour Times (major outlet, West)" in text
    assert text.endswith("\n\n2 independent publishers · International, West")


def test_a_story_with_very_many_reports_is_cut_at_whole_lines_and_says_how_many_are_left() -> None:
    reports = [fakes.report(f"{number} {'truce ' * 30}", id=str(number)) for number in range(200)]
    story = make.story(*reports)

    text = plain(behind.sources(story, reports, KYIV).html)

    assert len(text) <= 4096
    assert "… and " in text
