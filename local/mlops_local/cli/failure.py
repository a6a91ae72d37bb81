"""How a command ends early: a failure that is told in one line, or the user's Ctrl-C."""

import re
import signal
from types import FrameType

_CAUSE = re.compile(r"^(?P<step>[\w-]+): (?P<cause>.*?)(?: \(log: (?P<log>.*)\))?$", re.DOTALL)


class Failure(Exception):
    """What went wrong, in the words of the result's `error`: step, error, cause, log."""

    def __init__(self, step: str, error: str, cause: str, log: str | None = None) -> None:
        super().__init__(cause)
        self.step = step
        self.error = error
        self.cause = cause
        self.log = log

    @staticmethod
    def of_execution(step: str, error: str, cause: str) -> "Failure":
        """A failed execution's; its cause reads `<step>: <reason> (log: <where>)` where the pipeline wrote it."""
        written = _CAUSE.match(cause)
        if written is None:
            return Failure(step, error, cause)
        return Failure(written["step"], error, written["cause"], written["log"])

    def __str__(self) -> str:
        where = f" (log: {self.log})" if self.log else ""
        return f"{self.step}: {self.cause}{where}"

    def as_json(self) -> dict[str, str | None]:
        return {"step": self.step, "error": self.error, "cause": self.cause, "log": self.log}


class Interrupted(BaseException):
    """Ctrl-C, or SIGTERM. Whoever waits for something that this run started stops it and raises this again."""


def raise_on_signals() -> None:
    """The first signal interrupts; later ones are ignored, since a terminal and npm may both send one."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
