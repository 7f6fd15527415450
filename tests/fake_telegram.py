"""A strict stand-in for the Bot API server, over real HTTP: it refuses what Telegram refuses, in Telegram's words.

In a test: `async with FakeTelegram() as telegram: … telegram.url …`. As a process, for drills that kill the bot:
`python -m tests.fake_telegram PORT`, steered by `POST /control/say {"chat": 1, "text": "/start"}` and so on.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

from tests.telegram_rules import OTHER_POLLER, WEBHOOK_ACTIVE, Arguments, Flood, Json, Refusal, Upload
from tests.telegram_world import World, number

TOKEN = "123456789:AAfakefakefakefakefakefakefakefake12"  # noqa: S105 - opens nothing but this fake
LONGEST_POLL = 50.0
CONTROLS = ("say", "press", "block", "unblock", "add", "kick", "deactivate", "migrate", "clear_faults", "tune")


class FaultKind(StrEnum):
    """What can go wrong on the way. Those named *after*, and *slow*, strike when the message is accepted already."""

    ERROR = "error"
    HTML_502 = "html_502"
    RESET_BEFORE = "reset_before"
    HANG = "hang"
    HTML_502_AFTER = "html_502_after"
    GARBLED_AFTER = "garbled_after"
    RESET_AFTER = "reset_after"
    HANG_AFTER = "hang_after"
    DRIP_AFTER = "drip_after"
    SLOW = "slow"


STRIKES_FIRST = {FaultKind.ERROR, FaultKind.HTML_502, FaultKind.RESET_BEFORE, FaultKind.HANG}


@dataclass
class Fault:
    """One kind of trouble, for calls of *method* (and *chat*), *times* times (None: for ever), by *chance*.

    *seconds* is the wait before it strikes; *code*, *description* and *parameters* are the answer of an ERROR.
    """

    kind: FaultKind
    method: str = "sendMessage"
    chat: int | None = None
    times: int | None = 1
    chance: float = 1.0
    seconds: float = 0.0
    code: int = 500
    description: str = "Internal Server Error"
    parameters: dict[str, int] = field(default_factory=dict)

    def hits(self, method: str, chat: str, dice: random.Random) -> bool:
        named = self.method.lower() in ("*", method) and self.chat in (None, number(chat))
        return named and self.times != 0 and dice.random() < self.chance


@dataclass
class Call:
    """A request that came in, and the refusal it met ("" if none)."""

    method: str
    arguments: dict[str, str]
    at: float
    refused: str = ""
    code: int = 200


class Poll:
    """A getUpdates that waits."""

    def __init__(self) -> None:
        self.stirred = asyncio.Event()
        self.ousted = False


class FakeTelegram(World):
    """The server, the world behind it, and the faults between."""

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = TOKEN,
        flood: bool = False,
        clock: Callable[[], float] = time.time,
        seed: int = 1,
    ) -> None:
        super().__init__(flood=flood, clock=clock)
        self.calls: list[Call] = []
        self.confirmed = 0
        self.latency = (0.0, 0.0)
        self._port = port
        self._token = token
        self._dice = random.Random(seed)
        self._faults: list[Fault] = []
        self._heard = asyncio.Condition()
        self._poll: Poll | None = None
        self._last_poll = (-1, 0.0)
        self._next_conflict_at = 0.0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.come_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go_down()

    @property
    def url(self) -> str:
        """The server's root; a method's address is {url}/bot{token}/{method}."""
        return f"http://127.0.0.1:{self._port}"

    async def come_up(self) -> None:
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/control/state", self._state)
        app.router.add_post("/control/{what}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def go_down(self) -> None:
        """Close every connection; until `come_up`, new ones are refused."""
        if self._runner:
            await self._runner.cleanup()
        self._runner = None

    def count(self, method: str) -> int:
        """Return how many calls of *method* came in."""
        return sum(call.method == method.lower() for call in self.calls)

    async def hears(self, method: str, times: int = 1) -> None:
        """Wait until *method* was called so many times."""
        async with self._heard:
            await self._heard.wait_for(lambda: self.count(method) >= times)

    # -- trouble
    def fault(self, kind: str, **given: Any) -> Fault:
        """Plan trouble; see `Fault`."""
        self._faults.append(Fault(FaultKind(kind), **given))
        return self._faults[-1]

    def clear_faults(self) -> None:
        self._faults.clear()

    def tune(self, *, latency: tuple[float, float] = (0.0, 0.0), flood: bool = False) -> None:
        """Set how long calls take (least and most seconds) and whether flood control is on."""
        self.latency = (latency[0], latency[1])
        self.flood = Flood() if flood else None

    def _draw_fault(self, method: str, chat: str) -> Fault | None:
        fault = next((fault for fault in self._faults if fault.hits(method, chat, self._dice)), None)
        if fault and fault.times is not None:
            fault.times -= 1
        return fault

    async def _strike(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        hang = fault.kind in (FaultKind.HANG, FaultKind.HANG_AFTER)
        await asyncio.sleep(fault.seconds or (3600 if hang else 0))
        match fault.kind:
            case FaultKind.ERROR:
                raise Refusal(fault.code, fault.description, **fault.parameters)
            case FaultKind.HTML_502 | FaultKind.HTML_502_AFTER:
                return web.Response(status=502, text="<html>502 Bad Gateway</html>", content_type="text/html")
            case FaultKind.GARBLED_AFTER:
                return web.json_response({"ok": True})
            case FaultKind.DRIP_AFTER:
                return await _drip(request)
        if request.transport:
            request.transport.abort()
        return web.Response()

    # -- requests
    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        call = Call(method, await _read_arguments(request), self._clock())
        self.calls.append(call)
        async with self._heard:
            self._heard.notify_all()
        try:
            return await self._process(call, request)
        except Refusal as refusal:
            call.refused, call.code = refusal.description, refusal.code
            return web.json_response(refusal.as_json(), status=refusal.code)

    async def _process(self, call: Call, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self._token:
            raise Refusal(401, "Unauthorized")
        if call.method != "getupdates":
            await asyncio.sleep(self._dice.uniform(*self.latency))
        fault = self._draw_fault(call.method, call.arguments.get("chat_id", ""))
        if fault and fault.kind in STRIKES_FIRST:
            return await self._strike(fault, request)
        result = await self._result(call)
        if fault and fault.kind is not FaultKind.SLOW:
            return await self._strike(fault, request)
        await asyncio.sleep(fault.seconds if fault else 0)
        return web.json_response({"ok": True, "result": result})

    async def _result(self, call: Call) -> Any:
        if call.method == "getupdates":
            return await self._get_updates(call.arguments)
        if call.method not in self.methods:
            raise Refusal(404, "Not Found: method not found")
        return self.methods[call.method](call.arguments)

    # -- the long poll
    async def _get_updates(self, arguments: Arguments) -> list[Json]:
        if self.webhook:
            raise Refusal(409, WEBHOOK_ACTIVE)
        offset = number(arguments.get("offset")) or 0
        limit = min(max(number(arguments.get("limit")) or 100, 1), 100)
        wait = min(float(arguments.get("timeout") or 0), LONGEST_POLL)
        if allowed := json.loads(arguments.get("allowed_updates") or "[]"):
            self.allowed = tuple(allowed)
        limit, wait = self._slow_down(offset, limit, wait)
        self._confirm(offset)
        return await self._wait_for_updates(limit, wait)

    def _slow_down(self, offset: int, limit: int, wait: float) -> tuple[int, float]:
        """Hold up a client that asks for the same again and again."""
        before, at = self._last_poll
        now = time.monotonic()
        self._last_poll = (offset, now)
        if offset == before and now < at + 0.5:
            limit = 1
        if offset == before and now < at + 3:
            wait = max(wait, 3.0)
        return limit, wait

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
            self.confirmed = max(self.confirmed, offset - 1)

    async def _wait_for_updates(self, limit: int, wait: float) -> list[Json]:
        if self._poll:
            self._poll.ousted = True
            self._poll.stirred.set()
        poll = self._poll = Poll()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not self.updates and not poll.ousted:
                    poll.stirred.clear()
                    await poll.stirred.wait()
        if poll.ousted:
            await self._delay_conflict()
            raise Refusal(409, OTHER_POLLER)
        self._poll = None
        return self.updates[:limit]

    async def _delay_conflict(self) -> None:
        now = time.monotonic()
        if now < self._next_conflict_at:
            await asyncio.sleep(3)
        self._next_conflict_at = now + 3

    def on_update(self) -> None:
        if self._poll:
            self._poll.stirred.set()

    # -- control from another process
    async def _control(self, request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else {}
        match request.match_info["what"]:
            case "fault":
                return web.json_response(asdict(self.fault(**given)))
            case "chat":
                return web.json_response(self.chat(**given).id)
            case name if name in CONTROLS:
                return web.json_response(getattr(self, name)(**given))
        return web.json_response({"controls": [*CONTROLS, "chat", "fault"]}, status=404)

    async def _state(self, _: web.Request) -> web.Response:
        state: Mapping[str, Any] = {
            "accepted": [asdict(message) for message in self.accepted],
            "pending": len(self.updates),
            "confirmed": self.confirmed,
            "calls": len(self.calls),
            "refusals": Counter(str(call.code) for call in self.calls if call.refused),
        }
        return web.json_response(state)


async def _read_arguments(request: web.Request) -> dict[str, str]:
    """Return the arguments as text, however the client wrapped them; nested ones are JSON."""
    arguments = dict(request.query)
    if request.content_type == "application/json":
        given: Json = await request.json()
        return arguments | {key: v if isinstance(v, str) else json.dumps(v) for key, v in given.items()}
    for key, value in (await request.post()).items():
        arguments[key] = Upload(value.filename, value.file.read()) if isinstance(value, web.FileField) else str(value)
    return arguments


async def _drip(request: web.Request) -> web.StreamResponse:
    """Answer a space at a time, for ever: every read succeeds, and nothing is said."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    return response


async def _serve(port: int) -> None:
    async with FakeTelegram(port=port) as telegram:
        sys.stdout.write(f"{telegram.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
