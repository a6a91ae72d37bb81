"""Progress on stderr, as it happens: one line when a phase starts, its details dimmed, one line when it is done."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_local.cli.failure import Failure

_STYLES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "cyan": "36"}
_NAME_WIDTH = 10


class Console:
    """Writes the phases of a run and keeps their seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.current = "start"
        self._coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ

    @contextmanager
    def phase(self, name: str, about: str) -> Iterator[None]:
        """One phase of the run; an unexpected error in it becomes a failure that names it."""
        self.line(f"{self._styled(name.ljust(_NAME_WIDTH), 'bold')}  {about}")
        self.current = name
        started = time.monotonic()
        try:
            yield
        except Failure:
            self._end(name, started, self._styled("failed", "red"))
            raise
        except Exception as error:
            self._end(name, started, self._styled("failed", "red"))
            raise Failure(name, type(error).__name__, str(error)) from error
        self._end(name, started, self._styled("done", "green"))

    def detail(self, text: str) -> None:
        self.line(self._styled(f"{' ' * _NAME_WIDTH}  | {text}", "dim"))

    def result(self, name: str, text: str) -> None:
        self.line(f"{self._styled(name.ljust(_NAME_WIDTH), 'cyan')}  {text}")

    def error(self, text: str) -> None:
        self.line(f"{self._styled('error:', 'red')} {text}")

    def line(self, text: str = "") -> None:
        print(text, file=sys.stderr, flush=True)

    def _end(self, name: str, started: float, outcome: str) -> None:
        self.seconds[name] = round(time.monotonic() - started, 1)
        self.line(f"{' ' * _NAME_WIDTH}  {outcome} after {self.seconds[name]:.1f} s")

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._coloured else text
