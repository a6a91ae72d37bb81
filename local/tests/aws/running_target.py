"""A target in a process of its own, and the state machines that the tests run on it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3

PACKAGE = Path(__file__).resolve().parents[2]
START_SECONDS = 60
ACCOUNT = "000000000000"


class TargetProcess:
    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen | None = None

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(PACKAGE), "MLOPS_LOCAL_PORT": str(self.port),
                "MLOPS_LOCAL_HOME": str(self.home)}

    def start(self) -> None:
        with open(self.home / "target.log", "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "mlops_local.target"], env=self.environment(),
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.status().get("ready"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.home / "target.log").read_text())
            time.sleep(0.1)

    def status(self) -> dict:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_mlops/status", timeout=2) as response:
                return json.load(response)
        except OSError:
            return {}

    def stop(self, with_signal: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(with_signal)
            self.process.wait(timeout=60)

    def client(self, service: str, **credentials: str):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow(*actions: str, on: str | list[str] = "*", **more: object) -> dict:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


class Machine:
    """A state machine and what its executions end with."""

    def __init__(self, client, arn: str) -> None:
        self.client = client
        self.arn = arn

    def start(self, value: object = None, name: str | None = None) -> str:
        request = {"stateMachineArn": self.arn, "input": json.dumps(value if value is not None else {})}
        if name:
            request["name"] = name
        return self.client.start_execution(**request)["executionArn"]

    def wait(self, execution: str) -> dict:
        deadline = time.monotonic() + 180
        while True:
            described = self.client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.05)

    def run(self, value: object = None) -> dict:
        return self.wait(self.start(value))

    def output(self, value: object = None):
        described = self.run(value)
        assert described["status"] == "SUCCEEDED", f"{described.get('error')}: {described.get('cause')}"
        return json.loads(described["output"])

    def failure(self, value: object = None) -> tuple[str, str]:
        """The error and the cause of an execution that fails."""
        described = self.run(value)
        assert described["status"] == "FAILED", described
        return described["error"], described["cause"]
