"""The fake is no help unless it refuses what Telegram refuses, so it is tested itself, with plain HTTP."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from tests.fake_telegram import TOKEN, FakeTelegram

ANN = 1
GROUP = -1001
CLUB = -1002

Ask = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(ANN)
        fake.chat(GROUP)
        yield fake


@pytest.fixture
async def ask(telegram: FakeTelegram) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, *, token: str = TOKEN, **arguments: Any) -> dict[str, Any]:
            async with session.post(f"{telegram.url}/bot{token}/{method}", **body(arguments)) as response:
                answer: dict[str, Any] = await response.json()
                assert answer["ok"] is (response.status == 200)
                return answer

        yield ask


def body(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return *arguments* as JSON, or as a form if a file is among them, as any client must send it."""
    if not any(isinstance(value, bytes) for value in arguments.values()):
        return {"json": dict(arguments)}
    form = aiohttp.FormData()
    for name, value in arguments.items():
        if isinstance(value, bytes):
            form.add_field(name, io.BytesIO(value), filename="talks.ics")
        else:
            form.add_field(name, str(value))
    return {"data": form}


def buttons(*labels: str, data: str = "x") -> str:
    return json.dumps({"inline_keyboard": [[{"text": label, "callback_data": data} for label in labels]]})


SEND = "sendMessage"
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    (SEND, {"text": "<p>x</p>"}, 'can\'t parse entities: Unsupported start tag "p" at byte offset 0'),
    (SEND, {"text": "<b>x"}, "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
    (SEND, {"text": "a < b"}, 'can\'t parse entities: Unsupported start tag "" at byte offset 2'),
    (SEND, {"text": "a<br/>b"}, 'can\'t parse entities: Unsupported start tag "br/" at byte offset 1'),
    (
        SEND,
        {"text": "<b><i>x</b></i>"},
        'can\'t parse entities: Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
    ),
    (SEND, {"text": ""}, "message text is empty"),
    (SEND, {"text": "<b> \n</b>"}, "message text is empty"),
    (SEND, {"text": "x" * 4097}, "message is too long"),
    (SEND, {"text": "x", "parse_mode": "Markdown9"}, "unsupported parse_mode"),
    (SEND, {"text": "x", "chat_id": 99}, "chat not found"),
    (SEND, {"text": "x", "chat_id": ""}, "chat_id is empty"),
    (SEND, {"text": "x", "reply_markup": buttons("a", data="é" * 33)}, "BUTTON_DATA_INVALID"),
    (SEND, {"text": "x", "reply_markup": buttons("a", data="")}, "BUTTON_DATA_INVALID"),
    (SEND, {"text": "x", "reply_markup": buttons(*"a" * 101)}, "reply markup is too long"),
    ("sendPhoto", {"photo": "p", "caption": "x" * 1025}, "message caption is too long"),
    ("sendDocument", {}, "there is no document in the request"),
    ("sendDocument", {"document": "attach://file"}, "there is no document in the request"),
    ("sendDocument", {"document": "BQACAgIA"}, "wrong file identifier/HTTP URL specified"),
    ("sendDocument", {"document": b""}, "file must be non-empty"),
    ("sendDocument", {"document": b"x", "caption": "x" * 1025}, "message caption is too long"),
    ("editMessageText", {"message_id": 77, "text": "x"}, "message to edit not found"),
    ("deleteMessage", {"message_id": 77}, "message to delete not found"),
    ("pinChatMessage", {"message_id": 77}, "message to pin not found"),
    ("leaveChat", {}, "chat member status can't be changed in private chats"),
    ("setMyCommands", {"commands": '[{"command": "Now!", "description": "x"}]'}, "BOT_COMMAND_INVALID"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "5"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
]


@pytest.mark.parametrize(("method", "arguments", "words"), REFUSALS, ids=[words[:30] for _, _, words in REFUSALS])
async def test_it_refuses_in_telegrams_words(ask: Ask, method: str, arguments: dict[str, Any], words: str) -> None:
    answer = await ask(method, **{"chat_id": ANN, "parse_mode": "HTML"} | arguments)

    assert answer == {"ok": False, "error_code": 400, "description": f"Bad Request: {words}"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x" * 4096},
        {"text": "😀" * 4096},
        {"text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"},
        {"text": "x", "reply_markup": buttons("a", data="é" * 32)},
        {"text": "x", "reply_markup": buttons(*"a" * 100)},
    ],
)
async def test_it_takes_what_is_just_small_enough(ask: Ask, arguments: dict[str, Any]) -> None:
    assert (await ask("sendMessage", chat_id=ANN, **arguments))["ok"]


