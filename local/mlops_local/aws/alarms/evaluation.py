"""The state of a metric alarm, from the data points of its last periods.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html (evaluation, missing data)
"""

import logging
import operator
import threading
import time
from collections.abc import Callable

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from mlops_local.aws.alarms import metric_math

logger = logging.getLogger("mlops.alarms")

EVERY_SECONDS = 5.0
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# What a missing data point counts as; absent means that it is no evidence either way.
MISSING_COUNTS_AS = {"breaching": True, "notBreaching": False}


def evaluate(alarm: dict) -> None:
    """Moves the alarm to the state that its metrics call for, and does that state's actions."""
    points = _points(alarm, time.time())
    state = _state(alarm, points)
    if state is None or state == alarm["StateValue"]:
        return
    old = alarm["StateValue"]
    reason = _reason(alarm, state, points)
    alarm["StateValue"] = state
    alarm["StateReason"] = reason
    alarm["StateUpdatedTimestamp"] = int(time.time())
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def watch() -> None:
    """Evaluates every alarm from time to time, so that alarms also end when nothing happens any more."""
    threading.Thread(target=_watch, name="mlops-alarms", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        for (account, region, name), alarm in cloudwatch._alarms.all_items():
            with request_scope(account, region):
                try:
                    evaluate(alarm)
                except Exception:  # one alarm that cannot be evaluated must not end the evaluation of the others
                    logger.exception("the alarm %s was not evaluated", name)


def _state(alarm: dict, points: list[float | None]) -> str | None:
    """ALARM, OK or INSUFFICIENT_DATA; None leaves the state as it is."""
    treatment = alarm.get("TreatMissingData") or "missing"
    known = [point for point in points if point is not None]
    if not known and treatment == "ignore":
        return None
    if not known and treatment == "missing":
        return "INSUFFICIENT_DATA"
    compare = COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    if compare is None:
        return None
    breaching = [MISSING_COUNTS_AS.get(treatment) if point is None else compare(point, alarm["Threshold"])
                 for point in points]
    needed = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods", 1)
    return "ALARM" if sum(item is True for item in breaching) >= needed else "OK"


def _reason(alarm: dict, state: str, points: list[float | None]) -> str:
    known = [point for point in points if point is not None]
    if state == "INSUFFICIENT_DATA":
        return "Insufficient Data: no data points were received"
    values = ", ".join(str(point) for point in known) or f"no data, treated as {alarm.get('TreatMissingData')}"
    return f"Threshold Crossed: [{values}] {alarm['ComparisonOperator']} {alarm['Threshold']} is {state == 'ALARM'}"


def _points(alarm: dict, now: float) -> list[float | None]:
    """One value for each of the last periods, the newest first."""
    queries = alarm.get("Metrics") or [_as_query(alarm)]
    period = max((int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query), default=60)
    count = int(alarm.get("EvaluationPeriods") or 1)
    return [_value(queries, now - (index + 1) * period, now - index * period) for index in range(count)]


def breached_between(alarm: dict, start: float, end: float) -> bool:
    """Whether the alarm's value over one window, whatever its periods, is beyond its threshold; no data is not."""
    compare = COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    value = _value(alarm.get("Metrics") or [_as_query(alarm)], start, end)
    return compare is not None and value is not None and compare(value, alarm["Threshold"])


def _as_query(alarm: dict) -> dict:
    return {"Id": "m", "ReturnData": True, "MetricStat": {
        "Metric": {"Namespace": alarm.get("Namespace"), "MetricName": alarm.get("MetricName"),
                   "Dimensions": alarm.get("Dimensions") or []},
        "Period": alarm.get("Period") or 60,
        "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average",
    }}


def _value(queries: list[dict], start: float, end: float) -> float | None:
    values = {query["Id"]: _statistic(query["MetricStat"], start, end) for query in queries if "MetricStat" in query}
    expressions = {query["Id"]: query["Expression"] for query in queries if "Expression" in query}
    for name in _in_order(expressions):
        values[name] = metric_math.evaluate(expressions[name], values)
    chosen = next((query["Id"] for query in queries if query.get("ReturnData", True)), queries[0]["Id"])
    return values[chosen]


def _in_order(expressions: dict[str, str]) -> list[str]:
    """Expressions may name one another: those that are named come first."""
    return sorted(expressions, key=lambda name: sum(other in expressions[name] for other in expressions))


def _statistic(metric_stat: dict, start: float, end: float) -> float | None:
    metric = metric_stat["Metric"]
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))
    found = cloudwatch._metrics.get((metric.get("Namespace"), metric.get("MetricName"), dimensions)) or []
    points = [point for point in list(found) if start <= point["Timestamp"] < end]
    if not points:
        return None
    return cloudwatch._stat_value(cloudwatch._calc_stats(points), metric_stat["Stat"], points)
