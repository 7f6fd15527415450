"""What the owner says of headlines, what readers say of stories, and what becomes of both."""

from contextlib import suppress
from datetime import timedelta

import pytest

from bot.model import Access, ChatId, Entry, EventType, Example, Incoming, Mention, NearMiss
from bot.poll.identity import identity_keys
from tests import make
from tests.conversation import ME, Conversation, buttons

READERS = [ChatId("telegram", room) for room in ("8001", "8002", "8003")]


def kept(talk: Conversation, title: str, **given: object) -> Entry:
    entry = make.entry(title, **given)
    talk.archive.save_entries([(entry, identity_keys(entry))])
    return entry


def noted(talk: Conversation, title: str, ago: timedelta = timedelta(0)) -> Entry:
    """Note a near miss that was set aside for its word "trade"."""
    mentions = (Mention(role="cancelled", name="trade-truce (ceasefire-title)", text="trade truce", start=0, end=11),)
    entry = kept(talk, title)
    talk.archive.save_near_miss(NearMiss(entry=entry, score=0.4, noted_at=talk.now - ago, mentions=mentions))
    return entry


def says(talk: Conversation, chat: ChatId, action: str) -> None:
    talk.people.grant(chat, Access.ALLOWED, talk.now)
    talk.chat = chat
    talk.press(action)
    talk.chat = ME


# ------------------------------------------------------------------------------------------ missed
def test_the_owner_sees_what_was_nearly_news_and_why_it_was_not(owner: Conversation) -> None:
    noted(owner, "Trade truce, but a real one", timedelta(hours=2))
    noted(owner, "Trade truce of the generals")
    noted(owner, "Trade truce of long ago", timedelta(days=8))

    listed = owner.say("/missed")

    assert listed.index("generals") < listed.index("a real one")
    assert "set aside because of “trade truce” (trade-truce)" in listed
    assert "long ago" not in listed


def test_what_was_missed_is_kept_with_its_type_and_leaves_the_list(owner: Conversation) -> None:
    entry = noted(owner, "Trade truce of the generals")

    owner.say("/missed")
    noted_words = owner.tap("This was missed")
    untyped = owner.archive.examples()
    owner.tap("Ceasefire agreed")

    assert "Noted as missed" in noted_words
    assert untyped == [Example(entry=entry, news=True, labelled_at=owner.now)]
    assert owner.archive.examples()[0].type is EventType.CEASEFIRE_AGREED
    assert "generals" not in owner.say("/missed")


def test_the_owner_can_take_it_back(owner: Conversation) -> None:
    noted(owner, "Trade truce of the generals")

    owner.say("/missed")
    owner.tap("This was missed")
    taken_back = owner.tap("Take that back")

    assert taken_back.startswith("Taken back")
    assert owner.archive.examples() == []
    assert "generals" in owner.say("/missed")
    assert "nothing to take back" in owner.press("unsaid:000000000000")


def test_as_many_are_listed_as_the_owner_asks_for(owner: Conversation) -> None:
    for number in range(12):
        noted(owner, f"Trade truce number {number}")

    counts = [owner.say(f"/missed {most}".strip()).count("Trade truce") for most in ("", "2", "10", "99")]

    assert counts == [5, 2, 10, 10]


@pytest.mark.parametrize("words", ["generals quiet", "https://www.news.example/quiet?utm_source=x"])
def test_what_was_not_even_near_is_found_by_words_or_link(owner: Conversation, words: str) -> None:
    entry = kept(owner, "The generals go quiet", link="https://news.example/quiet")

    found = owner.say(f"/missed {words}")
    owner.tap("This was missed")

    assert "not taken for news" in found
    assert [example.entry for example in owner.archive.examples()] == [entry]


def test_what_was_taken_for_news_is_shown_as_such(owner: Conversation) -> None:
    story = owner.report(make.report("New truce agreed"))

    found = owner.say("/missed new truce")

    assert "taken for news" in found
    assert [button.action for button in buttons(owner.last)] == [f"show:{story.id}"]


def test_what_no_feed_brought_is_said_to_be_so(owner: Conversation) -> None:
    assert "None of my entries has “https://elsewhere.example/1”" in owner.say("/missed https://elsewhere.example/1")
    assert "Nothing was nearly news" in owner.say("/missed")


@pytest.mark.parametrize("action", ["missed:", "missed:00", "said:", "said:000000000000:talks.held", "said:00:war"])
def test_a_button_of_an_entry_that_is_gone_says_so(owner: Conversation, action: str) -> None:
    assert "no longer have that headline" in owner.press(action)


def test_a_press_that_comes_twice_after_a_crash_counts_once(owner: Conversation) -> None:
    entry = noted(owner, "Trade truce of the generals")
    press = Incoming(chat=ME, action=f"missed:{Example(entry=entry, news=True).id}", message_id="55")

    with suppress(KeyboardInterrupt), owner.people.transaction():
        owner.commands.answer(press, owner.now)
        raise KeyboardInterrupt
    owner.press(press.action)

    assert len(owner.archive.examples()) == 1


def test_nobody_but_the_owner_labels_anything(talk: Conversation) -> None:
    entry = noted(talk, "Trade truce of the generals")
    story = talk.report(make.report("New truce"))
    number = Example(entry=entry, news=True).id

    answers = [
        talk.press(action)
        for action in (f"missed:{number}", f"said:{number}:talks.held", f"unsaid:{number}", f"good:{story.id}")
    ]

    assert answers == ["Only the owner of this bot decides that."] * 4
    assert "do not know /missed" in talk.say("/missed")
    assert talk.archive.examples() == []


# ------------------------------------------------------------------------------------------ not relevant
def test_the_owners_not_relevant_is_an_example_at_once(owner: Conversation) -> None:
    report = make.report("New truce in the coalition")
    story = owner.report(report)

    answer = owner.press(f"bad:{story.id}")

    assert answer.startswith("Noted as not relevant")
    assert owner.archive.examples() == [Example(entry=report.entry, news=False, labelled_at=owner.now)]


def test_what_readers_say_is_counted_once_each_and_left_to_the_owner(owner: Conversation) -> None:
    story = owner.report(make.report("New truce in the coalition"))
    for reader in (*READERS, READERS[0]):
        says(owner, reader, f"bad:{story.id}")

    before = owner.archive.examples()
    listed = owner.say("/missed")
    owner.tap("Not relevant")

    assert before == []
    assert "“New truce in the coalition” — 3 readers say so" in listed
    assert [example.news for example in owner.archive.examples()] == [False]
    assert "coalition" not in owner.say("/missed")


def test_the_owner_may_differ_from_the_readers(owner: Conversation) -> None:
    story = owner.report(make.report("New truce"))
    says(owner, READERS[0], f"bad:{story.id}")

    listed = owner.say("/missed")
    owner.tap("News")

    assert "1 reader says so" in listed
    assert [example.news for example in owner.archive.examples()] == [True]


def test_who_said_it_is_forgotten_once_the_owner_has_decided(owner: Conversation) -> None:
    story = owner.report(make.report("New truce"))
    says(owner, READERS[0], f"bad:{story.id}")

    owner.press(f"bad:{story.id}")

    assert owner.people._file.value("SELECT count(*) FROM feedback WHERE chat_id IS NOT NULL") == 0


def test_no_chat_is_named_in_what_is_kept(owner: Conversation) -> None:
    noted(owner, "Trade truce of the generals")
    owner.say("/missed")
    owner.tap("This was missed")

    stored = [tuple(row) for row in owner.archive._file.rows("SELECT * FROM examples")]

    assert ME.room not in str(stored)
    assert ME.network not in str(stored)
