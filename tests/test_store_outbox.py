"""The pace of the outbox on a clock of the test's own, and its great law: nothing is lost, nothing doubled unmarked."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from bot.model import (
    Broadcast,
    ChatId,
    Delivery,
    DeliveryKind,
    Message,
    Moved,
    RetryLater,
    SendResult,
    Sent,
    Undeliverable,
    Wishes,
    Wording,
)
from bot.store.pace import Pace
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON, minutes

ANN = ChatId("telegram", "1001")
BOB = ChatId("telegram", "1002")
GROUP = ChatId("telegram", "-1003")
TERMINAL = ChatId("terminal", "me")
TICK = timedelta(milliseconds=5)


def owed(chat: ChatId, key: str, kind: DeliveryKind = DeliveryKind.ALERT, **given: Any) -> Delivery:
    return make.delivery(dedupe_key=f"{chat.room}:{key}", chat=chat, kind=kind, **given)


def names(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.dedupe_key for delivery in deliveries]


def send_all(people: PeopleStore, start: datetime = NOON, seconds: float = 60) -> list[tuple[float, Delivery]]:
    """Send for some *seconds* as fast as the pace allows; return what left, and how many seconds after *start*."""
    left: list[tuple[float, Delivery]] = []
    now = start
    while now < start + timedelta(seconds=seconds):
        for delivery in people.claim(now, limit=9):
            people.settle(delivery.after(Sent(), now), now)
            left.append(((now - start).total_seconds(), delivery))
        now += TICK
    return left


def busiest(times: Sequence[float], window: float) -> int:
    """Return the most that left within any *window* of seconds."""
    return max(sum(start <= time < start + window for time in times) for start in times)


# ------------------------------------------------------------------------------------------ pace
def test_a_fan_out_leaves_at_the_allowed_pace_evenly(people: PeopleStore) -> None:
    people.enqueue([owed(ChatId("telegram", str(n)), "news") for n in range(250)])

    times = [time for time, _ in send_all(people, seconds=11)]

    assert len(times) == 250
    assert times[-1] <= 10.2
    assert busiest(times, 1) <= 26
    assert busiest(times, 0.035) == 1


def test_slots_that_nobody_used_are_not_made_up_for(people: PeopleStore) -> None:
    people.enqueue([owed(ChatId("telegram", f"early {n}"), "news") for n in range(2)])
    send_all(people, seconds=1)
    people.enqueue([owed(ChatId("telegram", f"late {n}"), "news") for n in range(100)])

    assert len(people.claim(NOON + minutes(10), limit=100)) == 1


def test_a_slot_that_was_barely_missed_is_made_up_for(people: PeopleStore) -> None:
    people.enqueue([owed(ChatId("telegram", str(n)), "news") for n in range(9)])
    people.claim(NOON)

    assert len(people.claim(NOON + timedelta(milliseconds=120), limit=9)) == 3


@pytest.mark.parametrize("restarted", [False, True])
def test_a_chat_that_was_written_to_while_the_clock_was_ahead_waits_no_hours(
    people: PeopleStore, *, restarted: bool
) -> None:
    ahead = NOON + timedelta(hours=5)
    people.enqueue([owed(ANN, "before"), owed(BOB, "refused", next_attempt_at=ahead)])
    for claimed in (people.claim(ahead)[0], people.claim(ahead + TICK * 8)[0]):
        refused = claimed.chat == BOB
        result = RetryLater(after=timedelta(seconds=30), reason="busy") if refused else Sent()
        people.settle(claimed.after(result, ahead), ahead)
    if restarted:
        people.recover(NOON)

    people.enqueue([owed(ANN, "after", next_attempt_at=NOON, created_at=NOON)])
    left = send_all(people, seconds=5)

    assert sorted(names([delivery for _, delivery in left])) == ["1001:after", "1002:refused"]


def test_a_clock_set_back_does_not_stop_the_sending(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, "first")])
    send_all(people, seconds=1)
    earlier = NOON - timedelta(hours=1)
    people.enqueue([owed(BOB, "second", next_attempt_at=earlier)])

    assert names(people.claim(earlier)) == ["1002:second"]


@pytest.mark.parametrize(("chat", "rest"), [(ANN, 1), (GROUP, 3)])
def test_a_chat_rests_between_two_messages(people: PeopleStore, chat: ChatId, rest: float) -> None:
    people.enqueue([owed(chat, str(n)) for n in range(4)])

    left = send_all(people, seconds=10)

    assert [time for time, _ in left] == [0, rest, 2 * rest, 3 * rest]
    assert names([delivery for _, delivery in left]) == [f"{chat.room}:{n}" for n in range(4)]


def test_a_long_message_counts_twice(people: PeopleStore) -> None:
    long = Message(html="<b>" + "я" * 501 + "</b>")
    people.enqueue([owed(ANN, "long", message=long), owed(ANN, "next")])
    assert [time for time, _ in send_all(people, seconds=4)] == [0, 2]

    people.enqueue([owed(ChatId("telegram", str(n)), "long", message=long) for n in range(100)])
    assert len(send_all(people, start=NOON + minutes(1), seconds=4)) == 50


def test_markup_does_not_make_a_message_long(people: PeopleStore) -> None:
    message = Message(html="<b>" * 300 + "я" * 500 + "</b>" * 300)
    people.enqueue([owed(ANN, "marked up", message=message), owed(ANN, "next")])

    assert [time for time, _ in send_all(people, seconds=3)] == [0, 1]


def test_the_terminal_has_no_pace_and_waits_for_no_other_network(people: PeopleStore) -> None:
    people.enqueue([owed(ChatId("telegram", str(n)), "news") for n in range(100)])
    people.enqueue([owed(TERMINAL, str(n)) for n in range(50)])

    at_once = send_all(people, seconds=TICK.total_seconds())
    more = send_all(people, start=NOON + TICK, seconds=50 * TICK.total_seconds())

    assert sum(delivery.chat == TERMINAL for _, delivery in [*at_once, *more]) == 50


def test_a_network_that_turns_out_to_have_limits_is_paced_after_a_restart(tmp_path: Path) -> None:
    with PeopleStore.open(tmp_path / "people.db") as people:
        people.enqueue([owed(ChatId("matrix", str(n)), "news") for n in range(9)])
    with PeopleStore.open(tmp_path / "people.db", Pace(networks=frozenset({"matrix"}))) as people:
        people.recover(NOON)

        assert len(people.claim(NOON, limit=9)) == 1


def test_the_pace_can_be_chosen() -> None:
    with PeopleStore.open(":memory:", Pace(per_second=100, private=timedelta(seconds=5))) as people:
        people.enqueue([owed(ChatId("telegram", str(n)), key) for key in "ab" for n in range(100)])

        left = send_all(people, seconds=4)

    assert len(left) == 100
    assert left[-1][0] <= 1


# ------------------------------------------------------------------------------------------ order
def test_replies_leave_before_alerts_and_digests_last(people: PeopleStore) -> None:
    people.enqueue(
        [
            owed(chat, kind.value, kind)
            for chat in (ANN, BOB)
            for kind in (DeliveryKind.DIGEST, DeliveryKind.NOTICE, DeliveryKind.ALERT, DeliveryKind.REPLY)
        ]
    )

    left = names([delivery for _, delivery in send_all(people, seconds=9)])

    assert left == [
        *("1001:reply", "1002:reply", "1001:notice", "1002:notice"),
        *("1001:alert", "1002:alert", "1001:digest", "1002:digest"),
    ]


def test_a_reply_overtakes_a_fan_out_within_a_slot(people: PeopleStore) -> None:
    people.enqueue([owed(ChatId("telegram", str(n)), "news") for n in range(2_000)])
    send_all(people, seconds=1)
    people.enqueue([owed(ANN, "answer", DeliveryKind.REPLY)])

    left = send_all(people, start=NOON + timedelta(seconds=1), seconds=0.1)

    assert left[0][1].dedupe_key == "1001:answer"
    assert left[0][0] <= 0.04


def test_a_chat_with_much_to_hear_does_not_keep_the_others_waiting(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, str(n)) for n in range(50)])
    people.enqueue([owed(BOB, "one")])

    left = send_all(people, seconds=2.5)

    assert names([delivery for _, delivery in left]) == ["1001:0", "1002:one", "1001:1", "1001:2"]


def test_a_chat_is_sent_one_message_at_a_time(people: PeopleStore) -> None:
    people.enqueue([owed(TERMINAL, "a"), owed(TERMINAL, "b")])

    (first,) = people.claim(NOON, limit=9)
    assert people.claim(NOON + minutes(1), limit=9) == []
    people.enqueue([owed(TERMINAL, "reply", DeliveryKind.REPLY)])
    assert people.claim(NOON + minutes(1), limit=9) == []

    people.settle(first.after(Sent(), NOON), NOON)
    assert names(people.claim(NOON, limit=9)) == ["me:reply"]


def test_flood_control_delays_its_own_chat_alone_and_keeps_its_order(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, "a"), owed(ANN, "b"), owed(BOB, "c")])
    (refused,) = people.claim(NOON)
    people.settle(refused.after(RetryLater(after=timedelta(seconds=30), flood=True), NOON), NOON)

    left = send_all(people, seconds=40)

    assert [(round(time), delivery.dedupe_key) for time, delivery in left] == [
        (0, "1002:c"),
        (30, "1001:a"),
        (31, "1001:b"),
    ]
    assert not left[1][1].maybe


def test_a_message_that_meets_trouble_does_not_hold_up_the_next(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, "a"), owed(ANN, "b")])
    (lost,) = people.claim(NOON)
    people.settle(lost.after(RetryLater(doubtful=True), NOON), NOON)

    left = [(round(time), delivery.dedupe_key, delivery.maybe) for time, delivery in send_all(people, seconds=9)]

    assert left == [(1, "1001:b", False), (5, "1001:a", True)]


def test_what_is_owed_now_does_not_wait_for_what_is_owed_later(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, "later", next_attempt_at=NOON + minutes(30))])
    people.claim(NOON)
    people.enqueue([owed(ANN, "now")])

    assert names(people.claim(NOON)) == ["1001:now"]


def test_a_second_try_does_not_wait_for_what_is_owed_later(people: PeopleStore) -> None:
    people.enqueue([owed(ANN, "tried")])
    (tried,) = people.claim(NOON)
    people.enqueue([owed(ANN, "later", next_attempt_at=NOON + minutes(30))])
    people.settle(tried.after(RetryLater(doubtful=True), NOON), NOON)

    assert names(people.claim(NOON + minutes(1))) == ["1001:tried"]


def test_a_claim_costs_the_same_however_many_wait(people: PeopleStore) -> None:
    def steps() -> int:
        """Return how many thousand instructions of SQLite a claim takes."""
        counted = 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        connection = people._file._db.conn
        connection.set_progress_handler(count, 10)
        (claimed,) = people.claim(now)
        connection.set_progress_handler(None, 0)
        people.settle(claimed.after(Sent(), now), now)
        return counted

    now = NOON
    people.enqueue([owed(ANN, "few")])
    few = steps()
    now += minutes(1)
    people.enqueue([owed(ANN, str(n)) for n in range(3_000)])
    people.pause(ANN, "blocked", NOON)
    people.enqueue([owed(ChatId("telegram", str(n)), "later", next_attempt_at=now + minutes(9)) for n in range(3_000)])
    people.enqueue([owed(ChatId("telegram", f"-{n}"), key) for n in range(3_000) for key in "ab"])
    people.claim(now)
    now += minutes(1)

    assert steps() < 3 * few


# ------------------------------------------------------------------------------------------ the great law
CHATS = [ANN, BOB, GROUP, TERMINAL]
RESULTS: st.SearchStrategy[SendResult] = st.one_of(
    st.builds(Sent, st.just("7")),
    st.builds(RetryLater, after=st.none() | st.just(timedelta(seconds=9)), doubtful=st.booleans()),
    st.just(RetryLater(after=timedelta(seconds=20), flood=True)),
    st.just(Undeliverable("refused")),
    st.just(Moved("-2003")),
)


class Outbox(RuleBasedStateMachine):
    """What is owed, sent and given up, in any order, with deaths of the process at any instant."""

    flying = Bundle("flying")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.people = PeopleStore.open(Path(self.folder.name) / "people.db")
        self.now = NOON
        self.due: set[str] = set()
        self.in_flight: dict[str, Delivery] = {}
        self.told: Counter[str] = Counter()
        self.dead: set[str] = set()
        self.doubtful: set[str] = set()
        self.paused: set[ChatId] = set()
        self.newest_edit: dict[ChatId, str] = {}

    @initialize()
    def start(self) -> None:
        assert self.people.recover(self.now) == 0
        for chat in CHATS:
            self.people.save_subscription(make.subscription(chat=chat))

    @rule(
        chats=st.lists(st.sampled_from(CHATS), max_size=4),
        number=st.integers(0, 4),
        kind=st.sampled_from([kind for kind in DeliveryKind if kind not in (DeliveryKind.EDIT, DeliveryKind.UPDATE)]),
        later=st.integers(0, 30),
        edits=st.sampled_from(["", "", "5"]),
        urgent=st.booleans(),
    )
    def enqueue(  # noqa: PLR0917 - each is drawn
        self, chats: list[ChatId], number: int, kind: DeliveryKind, later: int, edits: str, urgent: bool
    ) -> None:
        at = self.now + timedelta(seconds=later)
        deliveries = [
            owed(chat, f"{number}", kind, next_attempt_at=at, created_at=self.now, edits=edits, urgent=urgent)
            for chat in chats
        ]
        fresh = set(names(deliveries)) - self.due

        assert self.people.enqueue(deliveries) == len(fresh)

        self.due |= fresh
        if edits:
            self.newest_edit |= {
                delivery.chat: delivery.dedupe_key for delivery in deliveries if delivery.dedupe_key in fresh
            }

    @rule(kind=st.sampled_from([DeliveryKind.ALERT, DeliveryKind.EDIT, DeliveryKind.UPDATE]), number=st.integers(0, 9))
    def tell_all(self, kind: DeliveryKind, number: int) -> None:
        """A story breaks, or its alerts are to be edited or answered."""
        news = Broadcast(
            key=f"{kind}:{'' if kind is DeliveryKind.ALERT else number}",
            kind=kind,
            wordings=(Wording(Message(html=f"{kind} {number}"), (Wishes(),)),),
            created_at=self.now,
            story_id="truce",
            change_id=1,
            knows=1,
            urgent=True,
        )
        before = self._keys()

        owed = self.people.broadcast(news, most=100)

        fresh = self._keys() - before
        assert len(fresh) == owed.new
        self.due |= fresh

    def _keys(self) -> set[str]:
        return {row["dedupe_key"] for row in self.people._file.rows("SELECT dedupe_key FROM outbox")}

    @rule(target=flying, limit=st.integers(1, 4))
    def claim(self, limit: int) -> object:
        claimed = self.people.claim(self.now, limit=limit)

        for delivery in claimed:
            key = delivery.dedupe_key
            assert key in self.due
            assert key not in self.in_flight
            assert not self.told[key], "sent for sure, and sent again"
            assert key not in self.dead | self.superseded | self.orphaned
            assert delivery.maybe == (key in self.doubtful)
            assert delivery.edits or delivery.kind is not DeliveryKind.EDIT
            self.in_flight[key] = delivery
        return multiple(*claimed)

    @rule(delivery=consumes(flying), result=RESULTS)
    def settle(self, delivery: Delivery, result: SendResult) -> None:
        key = delivery.dedupe_key
        if self.in_flight.get(key) is not delivery:
            return  # its process died, and the dead settle nothing
        if isinstance(result, Moved) and delivery.chat != GROUP:
            result = Sent("7")
        settled = delivery.after(result, self.now)

        self.people.settle(settled, self.now)

        del self.in_flight[key]
        if settled.status == "sent":
            self.told[key] += 1
        if settled.status == "dead":
            self.dead.add(key)
        if isinstance(result, RetryLater) and result.doubtful:
            self.doubtful.add(key)

    @rule()
    def die(self) -> None:
        self.people._file._db.conn.close()
        self.people = PeopleStore.open(Path(self.folder.name) / "people.db")

        assert self.people.recover(self.now) == len(self.in_flight)

        self.doubtful |= set(self.in_flight)
        self.in_flight.clear()

    @rule(seconds=st.sampled_from([0.04, 1, 3, 60]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(chat=st.sampled_from(CHATS), paused=st.booleans())
    def pause_or_resume(self, chat: ChatId, paused: bool) -> None:
        if paused:
            self.people.pause(chat, "blocked", self.now)
            self.paused.add(chat)
        else:
            self.people.resume(chat)
            self.paused.discard(chat)

    @invariant()
    def sent_and_waiting_and_dead_are_due(self) -> None:
        counts = self.people.outbox_counts()

        assert sum(counts.values()) == len(self.due)
        assert counts["sending"] == len(self.in_flight)
        assert counts["sent"] == sum(self.told.values())
        assert counts["dead"] == len(self.dead | self.orphaned)

    @invariant()
    def the_newest_edit_is_never_dropped_for_an_older_one(self) -> None:
        assert not self.superseded & set(self.newest_edit.values())

    @property
    def superseded(self) -> set[str]:
        rows = self.people._file.rows("SELECT dedupe_key FROM outbox WHERE status = 'superseded'")
        return {row["dedupe_key"] for row in rows}

    @property
    def orphaned(self) -> set[str]:
        """What was to change or answer an alert that never arrived."""
        rows = self.people._file.rows("SELECT dedupe_key FROM outbox WHERE status = 'dead' AND target IS NOT NULL")
        return {row["dedupe_key"] for row in rows}

    def teardown(self) -> None:
        """In the end everyone can be reached again: all that is due arrives."""
        for delivery in self.in_flight.values():
            self._send(delivery)
        for chat in self.paused:
            self.people.resume(chat)
        for wait in [minutes(1)] * 30 + [timedelta(hours=13)] + [minutes(1)] * 30:
            self.now += wait
            for delivery in self.people.claim(self.now, limit=9):
                self._send(delivery)
        superseded, orphaned = self.superseded, self.orphaned
        self.people.close()
        self.folder.cleanup()

        assert self.due == set(self.told.elements()) | self.dead | orphaned | superseded
        assert not [key for key, times in self.told.items() if times > 1]

    def _send(self, delivery: Delivery) -> None:
        self.told[delivery.dedupe_key] += 1
        self.people.settle(delivery.after(Sent(), self.now), self.now)


Outbox.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestOutbox = pytest.mark.slow(Outbox.TestCase)
