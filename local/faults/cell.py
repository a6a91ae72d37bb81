"""One cell of the matrix: a fault in a place, what is promised, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field

SUCCESS, FALLBACK = "success", "fallback"


@dataclass
class Outcome:
    """How a run ended: `success`, `fallback` or the error; and what was counted."""

    ended: str
    # Calls that reached the faulty place, counted there; None where the fault is no call.
    attempts: int | None = None
    # The run whose alerts are counted at the end, when none can come any more.
    run: str | None = None
    alerts: int = 0
    # Each a promise that holds in every cell and was broken here.
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        attempts = [] if self.attempts is None else [_count(self.attempts, "attempt")]
        return ", ".join([self.ended, *attempts, _count(self.alerts, "alert"), *self.broken])


@dataclass(frozen=True)
class Cell:
    fault: str
    where: str
    # `success`, `fallback`, or the error that the run ends with.
    promise: str
    play: Callable[[], Outcome]

    def kept(self, outcome: Outcome) -> bool:
        wanted = 0 if self.promise in (SUCCESS, FALLBACK) else 1
        return outcome.ended == self.promise and outcome.alerts == wanted and not outcome.broken


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
