"""Feeds by chat: the owner lists, adds and switches them; a reader suggests one and stays unnamed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat import feed_notes
from bot.chat.desk import Settings
from bot.model import Access, ChatId, Feed, FeedChoice, FeedState
from bot.owner.feeds import feed_id, find_feeds, find_same, with_choices
from bot.text import plain
from tests import make
from tests.conversation import ME, Conversation, buttons, conversation

FEEDS = (
    Feed(url="https://a.example/rss", title="Alpha Times", language="en"),
    Feed(url="https://b.example/rss", title="Beta <Post>", language="uk"),
    Feed(url="https://c.example/rss", title="Gamma", enabled=False),
)
READER = ChatId("telegram", "8001")


@pytest.fixture
def owner() -> Iterator[Conversation]:
    with conversation(Access.OWNER, Settings(feeds=FEEDS)) as talk:
        talk.archive.register([feed for feed in FEEDS if feed.enabled], make.NOON)
        yield talk


def as_reader(talk: Conversation) -> Conversation:
    talk.people.grant(READER, Access.ALLOWED, make.NOON)
    return replace(talk, chat=READER)


def enabled(talk: Conversation) -> list[str]:
    """Return the titles of the feeds that would be polled."""
    return [feed.title for feed in with_choices(FEEDS, talk.archive.feed_choices()) if feed.enabled]


def heard(talk: Conversation, feed: Feed, **given: object) -> None:
    state = FeedState(url=feed.url, next_check_at=talk.now, checked_at=talk.now, ok_at=talk.now)
    talk.archive.save_feed_state(replace(state, **given))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- the list
def test_the_list_says_how_each_feed_is_heard(owner: Conversation) -> None:
    heard(owner, FEEDS[0], ok_at=owner.now - timedelta(minutes=4))
    heard(owner, FEEDS[1], ok_at=None, failures=2, last_error="there is nothing at this address (HTTP 404)")

    said = owner.say("/feeds")

    assert "Feeds: 2, and 1 off" in said
    assert "1. ✓ Alpha Times: heard 4 min ago" in said
    assert "2. ⚠️ Beta <Post>: never heard (there is nothing at this address (HTTP 404))" in said
    assert "3. ◌ Gamma: off" in said
    assert "Beta" in owner.say("/feeds failing")
    assert "Alpha" not in owner.say("/feeds failing")
    assert "3. ◌ Gamma" in owner.say("/feeds gamma"), "numbers are those of the whole list"


def test_a_long_list_is_turned_over_in_place() -> None:
    many = tuple(Feed(url=f"https://x.example/{n}", title=f"Feed {n}") for n in range(1, 41))
    with conversation(Access.OWNER, Settings(feeds=many)) as owner:
        first, second = owner.say("/feeds"), owner.tap("More")
        third = owner.tap("More")

        assert "15. … Feed 15" in first
        assert "16. … Feed 16" in second
        assert "40. … Feed 40" in third
        assert [button.label for button in buttons(owner.last)] == ["‹ Back"]


@pytest.mark.parametrize("text", ["/feeds", "/feed add https://x.example", "/feed off 1"])
def test_a_reader_does_not_decide_on_feeds(owner: Conversation, text: str) -> None:
    reader = as_reader(owner)

    said = reader.say(text)
    pressed = reader.press(f"feedoff:{feed_id(FEEDS[0].url)}")

    assert "I do not know /feed" in said
    assert pressed == "Only the owner of this bot decides that."
    assert enabled(owner) == ["Alpha Times", "Beta <Post>"]
    assert not feed_notes.orders(owner.people)


# ---------------------------------------------------------------------------------------------- on and off
def test_a_feed_is_switched_off_and_on_by_number_title_or_button(owner: Conversation) -> None:
    off = owner.say("/feed off 1")
    after_off = enabled(owner)
    owner.say("/feed on alpha")
    owner.say("/feed 2")
    owner.tap("Switch off")

    assert "Alpha Times is asked no more" in off
    assert after_off == ["Beta <Post>"]
    assert enabled(owner) == ["Alpha Times"]
    assert [choice.feed.title for choice in owner.archive.feed_choices()] == ["Beta <Post>"], (
        "what is as config.toml says needs no note"
    )


def test_a_feed_that_config_toml_has_off_is_switched_on_until_the_file_drops_it(owner: Conversation) -> None:
    owner.say("/feed on 3")
    choices = owner.archive.feed_choices()

    assert "Gamma" in enabled(owner)
    assert [feed.title for feed in with_choices(FEEDS[:2], choices)] == ["Alpha Times", "Beta <Post>"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/feed", "What is to be done with which feed?"),
        ("/feed off", "What is to be done with which feed?"),
        ("/feed test 99", "No feed is “99”. /feeds lists them"),
        ("/feeds failing", "No feed is failing."),
        ("/feed off 9", "No feed is “9”. /feeds lists them"),
        ("/feed off example", "Which of them? Say its number:\n1. Alpha Times\n2. Beta <Post>\n3. Gamma"),
        ("/feed on 1", "Alpha Times is on already."),
        ("/feed delete 2", "In chat a feed is switched off: /feed off 2"),
        ("/feed add", "Which address?"),
        ("/feed add nonsense words", "is no web address"),
        ("/feed add ftp://x.example/", "is no web address"),
        ("/feed add http://169.254.169.254/", "I do not ask there: 169.254.169.254 is not on the public internet."),
        ("/feed add http://[::1]:80/", "I do not ask there"),
        ("/feed test http://x.example:22/", "I do not ask there: port 22"),
        ("/feed add http://a.example/rss/", "That one is there already: 1. Alpha Times."),
        ("/feed add https://c.example/rss", "It is off; /feed on 3 switches it on."),
        ("/feed add https://x.example/" + "a" * 600, "too long"),
    ],
)
def test_what_cannot_be_done_is_answered_in_plain_words(owner: Conversation, text: str, answer: str) -> None:
    assert answer in owner.say(text)
    assert not feed_notes.orders(owner.people)


def test_an_address_to_look_at_is_noted_once_and_not_without_end(owner: Conversation) -> None:
    owner.say("/feed add x.example/rss")
    owner.say("/feed add x.example/rss")
    owner.say("/feed test 1")
    for n in range(30):
        owner.say(f"/feed test https://y.example/{n}")

    noted = feed_notes.orders(owner.people)
    assert [(order.url, order.add) for order in noted[:2]] == [
        ("https://x.example/rss", True),
        ("https://a.example/rss", False),
    ]
    assert len(noted) == feed_notes.MOST_ORDERS
    assert "please wait" in plain(owner.last.html)


# ---------------------------------------------------------------------------------------------- suggestions
def notices(talk: Conversation) -> list[tuple[ChatId, str, list[str]]]:
    """Return what is owed: to whom, its words, its buttons."""
    return [
        (delivery.chat, plain(delivery.message.html), [button.action for button in buttons(delivery.message)])
        for delivery in talk.people.claim(talk.now + timedelta(hours=1), limit=50)
    ]


def test_a_suggestion_reaches_the_owner_once_and_names_nobody(owner: Conversation) -> None:
    reader = as_reader(owner)
    said = [reader.say("/suggest news.example/rss") for _ in range(2)]
    name = feed_id("https://news.example/rss")

    [(to, words, actions)] = notices(owner)

    assert to == ME
    assert words == "https://news.example/rss\nA reader suggests this source. I do not say who."
    assert READER.room not in words + json.dumps(feed_notes.offers(owner.people))
    assert actions == [f"feedadd:{name}", f"feedlook:{name}", f"feedno:{name}"]
    assert said == ["Thank you. Whoever runs this bot is asked, and is not told who suggested it."] * 2


def test_the_owner_adds_a_suggestion_or_leaves_it_out(owner: Conversation) -> None:
    reader = as_reader(owner)
    reader.say("/suggest https://one.example")
    reader.say("/suggest https://two.example")
    one, two = (feed_id(f"https://{name}.example") for name in ("one", "two"))

    added, left_out = owner.press(f"feedadd:{one}"), owner.press(f"feedno:{two}")
    late = owner.press(f"feedadd:{two}")

    assert "I am looking at https://one.example" in added
    assert left_out == "Left out: https://two.example."
    assert "That was decided" in late
    assert [order.url for order in feed_notes.orders(owner.people)] == ["https://one.example"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/suggest", "Which source?"),
        ("/suggest hello there", "is no web address"),
        ("/suggest http://127.0.0.1/", "I do not ask there"),
        ("/suggest www.a.example/rss", "I read that one already: Alpha Times."),
    ],
)
def test_a_suggestion_that_is_none_goes_to_nobody(owner: Conversation, text: str, answer: str) -> None:
    assert answer in as_reader(owner).say(text)
    assert notices(owner) == []


def test_nobody_can_bury_the_owner_in_suggestions(owner: Conversation) -> None:
    reader = as_reader(owner)
    for n in range(30):
        reader.say(f"/suggest https://s{n}.example")

    assert len(feed_notes.offers(owner.people)) == feed_notes.MOST_SUGGESTED
    assert "try tomorrow" in plain(reader.last.html)
    assert "Thank you" in replace(reader, now=owner.now + timedelta(days=1)).say("/suggest https://next.example")


def test_the_owner_s_own_suggestion_is_asked_back_at_once(owner: Conversation) -> None:
    assert "Shall I read it?" in owner.say("/suggest https://new.example")
    assert "I am looking" in owner.tap("Add")
    assert notices(owner) == []


def test_without_an_owner_a_reader_is_told_so() -> None:
    with conversation(settings=Settings(feeds=FEEDS)) as talk:
        assert "Nobody decides on sources here yet" in talk.say("/suggest https://new.example")


# ---------------------------------------------------------------------------------------------- which feed
def test_a_feed_is_the_same_however_its_address_is_spelled() -> None:
    for url in ("http://A.example/rss", "https://www.a.example/rss/", "https://a.example:443/rss", "a.example/rss"):
        assert find_same(url, FEEDS) == FEEDS[0]
    for url in ("https://a.example/rss2", "https://a.example/rss?x=1", "https://aa.example/rss", "https://["):
        assert find_same(url, FEEDS) is None


def test_a_number_beyond_the_list_is_a_word() -> None:
    channel = Feed(url="https://24tv.example/rss", title="24 Канал")

    assert find_feeds("24", [*FEEDS, channel]) == [channel]
    assert find_feeds("0", FEEDS) == []
    assert find_feeds("канал", [channel]) == [channel]
    assert find_feeds("", FEEDS) == []


def test_what_is_added_in_chat_comes_behind_and_the_file_s_own_word_wins() -> None:
    added = FeedChoice(feed=Feed(url="https://n.example", title="New"), added=True)
    again = FeedChoice(feed=replace(FEEDS[0], title="other", enabled=False), added=True)

    merged = with_choices(FEEDS, [added, again])

    assert [(feed.title, feed.enabled) for feed in merged] == [
        ("Alpha Times", False),
        ("Beta <Post>", True),
        ("Gamma", False),
        ("New", True),
    ]
