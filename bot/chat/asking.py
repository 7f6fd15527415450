"""Commands that ask the archive. Each docstring is its /help text: a line, then how to say it."""

from collections.abc import Sequence

from bot.alert import behind, phrases, render
from bot.alert.digest import hearing, nothing_new
from bot.alert.phrases import Reader
from bot.alert.silence import quiet
from bot.chat import menus, understand
from bot.chat.desk import RECENT, Asked, Desk
from bot.chat.guards import named_conflicts, of_conflicts, unknown_conflict
from bot.model import Access, FailingFeed, Message, Story

MOST = 20
DEFAULT_LATEST = 5
WHEN_EXAMPLES = "/since 2h · /since 3d · /since yesterday · /since 11 May · /since 2025-05-11 14:30"
GONE = "I no longer have that story. /latest shows what I have."


def latest(desk: Desk, asked: Asked) -> Message:
    """Show the newest stories.

    /latest · /latest 10 · /latest gaza · /latest all
    """
    words = asked.words.split()
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 6]
    about = " ".join(word for word in words if not word.isdecimal())
    conflicts = named_conflicts(desk, asked, about)
    if conflicts is None:
        return unknown_conflict(desk, asked, about)
    most = min(max(numbers[0], 1), MOST) if numbers else DEFAULT_LATEST
    found = desk.archive.stories(conflicts=conflicts, limit=most)
    return _stories(desk, asked, f"Latest · {_names(conflicts, desk.reader(asked))}", found)


def since(desk: Desk, asked: Asked) -> Message:
    """Show what was reported since a moment.

    /since 2h · /since 3d · /since yesterday · /since 11 May · /since 2025-05-11 14:30
    """
    subscription, reader = desk.subscription(asked), desk.reader(asked)
    start = understand.parse_since(asked.words, asked.now, subscription.time_zone)
    if start is None:
        slip = f"I cannot read “{phrases.short(asked.words, 60)}” as a time in the past. " if asked.words else ""
        return Message(html=f"{slip}Since when? For example:\n{WHEN_EXAMPLES}")
    found = desk.archive.stories(since=start, conflicts=subscription.conflicts, types=subscription.types, limit=MOST)
    if not found:
        return Message(html=nothing_new(start, desk.archive.coverage(asked.now), reader))
    return _stories(desk, asked, f"Since {phrases.moment(start, reader)}", found)


def search(desk: Desk, asked: Asked) -> Message:
    """Find reports by their words, in any language.

    /search prisoner exchange
    """
    if not asked.words:
        return Message(html="Which words? For example: /search prisoner exchange")
    found = {story.id: story for story, _ in desk.archive.search(asked.words, limit=MOST)}
    if not found:
        return Message(
            html=f"No report with “{phrases.short(asked.words, 80)}”. "
            "All words must be in one report: try fewer, or only the beginning of a word."
        )
    return _stories(desk, asked, f"Found: {asked.words}", list(found.values())[:10])


