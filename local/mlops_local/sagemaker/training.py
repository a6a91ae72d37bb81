"""CreateTrainingJob, DescribeTrainingJob, StopTrainingJob and ListTrainingJobs."""

from __future__ import annotations

import re

from mlops_local.processes import sandbox
from mlops_local.sagemaker import lists, store, tags
from mlops_local.sagemaker.clients import check_role, require
from mlops_local.sagemaker.errors import invalid, resource_in_use
from mlops_local.sagemaker.operations import operation
from mlops_local.sagemaker.training_run import STOPPED_WITH_TARGET, TrainingRun, change_status

DEFAULT_MAX_RUNTIME = 86_400
FINAL = ("Completed", "Failed", "Stopped")

_runs: dict[str, TrainingRun] = {}


@operation("CreateTrainingJob")
def create_training_job(params: dict) -> dict:
    _check(params)
    name = params["TrainingJobName"]
    arn = store.arn("training-job", name)
    moment = store.now()
    job = {
        **params,
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME, **params.get("StoppingCondition", {})},
        "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False),
        "EnableManagedSpotTraining": params.get("EnableManagedSpotTraining", False),
        "EnableInterContainerTrafficEncryption": params.get("EnableInterContainerTrafficEncryption", False),
        "TrainingJobArn": arn,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [],
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
    run = TrainingRun(job)
    with store.changing():
        if name in store.table("TrainingJob"):
            raise resource_in_use("Training job names must be unique within an AWS account and region, but a training "
                                  f"job with this name already exists ({arn})")
        store.table("TrainingJob")[name] = job
    tags.put(arn, params.get("Tags"))
    _runs[arn] = run
    change_status(job, "InProgress", "Starting", "Launching requested ML instances")
    store.in_background(f"training-{name}", _perform, run, arn)
    return {"TrainingJobArn": arn}


def _perform(run: TrainingRun, arn: str) -> None:
    try:
        run.perform()
    finally:
        _runs.pop(arn, None)


@operation("DescribeTrainingJob")
def describe_training_job(params: dict) -> dict:
    return _job(params["TrainingJobName"])


@operation("StopTrainingJob")
def stop_training_job(params: dict) -> dict:
    job = _job(params["TrainingJobName"])
    with store.lock:
        if job["TrainingJobStatus"] in FINAL:
            raise invalid(f"The request was rejected because the training job is in status {job['TrainingJobStatus']}.")
        already = job["TrainingJobStatus"] == "Stopping"
    if not already:
        change_status(job, "Stopping", "Stopping", "Stopping the training job")
    run = _runs.get(job["TrainingJobArn"])
    if run is not None:
        run.stop()
    return {}


lists.register(lists.Listing(
    operation="ListTrainingJobs", kind="TrainingJob", items="TrainingJobSummaries", name="TrainingJobName",
    status="TrainingJobStatus",
))


def _job(name: str) -> dict:
    job = store.table("TrainingJob").get(name)
    if job is None:
        raise invalid("Requested resource not found.")
    return job


def _check(params: dict) -> None:
    for check in (_check_algorithm, _check_resources, _check_channels, _check_stopping):
        check(params)
    check_role(params["RoleArn"])
    key = params["OutputDataConfig"].get("KmsKeyId", "")
    if key.startswith("arn:"):
        require(params["RoleArn"], "kms:Encrypt", key)
    path = params["OutputDataConfig"]["S3OutputPath"]
    if not path.startswith("s3://"):
        raise invalid(f"'OutputDataConfig.S3OutputPath' must be an s3:// address, got '{path}'")
    local_path = params.get("CheckpointConfig", {}).get("LocalPath", "/opt/ml/checkpoints")
    if not local_path.startswith("/opt/ml/"):
        raise invalid(f"'CheckpointConfig.LocalPath' must be below /opt/ml in the local target, got '{local_path}'")


def _check_algorithm(params: dict) -> None:
    algorithm = params.get("AlgorithmSpecification")
    if not algorithm or not algorithm.get("TrainingImage"):
        raise invalid("'AlgorithmSpecification.TrainingImage' is required: the local target runs images only, "
                      f"got {algorithm}")
    if algorithm["TrainingInputMode"] == "Pipe":
        raise _unsupported("AlgorithmSpecification.TrainingInputMode", "Pipe", "File or FastFile")
    for definition in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise invalid(f"'AlgorithmSpecification.MetricDefinitions[{definition['Name']}].Regex' is not a regular "
                          f"expression: {error}, got '{definition['Regex']}'") from None


def _check_resources(params: dict) -> None:
    resources = params["ResourceConfig"]
    if resources.get("InstanceGroups"):
        raise _unsupported("ResourceConfig.InstanceGroups", "heterogeneous clusters", "InstanceType and InstanceCount")
    if not resources.get("InstanceType") or not resources.get("InstanceCount"):
        raise invalid("'ResourceConfig.InstanceType' and 'ResourceConfig.InstanceCount' are required")
    if resources["InstanceCount"] > 1 and not sandbox.available():
        raise invalid(f"'ResourceConfig.InstanceCount' is {resources['InstanceCount']}: without bubblewrap the local "
                      "target runs one instance; install bubblewrap (and allow user namespaces), or use 1")


def _check_channels(params: dict) -> None:
    names = [channel["ChannelName"] for channel in params.get("InputDataConfig", [])]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"'InputDataConfig' must not name a channel twice, got '{name}'")
    for channel in params.get("InputDataConfig", []):
        field = f"InputDataConfig[{channel['ChannelName']}]"
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise _unsupported(f"{field}.DataSource", ", ".join(channel["DataSource"]) or "nothing", "S3DataSource")
        if source["S3DataType"] != "S3Prefix":
            raise _unsupported(f"{field}.S3DataType", source["S3DataType"], "S3Prefix")
        if channel.get("CompressionType", "None") != "None":
            raise _unsupported(f"{field}.CompressionType", channel["CompressionType"], "None")
        if channel.get("InputMode", "File") == "Pipe":
            raise _unsupported(f"{field}.InputMode", "Pipe", "File or FastFile")


def _check_stopping(params: dict) -> None:
    condition = params.get("StoppingCondition", {})
    longest = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
    wait = condition.get("MaxWaitTimeInSeconds")
    if params.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise invalid("Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                          f"MaxRuntimeInSeconds ({longest}), got {wait}")
    elif wait is not None:
        raise invalid("MaxWaitTimeInSeconds can be specified only if EnableManagedSpotTraining is true")


def _unsupported(field: str, got: str, allowed: str):
    return invalid(f"'{field}' is {got}, which the local target does not support: use {allowed}")


def resume() -> None:
    """Jobs that were running when the target ended have ended with it."""
    for account, region, _, job in store.scopes("TrainingJob"):
        if job["TrainingJobStatus"] not in FINAL:
            with store.scope(account, region):
                job["FailureReason"] = STOPPED_WITH_TARGET
                job["TrainingEndTime"] = store.now()
                change_status(job, "Failed", "Failed", STOPPED_WITH_TARGET)


def shutdown() -> None:
    """Stop every running job; each is Failed, since it did not run to its end."""
    runs = list(_runs.values())
    for run in runs:
        run.abandon()
    for run in runs:
        run.ended.wait(timeout=10)
