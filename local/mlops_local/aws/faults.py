"""Faults on purpose, for whoever tests a stack: calls of an API that are refused, and jobs that find no capacity.

Off unless MLOPS_LOCAL_FAULTS is set when the target starts. `PUT /_mlops/faults/<id>` sets a fault, `GET` answers how
many calls it has met, `DELETE` takes it away. See "Injecting faults" in local/README.md.
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ministack.core import iam_actions

from mlops_local.sagemaker.errors import JobFailure

PATH = "/_mlops/faults/"
VARIABLE = "MLOPS_LOCAL_FAULTS"
# Not the name of an API's action: a training job that was accepted, and fails before its container starts.
TRAINING_JOB = "sagemaker:TrainingJob"
TEXT_HEADERS = ("x-amz-copy-source",)

Answer = tuple[int, dict, bytes]
Handler = Callable[..., Awaitable[Answer]]


@dataclass
class Fault:
    """Refuses the calls of `action` whose path or body holds `text`: the first `times`, or all of them."""

    action: str
    text: str
    code: str
    message: str
    status: int = 400
    times: int | None = None
    # The call is made, and only its answer is lost.
    performed: bool = False
    calls: int = field(default=0, init=False)

    def meets(self, action: str | None, content: str) -> bool:
        return action == self.action and self.text in content

    def strikes(self) -> bool:
        """Counts one call that it met, and says whether this one is refused."""
        with _lock:
            self.calls += 1
            return self.times is None or self.calls <= self.times


_faults: dict[str, Fault] = {}
_lock = threading.Lock()


def enabled() -> bool:
    return bool(os.environ.get(VARIABLE))


def apply() -> None:
    """Puts every service's handler behind the faults."""
    import ministack.app

    if enabled():
        for service, handler in list(ministack.app.SERVICE_HANDLERS.items()):
            ministack.app.SERVICE_HANDLERS[service] = _behind(service, handler)


def strike_training_job(name: str) -> None:
    """Fails a job as a lack of capacity does."""
    fault = next((fault for fault in list(_faults.values()) if fault.meets(TRAINING_JOB, name)), None)
    if fault is not None and fault.strikes():
        raise JobFailure(f"{fault.code}: {fault.message}")


def administer(method: str, path: str, body: bytes) -> tuple[int, dict]:
    """The answer to a request below PATH."""
    name = path.removeprefix(PATH)
    try:
        if method == "PUT":
            _faults[name] = Fault(**json.loads(body))
        elif name not in _faults:
            return 404, {"message": f"there is no fault '{name}'"}
        fault = _faults.pop(name) if method == "DELETE" else _faults[name]
    except (TypeError, ValueError) as error:
        names = ", ".join(field.name for field in dataclasses.fields(Fault) if field.init)
        return 400, {"message": f"a fault must be a JSON object of {names}: {error}"}
    return 200, dataclasses.asdict(fault)


def _behind(service: str, handler: Handler) -> Handler:
    async def handle(method: str, path: str, headers: dict, body: bytes, query: dict) -> Answer:
        fault = _met(service, method, path, headers, body, query) if _faults else None
        if fault is None or not fault.strikes():
            return await handler(method, path, headers, body, query)
        if fault.performed:
            await handler(method, path, headers, body, query)
        return _refusal(service, fault, headers)

    return handle


def _met(service: str, method: str, path: str, headers: dict, body: bytes, query: dict) -> Fault | None:
    action = iam_actions.extract_iam_action(service, method, path, headers, body, query)
    content = "\n".join([path, body.decode(errors="replace"), *(headers.get(name, "") for name in TEXT_HEADERS)])
    return next((fault for fault in list(_faults.values()) if fault.meets(action, content)), None)


def _refusal(service: str, fault: Fault, headers: dict) -> Answer:
    """In the service's own protocol, which MiniStack's denials know."""
    _, reply_headers, content = iam_actions.access_denied_response(
        service, fault.action, "", str(uuid.uuid4()), error_code=fault.code, message=fault.message, headers=headers)
    return fault.status, dict(reply_headers), content
