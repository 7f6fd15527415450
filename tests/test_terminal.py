"""The same chat in a terminal, and through a pipe."""

import asyncio
import io
import os
import pty
import subprocess
import sys
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.alert.render import alert
from bot.chat.terminal import HERE, LINES_OF_A_FILE, MOST_BUTTONS, TerminalChat, rich_text
from bot.model import Access, Button, DeliveryKind, Document, Incoming, Message, Sent
from tests import fakes, make
from tests.conversation import conversation

TWO_BUTTONS = Message(html="Which?", buttons=((Button("Gaza", "pick:gaza:0"), Button("Sudan", "pick:sudan:0")),))


class Paper:
    """A terminal 80 columns wide whose words can be read afterwards."""

    def __init__(self) -> None:
        self._ink = io.StringIO()
        self.chat = TerminalChat(Console(file=self._ink, width=80, highlight=False, emoji=False, color_system=None))

    async def show(self, message: Message, **given: Any) -> None:
        assert isinstance(await self.chat.send(make.delivery(message.html, message=message, **given)), Sent)

    @property
    def text(self) -> str:
        return self._ink.getvalue()


async def spoken(chat: TerminalChat, source: int) -> list[Incoming]:
    async with asyncio.timeout(10):
        return [incoming async for incoming in chat.converse(source)]


def pipe(words: bytes) -> int:
    """The reading end of a pipe that brings *words* and then ends."""
    reading, writing = os.pipe()
    os.write(writing, words)
    os.close(writing)
    return reading


# ------------------------------------------------------------------------------------------ out
async def test_an_alert_is_printed_with_numbered_buttons() -> None:
    paper = Paper()
    story, reports = fakes.agreed("meridian", "harbour")

    await paper.show(alert(story, reports, fakes.reader(make.NOON), silent=False))

    assert paper.text == (
        "\n"
        "alert · with sound ─────────────────────────────────────────────────────────────\n"
        "🟢 CONFIRMED · Russia–Ukraine war · CEASEFIRE AGREED / DECLARED\n"
        "“Russia and Ukraine agree 30-day truce, says meridian” — Meridian Wire · \n"
        "meridian.example, 12:00 UTC\n"
        "\n"
        "named: Russia, Ukraine\n"
        "Also: Harbour Times 12:04\n"
        "2 independent publishers · International, West\n"
        "[1] Why?  [2] Reports 2  [3] Timeline\n"
        "[4] Mute story  [5] Not relevant\n"
    )


async def test_a_file_is_printed_with_its_name_as_far_as_it_is_short() -> None:
    paper = Paper()
    lines = [f"LINE:{number}" for number in range(LINES_OF_A_FILE + 2)]
    file = Document("talks.ics", "\r\n".join(lines).encode() + b"\xff")

    await paper.show(Message(html="<b>Talks</b>", document=file))

    assert f"Talks\n📎 talks.ics ({len(file.content)} bytes)\nLINE:0\n" in paper.text
    assert paper.text.endswith(f"{lines[LINES_OF_A_FILE - 1]}\n… and 2 more lines\n")


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"kind": DeliveryKind.DIGEST}, "digest ──"),
        ({"kind": DeliveryKind.NOTICE}, "notice ──"),
        ({"kind": DeliveryKind.REPLY}, "─────────"),
        ({"kind": DeliveryKind.ALERT, "maybe": True}, "alert · with sound · ↻ possible repeat ──"),
    ],
)
async def test_each_kind_of_message_is_told_apart(given: Any, title: str) -> None:
    paper = Paper()

    await paper.show(Message(html="words"), **given)

    assert paper.text.startswith("\n" + title)


def test_html_becomes_styled_words() -> None:
    text = rich_text('<b>A &lt;b&gt;</b> <i>c</i> <a href="https://e.example/?a=1&amp;b=2">link</a> &amp; rest')

    assert text.plain == "A <b> c link & rest"
    assert [span.style.link for span in text.spans if not isinstance(span.style, str) and span.style.link] == [
        "https://e.example/?a=1&b=2"
    ]


@given(st.text())
def test_any_html_is_printed_somehow(html: str) -> None:
    rich_text(html)


