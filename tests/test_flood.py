"""R10, flood control, on a clock that leaps: the real house and its outbox against a crowd behind Telegram's limits."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.app import house
from bot.catalog import load_catalog
from bot.config import Config, TelegramConfig
from bot.model import (
    Broadcast,
    ChatId,
    Delivery,
    DeliveryKind,
    InboxItem,
    Incoming,
    Message,
    RetryLater,
    SendResult,
    Sent,
    Subscription,
    Wishes,
    Wording,
)
from bot.pipeline import Pipeline
from bot.store.pace import Pace
from bot.store.people import PeopleStore
from tests import make
from tests.leaping import simulate
from tests.make import NOON
from tests.telegram_rules import Flood, Refusal

pytestmark = pytest.mark.slow
PACE = Pace()
SLOT = 1 / PACE.per_second
IDLE = 0.1


@dataclass
class Crowd:
    """Many chats behind flood control: Telegram as a sender meets it. Seconds count from the start."""

    now: Callable[[], datetime]
    flood: Flood = field(default_factory=Flood)
    answer_takes: float = 0.06
    flooded: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Rooms ("" for all of them) that refuse everything from then until then."""
    config: Config = field(default_factory=Config)
    began: dict[str, float] = field(default_factory=dict)
    taken: list[tuple[float, Delivery]] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return (self.now() - NOON).total_seconds()

    async def send(self, delivery: Delivery) -> SendResult:
        self.began[delivery.dedupe_key] = self.seconds
        await asyncio.sleep(self.answer_takes / 2)
        room = delivery.chat.room
        try:
            self._check(room, paid=delivery.paid)
        except Refusal as refusal:
            self.refused.append((self.seconds, room))
            await asyncio.sleep(self.answer_takes / 2)
            return RetryLater(after=timedelta(seconds=refusal.parameters["retry_after"]), flood=True)
        self.taken.append((self.seconds, delivery))
        await asyncio.sleep(self.answer_takes / 2)
        return Sent("7")

    def _check(self, room: str, *, paid: bool) -> None:
        for name in ("", room):
            begins, ends = self.flooded.get(name, (0.0, 0.0))
            if begins <= self.seconds < ends:
                raise Refusal(429, "Too Many Requests", retry_after=int(ends - self.seconds) + 1)
        if not paid:
            self.flood.count(int(room), self.seconds)

    def read(self, item: InboxItem) -> Incoming | None:
        raise NotImplementedError

    async def acknowledge(self, incoming: Incoming) -> None:
        raise NotImplementedError

    # -- what it was like
    @property
    def per_second(self) -> float:
        """Return the rate at which messages were taken, from the first to the last."""
        return (len(self.taken) - 1) / (self.taken[-1][0] - self.taken[0][0])

    def times(self) -> dict[str, float]:
        return {delivery.dedupe_key: at for at, delivery in self.taken}


Script = Callable[[Pipeline, Crowd], Awaitable[None]]


async def nothing_else(pipeline: Pipeline, crowd: Crowd) -> None:
    """Just let what is owed leave."""


def play(folder: Path, rooms: Sequence[str], script: Script = nothing_else, **given: object) -> Crowd:
    """Subscribe *rooms*, and let everything leave that *script* and the alerts of the test make us owe."""
    alerts = given.pop("alerts", 1)
    assert isinstance(alerts, int)
    folder.mkdir(exist_ok=True)

    async def work(now: Callable[[], datetime]) -> Crowd:
        crowd = Crowd(now, **given)  # type: ignore[arg-type]
        chats = {"telegram": crowd}
        async with house(data=folder, config=crowd.config, chats=chats, catalog=load_catalog(), now=now) as pipeline:
            assert isinstance(pipeline.people, PeopleStore)
            pipeline.people._file.write("PRAGMA synchronous = OFF")  # nobody cuts the power here
            with pipeline.people.transaction():
                for room in rooms:
                    pipeline.people.save_subscription(Subscription(chat=ChatId("telegram", room), created_at=NOON))
                for number in range(alerts):
                    pipeline.people.broadcast(alert(f"alert {number}"), most=len(rooms))
            await asyncio.gather(_deliver(pipeline), script(pipeline, crowd))
            counts = pipeline.people.outbox_counts()
            assert counts["sent"] == len(crowd.taken) == sum(counts.values()), "all that is due has arrived, once"
        return crowd

    return simulate(work, NOON)


