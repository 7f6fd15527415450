"""Is it alive? Every task beats; `/healthz` on loopback says whether all beats are fresh.

The server has a thread of its own, so that it answers (503) even when the event loop hangs.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from bot.errors import ConfigError


@dataclass
class Beats:
    """When each task last got its work done. *limits* says how old a beat may be."""

    limits: Mapping[str, timedelta]
    _at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at = {name: monotonic() for name in self.limits}

    def beat(self, name: str) -> None:
        """Note that the task *name* is alive and its database answered."""
        self._at[name] = monotonic()

    def ages(self) -> Mapping[str, float]:
        """Return the seconds since each task's last beat."""
        return {name: round(monotonic() - at, 1) for name, at in self._at.items()}

    def late(self) -> list[str]:
        """Return the tasks whose beat is too old."""
        return [name for name, age in self.ages().items() if age > self.limits[name].total_seconds()]


@contextmanager
def serving(beats: Beats, port: int) -> Iterator[int]:
    """Serve /healthz on 127.0.0.1:*port* (0: any free port); give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            late = beats.late()
            known = self.path == "/healthz"
            body = json.dumps({"ok": not late, "late": late, "ages": beats.ages()} if known else {"ok": False})
            self.send_response(404 if not known else 503 if late else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing: the container asks every half minute."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise ConfigError(
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


def healthy(port: int) -> tuple[bool, str]:
    """Ask a running Parley on this machine how it is; return (well?, its words)."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError as error:
        return False, f"no Parley answers on 127.0.0.1:{port} ({error})"
