"""What people can say to the bot, on any chat network.

To add a command, write a function of (Desk, Asked) and name it in COMMANDS: its docstring is its /help text, and the
first line of that its description in the network's menu. To add a button, name its action in ACTIONS.
"""

import hmac
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.alert import phrases
from bot.catalog import Catalog
from bot.chat import asking, bookkeeping, choosing, feeding, labelling, reading, records, setting, storying, understand
from bot.chat.desk import Asked, Desk, Handler, Reply, Settings
from bot.model import Access, Button, ChatId, DeliveryKind, Feed, Incoming, Message
from bot.ports import Archive, People
from bot.text import clean, escape

__all__ = ["MENU", "OWNER_CODE", "Commands", "Reply", "Settings"]

OWNER_CODE = "owner_code"
"""The note that holds the one-time code of the owner's link."""
LONGEST_TEXT = 1000


class Commands:
    """Answers what people say and press; knows no chat network and no database."""

    def __init__(self, archive: Archive, people: People, catalog: Catalog, settings: Settings | None = None) -> None:
        self._desk = Desk(archive, people, catalog, settings or Settings())

    def adopt(self, catalog: Catalog) -> None:
        """Know conflicts and people by another catalog from now on."""
        self._desk = replace(self._desk, catalog=catalog)

    def adopt_feeds(self, feeds: Sequence[Feed]) -> None:
        """Know other *feeds* of config.toml, those that are off included, from now on."""
        self._desk = replace(self._desk, settings=replace(self._desk.settings, feeds=tuple(feeds)))

    def answer(self, incoming: Incoming, now: datetime) -> Sequence[Reply]:
        """Return what to say to *incoming*; run it inside people.transaction(), for it saves what was chosen.

        Never raises for what a person says or presses. Says nothing only where nobody asked: chatter in a group, or a
        chat that has left.
        """
        people = self._desk.people
        text = clean(incoming.text[: 4 * LONGEST_TEXT])[:LONGEST_TEXT]
        if incoming.left:
            people.pause(incoming.chat, "left", now)
            return ()
        access = people.access(incoming.chat)
        if not _is_asked(incoming, text):
            self._welcome_back(incoming, access)
            return self._greeted(incoming, access, now)
        if access is not Access.OWNER and incoming.private and self._claims_ownership(text):
            people.grant(incoming.chat, Access.OWNER, now)
            people.remember(OWNER_CODE, "")
            access, text = Access.OWNER, "/start"
        if access is None and self._desk.settings.access != "open":
            return (_told_to_a_stranger(incoming.chat, now),)
        self._welcome_back(incoming, access)
        asked = Asked(incoming=incoming, words="", access=access, now=now)
        if incoming.action:
            return (self._press(asked),)
        return (Reply(self._say(asked, text)) if text else _no_words(now),)

    def _greeted(self, incoming: Incoming, access: Access | None, now: datetime) -> Sequence[Reply]:
        """Return what to say where nobody asked: a word to a group that has just added us and is new to us."""
        if access or incoming.private or not incoming.joined:
            return ()
        if self._desk.settings.access != "open":
            return (_told_to_a_stranger(incoming.chat, now),)
        return (Reply(choosing.start(self._desk, Asked(incoming=incoming, words="", access=access, now=now))),)

    def _welcome_back(self, incoming: Incoming, access: Access | None) -> None:
        """Send again to a chat that had left: who speaks to us, hears us."""
        if access or self._desk.settings.access == "open":
            self._desk.people.resume(incoming.chat)

    def _claims_ownership(self, text: str) -> bool:
        """Return whether *text* opens the owner's one-time link."""
        code, (name, words) = self._desk.people.note(OWNER_CODE), _split(text)
        return bool(code) and name == "start" and hmac.compare_digest(words.encode(), code.encode())

    def _press(self, asked: Asked) -> Reply:
        """Answer a pressed button; choices change the message in place, so that a chat holds one keyboard, not ten."""
        name, _, words = clean(asked.incoming.action).partition(":")
        handler = ACTIONS.get(name)
        if handler is None:
            return Reply(Message(html="That button is from an older version of me. /help shows what I understand."))
        message = handler(self._desk, asked.about(words))
        return Reply(message, edits=asked.incoming.message_id if name in IN_PLACE else "")

    def _say(self, asked: Asked, text: str) -> Message:
        if not text.startswith("/"):
            return self._talk(asked, text)
        name, words = _split(text)
        handler = _allowed(asked.access).get(name)
        return handler(self._desk, asked.about(words)) if handler else _unknown_command(name, asked)

    def _talk(self, asked: Asked, text: str) -> Message:
        """Answer plain words: a command without its slash, a conflict, words to search for, else a hint."""
        name, words = _split("/" + text.rstrip("?!. "))
        handler = _allowed(asked.access).get(name)
        if handler and (not words or name in _TAKES_WORDS):
            return handler(self._desk, asked.about(words))
        if understand.find_conflicts(text, self._desk.catalog):
            return asking.now(self._desk, asked.about(text))
        if self._desk.archive.search(text, limit=1):
            return asking.search(self._desk, asked.about(text))
        return _puzzled(text, asked)