async def _deliver(pipeline: Pipeline) -> None:
    """Do what the service does, until nothing waits any more."""
    while pipeline.people.queue(pipeline.now()).next_at:
        while await pipeline.deliver():
            pass
        await asyncio.sleep(IDLE)


def alert(key: str, *, at: datetime = NOON, urgent: bool = False) -> Broadcast:
    wordings = (Wording(Message(html=key), (Wishes(),)),)
    return Broadcast(key=key, wordings=wordings, created_at=at, story_id=key, urgent=urgent)


def people_rooms(count: int) -> list[str]:
    return [str(1000 + number) for number in range(count)]


# ------------------------------------------------------------------------------------------ the pace
@pytest.mark.parametrize("answer_takes", [0.005, 0.06, 0.15])
def test_a_fan_out_leaves_at_the_allowed_pace_however_slow_the_answers(tmp_path: Path, answer_takes: float) -> None:
    crowd = play(tmp_path, people_rooms(300), answer_takes=answer_takes)

    # The last hundred go one by one, so that a crash leaves one in doubt.
    bulk = [at for at, _ in crowd.taken[:200]]
    assert 199 / (bulk[-1] - bulk[0]) >= 0.98 * PACE.per_second
    assert min(later - earlier for earlier, later in pairwise(bulk)) >= 0.9 * SLOT
    assert crowd.refused == []


@pytest.mark.parametrize(
    ("people", "groups", "alerts"),
    [(30, 8, 5), pytest.param(250, 50, 20, marks=pytest.mark.long)],
)
def test_many_alerts_to_many_chats_arrive_in_order_and_are_hardly_ever_refused(
    tmp_path: Path, people: int, groups: int, alerts: int
) -> None:
    rooms = people_rooms(people) + [str(-number) for number in range(1, groups + 1)]

    crowd = play(tmp_path, rooms, alerts=alerts)

    order = defaultdict(list)
    for _, delivery in crowd.taken:
        order[delivery.chat.room].append(delivery.story_id)
    assert len(crowd.refused) <= 0.01 * len(crowd.taken)
    assert all(stories == [f"alert {number}" for number in range(alerts)] for stories in order.values())
    assert order.keys() == set(rooms)


@pytest.mark.long
def test_an_alert_for_very_many_chats_keeps_the_pace_to_the_end(tmp_path: Path) -> None:
    crowd = play(tmp_path, people_rooms(100_000))

    bulk = [at for at, _ in crowd.taken[:-100]]
    rate = (len(bulk) - 1) / (bulk[-1] - bulk[0])
    print(f"100,000 chats: {rate:.2f}/s, {rate / PACE.per_second:.1%} of the pace, {len(crowd.refused)} refused")  # noqa: T201
    assert rate >= 0.98 * PACE.per_second
    assert crowd.refused == []


def test_an_operator_who_pays_reaches_everybody_sooner_and_pays_only_for_what_is_more(tmp_path: Path) -> None:
    config = Config(telegram=TelegramConfig(paid_broadcast_per_second=100))

    crowd = play(tmp_path, people_rooms(400), config=config)

    bulk = [at for at, _ in crowd.taken[:300]]
    free = [at for at, delivery in crowd.taken if not delivery.paid and at <= bulk[-1]]
    assert 0.95 * 100 <= 299 / (bulk[-1] - bulk[0]) <= 101
    assert len(free) == pytest.approx(75, abs=5)
    assert crowd.refused == []


# ------------------------------------------------------------------------------------------ what is urgent
def test_a_reply_and_a_change_of_status_overtake_a_fan_out_at_the_next_slot(tmp_path: Path) -> None:
    asked: dict[str, float] = {}

    async def interrupt(pipeline: Pipeline, crowd: Crowd) -> None:
        await asyncio.sleep(3.3)
        now = pipeline.now()
        reply = make.delivery(
            dedupe_key="reply",
            chat=ChatId("telegram", "1"),
            kind=DeliveryKind.REPLY,
            created_at=now,
            next_attempt_at=now,
        )
        pipeline.people.enqueue([reply])
        asked["reply"] = crowd.seconds
        await asyncio.sleep(2)
        ended = alert("ended", at=pipeline.now(), urgent=True).delivery(ChatId("telegram", "2"), Message(html="ended"))
        pipeline.people.enqueue([ended])
        asked[ended.dedupe_key] = crowd.seconds

    crowd = play(tmp_path, people_rooms(300), interrupt)

    assert len(asked) == 2
    for key, at in asked.items():
        assert crowd.began[key] - at <= SLOT + 0.001
    assert crowd.taken[-1][0] - max(asked.values()) > 5


