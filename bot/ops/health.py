"""Is it alive, is it ready? `/healthz` and `/readyz` on loopback say so.

Alive: every task beats. Ready: alive, and the news comes in and goes out too (Telegram greeted, disk writable).
The server has a thread of its own, so that it answers (503) even when the event loop hangs.
"""

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from bot.errors import ConfigError

LAST_POLL = timedelta(seconds=90)
"""Who has not looked for due feeds for longer than this is not ready."""


@dataclass
class Beats:
    """When each task last got its work done, and what keeps the service from being ready.

    *limits* says how old the beat of a task that never rests may be. *works* does the same for work that comes and
    goes: it is late only while something is under way and nothing comes to its end.
    """

    limits: Mapping[str, timedelta]
    works: Mapping[str, timedelta] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    _at: dict[str, float] = field(default_factory=dict)
    _under_way: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._at = {name: monotonic() for name in (*self.limits, *self.works)}

    def beat(self, name: str) -> None:
        """Note that the task *name* is alive and its database answered."""
        self._at[name] = monotonic()

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Note that work of this *name* is under way; whoever finishes a piece of it calls `beat`."""
        if not self._under_way[name]:
            self.beat(name)
        self._under_way[name] += 1
        try:
            yield
        finally:
            self._under_way[name] -= 1

    def ages(self) -> Mapping[str, float]:
        """Return the seconds since each beat; 0 for work of which there is none."""
        now, resting = monotonic(), {name for name in self.works if not self._under_way[name]}
        return {name: 0.0 if name in resting else now - at for name, at in dict(self._at).items()}

    def late(self) -> list[str]:
        """Return the tasks and works whose beat is too old."""
        limits = {**self.limits, **self.works}
        return [name for name, age in self.ages().items() if name in limits and age > limits[name].total_seconds()]

    def unready(self) -> list[str]:
        """Return what keeps the service from doing its job."""
        polls = ["poll"] if self.ages().get("poll", 0) > LAST_POLL.total_seconds() else []
        return sorted({*self.missing, *self.late(), *polls})


class PortTakenError(ConfigError):
    """Another program listens where /healthz was to answer."""


@contextmanager
def serving(beats: Beats, port: int) -> Iterator[int]:
    """Serve /healthz and /readyz on 127.0.0.1:*port* (0: any free port); give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/healthz":
                    late = beats.late()
                    self._say(not late, late=late, ages={n: round(age, 1) for n, age in beats.ages().items()})
                case "/readyz":
                    unready = beats.unready()
                    self._say(not unready, missing=unready)
                case _:
                    self._say(False, status=404)

        def _say(self, ok: bool, *, status: int = 503, **more: object) -> None:
            body = json.dumps({"ok": ok, **more}).encode()
            self.send_response(200 if ok else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the container asks every half minute."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise PortTakenError(
            f"the health port {port} is taken ({error.strerror}); set [health] port in config.toml to a free one"
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def healthy(port: int, page: str = "healthz") -> tuple[bool, str]:
    """Ask a running Parley on this machine how it is; return (well?, its words)."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        words = getattr(reason, "strerror", None) or reason
        return False, f"no Parley answers on 127.0.0.1:{port}: {words}"
