"""Talk in this terminal: the same messages and commands as on any network, buttons pressed by their numbers."""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser

from rich.console import Console
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from bot.model import Button, ChatId, Delivery, DeliveryKind, Document, InboxItem, Incoming, SendResult, Sent

NETWORK = "terminal"
HERE = ChatId(NETWORK, "me")
"""The one room there is: whoever sits at this terminal."""

GOODBYES = frozenset({"/quit", "/exit", "/q"})
MOST_BUTTONS = 99
"""Numbers start again after this many, so that they stay short; the oldest buttons go."""

LINES_OF_A_FILE = 24
"""How much of a file is printed: a short one whole."""

_STYLES = {
    "b": Style(bold=True),
    "i": Style(italic=True),
    "u": Style(underline=True),
    "s": Style(strike=True),
    "code": Style(color="cyan"),
    "pre": Style(color="cyan"),
    "blockquote": Style(dim=True),
}
_TITLES = {
    DeliveryKind.ALERT: "alert",
    DeliveryKind.UPDATE: "update",
    DeliveryKind.EDIT: "alert, edited",
    DeliveryKind.DIGEST: "digest",
    DeliveryKind.NOTICE: "notice",
    DeliveryKind.REPLY: "",
    DeliveryKind.STRANGER: "",
}


class _Console(Console):
    """A console whose reader may go away, which is as good as Ctrl-C: rich would end the process from within a task."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGINT)


class TerminalChat:
    """Prints messages and reads lines; a line that is a number presses the button of that number."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _Console(highlight=False, emoji=False)
        self._buttons: dict[int, tuple[Button, str]] = {}
        self._pressable = 0
        self._messages = 0

    # -------------------------------------------------------------------------------------- out
    async def send(self, delivery: Delivery) -> SendResult:
        """Print it; a message that takes another's place is printed anew, for paper does not change."""
        self._messages += 1
        name = str(self._messages)
        self._console.print()
        self._console.print(Rule(_title(delivery), align="left", style="dim"))
        self._console.print(rich_text(delivery.message.html))
        if delivery.message.document:
            self._console.print(_opened(delivery.message.document))
        for row in delivery.message.buttons:
            self._console.print(Text("  ").join(self._offer(row, name)))
        return Sent(external_id=name)

    def _offer(self, row: tuple[Button, ...], message: str) -> Iterator[Text]:
        """Yield each button of *row* with the number that presses it."""
        for button in row:
            if button.url:
                yield Text(f"{button.label}: {button.url}", style="cyan")
                continue
            self._pressable = self._pressable % MOST_BUTTONS + 1
            self._buttons[self._pressable] = (button, message)
            yield Text(f"[{self._pressable}] ", style="bold cyan") + Text(button.label, style="cyan")

    # -------------------------------------------------------------------------------------- in
    async def converse(self, source: int | None = None) -> AsyncGenerator[Incoming, None]:
        """Yield what the person says or presses, line by line, until end of input or /quit.

        *source* is a file descriptor (default: standard input); it may be a terminal, a pipe or a file.
        """
        descriptor = sys.stdin.fileno() if source is None else source
        lines = _lines(descriptor)
        while (line := await self._next(lines, os.isatty(descriptor))) is not None:
            if line.casefold() in GOODBYES:
                return
            if line:
                yield self.understood(line)

    async def _next(self, lines: "asyncio.Queue[str | None]", prompt: bool) -> str | None:
        if prompt:
            self._console.print("› ", end="", style="bold")
        return await lines.get()

    def understood(self, line: str) -> Incoming:
        """Return the press of the button that *line* numbers, else *line* as words."""
        number = int(line) if line.isascii() and line.isdecimal() and len(line) < 4 else 0
        if number in self._buttons:
            button, message = self._buttons[number]
            return Incoming(chat=HERE, action=button.action, message_id=message, callback_id=str(number))
        return Incoming(chat=HERE, text=line)

    @staticmethod
    def item(incoming: Incoming, update_id: int) -> InboxItem:
        """Return *incoming* as an update for the inbox; `read` is its inverse."""
        said = {"text": incoming.text, "action": incoming.action, "message_id": incoming.message_id}
        return InboxItem(network=NETWORK, update_id=update_id, raw=json.dumps(said))

    def read(self, item: InboxItem) -> Incoming | None:
        """Return what a stored line says."""
        return Incoming(chat=HERE, **json.loads(item.raw))

    async def acknowledge(self, incoming: Incoming) -> None:
        """Do nothing: a terminal has no spinner to stop."""


def _opened(document: Document) -> Text:
    """Return the name of a file, how long it is, and how it begins: a terminal keeps no files."""
    lines = document.content.decode(errors="replace").splitlines()
    more = len(lines) - LINES_OF_A_FILE
    shown = [*lines[:LINES_OF_A_FILE], *([f"… and {more} more lines"] if more > 0 else [])]
    return Text(f"📎 {document.name} ({len(document.content):,} bytes)\n", style="cyan").append(
        "\n".join(shown), style=Style(dim=True)
    )


def _title(delivery: Delivery) -> str:
    loud = "" if delivery.message.silent or delivery.kind is not DeliveryKind.ALERT else "with sound"
    repeat = "↻ possible repeat" if delivery.maybe else ""
    return " · ".join(part for part in (_TITLES[delivery.kind], loud, repeat) if part)


def _lines(descriptor: int) -> "asyncio.Queue[str | None]":
    """Return a queue that receives each line of *descriptor*, stripped, and None at its end.

    A daemon thread reads, so that Ctrl-C need not wait for a line; and it reads the bare descriptor, for a thread that
    holds the lock of sys.stdin while Python exits brings the interpreter down.
    """
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for lines any more
            loop.call_soon_threadsafe(queue.put_nowait, line)

    threading.Thread(target=_read_lines, args=(descriptor, put), name="terminal", daemon=True).start()
    return queue


def _read_lines(descriptor: int, put: Callable[[str | None], None]) -> None:
    rest = b""
    while chunk := _read(descriptor):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            put(line.decode(errors="replace").strip())
    if rest.strip():
        put(rest.decode(errors="replace").strip())
    put(None)


def _read(descriptor: int) -> bytes:
    """Return what comes next; a terminal that was closed is at its end."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


# ------------------------------------------------------------------------------------------ words
def rich_text(message_html: str) -> Text:
    """Return a message's HTML as styled text; a link keeps its words and can be opened where the terminal lets it."""
    reader = _Reader()
    reader.feed(message_html)
    reader.close()
    return reader.text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = Text()
        self._open: list[tuple[str, Style]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        style = Style(link=address, underline=True) if tag == "a" and address else _STYLES.get(tag, Style())
        self._open.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text.append(data, style=Style.combine([Style(), *(style for _, style in self._open)]))
