"""Saves the state shortly after it changes, so that a killed target loses at most the last seconds.

A request says which service it changed, so that steady traffic saves that service's few files, not all fifty; what a
service does to others by itself is in `SIDE_EFFECTS`, and everything is saved now and then while anything changes.
"""

import logging
import threading
import time

import ministack.app
from ministack.core import persistence as ministack_persistence

DELAY_SECONDS = 2.0
EVERYTHING_SECONDS = 30.0

EVERYTHING = "*"
SIDE_EFFECTS = {
    "events": ("events", "sns", "sqs", "states", "logs"),
    "sns": ("sns", "sqs"),
    "lambda": (EVERYTHING,),
    "cloudformation": (EVERYTHING,),
    "sts": (),
}
READING_METHODS = ("GET", "HEAD", "OPTIONS")
READING_OPERATIONS = (b"Describe", b"List", b"Get", b"Query", b"Scan", b"BatchGet", b"Filter", b"Lookup")

_dirty: set[str] = set()
_lock = threading.Lock()
_wake = threading.Event()


def touch(service: str = EVERYTHING) -> None:
    """Says that a service's state has changed and is to be saved soon; without a name, anybody's may have."""
    with _lock:
        _dirty.update(SIDE_EFFECTS.get(service, (service,)))
        if not _dirty:
            return
    _wake.set()


class Saver:
    """One thread that saves what has changed at most every `DELAY_SECONDS`."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlops-saver", daemon=True)
        self._everything_at = time.monotonic()
        logging.getLogger("persistence").setLevel(logging.CRITICAL)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; MiniStack itself saves last, when it shuts down."""
        self._stop.set()
        _wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=20)

    @staticmethod
    def note_request(scope: dict) -> None:
        """Marks the service of a request as changed unless the request can be seen to read only."""
        if scope["method"] in READING_METHODS or scope["path"].endswith("/invocations"):
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        operation = headers.get(b"x-amz-target", b"").rsplit(b".", 1)[-1]
        if not operation.startswith(READING_OPERATIONS):
            touch(_signed_service(headers.get(b"authorization", b"")))

    def _run(self) -> None:
        while not self._stop.is_set():
            _wake.wait()
            if self._stop.wait(DELAY_SECONDS):
                return
            _wake.clear()
            with _lock:
                services = set(_dirty)
                _dirty.clear()
            self._save(services)

    def _save(self, services: set[str]) -> None:
        now = time.monotonic()
        everything = EVERYTHING in services or now - self._everything_at > EVERYTHING_SECONDS
        if everything:
            self._everything_at = now
        modules = {ministack.app.SERVICE_REGISTRY[name]["module"] for name in services
                   if name in ministack.app.SERVICE_REGISTRY}
        ministack_persistence.save_all({
            key: _steady(get_state) for key, get_state in ministack.app._build_persistence_save_dict().items()
            if everything or ministack.app._state_map[key] in modules})


def _signed_service(authorization: bytes) -> str:
    """The service of a signature's scope: `.../20260101/us-east-1/s3/aws4_request`."""
    scope = authorization.partition(b"Credential=")[2].partition(b",")[0].split(b"/")
    service = scope[-2].decode() if len(scope) >= 5 else EVERYTHING
    return service if service in ministack.app.SERVICE_REGISTRY or service in SIDE_EFFECTS else EVERYTHING


def _steady(get_state):
    """A service's dictionaries may grow while they are copied: try again, and come back when it does not settle."""

    def attempt():
        for _ in range(20):
            try:
                return get_state()
            except RuntimeError:
                continue
        touch()
        return None

    return attempt
