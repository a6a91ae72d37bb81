"""EventBridge: status events of executions, and deliveries that roles and policies allow."""

import json
import time
import uuid

from aws.running_target import ACCOUNT, allow

QUIET_SECONDS = 1


def queue_for(target, events_may_send: bool = True) -> tuple[str, str]:
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if events_may_send:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
                                                          "Resource": arn,
                                                          "Principal": {"Service": "events.amazonaws.com"}}]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def rule(target, pattern: dict, arn: str, **more: object) -> None:
    events = target.client("events")
    name = f"rule-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    assert events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **more}])["FailedEntryCount"] == 0


def put(target, source: str, detail: dict) -> None:
    target.client("events").put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": json.dumps(detail)}])


def messages(target, url: str, wait: int = 10) -> list[dict]:
    found = target.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_execution_status_events(target, machine):
    made = machine({"F": {"Type": "Fail", "Error": "E", "Cause": "C"}})
    url, arn = queue_for(target)
    rule(target, {"source": ["aws.states"], "detail": {"stateMachineArn": [made.arn], "status": ["FAILED"]}}, arn)
    execution = made.start({"a": 1})
    event = messages(target, url)[0]
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]
    detail = event["detail"]
    assert (detail["executionArn"], detail["error"], detail["cause"]) == (execution, "E", "C")
    assert json.loads(detail["input"]) == {"a": 1}
    assert detail["stopDate"] >= detail["startDate"] > 1_000_000_000_000


def test_rule_starts_a_machine_with_its_role(target, machine, role, states):
    made = machine({"A": {"Type": "Succeed"}})
    source = f"app.{uuid.uuid4().hex[:8]}"
    may = role(allow("states:StartExecution", on=made.arn), service="events.amazonaws.com")
    rule(target, {"source": [source]}, made.arn, RoleArn=may, InputTransformer={
        "InputPathsMap": {"version": "$.detail.versions[1].number"},
        "InputTemplate": '{"version": <version>, "why": "event"}'})
    put(target, source, {"versions": [{}, {"number": 3}]})
    deadline = time.monotonic() + 20
    while not (found := states.list_executions(stateMachineArn=made.arn)["executions"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    described = made.wait(found[0]["executionArn"])
    assert json.loads(described["input"]) == {"version": 3, "why": "event"}


def test_rule_without_the_permission_starts_nothing(target, machine, role, states):
    made = machine({"A": {"Type": "Succeed"}})
    source = f"app.{uuid.uuid4().hex[:8]}"
    rule(target, {"source": [source]}, made.arn, RoleArn=role(service="events.amazonaws.com"))
    put(target, source, {})
    time.sleep(QUIET_SECONDS)
    assert states.list_executions(stateMachineArn=made.arn)["executions"] == []


def test_queue_without_a_policy_receives_nothing(target):
    source = f"app.{uuid.uuid4().hex[:8]}"
    allowed, allowed_arn = queue_for(target)
    refused, refused_arn = queue_for(target, events_may_send=False)
    rule(target, {"source": [source]}, allowed_arn)
    rule(target, {"source": [source]}, refused_arn)
    put(target, source, {"x": 1})
    assert messages(target, allowed)[0]["detail"] == {"x": 1}
    assert messages(target, refused, wait=QUIET_SECONDS) == []


def test_topic_policy_that_only_denies_plain_http_takes_no_events(target):
    sns = target.client("sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    url, queue_arn = queue_for(target)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
                                                      "Resource": queue_arn,
                                                      "Principal": {"Service": "sns.amazonaws.com"}}]}
    target.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    grant = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish",
             "Resource": topic}
    source = f"app.{uuid.uuid4().hex[:8]}"
    rule(target, {"source": [source]}, topic)

    def statements(*given: dict) -> None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy",
                                 AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": list(given)}))

    statements(deny)
    put(target, source, {"n": 1})
    assert messages(target, url, wait=QUIET_SECONDS) == []
    statements(deny, grant)
    put(target, source, {"n": 2})
    assert json.loads(messages(target, url)[0]["Message"])["detail"] == {"n": 2}
    assert topic.split(":")[4] == ACCOUNT
