"""What Telegram does to a message, over real HTTP: every line of the error table of reliability.md, §2."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.telegram import NO_FILE, REPEAT_MARK, TelegramChat
from bot.errors import ConfigError
from bot.model import (
    Button,
    ChatId,
    Delivery,
    DeliveryKind,
    Document,
    Message,
    Moved,
    RetryLater,
    SendResult,
    Sent,
    Undeliverable,
)
from tests import make
from tests.fake_telegram import TOKEN, FakeTelegram

ANN = 1
ROOM = ChatId("telegram", str(ANN))
GROUP = -1001


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(ANN)
        yield fake


@pytest.fixture
async def chat(telegram: FakeTelegram) -> AsyncIterator[TelegramChat]:
    async with TelegramChat(TOKEN, api_url=telegram.url) as chat:
        yield chat


def owed(html: str = "<b>Truce</b> agreed", **given: Any) -> Delivery:
    shape = {name: given.pop(name) for name in ("buttons", "silent", "document") if name in given}
    message = Message(html=html, **shape)
    defaults: dict[str, Any] = {"chat": ROOM, "message": message}
    return make.delivery(**defaults | given)


# ------------------------------------------------------------------------------------------ sending
async def test_a_message_arrives_as_it_was_rendered(telegram: FakeTelegram, chat: TelegramChat) -> None:
    rows = (
        (Button("Why", action="why:1"), Button("Read", url="https://news.example/1")),
        (Button("Mute", action="m"),),
    )

    result = await chat.send(owed(buttons=rows, silent=True))

    [message] = telegram.accepted
    assert result == Sent(str(message.message_id))
    assert (message.text, message.entities[0]["type"]) == ("Truce agreed", "bold")
    assert (message.labels, message.silent, message.preview) == (["Why", "Read", "Mute"], True, False)


async def test_a_message_makes_a_sound_unless_it_is_silent(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed())

    assert not telegram.accepted[0].silent


async def test_a_possible_repeat_is_marked_and_else_the_same(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed())
    await chat.send(owed(maybe=True))

    first, second = telegram.accepted
    assert second.text == first.text + REPEAT_MARK
    assert second.entities == first.entities


async def test_only_what_leaves_above_the_free_pace_is_paid_for(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed())
    await chat.send(owed(paid=True))

    assert [call.arguments.get("allow_paid_broadcast") for call in telegram.calls] == [None, "true"]


async def test_a_message_that_we_cannot_pay_for_goes_out_for_free(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("error", code=400, description="Bad Request: BALANCE_TOO_LOW")

    result = await chat.send(owed(paid=True))

    assert result == Sent(str(telegram.accepted[0].message_id))
    assert [call.arguments.get("allow_paid_broadcast") for call in telegram.calls] == ["true", None]


TRY_AGAIN = RetryLater(doubtful=False)
IN_DOUBT = RetryLater(doubtful=True)
FLOOD = {"code": 429, "description": "Too Many Requests: retry after 7", "parameters": {"retry_after": 7}}
FATES: list[tuple[str, dict[str, Any], SendResult, int]] = [
    ("error", FLOOD, RetryLater(after=timedelta(seconds=7), flood=True), 0),
    ("error", {"code": 429, "description": "Too Many Requests"}, RetryLater(flood=True), 0),
    ("error", {"code": 500}, TRY_AGAIN, 0),
    ("error", {"code": 401, "description": "Unauthorized"}, TRY_AGAIN, 0),
    ("html_502", {}, IN_DOUBT, 0),
    ("html_502_after", {}, IN_DOUBT, 1),
    ("garbled_after", {}, IN_DOUBT, 1),
    ("reset_before", {}, IN_DOUBT, 0),
    ("reset_after", {}, IN_DOUBT, 1),
    ("hang", {}, IN_DOUBT, 0),
    ("hang_after", {}, IN_DOUBT, 1),
    ("drip_after", {}, IN_DOUBT, 1),
]


@pytest.mark.parametrize(
    ("kind", "given", "fate", "arrived"), FATES, ids=[f"{kind}{given.get('code', '')}" for kind, given, _, _ in FATES]
)
async def test_what_surely_did_not_arrive_is_told_from_what_may_have(
    telegram: FakeTelegram, kind: str, given: dict[str, Any], fate: SendResult, arrived: int
) -> None:
    telegram.fault(kind, **given)

    async with TelegramChat(TOKEN, api_url=telegram.url, deadline_s=0.3) as chat, asyncio.timeout(5):
        result = await chat.send(owed())

    assert isinstance(result, RetryLater)
    assert replace(result, reason="") == fate
    assert len(telegram.accepted) == arrived


async def test_a_reason_never_tells_the_token(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("error", description=f"no route to /bot{TOKEN}/sendMessage " + "x" * 1000)

    result = await chat.send(owed())

    assert isinstance(result, RetryLater)
    assert result.reason.startswith("NetworkError: no route to /bot[token]/sendMessage")
    assert len(result.reason) == 300


async def test_a_slow_answer_is_an_answer(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("slow", seconds=0.2)

    assert isinstance(await chat.send(owed()), Sent)


async def test_what_never_left_is_not_in_doubt(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await telegram.go_down()

    refused = await chat.send(owed())
    await telegram.come_up()
    accepted = await chat.send(owed())

    assert isinstance(refused, RetryLater)
    assert (refused.doubtful, refused.reason) == (
        False,
        "NetworkError: httpx.ConnectError: All connection attempts failed",
    )
    assert isinstance(accepted, Sent)


@pytest.mark.parametrize(
    ("happens", "room", "words"),
    [
        (lambda t: t.block(ANN), ANN, "Forbidden: bot was blocked by the user"),
        (lambda t: t.deactivate(ANN), ANN, "Forbidden: user is deactivated"),
        (lambda t: t.add(GROUP) and t.kick(GROUP), GROUP, "Forbidden: bot was kicked from the supergroup chat"),
        (lambda _: None, 404, "Chat not found"),
    ],
)
async def test_a_chat_that_takes_nothing_any_more_is_gone(
    telegram: FakeTelegram, chat: TelegramChat, happens: Callable[[FakeTelegram], object], room: int, words: str
) -> None:
    happens(telegram)

    result = await chat.send(owed(chat=ChatId("telegram", str(room))))

    assert isinstance(result, Undeliverable)
    assert result.gone
    assert words in result.reason


async def test_a_group_that_moved_tells_where_to(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.migrate(-5, -1005)

    result = await chat.send(owed(chat=ChatId("telegram", "-5")))

    assert result == Moved("-1005")


async def test_our_own_mistake_does_not_lose_the_chat(chat: TelegramChat) -> None:
    result = await chat.send(owed(" "))

    assert isinstance(result, Undeliverable)
    assert not result.gone
    assert "text is empty" in result.reason


# ------------------------------------------------------------------------------------------ better plain than lost
@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Truce &amp; talks</p>", "Truce & talks"),
        ("<b>Truce &amp; talks", "Truce & talks"),
        ("<b>" + "x" * 5000 + "</b>", "x" * 4095 + "…"),
    ],
)
async def test_a_text_that_telegram_refuses_goes_out_plain(
    telegram: FakeTelegram, chat: TelegramChat, html: str, words: str
) -> None:
    result = await chat.send(owed(html, buttons=((Button("Why", action="w"),),)))

    [message] = telegram.accepted
    assert isinstance(result, Sent)
    assert (message.text, message.entities, message.labels) == (words, (), ["Why"])


async def test_buttons_that_telegram_refuses_do_not_hold_the_words_back(
    telegram: FakeTelegram, chat: TelegramChat
) -> None:
    result = await chat.send(owed(buttons=((Button("Why", action="x" * 65),),)))

    [message] = telegram.accepted
    assert isinstance(result, Sent)
    assert (message.text, message.entities[0]["type"], message.labels) == ("Truce agreed", "bold", [])


async def test_a_message_wrong_in_every_way_still_arrives(telegram: FakeTelegram, chat: TelegramChat) -> None:
    result = await chat.send(owed("<p>Truce", maybe=True, buttons=((Button("", action=""),),)))

    [message] = telegram.accepted
    assert isinstance(result, Sent)
    assert message.text == "Truce" + REPEAT_MARK
    assert telegram.count("sendMessage") == 3


async def test_a_refusal_that_nothing_helps_is_tried_once(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("error", times=None, code=400, description="Bad Request: can't parse entities: always")

    result = await chat.send(owed())

    assert isinstance(result, Undeliverable)
    assert telegram.count("sendMessage") == 2


# ------------------------------------------------------------------------------------------ files
TALKS = Document("talks.ics", b"BEGIN:VCALENDAR\r\n")


async def test_a_file_arrives_byte_for_byte_with_the_words_under_it(telegram: FakeTelegram, chat: TelegramChat) -> None:
    rows = ((Button("Why", action="why:1"),),)

    result = await chat.send(owed("<b>Talks</b>", document=TALKS, silent=True, buttons=rows, maybe=True))

    [message] = telegram.accepted
    assert result == Sent(str(message.message_id))
    assert message.upload
    assert (message.upload, message.upload.content) == (TALKS.name, TALKS.content)
    assert (message.text, message.entities[0]["type"]) == ("Talks" + REPEAT_MARK, "bold")
    assert (message.silent, message.labels) == (True, ["Why"])


async def test_too_many_words_under_a_file_are_cut_rather_than_lost(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed("<b>" + "x" * 1025 + "</b>", document=TALKS))

    [message] = telegram.accepted
    assert message.upload == TALKS.name
    assert (len(message.text), message.entities) == (1024, ())


@pytest.mark.parametrize("words", ["not enough rights to send documents to the chat", "CHAT_SEND_DOCS_FORBIDDEN"])
async def test_a_chat_that_takes_no_files_is_told_the_words_and_is_not_given_up(
    telegram: FakeTelegram, chat: TelegramChat, words: str
) -> None:
    telegram.fault("error", method="sendDocument", times=None, code=400, description=f"Bad Request: {words}")

    result = await chat.send(owed("Talks", document=TALKS))

    [message] = telegram.accepted
    assert result == Sent(str(message.message_id))
    assert (message.text, message.upload) == ("Talks" + NO_FILE, None)


@pytest.mark.parametrize(("kind", "doubtful"), [("reset_after", True), ("error", False)])
async def test_a_file_that_got_no_answer_may_have_arrived(
    telegram: FakeTelegram, chat: TelegramChat, kind: str, doubtful: bool
) -> None:
    telegram.fault(kind, method="sendDocument")

    result = await chat.send(owed("Talks", document=TALKS))

    assert isinstance(result, RetryLater)
    assert result.doubtful is doubtful


# ------------------------------------------------------------------------------------------ editing
async def test_an_edit_changes_the_message_in_place(telegram: FakeTelegram, chat: TelegramChat) -> None:
    first = await chat.send(owed("Talks planned"))
    assert isinstance(first, Sent)

    result = await chat.send(owed("Talks held", edits=first.external_id, maybe=True))

    assert result == first
    assert telegram.rooms[ANN].messages[1]["text"] == "Talks held"
    assert len(telegram.accepted) == 1


async def test_an_edit_that_changes_nothing_has_succeeded(telegram: FakeTelegram, chat: TelegramChat) -> None:
    rows = ((Button("Why", action="w"),),)
    first = await chat.send(owed("Talks", buttons=rows))
    assert isinstance(first, Sent)

    assert await chat.send(owed("Talks", buttons=rows, edits=first.external_id)) == first
    assert "reply_markup" in telegram.rooms[ANN].messages[1]


@pytest.mark.parametrize("edits", ["77", "1", "no number"])
async def test_what_cannot_be_edited_is_said_anew(telegram: FakeTelegram, chat: TelegramChat, edits: str) -> None:
    telegram.say(ANN, "message 1 is Ann's own")

    result = await chat.send(owed("Talks held", edits=edits))

    assert result == Sent("2")
    assert [message.text for message in telegram.accepted] == ["Talks held"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "hang_after"])
async def test_an_edit_is_repeated_without_doubt(telegram: FakeTelegram, kind: str) -> None:
    async with TelegramChat(TOKEN, api_url=telegram.url, deadline_s=0.3) as chat:
        await chat.send(owed("Talks planned"))
        telegram.fault(kind, method="editMessageText")

        first = await chat.send(owed("Talks held", edits="1"))
        second = await chat.send(owed("Talks held", edits="1"))

    assert isinstance(first, RetryLater)
    assert not first.doubtful
    assert second == Sent("1")
    assert telegram.rooms[ANN].messages[1]["text"] == "Talks held"


async def test_an_edit_in_bad_html_goes_out_plain(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed("Talks planned"))

    assert await chat.send(owed("<p>Talks held", edits="1")) == Sent("1")
    assert telegram.rooms[ANN].messages[1]["text"] == "Talks held"


@pytest.mark.parametrize("edits", ["77", "no number"])
async def test_an_alert_that_cannot_be_edited_any_more_is_not_said_anew(
    telegram: FakeTelegram, chat: TelegramChat, edits: str
) -> None:
    result = await chat.send(owed("Talks held", edits=edits, kind=DeliveryKind.EDIT))

    assert isinstance(result, Undeliverable)
    assert not result.gone
    assert telegram.accepted == []


async def test_a_word_answers_its_alert_and_stands_alone_where_that_was_deleted(
    telegram: FakeTelegram, chat: TelegramChat
) -> None:
    await chat.send(owed("Talks planned"))

    await chat.send(owed("Talks off", kind=DeliveryKind.UPDATE, replies_to="1"))
    await chat.send(owed("Talks on", kind=DeliveryKind.UPDATE, replies_to="77"))

    assert [message.replies_to for message in telegram.accepted] == [0, 1, 0]


REFUSED_EDITS = (
    "MESSAGE_AUTHOR_REQUIRED",
    "message can't be edited",
    "have no rights to edit the message",
    "there is no text in the message to edit",
    "TOPIC_CLOSED",
)


@pytest.mark.parametrize("why", REFUSED_EDITS)
@pytest.mark.parametrize(("kind", "said"), [(DeliveryKind.EDIT, 0), (DeliveryKind.REPLY, 1)])
async def test_a_refused_edit_says_nothing_against_the_chat_and_an_answer_is_said_anew(
    telegram: FakeTelegram, chat: TelegramChat, why: str, kind: DeliveryKind, said: int
) -> None:
    telegram.fault("error", method="editMessageText", code=400, description=f"Bad Request: {why}")

    result = await chat.send(owed("Talks held", edits="1", kind=kind))

    assert len(telegram.accepted) == said
    assert isinstance(result, Sent) if said else isinstance(result, Undeliverable) and not result.gone


async def test_an_edit_in_a_chat_that_blocked_us_is_undeliverable(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.send(owed("Talks planned"))
    telegram.block(ANN)

    result = await chat.send(owed("Talks held", edits="1"))

    assert isinstance(result, Undeliverable)
    assert result.gone


# ------------------------------------------------------------------------------------------ greeting
async def test_greeting_tells_our_name_and_sets_the_menu(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.webhook = "https://forgotten.example/"
    telegram.say(ANN, "/start")

    name = await chat.greet({"latest": "The newest stories", "now": "What stands"})

    assert name == "parley_test_bot"
    assert telegram.webhook == ""
    assert len(telegram.updates) == 1
    assert telegram.commands["", ""][1] == {"command": "now", "description": "What stands"}


async def test_a_menu_that_telegram_refuses_keeps_nobody_from_the_news(
    chat: TelegramChat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "bot"):
        name = await chat.greet({"Not A Command": "x"})

    assert name == "parley_test_bot"
    assert "the command menu is not set: BadRequest: Bot_command_invalid" in caplog.text


async def test_a_bot_api_server_that_knows_no_webhooks_will_do(chat: TelegramChat, telegram: FakeTelegram) -> None:
    telegram.fault("error", method="deleteWebhook", code=404, description="Not Found: method not found")

    name = await chat.greet()

    assert name == "parley_test_bot"


async def test_a_token_that_telegram_does_not_know_is_the_operators_to_mend(telegram: FakeTelegram) -> None:
    wrong = TOKEN[:-4] + "zzzz"

    async with TelegramChat(wrong, api_url=telegram.url) as chat:
        with pytest.raises(ConfigError, match="does not know this bot token") as told:
            await chat.greet()

    assert wrong not in str(told.value)


@pytest.mark.parametrize("token", ["", "hello", TOKEN + "\n", f"bot{TOKEN}"])
def test_what_is_no_token_is_refused_before_it_travels(token: str) -> None:
    with pytest.raises(ConfigError, match="no Telegram bot token"):
        TelegramChat(token)


async def test_cancelling_a_send_leaves_the_chat_usable(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.fault("hang")
    sending = asyncio.create_task(chat.send(owed()))
    await telegram.hears("sendMessage")

    sending.cancel()
    await asyncio.wait({sending})

    assert sending.cancelled()
    assert isinstance(await chat.send(owed()), Sent)
