"""FiddlerPartnerAppModelMonitor against a server that is not Fiddler's: its requests are signed as the package `sagemaker` signs them, and are those of Fiddler's own client."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.driver import wait_until
from vendors.conftest import BUCKET
from vendors.sdks.recorder import Answer, Recorder, Request, answer, recorder
from vendors.server import environment_of
from vendors.watching import Ask, sums

from mlops_local.settings import REPOSITORY

HERE = Path(__file__).parent
APP = "arn:aws:sagemaker:us-east-1:000000000000:partner-app/app-ABC123"
KEY = "key-of-the-test"
IDENTITY = {"AWS_ACCESS_KEY_ID": "ASIAOFTHETEST", "AWS_SECRET_ACCESS_KEY": "secret-key-of-the-test", "AWS_SESSION_TOKEN": "session-of-the-test"}
MODEL, RULE = (str(uuid.uuid4()) for _ in range(2))
ROWS = [(10, 30), (12, 41)]
# What is no part of a request until it is sent, or comes of the signature.
UNSIGNED = {"connection", "content-length", "user-agent", "accept-encoding"}
SIGNATURE = {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}

pytestmark = pytest.mark.proves("model monitor", "fiddler-partner-app", "sagemaker", grade="sdk")


class Fiddler(NamedTuple):
    recorded: Recorder
    alerts: list[dict]


@pytest.fixture(scope="module")
def fiddler(versions) -> Iterator[Fiddler]:
    alerts: list[dict] = []

    def server(request: Request) -> Answer:
        if request.headers.get("x-amz-target") == "secretsmanager.GetSecretValue":
            return answer(200, {"SecretString": json.dumps({"key": KEY})})
        if "/records" in request.path:
            return answer(200, {"api_version": "3.0", "kind": "PAGINATED", "data": {"items": alerts}})
        if request.path == "/v3/server-info":
            organization = {"id": str(uuid.uuid4()), "name": "acme"}
            return answer(200, {"api_version": "3.0", "kind": "NORMAL", "data": {"feature_flags": {}, "server_version": "26.14.0", "organization": organization}})
        return answer(202, {"api_version": "3.0", "kind": "NORMAL", "data": {"source_type": "EVENTS", "event_ids": [str(uuid.uuid4())]}})

    program = "import importlib.metadata; print(importlib.metadata.version('sagemaker'))"
    versions["sagemaker"] = subprocess.check_output([environment_of("fiddler-partner-app").tool("python"), "-c", program], text=True).strip()
    with recorder(server) as recorded:
        yield Fiddler(recorded, alerts)


@pytest.fixture(scope="module")
def machines(s3, deploy, fiddler):
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    return deploy(HERE / "app.ts", f"{fiddler.recorded.url} {APP} {MODEL} {RULE}")


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "signed")


def vendors(url: str, program: Path, *given: str) -> str:
    """The last line that a program of the vendor's environment prints, which runs as a client of the app."""
    app = {"AWS_PARTNER_APP_AUTH": "true", "AWS_PARTNER_APP_ARN": APP, "AWS_PARTNER_APP_URL": url, **IDENTITY}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))} | app
    ended = subprocess.run([environment_of("fiddler-partner-app").tool("python"), str(program), *given], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


def named(request: Request, without: set[str]) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items() if name.lower() not in without}


def test_traffic_is_published_as_its_own_client_publishes_it_to_an_app(endpoint, fiddler):
    endpoint(ROWS)
    published, = wait_until(lambda: fiddler.recorded.at("/v3/events"), "the traffic is published", 60)

    events = json.dumps([{"amount": amount, "age": age, "sum": amount + age} for amount, age in ROWS])
    vendors(fiddler.recorded.url, HERE.parent / "fiddler" / "publish.py", fiddler.recorded.url, KEY, MODEL, events)
    own = fiddler.recorded.at("/v3/events")[1]
    assert (published.method, published.path, published.body) == (own.method, own.path, own.body)
    of_the_app = {name: value for name, value in named(own, SIGNATURE).items() if name.startswith(("x-amz-", "x-sagemaker-"))}
    assert of_the_app == {"x-amz-partner-app-authorization": f"Bearer {KEY}", "x-sagemaker-partner-app-server-arn": APP, "x-amz-target": "SageMaker.CallPartnerAppApi"}
    assert of_the_app.items() <= named(published, set()).items()
    assert published.headers["x-amz-security-token"]


@pytest.mark.parametrize(("method", "path", "query", "body"), [
    ("GET", f"/v3/alert-rules/{RULE}/records", {"start_time": "2026-10-25T10:05:00.000Z", "ordering": "-created_at", "limit": "100"}, None),
    ("POST", "/v3/events", {}, {"source": {"type": "EVENTS", "events": [{"name": "größer"}]}}),
])  # fmt: skip
def test_a_request_is_signed_as_the_package_of_the_vendor_signs_it(target, machines, fiddler, method, path, query, body):
    deployed = target.client("lambda").get_function_configuration(FunctionName=target.outputs("fiddler-partner-app")["Asking"])
    # The target knows no such identity: it is the server that gives the key out.
    aws = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SECRETS_MANAGER": fiddler.recorded.url}
    request = {"ApiEndpoint": f"{fiddler.recorded.url}{path}", "Method": method, "QueryParameters": query, "RequestBody": body, "Seconds": 30}
    script = "require(process.argv[1]).handler(JSON.parse(process.argv[2]))"
    given = json.dumps({name: value for name, value in request.items() if value is not None})
    variables = {"PATH": os.environ["PATH"], **deployed["Environment"]["Variables"], **aws, **IDENTITY}
    ended = subprocess.run(["node", "-e", script, str(REPOSITORY / "dist" / "handlers" / "request"), given], cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    sent = fiddler.recorded.requests[-1]

    own = {name: value for name, value in named(sent, UNSIGNED | {"authorization"}).items() if not name.startswith(("x-amz-", "x-sagemaker-"))}
    before = own | {"Authorization": f"Bearer {KEY}"}
    url = f"{fiddler.recorded.url}{sent.path}"
    signed = json.loads(vendors(fiddler.recorded.url, HERE / "sign.py", sent.method, url, json.dumps(before), sent.content.decode(), sent.headers["x-amz-date"]))
    assert named(sent, UNSIGNED) == {name.lower(): value for name, value in signed.items()}


def test_an_alert_is_a_verdict(fiddler, machines, told):
    now = datetime.now(UTC)
    alert = {"severity": "CRITICAL", "alert_value": 0.42, "warning_threshold": 0.1, "critical_threshold": 0.3, "feature_name": "amount", "message": "", "created_at": now.isoformat()}
    fiddler.alerts.append(alert)

    assert machines["Ask"].output({"time": (now + timedelta(seconds=65)).strftime("%Y-%m-%dT%H:%M:%SZ")})["told"]["FailedEntryCount"] == 0

    event, = wait_until(lambda: told("DriftUrl"), "the drift is told", 60)
    assert (event["check"], event["reason"]) == ("amount drifts", "CRITICAL: amount is 0.42, warned of at 0.1, critical at 0.3")
