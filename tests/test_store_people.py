"""The laws of `ports.People`, the outbox's pace aside. A new kind of store joins by one more line in `OPENERS`."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings

from bot.errors import StoreError
from bot.model import (
    Access,
    ChatId,
    Cursor,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Document,
    EventType,
    InboxItem,
    Message,
    Moved,
    Sent,
    Subscription,
    Undeliverable,
)
from bot.ports import People
from bot.store.cells import cell
from bot.store.people import PeopleStore
from tests import make, store_values
from tests.make import HERE, NOON, minutes
from tests.older import older

OPENERS: dict[str, Callable[[Path], PeopleStore]] = {
    "in memory": lambda _: PeopleStore.open(":memory:"),
    "in a file": lambda folder: PeopleStore.open(folder / "people.db"),
}
GROUP = ChatId("telegram", "-4001")
SUPERGROUP = ChatId("telegram", "-1004001")
ANN = ChatId("telegram", "1001")
BOB = ChatId("telegram", "1002")


@pytest.fixture(params=OPENERS)
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[People]:
    with OPENERS[request.param](tmp_path) as opened:
        yield opened


def claim(people: People, seconds: float = 0) -> list[Delivery]:
    return list(people.claim(NOON + timedelta(seconds=seconds), limit=9))


# ------------------------------------------------------------------------------------------ who
def test_nobody_is_let_in_before_they_are(people: People) -> None:
    assert people.access(ANN) is None
    assert people.owner() is None


def test_a_new_owner_makes_the_former_one_an_allowed_chat(people: People) -> None:
    people.grant(ANN, Access.OWNER, NOON)

    people.grant(BOB, Access.OWNER, NOON)

    assert people.owner() == BOB
    assert (people.access(ANN), people.access(BOB)) == (Access.ALLOWED, Access.OWNER)


def test_revoking_takes_the_subscription_and_what_is_owed_but_the_last_reply(people: People) -> None:
    people.grant(ANN, Access.ALLOWED, NOON)
    people.save_subscription(make.subscription(chat=ANN))
    people.enqueue([make.delivery("alert", chat=ANN), make.delivery("bye", chat=ANN, kind=DeliveryKind.REPLY)])

    people.revoke(ANN)

    assert (people.access(ANN), people.subscription(ANN)) == (None, None)
    assert [delivery.dedupe_key for delivery in claim(people)] == ["bye"]
    assert people.outbox_counts()["dead"] == 1


def test_a_paused_chat_is_sent_nothing_until_it_is_resumed(people: People) -> None:
    subscription = make.subscription(chat=ANN, next_digest_at=NOON)
    people.save_subscription(subscription)
    people.enqueue([make.delivery(chat=ANN)])
    people.pause(ANN, "blocked the bot", NOON)

    assert claim(people) == []
    assert people.subscriptions() == []
    assert people.due_digests(NOON) == []
    assert people.subscription(ANN) == subscription

    people.resume(ANN)

    assert len(claim(people)) == 1
    assert people.subscriptions() == [subscription]
    assert people.due_digests(NOON) == [subscription]


def test_a_chat_may_be_paused_before_anything_is_known_of_it(people: People) -> None:
    people.pause(ANN, "kicked", NOON)
    people.enqueue([make.delivery(chat=ANN)])

    assert claim(people) == []


def test_all_rows_of_a_chat_move_with_it(people: People) -> None:
    people.grant(GROUP, Access.ALLOWED, NOON)
    people.save_subscription(make.subscription(chat=GROUP))
    people.mute_story(GROUP, "story")
    people.enqueue([make.delivery(chat=GROUP)])

    people.move(GROUP, SUPERGROUP.room)

    assert (people.access(GROUP), people.subscription(GROUP)) == (None, None)
    assert people.access(SUPERGROUP) is Access.ALLOWED
    assert people.subscription(SUPERGROUP) == make.subscription(chat=SUPERGROUP)
    assert people.muted_stories() == {SUPERGROUP: {"story"}}
    assert [delivery.chat for delivery in claim(people)] == [SUPERGROUP]


def test_a_chat_that_moves_where_it_is_known_already_becomes_one_with_it(people: People) -> None:
    people.grant(GROUP, Access.OWNER, NOON)
    people.save_subscription(make.subscription(chat=GROUP, language="uk"))
    people.mute_story(GROUP, "both")
    people.grant(SUPERGROUP, Access.ALLOWED, NOON)
    people.save_subscription(make.subscription(chat=SUPERGROUP, language="ru"))
    people.mute_story(SUPERGROUP, "both")
    people.mute_story(SUPERGROUP, "there")
    people.pause(GROUP, "kicked", NOON)
    people.enqueue([make.delivery("here", chat=GROUP), make.delivery("there", chat=SUPERGROUP)])

    people.move(GROUP, SUPERGROUP.room)

    assert people.owner() == SUPERGROUP
    assert [subscription.language for subscription in people.subscriptions()] == ["uk"]
    assert people.muted_stories() == {SUPERGROUP: {"both", "there"}}
    (first,) = claim(people)
    people.settle(first.after(Sent(), NOON), NOON)
    (second,) = claim(people, 3)
    assert {(first.dedupe_key, first.chat), (second.dedupe_key, second.chat)} == {
        ("here", SUPERGROUP),
        ("there", SUPERGROUP),
    }


def test_moving_an_unknown_chat_does_nothing(people: People) -> None:
    people.move(GROUP, SUPERGROUP.room)

    assert people.access(SUPERGROUP) is None


def test_forgetting_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.grant(ANN, Access.ALLOWED, NOON)
        people.save_subscription(make.subscription(chat=ANN))
        people.mute_story(ANN, "story")
        people.keep_feedback(ANN, "story", "not relevant", NOON)
        people.enqueue([make.delivery("a private word", chat=ANN), make.delivery("another private word", chat=ANN)])
        (sent,) = claim(people)
        people.settle(sent.after(Sent("77"), NOON), NOON)
        failing = InboxItem(network="telegram", update_id=1, raw='{"chat": 1001, "text": "a private word"}')
        people.receive([failing], NOON)
        for _ in range(5):
            people.failed(failing, "TypeError")

        people.forget(ANN)

        assert people.access(ANN) is None
        assert people.subscriptions() == []
        assert people.muted_stories() == {}
        assert sum(people.outbox_counts().values()) == 0
        assert people._file.value("SELECT label FROM feedback WHERE chat_id IS NULL") == "not relevant"
    on_disk = (tmp_path / "people.db").read_bytes()
    assert b"1001" not in on_disk
    assert b"private word" not in on_disk


def test_what_others_were_told_too_outlives_the_one_who_is_forgotten(people: People) -> None:
    message = Message(html="for both")
    people.enqueue([make.delivery(f"{chat.room}", chat=chat, message=message) for chat in (ANN, BOB)])

    people.forget(ANN)

    assert [(delivery.chat, delivery.message) for delivery in claim(people)] == [(BOB, message)]


def test_a_forgotten_owner_stays_the_owner(people: People) -> None:
    people.grant(ANN, Access.OWNER, NOON)
    people.save_subscription(make.subscription(chat=ANN))

    people.forget(ANN)

    assert people.owner() == ANN
    assert people.subscription(ANN) is None


def test_a_delivery_that_is_forgotten_on_its_way_settles_in_peace(people: People) -> None:
    people.enqueue([make.delivery(chat=ANN)])
    (on_its_way,) = claim(people)
    people.forget(ANN)
    people.enqueue([make.delivery("bob's", chat=BOB)])

    people.settle(on_its_way.after(Sent("1"), NOON), NOON)

    assert people.outbox_counts() == {"ready": 1, "sending": 0, "retry": 0, "sent": 0, "dead": 0, "superseded": 0}


# ------------------------------------------------------------------------------------------ what they want
@settings(max_examples=50, deadline=None)
@given(store_values.subscriptions)
def test_a_subscription_comes_back_as_it_was(subscription: Subscription) -> None:
    with PeopleStore.open(":memory:") as people:
        people.save_subscription(subscription)

        assert people.subscription(subscription.chat) == subscription


def test_a_chat_has_one_subscription(people: People) -> None:
    people.save_subscription(make.subscription())
    changed = make.subscription(types=frozenset({EventType.TALKS_HELD}))

    people.save_subscription(changed)

    assert people.subscriptions() == [changed]


def test_muted_stories_are_known_by_chat(people: People) -> None:
    for chat, story_id in ((ANN, "one"), (ANN, "two"), (ANN, "two"), (BOB, "two")):
        people.mute_story(chat, story_id)

    assert people.muted_stories() == {ANN: {"one", "two"}, BOB: {"two"}}


def test_what_a_chat_was_told_last_is_its_newest_alert_that_was_sent(people: People) -> None:
    stories = [("first", "1"), ("second", "2"), ("not sent", "3")]
    owed = [make.delivery(html, chat=ANN, story_id=story) for html, story in stories]
    none_yet = people.last_told(ANN)
    people.enqueue([*owed[:2], make.delivery("reply", chat=ANN, story_id="4", kind=DeliveryKind.REPLY)])
    for seconds in range(6):
        for delivery in claim(people, 10 * seconds):
            people.settle(delivery.after(Sent(), NOON + timedelta(seconds=10 * seconds)), NOON)
    people.enqueue(owed[2:])

    assert none_yet == ""
    assert people.last_told(ANN) == "2"
    assert people.last_told(BOB) == ""


def test_a_digest_is_due_when_its_time_has_come(people: People) -> None:
    due = make.subscription(chat=ANN, next_digest_at=NOON)
    overdue = make.subscription(chat=BOB, next_digest_at=NOON - minutes(5))
    for subscription in (due, overdue, make.subscription(chat=GROUP, next_digest_at=NOON + minutes(1))):
        people.save_subscription(subscription)
    people.save_subscription(make.subscription(chat=HERE, next_digest_at=None))

    assert people.due_digests(NOON) == [overdue, due]


def test_a_digest_planned_while_the_clock_was_far_ahead_is_due(people: People) -> None:
    ahead = NOON + timedelta(days=10)
    planned = make.subscription(chat=ANN, next_digest_at=ahead, last_digest_at=ahead - minutes(5))
    people.save_subscription(planned)
    people.save_subscription(make.subscription(chat=BOB, next_digest_at=NOON + timedelta(hours=25)))

    assert people.due_digests(NOON) == [replace(planned, next_digest_at=NOON, last_digest_at=None)]


def test_saying_it_twice_counts_once() -> None:
    with PeopleStore.open(":memory:") as people:
        for label in ("not relevant", "not relevant", "wrong conflict"):
            people.keep_feedback(ANN, "story", label, NOON)

        assert people._file.value("SELECT count(*) FROM feedback") == 2


# ------------------------------------------------------------------------------------------ inbox
def update(n: int, **given: str) -> InboxItem:
    return InboxItem(network=given.get("network", "telegram"), update_id=n, raw=given.get("raw", f"update {n}"))


def test_an_update_is_stored_once_however_often_it_is_offered(people: People) -> None:
    assert people.receive([update(7), update(8)], NOON) == 2
    assert people.receive([update(8), update(9)], NOON) == 1
    assert people.unanswered("telegram") == [update(7), update(8), update(9)]
    assert people.unanswered("telegram", limit=1) == [update(7)]
    assert people.unanswered("terminal") == []


def test_what_is_done_stays_done_when_it_is_offered_again(people: People) -> None:
    people.receive([update(7)], NOON)
    people.done(update(7), NOON)

    assert people.receive([update(7)], NOON + timedelta(hours=24)) == 0
    assert people.unanswered("telegram") == []


def test_after_a_silent_week_an_old_number_is_a_new_update(people: People) -> None:
    people.receive([update(7)], NOON)
    people.done(update(7), NOON)

    assert people.receive([update(7)], NOON + timedelta(days=7)) == 1


def test_updates_are_answered_in_the_order_they_came_whatever_their_numbers(people: People) -> None:
    people.receive([update(900)], NOON)
    people.receive([update(3)], NOON)

    assert people.unanswered("telegram") == [update(900), update(3)]


def test_what_was_said_is_not_kept_once_it_is_answered(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.receive([update(1, raw="a private word")], NOON)
        people.done(update(1), NOON)
    assert b"private word" not in (tmp_path / "people.db").read_bytes()


def test_an_update_that_fails_five_times_is_set_aside(people: People) -> None:
    people.receive([update(1), update(2)], NOON)
    for attempt in range(5):
        assert [item.attempts for item in people.unanswered("telegram")] == [attempt, 0]
        people.failed(update(1), "TypeError")

    assert people.unanswered("telegram") == [update(2)]


def test_an_update_that_was_set_aside_is_forgotten_after_two_days_and_another_may_bear_its_number(
    people: People,
) -> None:
    people.receive([update(1), update(2)], NOON)
    for _ in range(5):
        people.failed(update(1), "TypeError")

    early = people.receive([update(1)], NOON + timedelta(hours=47))
    late = people.receive([update(1)], NOON + timedelta(hours=49))

    assert (early, late) == (0, 1)
    assert people.unanswered("telegram") == [update(2), update(1)]


def test_an_effect_and_its_mark_are_one(people: People) -> None:
    people.receive([update(1)], NOON)
    with suppress(RuntimeError), people.transaction():
        people.save_subscription(make.subscription())
        people.done(update(1), NOON)
        raise RuntimeError

    assert people.unanswered("telegram") == [update(1)]
    assert people.subscriptions() == []


# ------------------------------------------------------------------------------------------ outbox
def test_the_same_thing_is_never_owed_twice(people: People) -> None:
    assert people.enqueue([make.delivery("a"), make.delivery("a"), make.delivery("b")]) == 2
    assert people.enqueue([make.delivery("b"), make.delivery("c")]) == 1
    assert people.enqueue([]) == 0
    assert people.outbox_counts()["ready"] == 3


@settings(max_examples=50, deadline=None)
@given(store_values.deliveries)
def test_a_delivery_comes_back_as_it_was(delivery: Delivery) -> None:
    with PeopleStore.open(":memory:") as people:
        people.enqueue([delivery])

        (claimed,) = people.claim(delivery.next_attempt_at)

        assert claimed == replace(delivery, id=claimed.id, status=DeliveryStatus.SENDING)


def test_what_was_owed_before_messages_could_bring_a_file_is_sent_as_it_was(tmp_path: Path) -> None:
    with older(tmp_path / "people.db", before="m005_documents") as database:
        database.execute("INSERT INTO chats (id, network, room) VALUES (1, 'telegram', '5')")
        database.execute("INSERT INTO messages (id, html, buttons, silent) VALUES (1, '<b>Truce</b>', '[]', 0)")
        database.execute(
            "INSERT INTO outbox (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, next_attempt_at, "
            "created_at) VALUES ('a', 1, 'alert', 2, 1, '', '', :now, :now)",
            {"now": cell(NOON)},
        )

    with PeopleStore.open(tmp_path / "people.db") as people:
        people.recover(NOON)
        people.enqueue([make.delivery("b", message=Message(html="Talks", document=Document("talks.ics", b"x")))])
        claimed = people.claim(NOON, limit=2)

    assert {each.dedupe_key: each.message for each in claimed} == {
        "a": Message(html="<b>Truce</b>"),
        "b": Message(html="Talks", document=Document("talks.ics", b"x")),
    }


def test_what_is_owed_already_leaves_no_trace_of_a_second_try() -> None:
    with PeopleStore.open(":memory:") as people:
        people.enqueue([make.delivery("a")])
        people.enqueue([make.delivery("a", message=Message(html="said otherwise"))])

        assert people._file.value("SELECT group_concat(html) FROM messages") == "a"


def test_a_delivery_waits_for_its_time(people: People) -> None:
    people.enqueue([make.delivery(next_attempt_at=NOON + minutes(1))])

    assert claim(people, 59) == []
    assert len(claim(people, 60)) == 1


def test_a_time_is_the_same_time_in_any_zone(people: People) -> None:
    in_kyiv = (NOON + timedelta(seconds=77)).astimezone(timezone(timedelta(hours=3)))
    people.enqueue([make.delivery(next_attempt_at=in_kyiv)])

    assert claim(people, 76) == []
    assert len(claim(people, 78)) == 1


def test_a_claim_cannot_be_part_of_something_that_may_be_undone(people: People) -> None:
    people.enqueue([make.delivery()])

    with people.transaction(), pytest.raises(StoreError, match="transaction of its own"):
        people.claim(NOON)

    assert people.outbox_counts()["ready"] == 1


def test_what_was_being_sent_when_we_died_is_sent_again_and_marked(people: People) -> None:
    people.enqueue([make.delivery()])
    (before,) = claim(people)

    assert people.recover(NOON) == 1

    (again,) = claim(people)
    assert again == replace(before, maybe=True, doubtful=1, attempts=1)
    assert people.recover(NOON) == 1
    assert people.recover(NOON) == 0


def test_a_delivery_finds_the_new_room_of_its_chat_and_takes_the_others_along(people: People) -> None:
    people.save_subscription(make.subscription(chat=GROUP))
    people.enqueue([make.delivery("a", chat=GROUP), make.delivery("b", chat=GROUP)])
    (delivery,) = claim(people)

    people.settle(delivery.after(Moved(SUPERGROUP.room), NOON), NOON)

    assert people.subscription(SUPERGROUP)
    (again,) = claim(people, 3)
    assert (again.chat, again.dedupe_key, again.maybe) == (SUPERGROUP, "a", False)
    people.settle(again.after(Sent(), NOON), NOON)
    assert [later.chat for later in claim(people, 9)] == [SUPERGROUP]


def test_a_chat_that_moves_while_a_delivery_is_on_its_way_does_not_move_back(people: People) -> None:
    people.save_subscription(make.subscription(chat=GROUP))
    people.enqueue([make.delivery(chat=GROUP)])
    (delivery,) = claim(people)
    people.move(GROUP, SUPERGROUP.room)

    people.settle(delivery.after(Sent("1"), NOON), NOON)

    assert people.subscription(SUPERGROUP)
    assert people.subscription(GROUP) is None
    assert people.outbox_counts()["sent"] == 1


def test_settling_twice_changes_nothing(people: People) -> None:
    people.enqueue([make.delivery()])
    (delivery,) = claim(people)
    people.settle(delivery.after(Sent("1"), NOON), NOON)

    people.settle(delivery.after(Undeliverable("too late to say"), NOON), NOON)

    assert people.outbox_counts() == {"ready": 0, "sending": 0, "retry": 0, "sent": 1, "dead": 0, "superseded": 0}


# ------------------------------------------------------------------------------------------ cursor and notes
def test_the_cursor_moves_with_the_deliveries_or_not_at_all(people: People) -> None:
    people.move_cursor(Cursor("archive", 1))
    with suppress(RuntimeError), people.transaction():
        people.enqueue([make.delivery()])
        people.move_cursor(Cursor("archive", 2))
        raise RuntimeError

    assert people.cursor() == Cursor("archive", 1)
    assert sum(people.outbox_counts().values()) == 0


def test_there_is_no_cursor_before_the_first_move(people: People) -> None:
    assert people.cursor() is None


def test_a_note_is_remembered_until_it_is_emptied(people: People) -> None:
    people.remember("owner code", "one")
    people.remember("owner code", "two")
    assert people.note("owner code") == "two"

    people.remember("owner code", "")
    assert people.note("owner code") == ""