def test_edits_and_words_keep_the_pace_and_first_news_leaves_between_them(tmp_path: Path) -> None:
    rooms = people_rooms(100) + [str(-number) for number in range(1, 21)]

    async def change(pipeline: Pipeline, crowd: Crowd) -> None:
        await asyncio.sleep(3.3)
        now = pipeline.now()
        for kind in (DeliveryKind.EDIT, DeliveryKind.UPDATE):
            of_first = replace(alert(kind, at=now), story_id="alert 0", kind=kind, change_id=1, knows=1)
            pipeline.people.broadcast(of_first, most=len(rooms))
        pipeline.people.broadcast(alert("other", at=now), most=len(rooms))

    crowd = play(tmp_path, rooms, change)

    kinds = defaultdict(list)
    for _, delivery in crowd.taken:
        kinds[delivery.chat.room].append(delivery.story_id if delivery.kind is DeliveryKind.ALERT else delivery.kind)
    times = [at for at, _ in crowd.taken]
    told_twice = [room for room in kinds if "edit" in kinds[room]]
    assert 50 < len(told_twice) < len(rooms)
    assert all(kinds[room] == ["alert 0", "update", "other", "edit"] for room in told_twice)
    assert max(sum(start <= at < start + 1 for at in times) for start in times) <= PACE.per_second + 1
    assert crowd.refused == []


# ------------------------------------------------------------------------------------------ refusals
def test_a_chat_that_refuses_delays_no_other_and_hears_everything_later_in_order(tmp_path: Path) -> None:
    rooms = people_rooms(60)
    stubborn = rooms[7]

    calm = play(tmp_path / "calm", rooms, alerts=3)
    crowd = play(tmp_path / "flooded", rooms, alerts=3, flooded={stubborn: (0.0, 30.0)})

    late = {
        key: at - calm.times()[key] for key, at in crowd.times().items() if not key.endswith(f":telegram:{stubborn}")
    }
    own = [delivery.story_id for at, delivery in crowd.taken if delivery.chat.room == stubborn and at >= 30]
    assert len(late) == 59 * 3
    assert max(late.values()) <= 1
    assert own == ["alert 0", "alert 1", "alert 2"]
    assert len(crowd.refused) == 1


def test_after_a_ban_on_all_messages_they_leave_evenly_and_not_as_a_herd(tmp_path: Path) -> None:
    crowd = play(tmp_path, people_rooms(300), flooded={"": (4.0, 34.0)})

    after = [at for at, _ in crowd.taken if at >= 34]
    assert len(crowd.refused) <= 3 + PACE.lanes(300)
    assert len(after) > 150
    assert max(sum(start <= at < start + 1 for at in after) for start in after) <= PACE.per_second + 1
    assert not [at for at, _ in crowd.taken if 5 < at < 34]


def test_a_network_that_allows_less_than_we_think_is_given_less(tmp_path: Path) -> None:
    crowd = play(tmp_path, people_rooms(1_500), flood=Flood(per_second=20))

    refused = len(crowd.refused) / len(crowd.taken)
    print(f"allowed 20/s: {crowd.per_second:.1f}/s, {refused:.2%} refused")  # noqa: T201
    assert refused <= 0.01
    assert crowd.per_second >= 0.8 * 20


def test_one_chat_alone_that_refuses_never_stops_the_others_however_often(tmp_path: Path) -> None:
    rooms = people_rooms(2)

    crowd = play(tmp_path, rooms, alerts=8, flooded={rooms[0]: (0.0, 40.0)})

    others = [at for at, delivery in crowd.taken if delivery.chat.room == rooms[1]]
    assert others[-1] <= 8 * (PACE.private.total_seconds() + crowd.answer_takes + IDLE)
