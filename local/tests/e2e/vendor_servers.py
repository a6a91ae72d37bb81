"""The real vendors of examples/bring-your-own-vendor, started as a person would, and asked over HTTP."""

import base64
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mlops_local.settings import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "bring-your-own-vendor"


@dataclass(frozen=True)
class Answer:
    status: int
    content: dict | list | str | None


@dataclass(frozen=True)
class Vendors:
    tracker: dict[str, str]
    password: str
    endpoint: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def parse(line: str, secretsmanager) -> "Vendors":
        """From the line that servers.py prints; the tracker's password is in the secret that it names."""
        addresses = json.loads(line)
        secret = secretsmanager.get_secret_value(SecretId=addresses["tracker"]["secret"])["SecretString"]
        return Vendors(**addresses, password=json.loads(secret)["password"])

    def ask_tracker(self, path: str, body: dict | None = None, password: str | None = None) -> Answer:
        """MLflow's REST API with HTTP Basic."""
        credential = f"{self.tracker['username']}:{password or self.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(credential).decode()}"}
        return ask(f"{self.tracker['url']}/api/2.0/mlflow/{path}", body, headers)

    def runs(self) -> list[dict]:
        found = self.ask_tracker("experiments/search", {"max_results": 100}).content
        ids = [experiment["experiment_id"] for experiment in found["experiments"]]
        return self.ask_tracker("runs/search", {"experiment_ids": ids}).content.get("runs", [])

    def artifacts(self, run: dict, folder: str) -> list[str]:
        listed = self.ask_tracker(f"artifacts/list?run_id={run['info']['run_id']}&path={folder}").content
        return [file["path"] for file in listed.get("files", [])]

    def ask_endpoint(self, path: str, body: dict | None = None) -> Answer:
        """The Open Inference Protocol V2."""
        return ask(f"{self.endpoint['url']}/v2/{path}", body, {})

    def infer(self, model: str, rows: list[list[float]]) -> Answer:
        values = [value for row in rows for value in row]
        shape = [len(rows), len(rows[0])]
        tensor = {"name": "input", "datatype": "FP64", "shape": shape, "data": values}
        return self.ask_endpoint(f"models/{model}/infer", {"inputs": [tensor]})


def ask(url: str, body: dict | None, headers: dict[str, str]) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, parsed(response.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, parsed(error.read()))


def parsed(content: bytes) -> dict | list | str | None:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode(errors="replace")


@contextmanager
def running(environment: dict[str, str], secretsmanager, state: Path, *arguments: str) -> Iterator[Vendors]:
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE / "servers.py"), "--state", str(state), *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line, f"the vendors did not start, exit code {process.wait()}"
        yield Vendors.parse(line, secretsmanager)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()
