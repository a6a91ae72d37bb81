"""Executions: started, run, timed out and stopped; MiniStack keeps their records and answers the API's other calls.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import contextvars
import copy
import json
import re
import threading
from typing import Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
    now_iso,
    request_scope,
)
from ministack.services import stepfunctions

from mlops_local.aws import persistence
from mlops_local.aws.states import log_delivery
from mlops_local.aws.states.data import MAX_PAYLOAD_BYTES
from mlops_local.aws.states.errors import RUNTIME, StateError, Stopped
from mlops_local.aws.states.interpreter import Interpreter
from mlops_local.aws.states.scope import Scope

NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
EXPRESS = "EXPRESS"
EXPRESS_SECONDS = 300
# MiniStack's name for an execution that was running when the target ended; it has none on AWS.
INTERRUPTED = "States.ServiceRestart"

_running: dict[str, Scope] = {}
_lock = threading.RLock()


def start_execution(data: dict) -> tuple:
    """StartExecution: a name is idempotent while its execution runs with the same input, and taken afterwards."""
    machine_arn = data.get("stateMachineArn", "")
    base_arn = stepfunctions._resolve_state_machine_arn(machine_arn)
    if base_arn is None:
        return error_response_json("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine_arn}'", 400)
    machine = stepfunctions._state_machines[base_arn]
    name = data.get("name") or new_uuid()
    text = data.get("input") or "{}"
    problem = _problem(name, text)
    if problem:
        return error_response_json(*problem, 400)
    express = machine["type"] == EXPRESS
    arn = _execution_arn(machine["name"], name, express)
    with _lock:
        known = stepfunctions._executions.get(arn)
        if known is not None:
            if known["status"] == "RUNNING" and known["input"] == text:
                return json_response({"executionArn": arn, "startDate": known["startDate"]})
            return error_response_json("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", 400)
        execution = _record(arn, machine, base_arn, name, text, express)
        stepfunctions._executions[arn] = execution
        _running[arn] = Scope()
    stepfunctions._emit_execution_status_event(execution)
    threading.Thread(target=contextvars.copy_context().run, args=(run_execution, arn), name="mlops-execution",
                     daemon=True).start()
    return json_response({"executionArn": arn, "startDate": execution["startDate"]})


def stop_execution(data: dict) -> tuple:
    """StopExecution: the record is ABORTED at once, and what runs is stopped."""
    arn = data.get("executionArn", "")
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    with _lock:
        if execution["status"] == "RUNNING":
            details = {key: data[key] for key in ("error", "cause") if data.get(key)}
            _end(execution, "ABORTED", "ExecutionAborted", "executionAbortedEventDetails", **details)
    scope = _running.get(arn)
    if scope is not None:
        scope.stop()
    return json_response({"stopDate": execution["stopDate"]})


def run_execution(arn: str) -> None:
    """Runs an execution whose record exists, to its end; also what StartSyncExecution calls."""
    execution = stepfunctions._executions[arn]
    scope = _running.setdefault(arn, Scope())
    timer = None
    try:
        machine = stepfunctions._state_machines[execution["stateMachineArn"]]
        definition = json.loads(machine["definition"])
        timer = _time_out_after(execution, scope, definition, machine["type"] == EXPRESS)
        value = json.loads(execution["input"])
        interpreter = Interpreter(execution, machine["roleArn"], scope)
        output = interpreter.run(definition, value, _context(execution, machine, definition, value), scope)
        _succeed(execution, output)
    except Stopped:
        pass  # whoever stopped it has written how it ended
    except StateError as error:
        _fail(execution, error.error, error.cause)
    except Exception as error:  # a defect of the target must end the execution, not hang it
        stepfunctions.logger.exception("the execution %s failed in the local target", arn)
        _fail(execution, RUNTIME, f"{type(error).__name__}: {error}")
    finally:
        if timer is not None:
            timer.cancel()
        scope.stop()
        _running.pop(arn, None)
        persistence.touch("states")


def stop_all() -> None:
    """Ends every thread that runs an execution, when the target stops; the next start finds them interrupted."""
    for scope in list(_running.values()):
        scope.stop()


def resume() -> None:
    """Tells that the executions which a stopped or killed target interrupted have failed: MiniStack has marked them."""
    for (account, region, _), execution in list(stepfunctions._executions.all_items()):
        if execution.get("error") == INTERRUPTED and execution["events"][-1]["type"] != "ExecutionFailed":
            with request_scope(account, region):
                _end(execution, "FAILED", "ExecutionFailed", "executionFailedEventDetails", error=INTERRUPTED,
                     cause="the local target was stopped while the execution ran")


def _problem(name: str, text: str) -> tuple[str, str] | None:
    if not NAME.fullmatch(name):
        return "InvalidName", f"Invalid Name: '{name}'"
    if len(text.encode()) > MAX_PAYLOAD_BYTES:
        return "ValidationException", f"'input' must be at most {MAX_PAYLOAD_BYTES} bytes, got {len(text.encode())}"
    try:
        json.loads(text)
    except ValueError as error:
        return "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
    return None


def _execution_arn(machine_name: str, name: str, express: bool) -> str:
    """An Express execution's name may be used again, so its ARN ends in an id of its own."""
    prefix = f"arn:aws:states:{get_region()}:{get_account_id()}"
    if express:
        return f"{prefix}:express:{machine_name}:{name}:{new_uuid()}"
    return f"{prefix}:execution:{machine_name}:{name}"


