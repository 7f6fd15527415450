"""Commands about feeds. Each docstring is its /help text: a line, then how to say it.

The owner decides which feeds are polled; what a reader says is a suggestion, and the owner is not told whose it is.
Nothing is fetched here: an order is noted, and `bot.stages.mind` looks at it.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.alert import phrases
from bot.alert.digest import hearing
from bot.chat import feed_notes
from bot.chat.desk import Asked, Desk
from bot.chat.guards import owner_only
from bot.config.editing import read_feed
from bot.errors import ConfigError
from bot.model import Access, Button, Delivery, DeliveryKind, Feed, FeedChoice, FeedState, Message
from bot.owner.feeds import feed_id, find_feeds, find_same
from bot.poll.guard import check_given
from bot.text import escape

A_PAGE = 15
LONGEST_URL = 500
FAILING = frozenset({"failing", "down", "silent"})
THANKS = "Thank you. Whoever runs this bot is asked, and is not told who suggested it."
NO_LONGER_THERE = "That feed is no longer there. /feeds"
HOW = "For example: /feed add https://news.example.org/rss · /feed off 12 · /feed on 12 · /feed test 12"


# ------------------------------------------------------------------------------------------ /feeds
@owner_only
def feeds(desk: Desk, asked: Asked) -> Message:
    """List the feeds, with their numbers and how each is heard.

    /feeds · /feeds ukrainska · /feeds failing
    """
    return _page(desk, asked, 0)


@owner_only
def feeds_page(desk: Desk, asked: Asked) -> Message:
    """Turn over the list of feeds."""
    number, _, words = asked.words.partition(":")
    return _page(desk, asked.about(words), asked.about(number).number)


def _page(desk: Desk, asked: Asked, page: int) -> Message:
    known, reader = desk.feeds(), desk.reader(asked)
    wanted = _wanted(desk, asked.words)
    if not wanted and asked.words.casefold() in FAILING:
        return Message(html="No feed is failing. /feeds lists all.")
    if not wanted:
        return Message(html=f"No feed is “{phrases.short(asked.words, 60)}”. /feeds lists all.\n{HOW}")
    last = (len(wanted) - 1) // A_PAGE
    page = min(max(page, 0), last)
    shown = wanted[page * A_PAGE : (page + 1) * A_PAGE]
    lines = [f"{known.index(feed) + 1}. {_line(desk, feed, asked)}" for feed in shown]
    off = sum(not feed.enabled for feed in known)
    head = f"<b>Feeds</b>: {len(known) - off}, and {off} off\n{hearing(desk.archive.coverage(asked.now), reader)}\n"
    words = asked.words if len(asked.words.encode()) <= 40 else ""
    turn = [Button("‹ Back", f"feedspage:{page - 1}:{words}")] if page else []
    turn += [Button("More ›", f"feedspage:{page + 1}:{words}")] if page < last else []
    return Message(html=phrases.fit(head, lines, f"\n{HOW}"), buttons=(tuple(turn),) if turn else ())


def _wanted(desk: Desk, words: str) -> Sequence[Feed]:
    known = desk.feeds()
    if words.casefold() in FAILING:
        failing = {state.url for state in desk.archive.failing_feeds()}
        return [feed for feed in known if feed.url in failing]
    return find_feeds(words, known) if words else known


def _line(desk: Desk, feed: Feed, asked: Asked) -> str:
    title = phrases.short(feed.title, 60)
    if not feed.enabled:
        return f"◌ {title}: off"
    state = desk.archive.feed_state(feed.url)
    if state is None or state.checked_at is None:
        return f"… {title}: not asked yet"
    return f"{'⚠️' if state.failures else '✓'} {title}: {_heard(state, asked)}"


def _heard(state: FeedState, asked: Asked) -> str:
    heard = f"heard {phrases.ago(state.ok_at, asked.now)}" if state.ok_at else "never heard"
    return heard + (f" ({phrases.short(state.last_error, 80)})" if state.failures else "")


# ------------------------------------------------------------------------------------------ /feed
@owner_only
def feed(desk: Desk, asked: Asked) -> Message:
    """Add a feed, switch one on or off, or test one.

    /feed add https://news.example.org/rss · /feed off 12 · /feed on 12 · /feed test 12 · /feed 12
    """
    verb, _, rest = asked.words.partition(" ")
    verb, rest = verb.casefold(), rest.strip()
    if verb == "add":
        return _order(desk, asked, rest, add=True)
    if verb in ("test", "check"):
        return _test(desk, asked, rest)
    if verb in ("on", "off"):
        meant = _meant(desk, rest)
        return _switch(desk, asked, meant, on=verb == "on") if isinstance(meant, Feed) else meant
    if verb in ("remove", "delete"):
        return Message(html=f"In chat a feed is switched off: /feed off {escape(rest)}".strip())
    meant = _meant(desk, asked.words)
    return _card(desk, asked, meant) if isinstance(meant, Feed) else meant


def _meant(desk: Desk, words: str) -> Feed | Message:
    """Return the one feed that *words* mean, or what to say where they mean none or several."""
    if not words:
        return Message(html=f"What is to be done with which feed?\n{HOW}\n/feeds lists them with their numbers.")
    found = find_feeds(words, desk.feeds())
    if len(found) == 1:
        return found[0]
    if not found:
        return Message(html=f"No feed is “{phrases.short(words, 60)}”. /feeds lists them with their numbers.")
    each = [f"{desk.feeds().index(feed) + 1}. {phrases.short(feed.title, 60)}" for feed in found[:A_PAGE]]
    return Message(html=phrases.fit("Which of them? Say its number:", each))


def _card(desk: Desk, asked: Asked, feed: Feed) -> Message:
    name = feed_id(feed.url)
    switch = Button("Switch off", f"feedoff:{name}") if feed.enabled else Button("Switch on", f"feedon:{name}")
    return Message(
        html=f"{_line(desk, feed, asked)}\n{escape(feed.url)}",
        buttons=((switch, Button("Test", f"feedtest:{name}")),),
    )


@owner_only
def switch_off(desk: Desk, asked: Asked) -> Message:
    """Switch off the feed of the button."""
    return _pressed(desk, asked, on=False)


@owner_only
def switch_on(desk: Desk, asked: Asked) -> Message:
    """Switch on the feed of the button."""
    return _pressed(desk, asked, on=True)


def _pressed(desk: Desk, asked: Asked, *, on: bool) -> Message:
    feed = _of_button(desk, asked)
    return _switch(desk, asked, feed, on=on) if feed else Message(html=NO_LONGER_THERE)


def _of_button(desk: Desk, asked: Asked) -> Feed | None:
    """Return the feed whose button was pressed, None if it is no longer there."""
    return next((feed for feed in desk.feeds() if feed_id(feed.url) == asked.words), None)


def _switch(desk: Desk, asked: Asked, feed: Feed, *, on: bool) -> Message:
    """Keep whether *feed* is polled."""
    number = desk.feeds().index(feed) + 1
    if feed.enabled == on:
        return Message(html=f"{phrases.short(feed.title, 60)} is {'on' if on else 'off'} already.")
    of_config = next((each for each in desk.settings.feeds if each.url == feed.url), None)
    if of_config and of_config.enabled == on:
        desk.archive.unchoose_feed(feed.url)
    else:
        desk.archive.choose_feed(FeedChoice(feed=replace(feed, enabled=on), added=of_config is None), asked.now)
    said = "is asked again from now on" if on else "is asked no more; what it brought stays"
    back = f"/feed {'off' if on else 'on'} {number} takes that back."
    return Message(html=f"{phrases.short(feed.title, 60)} {said}. {back}")


def _test(desk: Desk, asked: Asked, words: str) -> Message:
    meant = _meant(desk, words)
    if isinstance(meant, Feed):
        return _order(desk, asked, meant.url, add=False)
    return meant if words.isdecimal() else _order(desk, asked, words, add=False)


@owner_only
def look_again_pressed(desk: Desk, asked: Asked) -> Message:
    """Look at the feed of the button."""
    feed = _of_button(desk, asked)
    return _order(desk, asked, feed.url, add=False) if feed else Message(html=NO_LONGER_THERE)


def _order(desk: Desk, asked: Asked, words: str, *, add: bool) -> Message:
    """Note that the address is to be looked at."""
    given = _address(desk, words)
    if isinstance(given, Message):
        return given
    known = find_same(given, desk.feeds())
    if add and known:
        return _there_already(desk, known)
    if not feed_notes.order(desk.people, given, asked.now, add=add):
        return Message(html="I am still looking at many others: please wait for those answers.")
    return Message(html=f"I am looking at {escape(given)}. The answer comes in a moment.")


def _address(desk: Desk, words: str) -> str | Message:
    """Return the address that somebody gave, or what to say of it; none that leads into our own network."""
    if not words:
        return Message(html="Which address? For example: /feed add https://news.example.org/rss")
    if len(words) > LONGEST_URL:
        return Message(html="That address is too long for me.")
    try:
        given = read_feed({"url": words}, desk.settings.allow_private).url
    except ConfigError:
        return Message(
            html=f"“{phrases.short(words, 80)}” is no web address. One looks like https://news.example.org/rss"
        )
    why = check_given(given, desk.settings.allow_private)
    return Message(html=f"I do not ask there: {escape(why)}.") if why else given


def _there_already(desk: Desk, known: Feed) -> Message:
    number = desk.feeds().index(known) + 1
    off = "" if known.enabled else f" It is off; /feed on {number} switches it on."
    return Message(html=f"That one is there already: {number}. {phrases.short(known.title, 60)}.{off}")


# ------------------------------------------------------------------------------------------ /suggest
def suggest(desk: Desk, asked: Asked) -> Message:
    """Suggest a source of news that I should read.

    /suggest https://news.example.org
    """
    if not asked.words:
        return Message(html="Which source? For example: /suggest https://news.example.org")
    given = _address(desk, asked.words)
    if isinstance(given, Message):
        return given
    known = find_same(given, desk.feeds())
    if known and known.enabled:
        return Message(html=f"I read that one already: {phrases.short(known.title, 60)}.")
    if asked.access is Access.OWNER:
        return _offered(desk, given, "Shall I read it?")
    return _pass_on(desk, asked, given)


def _pass_on(desk: Desk, asked: Asked, url: str) -> Message:
    """Owe the owner the suggestion, once; not from whom it is."""
    owner = desk.people.owner()
    if owner is None:
        return Message(html="Nobody decides on sources here yet. Please tell whoever runs this bot.")
    if url in feed_notes.offers(desk.people).values():
        return Message(html=THANKS)
    if not feed_notes.count_suggestion(desk.people, asked.now):
        return Message(html="So much has been suggested today that I cannot pass on more. Please try tomorrow.")
    notice = Delivery(
        dedupe_key=f"notice:suggested {feed_id(url)} {asked.now.isoformat()}",
        chat=owner,
        kind=DeliveryKind.NOTICE,
        message=replace(_offered(desk, url, "A reader suggests this source. I do not say who."), silent=True),
        next_attempt_at=asked.now,
        created_at=asked.now,
    )
    desk.people.enqueue([notice])
    return Message(html=THANKS)


def _offered(desk: Desk, url: str, words: str) -> Message:
    name = feed_notes.offer(desk.people, url)
    each = {"Add": "feedadd", "Look at it": "feedlook", "No": "feedno"}
    buttons = tuple(Button(label, f"{action}:{name}") for label, action in each.items())
    return Message(html=f"{escape(url)}\n{words}", buttons=(buttons,))


@owner_only
def add_pressed(desk: Desk, asked: Asked) -> Message:
    """Add the feed of the button, once it has been looked at."""
    return _offer_pressed(desk, asked, add=True)


@owner_only
def look_pressed(desk: Desk, asked: Asked) -> Message:
    """Look at the feed of the button."""
    return _offer_pressed(desk, asked, add=False)


def _offer_pressed(desk: Desk, asked: Asked, *, add: bool) -> Message:
    url = feed_notes.offers(desk.people).get(asked.words)
    if url is None:
        return Message(html="That was decided, or is too long ago. /feed add and the address adds it.")
    if add:
        feed_notes.forget_offer(desk.people, asked.words)
    return _order(desk, asked, url, add=add)


@owner_only
def refuse_pressed(desk: Desk, asked: Asked) -> Message:
    """Leave out the feed of the button."""
    url = feed_notes.offers(desk.people).get(asked.words, "")
    feed_notes.forget_offer(desk.people, asked.words)
    return Message(html=f"Left out{': ' + escape(url) if url else ''}.")
