"""One alert for many chats: the same as if it were owed to each by hand, and what waits makes way for what is newer."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import house
from bot.catalog import load_catalog
from bot.config import Config
from bot.model import (
    Access,
    Broadcast,
    ChatId,
    Delivery,
    DeliveryKind,
    Message,
    RetryLater,
    Sent,
    StoryChange,
    Subscription,
    Undeliverable,
    Wishes,
    Wording,
)
from bot.ports import People
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON, minutes
from tests.older import older

ROOMS = [str(room) for room in range(1, 9)]
EVERYTHING = Wishes()
KYIV = Wishes(time_zone="Europe/Kyiv")
YEMEN = Wishes(conflicts=frozenset({"yemen"}))
SOON = NOON + timedelta(seconds=1)


def chat(room: str) -> ChatId:
    return ChatId("terminal", room)


def subscribe(people: People, room: str, wishes: Wishes = EVERYTHING, **given: Any) -> ChatId:
    people.save_subscription(
        Subscription(
            chat=chat(room),
            conflicts=wishes.conflicts,
            types=wishes.types,
            loudness=wishes.loudness,
            language=wishes.language,
            time_zone=wishes.time_zone,
            created_at=NOON,
            **given,
        )
    )
    return chat(room)


def alert(key: str = "alert:truce", *readers: Wishes, **given: Any) -> Broadcast:
    """An alert for *readers*, each of whom is told it in other words."""
    wordings = tuple(Wording(Message(html=f"<b>{key} {n}</b>"), (wishes,)) for n, wishes in enumerate(readers))
    everybody = (Wording(Message(html=key), (EVERYTHING, KYIV)),)
    defaults: dict[str, Any] = {"created_at": NOON, "story_id": "truce"}
    return Broadcast(key=key, wordings=wordings or everybody, **defaults | given)


def by_hand(broadcast: Broadcast, wishes: Wishes, room: str) -> Delivery:
    """What one chat of these *wishes* is owed."""
    message = next(wording.message for wording in broadcast.wordings if wishes in wording.readers)
    return broadcast.delivery(chat(room), message, topic_of(room))


def topic_of(room: str) -> str:
    """Every third room wants its alerts in a topic."""
    return room if int(room) % 3 == 0 else ""


def owe(people: PeopleStore, broadcast: Broadcast, most: int = 100) -> list[int]:
    """Owe all of it; return how many chats each slice looked at."""
    looked_at, left = [], broadcast
    while True:
        owed = people.broadcast(left, most=most)
        looked_at.append(owed.chats)
        if owed.left is None:
            return looked_at
        left = owed.left


def claimed(people: People, now: Any = NOON, limit: int = 100) -> list[Delivery]:
    return list(people.claim(now, limit=limit))


def rooms(deliveries: list[Delivery]) -> list[str]:
    return [delivery.chat.room for delivery in deliveries]


def send_in_order(people: PeopleStore, now: Any = NOON) -> list[str]:
    """Send all that is due, one by one; return the keys in the order in which they left."""
    left = []
    while deliveries := claimed(people, now, limit=1):
        left.append(deliveries[0].dedupe_key)
        people.settle(deliveries[0].after(Sent("7"), now), now)
    return left


# ------------------------------------------------------------------------------------------ the same as by hand
@settings(max_examples=60, deadline=None)
@given(
    wanted=st.dictionaries(st.sampled_from(ROOMS), st.sampled_from([EVERYTHING, KYIV, YEMEN]), min_size=1),
    readers=st.lists(st.sampled_from([EVERYTHING, KYIV, YEMEN]), unique=True, min_size=1).map(tuple),
    muted=st.sets(st.sampled_from(ROOMS)),
    blocked=st.sets(st.sampled_from(ROOMS)),
    resting=st.dictionaries(st.sampled_from(ROOMS), st.integers(-1, 1)),
    before=st.sets(st.sampled_from(ROOMS)),
    most=st.integers(1, 9),
    urgent=st.booleans(),
)
def test_a_broadcast_is_what_its_deliveries_would_be(  # noqa: PLR0917 - each is drawn
    wanted: dict[str, Wishes],
    readers: tuple[Wishes, ...],
    muted: set[str],
    blocked: set[str],
    resting: dict[str, int],
    before: set[str],
    most: int,
    urgent: bool,
) -> None:
    broadcast = alert("alert:truce", *readers, urgent=urgent)
    wishes_of = {room: wishes for room, wishes in wanted.items() if wishes in readers}
    with PeopleStore.open(":memory:") as together, PeopleStore.open(":memory:") as singly:
        for people in (together, singly):
            for room, wishes in wanted.items():
                paused = NOON + minutes(resting[room]) if room in resting else None
                subscribe(people, room, wishes, paused_until=paused, thread=topic_of(room))
            for room in muted & wanted.keys():
                people.mute_story(chat(room), "truce")
            for room in blocked & wanted.keys():
                people.pause(chat(room), "blocked", NOON)
            people.enqueue([by_hand(broadcast, wishes_of[room], room) for room in wishes_of if room in before])
        due = [room for room in wishes_of if room not in muted | blocked and resting.get(room, 0) <= 0]

        owe(together, broadcast, most)
        singly.enqueue([by_hand(broadcast, wishes_of[room], room) for room in due])

        assert together.outbox_counts() == singly.outbox_counts()
        assert {replace(d, id=0) for d in claimed(together)} == {replace(d, id=0) for d in claimed(singly)}


def test_the_wishes_of_all_chats_are_known_each_once(people: PeopleStore) -> None:
    for room, wishes in zip("12345", [EVERYTHING, KYIV, KYIV, YEMEN, EVERYTHING], strict=True):
        subscribe(people, room, wishes)

    assert sorted(people.wishes(), key=repr) == sorted([EVERYTHING, KYIV, YEMEN], key=repr)


# ------------------------------------------------------------------------------------------ slices
def test_a_broadcast_is_owed_in_slices_and_nobody_is_left_out(people: PeopleStore) -> None:
    for room in ROOMS:
        subscribe(people, room, KYIV if int(room) % 2 else EVERYTHING)

    looked_at = owe(people, alert("alert:truce", KYIV, EVERYTHING), most=3)

    assert looked_at == [3, 3, 2]
    assert sorted(rooms(claimed(people))) == ROOMS


def test_a_broadcast_begun_anew_after_a_death_owes_nothing_twice(people: PeopleStore) -> None:
    for room in ROOMS:
        subscribe(people, room)
    first = people.broadcast(alert(), most=3)
    in_flight = claimed(people, limit=1)

    again = [people.broadcast(alert(created_at=SOON), most=100).new, people.broadcast(alert(), most=100).new]

    assert (first.new, again) == (3, [5, 0])
    assert sorted(rooms(in_flight + claimed(people, SOON))) == ROOMS


def test_a_broadcast_that_nobody_hears_leaves_nothing_behind(people: PeopleStore) -> None:
    subscribe(people, "1", YEMEN)

    owed = people.broadcast(alert(), most=100)

    assert owed == (0, 1, None)
    assert people._file.value("SELECT count(*) FROM messages") == 0


def test_what_is_repeated_after_a_restore_is_marked(people: PeopleStore) -> None:
    subscribe(people, "1")

    owe(people, alert(maybe=True))

    assert [delivery.maybe for delivery in claimed(people)] == [True]


async def test_routing_owes_in_slices_and_moves_the_cursor_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.stages.tell.SLICE", 3)
    async with house(data=tmp_path, config=Config(), chats={}, catalog=load_catalog(), now=lambda: NOON) as pipeline:
        pipeline.route()
        start = pipeline.people.cursor()
        for room in ROOMS:
            subscribe(pipeline.people, room, KYIV if int(room) % 2 else EVERYTHING)
        report = make.report()
        story = make.story(report)
        with pipeline.archive.transaction():
            pipeline.archive.save_entries([(report.entry, ["1"])])
            assert report.event
            pipeline.archive.save_event(report.event)
            pipeline.archive.save_story(story)
            pipeline.archive.log_change(story, StoryChange.NEW, report.entry.key, NOON)

        new = [pipeline.route(), pipeline.route()]
        before = pipeline.people.cursor()
        new += [pipeline.route(), pipeline.route()]

        assert new == [3, 3, 2, 0]
        assert before == start
        assert pipeline.people.cursor() == (pipeline.archive.archive_id, 1)
        assert sorted(rooms(claimed(pipeline.people))) == ROOMS


# ------------------------------------------------------------------------------------------ what overtakes what
def test_a_change_of_status_overtakes_first_news_in_every_chat(people: PeopleStore) -> None:
    for room in ROOMS:
        subscribe(people, room)
    owe(people, alert("alert:news", story_id="news"))
    owe(people, alert("alert:ended", story_id="another", urgent=True))

    left = send_in_order(people)

    assert all(key.startswith("alert:ended") for key in left[: len(ROOMS)])
    assert all(key.startswith("alert:news") for key in left[len(ROOMS) :])
    assert len(left) == 2 * len(ROOMS)


@pytest.mark.parametrize("together", [True, False])
def test_a_change_of_status_never_overtakes_what_it_changes(people: PeopleStore, together: bool) -> None:
    subscribe(people, "1")
    owe(people, alert("alert:other", story_id="other"))
    owe(people, alert("alert:agreed"))
    ended = alert("alert:ended", urgent=True)
    if together:
        owe(people, ended)
    else:
        people.enqueue([by_hand(ended, EVERYTHING, "1")])

    left = send_in_order(people)

    assert left == ["alert:agreed:terminal:1", "alert:ended:terminal:1", "alert:other:terminal:1"]


def edit(key: str, of: str = "5", room: str = "1") -> Delivery:
    return make.delivery(dedupe_key=key, chat=chat(room), kind=DeliveryKind.REPLY, edits=of, message=Message(html=key))


def test_of_several_edits_of_a_message_only_the_latest_is_sent(people: PeopleStore) -> None:
    people.enqueue([edit("first"), edit("other message", of="6"), edit("other chat", room="2")])
    people.enqueue([edit("second")])
    people.enqueue([edit("third")])

    assert sorted(send_in_order(people)) == ["other chat", "other message", "third"]
    assert people.outbox_counts()["superseded"] == 2


def test_an_edit_that_is_on_its_way_is_not_taken_back_and_the_next_one_follows(people: PeopleStore) -> None:
    people.enqueue([edit("first")])
    (first,) = claimed(people)
    people.enqueue([edit("second")])

    people.settle(first.after(Sent("5"), NOON), NOON)

    assert send_in_order(people) == ["second"]
    assert people.outbox_counts()["superseded"] == 0


def test_an_edit_that_is_owed_already_replaces_nothing(people: PeopleStore) -> None:
    people.enqueue([edit("first"), edit("second")])

    people.enqueue([edit("first")])

    assert send_in_order(people) == ["second"]


# ------------------------------------------------------------------------------------------ growing old
@pytest.mark.parametrize(
    ("kind", "hours"),
    [(DeliveryKind.REPLY, 1), (DeliveryKind.ALERT, 12), (DeliveryKind.DIGEST, 12), (DeliveryKind.NOTICE, 7 * 24)],
)
def test_what_waited_too_long_is_given_up_and_counted(people: PeopleStore, kind: DeliveryKind, hours: int) -> None:
    for key in ("in time", "too late"):
        people.enqueue([make.delivery(dedupe_key=key, kind=kind)])
        people.pause(make.HERE, "blocked", NOON)
        limit = NOON + timedelta(hours=hours)
        people.resume(make.HERE)
        now = limit - timedelta(seconds=1) if key == "in time" else limit
        sent = send_in_order(people, now)

        assert sent == (["in time"] if key == "in time" else [])

    assert people.dead_letters(NOON) == {"too old to be sent": 1}


def test_a_chat_that_comes_back_after_weeks_is_told_what_is_new_only(people: PeopleStore) -> None:
    here, weeks = subscribe(people, "1"), NOON + timedelta(weeks=3)
    people.enqueue([make.delivery(dedupe_key=str(n), chat=here) for n in range(50)])
    people.pause(here, "blocked", NOON)
    people.resume(here)
    people.enqueue([make.delivery(dedupe_key="new", chat=here, created_at=weeks, next_attempt_at=weeks)])

    assert send_in_order(people, weeks) == ["new"]
    assert people.outbox_counts()["dead"] == 50


def test_what_may_have_arrived_is_repeated_for_a_day(people: PeopleStore) -> None:
    people.enqueue([make.delivery(dedupe_key="a"), make.delivery(dedupe_key="b", chat=chat("2"))])
    for delivery in claimed(people):
        people.settle(delivery.after(RetryLater(doubtful=True), NOON), NOON)

    in_time = claimed(people, NOON + timedelta(hours=23), limit=1)
    too_late = claimed(people, NOON + timedelta(hours=24))

    assert [delivery.dedupe_key for delivery in in_time] == ["a"]
    assert too_late == []


def test_what_is_owed_for_later_grows_old_from_then_on(people: PeopleStore) -> None:
    tomorrow = NOON + timedelta(days=1)
    people.enqueue([make.delivery(dedupe_key="a", next_attempt_at=tomorrow)])

    assert send_in_order(people, tomorrow + timedelta(hours=11)) == ["a"]


def test_what_is_in_doubt_again_and_again_is_tried_nine_times_within_a_day_and_then_counted(
    people: PeopleStore,
) -> None:
    people.enqueue([make.delivery(dedupe_key="a")])
    now, marked = NOON, []
    while deliveries := claimed(people, now):
        settled = deliveries[0].after(RetryLater(doubtful=True, reason="no answer"), now)
        marked.append(deliveries[0].maybe)
        people.settle(settled, now)
        now = max(now, settled.next_attempt_at)

    assert marked == [False] + [True] * 8
    assert now - NOON < timedelta(hours=24)
    assert people.dead_letters(NOON) == {"fate unknown: no answer": 1}


def test_dead_letters_are_counted_by_reason_since_a_time(people: PeopleStore) -> None:
    people.enqueue([make.delivery(dedupe_key=room, chat=chat(room)) for room in "1234"])
    for delivery, reason in zip(claimed(people), ["blocked", "refused", "blocked"], strict=False):
        now = NOON + minutes(int(delivery.chat.room))
        people.settle(delivery.after(Undeliverable(reason), now), now)

    assert list(people.dead_letters(NOON).items()) == [("blocked", 2), ("refused", 1)]
    assert people.dead_letters(NOON + minutes(3)) == {"blocked": 1}
    assert people.dead_letters(NOON + minutes(4)) == {}


def test_an_outbox_of_before_fan_outs_is_sent_to_the_end(tmp_path: Path) -> None:
    with older(tmp_path / "people.db", before="m002_fan_out") as database:
        database.executescript(
            """
            INSERT INTO chats (id, network, room) VALUES (1, 'terminal', 'me');
            INSERT INTO messages VALUES (1, 'words', '[]', 0);
            INSERT INTO outbox
                (dedupe_key, chat_id, kind, urgency, message_id, story_id, edits, next_attempt_at, created_at)
                SELECT kind, 1, kind, 1, 1, '', '', '2025', '2025' FROM
                (SELECT 'digest' AS kind UNION ALL SELECT 'alert' UNION ALL SELECT 'notice' UNION ALL SELECT 'reply');
            """.replace("'2025'", "'2025-05-11T12:00:00.000000+00:00'")
        )

    with PeopleStore.open(tmp_path / "people.db") as people:
        people.recover(NOON)

        assert send_in_order(people) == ["reply", "notice", "alert", "digest"]


# ------------------------------------------------------------------------------------------ sweeping
def test_a_sweep_gives_up_what_is_too_old_in_chats_that_are_paused_too(people: PeopleStore) -> None:
    here = subscribe(people, "1")
    people.enqueue([make.delivery(chat=here)])
    people.pause(here, "blocked", NOON)

    assert people.sweep(NOON + timedelta(hours=11)) == 0
    assert people.sweep(NOON + timedelta(hours=12)) == 1
    assert people.outbox_counts()["dead"] == 1


def test_a_sweep_forgets_what_ended_a_week_ago_and_keeps_what_waits_and_what_the_owner_was_told(
    people: PeopleStore,
) -> None:
    people.grant(make.HERE, Access.OWNER, NOON)
    people.enqueue([make.delivery(dedupe_key="sent"), make.delivery(dedupe_key="told", kind=DeliveryKind.NOTICE)])
    send_in_order(people)
    later = NOON + timedelta(days=7)
    people.enqueue([make.delivery(dedupe_key="waits", created_at=later, next_attempt_at=later)])

    assert people.sweep(later) == 0
    assert people.sweep(later + timedelta(seconds=1)) == 1
    assert people.enqueue([make.delivery(dedupe_key="told", kind=DeliveryKind.NOTICE)]) == 0
    assert people.outbox_counts()["ready"] == 1
    assert people._file.value("SELECT count(*) FROM messages") == 2


def test_a_sweep_forgets_strangers_whom_nothing_is_owed(people: PeopleStore) -> None:
    reader, guest = subscribe(people, "reader"), chat("guest")
    people.grant(guest, Access.ALLOWED, NOON)
    people.enqueue([make.delivery(dedupe_key="no", chat=chat("stranger"), kind=DeliveryKind.REPLY)])
    send_in_order(people)

    people.sweep(NOON + timedelta(days=1))
    before = people._file.value("SELECT count(*) FROM chats")
    people.sweep(NOON + timedelta(days=8))
    left = {row["room"] for row in people._file.rows("SELECT room FROM chats")}

    assert before == 3
    assert left == {reader.room, guest.room}
