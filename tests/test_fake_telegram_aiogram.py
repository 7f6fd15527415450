"""A second, unrelated client reads the fake's answers, so the fake is not bent to the library that the bot uses.

It runs where aiogram is installed, apart from the project's own environment: aiogram asks for an older pydantic.
"""

import pytest

from tests.fake_telegram import TOKEN, FakeTelegram

aiogram = pytest.importorskip("aiogram", reason="aiogram asks for an older pydantic than ours: install it apart")

ANN = 1


async def test_aiogram_polls_sends_edits_and_is_refused_as_by_telegram() -> None:
    types, exceptions, client = aiogram.types, aiogram.exceptions, aiogram.client
    keyboard = types.InlineKeyboardMarkup(inline_keyboard=[[types.InlineKeyboardButton(text="yes", callback_data="y")]])
    picture = types.BufferedInputFile(b"\x89PNG", "a.png")

    async with FakeTelegram() as telegram:
        api = client.telegram.TelegramAPIServer.from_base(telegram.url)
        async with aiogram.Bot(TOKEN, session=client.session.aiohttp.AiohttpSession(api=api)) as bot:
            telegram.say(ANN, "/start")
            [update] = await bot.get_updates(timeout=1)
            sent = await bot.send_message(ANN, "<b>hi</b>", parse_mode="HTML", reply_markup=keyboard)
            photo = await bot.send_photo(ANN, picture, caption="<i>c</i>", parse_mode="HTML")
            file = await bot.send_document(ANN, types.BufferedInputFile(b"x", "talks.ics"), caption="talks")
            telegram.press(ANN, sent.message_id, "yes")
            [press] = await bot.get_updates(offset=update.update_id + 1, timeout=1)
            await bot.answer_callback_query(press.callback_query.id)
            edited = await bot.edit_message_text("bye", chat_id=ANN, message_id=sent.message_id)

            with pytest.raises(exceptions.TelegramBadRequest, match="message is not modified"):
                await bot.edit_message_text("bye", chat_id=ANN, message_id=sent.message_id)
            with pytest.raises(exceptions.TelegramBadRequest, match="can't parse entities"):
                await bot.send_message(ANN, "<p>", parse_mode="HTML")
            telegram.fault("error", code=429, description="Too Many Requests", parameters={"retry_after": 7})
            with pytest.raises(exceptions.TelegramRetryAfter):
                await bot.send_message(ANN, "flood")
            telegram.migrate(-5, -1005)
            with pytest.raises(exceptions.TelegramMigrateToChat):
                await bot.send_message(-5, "moved?")
            telegram.block(ANN)
            with pytest.raises(exceptions.TelegramForbiddenError, match="bot was blocked by the user"):
                await bot.send_message(ANN, "hello?")
            [blocked] = await bot.get_updates(offset=press.update_id + 1, timeout=1)

    assert (update.message.text, press.callback_query.data) == ("/start", "y")
    assert (photo.caption, edited.text, edited.reply_markup) == ("c", "bye", None)
    assert (file.caption, file.document and file.document.file_name) == ("talks", "talks.ics")
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
