"""A target of the matrix's own with the stack on it, and what the cells do to both."""

import hashlib
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.cell import FALLBACK, SUCCESS, Outcome
from faults.vendor import FIRST, Vendor
from mlops_local import waiting
from mlops_local.cli import cdk, client_environment, lifecycle
from mlops_local.settings import REPOSITORY, Settings

FOLDER = Path(__file__).resolve().parent
APP = f"node -r ts-node/register/transpile-only {(FOLDER / 'app.ts').relative_to(REPOSITORY)}"
SECRET = "faults/vendor"
MODEL_KEY = "training/given/model.tar.gz"
LONGEST_RUN_SECONDS = 120
ALERT_SECONDS = 30
STOP_SECONDS = 10


def wait_until(condition: Callable[[], object], what: str, seconds: float = LONGEST_RUN_SECONDS) -> object:
    """As anywhere, but as long as the longest run takes."""
    return waiting.wait_until(condition, what, seconds)


@dataclass
class Bench:
    settings: Settings
    vendor: Vendor
    outputs: dict[str, str]
    queue: str = ""

    # ---- the target

    def client(self, service: str):
        return client_environment.client(self.settings, service)

    def deploy(self) -> None:
        """Starts the target, deploys the stack and listens to its alerts."""
        lifecycle.start(self.settings)
        self.client("secretsmanager").create_secret(Name=SECRET, SecretString=FIRST)
        vendor = json.dumps({"url": self.vendor.url, "wrongName": self.vendor.wrong_names, "secret": SECRET})
        assembly = cdk.synthesize(self.settings, APP, {"vendor": vendor})
        cdk.bootstrap(self.settings)
        self.outputs = cdk.deploy(self.settings, assembly, lambda progress: None)
        s3 = self.client("s3")
        s3.put_object(Bucket=self.outputs["bucket"], Key=MODEL_KEY, Body=b"a model")
        s3.put_object(Bucket=self.outputs["bucket"], Key="sample.csv", Body=b"1,2\n")
        self._subscribe()

    def kill_target(self) -> None:
        os.kill(lifecycle.target_of(self.settings).running()["pid"], signal.SIGKILL)
        wait_until(lambda: lifecycle.target_of(self.settings).running() is None, "the target is gone")

    def start_target(self) -> None:
        lifecycle.start(self.settings)

    def _subscribe(self) -> None:
        sqs = self.client("sqs")
        self.queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                     "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": self.outputs["topic"]}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        self.client("sns").subscribe(TopicArn=self.outputs["topic"], Protocol="sqs", Endpoint=arn)

    # ---- runs

    def start(self, pipeline: str, name: str, run_input: dict) -> str:
        machine = self.outputs[pipeline.replace("-", "")]
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(run_input))
        return started["executionArn"]

    def end(self, run: str) -> tuple[Outcome, dict]:
        """The outcome of a run, and its output."""
        stepfunctions = self.client("stepfunctions")

        def ended() -> dict | None:
            described = stepfunctions.describe_execution(executionArn=run)
            return described if described["status"] != "RUNNING" else None

        described = wait_until(ended, f"{run} has ended")
        if described["status"] != "SUCCEEDED":
            return Outcome(described.get("error") or described["status"], run=run), described
        output = json.loads(described["output"])
        return Outcome(FALLBACK if "fallback" in output else SUCCESS, run=run), output

    def run(self, pipeline: str, name: str, run_input: dict) -> tuple[Outcome, dict]:
        return self.end(self.start(pipeline, name, run_input))

    # ---- faults of AWS

    @contextmanager
    def fault(self, name: str, action: str, text: str, answer: dict) -> Iterator[Callable[[], int]]:
        """While it holds, the calls of `action` that mention `text` are answered so; yields how many there were."""
        address = f"{self.settings.endpoint}/_mlops/faults/{name}"
        self._ask(address, "PUT", {"action": action, "text": text, **answer})
        try:
            yield lambda: self._ask(address, "GET")["calls"]
        finally:
            self._ask(address, "DELETE")

    @staticmethod
    def _ask(address: str, method: str, content: dict | None = None) -> dict:
        request = urllib.request.Request(address, method=method, data=content and json.dumps(content).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    # ---- what runs, and what is left behind

    def child(self, name: str) -> int | None:
        """The process of a child of the target whose name starts so, by the target's own records."""
        for record in (self.settings.home / "processes").glob(f"{name}*.json"):
            with suppress(OSError, ValueError):  # it is being written, or gone
                return json.loads(record.read_text())["pid"]
        return None

    def left_behind(self) -> list[str]:
        """Stops the target; the commands of the processes that mention its home and do not end."""
        lifecycle.stop(self.settings)
        deadline = time.monotonic() + STOP_SECONDS
        while left := [text for _, text in _processes() if str(self.settings.home) in text]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return [text.replace("\0", " ")[:100] for text in left]

    def jobs_of(self, run_id: str) -> list[dict]:
        pages = self.client("sagemaker").get_paginator("list_training_jobs").paginate(NameContains=f"-{run_id}-")
        return [job for page in pages for job in page["TrainingJobSummaries"]]

    def versions_of(self, run_id: str) -> list[str]:
        sagemaker = self.client("sagemaker")
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=self.outputs["registry"])
        arns = [version["ModelPackageArn"] for page in pages for version in page["ModelPackageSummaryList"]]
        described = (sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns)
        return [one["ModelPackageArn"] for one in described if one["CustomerMetadataProperties"]["runId"] == run_id]

    def count_alerts(self, outcomes: list[Outcome]) -> None:
        """Waits for the alerts that are due, then for any that are too many, and counts those of each run."""
        sqs = self.client("sqs")
        messages: list[str] = []
        due = sum(outcome.ended not in (SUCCESS, FALLBACK) for outcome in outcomes)
        deadline = time.monotonic() + ALERT_SECONDS

        def receive() -> bool:
            page = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=3)
            new = page.get("Messages", [])
            for message in new:
                messages.append(json.loads(message["Body"])["Message"])
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            return bool(new)

        while receive() or (len(messages) < due and time.monotonic() < deadline):
            pass
        for outcome in outcomes:
            outcome.alerts = sum(f"Run: {outcome.run}\n" in message for message in messages)


def processes_with(variable: str) -> dict[int, str]:
    """The running processes whose environment holds a variable that starts so, and the variable."""
    return {pid: entry for pid, text in _processes() for entry in text.split("\0") if entry.startswith(variable)}


def _processes() -> Iterator[tuple[int, str]]:
    """Every other process: its command and its environment."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                content = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            yield int(folder.name), content.decode(errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def digest(version: str) -> str:
    """A version's name on a server of V2, as the library makes it."""
    return hashlib.sha256(version.encode()).hexdigest()[:12]