# ------------------------------------------------------------------------------------------ who may speak
def _is_asked(incoming: Incoming, text: str) -> bool:
    """Return whether we are spoken to: in a group only by command or button."""
    if incoming.joined:
        return False
    return bool(incoming.action) or incoming.private or text.startswith("/")


def _told_to_a_stranger(chat: ChatId, now: datetime) -> Reply:
    """Return all that a stranger is told: one line, once an hour, after everybody else."""
    return Reply(
        Message(html=f"This bot is private. Your chat id is {escape(chat.room)}: give it to the operator."),
        once=f"stranger:{now:%Y%m%d%H}",
        kind=DeliveryKind.STRANGER,
    )


def _no_words(now: datetime) -> Reply:
    """Answer a picture, a sticker, a voice; an album is many of them at once."""
    return Reply(
        Message(html="I read words only. Name a conflict, such as <i>Sudan</i>, or see /help."),
        once=f"words only:{now:%Y%m%d%H%M}",
    )


def allow(desk: Desk, asked: Asked) -> Message:
    """Let a chat in.

    /allow 123456789: the chat id that the bot told that chat.
    """
    chat = _chat_named(asked)
    if chat is None:
        return Message(html="Whom? For example: /allow 123456789. The bot tells an unknown chat its id.")
    if desk.people.access(chat) is Access.OWNER:
        return Message(html="That is the owner, who is in already.")
    desk.people.grant(chat, Access.ALLOWED, asked.now)
    return Message(
        html=f"{escape(chat.room)} may use me now; its next step is /start. /deny {escape(chat.room)} ends it."
    )


def deny(desk: Desk, asked: Asked) -> Message:
    """Let a chat in no more.

    /deny 123456789
    """
    chat = _chat_named(asked)
    if chat is None:
        return Message(html="Whom? For example: /deny 123456789")
    if desk.people.access(chat) is Access.OWNER:
        return Message(html="The owner cannot be shut out.")
    if desk.people.access(chat) is None:
        return Message(html=f"{escape(chat.room)} was not let in.")
    desk.people.revoke(chat)
    still = " Access is open, so it may come back." if desk.settings.access == "open" else ""
    return Message(html=f"{escape(chat.room)} is let in no more, and what it followed is deleted.{still}")