@of_conflicts
def now(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Message:
    """Tell what was last reported, conflict by conflict.

    /now · /now gaza · /now all
    """
    if len(conflicts) == 1:
        found = desk.archive.stories(since=asked.now - RECENT, conflicts=conflicts, limit=3)
    else:
        found = _newest_of_each(desk, asked, conflicts)
    reader = desk.reader(asked)
    heard = hearing(desk.archive.coverage(asked.now), reader)
    if not found:
        return Message(html=f"Nothing reported in 7 days on {_names(conflicts, reader)}.\n{heard}")
    newest = f"Newest report: {phrases.ago(max(story.last_seen for story in found), asked.now)}."
    said = " ".join(each for each in (newest, _quiet(desk, conflicts, reader), heard) if each)
    return _stories(desk, asked, f"Last reported · {_names(conflicts, reader)}", found, foot=f"\n{said}")


def _quiet(desk: Desk, conflicts: frozenset[str], reader: Reader) -> str:
    """Return of which of *conflicts* nothing came for a day or more, "" if of none."""
    return quiet(conflicts, desk.archive.newest(conflicts), reader)


def _newest_of_each(desk: Desk, asked: Asked, conflicts: frozenset[str]) -> Sequence[Story]:
    """Return the newest story of each conflict, the newest first; a story of two conflicts once."""
    recent = desk.archive.stories(since=asked.now - RECENT, conflicts=conflicts, limit=200)
    newest: dict[str, Story] = {}
    for story in recent:
        newest.setdefault(next((each for each in story.conflicts if not conflicts or each in conflicts), ""), story)
    return list(newest.values())[:10]


def why(desk: Desk, asked: Asked) -> Message:
    """Explain an alert: which words, which rule, how sure.

    /why explains the last one; so does the button "Why?" under each.
    """
    story = desk.story(asked.words, asked)
    return behind.why(story, desk.archive.reports(story.id), desk.reader(asked)) if story else no_story(asked)


def sources(desk: Desk, asked: Asked) -> Message:
    """Show who reports a story."""
    story = desk.story(asked.words, asked)
    return behind.sources(story, desk.archive.reports(story.id), desk.reader(asked)) if story else no_story(asked)


def show(desk: Desk, asked: Asked) -> Message:
    """Show a story's card."""
    story = desk.story(asked.words, asked)
    return render.alert(story, desk.archive.reports(story.id), desk.reader(asked)) if story else no_story(asked)


def status(desk: Desk, asked: Asked) -> Message:
    """Tell how well I hear, and so what silence means.

    /status
    """
    coverage, reader = desk.archive.coverage(asked.now), desk.reader(asked)
    subscription = desk.subscription(asked)
    newest = desk.archive.stories(conflicts=subscription.conflicts, types=subscription.types, limit=1)
    last = f"Newest report in what you follow: {phrases.ago(newest[0].last_seen, asked.now)}." if newest else ""
    lines = [
        "<b>How well I hear</b>",
        hearing(coverage, reader),
        last or "Nothing in what you follow yet.",
        *filter(None, [_quiet(desk, subscription.conflicts, reader)]),
        f"Archive: {coverage.entries:,} entries, {phrases.plural(coverage.stories, 'story', 'stories')}.",
    ]
    return Message(html="\n".join([*lines, *_not_heard(desk, asked, coverage.failing)]))


def _not_heard(desk: Desk, asked: Asked, failing: Sequence[FailingFeed]) -> Sequence[str]:
    """Return which feeds are silent; that is for the owner, who can mend it."""
    if asked.access is not Access.OWNER or not failing:
        return ()
    titles = {feed.url: feed.title for feed in desk.feeds()}
    each = [
        f"• {phrases.short(titles.get(state.url) or 'a feed without a title', 80)}: "
        + (f"last heard {phrases.ago(state.ok_at, asked.now)}" if state.ok_at else "never heard")
        for state in failing
    ]
    more = [f"… and {len(each) - MOST} more"] if len(each) > MOST else []
    return (f"\n<b>Not heard: {phrases.plural(len(each), 'feed')}</b>", *each[:MOST], *more)


# ------------------------------------------------------------------------------------------ shared
def now_page(desk: Desk, asked: Asked) -> Message:
    """Turn over the list of conflicts to ask about."""
    buttons = menus.conflicts(desk.by_activity(asked.now), None, "now", asked.number, desk.reader(asked))
    return Message(html="Which conflict?", buttons=buttons)


def now_pressed(desk: Desk, asked: Asked) -> Message:
    """Tell what was last reported in the conflict whose button was pressed."""
    return now(desk, asked.about(asked.words.partition(":")[0]))


def _stories(desk: Desk, asked: Asked, title: str, found: Sequence[Story], *, foot: str = "") -> Message:
    reader = desk.reader(asked)
    if not found:
        heard = hearing(desk.archive.coverage(asked.now), reader)
        return Message(html=f"<b>{phrases.short(title, 150)}</b>\nNothing so far.\n{heard}")
    return render.listing(title, desk.with_reports(found), reader, foot=foot)


def _names(conflicts: frozenset[str], reader: Reader) -> str:
    names = sorted(phrases.conflict(each, reader) for each in conflicts)
    return "everything" if not names else ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")


def no_story(asked: Asked) -> Message:
    """Return that there is no such story, or none at all yet."""
    return Message(html=GONE if asked.words else "Nothing has been reported yet. /status tells how well I hear.")
