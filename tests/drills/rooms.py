"""R11: chats that can no longer be written to, a group that moves and one whose topic is closed.

While news comes and the bot is killed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from sqlite3 import connect

from tests.drills.figures import Figures
from tests.drills.news import number_of
from tests.drills.stage import FIRST_READER, PEOPLE, Stage
from tests.process import Running, until
from tests.telegram_rules import Refusal

READERS = 3
BLOCKED, DELETED, LEFT = FIRST_READER + 11, FIRST_READER + 12, FIRST_READER + 13
KICKED, GROUP, SUPERGROUP = -7_000_000_201, -7_000_000_202, -1_007_000_000_203
GONE = (BLOCKED, DELETED, LEFT, KICKED)
FORUM, TOPIC = -1_007_000_000_204, 5


@dataclass(frozen=True, kw_only=True)
class Rooms(Figures):
    """What came of it. *calls_after_403* is the worst chat's; *owed_silently* are dead letters without a reason.

    *calls_to_closed_topic* are those beyond one a message; *strayed* are messages that went to the wrong topic.
    """

    calls_after_403: int
    not_paused: int
    lost: int
    repeats: int
    lost_in_move: int
    rows_left_behind: int
    calls_to_closed_topic: int
    strayed: int
    not_welcomed_back: int
    owed_silently: int

    def measured(self) -> str:
        return (
            f"{len(GONE)} chats gone: {self.calls_after_403} calls after a 403, {self.not_paused} not paused, "
            f"{self.not_welcomed_back} not alerted again on return; a group that moved: {self.lost_in_move} lost, "
            f"{self.rows_left_behind} rows left behind; a topic closed: {self.calls_to_closed_topic} calls "
            f"too many, {self.strayed} strayed; others: {self.lost} lost, {self.repeats} repeats"
        )

    def broken(self) -> Mapping[str, object]:
        return {
            "a chat was called again after its 403": self.calls_after_403 > 1,
            "a chat that is gone was not paused": self.not_paused,
            "an alert to another chat was lost": self.lost,
            "an alert to another chat was repeated": self.repeats,
            "an alert was lost when the group moved": self.lost_in_move,
            "rows stayed behind when the group moved": self.rows_left_behind,
            "a closed topic was called twice for a message": self.calls_to_closed_topic,
            "a message went to the wrong topic": self.strayed,
            "a chat that returned was told nothing": self.not_welcomed_back,
            "a dead letter has no reason (R22)": self.owed_silently,
        }


async def rooms(headlines: int, seed: int) -> Rooms:
    """Publish so many headlines after the chats have gone, with a kill in between."""
    async with Stage.open(readers=READERS, seed=seed) as stage:
        others = (*stage.readers, FORUM)
        stage.seat(*GONE, GROUP)
        stage.seat(FORUM, topic=str(TOPIC))
        calls = in_vain = 0
        async with stage.bot() as bot:
            await stage.has_started(bot)
            await _tell(stage, bot, (*stage.readers,))
            _go_away(stage)
            for _ in range(headlines):
                await _tell(stage, bot, (*others, SUPERGROUP))
            calls = max(_calls_after_refusal(stage, chat) for chat in GONE)
            in_vain += _refusals(stage, FORUM)
            bot.process.kill()
        async with stage.bot() as bot:
            await _tell(stage, bot, (*others, SUPERGROUP))
            calls = max(calls, *(_calls_to(stage, chat) for chat in GONE))
            not_paused = len(GONE) - _paused(stage)
            stage.telegram.unblock(BLOCKED)
            await until(lambda: not stage.telegram.updates, "the return", bot)
            await _tell(stage, bot, (*others, SUPERGROUP, BLOCKED))
            in_vain += _refusals(stage, FORUM)
            await bot.stop()
        told = [(message.chat, number_of(message.text)) for message in stage.telegram.accepted]
        topics = [message.topic for message in stage.telegram.accepted if message.chat == FORUM]
        due = {(chat, number) for chat in others for number in stage.news.numbers}
        moved = {(SUPERGROUP, number) for number in stage.news.numbers[1:]} | {(GROUP, 1)}
        return Rooms(
            calls_after_403=calls,
            not_paused=not_paused,
            lost=len(due - set(told)),
            repeats=len(told) - len(set(told)),
            lost_in_move=len(moved - set(told)),
            rows_left_behind=_count(stage, "chats JOIN outbox ON chat_id = chats.id WHERE room = ?", str(GROUP))
            + abs(1 - _count(stage, "chats JOIN subscriptions ON chat_id = chats.id WHERE room = ?", str(SUPERGROUP))),
            calls_to_closed_topic=max(0, in_vain - topics.count(0)),
            strayed=sum(topic != (0 if number else TOPIC) for number, topic in enumerate(topics)),
            not_welcomed_back=int((BLOCKED, stage.news.numbers[-1]) not in told),
            owed_silently=_count(stage, "outbox WHERE status = 'dead' AND error = ''"),
            secrets=stage.secrets_told(),
        )


def _go_away(stage: Stage) -> None:
    """Let the chats go. Telegram tells of LEFT only: of the others the bot learns by a 403, or by the group's move."""
    for chat, why in ((BLOCKED, "bot was blocked by the user"), (KICKED, "bot was kicked from the supergroup chat")):
        stage.telegram.rooms[chat].refusal = Refusal(403, f"Forbidden: {why}")
    stage.telegram.deactivate(DELETED)
    stage.telegram.kick(LEFT)
    stage.telegram.migrate(GROUP, SUPERGROUP)
    stage.telegram.chat(FORUM).closed_topics.add(TOPIC)


async def _tell(stage: Stage, bot: Running, chats: Sequence[int]) -> None:
    """Publish a headline and wait until all of *chats* have it, and a moment for calls that should not be."""
    stage.news.publish()
    number = stage.news.numbers[-1]

    def everybody_knows() -> bool:
        told = {message.chat for message in stage.telegram.accepted if number_of(message.text) == number}
        return told.issuperset(chats)

    await until(everybody_knows, f"headline {number}", bot, seconds=30)
    await asyncio.sleep(0.5)


def _calls_to(stage: Stage, chat: int) -> int:
    """Return how often the present bot has written to *chat*."""
    return sum(call.arguments.get("chat_id") == str(chat) for call in stage.telegram.calls)


def _calls_after_refusal(stage: Stage, chat: int) -> int:
    fates = [call.code for call in stage.telegram.calls if call.arguments.get("chat_id") == str(chat)]
    return len(fates) - fates.index(403) - 1 if 403 in fates else 0


def _refusals(stage: Stage, chat: int) -> int:
    return sum(bool(call.refused) for call in stage.telegram.calls if call.arguments.get("chat_id") == str(chat))


def _paused(stage: Stage) -> int:
    return _count(stage, "chats WHERE paused_at IS NOT NULL AND paused_reason != ''")


def _count(stage: Stage, what: str, *values: str) -> int:
    with closing(connect(stage.folder / "data" / PEOPLE)) as people:
        return int(people.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])
