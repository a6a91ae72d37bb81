"""Alarms: dimensions, missing data, metric math, and the events of their states."""

import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from mlops_local.aws.alarms import metric_math

from aws.test_events import messages, queue_for, rule

METRIC = {"Namespace": "Test", "MetricName": "Errors"}


def wait_for(target, name: str, state: str) -> dict:
    deadline = time.monotonic() + 30
    while True:
        alarm = target.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
        if alarm["StateValue"] == state:
            return alarm
        assert time.monotonic() < deadline, alarm["StateReason"]
        time.sleep(0.2)


def put(target, value: float, endpoint: str, metric: str = "Errors") -> None:
    target.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[
        {"MetricName": metric, "Value": value, "Dimensions": [{"Name": "EndpointName", "Value": endpoint}]}])


def alarm(target, endpoint: str, **more: object) -> str:
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    target.client("cloudwatch").put_metric_alarm(**{
        "AlarmName": name, **METRIC, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}], **more})
    return name


def test_only_the_own_dimensions_count_and_the_state_is_an_event(target):
    mine, other = f"e-{uuid.uuid4().hex[:8]}", f"e-{uuid.uuid4().hex[:8]}"
    name, quiet = alarm(target, mine), alarm(target, other)
    url, arn = queue_for(target)
    rule(target, {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}, arn)
    put(target, 3, mine)
    assert wait_for(target, name, "ALARM")["StateReason"].startswith("Threshold Crossed")
    wait_for(target, quiet, "OK")
    event = messages(target, url)[0]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"][0].endswith(f":alarm:{name}")
    assert event["detail"]["state"]["value"] == "ALARM"


def test_metric_math(target):
    endpoint = f"e-{uuid.uuid4().hex[:8]}"

    def stat(identifier: str, metric: str) -> dict:
        return {"Id": identifier, "ReturnData": False, "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {
            "Namespace": "Test", "MetricName": metric, "Dimensions": [{"Name": "EndpointName", "Value": endpoint}]}}}

    name = f"alarm-{uuid.uuid4().hex[:8]}"
    target.client("cloudwatch").put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", Metrics=[
            {"Id": "rate", "Expression": "100 * errors / calls", "ReturnData": True},
            stat("errors", "Errors"), stat("calls", "Calls")])
    put(target, 100, endpoint, "Calls")
    put(target, 5, endpoint)
    wait_for(target, name, "OK")
    put(target, 30, endpoint)
    wait_for(target, name, "ALARM")


@pytest.mark.parametrize(("expression", "values", "expected"), [
    ("IF(FILL(a, 0) > 0 AND FILL(b, 0) == 0, 1, 0)", {"a": 3.0, "b": None}, 1.0),
    ("IF(FILL(a, 0) > 0 AND FILL(b, 0) == 0, 1, 0)", {"a": None, "b": None}, 0.0),
    ("100 * a / b", {"a": 1.0, "b": 0.0}, None),
    ("a + b", {"a": 1.0, "b": None}, None),
    ("MAX([a, b]) - MIN([a, b])", {"a": 1.0, "b": 4.0}, 3.0),
    ("-a <> b", {"a": 1.0, "b": 1.0}, 1.0),
])
def test_expressions(expression, values, expected):
    assert metric_math.evaluate(expression, values) == expected


def test_an_unknown_expression_is_refused(target):
    with pytest.raises(ClientError, match="metric math here has no function 'ANOMALY_DETECTION_BAND'"):
        target.client("cloudwatch").put_metric_alarm(
            AlarmName="a", EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
            Metrics=[{"Id": "x", "Expression": "ANOMALY_DETECTION_BAND(1)", "ReturnData": True}])


def test_events_of_a_rule_are_a_metric(target):
    name = f"rule-{uuid.uuid4().hex[:8]}"
    events = target.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    found = target.client("cloudwatch").list_metrics(
        Namespace="AWS/Events", MetricName="MatchedEvents", Dimensions=[{"Name": "RuleName", "Value": name}])
    assert len(found["Metrics"]) == 1
