"""Commands by which the owner puts stories together or takes one apart. Each docstring is its /help text."""

from datetime import timedelta

from bot.alert import phrases
from bot.chat.desk import Asked, Desk
from bot.chat.guards import owner_only
from bot.errors import DecisionError
from bot.model import Message, short_id
from bot.owner.stories import merge as put_together
from bot.owner.stories import split as take_apart
from bot.text import escape

_RECENT = timedelta(days=3)
_MOST = 20


@owner_only
def stories(desk: Desk, asked: Asked) -> Message:
    """List the stories of three days with the ids that /merge and /split take.

    /stories · /stories and an id: the reports of that story.
    """
    if asked.words:
        return _reports(desk, asked.words.split()[0])
    found = desk.archive.stories(since=asked.now - _RECENT, limit=_MOST)
    blocks = [
        f"\n<code>{story.id}</code> {phrases.short(story.headline, 120)} ({len(story.entry_keys)})" for story in found
    ]
    return Message(html=phrases.fit("<b>Stories, 3 days</b>", blocks or ["\nThere are none."]))


@owner_only
def merge(desk: Desk, asked: Asked) -> Message:
    """Put two stories together: what they tell is one happening. Later reports obey.

    /merge and two ids, as /stories lists them: the first goes on, the second is closed.
    """
    ids = asked.words.split()
    if len(ids) != 2:
        return Message(html="Say /merge and two ids, as /stories lists them: the first goes on, the second is closed.")
    try:
        story = put_together(desk.archive, desk.catalog, ids[0], ids[1], asked.now)
    except DecisionError as error:
        return _refused(error)
    return Message(html=f"“{phrases.short(story.headline, 160)}” has {len(story.entry_keys)} reports now.")


@owner_only
def split(desk: Desk, asked: Asked) -> Message:
    """Take reports out of a story: they are another happening. Later reports like them join those.

    /split and the id of a story lists its reports; with ids of reports behind it, these become a story of their own.
    """
    story_id, *entry_ids = asked.words.split() or [""]
    if not entry_ids:
        return _reports(desk, story_id)
    try:
        left, new = take_apart(desk.archive, desk.catalog, story_id, entry_ids, asked.now)
    except DecisionError as error:
        return _refused(error)
    return Message(
        html=f"“{phrases.short(left.headline, 160)}” keeps {len(left.entry_keys)} reports; "
        f"“{phrases.short(new.headline, 160)}” is a story of its own: <code>{new.id}</code>"
    )


def _reports(desk: Desk, story_id: str) -> Message:
    """List the reports of a story in the order in which they came."""
    story = desk.archive.story(story_id)
    if story is None:
        return Message(html="Say the id of a story, as /stories lists them.")
    reports = {report.entry.key: report.entry for report in desk.archive.reports(story.id)}
    blocks = [f"\n<code>{short_id(key)}</code> {phrases.short(reports[key].title, 120)}" for key in story.entry_keys]
    head = f"<b>{phrases.short(story.headline, 120)}</b>\nThe first report started it and stays."
    return Message(html=phrases.fit(head, blocks))


def _refused(error: DecisionError) -> Message:
    words = str(error).replace("`parley stories list` names", "/stories lists")
    return Message(html=f"Not done: {escape(words)}.")
