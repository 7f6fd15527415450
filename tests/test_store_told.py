"""Who was told of a story: their alert is edited and answered, whatever they wish by now; nobody else hears of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import (
    Broadcast,
    ChatId,
    Cursor,
    Delivery,
    DeliveryKind,
    Message,
    Moved,
    RetryLater,
    SendResult,
    Sent,
    Subscription,
    Undeliverable,
    Wishes,
    Wording,
)
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON, minutes

EVERYTHING = Wishes()
KYIV = Wishes(time_zone="Europe/Kyiv")
LATER = NOON + minutes(6)


@pytest.fixture
def people() -> Iterator[PeopleStore]:
    with PeopleStore.open(":memory:") as opened:
        for room in ("1", "2", "3"):
            subscribe(opened, room)
        yield opened


def subscribe(people: PeopleStore, room: str, **given: Any) -> ChatId:
    chat = ChatId("terminal", room)
    people.save_subscription(Subscription(chat=chat, created_at=NOON, **given))
    return chat


def broadcast(kind: DeliveryKind, key: str = "", **given: Any) -> Broadcast:
    words = [Wording(Message(html=f"{key or kind} for {wishes.time_zone}"), (wishes,)) for wishes in (EVERYTHING, KYIV)]
    defaults: dict[str, Any] = {"created_at": LATER, "story_id": "truce", "change_id": 1, "knows": 1, "urgent": True}
    return Broadcast(key=key or kind.value, kind=kind, wordings=tuple(words), **defaults | given)


def owe(people: PeopleStore, *broadcasts: Broadcast, most: int = 100) -> int:
    new = 0
    for each in broadcasts:
        left: Broadcast | None = each
        while left:
            owed = people.broadcast(left, most=most)
            new, left = new + owed.new, owed.left
    return new


def first_news(people: PeopleStore, **given: Any) -> None:
    defaults: dict[str, Any] = {"change_id": 0, "knows": 0, "created_at": NOON, "urgent": False}
    owe(people, broadcast(DeliveryKind.ALERT, **defaults | given))


def send(people: PeopleStore, now: datetime = LATER, result: SendResult | None = None) -> list[Delivery]:
    """Send all that is due; each chat takes it as its message number such-and-such."""
    sent: list[Delivery] = []
    while claimed := people.claim(now):
        people.settle(claimed[0].after(result or Sent(f"{claimed[0].chat.room}00"), now), now)
        sent += claimed
    return sent


def told(deliveries: list[Delivery]) -> list[tuple[str, str, str]]:
    """Return the room, the kind, and the message that is edited or answered, of each."""
    return [(each.chat.room, each.kind.value, each.edits or each.replies_to) for each in deliveries]


# ------------------------------------------------------------------------------------------ who
def test_an_edit_and_a_word_reach_exactly_those_who_were_told_and_name_their_message(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    subscribe(people, "4")
    subscribe(people, "2", conflicts=frozenset({"yemen"}), time_zone="Europe/Kyiv")

    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE), most=2)
    sent = send(people)

    assert sorted(told(sent)) == [(room, kind, f"{room}00") for room in "123" for kind in ("edit", "update")]
    assert {each.message.html for each in sent if each.chat.room == "2"} == {
        "edit for Europe/Kyiv",
        "update for Europe/Kyiv",
    }


def test_a_story_that_changed_is_first_news_only_to_those_who_were_not_told(people: PeopleStore) -> None:
    first_news(people)
    subscribe(people, "4")

    assert owe(people, broadcast(DeliveryKind.ALERT, key="alert under another key")) == 1


@pytest.mark.parametrize(("doubtful", "owed"), [(False, 3), (True, 0)])
def test_who_was_never_reached_is_told_anew_when_the_story_goes_on_and_who_may_have_been_is_not(
    people: PeopleStore, doubtful: bool, owed: int
) -> None:
    first_news(people)
    if doubtful:
        send(people, NOON, RetryLater(after=minutes(1), doubtful=True))
    for room in "123":
        people.pause(ChatId("terminal", room), "blocked", NOON)
    much_later = NOON + timedelta(hours=25)
    people.sweep(much_later)
    for room in "123":
        people.resume(ChatId("terminal", room))

    goes_on = {"created_at": much_later + minutes(1)}
    new = owe(people, broadcast(DeliveryKind.ALERT, key="alert of the change", **goes_on))
    again = owe(people, broadcast(DeliveryKind.ALERT, key="alert of the next change", **goes_on))

    assert (new, again) == (owed, 0)


def test_a_group_that_moved_after_its_alert_is_told_no_second_time(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    people.move(ChatId("terminal", "1"), "100")

    assert owe(people, broadcast(DeliveryKind.ALERT)) == 0
    assert owe(people, broadcast(DeliveryKind.UPDATE)) == 3


@pytest.mark.parametrize("correction", [True, False])
def test_who_muted_or_paused_hears_a_correction_alone_but_reads_every_edit(
    people: PeopleStore, correction: bool
) -> None:
    first_news(people)
    send(people, NOON)
    people.mute_story(ChatId("terminal", "1"), "truce")
    subscribe(people, "2", paused_until=NOON + timedelta(hours=8))

    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE, correction=correction))
    rooms = [(kind, room) for room, kind, _ in told(send(people))]

    assert [room for kind, room in sorted(rooms) if kind == "edit"] == ["1", "2", "3"]
    assert [room for kind, room in sorted(rooms) if kind == "update"] == (["1", "2", "3"] if correction else ["3"])


@pytest.mark.parametrize(("correction", "kinds"), [(True, ["edit", "update"]), (False, ["edit"])])
def test_a_chat_that_had_left_reads_when_it_returns_what_its_alert_says_now_and_hears_a_correction(
    people: PeopleStore, correction: bool, kinds: list[str]
) -> None:
    first_news(people)
    send(people, NOON)
    people.pause(ChatId("terminal", "1"), "blocked", NOON)
    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE, correction=correction))
    meanwhile = told(send(people))

    people.resume(ChatId("terminal", "1"))

    assert {room for room, _, _ in meanwhile} == {"2", "3"}
    assert sorted(told(send(people))) == [("1", kind, "100") for kind in kinds]


def test_a_group_that_became_another_is_told_anew_and_none_of_its_new_messages_is_taken_for_an_old_one(
    people: PeopleStore,
) -> None:
    first_news(people)
    send(people, NOON)
    people.move(ChatId("terminal", "1"), "100")

    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE, correction=True))
    sent = told(send(people))

    assert [each for each in sent if each[0] == "100"] == [("100", "update", "")]
    assert people.dead_letters(NOON) == {}


def test_what_is_on_its_way_when_a_group_moves_arrives_without_the_message_it_was_about(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    people.enqueue([make.delivery(chat=ChatId("terminal", "1"), kind=DeliveryKind.REPLY, edits="100")])
    owe(people, broadcast(DeliveryKind.UPDATE))
    while claimed := people.claim(LATER):
        moved = Moved("100") if claimed[0].chat.room == "1" else Sent("1")
        people.settle(claimed[0].after(moved, LATER), LATER)
        if claimed[0].chat.room == "1":
            break

    assert sorted(each for each in told(send(people)) if each[0] == "100") == [
        ("100", "reply", ""),
        ("100", "update", ""),
    ]


# ------------------------------------------------------------------------------------------ what still waits
def test_an_alert_that_nobody_tried_to_send_is_worded_anew_and_needs_no_word_on_it(people: PeopleStore) -> None:
    first_news(people)

    new = owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE))
    sent = send(people)

    assert new == 0
    assert [(each.kind, each.message.html) for each in sent] == [(DeliveryKind.ALERT, "edit for UTC")] * 3
    assert people._file.value("SELECT count(*) FROM messages WHERE html = 'alert for UTC'") == 0


def test_an_alert_that_may_have_arrived_stays_as_it_was_and_its_edit_waits_for_it(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON, RetryLater(after=minutes(10), doubtful=True))
    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE))

    at_once, later = send(people), send(people, NOON + minutes(10))

    assert at_once == []
    assert [each for each in told(later) if each[0] == "1"] == [
        ("1", "alert", ""),
        ("1", "update", "100"),
        ("1", "edit", "100"),
    ]
    assert next(each.message.html for each in later if each.kind is DeliveryKind.ALERT) == "alert for UTC"


def test_what_waits_for_an_alert_that_never_arrives_is_counted_as_dead(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON, RetryLater(after=minutes(10)))
    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE))

    send(people, NOON + minutes(10), Undeliverable("refused"))
    send(people, NOON + minutes(12))

    counts = people.outbox_counts()
    assert (counts["dead"], sum(counts.values())) == (9, 9)
    assert people.dead_letters(NOON) == {"refused": 3, "its alert did not arrive": 3}


def test_who_may_have_read_an_alert_whose_fate_stayed_unknown_hears_the_correction(people: PeopleStore) -> None:
    first_news(people)
    for attempt in range(9):
        send(people, NOON + minutes(attempt), RetryLater(after=timedelta(seconds=1), doubtful=True))
    assert people.outbox_counts()["dead"] == 3

    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE, correction=True))

    assert sorted(told(send(people, NOON + minutes(20)))) == [(room, "update", "") for room in "123"]


def test_a_network_that_names_no_messages_is_sent_no_edits_but_words(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON, Sent(""))

    owe(people, broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE))

    assert {kind for _, kind, _ in told(send(people))} == {"update"}


def test_of_several_edits_of_an_alert_only_the_latest_is_sent_and_none_is_lost_count_of(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    for number in range(3):
        owe(people, broadcast(DeliveryKind.EDIT, key=f"edit {number}"))

    sent = send(people)

    assert {each.message.html for each in sent} == {"edit 2 for UTC"}
    assert people.outbox_counts() == {**people.outbox_counts(), "sent": 6, "superseded": 6, "ready": 0}


@pytest.mark.parametrize("stopped", [False, True])
def test_an_edit_that_did_not_arrive_is_not_sent_after_a_newer_one(people: PeopleStore, stopped: bool) -> None:
    first_news(people)
    send(people, NOON)
    owe(people, broadcast(DeliveryKind.EDIT, key="edit 1"))
    under_way = people.claim(LATER, limit=3)
    owe(people, broadcast(DeliveryKind.EDIT, key="edit 2"))

    if stopped:
        people.recover(LATER)
    else:
        for each in under_way:
            people.settle(each.after(RetryLater(reason="502"), LATER), LATER)
    sent = send(people) + send(people, LATER + minutes(1))

    assert [each.message.html for each in sent] == ["edit 2 for UTC"] * 3
    assert people.outbox_counts()["superseded"] == 3


def test_an_edit_that_did_not_arrive_is_tried_again_when_there_is_no_newer_one(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    owe(people, broadcast(DeliveryKind.EDIT))
    for each in people.claim(LATER, limit=3):
        people.settle(each.after(RetryLater(reason="502"), LATER), LATER)

    assert len(send(people, LATER + minutes(1))) == 3


def test_a_word_leaves_before_first_news_and_an_edit_after(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    owe(people, broadcast(DeliveryKind.EDIT))
    owe(people, broadcast(DeliveryKind.ALERT, story_id="other", key="other", change_id=0, urgent=False))
    owe(people, broadcast(DeliveryKind.UPDATE))

    kinds = [kind for room, kind, _ in told(send(people)) if room == "1"]

    assert kinds == ["update", "alert", "edit"]


def test_owing_again_after_a_crash_owes_nothing_new(people: PeopleStore) -> None:
    first_news(people)
    send(people, NOON)
    again = broadcast(DeliveryKind.EDIT), broadcast(DeliveryKind.UPDATE)
    owe(people, *again)

    assert owe(people, *again) == 0


@pytest.mark.parametrize("cursor", [Cursor("another archive", 7), Cursor("an archive", 7)])
def test_alerts_of_an_archive_that_was_replaced_hide_no_change_of_the_one_there_is_now(
    people: PeopleStore, cursor: Cursor
) -> None:
    people.move_cursor(Cursor("an archive", 90))
    first_news(people, knows=90)
    send(people, NOON)

    people.move_cursor(cursor)

    assert owe(people, broadcast(DeliveryKind.UPDATE, change_id=8, knows=8)) == 3


def test_an_alert_that_knows_of_a_change_is_left_as_it_is(people: PeopleStore) -> None:
    people.move_cursor(Cursor("an archive", 7))
    first_news(people, knows=8)
    send(people, NOON)

    people.move_cursor(Cursor("an archive", 8))

    assert owe(people, broadcast(DeliveryKind.EDIT, change_id=8), broadcast(DeliveryKind.UPDATE, change_id=8)) == 0


# ------------------------------------------------------------------------------------------ whatever happens
TAKEN = {"arrives", "arrives unheard", "arrives before a kill"}
STEPS = [*["changes", "grows"] * 2, *["begins"] * 4, "is refused", "is lost", "is killed", *sorted(TAKEN)]


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(st.sampled_from(STEPS), max_size=14))  # a ninth doubtful attempt would be the last
def test_whatever_becomes_of_sends_the_alert_ends_in_the_last_state_and_every_change_was_said(
    told_before: bool, steps: list[str]
) -> None:
    steps = ["begins", "arrives"] * told_before + steps
    with PeopleStore.open(":memory:") as people:
        subscribe(people, "1")
        first_news(people)
        states, changes, shown, alerts = ["alert"], list[int](), dict[str, str](), list[str]()
        taken, under_way = list[Delivery](), list[Delivery]()
        for seconds, step in enumerate([*steps, *["begins", "arrives"] * (3 * len(steps) + 9)], start=1):
            now = NOON + timedelta(seconds=seconds)
            if step in ("changes", "grows"):
                states.append(f"state {len(states)}")
                at = {"created_at": now, "change_id": seconds, "knows": seconds}
                owe(people, broadcast(DeliveryKind.EDIT, key=states[-1], **at))
                if step == "changes":
                    changes.append(len(states) - 1)
                    owe(people, broadcast(DeliveryKind.UPDATE, key=f"word {changes[-1]}", **at))
            elif step == "begins":
                under_way += people.claim(now)
            elif under_way:
                each = under_way.pop()
                number = each.edits or str(len(shown) + 1)
                if step in TAKEN:
                    taken.append(each)
                    shown[number] = each.message.html
                    alerts += [number] if each.kind is DeliveryKind.ALERT else []
                if step in ("is killed", "arrives before a kill"):
                    people.recover(now)
                else:
                    doubtful = step != "is refused" and each.kind is not DeliveryKind.EDIT
                    failed = RetryLater(after=timedelta(seconds=5), doubtful=doubtful)
                    people.settle(each.after(Sent(number) if step == "arrives" else failed, now), now)

        counts = people.outbox_counts()
        said = {each.message.html for each in taken}
        fresh = [each.dedupe_key for each in taken if not each.maybe and each.kind is not DeliveryKind.EDIT]
        first = next(each.message.html for each in taken if each.kind is DeliveryKind.ALERT)
        known = states.index(first.removesuffix(" for UTC"))

    assert shown[alerts[-1]] == f"{states[-1]} for UTC"
    assert {f"word {change} for UTC" for change in changes if change > known} <= said
    assert len(fresh) == len(set(fresh))
    assert counts["ready"] == counts["retry"] == counts["sending"] == counts["dead"] == 0


# ------------------------------------------------------------------------------------------ when
GATHER, PACE = minutes(1), minutes(5)


def test_an_edit_is_due_a_while_after_the_story_grew_and_a_pace_after_the_last(people: PeopleStore) -> None:
    first_news(people)
    people.owe_edit("truce", 1, NOON, gather=GATHER, pace=PACE)
    people.owe_edit("truce", 2, NOON + timedelta(seconds=50), gather=GATHER, pace=PACE)
    assert not people.due_edits(NOON + timedelta(seconds=59))
    assert people.due_edits(NOON + minutes(1)) == {"truce": 2}

    people.edited("truce", NOON + minutes(1))
    people.owe_edit("truce", 3, NOON + minutes(2), gather=GATHER, pace=PACE)

    assert not people.due_edits(NOON + minutes(5))
    assert people.due_edits(NOON + minutes(6)) == {"truce": 3}


def test_edits_that_are_due_at_once_come_in_the_order_of_the_changes(people: PeopleStore) -> None:
    for story, change in (("a truce", 9), ("an exchange", 2)):
        first_news(people, key=f"alert:{story}", story_id=story)
        people.owe_edit(story, change, NOON, gather=GATHER, pace=PACE)

    assert list(people.due_edits(NOON + GATHER)) == ["an exchange", "a truce"]


def test_a_clock_set_back_keeps_an_edit_waiting_no_longer_than_a_pace(people: PeopleStore) -> None:
    first_news(people)
    people.edited("truce", NOON + timedelta(hours=1))

    people.owe_edit("truce", 1, NOON, gather=GATHER, pace=PACE)

    assert people.due_edits(NOON + PACE) == {"truce": 1}


def test_a_story_that_nobody_was_told_of_is_never_edited(people: PeopleStore) -> None:
    people.owe_edit("truce", 1, NOON, gather=GATHER, pace=PACE)

    assert not people.due_edits(NOON + timedelta(days=1))


def test_when_stories_were_edited_is_forgotten_after_a_week(people: PeopleStore) -> None:
    people.edited("truce", NOON)

    people.sweep(NOON + timedelta(days=8))

    assert people._file.value("SELECT count(*) FROM live_stories") == 0
