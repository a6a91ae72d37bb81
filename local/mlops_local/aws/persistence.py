"""Saves the state shortly after it changes, so that a killed target loses at most the last seconds."""

import logging
import threading

import ministack.app
from ministack.core import persistence as ministack_persistence

DELAY_SECONDS = 2.0

_dirty = threading.Event()


def touch() -> None:
    """Says that some service's state has changed and is to be saved soon."""
    _dirty.set()


class Saver:
    """One thread that saves everything at most every `DELAY_SECONDS`, and only after a `touch`."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlops-saver", daemon=True)
        self._lock = threading.Lock()
        logging.getLogger("persistence").setLevel(logging.CRITICAL)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; MiniStack itself saves last, when it shuts down."""
        self._stop.set()
        _dirty.set()
        if self._thread.is_alive():
            self._thread.join(timeout=20)

    @staticmethod
    def note_request(scope: dict) -> None:
        """Marks the state as changed unless the request can be seen to read only."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return
        if scope["path"].endswith("/invocations"):
            return
        target = next((value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b"")
        operation = target.rsplit(b".", 1)[-1]
        if not operation.startswith((b"Describe", b"List", b"Get", b"Query", b"Scan", b"Batch", b"Filter")):
            touch()

    def _run(self) -> None:
        while not self._stop.is_set():
            _dirty.wait()
            if self._stop.wait(DELAY_SECONDS):
                return
            _dirty.clear()
            self.save()

    def save(self) -> None:
        with self._lock:
            ministack_persistence.save_all({name: _steady(get_state)
                                            for name, get_state in ministack.app._build_persistence_save_dict().items()})


def _steady(get_state):
    """A service's dictionaries may grow while they are copied: try again, and say so when it never settles."""

    def attempt():
        for _ in range(20):
            try:
                return get_state()
            except RuntimeError:
                continue
        touch()
        return None

    return attempt
