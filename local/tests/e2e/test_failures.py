"""What goes wrong on purpose, on a served stack: each ends as the issue of the stack promises."""

import io
import json
import signal
import tarfile
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from e2e.driver import processes_with, wait_until

from mlops_local.cli import data

ACTION = "sagemaker:CreateTrainingJob"


@pytest.fixture
def alerts(served):
    """The messages that a subscriber of the alerter gets."""
    sqs, sns = served.target.client("sqs"), served.target.client("sns")
    queue = sqs.create_queue(QueueName=f"alerts-{time.monotonic_ns()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                       "Resource": arn}],
    })})
    subscription = sns.subscribe(TopicArn=served.address("alerter"), Protocol="sqs", Endpoint=arn,
                                 ReturnSubscriptionArn=True)["SubscriptionArn"]

    def received() -> list[str]:
        """Every message, from the first until no more come for a while."""
        messages: list[str] = []

        def page() -> bool:
            new = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
            for message in new:
                messages.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return bool(new)

        wait_until(page, "an alert")
        while page():
            pass
        return messages

    yield received
    sns.unsubscribe(SubscriptionArn=subscription)


def run_pipeline(served, run_input: dict | None = None) -> str:
    started = served.target.client("stepfunctions").start_execution(
        stateMachineArn=served.outputs["PipelineArn"], input=json.dumps(run_input or {}))
    return started["executionArn"]


def ended(served, execution: str) -> dict:
    stepfunctions = served.target.client("stepfunctions")

    def described() -> dict | None:
        description = stepfunctions.describe_execution(executionArn=execution)
        return description if description["status"] != "RUNNING" else None

    return wait_until(described, f"{execution} has ended", 120)


def running_job(served) -> str:
    sagemaker = served.target.client("sagemaker")

    def name() -> str | None:
        jobs = sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
        return jobs[0]["TrainingJobName"] if jobs else None

    return wait_until(name, "a training job is in progress")


def test_a_gate_above_the_score_registers_nothing_and_alerts_once(served, alerts, tmp_path):
    before = len(served.versions())
    strict = tmp_path / "strict.yaml"
    strict.write_text("pipeline: { gate: { metric: accuracy, minimum: 0.9999 } }\n")
    code, report = served.target.up("--config", str(strict))
    assert code == 1
    assert report["error"]["step"] == "Gate"
    assert "0.9999" in report["error"]["cause"]
    assert report["trainingJob"]["status"] == "Completed"
    assert report["modelVersion"] is None
    assert len(served.versions()) == before
    messages = alerts()
    assert len(messages) == 1, messages
    assert "Gate" in messages[0]
    # The stack of mlops.yaml again.
    code, report = served.target.up()
    assert code == 0, report


ON_EVERY_REQUEST = b"""
def model_fn(folder):
    return None


def input_fn(body, kind):
    raise RuntimeError("broken on purpose")
"""
AT_START = b"raise RuntimeError('broken on purpose')\n"


def broken_artifact(served, code: bytes) -> str:
    """A copy of the served model whose inference code fails."""
    bucket, _, key = served.report["trainingJob"]["artifact"].removeprefix("s3://").partition("/")
    s3 = served.target.client("s3")
    original = io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    changed = io.BytesIO()
    with tarfile.open(fileobj=original) as source, tarfile.open(fileobj=changed, mode="w:gz") as copy:
        for member in source.getmembers():
            if member.isfile() and member.name.removeprefix("./") != "code/inference.py":
                copy.addfile(member, source.extractfile(member))
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(code)
        copy.addfile(member, io.BytesIO(code))
    broken = f"{key.removesuffix('model.tar.gz')}broken/model.tar.gz"
    s3.put_object(Bucket=bucket, Key=broken, Body=changed.getvalue())
    return f"s3://{bucket}/{broken}"


