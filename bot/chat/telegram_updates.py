"""What Telegram's updates say, in our own words. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from telegram import (
    CallbackQuery,
    ChatMember,
    ChatMemberUpdated,
    MaybeInaccessibleMessage,
    Update,
    User,
)
from telegram import Chat as TelegramRoom
from telegram import Message as TelegramMessage

from bot.model import ChatId, InboxItem, Incoming

NETWORK = "telegram"


def item(update: Mapping[str, Any]) -> InboxItem:
    """Return *update* as it came, for the inbox."""
    # ASCII escapes, as they came: half an emoji survives them, and would not survive UTF-8.
    return InboxItem(network=NETWORK, update_id=update["update_id"], raw=json.dumps(update))


def read(item: InboxItem, username: str) -> Incoming | None:
    """Return what a stored update says to the bot *username*; None if it is nothing for us.

    Of a channel only what its admins post is: any stranger who reads it could press a button, and mute it for all.
    """
    update = Update.de_json(json.loads(item.raw), None)
    if update.callback_query:
        return _read_press(update.callback_query)
    if update.my_chat_member:
        return _read_membership(update.my_chat_member)
    if said := update.message or update.channel_post:
        return _read_message(said, username)
    return None


def _read_message(message: TelegramMessage, username: str) -> Incoming | None:
    author = message.from_user
    if author and author.is_bot and not _speaks_for_its_room(message):
        return None
    private = message.chat.type == TelegramRoom.PRIVATE
    text = _addressed_to(username, message.text or "")
    wordless = private and not message.text and message.effective_attachment is not None
    if not (wordless or (text and (private or text.startswith("/")))):
        return None
    return Incoming(
        chat=_room(message.chat), thread=_topic(message), text=text, private=private, language=_language(author)
    )


def _speaks_for_its_room(message: TelegramMessage) -> bool:
    """Return whether an admin who stays anonymous says it: Telegram gives a bot of its own as the author."""
    return message.sender_chat is not None and message.sender_chat.id == message.chat.id


def _addressed_to(username: str, text: str) -> str:
    """Return *text* with the "@us" of its command taken off; "" if the command is another bot's."""
    command = re.match(r"(/\w+)@(\w+)", text)
    if not command:
        return text
    if username and command[2].lower() != username.lower():
        return ""
    return command[1] + text[command.end() :]


def _read_press(query: CallbackQuery) -> Incoming | None:
    if not query.message or not query.data or query.message.chat.type == TelegramRoom.CHANNEL:
        return None
    return Incoming(
        chat=_room(query.message.chat),
        thread=_topic(query.message),
        action=query.data,
        message_id=str(query.message.message_id),
        callback_id=query.id,
        private=query.message.chat.type == TelegramRoom.PRIVATE,
        language=_language(query.from_user),
    )


def _read_membership(change: ChatMemberUpdated) -> Incoming | None:
    before, after = _is_in(change.old_chat_member), _is_in(change.new_chat_member)
    if before == after:
        return None
    return Incoming(
        chat=_room(change.chat),
        private=change.chat.type == TelegramRoom.PRIVATE,
        language=_language(change.from_user),
        left=before,
        joined=after,
    )


def _is_in(member: ChatMember) -> bool:
    if member.status == ChatMember.RESTRICTED:
        return bool(getattr(member, "is_member", False))
    return member.status not in (ChatMember.LEFT, ChatMember.BANNED)


def _room(chat: TelegramRoom) -> ChatId:
    return ChatId(NETWORK, str(chat.id))


def _topic(message: MaybeInaccessibleMessage) -> str:
    """Return the topic where *message* stands. Outside a topic its thread, if any, is of replies to one message."""
    if not isinstance(message, TelegramMessage) or not message.is_topic_message:
        return ""
    return str(message.message_thread_id or "")


def _language(person: User | None) -> str:
    """Return the language of the person's app ("uk"), without its region; "" if unknown."""
    return ((person and person.language_code) or "").partition("-")[0].lower()
