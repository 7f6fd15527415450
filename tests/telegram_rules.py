"""What Telegram accepts: the Bot API's rules that a message must pass, with its own words of refusal. Pure.

The judge of HTML is TDLib's own parser (tdjson): the official server asks the same function. The other texts and limits
are those of the official server, with their places named in reliability.md, §1.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tdjson

Arguments = Mapping[str, str]
Json = dict[str, Any]

TEXT_MOST, CAPTION_MOST = 4096, 1024
FILE_MOST = 50 << 20
BUTTONS_MOST = 100
ENTITY_TYPES = {
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "TextUrl": "text_link",
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote",
}


class Upload(str):
    """The name of a file that came with a request, and what is in it."""

    content: bytes

    def __new__(cls, name: str, content: bytes) -> "Upload":
        upload = super().__new__(cls, name)
        upload.content = content
        return upload


class Refusal(Exception):  # noqa: N818 - it is Telegram's answer, not our error
    """The server says no, in these words."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(why: str) -> Refusal:
    return Refusal(400, f"Bad Request: {why}")


def ask_tdlib(query: Json) -> Json:
    answer = tdjson.td_execute(json.dumps(query).encode())
    return dict(json.loads(answer)) if answer else {}


ask_tdlib({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def parse_html(html: str) -> tuple[str, list[Json]]:
    """Return the words and entities of *html* as Telegram's own parser sees them."""
    parsed = ask_tdlib({"@type": "parseTextEntities", "text": html, "parse_mode": {"@type": "textParseModeHTML"}})
    if parsed["@type"] == "error":
        raise bad_request("can't parse entities: " + parsed["message"].split(": ", 1)[1])
    return parsed["text"], [_entity(entity) for entity in parsed["entities"]]


def _entity(entity: Json) -> Json:
    kind = entity["type"]
    name = ENTITY_TYPES.get(kind["@type"].removeprefix("textEntityType"), "unknown")
    extras = {key: kind[key] for key in ("url", "language") if key in kind}
    return {"type": name, "offset": entity["offset"], "length": entity["length"], **extras}


def read_text(arguments: Arguments) -> tuple[str, list[Json]]:
    """Return the words and entities of a message. Its length counts code points, after parsing and trimming."""
    text, entities = _formatted(arguments, "text")
    if not text:
        raise bad_request("message text is empty")
    if len(text) > TEXT_MOST:
        raise bad_request("message is too long")
    return text, entities


def read_caption(arguments: Arguments) -> tuple[str, list[Json]]:
    text, entities = _formatted(arguments, "caption")
    if len(text) > CAPTION_MOST:
        raise bad_request("message caption is too long")
    return text, entities


def read_document(arguments: Arguments) -> Upload:
    """Return the file that came with the request; we keep no file ids, and fetch no addresses."""
    given = arguments.get("document", "")
    if given.startswith("attach://"):
        given = arguments.get(given.removeprefix("attach://"), "")
    if not given:
        raise bad_request("there is no document in the request")
    if not isinstance(given, Upload):
        raise bad_request("wrong file identifier/HTTP URL specified")
    if not given.content:
        raise bad_request("file must be non-empty")
    if len(given.content) > FILE_MOST:
        raise Refusal(413, "Request Entity Too Large")
    return given


def _formatted(arguments: Arguments, name: str) -> tuple[str, list[Json]]:
    text, entities = arguments.get(name, ""), list[Json]()
    match arguments.get("parse_mode", "").lower():
        case "html":
            text, entities = parse_html(text)
        case "" | "none":
            pass
        case _:
            raise bad_request("unsupported parse_mode")
    return text.strip(" \n\r\t"), entities


def read_keyboard(arguments: Arguments) -> Json | None:
    """Return the inline keyboard, None for none or an empty one."""
    markup = json.loads(arguments.get("reply_markup") or "{}")
    rows = [row for row in markup.get("inline_keyboard", []) if row]
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check_button(button)
    if len(buttons) > BUTTONS_MOST:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: Json) -> None:
    if not button.get("text"):
        raise bad_request("can't parse inline keyboard button: text buttons are unallowed in the inline keyboard")
    data, url = button.get("callback_data"), button.get("url")
    if data is None and url is None:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if data is not None and not 1 <= len(data.encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if url is not None and not re.match(r"(https?|tg)://\S+\.?\S*", url):
        raise bad_request("BUTTON_URL_INVALID")


def read_commands(arguments: Arguments) -> list[Json]:
    commands: list[Json] = json.loads(arguments.get("commands") or "[]")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return commands


def check_callback_answer(arguments: Arguments) -> None:
    if len(arguments.get("text", "")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass
class Flood:
    """Flood control as bots meet it: 30 a second in all, 20 a minute to a group, bursts of 12 in 10 s to a person."""

    per_second: int = 30
    to_all: deque[float] = field(default_factory=deque)
    to_chat: dict[int, deque[float]] = field(default_factory=dict)

    def count(self, chat: int, now: float) -> None:
        """Count a message to *chat* at *now* seconds, or refuse it; a refused one does not count."""
        mine = self.to_chat.setdefault(chat, deque())
        most, span = (20, 60.0) if chat < 0 else (12, 10.0)
        _make_room(self.to_all, self.per_second, 1.0, now)
        _make_room(mine, most, span, now)
        self.to_all.append(now)
        mine.append(now)


def _make_room(times: deque[float], most: int, span: float, now: float) -> None:
    while times and times[0] <= now - span:
        times.popleft()
    if len(times) >= most:
        wait = int(times[0] + span - now) + 1
        raise Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
