"""`arn:aws:states:::sagemaker:<action>`, with `.sync`: starts a job, waits for its end, and stops it when stopped.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

import json
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id

from mlops_local import sdk_names
from mlops_local.aws import auth
from mlops_local.aws.states.errors import RUNTIME, StateError, Stopped
from mlops_local.aws.states.integrations import api_call, optimized
from mlops_local.aws.states.integrations.task import Task
from mlops_local.sagemaker import api
from mlops_local.sagemaker.errors import ApiError

SERVICE = "sagemaker"
ERROR_PREFIX = "SageMaker"
POLL_SECONDS = 0.1
TAG = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


@dataclass(frozen=True)
class Job:
    """How a kind of job is named, watched and stopped; `rule` is the managed rule that tells of its end on AWS."""

    name: str
    describe: str
    status: str
    stop: str
    rule: str


JOBS = {
    "createTrainingJob": Job("TrainingJobName", "DescribeTrainingJob", "TrainingJobStatus", "StopTrainingJob",
                             "StepFunctionsGetEventsForSageMakerTrainingJobsRule"),
    "createTransformJob": Job("TransformJobName", "DescribeTransformJob", "TransformJobStatus", "StopTransformJob",
                              "StepFunctionsGetEventsForSageMakerTransformJobsRule"),
    "createProcessingJob": Job("ProcessingJobName", "DescribeProcessingJob", "ProcessingJobStatus",
                               "StopProcessingJob", "StepFunctionsGetEventsForSageMakerProcessingJobsRule"),
    "createHyperParameterTuningJob": Job("HyperParameterTuningJobName", "DescribeHyperParameterTuningJob",
                                         "HyperParameterTuningJobStatus", "StopHyperParameterTuningJob",
                                         "StepFunctionsGetEventsForSageMakerTuningJobsRule"),
    "createLabelingJob": Job("LabelingJobName", "DescribeLabelingJob", "LabelingJobStatus", "StopLabelingJob",
                             "StepFunctionsGetEventsForSageMakerLabelingJobsRule"),
}
ACTIONS = (*JOBS, "createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")


def perform(task: Task) -> dict:
    operation = sdk_names.operation_name(SERVICE, task.operation)
    if operation is None or task.operation not in ACTIONS:
        raise StateError(RUNTIME, f"The resource '{task.resource}' is not an optimized integration of SageMaker")
    job = JOBS.get(task.operation)
    if task.waits_for_job:
        if job is None:
            raise StateError(RUNTIME, f"The resource '{task.resource}' has no .sync form")
        _authorize_waiting(task, job)
    parameters = api_call.request(task, SERVICE, operation, task.arguments, str)
    if task.waits_for_job:
        parameters["Tags"] = [*parameters.get("Tags", []), TAG]
    try:
        answer = api_call.call(task, SERVICE, operation, parameters)
    except api_call.ApiFailure as failure:
        raise optimized.error(SERVICE, ERROR_PREFIX, failure) from failure
    if not task.waits_for_job:
        return api_call.response(SERVICE, operation, answer, str)
    return _wait(task, job, parameters[job.name])


def _authorize_waiting(task: Task, job: Job) -> None:
    """On AWS a managed rule tells Step Functions of the job's end, and the role must be able to keep that rule."""
    rule = f"arn:aws:events:{task.region}:{get_account_id()}:rule/{job.rule}"
    try:
        for action in RULE_ACTIONS:
            task.authorize(action, rule)
    except auth.AccessDenied as denied:
        raise StateError("States.TaskFailed", str(denied)) from denied


def _wait(task: Task, job: Job, name: str) -> dict:
    """Polls until the job ends: its description is the result, or the cause when it did not complete."""
    described = _describe(task, job, name)
    while described[job.status] not in ("Completed", "Failed", "Stopped"):
        if task.scope.wait(POLL_SECONDS):
            _stop(task, job, name)
            raise Stopped
        described = api.call(job.describe, {job.name: name})
    result = _with_millisecond_times(api.model.operation_model(job.describe).output_shape, described)
    if described[job.status] != "Completed":
        raise StateError("States.TaskFailed", json.dumps(result))
    return result


def _describe(task: Task, job: Job, name: str) -> dict:
    """The first look is made with the role, so that a role that may not describe the job fails here."""
    try:
        api_call.call(task, SERVICE, job.describe, {job.name: name})
        return api.call(job.describe, {job.name: name})
    except api_call.ApiFailure as failure:
        raise optimized.error(SERVICE, ERROR_PREFIX, failure) from failure


def _stop(task: Task, job: Job, name: str) -> None:
    try:
        api_call.call(task, SERVICE, job.stop, {job.name: name})
    except (api_call.ApiFailure, ApiError, StateError):
        pass  # it may have ended by itself; the state ends as stopped either way


def _with_millisecond_times(shape: Any, value: Any) -> Any:
    """The result of .sync has the times of the job as epoch milliseconds."""
    if shape.type_name == "timestamp":
        return int(value * 1000) if isinstance(value, (int, float)) else value
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: _with_millisecond_times(shape.members[name], item) for name, item in value.items()
                if name in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_with_millisecond_times(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _with_millisecond_times(shape.value, item) for key, item in value.items()}
    return value
