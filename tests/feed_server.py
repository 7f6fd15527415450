"""A small web server on 127.0.0.1 that serves feeds, honestly or not.

    with FeedServer() as server:
        server.serve("/rss", Answer(body, etag='"1"'), Answer(newer, etag='"2"'))  # the last one stays
        ... fetch server.url("/rss") ...
        assert server.paths() == ["/rss"]

It runs in threads of its own, so it answers to async code and to child processes alike. An answer with an ETag or
Last-Modified is a 304 for whoever sends it back.
"""

import gzip
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

Pause = Callable[[float], bool]
"""Waits so many seconds; returns whether the server is stopping."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server says. *raw* writes bytes of its own, status line and all, until it ends or the client goes."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/rss+xml"
    etag: str = ""
    last_modified: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    gzipped: bool = False
    raw: Callable[[Pause], Iterator[bytes]] | None = None

    def is_known_to(self, asked: Mapping[str, str]) -> bool:
        if "If-None-Match" in asked:
            return bool(self.etag) and asked["If-None-Match"] == self.etag
        return bool(self.last_modified) and asked.get("If-Modified-Since") == self.last_modified


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    path: str
    headers: Mapping[str, str]


class FeedServer:
    """Serves answers by path; a context manager."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.connections = 0
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._stopping = threading.Event()
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.requests]

    def serve(self, path: str, *answers: Answer) -> str:
        """Answer *path* so from now on, one after the other, the last for ever; return its address."""
        self._answers[path] = list(answers)
        return self.url(path)

    def answer(self, asked: Asked) -> Answer:
        self.requests.append(asked)
        waiting = self._answers[asked.path]
        if not waiting:
            return Answer(status=404)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def pause(self, seconds: float) -> bool:
        return self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: FeedServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client has gone: that is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    # Headers and body leave in one packet, else the delayed acknowledgement costs 40 ms a request.
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        cast(_Server, self.server).owner.connections += 1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        owner = cast(_Server, self.server).owner
        answer = owner.answer(Asked(self.path, dict(self.headers.items())))
        if answer.raw:
            self._write_raw(answer.raw(owner.pause))
        elif answer.is_known_to(self.headers):  # type: ignore[arg-type]
            self._write(304, answer, b"")
        else:
            self._write(answer.status, answer, gzip.compress(answer.body) if answer.gzipped else answer.body)

    def _write_raw(self, chunks: Iterator[bytes]) -> None:
        self.close_connection = True
        for chunk in chunks:
            self.wfile.write(chunk)
            self.wfile.flush()

    def _write(self, status: int, answer: Answer, body: bytes) -> None:
        self.send_response_only(status)  # without a Date of its own
        headers = {
            "Content-Type": answer.content_type,
            "ETag": answer.etag,
            "Last-Modified": answer.last_modified,
            "Content-Encoding": "gzip" if answer.gzipped else "",
            "Content-Length": str(len(body)),
        }
        for name, value in (headers | dict(answer.headers)).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
