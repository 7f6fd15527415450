"""What people can ask, and who may."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.commands import ACTIONS, COMMANDS, MENU, OWNER_CODE, OWNER_COMMANDS, Settings
from bot.model import Access, ChatId, DeliveryKind, EventType, Facts, FeedState, NearMiss, Report, Sent
from tests import make
from tests.conversation import ME, Conversation, buttons, conversation
from tests.telegram_rules import read_commands

STRANGER = "This bot is private. Your chat id is 7001: give it to the operator."


def gaza() -> Report:
    return make.report("Hamas and Israel agree Gaza truce", event={"conflicts": ("gaza",), "actors": ("hamas",)})


# ------------------------------------------------------------------------------------------ who may
@pytest.mark.parametrize(
    "text", ["/start", "/help", "hello", "/start wrong-code", "/allow 7001", "", "/latest@parley_bot"]
)
def test_a_stranger_is_told_its_chat_id_and_nothing_more(text: str) -> None:
    with conversation(access=None) as talk:
        answer = talk.say(text)

        assert answer == STRANGER
        assert talk.last.buttons == ()
        assert talk.people.subscription(ME) is None


def test_a_stranger_gets_nothing_by_pressing_a_button() -> None:
    with conversation(access=None) as talk:
        assert talk.press("pick:gaza:0") == STRANGER
        assert talk.people.subscription(ME) is None


def test_who_opens_the_owners_link_first_is_the_owner_and_the_link_works_once() -> None:
    with conversation(access=None) as talk:
        talk.people.remember(OWNER_CODE, "s3cret")

        welcome = talk.say("/start s3cret")
        talk.chat = ChatId("telegram", "8002")
        second = talk.say("/start s3cret")

        assert "Which conflict?" in welcome
        assert talk.people.owner() == ME
        assert talk.people.note(OWNER_CODE) == ""
        assert second.startswith("This bot is private.")


def test_the_owners_link_makes_no_group_the_owner_and_stays_good() -> None:
    with conversation(access=None) as talk:
        talk.people.remember(OWNER_CODE, "s3cret")

        talk.say("/start s3cret", private=False)
        in_group = talk.people.owner()
        talk.chat = ChatId("telegram", "8002")
        talk.say("/start s3cret")

        assert in_group is None
        assert talk.people.owner() == ChatId("telegram", "8002")


def test_the_owners_link_works_for_a_chat_that_was_let_in_before(talk: Conversation) -> None:
    talk.people.remember(OWNER_CODE, "s3cret")

    talk.say("/start s3cret")

    assert talk.people.access(ME) is Access.OWNER


def test_a_stranger_is_answered_once_an_hour_and_after_everybody_else() -> None:
    with conversation(access=None) as talk:
        first, again = talk.hear(text="/start")[0], talk.hear(text="hello")[0]
        talk.now += timedelta(hours=1)
        later = talk.hear(text="hello")[0]

        assert first.once == again.once != later.once
        assert first.kind is DeliveryKind.STRANGER


def test_no_code_opens_a_bot_that_has_none() -> None:
    with conversation(access=None) as talk:
        assert talk.say("/start ") == STRANGER
        assert talk.people.owner() is None


def test_an_open_bot_lets_anybody_in_but_nobody_else_rule() -> None:
    with conversation(access=None, settings=Settings(access="open")) as talk:
        assert "Which conflict?" in talk.say("/start")
        assert "do not know /allow" in talk.say("/allow 1")


def test_the_owner_lets_chats_in_and_shuts_them_out(owner: Conversation) -> None:
    guest = ChatId("telegram", "-100200")

    allowed = owner.say("/allow -100200")
    before = owner.people.access(guest)
    denied = owner.say("/deny -100200")

    assert ["may use me now" in allowed, "let in no more" in denied] == [True, True]
    assert [before, owner.people.access(guest)] == [Access.ALLOWED, None]


@pytest.mark.parametrize("words", ["", "me", "12 34", "9" * 30, "--5", "٣"])
def test_a_chat_id_that_is_none_is_not_let_in(owner: Conversation, words: str) -> None:
    assert "For example: /allow" in owner.say(f"/allow {words}")


def test_the_owner_cannot_be_shut_out(owner: Conversation) -> None:
    owner.say(f"/deny {ME.room}")

    assert owner.people.owner() == ME


def test_an_owner_who_forgets_to_be_alone_with_the_bot_is_told_where_to_ask(talk: Conversation) -> None:
    said = talk.say("/feeds", private=False)

    assert said == "/feeds is for my owner, in the chat with me alone."


def test_who_is_not_the_owner_neither_sees_nor_runs_the_owners_commands(talk: Conversation) -> None:
    assert "/allow" not in talk.say("/help")
    assert "do not know /deny" in talk.say("/deny 7001")
    assert talk.press("run:deny").startswith("What I understand")


# ------------------------------------------------------------------------------------------ groups, comings and goings
def test_in_a_group_only_commands_and_buttons_are_answered(talk: Conversation) -> None:
    chatter = talk.hear(text="what about gaza?", private=False)
    command = talk.hear(text="/now@parley_bot gaza", private=False)

    assert chatter == []
    assert len(command) == 1


def test_a_chat_that_left_is_sent_nothing_until_it_speaks_again(talk: Conversation) -> None:
    talk.people.save_subscription(make.subscription(chat=ME))

    left = talk.hear(left=True)
    away = talk.people.subscriptions()
    talk.say("/list")

    assert left == []
    assert away == []
    assert [subscription.chat for subscription in talk.people.subscriptions()] == [ME]


def test_a_picture_is_answered_and_an_album_once(talk: Conversation) -> None:
    (first,), (second,) = talk.hear(text=""), talk.hear(text="")

    assert "I read words only" in first.message.html
    assert first.once == second.once != ""


def test_an_open_bot_that_is_added_to_a_group_begins() -> None:
    with conversation(access=None, settings=Settings(access="open")) as talk:
        (reply,) = talk.hear(joined=True, private=False)

        assert "Which conflict?" in reply.message.html


def test_an_unknown_group_that_adds_us_learns_its_id_and_a_known_one_hears_nothing() -> None:
    with conversation(access=None) as talk:
        assert len(talk.hear(joined=True, private=False)) == 1
        assert talk.hear(joined=True) == []
        talk.people.grant(ME, Access.ALLOWED, talk.now)
        assert talk.hear(joined=True, private=False) == []


# ------------------------------------------------------------------------------------------ help
def test_every_command_explains_itself_and_help_names_each(owner: Conversation) -> None:
    text = owner.say("/help")

    for name in COMMANDS | OWNER_COMMANDS:
        explained = owner.say(f"/help {name}")
        assert f"/{name} – " in text
        assert explained.startswith(f"/{name}: ")
        assert len(explained.splitlines()) > 1


def test_help_reads_like_this(talk: Conversation) -> None:
    assert talk.say("/help") == (Path(__file__).parent / "golden" / "help.txt").read_text(encoding="utf-8").strip()


def test_telegram_takes_the_menu() -> None:
    menu = [{"command": name, "description": description} for name, description in MENU]

    assert read_commands({"commands": json.dumps(menu)}) == menu
    assert {name for name, _ in MENU} == set(COMMANDS)


@pytest.mark.parametrize("text", ["/HELP", "/help@parley_bot", "/Help@Parley_Bot", "help", "HELP?"])
def test_a_command_is_understood_however_it_is_written(talk: Conversation, text: str) -> None:
    assert talk.say(text).startswith("What I understand")


@pytest.mark.parametrize(
    ("text", "guess"), [("/lates", "/latest"), ("/folow gaza", "/follow"), ("/setings", "/settings")]
)
def test_a_slip_is_met_with_a_guess_that_can_be_pressed(talk: Conversation, text: str, guess: str) -> None:
    assert f"Did you mean {guess}?" in talk.say(text)
    assert buttons(talk.last)[0].action == f"run:{guess[1:]}"


@pytest.mark.parametrize("text", ["qwertyuiop", "", "???", "/", "//", "/@", "12345", "🤷", "a" * 5000])
def test_nonsense_gets_a_helpful_answer(talk: Conversation, text: str) -> None:
    assert "/help" in talk.say(text)


# ------------------------------------------------------------------------------------------ news
def test_the_latest_stories_are_those_that_you_follow_unless_you_ask_for_all(talk: Conversation) -> None:
    talk.report(make.report("Moscow and Kyiv agree truce"))
    talk.report(gaza())
    talk.say("/follow gaza")

    mine, all_, ukraine, one = (talk.say(f"/latest{words}") for words in ("", " all", " Україна", " all 1"))

    assert ["Moscow" in text for text in (mine, all_, ukraine)] == [False, True, True]
    assert ["Hamas" in text for text in (mine, all_, ukraine)] == [True, True, False]
    assert len(buttons(talk.last)) == 1
    assert one.startswith("Latest · everything")


def test_an_opened_story_is_its_card(talk: Conversation) -> None:
    story = talk.report(make.report("Moscow and Kyiv agree truce"))
    talk.say("/latest")

    card = talk.tap("Open 1")

    assert card.startswith("🟡 UNCONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED")
    assert [button.action for button in buttons(talk.last)][:2] == [f"why:{story.id}", f"src:{story.id}"]


def test_since_shows_what_came_after(talk: Conversation) -> None:
    talk.report(make.report("Old truce", published=make.NOON - timedelta(days=2)))
    talk.report(make.report("New truce"))

    text = talk.say("/since 5h")

    assert "New truce" in text
    assert "Old truce" not in text
    assert "Old truce" in talk.say("/since 9 May")


def test_since_tells_only_what_you_follow(talk: Conversation) -> None:
    talk.report(make.report("Moscow and Kyiv agree truce"))
    talk.report(gaza())
    talk.say("/follow gaza")

    text = talk.say("/since 5h")

    assert ["Moscow" in text, "Hamas" in text] == [False, True]


def test_since_when_nothing_came_says_how_well_we_hear(talk: Conversation) -> None:
    assert "Nothing new since 11:30 UTC" in talk.say("/since 1h")
    assert "No feed was heard yet" in talk.say("/since 1h")


@pytest.mark.parametrize("words", ["", "soon", "2099-01-01", "31.02", "0h", "99999w", "-1h"])
def test_a_time_that_is_none_is_asked_again_with_examples(talk: Conversation, words: str) -> None:
    assert "/since yesterday" in talk.say(f"/since {words}")


def test_words_are_found_in_any_language_and_each_story_once(talk: Conversation) -> None:
    talk.report(make.report("Перемир'я оголошено", language="uk"), make.report("Truce declared today"))

    found = talk.say("/search перемир'я")

    assert "2." not in found
    assert "Found: перемир'я" in found
    assert "No report with “martians”" in talk.say("/search martians")
    assert "Which words?" in talk.say("/search")


@pytest.mark.parametrize("text", ["/now gaza", "/now Газа", "gaza", "What is happening in Gaza?", "що в Газі", "hamas"])
def test_a_conflict_is_told_by_any_of_its_names(talk: Conversation, text: str) -> None:
    talk.report(gaza())
    talk.report(make.report("Moscow and Kyiv agree truce"))

    answer = talk.say(text)

    assert answer.startswith("Last reported · Israel–Hamas / Gaza")
    assert "Hamas and Israel agree Gaza truce" in answer
    assert "Moscow" not in answer


def test_now_of_everything_tells_the_newest_story_of_each_conflict(talk: Conversation) -> None:
    talk.report(make.report("First word from Moscow", published=make.NOON - timedelta(hours=1)))
    talk.report(make.report("Last word from Moscow"))
    talk.report(gaza())

    text = talk.say("/now")

    assert ["First word" in text, "Last word" in text, "Hamas" in text] == [False, True, True]


def test_now_of_a_quiet_conflict_is_honest(talk: Conversation) -> None:
    assert talk.say("/now sudan") == (
        "Nothing reported in 7 days on Sudan.\n⚠️ No feed was heard yet: silence means nothing so far."
    )


def test_an_unknown_conflict_is_met_with_a_guess_and_the_list(talk: Conversation) -> None:
    assert "Did you mean Myanmar?" in talk.say("/now mianmar")
    assert "Nothing reported in 7 days on Yemen" in talk.tap("Yemen")


def test_words_that_are_no_conflict_are_searched_for(talk: Conversation) -> None:
    talk.report(make.report("Delegations travel by train"))

    assert "Found: by train" in talk.say("by train")


def test_why_sources_and_timeline_explain_the_last_story_told_or_the_one_named(talk: Conversation) -> None:
    older = talk.report(make.report("Old truce", published=make.NOON - timedelta(hours=2)))
    talk.report(make.report("New truce"))
    talk.report(make.report("Appeal", published=make.NOON + timedelta(minutes=5), event={"type": EventType.STATEMENT}))

    assert "“New truce”" in talk.say("/why")
    assert "“Old truce”" in talk.say(f"/why {older.id}")
    assert "New truce" in talk.say("/timeline")
    assert "Old truce" in talk.press(f"tl:{older.id}")
    assert "“Old truce”" in talk.press(f"src:{older.id}")


def test_why_and_mute_mean_the_story_that_the_chat_was_sent_last_not_the_one_that_moved_last(
    talk: Conversation,
) -> None:
    told = talk.report(make.report("Old truce", published=make.NOON - timedelta(hours=2)))
    talk.report(make.report("New truce"))
    talk.people.enqueue([make.delivery(chat=ME, story_id=told.id)])
    (delivery,) = talk.people.claim(make.NOON)
    talk.people.settle(delivery.after(Sent(), make.NOON), make.NOON)
    talk.say("/follow everything")

    why, muted = talk.say("/why"), talk.say("/mute story")

    assert "“Old truce”" in why
    assert "“Old truce”" in muted


def test_before_any_news_why_says_so(talk: Conversation) -> None:
    assert "Nothing has been reported yet" in talk.say("/why")


@pytest.mark.parametrize("action", ["why:", "src:", "tl:", "show:", "mute:", "bad:"])
@pytest.mark.parametrize("words", ["0123456789ab", "nonsense", "'; DROP TABLE stories", "x" * 60])
def test_a_stale_button_gets_a_helpful_answer(talk: Conversation, action: str, words: str) -> None:
    assert "no longer have that story" in talk.press(action + words)


def test_an_unknown_button_gets_a_helpful_answer(talk: Conversation) -> None:
    assert "/help" in talk.press("teleport:home")


def test_status_tells_how_well_we_hear(talk: Conversation) -> None:
    talk.report(make.report("New truce"))

    text = talk.say("/status")

    assert "No feed was heard yet" in text
    assert "Newest report in what you follow: 30 min ago." in text
    assert "Archive: 1 entries, 1 story." in text


def test_now_and_status_say_of_which_followed_conflict_nothing_came_for_a_day(talk: Conversation) -> None:
    talk.report(make.report("Old truce", published=make.NOON - timedelta(hours=30)))
    talk.report(gaza())
    talk.say("/follow ukraine")
    talk.say("/follow gaza")

    silent = "Nothing new for 30 h on Russia–Ukraine war."

    assert silent in talk.say("/now")
    assert silent in talk.say("/status")


def test_sources_tells_who_was_first_with_what_others_bore_out(talk: Conversation) -> None:
    first = make.report("Truce agreed", id="1", publisher="Reuters")
    second = make.report("Truce reached", id="2", publisher="Suspilne", published=make.NOON + timedelta(minutes=9))
    talk.report(first, second)

    text = talk.say("/sources")

    assert "Reuters: 1 story, first with 1 · 1 borne out (median 9 min)" in text
    assert "1 story, first with none" in text


def test_sources_of_an_empty_archive_has_nothing_to_tell(talk: Conversation) -> None:
    assert "no record of anybody" in talk.say("/sources")


def test_status_tells_the_owner_alone_which_feeds_are_silent_by_their_titles() -> None:
    titles = Settings(feeds=(make.feed(title="Meridian <World>"),))
    with conversation(Access.OWNER, titles) as owner, conversation(settings=titles) as talk:
        for each in (owner, talk):
            each.archive.save_feed_state(FeedState(url=make.feed().url, next_check_at=make.NOON, failures=3))

        told, kept = owner.say("/status"), talk.say("/status")

        assert told.endswith("\n\nNot heard: 1 feed\n• Meridian <World>: never heard")
        assert "Not heard" not in kept
        assert "news.example" not in told + kept


# ------------------------------------------------------------------------------------------ laws
@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=60)
    | st.builds(
        "{}{} {}".format,
        st.sampled_from(["/", ""]),
        st.sampled_from(sorted(COMMANDS | OWNER_COMMANDS)),
        st.text(max_size=30),
    ),
    access=st.sampled_from([Access.OWNER, Access.ALLOWED, None]),
)
def test_any_words_get_exactly_one_answer_that_can_be_sent(text: str, access: Access | None) -> None:
    with conversation(access) as talk:
        talk.report(make.report("New truce"))

        assert talk.say(text)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    action=st.text(min_size=1, max_size=60)
    | st.builds("{}:{}".format, st.sampled_from(sorted(ACTIONS)), st.text(max_size=30))
)
def test_any_button_gets_exactly_one_answer_that_can_be_sent(action: str) -> None:
    with conversation(Access.OWNER) as talk:
        talk.report(make.report("New truce"))

        assert talk.press(action)


def test_every_button_that_is_ever_offered_does_something(owner: Conversation) -> None:
    story = owner.report(make.report("New truce"))
    near = make.entry("Envoy sent to Istanbul")
    owner.archive.save_entries([(near, [])])
    owner.archive.save_near_miss(NearMiss(entry=near, score=0.7, noted_at=owner.now))
    owner.people.keep_feedback(ChatId("telegram", "8002"), story.id, "not relevant", owner.now)
    scheduled = {"type": EventType.TALKS_SCHEDULED, "facts": Facts(meets_on=date(2025, 5, 20))}
    owner.report(*(make.report(f"Envoys to meet, says paper {n}", id=f"{n}", event=scheduled) for n in range(20)))
    for type_ in (each for each in EventType if each.family in ("talks", "ceasefire", "agreement")):
        owner.report(make.report(f"News of {type_}", id=type_, event={"type": type_}))
    seen, waiting = set[str](), [f"run:{name}" for name in COMMANDS]
    owner.commands.adopt_feeds([make.feed(url=f"https://f{n}.example", enabled=n != 2) for n in range(1, 20)])
    asking = ["/timeline ukraine", "/undo ukraine", "/feeds", "/feed 1", "/feed 2", "/suggest https://new.example"]
    asking += ["/missed", "/now narnia", "/follow gaza", "/unfollow gaza", "/follow prisoners", "/unfollow prisoners"]
    for text in asking:
        owner.say(text)
        waiting += [button.action for button in buttons(owner.last)]

    while waiting:
        owner.say("/follow gaza")
        seen.add(action := waiting.pop())
        assert "older version" not in owner.press(action)
        waiting += [button.action for button in buttons(owner.last) if button.action not in {*seen, *waiting}]

    assert {action.partition(":")[0] for action in seen} == set(ACTIONS)
