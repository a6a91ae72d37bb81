"""A model server of the Open Inference Protocol V2 and receivers of alerts, over TLS, that play faults: in each path
stands `<fault>.<task>`, a model or a folder, which says which fault is played, and in which of the tasks."""

import json
import os
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath

from faults.certificates import Certificate, Certificates

HOST = "localhost"
FIRST, SECOND = "first-credential", "second-credential"
HUGE_BYTES = 50 * 1024 * 1024
WRONG_NAME_TASKS = ("infer", "failover", "load", "slack", "pagerduty", "webhook")
# What receivers of alerts answer, by task.
ALERTS = {"slack": {"ok": True, "ts": "1"}, "pagerduty": {"status": "success", "dedup_key": "1"}, "webhook": {}}
# A client that has gone ends a hang; nobody waits longer than this.
LONGEST_HANG_SECONDS = 90


class Vendor:
    """Counts the attempts that reach each model's faulty task."""

    def __init__(self, certificates: Certificates) -> None:
        self.attempts: Counter[str] = Counter()
        self.versions: list[str] = []
        self._lock = threading.Lock()
        self._listeners = [_Listener(self, certificates.own, None)]
        self.url = f"https://{HOST}:{self._listeners[0].port}"
        self.wrong_names: dict[str, str] = {}
        for task in WRONG_NAME_TASKS:
            listener = _Listener(self, certificates.other, f"wrong-name.{task}")
            self.wrong_names[task] = f"https://{HOST}:{listener.port}"
            self._listeners.append(listener)

    def close(self) -> None:
        for listener in self._listeners:
            listener.shutdown()
            listener.server_close()

    def count(self, model: str) -> int:
        """Which attempt on the model's faulty task this is, from 1."""
        with self._lock:
            self.attempts[model] += 1
            return self.attempts[model]


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, vendor: Vendor, certificate: Certificate, connections: str | None) -> None:
        """With `connections`, counts connections under that name: no request gets through."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vendor = vendor
        self.connections = connections
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate.certificate, certificate.key)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is what many faults are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def setup(self) -> None:
        if self.server.connections:
            self.server.vendor.count(self.server.connections)
        # In the connection's own thread, so that no handshake holds up another.
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        self._play("ready")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._play("load" if self.path.endswith("/load") else "infer")

    def _play(self, called: str) -> None:
        model = next(part for part in PurePosixPath(self.path).parts if "." in part)
        fault, _, task = model.rpartition(".")
        called = task if task in ALERTS else called
        # A deployment's trial and a failover's first try are inferences too.
        faulty = called == {"failover": "infer", "sample": "infer"}.get(task, task)
        if faulty and fault in FAULTS:
            FAULTS[fault](self, self.server.vendor.count(model), called)
        else:
            self.answer(called)

    def answer(self, called: str) -> None:
        self.send(200, {
            "load": {},
            "ready": {"name": "model", "versions": self.server.vendor.versions},
            "infer": {"outputs": [{"name": "predict", "datatype": "FP64", "shape": [1, 1], "data": [3]}]},
            **ALERTS,
        }[called])

    def send(self, status: int, content: object, **headers: str) -> None:
        self.send_text(status, json.dumps(content).encode(), **headers)

    def send_text(self, status: int, text: bytes, **headers: str) -> None:
        self.start(status, len(text), **headers)
        self.wfile.write(text)

    def start(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(length), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The matrix tells what was asked."""


Fault = Callable[[_Handler, int, str], None]


def _refusing(status: int, times: float = float("inf"), **headers: str) -> Fault:
    def play(handler: _Handler, attempt: int, called: str) -> None:
        if attempt > times:
            handler.answer(called)
        else:
            handler.send(status, {"error": "on purpose"}, **headers)

    return play


def _hang(handler: _Handler, _attempt: int, _called: str) -> None:
    handler.connection.settimeout(LONGEST_HANG_SECONDS)
    handler.connection.recv(1)
    handler.close_connection = True


def _reset(handler: _Handler, _attempt: int, _called: str) -> None:
    # Closed without lingering, a connection is reset instead of ended. The files above it hold it open too.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())
    handler.close_connection = True


def _slow_body(handler: _Handler, _attempt: int, _called: str) -> None:
    handler.start(200, 1000)
    for _ in range(LONGEST_HANG_SECONDS * 2):
        handler.wfile.write(b" ")
        time.sleep(0.5)


def _bad_json(handler: _Handler, _attempt: int, _called: str) -> None:
    handler.send_text(200, b'{"outputs": [{"da')


def _huge(handler: _Handler, _attempt: int, _called: str) -> None:
    handler.start(200, HUGE_BYTES)
    for _ in range(HUGE_BYTES // 65536):
        handler.wfile.write(b" " * 65536)


def _expired(handler: _Handler, _attempt: int, called: str) -> None:
    if handler.headers.get("Authorization") == f"Bearer {SECOND}":
        handler.answer(called)
    else:
        handler.send(401, {"error": "the credential has expired"})


FAULTS: dict[str, Fault] = {
    "429": _refusing(429, Retry_After="1"),
    "429-twice": _refusing(429, times=2, Retry_After="1"),
    "500": _refusing(500),
    "500-twice": _refusing(500, times=2),
    "hang": _hang,
    "reset": _reset,
    "slow-body": _slow_body,
    "bad-json": _bad_json,
    "huge": _huge,
    "expired": _expired,
}
