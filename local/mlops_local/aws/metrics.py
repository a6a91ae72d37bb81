"""Metrics that a service of the target publishes itself, as AWS services do: without a request, and without a save.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

import time

from ministack.services import cloudwatch


def publish(namespace: str, data: list[dict]) -> None:
    """Adds data in the shape of PutMetricData's MetricData, in the caller's account and region."""
    for datum in data:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in datum.get("Dimensions", [])}
        cloudwatch._store_datum(
            namespace, datum["MetricName"], dimensions, datum.get("Timestamp", time.time()), datum.get("Unit", "None"),
            datum.get("Value"), datum.get("Values"), datum.get("Counts"), None)