@pytest.mark.parametrize("arguments", [{"document": b"x"}, {"document": "attach://mine", "mine": b"x"}])
async def test_a_file_arrives_with_its_name_and_the_words_under_it(
    telegram: FakeTelegram, ask: Ask, arguments: dict[str, Any]
) -> None:
    answer = await ask("sendDocument", chat_id=ANN, caption="<b>Talks</b>", parse_mode="HTML", **arguments)

    [message] = telegram.accepted
    assert message.upload
    assert (message.upload, message.upload.content, message.text) == ("talks.ics", b"x", "Talks")
    assert [entity["type"] for entity in message.entities] == ["bold"]
    assert answer["result"]["document"]["file_size"] == 1


async def test_a_file_of_more_than_50_megabytes_is_refused(ask: Ask) -> None:
    answer = await ask("sendDocument", chat_id=ANN, document=bytes((50 << 20) + 1))

    assert answer == {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}


async def test_the_words_under_a_file_are_no_text_to_edit(ask: Ask) -> None:
    sent = await ask("sendDocument", chat_id=ANN, document=b"x")

    answer = await ask("editMessageText", chat_id=ANN, message_id=sent["result"]["message_id"], text="new")

    assert answer["description"] == "Bad Request: there is no text in the message to edit"


async def test_what_it_takes_is_what_people_see(telegram: FakeTelegram, ask: Ask) -> None:
    html = '<b>Truce</b> &amp; <a href="https://e.example/">more</a>'

    await ask("sendMessage", chat_id=ANN, text=html, parse_mode="HTML", disable_notification=True)

    [message] = telegram.accepted
    assert (message.chat, message.text, message.silent, message.preview) == (ANN, "Truce & more", True, True)
    assert [entity["type"] for entity in message.entities] == ["bold", "text_link"]


@pytest.mark.parametrize(
    ("happens", "chat", "answer"),
    [
        (lambda t: t.block(ANN), ANN, (403, "Forbidden: bot was blocked by the user")),
        (lambda t: t.deactivate(ANN), ANN, (403, "Forbidden: user is deactivated")),
        (lambda t: t.kick(GROUP), GROUP, (403, "Forbidden: bot was kicked from the supergroup chat")),
        (
            lambda t: t.migrate(CLUB, -1003),
            CLUB,
            (400, "Bad Request: group chat was upgraded to a supergroup chat"),
        ),
        (lambda t: t.chat(GROUP).closed_topics.add(5), GROUP, (400, "Bad Request: TOPIC_CLOSED")),
    ],
)
async def test_a_chat_can_close_its_door(
    telegram: FakeTelegram, ask: Ask, happens: Callable[[FakeTelegram], object], chat: int, answer: tuple[int, str]
) -> None:
    happens(telegram)

    refused = await ask("sendMessage", chat_id=chat, text="x", message_thread_id=5)

    assert (refused["error_code"], refused["description"]) == answer
    assert telegram.accepted == []


async def test_a_migrated_group_tells_its_new_id(telegram: FakeTelegram, ask: Ask) -> None:
    telegram.migrate(CLUB, -1003)

    answer = await ask("sendMessage", chat_id=CLUB, text="x")

    assert answer["parameters"] == {"migrate_to_chat_id": -1003}


async def test_it_leaves_a_group_for_good(ask: Ask) -> None:
    await ask("leaveChat", chat_id=GROUP)

    answer = await ask("sendMessage", chat_id=GROUP, text="x")
    assert answer["description"] == "Forbidden: bot is not a member of the supergroup chat"


async def test_an_edit_must_change_something_of_our_own(telegram: FakeTelegram, ask: Ask) -> None:
    telegram.say(ANN, "hello")
    ours = (await ask("sendMessage", chat_id=ANN, text="a", reply_markup=buttons("b")))["result"]["message_id"]

    same = await ask("editMessageText", chat_id=ANN, message_id=ours, text="a", reply_markup=buttons("b"))
    no_buttons = await ask("editMessageReplyMarkup", chat_id=ANN, message_id=ours)
    again = await ask("editMessageReplyMarkup", chat_id=ANN, message_id=ours)
    theirs = await ask("editMessageText", chat_id=ANN, message_id=1, text="b")

    assert same["description"].startswith("Bad Request: message is not modified: specified new message content")
    assert "reply_markup" not in no_buttons["result"]
    assert again["description"].startswith("Bad Request: message is not modified")
    assert theirs["description"] == "Bad Request: message can't be edited"


async def test_a_press_is_answered_once(telegram: FakeTelegram, ask: Ask) -> None:
    sent = await ask("sendMessage", chat_id=ANN, text="a", reply_markup=buttons("yes", data="y"))
    query = telegram.press(ANN, sent["result"]["message_id"], "yes")

    first = await ask("answerCallbackQuery", callback_query_id=query)
    second = await ask("answerCallbackQuery", callback_query_id=query)

    assert (first["ok"], second["ok"]) == (True, False)


