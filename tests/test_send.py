"""Sending in trouble: a message that we cannot even hand over is a dead letter in the end, and holds up no other."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.model import ChatId, Delivery, InboxItem, Incoming, SendResult, Sent
from bot.stages.send import Sending
from bot.store.people import PeopleStore
from tests import make
from tests.make import NOON

BAD, GOOD = ChatId("terminal", "bad"), ChatId("terminal", "good")


@dataclass
class Clumsy:
    """A network of ours with a mistake in it: it fails at all that goes to one room."""

    arrived: list[Delivery] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> SendResult:
        if delivery.chat == BAD:
            raise RuntimeError("a mistake of ours")
        self.arrived.append(delivery)
        return Sent("1")

    def read(self, item: InboxItem) -> Incoming | None:
        raise NotImplementedError

    async def acknowledge(self, incoming: Incoming) -> None:
        raise NotImplementedError


async def test_a_message_that_we_fail_to_send_holds_up_no_other_and_is_given_up_in_the_end(people: PeopleStore) -> None:
    network, now = Clumsy(), NOON
    sending = Sending(people=people, chats={"terminal": network}, now=lambda: now)
    people.enqueue([make.delivery(dedupe_key=f"{chat.room}", chat=chat) for chat in (BAD, GOOD)])
    people.enqueue([make.delivery(dedupe_key="of another network", chat=ChatId("nowhere", "1"))])

    for _ in range(24):
        while await sending.deliver():
            pass
        now += timedelta(hours=1)

    assert [delivery.chat for delivery in network.arrived] == [GOOD]
    assert people.outbox_counts()["dead"] == 2
    assert sum(people.dead_letters(NOON).values()) == 2
