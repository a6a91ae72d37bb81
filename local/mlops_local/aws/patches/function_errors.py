"""An error of a Node.js function is known by its own name, with its message and trace, as Lambda's runtime reports it.

MiniStack answers `Runtime.HandlerError` for whatever a handler throws, so that no state machine could catch it by name.
https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
"""

import json

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

THROWN = "error: String(err.message || err), trace: err.stack"
MARK = "mlops-error:"
REPORTED = ('error: "' + MARK + '" + JSON.stringify({ errorType: err.name || "Error", errorMessage: String(err.message || err), '
            'trace: String(err.stack || "").split("\\n") }), trace: err.stack')  # fmt: skip


def apply() -> None:
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    if THROWN not in script:
        raise RuntimeError("ministack's Node.js worker reports errors in another way")
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(THROWN, REPORTED)
    execute = lambda_svc._execute_function_warm

    def execute_function_warm(func, event, request_id):
        result = execute(func, event, request_id)
        message = result["body"].get("errorMessage", "") if result.get("error") and isinstance(result.get("body"), dict) else ""
        if message.startswith(MARK):
            result["body"] = json.loads(message.removeprefix(MARK))
        return result

    lambda_svc._execute_function_warm = execute_function_warm
