"""PhoenixModelMonitor against Phoenix with its auth on; what has arrived is read back by Phoenix's own client."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.driver import free_port, wait_until
from vendors.looping import is_served
from vendors.server import Server, environment_of
from vendors.watching import Ask, sums

HERE = Path(__file__).parent
ADMIN = "administrator-of-the-test-0123456789"
ROWS = [(10, 30), (12, 41), (9, -25)]

pytestmark = pytest.mark.proves("model monitor", "phoenix", "Phoenix")


class Phoenix(NamedTuple):
    server: Server
    key: str


@pytest.fixture(scope="module")
def phoenix(versions, tmp_path_factory) -> Iterator[Phoenix]:
    folder = tmp_path_factory.mktemp("phoenix")
    ports = [free_port(), free_port()]
    variables = {
        "PHOENIX_WORKING_DIR": str(folder), "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(ports[0]), "PHOENIX_GRPC_PORT": str(ports[1]),
        "PHOENIX_ENABLE_AUTH": "true", "PHOENIX_SECRET": "secret-of-the-test-0123456789-0123456789", "PHOENIX_ADMIN_SECRET": ADMIN,
        "PHOENIX_TELEMETRY_ENABLED": "false", "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    server = Server(f"http://127.0.0.1:{ports[0]}", {"authorization": f"Bearer {ADMIN}"})
    with server.started([environment_of("phoenix").tool("phoenix"), "serve"], folder, variables, "/healthz"):
        versions["Phoenix"] = server.ask("/arize_phoenix_version")[1]
        status, made = server.ask("/v1/system/api_keys", {"data": {"name": "monitor"}})
        assert status == 201, made
        yield Phoenix(server, made["data"]["key"])


@pytest.fixture(scope="module")
def machines(deploy, phoenix):
    return deploy(HERE / "app.ts", f"{phoenix.server.url} {phoenix.key}")


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "traced")


@pytest.fixture(scope="module")
def spans(target, machines, phoenix, tmp_path_factory) -> Callable[[], list[dict]]:
    """What Phoenix's client reads."""
    variables = json.loads(target.outputs("phoenix")["Variables"]) | {"PHOENIX_API_KEY": phoenix.key, "HOME": str(tmp_path_factory.mktemp("reader"))}

    def spans() -> list[dict]:
        read = subprocess.run([environment_of("phoenix").tool("python"), str(HERE / "read.py")], env=variables, capture_output=True, text=True, check=False)
        assert read.returncode == 0 or "404" in read.stderr, read.stderr
        return json.loads(read.stdout) if read.returncode == 0 else []

    return spans


def lines(target, output: str) -> list[dict]:
    """What a function has written to its log, in JSON."""
    logs, group = target.client("logs"), target.outputs("phoenix")[output]
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def test_phoenix_knows_its_callers(phoenix):
    assert Server(phoenix.server.url).ask("/v1/projects/fraud/spans", {"data": []})[0] == 401


def test_traffic_arrives_as_spans(endpoint, spans):
    endpoint(ROWS)

    found = wait_until(spans, "the traffic arrives", 90)
    attributes = sorted((span["attributes"] for span in found), key=lambda it: it["mlops.inference.id"])
    assert [it["mlops.feature.amount"] for it in attributes] == [amount for amount, _ in ROWS]
    assert [it["mlops.feature.region"] for it in attributes] == [region for _, region in ROWS]
    assert [it["mlops.prediction"] for it in attributes] == [sum(row) for row in ROWS]
    assert [json.loads(it["input.value"]) for it in attributes] == [{"amount": amount, "region": region} for amount, region in ROWS]
    assert {(span["name"], span["span_kind"], span["status_code"]) for span in found} == {("inference", "CHAIN", "OK")}
    assert len({span["context"]["trace_id"] for span in found}) == len(ROWS)


def test_traffic_that_is_sent_again_counts_once(target, spans):
    forwarded, = lines(target, "Log")
    body = json.dumps({"address": forwarded["forwarded"]})
    target.client("sqs").send_message(QueueUrl=target.outputs("phoenix")["CapturedUrl"], MessageBody=body)

    wait_until(lambda: len(lines(target, "Log")) == 2, "the traffic is sent again", 60)
    assert lines(target, "Log") == [forwarded, forwarded]
    assert len(spans()) == len(ROWS)


def test_a_key_that_is_refused_is_told_in_one_line(target, phoenix, spans):
    """Of the other monitor, which was to forward the same traffic."""
    told = wait_until(lambda: lines(target, "StrangersLog"), "the refusal is told", 60)

    assert told[0]["message"] == f"POST {phoenix.server.url}/v1/projects/fraud/spans: Http.StatusCode.401 Invalid token"


def test_phoenix_watches_the_full_stack(target, phoenix, tmp_path):
    target.client("secretsmanager").create_secret(Name="vendor/phoenix", SecretString=phoenix.key)

    report = is_served(target, tmp_path, "monitor", {"provider": "phoenix", "url": phoenix.server.url, "project": "loop", "secret": "vendor/phoenix"})

    # Of pages of spans, the first is enough.
    path = f"/v1/projects/loop/spans?limit={report['heldOut']['rows']}"

    def arrived() -> bool:
        # Phoenix does not know the project before its first span.
        status, page = phoenix.server.ask(path)
        return status == 200 and len(page["data"]) == report["heldOut"]["rows"]

    wait_until(arrived, "the held-out rows arrive", 60)
