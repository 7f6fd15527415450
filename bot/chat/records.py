"""The command that tells how publishers fared: /sources."""

from bot.alert import phrases
from bot.alert.record_words import EXPLAINED, UNSEEN, record_block
from bot.chat.desk import Asked, Desk
from bot.model import Message
from bot.story.record import records
from bot.text import escape

STORIES = 100
"""So many of the newest stories are looked at: an answer must not hold up the chat."""


def sources(desk: Desk, asked: Asked) -> Message:
    """Tell which publishers were first, and what became of it.

    /sources: of the newest 100 stories in what you follow
    """
    subscription = desk.subscription(asked)
    stories = desk.archive.stories(conflicts=subscription.conflicts, limit=STORIES)
    found = records(desk.with_reports(stories), desk.catalog)
    head = f"<b>Who was first</b> · the newest {phrases.plural(len(stories), 'story', 'stories')} in what you follow"
    if not found:
        return Message(html=f"{head}\n{UNSEEN}")
    return Message(html=phrases.fit(f"{head}\n", [record_block(each) for each in found], f"\n{escape(EXPLAINED)}"))
