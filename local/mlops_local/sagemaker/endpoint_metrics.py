"""The AWS/SageMaker metrics of an endpoint: counted beside the requests, published in the background."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

from mlops_local.sagemaker import store

NAMESPACE = "AWS/SageMaker"
_PUBLISH_SECONDS = 0.5
# Latencies are kept to a tenth of a millisecond: equal values share one data point.
_LATENCY_STEP = 100.0
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
            "OverheadLatency": _rounded(self.overhead_microseconds),
        }
        return values if self.status >= 400 else {**values, "ModelLatency": _rounded(self.model_microseconds)}


def _rounded(microseconds: float) -> float:
    return round(microseconds / _LATENCY_STEP) * _LATENCY_STEP


class EndpointMetrics:
    """Collects an endpoint's invocations and publishes them to CloudWatch twice a second."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._waiting: deque[Invocation] = deque()
        self._stopped = threading.Event()
        self._publishing = threading.Lock()
        store.in_background(f"metrics-{endpoint}", self._run)

    def add(self, invocation: Invocation) -> None:
        self._waiting.append(invocation)

    def publish(self) -> None:
        """Send what is waiting."""
        with self._publishing:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            data = [datum for variant in {invocation.variant for invocation in taken}
                    for datum in self._data(variant, [i for i in taken if i.variant == variant])]
            if data:
                from mlops_local.aws import metrics

                metrics.publish(NAMESPACE, data)

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
            yield {
                "MetricName": metric,
                "Dimensions": dimensions,
                "Unit": _UNITS.get(metric, "None"),
                "Values": list(counted),
                "Counts": [float(count) for count in counted.values()],
            }
