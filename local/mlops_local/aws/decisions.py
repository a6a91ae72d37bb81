"""Every decision of IAM about what a role did, one JSON line each, in the file that MLOPS_LOCAL_DECISIONS names.

Without the variable nothing is recorded. A decision that was written before is not written again.
"""

import json
import os
import threading
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import sts

VARIABLE = "MLOPS_LOCAL_DECISIONS"

_written: set[str] = set()
_lock = threading.Lock()


def apply() -> None:
    """Records the decisions on signed requests; `auth.authorize` records its own."""
    enforce = iam_evaluator.enforce

    def recorded(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        caller = sts._sessions.get(access_key_id, {}).get("Arn")
        if caller and not isinstance(denied, iam_evaluator.AuthError):
            record(caller, iam_action, resource_arn, service_context, denied is None)
        return denied

    iam_evaluator.enforce = recorded


def record(caller: str, action: str, resource: str, context: dict[str, Any] | None, allowed: bool) -> None:
    """`caller` is the ARN of a role's session."""
    file = os.environ.get(VARIABLE)
    if not file:
        return
    conditions = {key: value for key, value in (context or {}).items() if value not in (None, [], {})}
    decision = {"role": caller.split("/")[1], "action": action, "resource": resource, "context": conditions,
                "allowed": allowed}
    line = json.dumps(decision, sort_keys=True, default=str)
    with _lock:
        if line in _written:
            return
        _written.add(line)
        with open(file, "a", encoding="utf-8") as lines:
            lines.write(line + "\n")
