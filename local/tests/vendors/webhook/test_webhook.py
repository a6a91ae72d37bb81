"""WebhookAlerter's signed alerts, verified by the libraries that receivers verify them with, and by our own ingress."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from e2e.driver import wait_until
from vendors.sdks.recorder import Answer, Recorder, Request, answer, hand_on, recorder
from vendors.server import environment_of

from mlops_local.settings import REPOSITORY

STANDARD, GITHUB = "whsec_c2lnbmluZy1vZi10aGUtdGVzdA==", "signing-of-the-test"

VERSIONS = "import importlib.metadata as m, json; print(json.dumps({name: m.version(name) for name in ('standardwebhooks', 'gidgethub')}))"
VERIFY_STANDARD = """
import json, sys
from standardwebhooks import Webhook
secret, content, headers = json.load(sys.stdin)
print(json.dumps(Webhook(secret).verify(content.encode(), headers)))
"""
VERIFY_GITHUB = """
import json, sys
from gidgethub.sansio import validate_event
secret, content, headers = json.load(sys.stdin)
validate_event(content.encode(), signature=headers["x-hub-signature-256"], secret=secret)
print(content)
"""


@pytest.fixture(scope="module")
def python(versions):
    environment = environment_of("webhook")
    versions.update(json.loads(subprocess.check_output([environment.tool("python"), "-c", VERSIONS], text=True)))
    return environment


@pytest.fixture(scope="module")
def receivers(target) -> Iterator[dict[str, Recorder]]:
    """Who alerts are posted to, by name; one hands them on to the ingress, whose address is known once it is deployed."""

    def to_the_ingress(request: Request) -> Answer:
        api = urlsplit(target.outputs("webhook")["WebhookUrl"]).hostname.split(".")[0]
        path = f"/_aws/execute-api/{api}/$default{request.path}"
        return hand_on(f"http://127.0.0.1:{target.settings.port}")(Request(request.method, path, request.headers, request.content))

    with ExitStack() as stack:
        yield {name: stack.enter_context(recorder(answers)) for name, answers in {
            "standard": lambda _: answer(202, {}), "github": lambda _: answer(202, {}), "ours": to_the_ingress,
        }.items()}  # fmt: skip


@pytest.fixture(scope="module")
def machines(receivers, deploy):
    addresses = json.dumps({name: receiver.url for name, receiver in receivers.items()})
    return deploy(REPOSITORY / "local" / "tests" / "vendors" / "webhook" / "app.ts", addresses)


@pytest.fixture
def verify(python):
    """What a library reads in a request that it takes for a sender's own; nothing when it refuses it."""

    def verify(program: str, secret: str, request: Request, content: bytes | None = None) -> dict | None:
        given = [secret, (content or request.content).decode(), {name.lower(): value for name, value in request.headers.items()}]
        ended = subprocess.run([python.tool("python"), "-c", program], input=json.dumps(given), capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return json.loads(ended.stdout)
        assert "WebhookVerificationError" in ended.stderr or "ValidationFailure" in ended.stderr, ended.stderr
        return None

    return verify


@pytest.mark.proves("alerter", "webhook", "standardwebhooks", grade="sdk")
def test_standard_webhooks_own_library_takes_it(machines, receivers, verify):
    alert = machines["Standard"].output({"runId": "tuesday", "subject": "A drift"})
    again = machines["Standard"].output({"runId": "tuesday", "subject": "A drift"})
    first, second = receivers["standard"].requests

    read = verify(VERIFY_STANDARD, STANDARD, first)
    assert (read["id"], read["subject"], read["message"]) == (alert["id"], "A drift", 'größer, <b> & "so"')
    assert alert == again and first.headers["webhook-id"] == second.headers["webhook-id"] == f"{alert['id']}-sent"
    assert verify(VERIFY_STANDARD, STANDARD, first, first.content.replace(b"A drift", b"A draft")) is None
    assert verify(VERIFY_STANDARD, "whsec_" + "A" * 32, first) is None
    assert not any(STANDARD.removeprefix("whsec_") in str(value) for value in first.headers.values())


@pytest.mark.proves("alerter", "webhook", "gidgethub", grade="sdk")
def test_a_library_for_githubs_webhooks_takes_it(machines, receivers, verify):
    alert = machines["Github"].output({"runId": "tuesday", "subject": "A drift"})
    request, = receivers["github"].requests

    assert verify(VERIFY_GITHUB, GITHUB, request)["id"] == alert["id"]
    assert verify(VERIFY_GITHUB, GITHUB, request, request.content + b" ") is None
    assert verify(VERIFY_GITHUB, "another", request) is None


def test_our_own_ingress_passes_it_on_once(target, machines, receivers):
    queue = target.outputs("webhook")["ToldUrl"]
    sqs = target.client("sqs")
    alerts = [machines["Ours"].output({"runId": run, "subject": "A drift"}) for run in ("tuesday", "tuesday", "wednesday")]
    failed = machines["Stranger"].run({"runId": "tuesday", "subject": "A forgery"})

    assert [given.status for _, given in receivers["ours"].exchanges][:3] == [202, 200, 202]
    assert (failed["status"], failed["error"]) == ("FAILED", "Mlops.Unauthorized")
    told: list[dict] = []

    def all_told() -> bool:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        told.extend(json.loads(message["Body"]) for message in messages)
        return len(told) >= 2

    wait_until(all_told, "both alerts are told")
    assert sorted(one["id"] for one in told) == sorted({alert["id"] for alert in alerts})
