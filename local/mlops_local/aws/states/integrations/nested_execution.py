"""`arn:aws:states:::states:startExecution`, plain, `.sync` and `.sync:2`.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

import json
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import stepfunctions

from mlops_local import sdk_names
from mlops_local.aws import auth
from mlops_local.aws.states.errors import StateError, Stopped
from mlops_local.aws.states.integrations import api_call
from mlops_local.aws.states.integrations.task import JOB_2, Task

SERVICE = "stepfunctions"
ERROR_PREFIX = "StepFunctions"
RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
POLL_SECONDS = 0.1
DESCRIBED = ("executionArn", "input", "inputDetails", "name", "output", "outputDetails", "startDate",
             "stateMachineArn", "status", "stopDate", "error", "cause")


def perform(task: Task) -> dict:
    arguments = dict(task.arguments)
    if "Input" in arguments and not isinstance(arguments["Input"], str):
        arguments["Input"] = json.dumps(arguments["Input"])
    if task.waits_for_job:
        _authorize_waiting(task, arguments.get("StateMachineArn", ""))
    parameters = api_call.request(task, SERVICE, "StartExecution", arguments, sdk_names.member_name)
    try:
        answer = api_call.call(task, SERVICE, "StartExecution", parameters)
    except api_call.ApiFailure as failure:
        raise _error(failure) from failure
    if not task.waits_for_job:
        return api_call.response(SERVICE, "StartExecution", answer, sdk_names.member_name)
    return _wait(task, answer["executionArn"])


def _error(failure: api_call.ApiFailure) -> StateError:
    name = sdk_names.exception_name(SERVICE, failure.code)
    if name == "SfnException":
        name = "AWSStepFunctionsException"
    cause = (f"{failure.message} (Service: AWSStepFunctions; Status Code: {failure.status}; "
             f"Error Code: {failure.code}; Request ID: {failure.request_id}; Proxy: null)")
    return StateError(f"{ERROR_PREFIX}.{name}", cause)


def _authorize_waiting(task: Task, machine_arn: str) -> None:
    rule = f"arn:aws:events:{task.region}:{get_account_id()}:rule/{RULE}"
    execution = machine_arn.replace(":stateMachine:", ":execution:") + ":*"
    try:
        for action in RULE_ACTIONS:
            task.authorize(action, rule)
        task.authorize("states:DescribeExecution", execution)
    except auth.AccessDenied as denied:
        raise StateError("States.TaskFailed", str(denied)) from denied


def _wait(task: Task, execution_arn: str) -> dict:
    execution = stepfunctions._executions[execution_arn]
    while execution["status"] == "RUNNING":
        if task.scope.wait(POLL_SECONDS):
            _stop(task, execution_arn)
            raise Stopped
    described = {name[0].upper() + name[1:]: _value(name, execution, task) for name in DESCRIBED
                 if execution.get(name) is not None}
    if execution["status"] != "SUCCEEDED":
        described.pop("Output", None)
        raise StateError("States.TaskFailed", json.dumps(described))
    return described


def _value(name: str, execution: dict, task: Task) -> Any:
    if name in ("startDate", "stopDate"):
        return stepfunctions._iso_to_epoch_ms(execution[name])
    if name in ("input", "output") and task.resource.endswith(JOB_2):
        return json.loads(execution[name])
    return execution[name]


def _stop(task: Task, execution_arn: str) -> None:
    try:
        api_call.call(task, SERVICE, "StopExecution", {"executionArn": execution_arn})
    except (api_call.ApiFailure, StateError):
        pass  # it may have ended by itself
