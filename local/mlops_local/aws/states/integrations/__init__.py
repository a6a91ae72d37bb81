"""What a Task state's Resource does: one module per kind of integration, found by the resource's prefix."""

from collections.abc import Callable
from typing import Any

from mlops_local.aws.states.errors import RUNTIME, StateError
from mlops_local.aws.states.integrations import (
    aws_sdk,
    callback,
    http_invoke,
    lambda_function,
    nested_execution,
    optimized,
    sagemaker_job,
)
from mlops_local.aws.states.integrations.task import Task

__all__ = ["Task", "perform"]

# The first prefix that fits decides.
INTEGRATIONS: tuple[tuple[str, Callable[[Task], Any]], ...] = (
    ("arn:aws:states:::aws-sdk:", aws_sdk.perform),
    ("arn:aws:states:::http:invoke", http_invoke.perform),
    ("arn:aws:states:::lambda:invoke", lambda_function.perform_optimized),
    ("arn:aws:states:::states:startExecution", nested_execution.perform),
    ("arn:aws:states:::sagemaker:", sagemaker_job.perform),
    ("arn:aws:states:::", optimized.perform),
    ("arn:aws:lambda:", lambda_function.perform),
    ("arn:aws:states:", callback.perform_activity),
)


def perform(task: Task) -> Any:
    """Does the task and answers its result; with a task token, waits for SendTaskSuccess after the call."""
    integration = next((function for prefix, function in INTEGRATIONS if task.resource.startswith(prefix)), None)
    if integration is None:
        raise StateError(RUNTIME, f"The resource '{task.resource}' is not one that a Task can use")
    if task.token is None:
        return integration(task)
    return callback.perform(task, integration)
