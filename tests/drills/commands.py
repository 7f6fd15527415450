"""R3: what people say and press, over kills: nothing lost, nothing applied twice.

A press ticks a conflict on or off, so one that is lost, or applied twice, leaves the reader with another list. A search
is for a word that nobody else looks for, so its answer is known by it.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model import ChatId
from bot.store.people import PeopleStore
from tests.drills.figures import Figures
from tests.drills.stage import FIRST_READER, MARK, PEOPLE, Stage
from tests.process import until

PEOPLE_TALKING = range(FIRST_READER, FIRST_READER + 20)
ALWAYS = "sudan"
"""Everybody follows this one throughout: an empty list would mean everything."""


@dataclass(frozen=True, kw_only=True)
class Commands(Figures):
    """What came of so many commands. *wrong_lists* are readers who follow something else than what they ticked."""

    commands: int
    kills: int
    wrong_lists: int
    unapplied: int
    unanswered: int
    repeats: int
    unmarked: int
    in_flight: int
    unsound: int

    def measured(self) -> str:
        return (
            f"{self.commands} commands over {self.kills} kills: {self.unapplied} lost, {self.wrong_lists} of "
            f"{len(PEOPLE_TALKING)} lists wrong, {self.unanswered} searches unanswered, {self.repeats} answers "
            f"repeated, {self.unmarked} of them unmarked"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            "a command was lost": self.unapplied + self.unanswered,
            "a command was lost or applied twice": self.wrong_lists,
            "a repeat was not marked": self.unmarked,
            "more repeats than sends in doubt": self.repeats > self.in_flight,
            "a database was damaged": self.unsound,
        }


@dataclass
class Talk:
    """What was said: the conflicts each reader must end up with, and the words that were searched for."""

    stage: Stage
    ticked: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(lambda: {ALWAYS}))
    searched: list[tuple[int, str]] = field(default_factory=list)
    said: int = 0

    def say_something(self) -> None:
        self.said += 1
        chat = self.stage.dice.choice(PEOPLE_TALKING)
        if self.said % 2:
            self._press(chat)
        else:
            word = f"zq{self.said:04}zq"
            self.searched.append((chat, word))
            self.stage.telegram.say(chat, f"/search {word}")

    def _press(self, chat: int) -> None:
        number, actions = keyboard(self.stage, chat)
        action = self.stage.dice.choice(actions)
        self.ticked[chat] ^= {action.split(":")[1]}
        self.stage.telegram.press(chat, number, action)


def keyboard(stage: Stage, chat: int) -> tuple[int, list[str]]:
    """Return the message whose buttons tick conflicts, as it stands in *chat*, and what those buttons do."""
    for number, message in stage.telegram.rooms[chat].messages.items():
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        actions = [button["callback_data"] for row in rows for button in row]
        ticks = [
            each for each in actions if each.startswith("follow:") and f":{ALWAYS}:" not in each and "*" not in each
        ]
        if ticks:
            return number, ticks
    return 0, []


async def commands(count: int, kills: int, seed: int) -> Commands:
    """Say *count* things over *kills* kills, then let the bot finish."""
    async with Stage.open(readers=0, seed=seed, latency=(0.01, 0.05)) as stage:
        stage.seat(*PEOPLE_TALKING, conflicts=(ALWAYS,))
        await _hand_out_keyboards(stage)
        talk = Talk(stage)
        for number in range(kills):
            ends = count * (number + 1) // kills
            talk.say_something()  # while the bot is down
            async with stage.bot() as bot:
                await stage.has_started(bot)
                while talk.said < ends:
                    await asyncio.sleep(stage.dice.uniform(0, 0.1))
                    talk.say_something()
                await asyncio.sleep(stage.dice.uniform(0, 0.5))
                await stage.kill(bot)
        await stage.drain()
        return _figures(talk, kills)


async def _hand_out_keyboards(stage: Stage) -> None:
    for chat in PEOPLE_TALKING:
        stage.telegram.say(chat, "/follow")
    async with stage.bot() as bot:
        await until(lambda: all(keyboard(stage, chat)[0] for chat in PEOPLE_TALKING), "the keyboards", bot)
        await bot.stop()


def _figures(talk: Talk, kills: int) -> Commands:
    stage, books = talk.stage, talk.stage.books()
    answers = [(chat, word) for chat, word in talk.searched for m in stage.telegram.accepted if word in m.text]
    unmarked = [
        (chat, word)
        for chat, word in talk.searched
        for m in stage.telegram.accepted
        if word in m.text and MARK not in m.text
    ]
    with PeopleStore.open(stage.folder / "data" / PEOPLE) as people:
        lists = {chat: people.subscription(ChatId("telegram", str(chat))) for chat in PEOPLE_TALKING}
        unapplied = len(people.unanswered("telegram", limit=1000))
    return Commands(
        commands=talk.said,
        kills=kills,
        wrong_lists=sum(not found or found.conflicts != talk.ticked[chat] for chat, found in lists.items()),
        unapplied=unapplied + len(stage.telegram.updates),
        unanswered=len(set(talk.searched) - set(answers)),
        repeats=len(answers) - len(set(answers)),
        unmarked=sum(times - 1 for times in Counter(unmarked).values()),
        in_flight=stage.kills_in_flight,
        unsound=stage.unsound + (not books.sound),
        secrets=stage.secrets_told(),
    )
