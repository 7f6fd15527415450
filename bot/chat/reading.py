"""The command that shows a story's page, sheet by sheet: /story, and the button "Timeline"."""

from bot.alert.chat_page import sheets
from bot.chat import asking, menus
from bot.chat.desk import STORY_ID, Asked, Desk
from bot.model import Message, Story


def story(desk: Desk, asked: Asked) -> Message:
    """Show a story's page: how sure it is, who was first, every report and headline.

    /story shows the last one that you were told, and so does "Timeline" under each alert; /story istanbul talks
    looks for words; /story and an id.
    """
    if not asked.words or STORY_ID.fullmatch(asked.words):
        found = desk.story(asked.words, asked)
        return _sheet(desk, asked, found, 0) if found else asking.no_story(asked)
    hits = {each.id: each for each, _ in desk.archive.search(asked.words, limit=asking.MOST)}
    if len(hits) == 1:
        return _sheet(desk, asked, next(iter(hits.values())), 0)
    found = None if hits else desk.story(asked.words, asked)
    return _sheet(desk, asked, found, 0) if found else asking.search(desk, asked)


def sheet_pressed(desk: Desk, asked: Asked) -> Message:
    """Turn over the page of the story whose button was pressed."""
    story_id, _, number = asked.words.partition(":")
    found = desk.archive.story(story_id)
    return _sheet(desk, asked, found, asked.about(number).number) if found else asking.no_story(asked)


def _sheet(desk: Desk, asked: Asked, story: Story, number: int) -> Message:
    found = sheets(desk.page(story), desk.reader(asked))
    last = len(found) - 1
    number = min(number, last)
    return Message(html=found[number], buttons=menus.turn(f"sheet:{story.id}:", number, last))
