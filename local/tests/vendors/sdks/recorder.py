"""A server on loopback that hands requests on, or answers them itself, and keeps both sides of each."""

import gzip
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "content-length", "transfer-encoding", "date", "server"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    @property
    def body(self) -> dict:
        return json.loads(gzip.decompress(self.content) if self.headers.get("content-encoding") == "gzip" else self.content)


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    headers: list[tuple[str, str]] = field(default_factory=lambda: [("content-type", "application/json")])


def answer(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body).encode())


def hand_on(url: str) -> Callable[[Request], Answer]:
    """What the server at `url` answers, which sees the address that the client called."""

    def hand_on(request: Request) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        try:
            connection.request(request.method, request.path, request.content, {name: value for name, value in request.headers.items() if name.lower() != "connection"})
            got = connection.getresponse()
            # The length of what an answer to HEAD leaves out is in no other place.
            dropped = HOP - {"content-length"} if request.method == "HEAD" else HOP
            return Answer(got.status, got.read(), [(name, value) for name, value in got.getheaders() if name.lower() not in dropped])
        finally:
            connection.close()

    return hand_on


@dataclass
class Recorder:
    url: str
    exchanges: list[tuple[Request, Answer]] = field(default_factory=list)

    @property
    def requests(self) -> list[Request]:
        return [request for request, _ in self.exchanges]

    def at(self, part: str) -> list[Request]:
        """The requests whose path holds `part`."""
        return [request for request in self.requests if part in request.path]

    @property
    def refused(self) -> list[tuple[str, int, bytes]]:
        return [(request.path, answer.status, answer.content) for request, answer in self.exchanges if answer.status >= 400]


@contextmanager
def recorder(answers: Callable[[Request], Answer]) -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            request = Request(self.command, self.path, self.headers, self.rfile.read(int(self.headers.get("content-length") or 0)))
            given = answers(request)
            recorded.exchanges.append((request, given))
            self.send_response(given.status)
            for name, value in [*given.headers, *([] if self.command == "HEAD" else [("content-length", str(len(given.content)))])]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded = Recorder(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield recorded
    finally:
        server.shutdown()
        server.server_close()
