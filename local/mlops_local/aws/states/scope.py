"""Cancellation: a part of an execution that can be stopped, with the parts below it."""

import threading
from collections.abc import Callable


class Scope:
    def __init__(self, parent: "Scope | None" = None) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        if parent is not None:
            parent.on_stop(self.stop)

    @property
    def stopped(self) -> bool:
        return self._event.is_set()

    def stop(self) -> None:
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def wait(self, seconds: float) -> bool:
        """Waits, and answers at once with True when the scope is stopped."""
        return self._event.wait(max(0.0, seconds))

    def on_stop(self, listener: Callable[[], None]) -> None:
        """Calls the listener when the scope stops; at once when it has."""
        with self._lock:
            if not self._event.is_set():
                self._listeners.append(listener)
                return
        listener()
