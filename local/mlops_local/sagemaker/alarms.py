"""The alarms that guard a deployment.

An alarm over this endpoint's own metrics is judged by the requests since the deployment began: the local waits are
shorter than an alarm's periods, and an earlier deployment's errors must not roll back this one. Every other alarm
counts by the state that CloudWatch gives it.
"""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone

from mlops_local.sagemaker.clients import client
from mlops_local.sagemaker.endpoint_metrics import NAMESPACE

_BY_EVALUATION = ("Threshold Crossed", "Insufficient Data")


def missing(names: list[str]) -> list[str]:
    """The names that no alarm has."""
    known = {alarm["AlarmName"] for alarm in _described(names)}
    return [name for name in names if name not in known]


def in_alarm(names: list[str], endpoint: str, since: float) -> list[str]:
    """The names of those alarms that call for a rollback."""
    return [alarm["AlarmName"] for alarm in _described(names) if _alarmed(alarm, endpoint, since)]


def _alarmed(alarm: dict, endpoint: str, since: float) -> bool:
    if not _watches(alarm, endpoint):
        return alarm["StateValue"] == "ALARM"

    from mlops_local.aws.alarms import evaluation

    return evaluation.breached_between(alarm, since, time.time() + 1) or _set_by_hand(alarm, since)


def _watches(alarm: dict, endpoint: str) -> bool:
    """Whether all that the alarm looks at are metrics of this endpoint."""
    metrics = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    if alarm.get("Namespace"):
        metrics = [alarm]
    return bool(metrics) and all(
        metric.get("Namespace") == NAMESPACE
        and {"Name": "EndpointName", "Value": endpoint} in metric.get("Dimensions", []) for metric in metrics)


def _set_by_hand(alarm: dict, since: float) -> bool:
    """SetAlarmState during the deployment counts whatever the metrics say."""
    changed = alarm.get("StateUpdatedTimestamp", datetime.fromtimestamp(0, timezone.utc)).timestamp()
    by_evaluation = alarm.get("StateReason", "").startswith(_BY_EVALUATION)
    return alarm["StateValue"] == "ALARM" and not by_evaluation and changed >= math.floor(since)


def _described(names: list[str]) -> list[dict]:
    if not names:
        return []
    answer = client("cloudwatch").describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", [])
