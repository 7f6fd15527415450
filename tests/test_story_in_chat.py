"""A story's page in chat: /story and the button "Timeline", sheet by sheet, for every reader."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alert.chat_page import MOST_HEADLINES, REPORTS_A_SHEET, sheets
from bot.alert.page import StoryPage, Told
from bot.model import Access, EventType, Headline, LoggedChange, Report, Story, StoryChange
from bot.text import plain, utf16_length
from tests import fakes, make
from tests.conversation import Conversation, buttons, conversation
from tests.telegram_rules import parse_html

LATER = make.NOON + timedelta(hours=3)
KYIV = fakes.reader(LATER, time_zone="Europe/Kyiv")


def page_of(*reports: Report, changes: tuple[StoryChange, ...] = (StoryChange.NEW,)) -> StoryPage:
    """The page of *reports*, each seen a minute after it came; by the last of them what changed was logged."""
    story = make.story(*reports)
    told = [Told(each, [Headline(each.entry.title, each.entry.seen_at or make.NOON)]) for each in reports]
    logged = [
        LoggedChange(
            id=number,
            story_id=story.id,
            revision=number,
            change=change,
            entry_key=reports[-1].entry.key,
            created_at=make.NOON + timedelta(minutes=number),
        )
        for number, change in enumerate(changes, 1)
    ]
    return StoryPage(story=story, told=told, changes=logged)


# ------------------------------------------------------------------------------------------ the page
def test_the_page_tells_the_status_who_was_first_and_what_changed_by_whose_report() -> None:
    first, second = fakes.report("Truce agreed"), fakes.report("Truce reached", "harbour", after=20)
    page = page_of(first, second, changes=(StoryChange.NEW, StoryChange.GREW, StoryChange.CONFIRMED))

    [sheet] = sheets(page, KYIV)

    head, changed, *_ = plain(sheet).split("\n\n")
    assert head.splitlines() == [
        "Timeline · 🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED",
        "First: Meridian Wire, 15:00 (12:00 UTC)",
        "2 independent publishers · International, West",
    ]
    assert changed.splitlines() == [
        "What changed",
        "15:01 (12:01 UTC): first told (Harbour Times)",
        "15:03 (12:03 UTC): confirmed (Harbour Times)",
    ]


def test_each_report_has_what_it_said_when_who_and_where() -> None:
    offer = fakes.report("Truce on offer", event={"type": EventType.CEASEFIRE_PROPOSED})
    undated = fakes.report("Truce agreed", "herald", published=None)

    [sheet] = sheets(page_of(offer, undated), KYIV)

    assert plain(sheet).split("\n\n")[2:] == [
        "1. 15:00 (12:00 UTC), seen 15:01 🕊 Ceasefire proposed\n“Truce on offer” — Meridian Wire · meridian.example",
        "2. no date given, seen 15:01 (12:01 UTC) 🤝 Ceasefire agreed / declared\n"
        "“Truce agreed” — State Herald [state media, RU] · herald.example",
    ]
    assert '<a href="https://meridian.example/a?b=1&amp;c=2">Truce on offer</a>' in sheet


def test_a_headline_that_was_changed_stands_struck_with_the_time_until_which_it_was_said() -> None:
    report = fakes.report("Truce near")
    page = page_of(report)
    had = [Headline("Truce agreed", make.NOON), Headline("Truce near", make.NOON + timedelta(hours=1))]

    [sheet] = sheets(replace(page, told=[Told(report, had)]), KYIV)

    assert "Until 16:00 (13:00 UTC): <s>“Truce agreed”</s>" in sheet


def test_of_a_headline_that_is_changed_again_and_again_the_last_are_told() -> None:
    report = fakes.report("Truce near")
    had = [Headline(f"{number} {'truce ' * 30}", make.NOON + timedelta(minutes=number)) for number in range(51)]

    [sheet] = sheets(replace(page_of(report), told=[Told(report, had)]), KYIV)

    assert "45 headlines before these:" in sheet
    assert sheet.count("Until ") == MOST_HEADLINES
    assert utf16_length(parse_html(sheet)[0]) <= 4096


def test_a_report_that_its_source_took_back_is_said_to_be() -> None:
    kept, gone = fakes.report("Truce agreed"), fakes.report("Nothing", "harbour")
    page = page_of(kept, gone)

    [sheet] = sheets(replace(page, told=[page.told[0], Told(replace(gone, event=None), page.told[1].headlines)]), KYIV)

    assert "<b>taken back by its source</b>\n“<a" in sheet


def test_times_of_another_day_are_told_with_the_day() -> None:
    late = fakes.report("Truce agreed", seen_at=make.NOON + timedelta(days=1))

    [sheet] = sheets(page_of(late), replace(KYIV, now=make.NOON + timedelta(days=2)))

    assert "1. 11 May 15:00 (12:00 UTC), seen 12 May 15:00 (12:00 UTC)" in sheet


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 900), st.integers(1, 60))
def test_a_long_page_is_several_messages_that_telegram_takes_with_each_report_once(
    reports: int, length: int, changes: int
) -> None:
    told = [fakes.report(f"{'truce ' * (length // 6)}", id=str(number)) for number in range(reports)]
    flips = (StoryChange.CONFIRMED, StoryChange.DENIED) * changes

    found = sheets(page_of(*told, changes=flips), KYIV)

    numbers = [line.partition(". ")[0] for sheet in found for line in plain(sheet).splitlines() if ". 15:00" in line]
    assert numbers == [str(number) for number in range(1, reports + 1)]
    assert all(utf16_length(parse_html(sheet)[0]) <= 4096 for sheet in found)
    assert len(found) >= -(-reports // REPORTS_A_SHEET)


# ------------------------------------------------------------------------------------------ in chat
def story_of(talk: Conversation, *titles: str) -> Story:
    reports = [make.report(title, id=title, publisher=f"Paper {number}") for number, title in enumerate(titles)]
    story = talk.report(*reports)
    talk.archive.log_change(story, StoryChange.NEW, reports[0].entry.key, make.NOON)
    return story


@pytest.mark.parametrize("access", [Access.ALLOWED, Access.OWNER])
def test_every_reader_sees_the_page_by_command_and_by_button(access: Access) -> None:
    with conversation(access) as talk:
        story = story_of(talk, "Truce agreed", "Truce reached")

        said, pressed = talk.say("/story"), talk.press(f"tl:{story.id}")
        by_id, as_before = talk.say(f"/story {story.id}"), talk.say("/timeline")

    assert "first told" in said
    assert said.count("Truce") == 2
    assert said == pressed == by_id == as_before


def test_an_edited_headline_is_on_the_page(talk: Conversation) -> None:
    report = make.report("Truce agreed")
    talk.report(report)
    talk.archive.save_headlines([replace(report.entry, title="Truce near", seen_at=talk.now)])

    said = talk.say("/story")

    assert "“Truce near”" in said
    assert "Until 12:30 UTC: “Truce agreed”" in said


def test_words_that_one_story_alone_has_open_its_page(talk: Conversation) -> None:
    story_of(talk, "Truce agreed")
    story_of(talk, "Envoys meet in Geneva")

    assert "Envoys meet in Geneva" in talk.say("/story geneva")


def test_words_that_several_stories_have_list_them_to_open(talk: Conversation) -> None:
    story_of(talk, "Truce agreed")
    story_of(talk, "Truce broken")

    said = talk.say("/story truce")

    assert "Found: truce" in said
    assert [button.label for button in buttons(talk.last)] == ["Open 1", "Open 2"]


def test_a_conflict_opens_its_newest_story_and_nonsense_is_said_to_be_in_none(talk: Conversation) -> None:
    story_of(talk, "Truce agreed")

    assert "Truce agreed" in talk.say("/story ukraine")
    assert "No report with “flurble”" in talk.say("/story flurble")
    assert "I no longer have that story" in talk.say("/story 0123456789ab")


def test_nothing_was_reported_yet(talk: Conversation) -> None:
    assert "Nothing has been reported yet" in talk.say("/story")


def test_a_long_page_is_turned_over_in_place(talk: Conversation) -> None:
    story_of(talk, *(f"Truce {number} of many" for number in range(2 * REPORTS_A_SHEET + 1)))
    talk.say("/story")

    labels, replies = [[button.label for button in buttons(talk.last)]], []
    for label in ("More", "More", "Back"):
        [action] = [button.action for button in buttons(talk.last) if label in button.label]
        replies += talk.hear(action=action, message_id="55")
        labels.append([button.label for button in buttons(talk.last)])

    assert labels == [["More ›"], ["‹ Back", "More ›"], ["‹ Back"], ["‹ Back", "More ›"]]
    assert [reply.edits for reply in replies] == ["55"] * 3
    assert [plain(reply.message.html).count("of many") for reply in replies] == [8, 1, 8]


@pytest.mark.parametrize("number", ["99999", "-1", "", "x", "9" * 30])
def test_a_sheet_that_is_not_there_is_the_nearest_that_is(talk: Conversation, number: str) -> None:
    story = story_of(talk, "Truce agreed")

    assert "Truce agreed" in talk.press(f"sheet:{story.id}:{number}")
    assert "I no longer have that story" in talk.press("sheet:0123456789ab:0")