def _record(arn: str, machine: dict, machine_arn: str, name: str, text: str, express: bool) -> dict:
    started = now_iso()
    details = {"input": text, "roleArn": machine["roleArn"]}
    return {
        "executionArn": arn,
        "stateMachineArn": machine_arn,
        "name": name,
        "status": "RUNNING",
        "startDate": started,
        "stopDate": None,
        "input": text,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "testCase": "",
        "mockAttempts": {},
        # MiniStack sends no status events of such executions; AWS sends none of Express ones.
        "sync": express,
        "encryptionConfiguration": copy.deepcopy(
            machine.get("encryptionConfiguration") or stepfunctions._default_encryption()),
        "events": [{"id": 1, "type": "ExecutionStarted", "timestamp": started,
                    "executionStartedEventDetails": details}],
    }


def _context(execution: dict, machine: dict, definition: dict, value: Any) -> dict:
    return {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": value,
            "Name": execution["name"],
            "RoleArn": machine["roleArn"],
            "StartTime": execution["startDate"],
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
        "variables": {},
    }


def _time_out_after(execution: dict, scope: Scope, definition: dict, express: bool) -> threading.Timer | None:
    seconds = definition.get("TimeoutSeconds")
    if express:
        seconds = min(seconds or EXPRESS_SECONDS, EXPRESS_SECONDS)
    if not seconds:
        return None

    def time_out() -> None:
        with _lock:
            if execution["status"] == "RUNNING":
                _end(execution, "TIMED_OUT", "ExecutionTimedOut", "executionTimedOutEventDetails",
                     error="States.Timeout", cause=f"The execution ran longer than {seconds} seconds")
        scope.stop()

    timer = threading.Timer(seconds, contextvars.copy_context().run, args=(time_out,))
    timer.daemon = True
    timer.start()
    return timer


def _succeed(execution: dict, output: Any) -> None:
    with _lock:
        if execution["status"] == "RUNNING":
            execution["output"] = json.dumps(output)
            _end(execution, "SUCCEEDED", "ExecutionSucceeded", "executionSucceededEventDetails",
                 output=execution["output"])


def _fail(execution: dict, error: str, cause: str) -> None:
    with _lock:
        if execution["status"] == "RUNNING":
            _end(execution, "FAILED", "ExecutionFailed", "executionFailedEventDetails", error=error, cause=cause)


def _end(execution: dict, status: str, event_type: str, details_name: str, **details: Any) -> None:
    execution["stopDate"] = now_iso()
    for name in ("error", "cause"):
        if name in details:
            execution[name] = details[name]
    execution["status"] = status
    stepfunctions._add_event(execution, event_type, {details_name: details})
    stepfunctions._emit_execution_status_event(execution)
    log_delivery.deliver(execution)
    persistence.touch("states")
