"""The alarms that guard a deployment.

An alarm over this endpoint's own metrics is judged by the requests since the deployment began: the local waits are
shorter than an alarm's periods, and an earlier deployment's errors must not roll back this one. Every other alarm
counts by the state that CloudWatch gives it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime, timezone

from mlops_local.sagemaker.clients import client
from mlops_local.sagemaker.endpoint_metrics import NAMESPACE, EndpointMetrics

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


def missing(names: list[str]) -> list[str]:
    """The names that no alarm has."""
    known = {alarm["AlarmName"] for alarm in _described(names)}
    return [name for name in names if name not in known]


def in_alarm(names: list[str], endpoint: str, metrics: EndpointMetrics, since: float) -> list[str]:
    """The names of those alarms that call for a rollback."""
    return [alarm["AlarmName"] for alarm in _described(names) if _alarmed(alarm, endpoint, metrics, since)]


def _alarmed(alarm: dict, endpoint: str, metrics: EndpointMetrics, since: float) -> bool:
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}
    if alarm.get("Namespace") == NAMESPACE and dimensions.get("EndpointName") == endpoint:
        return _breached(alarm, dimensions.get("VariantName"), metrics, since) or _set_by_hand(alarm, since)
    return alarm["StateValue"] == "ALARM"


def _breached(alarm: dict, variant: str | None, metrics: EndpointMetrics, since: float) -> bool:
    seen = [invocation.metrics() for invocation in metrics.since(since, variant)]
    values = [measured[alarm["MetricName"]] for measured in seen if alarm["MetricName"] in measured]
    compare = _COMPARISONS.get(alarm["ComparisonOperator"])
    if not values or compare is None:
        return False
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value = _STATISTICS[statistic](values) if statistic in _STATISTICS else _percentile(values, float(statistic[1:]))
    return compare(value, alarm["Threshold"])


def _set_by_hand(alarm: dict, since: float) -> bool:
    """SetAlarmState during the deployment counts whatever the metrics say."""
    changed = alarm.get("StateUpdatedTimestamp", datetime.fromtimestamp(0, timezone.utc)).timestamp()
    by_evaluation = alarm.get("StateReason", "").startswith("Threshold Crossed")
    return alarm["StateValue"] == "ALARM" and not by_evaluation and changed >= math.floor(since)


def _percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def _described(names: list[str]) -> list[dict]:
    if not names:
        return []
    answer = client("cloudwatch").describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", [])