def test_a_version_that_fails_rolls_back_while_the_old_one_answers(served, alerts):
    sagemaker = served.target.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName=served.endpoint_name)
    sample = served.report["prediction"]["input"]
    expected = served.predict(sample)
    answers: list[list[str]] = []
    refusals: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(served.predict(sample))
            except ClientError as error:
                refusals.append(error.response["Error"]["Code"])
            time.sleep(0.05)

    version = served.register(broken_artifact(served, ON_EVERY_REQUEST))
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        served.approve(version)
        deployment = served.deployment_of(version)
    finally:
        done.set()
        asking.join()
    assert deployment["status"] == "FAILED", deployment
    after = sagemaker.describe_endpoint(EndpointName=served.endpoint_name)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert served.predict(sample) == expected
    # The old version answers throughout; a request that the bake sends to the new one is answered with its 500.
    assert answers and all(answer == expected for answer in answers)
    assert set(refusals) <= {"ModelError"}
    assert len(refusals) < len(answers)
    assert len([message for message in alerts() if "FAILED" in message]) == 1


def test_ten_approvals_each_told_twice_deploy_one_at_a_time(served):
    versions = [served.register(served.report["trainingJob"]["artifact"]) for _ in range(10)]
    for version in versions:
        served.approve(version)

    def deployments_of(version: str) -> list[dict]:
        return [deployment for deployment in served.deployments() if version in deployment["input"]]

    # SageMaker may send one change several times: each event once more, as the rule delivered it.
    stepfunctions = served.target.client("stepfunctions")
    for version in versions:
        event = wait_until(lambda version=version: deployments_of(version), f"a deployment of {version}")[0]["input"]
        stepfunctions.start_execution(stateMachineArn=served.outputs["DeploymentArn"], input=event)

    def all_ended() -> bool:
        return all(deployment["status"] != "RUNNING" for deployment in served.deployments())

    wait_until(all_ended, "all deployments have ended", 300)
    deployed = []
    for version in versions:
        ended_ones = deployments_of(version)
        assert len(ended_ones) == 2
        assert {deployment["status"] for deployment in ended_ones} == {"SUCCEEDED"}, ended_ones
        outcomes = [json.loads(deployment["output"])["status"] for deployment in ended_ones]
        assert sorted(outcomes) in (["Deployed", "Skipped"], ["Skipped", "Skipped"]), outcomes
        deployed += [deployment for deployment, outcome in zip(ended_ones, outcomes, strict=True) if outcome == "Deployed"]
    assert versions[-1] in deployed[-1]["input"]
    assert not any_overlap(served, deployed)
    assert served_version(served) == versions[-1]


def served_version(served) -> str:
    """The version of the deployment whose work on the endpoint ended last."""
    done = [deployment for deployment in served.deployments()
            if deployment["status"] == "SUCCEEDED" and json.loads(deployment["output"])["status"] == "Deployed"]
    sagemaker = served.target.client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName=served.endpoint_name)["EndpointStatus"] == "InService"
    return json.loads(max(done, key=lambda deployment: deployment["stopDate"])["output"])["version"]


def any_overlap(served, deployments: list[dict]) -> bool:
    """Whether the work on the endpoint of two deployments overlaps in time."""
    stepfunctions = served.target.client("stepfunctions")
    spans = []
    for deployment in deployments:
        pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=deployment["executionArn"])
        times = [event["timestamp"] for page in pages for event in page["events"]
                 if any(event.get(details, {}).get("name") == "Deploy"
                        for details in ("stateEnteredEventDetails", "stateExitedEventDetails"))]
        assert times, "the deployment entered its step 'Deploy'"
        spans.append((min(times), max(times)))
    spans.sort()
    return any(later[0] < earlier[1] for earlier, later in zip(spans, spans[1:], strict=False))