# ------------------------------------------------------------------------------------------ in
async def test_a_number_presses_the_button_that_carries_it_and_other_words_are_words() -> None:
    paper = Paper()
    await paper.show(TWO_BUTTONS)

    heard = await spoken(paper.chat, pipe("2\n/latest 3\n\nщо в Газі\n7\n".encode()))

    assert [(incoming.action, incoming.text) for incoming in heard] == [
        ("pick:sudan:0", ""),
        ("", "/latest 3"),
        ("", "що в Газі"),
        ("", "7"),
    ]
    assert {incoming.chat for incoming in heard} == {HERE}
    assert heard[0].message_id == "1"


async def test_numbers_go_on_from_message_to_message_so_that_an_alert_never_shifts_a_button() -> None:
    paper = Paper()
    await paper.show(TWO_BUTTONS)
    await paper.show(Message(html="Alert", buttons=((Button("Why?", "why:1"),),)))

    assert [paper.chat.understood(line).action for line in "123"] == ["pick:gaza:0", "pick:sudan:0", "why:1"]


async def test_numbers_stay_short() -> None:
    paper = Paper()
    for number in range(MOST_BUTTONS + 1):
        await paper.show(Message(html="x", buttons=((Button("B", f"show:{number}"),),)))

    assert paper.chat.understood("1").action == f"show:{MOST_BUTTONS}"
    assert paper.chat.understood(str(MOST_BUTTONS + 1)).action == ""


@pytest.mark.parametrize("goodbye", ["/quit", "/EXIT", "/q"])
async def test_a_goodbye_ends_the_talk(goodbye: str) -> None:
    heard = await spoken(Paper().chat, pipe(f"/help\n{goodbye}\n/latest\n".encode()))

    assert [incoming.text for incoming in heard] == ["/help"]


async def test_a_last_line_without_an_end_counts_and_broken_bytes_harm_nothing() -> None:
    heard = await spoken(Paper().chat, pipe(b"\xff\xfe\r\n/help"))

    assert [incoming.text for incoming in heard] == ["\ufffd\ufffd", "/help"]


async def test_nothing_to_read_ends_at_once() -> None:
    assert await spoken(Paper().chat, os.open(os.devnull, os.O_RDONLY)) == []


async def test_a_real_terminal_is_prompted() -> None:
    paper = Paper()
    ours, theirs = pty.openpty()
    os.write(ours, b"/help\n/quit\n")

    heard = await spoken(paper.chat, theirs)

    assert [incoming.text for incoming in heard] == ["/help"]
    assert paper.text == "› › "
    os.close(ours)
    os.close(theirs)


def test_a_talk_that_is_broken_off_does_not_wait_for_a_line() -> None:
    code = (
        "import asyncio\n"
        "from bot.chat.terminal import TerminalChat\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.1):\n"
        "            async for _ in TerminalChat().converse(): pass\n"
        "    except TimeoutError:\n"
        "        print('broken off')\n"
        "asyncio.run(main())\n"
    )
    reading, writing = os.pipe()

    ended = subprocess.run([sys.executable, "-c", code], stdin=reading, capture_output=True, timeout=30, check=False)

    os.close(reading)
    os.close(writing)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"broken off\n", b"")


@given(text=st.text(max_size=20), action=st.text(max_size=20), message_id=st.text(max_size=5))
def test_what_is_stored_in_the_inbox_is_read_back_as_it_was(text: str, action: str, message_id: str) -> None:
    chat = TerminalChat(Console(file=io.StringIO()))
    said = Incoming(chat=HERE, text=text, action=action, message_id=message_id)

    assert chat.read(chat.item(said, 7)) == said


# ------------------------------------------------------------------------------------------ the whole talk
async def test_a_person_at_a_pipe_subscribes_by_numbers() -> None:
    paper = Paper()
    with conversation(access=None) as talk:
        talk.chat = HERE
        talk.people.grant(HERE, Access.OWNER, make.NOON)
        async with aclosing(paper.chat.converse(pipe(b"/start\n2\n"))) as lines:
            async for incoming in lines:
                for reply in talk.commands.answer(incoming, talk.now):
                    await paper.show(reply.message, kind=DeliveryKind.REPLY)

        assert talk.subscription.conflicts == {"ukraine-russia"}
    assert "2 of 3. How loud may I be?" in paper.text
    assert max(len(line) for line in paper.text.splitlines()) <= 80
