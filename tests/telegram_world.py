"""The world behind the fake Bot API server: chats, the people in them, and what each method of the API does there."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.telegram_rules import (
    NOT_MODIFIED,
    OLD_QUERY,
    Arguments,
    Flood,
    Json,
    Refusal,
    Upload,
    bad_request,
    check_callback_answer,
    read_caption,
    read_commands,
    read_document,
    read_keyboard,
    read_text,
)

ME = {
    "id": 123456789,
    "is_bot": True,
    "first_name": "Parley",
    "username": "parley_test_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}
EVERY_UPDATE = ("message", "edited_message", "channel_post", "callback_query", "my_chat_member")


@dataclass
class Room:
    """A chat. *refusal* is what every message to it meets, once the bot is not welcome there."""

    id: int
    type: str = "private"
    refusal: Refusal | None = None
    closed_topics: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)
    messages: dict[int, Json] = field(default_factory=dict)
    last_id: int = 0


@dataclass(frozen=True)
class Accepted:
    """A message that Telegram took: from here on people see it."""

    chat: int
    message_id: int
    text: str
    at: float
    entities: tuple[Json, ...] = ()
    keyboard: Json | None = None
    silent: bool = False
    preview: bool = True
    topic: int = 0
    replies_to: int = 0
    upload: Upload | None = None

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in (self.keyboard or {}).get("inline_keyboard", []) for button in row]


class World:
    """Chats and people. Its methods are what people do; `methods` are what a bot may ask."""

    def __init__(self, *, flood: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.accepted: list[Accepted] = []
        self.updates: list[Json] = []
        self.rooms: dict[int, Room] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.webhook = ""
        self.flood: Flood | None = Flood() if flood else None
        self.next_update_id = 700_000_001
        self.allowed: tuple[str, ...] = EVERY_UPDATE
        self._clock = clock
        self._queries: set[str] = set()

    def on_update(self) -> None:
        """Hear that an update was added; the server wakes its poll."""

    # -- what people do
    def chat(self, chat: int, kind: str = "") -> Room:
        """Return the chat, made now if it is new: private for ids above 0, else a supergroup."""
        kind = kind or ("private" if chat > 0 else "supergroup")
        return self.rooms.setdefault(chat, Room(chat, kind))

    def say(self, chat: int, text: str, *, sender: int = 0, language: str = "en", topic: int = 0) -> int:
        """Let a person write *text*, in a *topic* of the group if one is named; return the update's id.

        Who posts in a channel stays unnamed.
        """
        room = self.chat(chat)
        posted = room.type == "channel"
        author = {} if posted else {"from": _person(sender or abs(chat), language)}
        message = self._keep(room, text=text, **author, **_in_topic(topic))
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        return self._push("channel_post" if posted else "message", message)

    def press(self, chat: int, message: int, label_or_action: str, *, sender: int = 0, language: str = "en") -> str:
        """Let a person press a button of the bot's *message*; return the query's id."""
        shown = self.rooms[chat].messages[message]
        buttons = [button for row in shown["reply_markup"]["inline_keyboard"] for button in row]
        [button] = [b for b in buttons if label_or_action in (b["text"], b.get("callback_data"))]
        query = str(self.next_update_id)
        self._queries.add(query)
        person = _person(sender or abs(chat), language)
        pressed = {
            "id": query,
            "from": person,
            "message": dict(shown),
            "chat_instance": "1",
            "data": button["callback_data"],
        }
        self._push("callback_query", pressed)
        return query

    def block(self, chat: int) -> int:
        """Let the person stop the bot."""
        self.chat(chat).refusal = Refusal(403, "Forbidden: bot was blocked by the user")
        return self._membership(chat, "member", "kicked")

    def unblock(self, chat: int) -> int:
        self.chat(chat).refusal = None
        return self._membership(chat, "kicked", "member")

    def add(self, chat: int, kind: str = "") -> int:
        """Let somebody add the bot to a group or channel."""
        room = self.chat(chat, kind)
        room.refusal = None
        return self._membership(chat, "left", "administrator" if room.type == "channel" else "member")

    def kick(self, chat: int) -> int:
        room = self.chat(chat)
        room.refusal = Refusal(403, f"Forbidden: bot was kicked from the {room.type} chat")
        return self._membership(chat, "member", "kicked")

    def deactivate(self, chat: int) -> None:
        """Let the person's account be deleted."""
        self.chat(chat).refusal = Refusal(403, "Forbidden: user is deactivated")

    def migrate(self, chat: int, new: int) -> None:
        """Let the group become a supergroup, under a new id."""
        why = "Bad Request: group chat was upgraded to a supergroup chat"
        self.chat(chat, "group").refusal = Refusal(400, why, migrate_to_chat_id=new)
        self.chat(new, "supergroup")

    # -- inside
    def _keep(self, room: Room, **content: Any) -> Json:
        room.last_id += 1
        message = {
            "message_id": room.last_id,
            "date": int(self._clock()),
            "chat": _chat(room),
            **{key: value for key, value in content.items() if value},
        }
        room.messages[room.last_id] = message
        return message

    def _push(self, kind: str, body: Json) -> int:
        update_id = self.next_update_id
        self.next_update_id += 1
        if kind in self.allowed:
            self.updates.append({"update_id": update_id, kind: body})
        self.on_update()
        return update_id

    def _membership(self, chat: int, before: str, after: str) -> int:
        change = {
            "chat": _chat(self.rooms[chat]),
            "from": _person(abs(chat), "en"),
            "date": int(self._clock()),
            "old_chat_member": _member(before, ME),
            "new_chat_member": _member(after, ME),
        }
        return self._push("my_chat_member", change)

    # -- the methods of the Bot API
    @property
    def methods(self) -> Mapping[str, Callable[[Arguments], Any]]:
        """What a bot may ask, by lower-case name; getUpdates waits, so it is the server's."""
        return {
            "getme": lambda _: ME,
            "getwebhookinfo": self._get_webhook_info,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "setmycommands": self._set_my_commands,
            "getmycommands": lambda a: self.commands.get(_command_scope(a), []),
            "sendmessage": self._send_message,
            "senddocument": self._send_document,
            "sendphoto": self._send_photo,
            "editmessagetext": self._edit_message_text,
            "editmessagereplymarkup": self._edit_message_reply_markup,
            "deletemessage": self._delete_message,
            "pinchatmessage": self._pin_chat_message,
            "answercallbackquery": self._answer_callback_query,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
            "leavechat": self._leave_chat,
        }

    def _get_webhook_info(self, _: Arguments) -> Json:
        return {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": len(self.updates)}

    def _set_webhook(self, arguments: Arguments) -> bool:
        self.webhook = arguments.get("url", "")
        return True

    def _delete_webhook(self, arguments: Arguments) -> bool:
        self.webhook = ""
        if arguments.get("drop_pending_updates", "").lower() == "true":
            self.updates.clear()
        return True

    def _set_my_commands(self, arguments: Arguments) -> bool:
        self.commands[_command_scope(arguments)] = read_commands(arguments)
        return True

    def _send_message(self, arguments: Arguments) -> Json:
        text, entities = read_text(arguments)
        return self._accept(arguments, text=text, entities=entities)

    def _send_document(self, arguments: Arguments) -> Json:
        caption, entities = read_caption(arguments)
        upload = read_document(arguments)
        document = {
            "file_id": "document",
            "file_unique_id": "document",
            "file_name": upload,
            "file_size": len(upload.content),
        }
        return self._accept(arguments, upload, caption=caption, caption_entities=entities, document=document)

    def _send_photo(self, arguments: Arguments) -> Json:
        caption, entities = read_caption(arguments)
        photo = [{"file_id": "photo", "file_unique_id": "photo", "width": 2, "height": 2}]
        return self._accept(arguments, caption=caption, caption_entities=entities, photo=photo)

    def _accept(self, arguments: Arguments, upload: Upload | None = None, **content: Any) -> Json:
        keyboard = read_keyboard(arguments)
        room = self._reach(arguments)
        if self.flood:
            self.flood.count(room.id, self._clock())
        topic = number(arguments.get("message_thread_id")) or 0
        message = self._keep(room, **{"from": ME}, reply_markup=keyboard, **content, **_in_topic(topic))
        self.accepted.append(
            Accepted(
                chat=room.id,
                message_id=message["message_id"],
                text=content.get("text") or content.get("caption") or "",
                at=self._clock(),
                entities=tuple(content.get("entities") or content.get("caption_entities") or ()),
                keyboard=keyboard,
                silent=arguments.get("disable_notification", "").lower() == "true",
                preview=not json.loads(arguments.get("link_preview_options") or "{}").get("is_disabled", False),
                topic=topic,
                replies_to=self._answered(room, arguments),
                upload=upload,
            )
        )
        return message

    def _answered(self, room: Room, arguments: Arguments) -> int:
        """Return the message that this one answers, 0 if none; a missing one is refused, unless that is allowed."""
        parameters = json.loads(arguments.get("reply_parameters") or "{}")
        answered = number(str(parameters.get("message_id", ""))) or 0
        if answered in room.messages:
            return answered
        if answered and not parameters.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return 0

    def _reach(self, arguments: Arguments) -> Room:
        if not arguments.get("chat_id"):
            raise bad_request("chat_id is empty")
        room = self.rooms.get(number(arguments["chat_id"]) or 0)
        if room is None:
            raise bad_request("chat not found")
        if room.refusal:
            raise room.refusal
        if number(arguments.get("message_thread_id")) in room.closed_topics:
            raise bad_request("TOPIC_CLOSED")
        return room

    def _edit_message_text(self, arguments: Arguments) -> Json:
        text, entities = read_text(arguments)
        if "text" not in self._own_message(self._reach(arguments), arguments):
            raise bad_request("there is no text in the message to edit")
        return self._edit(arguments, text=text, entities=entities)

    def _edit_message_reply_markup(self, arguments: Arguments) -> Json:
        return self._edit(arguments)

    def _edit(self, arguments: Arguments, **content: Any) -> Json:
        content["reply_markup"] = read_keyboard(arguments)
        message = self._own_message(self._reach(arguments), arguments)
        if all((message.get(key) or None) == (value or None) for key, value in content.items()):
            raise bad_request(NOT_MODIFIED)
        if self.flood:
            self.flood.count(message["chat"]["id"], self._clock())
        for key, value in content.items():
            message.pop(key, None)
            message |= {key: value} if value else {}
        message["edit_date"] = int(self._clock())
        return message

    def _own_message(self, room: Room, arguments: Arguments) -> Json:
        message = room.messages.get(number(arguments.get("message_id")) or 0)
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"] is not ME:
            raise bad_request("message can't be edited")
        return message

    def _delete_message(self, arguments: Arguments) -> bool:
        room = self._reach(arguments)
        if room.messages.pop(number(arguments.get("message_id")) or 0, None) is None:
            raise bad_request("message to delete not found")
        return True

    def _pin_chat_message(self, arguments: Arguments) -> bool:
        if number(arguments.get("message_id")) not in self._reach(arguments).messages:
            raise bad_request("message to pin not found")
        return True

    def _answer_callback_query(self, arguments: Arguments) -> bool:
        check_callback_answer(arguments)
        query = arguments.get("callback_query_id", "")
        if query not in self._queries:
            raise bad_request(OLD_QUERY)
        self._queries.discard(query)
        return True

    def _get_chat(self, arguments: Arguments) -> Json:
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return _chat(self._reach(arguments)) | full

    def _get_chat_member(self, arguments: Arguments) -> Json:
        room, user = self._reach(arguments), number(arguments.get("user_id")) or 0
        return _member("creator" if user in room.admins else "member", _person(user, "en"))

    def _leave_chat(self, arguments: Arguments) -> bool:
        room = self._reach(arguments)
        if room.type == "private":
            raise bad_request("chat member status can't be changed in private chats")
        room.refusal = Refusal(403, f"Forbidden: bot is not a member of the {room.type} chat")
        return True


# ------------------------------------------------------------------------------------------ small parts
def number(text: str | None) -> int | None:
    with contextlib.suppress(ValueError):
        return int(text or "")
    return None


def _command_scope(arguments: Arguments) -> tuple[str, str]:
    return arguments.get("scope", ""), arguments.get("language_code", "")


def _chat(room: Room) -> Json:
    name = {"first_name": "Ann"} if room.type == "private" else {"title": "Newsroom"}
    return {"id": room.id, "type": room.type, **name}


def _in_topic(topic: int) -> Json:
    return {"message_thread_id": topic, "is_topic_message": True} if topic else {}


def _person(user: int, language: str) -> Json:
    return {"id": user, "is_bot": False, "first_name": "Ann", "language_code": language}


def _member(status: str, user: Json) -> Json:
    extras: Mapping[str, Json] = {
        "kicked": {"until_date": 0},
        "creator": {"is_anonymous": False},
        "administrator": dict.fromkeys(
            (
                *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
                *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
                *("can_post_stories", "can_edit_stories", "can_delete_stories", "can_post_messages"),
            ),
            True,
        ),
    }
    return {"user": user, "status": status, **extras.get(status, {})}
