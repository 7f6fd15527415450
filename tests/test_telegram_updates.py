"""What people do reaches us once it is stored: the long poll, and what a stored update says."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.telegram import TelegramChat
from bot.model import Button, ChatId, InboxItem, Incoming, Message
from bot.ports import SecondCopyError, UnreachableError
from tests import make
from tests.fake_telegram import TOKEN, FakeTelegram

ANN = 1
ROOM = ChatId("telegram", str(ANN))
GROUP = -1001
GROUP_ROOM = ChatId("telegram", str(GROUP))
CHANNEL = -1002
CHANNEL_ROOM = ChatId("telegram", str(CHANNEL))
SOON = timedelta(seconds=1)
LATER = timedelta(seconds=30)


@pytest.fixture
async def chat(telegram: FakeTelegram) -> AsyncIterator[TelegramChat]:
    async with TelegramChat(TOKEN, api_url=telegram.url) as chat:
        await chat.greet()
        yield chat


async def heard(chat: TelegramChat) -> list[Incoming | None]:
    return [chat.read(item) for item in await chat.receive(None, SOON)]


# ------------------------------------------------------------------------------------------ the long poll
async def test_an_update_stays_with_telegram_until_the_next_offset(telegram: FakeTelegram, chat: TelegramChat) -> None:
    first, second = telegram.say(ANN, "one"), telegram.say(ANN, "two")

    items = await chat.receive(None, SOON)
    again = await chat.receive(first, SOON)
    rest = await chat.receive(second, SOON)

    assert [item.update_id for item in items] == [first, second]
    assert again == items
    assert rest == items[1:]
    assert items[0].network == "telegram"


async def test_what_is_kept_of_an_update_is_all_of_it(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.say(ANN, "перемир'я 🕊 \ud83d")

    [item] = await chat.receive(None, SOON)

    assert json.loads(item.raw) == telegram.updates[0]
    assert item.raw.isascii()


async def test_an_empty_poll_ends_after_its_time(telegram: FakeTelegram, chat: TelegramChat) -> None:
    assert await chat.receive(None, timedelta(seconds=0)) == []
    assert telegram.calls[-1].arguments == {
        "timeout": "0",
        "allowed_updates": '["message", "channel_post", "callback_query", "my_chat_member"]',
    }


async def test_a_waiting_poll_wakes_when_somebody_speaks(telegram: FakeTelegram, chat: TelegramChat) -> None:
    waiting = asyncio.create_task(chat.receive(None, LATER))
    await telegram.hears("getUpdates")

    telegram.say(ANN, "/now")

    [item] = await asyncio.wait_for(waiting, 5)
    assert chat.read(item) == Incoming(chat=ROOM, text="/now", language="en")


@pytest.mark.long
async def test_a_poll_may_wait_longer_than_any_other_call(chat: TelegramChat) -> None:
    assert await chat.receive(None, timedelta(seconds=6)) == []


async def test_messages_are_sent_while_a_poll_waits(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.chat(ANN)
    waiting = asyncio.create_task(chat.receive(None, LATER))
    await telegram.hears("getUpdates")

    await asyncio.gather(*(chat.send(make.delivery(f"{n}", chat=ROOM)) for n in range(12)))

    assert len(telegram.accepted) == 12
    waiting.cancel()


async def test_the_poller_that_came_first_hears_of_the_second(telegram: FakeTelegram, chat: TelegramChat) -> None:
    first = asyncio.create_task(chat.receive(None, LATER))
    await telegram.hears("getUpdates")

    async with TelegramChat(TOKEN, api_url=telegram.url) as second_copy:
        second = asyncio.create_task(second_copy.receive(1, LATER))

        with pytest.raises(SecondCopyError, match="only one bot instance"):
            await asyncio.wait_for(first, 5)
        second.cancel()


async def test_a_webhook_set_behind_our_back_is_another_poller_and_is_removed(
    telegram: FakeTelegram, chat: TelegramChat
) -> None:
    telegram.webhook = "https://h.example/"

    with pytest.raises(SecondCopyError, match="webhook is active"):
        await chat.receive(None, SOON)

    assert telegram.webhook == ""


@pytest.mark.parametrize(
    ("fault", "words", "wait_s"),
    [
        ({"kind": "html_502"}, r"NetworkError: Bad Gateway \(502\)", None),
        ({"kind": "error", "code": 500}, "NetworkError: Internal Server Error", None),
        ({"kind": "error", "code": 401, "description": "Unauthorized"}, "InvalidToken: Unauthorized", None),
        ({"kind": "error", "code": 429, "parameters": {"retry_after": 9}}, "RetryAfter: Flood control exceeded", 9),
        ({"kind": "garbled_after"}, "TelegramError: Unreadable answer", None),
        ({"kind": "reset_before"}, "NetworkError: httpx.Re", None),
    ],
)
async def test_trouble_on_the_line_is_told_and_loses_nothing(
    telegram: FakeTelegram,
    chat: TelegramChat,
    fault: dict[str, Any],
    words: str,
    wait_s: int | None,
) -> None:
    telegram.say(ANN, "/now")
    telegram.fault(method="getUpdates", **fault)

    with pytest.raises(UnreachableError, match=words) as trouble:
        await chat.receive(None, SOON)

    wait = trouble.value.after
    assert (wait and wait.seconds) == wait_s
    assert TOKEN not in str(trouble.value)
    assert len(await chat.receive(None, SOON)) == 1


async def test_a_server_that_is_down_is_unreachable(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await telegram.go_down()

    with pytest.raises(UnreachableError, match="ConnectError"):
        await chat.receive(None, SOON)
    with pytest.raises(UnreachableError, match="ConnectError"):
        await chat.greet()


# ------------------------------------------------------------------------------------------ what they say
async def test_a_button_is_pressed_read_and_acknowledged(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.chat(ANN)
    message = Message(html="Truce", buttons=((Button("Why", action="why:1"),),))
    await chat.send(make.delivery(chat=ROOM, message=message))
    query = telegram.press(ANN, 1, "Why", language="uk")

    [pressed] = await heard(chat)
    assert pressed
    await chat.acknowledge(pressed)
    await chat.acknowledge(pressed)

    assert pressed == Incoming(chat=ROOM, action="why:1", message_id="1", callback_id=query, language="uk")
    assert [call.refused for call in telegram.calls if call.method == "answercallbackquery"] == [
        "",
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    ]


async def test_what_needs_no_acknowledging_asks_nothing(telegram: FakeTelegram, chat: TelegramChat) -> None:
    await chat.acknowledge(Incoming(chat=ROOM, text="/now"))

    assert telegram.count("answerCallbackQuery") == 0


async def test_blocking_and_unblocking_are_heard(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.chat(ANN)
    telegram.block(ANN)
    telegram.unblock(ANN)

    assert await heard(chat) == [
        Incoming(chat=ROOM, language="en", left=True),
        Incoming(chat=ROOM, language="en", joined=True),
    ]


async def test_groups_and_channels_come_and_go(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.add(GROUP)
    telegram.kick(GROUP)
    telegram.add(CHANNEL, "channel")

    assert await heard(chat) == [
        Incoming(chat=GROUP_ROOM, private=False, language="en", joined=True),
        Incoming(chat=GROUP_ROOM, private=False, language="en", left=True),
        Incoming(chat=CHANNEL_ROOM, private=False, language="en", joined=True),
    ]


async def test_in_a_channel_its_admins_are_heard_and_strangers_who_press_its_buttons_are_not(
    telegram: FakeTelegram, chat: TelegramChat
) -> None:
    telegram.chat(CHANNEL, "channel")
    telegram.say(CHANNEL, "/follow sudan")
    telegram.say(CHANNEL, "Good evening to all our readers")
    message = Message(html="Truce", buttons=((Button("Mute story", action="mute:1"),),))
    await chat.send(make.delivery(chat=CHANNEL_ROOM, message=message))
    telegram.press(CHANNEL, 3, "Mute story", sender=ANN)

    assert await heard(chat) == [Incoming(chat=CHANNEL_ROOM, text="/follow sudan", private=False), None, None]


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("/latest 3", "/latest 3"),
        ("/latest@parley_test_bot 3", "/latest 3"),
        ("/latest@PARLEY_test_bot", "/latest"),
        ("/latest@another_bot 3", None),
        ("shall we meet?", None),
    ],
)
async def test_in_a_group_only_our_commands_are_for_us(
    telegram: FakeTelegram, chat: TelegramChat, said: str, understood: str | None
) -> None:
    telegram.say(GROUP, said)

    [incoming] = await heard(chat)

    assert incoming == (understood and Incoming(chat=GROUP_ROOM, text=understood, private=False, language="en"))


async def test_in_private_everything_is_for_us(telegram: FakeTelegram, chat: TelegramChat) -> None:
    telegram.say(ANN, "what of Sudan?", language="pt-BR")

    assert await heard(chat) == [Incoming(chat=ROOM, text="what of Sudan?", language="pt")]


READER = TelegramChat(TOKEN)
MESSAGE = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}
PERSON = {"id": 1, "is_bot": False, "first_name": "Ann"}
MEMBER = {"user": PERSON, "status": "member"}
RIGHTS = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
    *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
    *("can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics"),
    *("can_react_to_messages", "can_edit_tag", "is_member"),
)
RESTRICTED = {"user": PERSON, "status": "restricted", "until_date": 0, **dict.fromkeys(RIGHTS, False)}


def item(**update: Any) -> InboxItem:
    return InboxItem(network="telegram", update_id=1, raw=json.dumps({"update_id": 1, **update}))


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"message": MESSAGE},
        {"message": MESSAGE | {"text": "/now", "from": PERSON | {"is_bot": True}}},
        {"edited_channel_post": MESSAGE | {"text": "/now"}},
        {"edited_message": MESSAGE | {"text": "/now"}},
        {"callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "inline_message_id": "1", "data": "x"}},
        {"callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "message": MESSAGE}},
        {"some_update_of_next_year": {"text": "/now"}},
        {
            "my_chat_member": {
                "chat": MESSAGE["chat"],
                "from": PERSON,
                "date": 0,
                "old_chat_member": MEMBER,
                "new_chat_member": MEMBER,
            }
        },
    ],
)
def test_what_is_nothing_for_us_is_none(update: dict[str, Any]) -> None:
    assert READER.read(item(**update)) is None


@pytest.mark.parametrize(
    "wordless",
    [
        {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}], "caption": "look"},
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
        {"location": {"latitude": 1.0, "longitude": 1.0}},
    ],
)
def test_what_has_no_words_is_heard_in_private_and_not_in_a_group(wordless: dict[str, Any]) -> None:
    group = {"chat": {"id": GROUP, "type": "supergroup", "title": "g"}}

    private = READER.read(item(message=MESSAGE | {"from": PERSON} | wordless))
    in_group = READER.read(item(message=MESSAGE | {"from": PERSON} | wordless | group))

    assert private == Incoming(chat=ROOM)
    assert in_group is None


def test_a_press_under_a_message_too_old_to_see_still_counts() -> None:
    press = {"id": "9", "from": PERSON, "chat_instance": "1", "message": MESSAGE, "data": "why:1"}

    pressed = READER.read(item(callback_query=press))

    assert pressed == Incoming(chat=ROOM, action="why:1", message_id="1", callback_id="9")


ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@pytest.mark.parametrize(("as_whom", "is_heard"), [(GROUP, True), (CHANNEL, False)])
def test_an_admin_who_stays_anonymous_is_heard_and_a_channel_in_the_group_is_not(as_whom: int, is_heard: bool) -> None:
    group = {"id": GROUP, "type": "supergroup", "title": "g"}
    sender = {"id": as_whom, "type": "supergroup", "title": "g"}
    said = MESSAGE | {"chat": group, "text": "/now", "from": ANONYMOUS, "sender_chat": sender}

    incoming = READER.read(item(message=said))

    assert incoming == (Incoming(chat=GROUP_ROOM, text="/now", private=False) if is_heard else None)


def test_losing_the_right_to_speak_is_no_leaving() -> None:
    change = {"chat": MESSAGE["chat"], "from": PERSON, "date": 0}
    silenced = RESTRICTED | {"is_member": True}

    muted = item(my_chat_member=change | {"old_chat_member": MEMBER, "new_chat_member": silenced})
    gone = item(my_chat_member=change | {"old_chat_member": silenced, "new_chat_member": RESTRICTED})

    assert READER.read(muted) is None
    assert READER.read(gone) == Incoming(chat=ROOM, left=True)


@given(text=st.text(min_size=1))
def test_any_text_can_be_said(text: str) -> None:
    incoming = READER.read(item(message=MESSAGE | {"text": text, "from": PERSON}))

    assert incoming == Incoming(chat=ROOM, text=text)