async def test_updates_stay_until_a_higher_offset_confirms_them(telegram: FakeTelegram, ask: Ask) -> None:
    first, second = telegram.say(ANN, "one"), telegram.say(ANN, "two")

    seen = [
        [update["update_id"] for update in (await ask("getUpdates", offset=offset, limit=limit))["result"]]
        for offset, limit in ((0, 100), (first, 1), (second, 100), (-1, 100))
    ]

    assert seen == [[first, second], [first], [second], [second]]
    assert telegram.confirmed == first


async def test_a_long_poll_wakes_when_somebody_speaks(telegram: FakeTelegram, ask: Ask) -> None:
    poll = asyncio.create_task(ask("getUpdates", timeout=30))
    await telegram.hears("getUpdates")

    telegram.say(ANN, "/now")

    [update] = (await asyncio.wait_for(poll, 5))["result"]
    assert update["message"]["text"] == "/now"


async def test_the_older_of_two_polls_dies(telegram: FakeTelegram, ask: Ask) -> None:
    older = asyncio.create_task(ask("getUpdates", timeout=30))
    await telegram.hears("getUpdates")

    newer = asyncio.create_task(ask("getUpdates", offset=1, timeout=30))
    answer = await asyncio.wait_for(older, 5)
    telegram.say(ANN, "hi")

    assert answer["error_code"] == 409
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request; make sure that only one")
    assert len((await asyncio.wait_for(newer, 5))["result"]) == 1


async def test_no_polling_beside_a_webhook(ask: Ask) -> None:
    await ask("setWebhook", url="https://h.example/")
    refused = await ask("getUpdates")
    await ask("deleteWebhook")

    assert refused["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    assert (await ask("getWebhookInfo"))["result"]["url"] == ""
    assert (await ask("getUpdates"))["ok"]


async def test_updates_nobody_asked_for_are_not_kept(telegram: FakeTelegram, ask: Ask) -> None:
    await ask("getUpdates", allowed_updates='["my_chat_member"]')

    telegram.say(ANN, "hi")
    telegram.block(ANN)

    [update] = (await ask("getUpdates", offset=1))["result"]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_flood_control_says_how_long_to_wait(telegram: FakeTelegram, ask: Ask) -> None:
    telegram.tune(flood=True)

    to_ann = [await ask("sendMessage", chat_id=ANN, text="x") for _ in range(13)]

    assert [answer["ok"] for answer in to_ann] == [True] * 12 + [False]
    wait = to_ann[-1]["parameters"]["retry_after"]
    assert to_ann[-1]["description"] == f"Too Many Requests: retry after {wait}"
    assert (await ask("sendMessage", chat_id=GROUP, text="x"))["ok"]


async def test_strangers_and_unknown_methods_are_refused(ask: Ask) -> None:
    assert (await ask("getMe", token=TOKEN[:-1]))["error_code"] == 401
    assert (await ask("sendTelepathy"))["description"] == "Not Found: method not found"


async def test_commands_chats_and_members_can_be_asked_for(telegram: FakeTelegram, ask: Ask) -> None:
    telegram.chat(GROUP).admins.add(7)
    menu = [{"command": "now", "description": "What stands"}]
    await ask("setMyCommands", commands=json.dumps(menu))

    assert (await ask("getMyCommands"))["result"] == menu
    assert (await ask("getChat", chat_id=GROUP))["result"]["type"] == "supergroup"
    assert (await ask("getChatMember", chat_id=GROUP, user_id=7))["result"]["status"] == "creator"
    assert (await ask("getChatMember", chat_id=GROUP, user_id=8))["result"]["status"] == "member"


@pytest.mark.parametrize(
    ("kind", "arrives"),
    [
        ("reset_before", 0),
        ("reset_after", 1),
        ("html_502", 0),
        ("html_502_after", 1),
        ("garbled_after", 1),
        ("slow", 1),
    ],
)
async def test_faults_strike_before_or_after_acceptance(
    telegram: FakeTelegram, ask: Ask, kind: str, arrives: int
) -> None:
    telegram.fault(kind)

    with suppress(aiohttp.ClientError):
        await ask("sendMessage", chat_id=ANN, text="x")

    assert len(telegram.accepted) == arrives
    assert (await ask("sendMessage", chat_id=ANN, text="y"))["ok"]


async def test_it_runs_as_a_process_that_is_steered_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fake_telegram", "0"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with aiohttp.ClientSession() as session:
            await session.post(f"{url}/control/say", json={"chat": 1, "text": "/start"})
            await session.post(f"{url}/control/fault", json={"kind": "error", "code": 500})
            await session.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": 1, "text": "lost"})
            await session.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": 1, "text": "hello"})
            state = await (await session.get(f"{url}/control/state")).json()
    finally:
        process.terminate()
        await process.wait()

    assert [message["text"] for message in state["accepted"]] == ["hello"]
    assert (state["pending"], state["calls"], state["refusals"]) == (1, 2, {"500": 1})
