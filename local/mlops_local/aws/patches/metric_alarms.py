"""Alarms: MiniStack ignores dimensions, missing data and time, refuses metric math, and sends no events.

The evaluation is this package's (`alarms/`); every change of state is also an event of source aws.cloudwatch.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from mlops_local.aws import events
from mlops_local.aws.alarms import evaluation, metric_math

DETAIL_TYPE = "CloudWatch Alarm State Change"
PLACEHOLDER = "metric-math"


def apply() -> None:
    cloudwatch._evaluate_alarm = evaluation.evaluate
    cloudwatch._record_history = _recording(cloudwatch._record_history)
    cloudwatch._put_metric_alarm = _putting(cloudwatch._put_metric_alarm)
    provisioners._cw_metric_alarm_record = _template_record(provisioners._cw_metric_alarm_record)


def _recording(record):
    def record_history(alarm_name, old_state, new_state, reason, alarm_type="MetricAlarm", reason_data=None):
        record(alarm_name, old_state, new_state, reason, alarm_type, reason_data)
        if old_state != new_state:
            _emit(alarm_name, old_state, new_state, reason)

    return record_history


def _emit(name: str, old_state: str, new_state: str, reason: str) -> None:
    arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"
    alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name) or {}
    moment = now_iso().replace("Z", "+0000")
    events.emit(DETAIL_TYPE, {
        "alarmName": name,
        "state": {"value": new_state, "reason": reason, "timestamp": moment},
        "previousState": {"value": old_state, "timestamp": moment},
        "configuration": {"description": alarm.get("AlarmDescription") or ""},
    }, [arn], source="aws.cloudwatch")


def _putting(put):
    def put_metric_alarm(params, cbor_data, is_cbor, is_json=False):
        metrics = cbor_data.get("Metrics") if is_cbor or is_json else _query_metrics(params)
        if metrics:
            try:
                _check(metrics)
            except ValueError as error:
                return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        response = put(params, cbor_data, is_cbor, is_json)
        if response[0] < 400 and metrics:
            name = cbor_data.get("AlarmName") if is_cbor or is_json else cloudwatch._p(params, "AlarmName")
            alarm = cloudwatch._alarms[name]
            alarm["Metrics"] = metrics
            evaluation.evaluate(alarm)
        return response

    return put_metric_alarm


def _query_metrics(params: dict) -> list:
    if cloudwatch._p(params, "Metrics.member.1.Id"):
        raise ValueError("metric math over CloudWatch's Query protocol is not implemented by the local target")
    return []


def _template_record(record):
    def metric_alarm_record(name: str, props: dict) -> dict:
        if not props.get("Metrics"):
            return record(name, props)
        metrics = [_query(item) for item in props["Metrics"]]
        _check(metrics)
        plain = {key: value for key, value in props.items() if key != "Metrics"}
        alarm = record(name, {**plain, "MetricName": PLACEHOLDER, "Namespace": PLACEHOLDER, "Statistic": "Average"})
        for key in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions"):
            alarm.pop(key, None)
        alarm["Metrics"] = metrics
        return alarm

    return metric_alarm_record


def _query(item: dict) -> dict:
    """A template's query with the types of the API: numbers and flags may come as strings."""
    query: dict[str, Any] = json.loads(json.dumps(item))
    if "ReturnData" in query:
        query["ReturnData"] = str(query["ReturnData"]).lower() == "true"
    if "MetricStat" in query:
        query["MetricStat"]["Period"] = int(query["MetricStat"]["Period"])
    if "Period" in query:
        query["Period"] = int(query["Period"])
    return query


def _check(metrics: list[dict]) -> None:
    names = [query["Id"] for query in metrics]
    for query in metrics:
        if "Expression" in query:
            metric_math.check(query["Expression"], names)
