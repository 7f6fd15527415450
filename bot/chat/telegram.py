"""Talk on Telegram: the one place that knows python-telegram-bot.

The library's `Bot` is driven by hand. Its `Application` would confirm updates before they are stored, and its rate
limiter pauses every chat for one (reliability.md, §0).
"""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any, Final, Literal, Self, TypeVar

import httpx
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram import Message as TelegramMessage
from telegram.constants import MessageLimit, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter  # no public way to make one

from bot.chat import telegram_updates
from bot.chat.telegram_updates import NETWORK
from bot.config.environment import OFFICIAL_API
from bot.errors import ConfigError
from bot.model import (
    Button,
    Delivery,
    DeliveryKind,
    Document,
    InboxItem,
    Incoming,
    Message,
    Moved,
    RetryLater,
    SendResult,
    Sent,
    Undeliverable,
)
from bot.ports import SecondCopyError, UnreachableError
from bot.text import cut, plain

# Durations as timedelta: opt in to what the library will do anyway.
os.environ.setdefault("PTB_TIMEDELTA", "true")

REPEAT_MARK = " ↻ possible repeat"
NO_FILE = "\n(This chat takes no files, so the file is left out.)"
UPDATES = ("message", "channel_post", "callback_query", "my_chat_member")
DEADLINE_S = 30
"""A call that takes longer has an unknown fate: httpx alone would wait for ever on a server that drips."""
FEW_SENDS, OTHER_CALLS = 4, 4
"""Connections: how many sends are under way at once, and what else is said meanwhile."""
POLL_SLACK_S = 10
"""How much longer than asked a long poll may take."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TOKEN = re.compile(r"\d+:[\w-]+")
_GONE = re.compile(
    "chat not found|user not found|peer_id_invalid|chat_write_forbidden|not enough rights|have no rights|"
    "need administrator rights|chat_admin_required|bot is not a member|chat_restricted|group chat was deactivated",
    re.IGNORECASE,
)
_BAD_TEXT = re.compile("can't parse|too.long|entit", re.IGNORECASE)
_BAD_BUTTONS = re.compile("button|keyboard|reply markup is too long", re.IGNORECASE)
_NO_FILES = re.compile("document|file|chat_send_docs_forbidden", re.IGNORECASE)
_NO_TOPIC = re.compile("message thread not found|topic_closed|topic_deleted", re.IGNORECASE)
_NO_MONEY = re.compile("balance|payment|paid|stars", re.IGNORECASE)
_NOT_MODIFIED = re.compile("is not modified", re.IGNORECASE)

T = TypeVar("T")

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_certificates = cache(httpx.create_ssl_context)
"""Reading them takes longer than all else at start."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A message on its way: what is left of it after Telegram refused its first form.

    *thread* is the topic where it goes; *movable*: if that is closed, it goes to the group's General topic.
    """

    text: str
    buttons: InlineKeyboardMarkup | None
    document: Document | None = None
    html: bool = True
    paid: bool = False
    thread: int | None = None
    movable: bool = True

    @classmethod
    def of(cls, message: Message, *, marked: bool) -> Self:
        text = message.html + (REPEAT_MARK if marked else "")
        return cls(text=text, buttons=_keyboard(message.buttons), document=message.document)

    def without(self, refused: str) -> Self | None:
        """Return the draft without what Telegram *refused*, None if there is nothing of it to take away.

        Each step takes something away, so a message is tried at most six times. Better plain than lost.
        """
        if self.thread and self.movable and _NO_TOPIC.search(refused):
            return replace(self, thread=None)
        if self.paid and _NO_MONEY.search(refused):
            return replace(self, paid=False)
        if self.buttons and _BAD_BUTTONS.search(refused):
            return replace(self, buttons=None)
        if self.document and _NO_FILES.search(refused):
            return replace(self, text=self.text + NO_FILE, document=None)
        if self.html and _BAD_TEXT.search(refused):
            most = MessageLimit.CAPTION_LENGTH if self.document else MessageLimit.MAX_TEXT_LENGTH
            return replace(self, text=cut(plain(self.text), most), html=False)
        return None

    @property
    def form(self) -> dict[str, Any]:
        """Return how the text is to be read, and what stands under it."""
        return {"parse_mode": ParseMode.HTML if self.html else None, "reply_markup": self.buttons}


class TelegramChat:
    """Sends, reads and receives as one Telegram bot; use as `async with`."""

    network: Final = NETWORK

    def __init__(
        self,
        token: str,
        *,
        api_url: str = OFFICIAL_API,
        deadline_s: float = DEADLINE_S,
        sends: int = FEW_SENDS,
        closed_topic: Literal["general", "drop"] = "general",
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise ConfigError("this is no Telegram bot token: it looks like 123456:ABC-DEF…, and @BotFather gives it")
        self._token = token
        self._url = f"{api_url.rstrip('/')}/bot"
        self._deadline_s = deadline_s
        self._leaves_closed_topics = closed_topic == "general"
        self._polling = HTTPXRequest(connection_pool_size=1, httpx_kwargs={"verify": _certificates()})
        self._calling = HTTPXRequest(
            connection_pool_size=sends + OTHER_CALLS, read_timeout=20, httpx_kwargs={"verify": _certificates()}
        )
        self._bot = Bot(token, base_url=self._url, request=self._calling, get_updates_request=self._polling)
        self._username = ""

    async def __aenter__(self) -> Self:
        # Not Bot.initialize: it calls getMe, and its error text contains the token.
        await self._polling.initialize()
        await self._calling.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._polling.shutdown()
        await self._calling.shutdown()

    async def greet(self, menu: Mapping[str, str] | None = None) -> str:
        """Return our username, ready for `receive`; show *menu* (command to description) in people's apps.

        Raise ConfigError if Telegram knows no such token, UnreachableError if it cannot be asked now.
        """
        await self.ask_name()
        try:
            await self._remove_webhook()
        except (InvalidToken, BadRequest) as error:
            # It knew our token a moment ago: this Bot API server knows no webhooks, so none is in our way.
            log.warning("webhooks cannot be removed here: %s", self._reason(error))
        except TelegramError as error:
            raise self._unreachable(error) from error
        if menu:
            await self._show(menu)
        return self._username

    async def ask_name(self) -> str:
        """Return our username, changing nothing; raise as `greet` does."""
        try:
            self._username = (await self._answer(self._bot.get_me())).username or ""
        except InvalidToken as error:
            raise ConfigError("Telegram does not know this bot token; @BotFather shows the valid one") from error
        except TelegramError as error:
            raise self._unreachable(error) from error
        return self._username

    async def _remove_webhook(self) -> None:
        """Remove a webhook that somebody set: it would keep every update from us."""
        await self._answer(self._bot.delete_webhook(drop_pending_updates=False))

    async def _show(self, menu: Mapping[str, str]) -> None:
        try:
            await self._answer(self._bot.set_my_commands(list(menu.items())))
        except TelegramError as error:
            log.warning("the command menu is not set: %s", self._reason(error))

    async def receive(self, offset: int | None, wait: timedelta) -> Sequence[InboxItem]:
        """Wait for updates, oldest first, and confirm those below *offset*: store each batch before the next call.

        Raise SecondCopyError or UnreachableError.
        """
        wait_s = int(wait.total_seconds())
        asked: dict[str, object] = {"timeout": wait_s, "allowed_updates": list(UPDATES)}
        if offset is not None:
            asked["offset"] = offset
        data = RequestData([RequestParameter.from_input(name, value) for name, value in asked.items()])
        # Not Bot.get_updates: one update that the library cannot read would hold back all others.
        url = f"{self._url}{self._token}/getUpdates"
        patience = wait_s + POLL_SLACK_S
        try:
            updates = await self._answer(self._polling.post(url, data, read_timeout=patience), within_s=patience)
        except Conflict as error:
            if "webhook" in error.message:
                with suppress(TelegramError):
                    await self._remove_webhook()
            raise SecondCopyError(self._reason(error)) from error
        except TelegramError as error:
            raise self._unreachable(error) from error
        return [telegram_updates.item(update) for update in updates] if isinstance(updates, list) else []

    def read(self, item: InboxItem) -> Incoming | None:
        """Return what a stored update says; None if it is nothing for us."""
        return telegram_updates.read(item, self._username)

    async def acknowledge(self, incoming: Incoming) -> None:
        """Stop the pressed button's spinner; too late, or twice, does no harm."""
        if not incoming.callback_id:
            return
        try:
            await self._answer(self._bot.answer_callback_query(incoming.callback_id))
        except TelegramError as error:
            log.debug("a button press was not acknowledged: %s", self._reason(error))

    async def send(self, delivery: Delivery) -> SendResult:
        """Send it, or edit what it edits. Never raise for what Telegram or the room does."""
        try:
            edited = await self._edit(delivery) if delivery.edits else None
            if edited is None and delivery.kind is DeliveryKind.EDIT:
                return Undeliverable("the message is gone or can be edited no more")
            return edited or await self._say(delivery)
        except TelegramError as error:
            return self._fate(error)

    async def _say(self, delivery: Delivery) -> SendResult:
        draft = replace(
            _Draft.of(delivery.message, marked=delivery.maybe),
            paid=delivery.paid,
            thread=int(delivery.thread) if delivery.thread else None,
            movable=self._leaves_closed_topics,
        )
        message = await self._in_some_form(draft, lambda draft: self._send(delivery, draft))
        return Sent(str(message.message_id))

    def _send(self, delivery: Delivery, draft: _Draft) -> Awaitable[TelegramMessage]:
        room, document = delivery.chat.room, draft.document
        given: dict[str, Any] = {
            "message_thread_id": draft.thread,
            "disable_notification": delivery.message.silent,
            "allow_paid_broadcast": draft.paid or None,
            "reply_parameters": _reply_to(delivery.replies_to),
            **draft.form,
        }
        if document:
            return self._bot.send_document(room, document.content, filename=document.name, caption=draft.text, **given)
        return self._bot.send_message(room, draft.text, link_preview_options=_NO_PREVIEW, **given)

    async def _edit(self, delivery: Delivery) -> SendResult | None:
        """Change the message; None if it cannot be changed any more and must be said anew.

        A second edit to the same text is no second message: it is never marked, and its fate is never in doubt.
        """
        if not delivery.edits.isdecimal():
            return None
        try:
            await self._in_some_form(
                _Draft.of(delivery.message, marked=False),
                lambda draft: self._bot.edit_message_text(
                    draft.text,
                    chat_id=delivery.chat.room,
                    message_id=int(delivery.edits),
                    link_preview_options=_NO_PREVIEW,
                    **draft.form,
                ),
            )
        except BadRequest as error:
            # Whatever the reason, it says nothing against the room: people delete messages, and may take that right.
            if not _NOT_MODIFIED.search(error.message):
                log.info("a message cannot be edited: %s", self._reason(error))
                return None
        except TelegramError as error:
            fate = self._fate(error)
            return replace(fate, doubtful=False) if isinstance(fate, RetryLater) else fate
        return Sent(delivery.edits)

    async def _in_some_form(self, draft: _Draft, call: Callable[[_Draft], Awaitable[T]]) -> T:
        """Return the answer to *call* with *draft*, or with less and less of it where Telegram refuses its form."""
        while True:
            try:
                return await self._answer(call(draft))
            except BadRequest as error:
                simpler = draft.without(error.message)
                if simpler is None:
                    raise
                log.warning("Telegram refused a message of ours, it goes out simpler: %s", self._reason(error))
                draft = simpler

    def _fate(self, error: TelegramError) -> SendResult:
        """Return what became of a message whose call ended in *error* (the table of reliability.md, §2)."""
        reason = self._reason(error)
        match error:
            case RetryAfter():
                return RetryLater(after=_wait(error), flood=True, reason=reason)
            case ChatMigrated():
                return Moved(str(error.new_chat_id))
            case Forbidden():
                return Undeliverable(reason, gone=True)
            case BadRequest():
                return Undeliverable(reason, gone=bool(_GONE.search(reason)))
            case _:
                return RetryLater(doubtful=_may_have_arrived(error), flood="Too Many Requests" in reason, reason=reason)

    async def _answer(self, call: Awaitable[T], *, within_s: float | None = None) -> T:
        """Return Telegram's answer to *call*. Raise TelegramError alone, whatever goes wrong."""
        try:
            async with asyncio.timeout(within_s or self._deadline_s):
                return await call
        except TimeoutError as error:
            raise TimedOut("No answer in time") from error
        except (KeyError, TypeError, ValueError) as error:
            # Telegram said yes, in words that the library does not know.
            raise TelegramError("Unreadable answer") from error

    def _unreachable(self, error: TelegramError) -> UnreachableError:
        after = _wait(error) if isinstance(error, RetryAfter) else None
        return UnreachableError(self._reason(error), after=after)

    def _reason(self, error: TelegramError) -> str:
        """Return what went wrong in one short line; it is stored and logged, so it never contains the token."""
        return cut(f"{type(error).__name__}: {error}".replace(self._token, "[token]"), 300)


def _reply_to(message_id: str) -> ReplyParameters | None:
    """Return how to answer a message; where it was deleted, what is said stands alone."""
    return ReplyParameters(int(message_id), allow_sending_without_reply=True) if message_id.isdecimal() else None


def _may_have_arrived(error: TelegramError) -> bool:
    """Tell whether Telegram may have taken the message although its call failed.

    An error without a cause is Telegram's own word that it did not. With one, a connection that never stood carried
    nothing; of anything else (reset, time-out, a gateway's page) the fate is unknown.
    """
    return error.__cause__ is not None and not isinstance(error.__cause__, _NEVER_SENT)


def _wait(error: RetryAfter) -> timedelta:
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def _keyboard(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    keys = [[_key(button) for button in row] for row in rows if row]
    return InlineKeyboardMarkup(keys) if keys else None


def _key(button: Button) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(button.label, url=button.url)
    return InlineKeyboardButton(button.label, callback_data=button.action)
