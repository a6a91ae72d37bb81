"""Asks the served model, wherever it runs: one class per way of asking."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Protocol

from mlops_local.cli import client_environment
from mlops_local.settings import Settings

_STEADY = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")
_STEADY_SECONDS = 120
_ROWS_PER_REQUEST = 50


class Endpoint(Protocol):
    name: str

    def status(self) -> str: ...

    def predict(self, rows: list[str]) -> list[str]:
        """The predicted label of each CSV row."""


class SageMakerEndpoint:
    """A SageMaker real-time endpoint (InvokeEndpoint), CSV in and CSV out."""

    def __init__(self, settings: Settings, variables: dict[str, str]) -> None:
        self.name = variables["SAGEMAKER_ENDPOINT_NAME"]
        self._sagemaker = client_environment.client(settings, "sagemaker")
        self._runtime = client_environment.client(settings, "sagemaker-runtime")

    def status(self) -> str:
        """The status once it is a steady one."""
        deadline = time.monotonic() + _STEADY_SECONDS
        while True:
            status = self._sagemaker.describe_endpoint(EndpointName=self.name)["EndpointStatus"]
            if status in _STEADY or time.monotonic() > deadline:
                return status
            time.sleep(0.2)

    def predict(self, rows: list[str]) -> list[str]:
        predictions: list[str] = []
        for first in range(0, len(rows), _ROWS_PER_REQUEST):
            answer = self._runtime.invoke_endpoint(
                EndpointName=self.name, ContentType="text/csv", Accept="text/csv",
                Body="\n".join(rows[first:first + _ROWS_PER_REQUEST]),
            )
            predictions += answer["Body"].read().decode().split()
        return predictions


class OpenInferenceEndpoint:
    """A server of the Open Inference Protocol V2, without credentials."""

    def __init__(self, settings: Settings, variables: dict[str, str]) -> None:
        self.name = variables["MLOPS_INFERENCE_URL"]
        self._model = f"{self.name}/v2/models/{variables['MLOPS_INFERENCE_MODEL']}"

    def status(self) -> str:
        with urllib.request.urlopen(f"{self._model}/ready", timeout=10):
            return "Ready"

    def predict(self, rows: list[str]) -> list[str]:
        values = [[float(value) for value in row.split(",")] for row in rows]
        tensor = {"name": "input-0", "shape": [len(values), len(values[0])], "datatype": "FP64",
                  "data": [value for row in values for value in row]}
        request = urllib.request.Request(
            f"{self._model}/infer", data=json.dumps({"inputs": [tensor]}).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return [str(label) for label in json.load(response)["outputs"][0]["data"]]


_BY_VARIABLE: dict[str, Callable[[Settings, dict[str, str]], Endpoint]] = {
    "SAGEMAKER_ENDPOINT_NAME": SageMakerEndpoint,
    "MLOPS_INFERENCE_URL": OpenInferenceEndpoint,
}


def endpoint_of(settings: Settings, variables: dict[str, str]) -> Endpoint:
    """The endpoint that a stack publishes, by the variables that its clients read."""
    for name, kind in _BY_VARIABLE.items():
        if name in variables:
            return kind(settings, variables)
    raise ValueError(f"the endpoint publishes none of {', '.join(_BY_VARIABLE)}, got {', '.join(variables) or 'nothing'}")


def accuracy(predictions: list[str], labels: list[str]) -> float:
    """The share of labels that were predicted; 1, 1.0 and "1" are one label."""
    if len(predictions) != len(labels):
        raise ValueError(f"the endpoint answered {len(predictions)} predictions to {len(labels)} rows")
    hits = sum(float(predicted) == float(label) for predicted, label in zip(predictions, labels, strict=True))
    return hits / len(labels)
