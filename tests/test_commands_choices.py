"""What a chat can choose: conflicts, loudness, hours, silence."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Access, EventType, Loudness
from tests import make
from tests.conversation import LATER, ME, Conversation, buttons, conversation


def at(hour: int, day: int = 11) -> datetime:
    return datetime(2025, 5, day, hour, 0, tzinfo=UTC)


# ------------------------------------------------------------------------------------------ onboarding
def test_three_taps_and_you_are_set(talk: Conversation) -> None:
    talk.say("/start")
    talk.tap("Gaza")
    talk.tap("Only what matters most")
    done = talk.tap("Kyiv")

    assert done.startswith("You are set.\nYou follow: Israel–Hamas / Gaza.\nOnly what matters most.")
    assert talk.subscription.conflicts == {"gaza"}
    assert talk.subscription.loudness is Loudness.IMPORTANT
    assert talk.subscription.time_zone == "Europe/Kyiv"
    assert talk.subscription.next_digest_at == at(17)
    assert talk.subscription.created_at == LATER


def test_one_tap_is_enough_to_be_subscribed(talk: Conversation) -> None:
    talk.say("/start")
    talk.tap("Everything")

    assert talk.subscription.conflicts == frozenset()
    assert talk.subscription.loudness is Loudness.ALL
    assert talk.subscription.next_digest_at == at(20)


def test_the_steps_change_one_message_in_place_and_answers_to_questions_do_not(talk: Conversation) -> None:
    talk.report(make.report())

    (step,) = talk.hear(action="pick:gaza:0", message_id="55")
    (answer,) = talk.hear(action="run:now", message_id="55")

    assert [step.edits, answer.edits] == ["55", ""]


def test_who_wants_no_digest_has_none_but_no_alerts_without_a_digest_is_not_offered(talk: Conversation) -> None:
    talk.press("pick:gaza:0")
    talk.press("loud:all")
    talk.tap("no digest")
    without = talk.subscription.next_digest_at
    talk.press("loud:digest")
    labels = [button.label for button in buttons(talk.last)]
    talk.tap("Done")

    assert without is None
    assert "Done: no digest" not in labels
    assert talk.subscription.next_digest_at == at(20)


def test_every_conflict_is_reached_by_turning_pages_the_busy_first(talk: Conversation) -> None:
    talk.report(make.report("Truce", event={"conflicts": ("myanmar",)}))
    talk.say("/start")
    first, seen = buttons(talk.last), set[str]()

    while True:
        seen |= {button.action.split(":")[1] for button in buttons(talk.last) if button.action.startswith("pick:")}
        if not any("More" in button.label for button in buttons(talk.last)):
            break
        talk.tap("More")

    assert first[1].label.endswith("Myanmar")
    assert seen == {"*", *talk.commands._desk.catalog.conflicts}


def test_no_step_asks_for_an_address_of_a_feed(talk: Conversation) -> None:
    texts = [talk.say("/start"), talk.press("pick:gaza:0"), talk.press("loud:all"), talk.press("zone:UTC")]

    assert not any("http" in text or "feed" in text.lower() for text in texts)


# ------------------------------------------------------------------------------------------ following
@pytest.mark.parametrize("name", ["ukraine", "Ukraine", "Україна", "украина", "ukraine-russia", "Kyiv", "Zelensky"])
def test_a_conflict_is_followed_by_any_of_its_names(talk: Conversation, name: str) -> None:
    talk.say(f"/follow {name}")

    assert talk.subscription.conflicts == {"ukraine-russia"}


def test_following_adds_and_unfollowing_takes_away(talk: Conversation) -> None:
    talk.say("/follow sudan")
    talk.say("/follow gaza")
    both = talk.subscription.conflicts
    talk.say("/unfollow судан")

    assert both == {"sudan", "gaza"}
    assert talk.subscription.conflicts == {"gaza"}


def test_unfollowing_the_last_conflict_never_means_everything_by_accident(talk: Conversation) -> None:
    talk.say("/follow sudan")

    asked = talk.say("/unfollow sudan")
    kept = talk.subscription
    stopped = talk.tap("Tell me nothing more")

    assert "last thing you follow" in asked
    assert kept.conflicts == {"sudan"}
    assert "nothing more" in stopped
    assert talk.subscription.loudness is Loudness.DIGEST
    assert talk.subscription.next_digest_at is None
    assert "You are told nothing now" in talk.say("/list")


def test_following_again_after_stopping_brings_alerts_and_digests_back(talk: Conversation) -> None:
    talk.say("/follow sudan")
    talk.say("/unfollow everything")
    talk.say("/follow gaza")

    assert talk.subscription.conflicts == {"gaza"}
    assert talk.subscription.loudness is Loudness.ALL
    assert talk.subscription.next_digest_at == at(20)


def test_narrowing_from_everything_says_so(talk: Conversation) -> None:
    talk.say("/follow everything")

    narrowed = talk.say("/follow gaza")
    wide = talk.say("/follow все")

    assert "Until now you were told more" in narrowed
    assert wide.startswith("You follow: everything.")
    assert talk.subscription.conflicts == frozenset()


def test_a_name_that_may_mean_several_conflicts_offers_them_to_tap(talk: Conversation) -> None:
    talk.say("/follow israel")
    offered = [button.label for button in buttons(talk.last)]
    talk.tap("Israel–Hezbollah")

    assert any("Gaza" in label for label in offered)
    assert talk.subscription.conflicts == {"israel-hezbollah"}


def test_kinds_of_news_can_be_followed_too(talk: Conversation) -> None:
    talk.say("/follow ukraine")
    talk.say("/follow prisoners")
    one_kind = talk.subscription.types
    talk.say("/follow ceasefire.agreed")
    talk.say("/unfollow prisoners")

    assert one_kind == {EventType.EXCHANGE_PRISONERS}
    assert talk.subscription.types == {EventType.CEASEFIRE_AGREED}


def test_unfollowing_the_last_kind_of_news_never_means_every_kind_by_accident(talk: Conversation) -> None:
    talk.say("/follow ukraine")
    talk.say("/follow prisoners")

    asked = talk.say("/unfollow prisoners")
    kept = talk.subscription.types
    wide = talk.tap("Every kind")

    assert "No other kind is left" in asked
    assert kept == {EventType.EXCHANGE_PRISONERS}
    assert talk.subscription.types == frozenset()
    assert talk.subscription.conflicts == {"ukraine-russia"}
    assert "Only news of this kind" not in wide


@pytest.mark.parametrize("press", ["pick:sudan:0", "pick:*:0", "follow:*:0"])
def test_starting_anew_or_following_everything_keeps_no_old_filter(talk: Conversation, press: str) -> None:
    talk.say("/follow prisoners")

    talk.press(press)

    assert talk.subscription.types == frozenset()


def test_the_list_ticks_what_is_followed_and_a_tap_turns_it(talk: Conversation) -> None:
    talk.say("/follow gaza")
    talk.say("/follow")
    talk.tap("Yemen")
    both = talk.subscription.conflicts
    ticked = [button.label for button in buttons(talk.last) if button.label.startswith("✓")]
    talk.tap("✓ 🇮🇱🇵🇸 Israel–Hamas / Gaza")

    assert both == {"gaza", "yemen"}
    assert len(ticked) == 2
    assert talk.subscription.conflicts == {"yemen"}


def test_tapping_off_the_last_one_asks_and_keeps_it(talk: Conversation) -> None:
    talk.say("/follow gaza")

    assert "last thing you follow" in talk.press("follow:gaza:0")
    assert talk.subscription.conflicts == {"gaza"}


@pytest.mark.parametrize("words", ["narnia", "зщшг", "<b>", "💥"])
def test_what_is_unknown_is_not_followed(talk: Conversation, words: str) -> None:
    assert "I know no conflict by" in talk.say(f"/follow {words}")
    assert talk.people.subscription(ME) is None


# ------------------------------------------------------------------------------------------ settings
def test_settings_are_set_by_buttons(talk: Conversation) -> None:
    talk.say("/follow gaza")
    talk.say("/settings")
    talk.tap("Only what matters most")
    talk.tap("Digest: on")
    talk.tap("Time zone")
    text = talk.tap("Berlin")

    assert text.splitlines()[1:] == ["Only what matters most.", "Digest: off. Time zone: Berlin"]
    assert talk.subscription.loudness is Loudness.IMPORTANT
    assert talk.subscription.next_digest_at is None
    assert talk.subscription.time_zone == "Europe/Berlin"


def test_a_new_time_zone_moves_the_next_digest(talk: Conversation) -> None:
    talk.say("/follow gaza")
    talk.say("/settings tokyo")

    assert talk.subscription.time_zone == "Asia/Tokyo"
    assert talk.subscription.next_digest_at == at(23)


def test_a_time_zone_that_is_none_is_met_with_a_guess(talk: Conversation) -> None:
    talk.say("/follow gaza")

    assert "Did you mean Europe/Kyiv?" in talk.say("/settings Kyyiv")
    assert talk.subscription.time_zone == "UTC"


@pytest.mark.parametrize(
    "text", ["/settings", "/settings Kyiv", "/mute 8h", "/mute", "/unmute", "/list", "/unfollow gaza"]
)
def test_who_follows_nothing_is_shown_where_to_begin_and_is_not_subscribed(talk: Conversation, text: str) -> None:
    assert talk.say(text) == "You follow nothing yet. /start begins: three taps."
    assert talk.people.subscription(ME) is None


@pytest.mark.parametrize("action", ["setloud:all", "setdigest:on", "setzone:Europe/Kyiv", "pause:8"])
def test_an_old_settings_button_does_not_subscribe_a_chat_that_was_forgotten(talk: Conversation, action: str) -> None:
    talk.press(action)

    assert talk.people.subscription(ME) is None


# ------------------------------------------------------------------------------------------ silence
@pytest.mark.parametrize(
    ("words", "hours"), [("8h", 8), ("2 days", 48), ("1 week", 168), ("3 години", 3), ("2 часа", 2), ("1h 30m", 1.5)]
)
def test_alerts_are_muted_for_a_while(talk: Conversation, words: str, hours: float) -> None:
    talk.say("/follow gaza")

    talk.say(f"/mute {words}")

    assert talk.subscription.paused_until == LATER + timedelta(hours=hours)
    assert "muted until" in talk.say("/list")


def test_muting_is_ended(talk: Conversation) -> None:
    talk.say("/follow gaza")
    talk.say("/mute")
    talk.tap("8 hours")
    muted = talk.subscription.paused_until
    talk.say("/unmute")

    assert muted == LATER + timedelta(hours=8)
    assert talk.subscription.paused_until is None


@pytest.mark.parametrize("words", ["forever", "0h", "-1h", "99999w", "x" * 200])
def test_a_stretch_that_is_none_mutes_nothing(talk: Conversation, words: str) -> None:
    talk.say("/follow gaza")

    assert "/mute 8h" in talk.say(f"/mute {words}")
    assert talk.subscription.paused_until is None


@pytest.mark.parametrize("how", ["button", "/mute story", "id"])
def test_one_story_is_muted_and_others_are_not(talk: Conversation, how: str) -> None:
    story = talk.report(make.report("New truce"))
    talk.say("/follow everything")

    match how:
        case "button":
            talk.press(f"mute:{story.id}")
        case "id":
            talk.say(f"/mute {story.id}")
        case _:
            talk.say(how)

    assert talk.people.muted_stories() == {ME: frozenset({story.id})}


def test_what_a_reader_found_not_relevant_is_kept(talk: Conversation) -> None:
    story = talk.report(make.report("New truce"))

    assert "noted" in talk.press(f"bad:{story.id}")
    assert buttons(talk.last)[0].action == f"mute:{story.id}"


# ------------------------------------------------------------------------------------------ forgetting
def test_forgetting_asks_once_and_then_deletes(talk: Conversation) -> None:
    talk.say("/follow gaza")
    asked = talk.say("/forgetme")
    kept = talk.people.subscription(ME)
    gone = talk.tap("Yes")

    assert asked.startswith("Delete everything")
    assert kept is not None
    assert talk.people.subscription(ME) is None
    assert gone.startswith("Deleted.")
    assert "my backups hold it for 14 days more" in gone


def test_no_keeps_everything(talk: Conversation) -> None:
    talk.say("/follow gaza")
    talk.say("/forgetme")

    assert talk.tap("No") == "Nothing was deleted."
    assert talk.subscription.conflicts == {"gaza"}


def test_the_owner_stays_owner_and_others_are_told_how_to_come_back() -> None:
    with conversation(Access.OWNER) as talk:
        assert "/start begins anew" in talk.press("forget:yes")
        assert talk.people.owner() == ME
    with conversation() as talk:
        assert "ask whoever runs me" in talk.press("forget:yes")
        assert talk.people.access(ME) is None