def _chat_named(asked: Asked) -> ChatId | None:
    """Return the chat of the asker's own network whose id is given."""
    number = asked.words.removeprefix("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    return asked.chat._replace(room=asked.words)


# ------------------------------------------------------------------------------------------ help
def help_(desk: Desk, asked: Asked) -> Message:
    """Show what I understand.

    /help · /help since
    """
    known = _allowed(asked.access)
    name = asked.words.removeprefix("/").casefold()
    if name in known:
        return Message(html=f"<b>/{name}</b>: {_described(known[name])}\n{escape(_usage(known[name]))}".strip())
    lines = [f"/{each} – {_described(handler)}" for each, handler in known.items()]
    return Message(
        html="<b>What I understand</b>\n" + "\n".join(lines) + "\n\n"
        "Or just name a conflict: <i>Sudan</i>, <i>Газа</i>, <i>Україна</i>.\n"
        f"{phrases.COLOURS}.\nNone of them means certain: look at who says it.",
        buttons=((Button("Last reported", "run:now"), Button("Settings", "run:settings")),),
    )


def run(desk: Desk, asked: Asked) -> Message:
    """Run the command that a button names."""
    return _allowed(asked.access).get(asked.words, help_)(desk, asked.about(""))


def _unknown_command(name: str, asked: Asked) -> Message:
    if name in OWNER_COMMANDS and not asked.incoming.private:
        return Message(html=f"/{name} is for my owner, in the chat with me alone.")
    near = understand.nearest(name, _allowed(asked.access))
    guess = f" Did you mean /{near}?" if near else ""
    buttons = ((Button(f"/{near}", f"run:{near}"),),) if near else ()
    return Message(
        html=f"I do not know /{phrases.short(name, 40)}.{guess} /help shows what I understand.", buttons=buttons
    )


def _puzzled(text: str, asked: Asked) -> Message:
    near = understand.nearest(text.partition(" ")[0], _allowed(asked.access))
    guess = f" Did you mean /{near}?" if near else ""
    return Message(
        html=f"I found nothing about “{phrases.short(text, 80)}”.{guess}\n"
        "Name a conflict, such as <i>Sudan</i>; look for words with /search; or see /help.",
        buttons=((Button("Last reported", "run:now"), Button("Help", "run:help")),),
    )


def _described(handler: Handler) -> str:
    return escape((inspect.getdoc(handler) or "").partition("\n")[0].rstrip("."))


def _usage(handler: Handler) -> str:
    return (inspect.getdoc(handler) or "").partition("\n\n")[2]


def _split(text: str) -> tuple[str, str]:
    """Return the name of a command, without slash, "@bot" and capitals, and the words behind it."""
    first, _, words = text.removeprefix("/").partition(" ")
    return first.partition("@")[0].casefold(), words.strip()


def _allowed(access: Access | None) -> Mapping[str, Handler]:
    return COMMANDS | OWNER_COMMANDS if access is Access.OWNER else COMMANDS


# ------------------------------------------------------------------------------------------ what there is
COMMANDS: dict[str, Handler] = {
    "start": choosing.start,
    "now": asking.now,
    "latest": asking.latest,
    "since": asking.since,
    "search": asking.search,
    "why": asking.why,
    "sources": records.sources,
    "story": reading.story,
    "timeline": bookkeeping.timeline,
    "track": bookkeeping.track,
    "ceasefires": bookkeeping.ceasefires,
    "calendar": bookkeeping.calendar,
    "exchanges": bookkeeping.exchanges,
    "follow": choosing.follow,
    "unfollow": choosing.unfollow,
    "list": choosing.listed,
    "settings": setting.settings,
    "mute": setting.mute,
    "unmute": setting.unmute,
    "status": asking.status,
    "suggest": feeding.suggest,
    "forgetme": setting.forgetme,
    "help": help_,
}
OWNER_COMMANDS: dict[str, Handler] = {
    "allow": allow,
    "deny": deny,
    "missed": labelling.missed,
    "stories": storying.stories,
    "merge": storying.merge,
    "split": storying.split,
    "undo": bookkeeping.undo,
    "feeds": feeding.feeds,
    "feed": feeding.feed,
}
_TAKES_WORDS = frozenset(
    {
        *("now", "latest", "since", "search", "follow", "unfollow", "mute", "help", "story"),
        *("track", "timeline", "ceasefires", "calendar", "exchanges"),
    }
)
"""Commands that may be said without their slash even where words follow: "since yesterday"."""

ACTIONS: Mapping[str, Handler] = {
    "why": asking.why,
    "src": asking.sources,
    "tl": reading.sheet_pressed,
    "sheet": reading.sheet_pressed,
    "trackpage": bookkeeping.track_page,
    "ceasefires": bookkeeping.ceasefires,
    "calendar": bookkeeping.calendar,
    "ics": bookkeeping.add_to_calendar,
    "exchanges": bookkeeping.exchanges,
    "undoable": bookkeeping.undoable,
    "undo": bookkeeping.undo_pressed,
    "redo": bookkeeping.redo_pressed,
    "show": asking.show,
    "mute": setting.mute_story,
    "bad": labelling.not_relevant,
    "good": labelling.relevant,
    "missed": labelling.missed_pressed,
    "said": labelling.of_type,
    "unsaid": labelling.take_back,
    "feedspage": feeding.feeds_page,
    "feedoff": feeding.switch_off,
    "feedon": feeding.switch_on,
    "feedtest": feeding.look_again_pressed,
    "feedadd": feeding.add_pressed,
    "feedlook": feeding.look_pressed,
    "feedno": feeding.refuse_pressed,
    "now": asking.now_pressed,
    "run": run,
    "nowpage": asking.now_page,
    "pick": choosing.pick,
    "pickpage": choosing.pick_page,
    "loud": choosing.pick_loudness,
    "zone": choosing.pick_zone,
    "follow": choosing.follow_pressed,
    "followpage": choosing.follow_page,
    "stop": choosing.stop,
    "kinds": choosing.every_kind,
    "setloud": setting.set_loudness,
    "setdigest": setting.set_digest,
    "setzones": setting.set_zones,
    "setzone": setting.set_zone,
    "pause": setting.pause_pressed,
    "forget": setting.forget_pressed,
}
IN_PLACE = frozenset(ACTIONS) - {
    *("why", "src", "tl", "show", "mute", "bad", "good", "missed", "now", "run", "feedtest", "feedlook"),
    *("ceasefires", "calendar", "ics", "exchanges", "undoable"),
}
"""Actions whose answer takes the place of the message with the button."""

MENU: Sequence[tuple[str, str]] = tuple((name, _described(handler)) for name, handler in COMMANDS.items())
"""Name and description of each command, for the network's own menu."""
