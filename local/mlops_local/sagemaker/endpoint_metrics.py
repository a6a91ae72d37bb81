"""The AWS/SageMaker metrics of an endpoint: counted beside the requests, published in the background."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.sagemaker import store
from mlops_local.sagemaker.clients import client

NAMESPACE = "AWS/SageMaker"
_PUBLISH_SECONDS = 0.5
_VALUES_PER_DATUM = 150
_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}


@dataclass(frozen=True)
class Invocation:
    """What one request says about its variant."""

    variant: str
    status: int
    model_microseconds: float
    overhead_microseconds: float

    def metrics(self) -> dict[str, float]:
        values = {
            "Invocations": 1.0,
            "Invocation4XXErrors": float(400 <= self.status < 500),
            "Invocation5XXErrors": float(self.status >= 500),
            "OverheadLatency": self.overhead_microseconds,
        }
        return values if self.status >= 400 else {**values, "ModelLatency": self.model_microseconds}


class EndpointMetrics:
    """Collects an endpoint's invocations and publishes them to CloudWatch twice a second."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._waiting: deque[Invocation] = deque()
        self._stopped = threading.Event()
        self._publishing = threading.Lock()
        self._cloudwatch = None
        store.in_background(f"metrics-{endpoint}", self._run)

    def add(self, invocation: Invocation) -> None:
        self._waiting.append(invocation)

    def publish(self) -> None:
        """Send what is waiting."""
        with self._publishing:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            data = [datum for variant in {invocation.variant for invocation in taken}
                    for datum in self._data(variant, [i for i in taken if i.variant == variant])]
            if not data:
                return
            self._cloudwatch = self._cloudwatch or client("cloudwatch")
            with contextlib.suppress(BotoCoreError, ClientError):
                self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def stop(self) -> None:
        self._stopped.set()
        self.publish()

    def _run(self) -> None:
        while not self._stopped.wait(_PUBLISH_SECONDS):
            self.publish()

    def _data(self, variant: str, invocations: list[Invocation]):
        dimensions = [{"Name": "EndpointName", "Value": self._endpoint}, {"Name": "VariantName", "Value": variant}]
        values: dict[str, Counter] = {}
        for invocation in invocations:
            for metric, value in invocation.metrics().items():
                values.setdefault(metric, Counter())[value] += 1
        for metric, counted in values.items():
            pairs = list(counted.items())
            for start in range(0, len(pairs), _VALUES_PER_DATUM):
                part = pairs[start:start + _VALUES_PER_DATUM]
                yield {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Unit": _UNITS.get(metric, "None"),
                    "Values": [value for value, _ in part],
                    "Counts": [float(count) for _, count in part],
                }
