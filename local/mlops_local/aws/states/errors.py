"""What ends a state."""

from ministack.services.stepfunctions import _ExecutionError as StateError

__all__ = ["DATA_LIMIT_EXCEEDED", "RUNTIME", "StateError", "Stopped", "TIMEOUT", "matches"]

RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
TIMEOUT = "States.Timeout"

WILDCARDS = ("States.ALL", "States.TaskFailed")
# Not matched by a wildcard; States.Runtime is not even matched by its own name.
TERMINAL = (RUNTIME, DATA_LIMIT_EXCEEDED)


class Stopped(Exception):
    """The execution, or the part of it that this thread runs, is to end now."""


def matches(names: list[str], error: str) -> bool:
    """Whether a Retry's or a Catch's ErrorEquals holds an error.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    if error == RUNTIME:
        return False
    if error in names:
        return True
    if error in TERMINAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != TIMEOUT)
