"""The launcher: its status, a taken port, and state across a stop and a kill."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws.running_target import PACKAGE, TargetProcess, free_port

SAVED_AFTER_SECONDS = 4


@pytest.fixture
def own_target(tmp_path: Path) -> Iterator[TargetProcess]:
    process = TargetProcess(tmp_path, free_port())
    process.start()
    yield process
    process.stop()


def launch(process: TargetProcess, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "mlops_local.target"], capture_output=True, text=True, timeout=60,
                          env={**process.environment(), **environment}, check=False)


def test_status_names_the_owner(own_target):
    status = own_target.status()
    assert status["home"] == str(own_target.home)
    assert status["pid"] == own_target.process.pid
    assert (status["account"], status["region"], status["version"]) == ("000000000000", "us-east-1", "1.5.33")


def test_a_taken_port_is_one_line(own_target, tmp_path):
    again = launch(own_target)
    assert again.returncode == 1
    assert f"already running on port {own_target.port} (pid {own_target.process.pid})" in again.stderr
    assert again.stderr.count("\n") == 1
    other = launch(own_target, MLOPS_LOCAL_HOME=str(tmp_path / "other"))
    assert f"taken by the local target of {own_target.home}" in other.stderr
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        port = foreign.getsockname()[1]
        taken = launch(own_target, MLOPS_LOCAL_PORT=str(port))
    assert f"port {port} is taken by another program" in taken.stderr


def test_a_port_that_is_no_port():
    process = TargetProcess(PACKAGE, 1)
    refused = launch(process, MLOPS_LOCAL_PORT="none")
    assert "'MLOPS_LOCAL_PORT' must be a port between 1 and 65535, got 'none'" in refused.stderr


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives(own_target, with_signal):
    own_target.client("ssm").put_parameter(Name="/kept", Value="1", Type="String")
    own_target.client("s3").create_bucket(Bucket="kept")
    own_target.client("s3").put_object(Bucket="kept", Key="a", Body=b"body")
    own_target.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept")
    if with_signal == signal.SIGKILL:
        time.sleep(SAVED_AFTER_SECONDS)
    own_target.stop(with_signal)
    own_target.start()
    assert own_target.client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "1"
    assert own_target.client("s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"body"
    assert own_target.client("sagemaker").describe_model_package_group(ModelPackageGroupName="kept")


def test_a_running_execution_is_failed_by_a_restart(own_target):
    states, iam = own_target.client("stepfunctions"), own_target.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"Service": "states.amazonaws.com"}}]}
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    events, sqs = own_target.client("events"), own_target.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn,
                                                      "Principal": {"Service": "events.amazonaws.com"}}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failed", Targets=[{"Id": "q", "Arn": arn}])
    for _ in range(2):  # told once, however often the target starts again
        own_target.stop()
        own_target.start()
    described = own_target.client("stepfunctions").describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.ServiceRestart")
    sqs = own_target.client("sqs")
    told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    assert [json.loads(message["Body"])["detail"]["executionArn"] for message in told] == [execution]


def test_sts_by_its_own_address_comes_here(own_target):
    """Both SageMaker SDKs name the regional STS endpoint; the folder of endpoint rules sends it to the target."""
    script = ("import boto3; print(boto3.client('sts', region_name='us-east-1', "
              "endpoint_url=None).get_caller_identity()['Account'])")
    environment = {**own_target.environment(), "AWS_DATA_PATH": own_target.status()["awsDataPath"],
                   "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment.pop("AWS_ENDPOINT_URL", None)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "000000000000"
