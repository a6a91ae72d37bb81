"""What the alerters that call a vendor send on the wire: deployed from their template, against a server on loopback."""

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aws.running_target import Machine

REPOSITORY = Path(__file__).resolve().parents[3]
ANSWERS = {
    "/api/chat.postMessage": {"ok": True, "ts": "1503435956.000247"},
    "/v2/enqueue": {"status": "success", "message": "Event processed", "dedup_key": "given"},
    "/hooks/ml": {},
}


class Vendors(BaseHTTPRequestHandler):
    """Keeps what it is sent, by path."""

    requests: dict[str, dict] = {}

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.requests[self.path] = {"authorization": self.headers.get("authorization"), "body": body}
        content = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def outputs(target) -> Iterator[dict[str, str]]:
    """The state machine of each alerter, by its name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendors)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app = ["node", "-r", "ts-node/register/transpile-only", "local/tests/aws/alerters.ts",
           f"http://127.0.0.1:{server.server_address[1]}"]
    template = subprocess.run(app, cwd=REPOSITORY, capture_output=True, text=True, check=True,
                              env={**os.environ, "CDK_VALIDATION": "false"}).stdout
    cloudformation = target.client("cloudformation")
    cloudformation.create_stack(StackName="alerters", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="alerters", WaiterConfig={"Delay": 1})
    stack, = cloudformation.describe_stacks(StackName="alerters")["Stacks"]
    yield {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    cloudformation.delete_stack(StackName="alerters")
    server.shutdown()


@pytest.fixture
def notify(outputs, states):
    """Sends one alert of the run `r1`; returns the step's output and what the vendor was sent at `path`."""

    def send(name: str, path: str) -> tuple[dict, dict]:
        return Machine(states, outputs[name]).output({"runId": "r1"}), Vendors.requests[path]

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
