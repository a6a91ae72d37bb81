"""Drives a local target, and the stack on it, as a person and an AWS client would."""

import json
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e import grants

from mlops_local.cli import client_environment
from mlops_local.settings import REPOSITORY, Settings
from mlops_local.waiting import wait_until

DECISIONS, GRANTS = ".decisions", ".grants"
RUN = REPOSITORY / "local" / "run.mjs"


@dataclass(frozen=True)
class LocalTarget:
    """Drives one target through the commands that the npm scripts call."""

    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLOPS_LOCAL_"))}
        return inherited | {
            "MLOPS_LOCAL_PORT": str(self.settings.port),
            "MLOPS_LOCAL_HOME": str(self.settings.home),
            "MLOPS_LOCAL_CACHE": str(self.settings.cache),
            "MLOPS_LOCAL_DECISIONS": str(self.decisions),
        }

    @property
    def decisions(self) -> Path:
        """What IAM has said to the roles of this target's stacks; it outlives the target."""
        return self.settings.home.with_suffix(DECISIONS)

    @property
    def grants(self) -> Path:
        """What the roles of this target's stacks may do; it outlives the target."""
        return self.settings.home.with_suffix(GRANTS)

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(["node", str(RUN), *arguments], cwd=REPOSITORY, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["node", str(RUN), *arguments], cwd=REPOSITORY, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def up(self, *arguments: str) -> tuple[int, dict]:
        """`npm run -s local -- --json`: the exit code and the one line on stdout."""
        ended = self.run("up", "--json", *arguments)
        lines = ended.stdout.splitlines()
        assert len(lines) == 1, f"stdout must be one line, got {ended.stdout!r}\n{ended.stderr}"
        report = json.loads(lines[0])
        if ended.returncode == 0:
            allowed = grants.deployed(self.client("cloudformation"), self.client("iam"), report["stack"])
            grants.save(allowed, self.grants)
        return ended.returncode, report

    def client(self, service: str):
        return client_environment.client(self.settings, service)

    def outputs(self, stack: str) -> dict[str, str]:
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = client_environment.of_subprocess(self.settings) | {"CDK_VALIDATION": "false"}
        return subprocess.run([str(REPOSITORY / "node_modules" / ".bin" / "cdk"), *arguments], cwd=REPOSITORY,
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def processes(self) -> set[int]:
        """The processes of this target, by the home in their environment."""
        return processes_with(f"MLOPS_LOCAL_HOME={self.settings.home}\0")

    def remove(self) -> None:
        self.run("stop")
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.settings.home, ignore_errors=True)


def subscribe(target: LocalTarget, topic: str) -> str:
    """A queue that gets the messages of a topic."""
    sqs = target.client("sqs")
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    target.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue


def receive(target: LocalTarget, queue: str) -> list[str]:
    """The messages that wait in a queue."""
    page = target.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    return [message["Body"] for message in page.get("Messages", [])]


def processes_with(text: str) -> set[int]:
    """The running processes whose environment holds a text."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if text.encode() in (folder / "environ").read_bytes():
                    found.add(int(folder.name))
            except OSError:
                continue
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class ServedStack:
    """The full stack after its first loop, and what that loop reported."""

    target: LocalTarget
    report: dict
    outputs: dict[str, str]

    @property
    def endpoint_name(self) -> str:
        return self.report["endpoint"]["name"]

    @property
    def group(self) -> str:
        return self.address("model-registry")

    def address(self, component: str) -> str:
        return self.report["components"][component]["address"]

    def versions(self) -> list[dict]:
        pages = self.target.client("sagemaker").get_paginator("list_model_packages").paginate(ModelPackageGroupName=self.group)
        return [version for page in pages for version in page["ModelPackageSummaryList"]]

    def predict(self, body: str) -> list[str]:
        answer = self.target.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint_name, ContentType="text/csv", Accept="text/csv", Body=body)
        return answer["Body"].read().decode().split()

    def register(self, artifact: str) -> str:
        """A new version beside the first, with its image and another artifact; returns its ARN."""
        sagemaker = self.target.client("sagemaker")
        first = sagemaker.describe_model_package(ModelPackageName=self.report["modelVersion"]["arn"])
        container = first["InferenceSpecification"]["Containers"][0]
        specification = first["InferenceSpecification"] | {
            "Containers": [{"Image": container["Image"], "ModelDataUrl": artifact}],
        }
        created = sagemaker.create_model_package(
            ModelPackageGroupName=self.group, InferenceSpecification=specification,
            ModelApprovalStatus="PendingManualApproval", CustomerMetadataProperties=first.get("CustomerMetadataProperties", {}))
        return created["ModelPackageArn"]

    def approve(self, version: str) -> None:
        self.target.client("sagemaker").update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")

    def deployments(self) -> list[dict]:
        """Every execution that deploys, described."""
        stepfunctions = self.target.client("stepfunctions")
        pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=self.outputs["DeploymentArn"])
        return [stepfunctions.describe_execution(executionArn=execution["executionArn"])
                for page in pages for execution in page["executions"]]

    def deployment_of(self, version: str) -> dict:
        """The ended deployment of a version."""

        def ended() -> dict | None:
            return next((deployment for deployment in self.deployments()
                         if version in deployment["input"] and deployment["status"] != "RUNNING"), None)

        return wait_until(ended, f"the deployment of {version} has ended", 120)
