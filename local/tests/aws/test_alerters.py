"""What the alerters that call a vendor send on the wire: deployed from their template, against a server on loopback."""

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from vendors.sdks.recorder import Recorder, answer, recorder

from aws.running_target import Machine

REPOSITORY = Path(__file__).resolve().parents[3]
ANSWERS = {
    "/api/chat.postMessage": {"ok": True, "ts": "1503435956.000247"},
    "/v2/enqueue": {"status": "success", "message": "Event processed", "dedup_key": "given"},
    "/hooks/ml": {},
}


@pytest.fixture(scope="module")
def vendors() -> Iterator[Recorder]:
    with recorder(lambda request: answer(200, ANSWERS[request.path])) as recorded:
        yield recorded


@pytest.fixture(scope="module")
def outputs(target, vendors) -> Iterator[dict[str, str]]:
    """The state machine of each alerter, by its name."""
    app = ["node", "-r", "ts-node/register/transpile-only", "local/tests/aws/alerters.ts", vendors.url]
    template = subprocess.run(app, cwd=REPOSITORY, capture_output=True, text=True, check=True,
                              env={**os.environ, "CDK_VALIDATION": "false"}).stdout
    cloudformation = target.client("cloudformation")
    cloudformation.create_stack(StackName="alerters", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="alerters", WaiterConfig={"Delay": 1})
    stack, = cloudformation.describe_stacks(StackName="alerters")["Stacks"]
    yield {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    cloudformation.delete_stack(StackName="alerters")


@pytest.fixture
def notify(outputs, states, vendors):
    """Sends one alert of the run `r1`; returns the step's output and what the vendor was sent at `path`."""

    def send(name: str, path: str) -> tuple[dict, dict]:
        output, sent = Machine(states, outputs[name]).output({"runId": "r1"}), vendors.at(path)[-1]
        return output, {"authorization": sent.authorization, "body": sent.body}

    return send


def test_slack_is_sent_a_message_with_the_token_as_bearer(notify):
    output, sent = notify("Slack", "/api/chat.postMessage")

    assert output == {"id": "1503435956.000247"}
    assert sent == {"authorization": "Bearer s3cr3t",
                    "body": {"channel": "#ml", "text": "A &amp; B\nRun r1", "mrkdwn": False}}


def test_pagerduty_is_sent_an_event_with_the_routing_key_in_its_body(notify):
    output, sent = notify("PagerDuty", "/v2/enqueue")

    assert output == {"id": "given"}
    body = sent["body"]
    assert (body["routing_key"], body["event_action"]) == ("s3cr3t", "trigger")
    assert body["dedup_key"].startswith("notifypagerduty-r1-")
    assert body["payload"]["summary"] == "A & B"
    assert body["payload"]["custom_details"] == {"message": "Run r1"}
    assert ":execution:" in body["payload"]["source"]


def test_a_webhook_is_sent_the_same_id_for_the_same_run(notify):
    output, sent = notify("Webhook", "/hooks/ml")
    again, _ = notify("Webhook", "/hooks/ml")

    assert sent["authorization"] == "Basic " + base64.b64encode(b"ml:s3cr3t").decode()
    assert ":execution:" in sent["body"].pop("source")
    assert sent["body"] == {"id": output["id"], "subject": "A & B", "message": "Run r1"}
    assert again == output
