"""Two copies of the bot: whatever happens, only one of them sends."""

from dataclasses import dataclass, field

import pytest

from bot.model import ChatId, Delivery, Sent
from bot.ops.rival import Rival
from bot.store.people import PeopleStore
from tests import make

STEP = 0.1


@dataclass
class Copy:
    """A copy that listens whenever it does not stay away."""

    rival: Rival
    returns_at: float = 0.0


@dataclass
class World:
    """A network that lets one copy receive: whoever asks drives out the one that was listening."""

    time: float = 0.0
    copies: list[Copy] = field(default_factory=list)
    listening: Copy | None = None
    both_sent: int = 0

    def start(self, *, suspected: bool = False) -> Copy:
        copy = Copy(Rival(suspected=suspected, clock=lambda: self.time), self.time)
        self.copies.append(copy)
        return copy

    def stop(self, copy: Copy) -> None:
        self.copies.remove(copy)
        self.listening = None if self.listening is copy else self.listening

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.time += STEP
            for copy in self.copies:
                if copy is not self.listening and copy.returns_at <= self.time:
                    self._listen(copy)
            self.both_sent += sum(not copy.rival.silences_us for copy in self.copies) > 1

    def _listen(self, copy: Copy) -> None:
        if self.listening:
            self.listening.returns_at = self.time + self.listening.rival.met().total_seconds()
        self.listening = copy


def sending(world: World) -> list[Copy]:
    return [copy for copy in world.copies if not copy.rival.silences_us]


def test_a_bot_that_is_alone_sends_at_once() -> None:
    world = World()

    copy = world.start()

    assert sending(world) == [copy]
    assert not copy.rival.may_send


@pytest.mark.parametrize("age", [0.3, 10, 45, 3600])
def test_of_two_copies_one_goes_on_for_hours_and_they_never_send_both(age: float) -> None:
    world = World()
    world.start()
    world.passes(age)

    world.start(suspected=True)
    world.passes(60)
    goes_on = sending(world)
    world.passes(6 * 3600)

    assert len(goes_on) == 1
    assert sending(world) == goes_on
    assert world.both_sent == 0


def test_the_one_that_was_there_first_goes_on() -> None:
    world = World()
    first = world.start()
    world.passes(60)

    second = world.start(suspected=True)
    world.passes(10)

    assert sending(world) == [first]
    assert second.rival.goes_on
    assert first.rival.may_send


@pytest.mark.parametrize("hours", [0.1, 5])
def test_the_other_takes_over_within_eleven_minutes_and_knows_that_what_waits_may_have_been_sent(hours: float) -> None:
    world = World()
    first = world.start()
    world.passes(60)
    second = world.start(suspected=True)
    world.passes(hours * 3600)

    world.stop(first)
    world.passes(11 * 60)

    assert sending(world) == [second]
    assert second.rival.may_send


def test_once_what_waited_is_marked_what_comes_later_is_not() -> None:
    world = World()
    first = world.start()
    world.passes(60)
    world.start(suspected=True)
    world.passes(10)

    first.rival.gone()

    assert not first.rival.may_send


def test_what_waits_is_marked_and_what_was_sent_is_not() -> None:
    sent, waiting = (make.delivery(dedupe_key=key, chat=ChatId("terminal", key)) for key in ("sent", "waiting"))
    with PeopleStore.open(":memory:") as people:
        people.enqueue([sent])
        [claimed] = people.claim(make.NOON)
        people.settle(claimed.after(Sent("1"), make.NOON), make.NOON)
        people.enqueue([waiting])

        marked = (people.doubt(), people.doubt())

        claims: list[Delivery] = list(people.claim(make.NOON, limit=2))
    assert marked == (1, 0)
    assert [(delivery.dedupe_key, delivery.maybe) for delivery in claims] == [("waiting", True)]
