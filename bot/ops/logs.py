"""Logging: JSON lines for the service, coloured lines for a terminal, and never a token or a chat id in either.

Secrets are taken out of the finished line, so it does not matter where they hid: message, arguments, traceback.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
# At INFO httpx logs every URL, and Telegram's URLs contain the token.
CHATTY = ("httpx", "httpcore", "telegram", "apscheduler", "asyncio")

_TOKEN = r"\d+(?::|%3A)[A-Za-z0-9_-]{30,}"  # noqa: S105 - the shape of one
_CHAT_FIELDS = ("chat", "chat_id", "room", "user_id")
_CHAT = re.compile(
    r"""((?:chat_id|room|user_id)["']?\s*[=:]\s*["']?   # chat_id=1, 'chat_id': '1', room='1'
      | ["'](?:chat|from)["']:\s*\{\s*["']id["']:\s*)   # "chat": {"id": 1, …
      -?\d+""",
    re.VERBOSE,
)

log = logging.getLogger(__name__)


def redactor(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that takes bot tokens, *secrets* (plain or percent-encoded) and chat ids out of a text."""
    known = {form for secret in secrets if secret for form in (secret, quote(secret, safe="", errors="replace"))}
    longest_first = sorted(map(re.escape, known), key=len, reverse=True)
    hidden = re.compile("|".join([*longest_first, _TOKEN]), re.IGNORECASE)

    def redact(text: str) -> str:
        return _CHAT.sub(rf"\g<1>{HIDDEN}", hidden.sub(HIDDEN, text))

    return redact


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record, then takes the secrets out of what it rendered."""

    def __init__(self, redact: Callable[[str], str], processors: list[Processor]) -> None:
        super().__init__(foreign_pre_chain=_shared_processors(), processors=processors)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line."""
        return self._redact(super().format(record))


def set_up_logging(
    *, json: bool, level: str | int = "INFO", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Log to *stream* (default: stderr) from *level* on: JSON lines, or lines for a human.

    *secrets* are hidden besides everything that looks like a bot token. Crashes are logged the same way.
    """
    stream = stream or sys.stderr
    render = _json_lines() if json else _human_lines(colours=stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(redactor(secrets), render))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _log_crashes()


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ExtraAdder(),
        _hide_chats,
    ]


def _hide_chats(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.update({name: HIDDEN for name in _CHAT_FIELDS if name in event})
    return event


def _json_lines() -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _human_lines(*, colours: bool) -> list[Processor]:
    # The default traceback shows local variables, and breaks lines in the middle of a token.
    renderer = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]


def _log_crashes() -> None:
    """Let what nobody caught, in any thread, go through the log: Python itself would print it unredacted."""
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(
        crash.exc_type, crash.exc_value or crash.exc_type(), crash.exc_traceback
    )
    sys.unraisablehook = lambda crash: log.error(
        "ignored: %s",
        crash.err_msg or "an exception that could not be raised",
        exc_info=(crash.exc_type, crash.exc_value or crash.exc_type(), crash.exc_traceback),
    )


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        log.info("stopped by the keyboard")
        return
    log.critical("crashed", exc_info=(kind, error, trace))
