"""The interpreter: JSONata, scopes, Retry and Catch, deadlines, stops and limits."""

import hashlib
import json
import time

import pytest
from botocore.exceptions import ClientError


def test_jsonata_functions(machine):
    output = machine({"A": {"Type": "Pass", "End": True, "Output": {
        "md5": "{% $hash('x', 'MD5') %}",
        "sha": "{% $hash('x', 'SHA-256') %}",
        "parsed": "{% $parse('{\"a\": 1}').a %}",
        "uuid": "{% $length($uuid()) %}",
        "parts": "{% $partition([1, 2, 3], 2) %}",
        "range": "{% $range(0, 4, 2) %}",
        "millis": "{% $toMillis('2026-01-01T00:00:00.000Z') %}",
        "text": "{% $fromMillis(0) %}",
        "now": "{% $millis() > 0 %}",
    }}}).output()
    assert output["md5"] == hashlib.md5(b"x").hexdigest()
    assert output["sha"] == hashlib.sha256(b"x").hexdigest()
    assert output["parsed"] == 1
    assert output["uuid"] == 36
    assert output["parts"] == [[1, 2], [3]]
    assert output["range"] == [0, 2, 4]
    assert output["millis"] == 1767225600000
    assert output["text"].startswith("1970-01-01T00:00:00")
    assert output["now"] is True


def test_context(machine):
    made = machine({"A": {"Type": "Succeed", "Output": {
        "id": "{% $states.context.Execution.Id %}", "name": "{% $states.context.Execution.Name %}",
        "input": "{% $states.context.Execution.Input.a %}", "start": "{% $states.context.Execution.StartTime %}",
        "entered": "{% $states.context.State.EnteredTime %}", "retries": "{% $states.context.State.RetryCount %}"}}})
    execution = made.start({"a": 7}, name="my-run")
    output = json.loads(made.wait(execution)["output"])
    assert output["id"] == execution
    assert output["name"] == "my-run"
    assert output["input"] == 7
    assert output["retries"] == 0
    assert output["start"] <= output["entered"]


def test_parallel_output_and_assign_do_not_leak_branch_variables(machine):
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x": "inner"}, "Output": 1, "End": True}}}
    output = machine({
        "Set": {"Type": "Pass", "Assign": {"x": "outer"}, "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [branch, branch], "Output": "{% $sum($states.result) %}",
              "Assign": {"both": "{% $states.result %}"}, "Next": "End"},
        "End": {"Type": "Succeed", "Output": {"x": "{% $x %}", "both": "{% $both %}", "in": "{% $states.input %}"}},
    }).output()
    assert output == {"x": "outer", "both": [1, 1], "in": 2}


def test_choice_rules_assign_and_output(machine):
    made = machine({
        "C": {"Type": "Choice", "Default": "D", "Assign": {"way": "default"}, "Choices": [
            {"Condition": "{% $states.input.n > 1 %}", "Next": "D", "Assign": {"way": "rule"},
             "Output": {"n": "big"}}]},
        "D": {"Type": "Succeed", "Output": {"way": "{% $way %}", "n": "{% $states.input.n %}"}},
    })
    assert made.output({"n": 2}) == {"way": "rule", "n": "big"}
    assert made.output({"n": 0}) == {"way": "default", "n": 0}


def test_map(machine):
    output = machine({"M": {"Type": "Map", "Items": "{% $states.input.items %}", "MaxConcurrency": 2,
                            "ItemSelector": {"v": "{% $states.context.Map.Item.Value * 2 %}"},
                            "ItemProcessor": {"StartAt": "I", "States": {
                                "I": {"Type": "Pass", "Output": "{% $states.input.v %}", "End": True}}},
                            "End": True}}).output({"items": [1, 2, 3]})
    assert output == [2, 4, 6]


def test_fail_is_caught_with_output_and_assign(machine):
    fail = {"StartAt": "F", "States": {"F": {
        "Type": "Fail", "Error": "{% 'My.' & $states.input.kind %}", "Cause": "because"}}}
    output = machine({
        "P": {"Type": "Parallel", "Branches": [fail], "Next": "N", "Catch": [
            {"ErrorEquals": ["My.Error"], "Next": "N", "Assign": {"cause": "{% $states.errorOutput.Cause %}"},
             "Output": {"error": "{% $states.errorOutput.Error %}"}}]},
        "N": {"Type": "Succeed", "Output": {"cause": "{% $cause %}", "in": "{% $states.input %}"}},
    }).output({"kind": "Error"})
    assert output == {"cause": "because", "in": {"error": "My.Error"}}


def test_retry_counts_and_gives_up(machine, states):
    made = machine({"P": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Again"}}}],
        "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1,
                   "MaxDelaySeconds": 1, "JitterStrategy": "FULL"}]}})
    execution = made.start()
    assert made.wait(execution)["error"] == "Again"
    history = states.get_execution_history(executionArn=execution)["events"]
    assert sum(event["type"] == "FailStateEntered" for event in history) == 3


def test_runtime_errors_are_not_caught(machine):
    described = machine({
        "T": {"Type": "Task", "Resource": "arn:aws:states:::nothing:here", "Next": "N",
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N"}]},
        "N": {"Type": "Succeed"}}).run()
    assert described["status"] == "FAILED"
    assert described["error"] == "States.Runtime"


def test_payload_over_256_kb_is_not_caught(machine):
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    described = machine({
        "P": {"Type": "Parallel", "Next": "N", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N"}],
              "Branches": [branch, branch]},
        "N": {"Type": "Succeed"}}).run({"text": "x" * 150_000})
    assert described["error"] == "States.DataLimitExceeded"


def test_machine_timeout(machine):
    described = machine({"W": {"Type": "Wait", "Seconds": 30, "End": True}}, TimeoutSeconds=1).run()
    assert described["status"] == "TIMED_OUT"


def test_stopped_execution_stays_aborted(machine, states):
    made = machine({"W": {"Type": "Wait", "Seconds": 30, "Next": "F"}, "F": {"Type": "Fail", "Error": "Late"}})
    execution = made.start()
    states.stop_execution(executionArn=execution, error="Mine", cause="enough")
    time.sleep(0.5)
    described = states.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mine", "enough")


def test_names_are_idempotent_while_running_and_taken_afterwards(machine, states):
    made = machine({"W": {"Type": "Wait", "Seconds": 30, "End": True}})
    execution = made.start({"a": 1}, name="once")
    assert made.start({"a": 1}, name="once") == execution
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        made.start({"a": 2}, name="once")
    states.stop_execution(executionArn=execution)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        made.start({"a": 1}, name="once")
    with pytest.raises(states.exceptions.InvalidName):
        made.start(name="x" * 81)


def test_undefined_result_is_a_query_error_that_can_be_caught(machine):
    assert machine({
        "P": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": "{% $states.input.nothing %}", "End": True}}}],
            "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "caught", "Next": "N"}], "Next": "N"},
        "N": {"Type": "Succeed"}}).output() == "caught"


def test_express_executions_may_repeat_a_name(machine):
    made = machine({"A": {"Type": "Succeed"}}, machine_type="EXPRESS")
    assert made.start(name="same") != made.start(name="same")


def test_unknown_machine(states):
    with pytest.raises(ClientError) as error:
        states.start_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:none")
    assert error.value.response["Error"]["Code"] == "StateMachineDoesNotExist"


def test_express_machines_cannot_wait_for_jobs(machine):
    made = machine({"T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                          "Arguments": {"StateMachineArn": "x"}, "End": True}}, machine_type="EXPRESS")
    assert made.run()["error"] == "States.Runtime"
