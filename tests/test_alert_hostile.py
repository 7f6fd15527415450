"""Text of others can never break a message: judged by TDLib, Telegram's own parser."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alert import behind, render
from bot.alert.chat_page import sheets
from bot.alert.digest import digest
from bot.alert.page import StoryPage, Told
from bot.alert.phrases import Reader
from bot.model import EventType, Headline, Mention, Message, Modality, Report, Stage
from bot.ports import Coverage
from bot.text import utf16_length
from tests import fakes, make
from tests.telegram_rules import parse_html

LATER = make.NOON + timedelta(minutes=20)
HEARD = Coverage(feeds=50, healthy=46, last_ok_at=LATER, entries=1, stories=1)
ATOMS = (
    "<b>", "</b>", "<", ">", "&", "&lt;", "&amp;", "&#0;", "&#x1F600;", "&nbsp;", '"', "'", "\x00", "\x1b[31m",
    "\u202e", "\u200b", "\u2066", "\ufeff", "😀", "👨\u200d👩\u200d👧", "e\u0301", "\ud83d", "перемирие", "وقف إطلاق",
    "停戦", "<!--", "]]>", "\n\n", '<a href="tg://user?id=1">', "@channel", "/start", "javascript:", "</a>",
    "<tg-spoiler>", "`*_[x](y)", "\U000e0041", "x" * 500, "<u>", "</blockquote>", "a" * 40,
)  # fmt: skip
LINKS = (
    'https://e.org/?a=1&b="2',
    "https://e.org/?a=1&b=2",
    "javascript:alert(1)",
    "http://x/\n",
    "",
    "https://" + "a" * 3000,
    "https://e.org/'><b>",
    "https://user@e.org/",
    "https://e.org/\u202egpj.exe",
    "https://[::1",
)
NOT_SEEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\u00ad\x00-\x08\x1b]|[\U000e0000-\U000e007f]")
anything = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(ATOMS)


def pages(reports: list[Report], reader: Reader) -> Iterator[tuple[Message, int]]:
    """Every message that a story can turn up in, with the most that it may show."""
    story = make.story(*reports)
    yield render.alert(story, reports, reader), render.LONGEST_ALERT
    for page in (behind.why, behind.sources):
        yield page(story, reports, reader), 4096
    told = [Told(each, [Headline(each.entry.summary, LATER), Headline(each.entry.title, LATER)]) for each in reports]
    for sheet in sheets(StoryPage(story=story, told=told, changes=()), reader):
        yield Message(html=sheet), 4096
    yield render.listing(story.headline, [(story, reports)] * 3, reader), 4096
    subscription = make.subscription(time_zone=reader.time_zone, last_digest_at=make.NOON)
    yield digest(subscription, [(story, reports)], HEARD, reader.catalog, LATER), 4096


def check(message: Message, most: int) -> None:
    """Telegram takes it, shows no trick of the text's own making, and only ever links to the open web."""
    text, entities = parse_html(message.html)

    assert 0 < utf16_length(text) <= most
    assert not NOT_SEEN.search(text)
    assert {entity["type"] for entity in entities} <= {"bold", "underline", "strikethrough", "text_link"}
    assert all(entity["url"].startswith(("http://", "https://")) for entity in entities if "url" in entity)
    assert all(len(button.action.encode()) <= 64 and button.label for row in message.buttons for button in row)


def hostile_report(chance: random.Random) -> Report:
    def words(most: int) -> str:
        return "".join(chance.choice(ATOMS) for _ in range(chance.randint(0, most)))

    title = words(8)
    start, end = sorted((chance.randint(-3, 40), chance.randint(-3, 40)))
    mention = Mention(
        role=chance.choice(["signal", "type", "conflict", "odd"]), name=words(2), text=words(3), start=start, end=end
    )
    return fakes.report(
        title,
        publisher=words(4),
        link=chance.choice(LINKS),
        id=str(chance.random()),
        language=chance.choice(["en", "uk", words(1)]),
        event={
            "type": chance.choice(list(EventType)),
            "modality": chance.choice(list(Modality)),
            "conflicts": (chance.choice(["ukraine-russia", "yemen", words(3)]),),
            "actors": tuple(words(3) for _ in range(chance.randint(0, 6))),
            "recipients": tuple(words(3) for _ in range(chance.randint(0, 6))),
            "speaker": words(3),
            "numbers": frozenset(words(2) for _ in range(chance.randint(0, 6))),
            "rule": words(3),
            "mentions": (mention,) * chance.randint(0, 3),
        },
    )


@pytest.mark.parametrize("cases", [2_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_hostile_stories_are_all_taken_by_telegram(cases: int) -> None:
    chance = random.Random(11)
    readers = [fakes.reader(LATER, time_zone="Europe/Kyiv", language=language) for language in ("en", "uk", "ru")]

    checked = 0
    while checked < cases:
        reports = [hostile_report(chance) for _ in range(chance.randint(1, 4))]
        for message, most in pages(reports, chance.choice(readers)):
            check(message, most)
            checked += 1

    print(f"{checked} messages, 0 refused")  # noqa: T201
    assert checked >= cases


@given(title=anything, publisher=anything, link=anything | st.sampled_from(LINKS), speaker=anything, zone=anything)
def test_no_text_at_all_breaks_a_message(title: str, publisher: str, link: str, speaker: str, zone: str) -> None:
    event = {
        "modality": Modality.CLAIM,
        "speaker": speaker,
        "mentions": (Mention(role="type", name=title, text=title, start=0, end=9),),
    }
    report = fakes.report(title, publisher=publisher, link=link, id="1", event=event)

    for message, most in pages([report], fakes.reader(LATER, time_zone=zone)):
        check(message, most)


def test_many_long_names_still_fit_an_alert() -> None:
    long = "Й" * 400
    event = {
        "conflicts": (long, long),
        "actors": (long,) * 9,
        "recipients": (f"{long}2",) * 9,
        "speaker": long,
        "numbers": frozenset({long, f"{long}1", f"{long}2"}),
        "modality": Modality.CLAIM,
    }
    reports = [fakes.report(f"{number}{long}", publisher=f"{number}{long}", event=event) for number in range(30)]

    stages = (Stage(EventType.AGREEMENT_REACHED, make.NOON), Stage(EventType.CEASEFIRE_AGREED, make.NOON))
    message = render.alert(make.story(*reports, stages=stages), reports, fakes.reader(LATER), update=True)

    assert "Before" in message.html
    assert "Also" not in message.html
    check(message, render.LONGEST_ALERT)
