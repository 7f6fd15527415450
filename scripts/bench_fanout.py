"""Owe alerts, edits and replies to very many chats; print how long it takes, how long all else waits, a send's cost."""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from bot.model import Broadcast, ChatId, DeliveryKind, Message, Sent, Subscription, Wording
from bot.stages.tell import SLICE
from bot.store.people import PeopleStore

NOW = datetime(2025, 5, 11, 12, tzinfo=UTC)
ZONES = ("Europe/Kyiv", "UTC", "Asia/Kolkata", "Europe/London")
SENDS = 300
NEWS = Message(html="<b>news</b> " * 40)


def subscribe(people: PeopleStore, chats: int, tastes: int) -> None:
    """Add *chats* chats with *tastes* different wishes."""
    with people.transaction():
        for number in range(chats):
            taste = number % tastes
            people.save_subscription(
                Subscription(
                    chat=ChatId("telegram", str(10**8 + number * 7919 % (9 * 10**8))),
                    conflicts=frozenset({f"conflict-{taste // 4}"}),
                    time_zone=ZONES[taste % 4],
                    created_at=NOW,
                )
            )


def alert(people: PeopleStore, story: str) -> Broadcast:
    """Return first news for everybody."""
    return Broadcast(key=story, wordings=(Wording(NEWS, tuple(people.wishes())),), created_at=NOW, story_id=story)


def change(people: PeopleStore, story: str, kind: DeliveryKind) -> Broadcast:
    """Return what everybody is told who was told of *story*, as `bot.alert.live` words it: once for each time zone."""
    readers = tuple({wishes.time_zone: wishes for wishes in people.wishes()}.values())
    wordings, at = (Wording(NEWS, readers),), NOW + timedelta(minutes=5)
    return Broadcast(key=kind, kind=kind, wordings=wordings, created_at=at, change_id=1, knows=1, story_id=story)


def plan(people: PeopleStore, broadcast: Broadcast) -> str:
    """Owe it as routing does; return what it took. On a busy machine the CPU time is the one to compare."""
    began, cpu_began = perf_counter(), process_time()
    left: Broadcast | None = broadcast
    new, longest = 0, 0.0
    while left:
        slice_began = perf_counter()
        owed = people.broadcast(left, most=SLICE)
        longest = max(longest, perf_counter() - slice_began)
        new, left = new + owed.new, owed.left
    return (
        f"{new} deliveries owed in {perf_counter() - began:.2f} s ({process_time() - cpu_began:.2f} s of CPU), "
        f"others wait {longest * 1000:.0f} ms at most"
    )


def send(people: PeopleStore) -> float:
    """Claim and settle some deliveries; return the seconds for each."""
    now, began = NOW, perf_counter()
    for _ in range(SENDS):
        now += timedelta(milliseconds=41)
        (delivery,) = people.claim(now)
        people.settle(delivery.after(Sent("1"), now), now)
    return (perf_counter() - began) / SENDS


def main() -> None:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for tastes in (8, 2_000):
        with tempfile.TemporaryDirectory() as folder, PeopleStore.open(Path(folder) / "people.db") as people:
            subscribe(people, chats, tastes)
            for story in ("story 1", "story 2"):
                print(f"{tastes} different wishes, alert of {story}: {plan(people, alert(people, story))}")
            print(f"with {2 * chats} waiting, a claim and its settling take {send(people) * 1000:.2f} ms")
            people._file.write("UPDATE outbox SET status = 'sent', external_id = '1', ended_at = created_at")
            for kind in (DeliveryKind.EDIT, DeliveryKind.UPDATE):
                print(f"{tastes} different wishes, {kind} of story 1: {plan(people, change(people, 'story 1', kind))}")


if __name__ == "__main__":
    main()
