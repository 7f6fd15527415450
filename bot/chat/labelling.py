"""Commands that say what the rules got wrong. Each docstring is its /help text: a line, then how to say it.

What the owner says of an entry is kept as an example for the rules; what a reader says is a suggestion to the owner.
"""

from collections.abc import Iterator, Sequence

from bot.alert import phrases, render
from bot.alert.phrases import Reader
from bot.chat import menus
from bot.chat.asking import GONE
from bot.chat.desk import RECENT, Asked, Desk
from bot.chat.guards import owner_only
from bot.detect.explain import obstacles
from bot.model import Access, Button, Entry, EventType, Example, Message, NearMiss, Report, Story

NOT_RELEVANT = "not relevant"
DEFAULT_MISSED, MOST_MISSED = 5, 10
MOST_SUGGESTED = 5
GONE_ENTRY = "I no longer have that headline. /missed with its link, or words of it, looks for it."


# ------------------------------------------------------------------------------------------ missed
@owner_only
def missed(desk: Desk, asked: Asked) -> Message:
    """List what I nearly took for news, so that you can say what I missed.

    /missed · /missed 10 · /missed and a link, or words of the headline: also what I did not nearly take.
    """
    if asked.words and not asked.number:
        return _found(desk, asked)
    reader = desk.reader(asked)
    most = min(asked.number or DEFAULT_MISSED, MOST_MISSED)
    near = desk.archive.near_misses(since=asked.now - RECENT, limit=most)
    suggested = list(_suggested(desk, asked))[:MOST_SUGGESTED]
    if not near and not suggested:
        return Message(html="Nothing was nearly news in 7 days. A headline I did not take: /missed and its link.")
    blocks = [f"\n{number}. {_near(each, reader)}" for number, each in enumerate(near, 1)]
    rows = menus.rows((_missed_button(number, each.entry) for number, each in enumerate(near, 1)), 2)
    if suggested:
        blocks.append("\n<b>Readers found not relevant</b>")
    for number, (story, readers) in enumerate(suggested, len(near) + 1):
        count = phrases.plural(readers, "reader says", "readers say")
        blocks.append(f"\n{number}. “{phrases.short(story.headline, 160)}” — {count} so")
        rows += ((Button(f"{number}. Not relevant", f"bad:{story.id}"), Button(f"{number}. News", f"good:{story.id}")),)
    return Message(html=phrases.fit("<b>Nearly news, 7 days</b>", blocks), buttons=rows)


def _near(near_miss: NearMiss, reader: Reader) -> str:
    why = "; ".join(obstacles(near_miss.mentions)[:2])
    return f"{_line(near_miss.entry, reader)}\n<i>{phrases.short(why or 'too little speaks for it', 200)}</i>"


def _line(entry: Entry, reader: Reader) -> str:
    return f"{phrases.headline(entry, 160)} — {phrases.credit(entry, reader.catalog)}, {phrases.when(entry, reader)}"


def _missed_button(number: int, entry: Entry) -> Button:
    return Button(f"{number}. This was missed", f"missed:{Example(entry=entry, news=True).id}")


def _suggested(desk: Desk, asked: Asked) -> Iterator[tuple[Story, int]]:
    """Yield stories that readers found not relevant and the owner has not judged, each with how many readers did."""
    judged = {example.entry.key for example in desk.archive.examples()}
    for story_id, readers in desk.people.feedback(NOT_RELEVANT, asked.now - RECENT).items():
        story = desk.archive.story(story_id)
        if story and judged.isdisjoint(story.entry_keys):
            yield story, readers


def _found(desk: Desk, asked: Asked) -> Message:
    """Return the entries that have this link or these words: which were taken for news, and which can be reported."""
    found = desk.archive.find(asked.words, limit=DEFAULT_MISSED)
    if not found:
        return Message(
            html=f"None of my entries has “{phrases.short(asked.words, 80)}”. Either none of my feeds brought it: then "
            "add its publisher's feed with /feed add. Or it is written otherwise: try fewer words."
        )
    reader = desk.reader(asked)
    blocks = [f"\n{number}. {_line(report.entry, reader)}{_taken(report)}" for number, (_, report) in _numbered(found)]
    each = [
        Button(f"{number}. Open", f"show:{story.id}") if story else _missed_button(number, report.entry)
        for number, (story, report) in _numbered(found)
    ]
    return Message(html=phrases.fit("<b>What I have</b>", blocks), buttons=menus.rows(each, 2))