def test_an_endpoint_that_never_worked_is_made_anew(served):
    sagemaker = served.target.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=served.endpoint_name)
    wait_until(lambda: not sagemaker.list_endpoints()["Endpoints"], "the endpoint is gone")
    broken = served.register(broken_artifact(served, AT_START))
    served.approve(broken)
    assert served.deployment_of(broken)["status"] == "FAILED"
    assert sagemaker.describe_endpoint(EndpointName=served.endpoint_name)["EndpointStatus"] == "Failed"

    good = served.register(served.report["trainingJob"]["artifact"])
    served.approve(good)
    assert served.deployment_of(good)["status"] == "SUCCEEDED"
    assert served.predict(served.report["prediction"]["input"]) == [served.report["prediction"]["output"]]


def test_stopping_an_execution_leaves_no_process_of_its_job(served):
    execution = run_pipeline(served)
    job = running_job(served)
    wait_until(lambda: processes_with(f"TRAINING_JOB_NAME={job}\0"), "the job's processes run")
    served.target.client("stepfunctions").stop_execution(executionArn=execution)
    wait_until(lambda: not processes_with(f"TRAINING_JOB_NAME={job}\0"), "the job's processes are gone", 10)
    assert ended(served, execution)["status"] == "ABORTED"
    sagemaker = served.target.client("sagemaker")
    wait_until(lambda: sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped",
               "the job is stopped")


def test_ctrl_c_stops_the_run(served):
    process = served.target.start("up", "--json")
    job = running_job(served)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["error"]["error"] == "Interrupted"
    stepfunctions = served.target.client("stepfunctions")
    running = stepfunctions.list_executions(stateMachineArn=served.outputs["PipelineArn"], statusFilter="RUNNING")
    assert running["executions"] == []
    described = served.target.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert described["TrainingJobStatus"] == "Stopped"
    # The target was there before this run.
    assert served.target.run("env").returncode == 0


def test_a_run_with_the_same_id_finds_its_job(served):
    first = json.loads(ended(served, run_pipeline(served, {"runId": "again"}))["output"])
    second = json.loads(ended(served, run_pipeline(served, {"runId": "again"}))["output"])
    assert (second["jobName"], second["version"]) == (first["jobName"], first["version"])


def test_an_action_taken_from_the_role_fails_the_run_and_is_named(served):
    iam, stepfunctions = served.target.client("iam"), served.target.client("stepfunctions")
    role = stepfunctions.describe_state_machine(stateMachineArn=served.outputs["PipelineArn"])["roleArn"].rpartition("/")[2]
    policies = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                for name in iam.list_role_policies(RoleName=role)["PolicyNames"]}
    for name, document in policies.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(without(document, ACTION)))
    try:
        failed = ended(served, run_pipeline(served))
    finally:
        for name, document in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    assert failed["status"] == "FAILED"
    assert failed["error"] == "Mlops.Unauthorized"
    assert "AccessDenied" in failed["cause"] and ACTION in failed["cause"]


def without(document: dict, action: str) -> dict:
    """A policy that no longer allows an action."""
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [each for each in actions if each != action]
        if left:
            statements.append(statement | {"Action": left})
    return document | {"Statement": statements}


def test_destroy_leaves_nothing_behind_but_the_data(served):
    """The last test: it takes the stack away."""
    stack, store = served.report["stack"], served.outputs["ArtifactStoreUri"]
    destroyed = served.target.cdk("destroy", stack, "--app", str(served.target.settings.home / "cdk.out"), "--force")
    assert destroyed.returncode == 0, destroyed.stderr
    sagemaker = served.target.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    # The tracker holds the history of the runs, so that its app is retained, and with it its server.
    wait_until(lambda: {command_of(pid) for pid in served.target.processes()} <= {"", "mlops_local.target", "uvicorn"},
               "only the target and the retained tracker are left", 120)
    kept = served.target.client("s3").list_objects_v2(Bucket=data.bucket_of(store), Prefix="data/")
    assert kept["KeyCount"] == 4


def command_of(pid: int) -> str:
    """The module that a Python process runs, else its program; nothing for one that has just ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return words[words.index("-m") + 1] if "-m" in words else words[0]
