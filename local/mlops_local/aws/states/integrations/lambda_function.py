"""Lambda functions, as `arn:aws:states:::lambda:invoke` or by the function's own ARN."""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import stepfunctions

from mlops_local.aws import auth
from mlops_local.aws.states.errors import StateError
from mlops_local.aws.states.integrations.task import CALLBACK, Task


def perform_optimized(task: Task) -> Any:
    _authorize(task, str(task.arguments.get("FunctionName", "")))
    resource = task.resource.removesuffix(CALLBACK)
    return {**stepfunctions._invoke_resource(resource, task.arguments), "ExecutedVersion": "$LATEST"}


def perform(task: Task) -> Any:
    _authorize(task, task.resource)
    return stepfunctions._invoke_resource(task.resource, task.arguments)


def _authorize(task: Task, function: str) -> None:
    arn = function if function.startswith("arn:") else \
        f"arn:aws:lambda:{task.region}:{get_account_id()}:function:{function}"
    try:
        task.authorize("lambda:InvokeFunction", arn)
    except auth.AccessDenied as denied:
        raise StateError("Lambda.AWSLambdaException", f"{denied} (Service: Lambda, Status Code: 403)") from denied