def _numbered(found: Sequence[tuple[Story | None, Report]]) -> Iterator[tuple[int, tuple[Story | None, Report]]]:
    return enumerate(found, 1)


def _taken(report: Report) -> str:
    return "\n<i>taken for news</i>" if report.event else "\n<i>not taken for news</i>"


@owner_only
def missed_pressed(desk: Desk, asked: Asked) -> Message:
    """Keep that an entry was missed, and ask what it reported."""
    entry = desk.archive.entry(asked.words)
    if entry is None:
        return Message(html=GONE_ENTRY)
    return _keep(desk, asked, Example(entry=entry, news=True))


@owner_only
def of_type(desk: Desk, asked: Asked) -> Message:
    """Keep what the missed entry reported."""
    short_id, _, type_ = asked.words.partition(":")
    entry = desk.archive.entry(short_id)
    if entry is None or type_ not in set(EventType):
        return Message(html=GONE_ENTRY)
    return _keep(desk, asked, Example(entry=entry, news=True, type=EventType(type_)))


def _keep(desk: Desk, asked: Asked, example: Example) -> Message:
    desk.archive.label(example, asked.now)
    reader = desk.reader(asked)
    ask = "What did it report? You may leave that open." if example.type is None else "The type is noted too."
    types = (
        Button(f"{'✓ ' if each is example.type else ''}{_type(each, reader)}", f"said:{example.id}:{each}")
        for each in EventType
    )
    return Message(
        html=f"Noted as missed, as an example for the rules:\n“{phrases.short(example.entry.title, 160)}”\n{ask}",
        buttons=(*menus.rows(types, 2), (_take_back(example),)),
    )


def _type(event_type: EventType, reader: Reader) -> str:
    kind = reader.catalog.kinds.get(event_type)
    return kind.label(reader.language) if kind else event_type.value


def _take_back(example: Example) -> Button:
    return Button("Take that back", f"unsaid:{example.id}")


@owner_only
def take_back(desk: Desk, asked: Asked) -> Message:
    """Forget what the owner said of an entry."""
    done = desk.archive.unlabel(asked.words)
    return Message(html="Taken back: that is no example any more." if done else "There is nothing to take back.")


# ------------------------------------------------------------------------------------------ not relevant
def not_relevant(desk: Desk, asked: Asked) -> Message:
    """Keep that a story is not relevant: the owner's word is an example, a reader's a suggestion."""
    if asked.access is Access.OWNER:
        return _judge(desk, asked, news=False)
    story = desk.story(asked.words, asked)
    if story is None:
        return Message(html=GONE)
    desk.people.keep_feedback(asked.chat, story.id, NOT_RELEVANT, asked.now)
    return Message(
        html=f"Thank you, noted for whoever runs this bot: not relevant.\n“{phrases.short(story.headline, 160)}”",
        buttons=(_next(story),),
    )


@owner_only
def relevant(desk: Desk, asked: Asked) -> Message:
    """Keep that a story which readers found not relevant is news."""
    return _judge(desk, asked, news=True)


def _judge(desk: Desk, asked: Asked, *, news: bool) -> Message:
    """Keep the report that stands for the story as an example, and close what readers said of it."""
    story = desk.story(asked.words, asked)
    lead = render.best_report(story, desk.archive.reports(story.id), desk.reader(asked)) if story else None
    if story is None or lead is None:
        return Message(html=GONE)
    example = Example(entry=lead.entry, news=news)
    desk.archive.label(example, asked.now)
    desk.people.use_feedback(story.id)
    return Message(
        html=f"Noted as {'news' if news else 'not relevant'}, as an example for the rules:\n"
        f"“{phrases.short(lead.entry.title, 160)}”",
        buttons=(_next(story), (_take_back(example),)),
    )


def _next(story: Story) -> tuple[Button, ...]:
    return Button("Mute story", f"mute:{story.id}"), Button("Why was it sent?", f"why:{story.id}")
