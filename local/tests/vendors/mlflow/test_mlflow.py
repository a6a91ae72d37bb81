"""MlflowModelRegistry against a server of MLflow's, whose signed webhooks come in by the ingress; MlflowExperimentTracker with MLflow's own client."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from e2e.driver import free_port, wait_until
from vendors.server import Server, process

from mlops_local.cli import executions
from mlops_local.processes.environments import PythonEnvironment, pinned
from mlops_local.settings import REPOSITORY

USER, PASSWORD, SIGNING = "ml", "s3cr3t-of-the-test", "signing-of-the-test"
MODEL = {"modelUri": "s3://vendors/ml/model.tar.gz", "metrics": {"accuracy": 0.97, "val loss": 0.1}}
API = "/api/2.0/mlflow"

pytestmark = [pytest.mark.proves("model registry", "mlflow", "MLflow")]

SCRIPT = """
import mlflow
with mlflow.start_run(run_name="tuesday"):
    mlflow.log_param("alpha", 0.5)
    mlflow.log_metric("accuracy", 0.97)
"""


def environment() -> PythonEnvironment:
    """Holds MLflow's server and its client."""
    return pinned("vendor-tracker", REPOSITORY / "examples" / "bring-your-own-vendor" / "requirements-tracker.txt")


@pytest.fixture(scope="module")
def mlflow(versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mlflow")
    python = environment()
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", {"authorization": f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"})
    (folder / "auth.ini").write_text(f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder / 'users.db'}\n")
    start = [python.tool("mlflow"), "server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{folder / 'runs.db'}", "--artifacts-destination", str(folder / "artifacts")]  # fmt: skip
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"), "MLFLOW_AUTH_ADMIN_USERNAME": USER, "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of the test", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # MLflow posts to public https:// addresses only; the local API Gateway is neither.
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_CACHE_TTL": "0",
    }  # fmt: skip
    with process(start, folder, variables) as started:
        server.wait(f"{API}/experiments/get?experiment_id=0", started)
        versions["MLflow"] = server.ask("/version")[1]
        yield server


@pytest.fixture(scope="module")
def machines(mlflow, deploy):
    return deploy(REPOSITORY / "local" / "tests" / "vendors" / "mlflow" / "app.ts", mlflow.url)


@pytest.fixture(scope="module")
def ingress(target, on_loopback, machines) -> str:
    return on_loopback(target.outputs("mlflow")["WebhookUrl"])


@pytest.fixture(scope="module")
def webhook(mlflow, ingress) -> None:
    subscribe(mlflow, ingress)


def subscribe(mlflow: Server, url: str) -> None:
    """What a user does once."""
    body = {"name": "mlops", "url": url, "secret": SIGNING, "events": [{"entity": "MODEL_VERSION_TAG", "action": "SET"}]}
    status, answer = mlflow.ask(f"{API}/webhooks", body)
    assert status == 200, answer


def version_of(mlflow: Server, version: str) -> dict:
    return mlflow.ask(f"{API}/model-versions/get?name=fraud&version={version}")[1]["model_version"]


def tags(found: dict) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in found["tags"]}


def decide(mlflow: Server, version: str, status: str, model: str = "fraud") -> None:
    """As a person does it in MLflow's own interface."""
    answer = mlflow.ask(f"{API}/model-versions/set-tag", {"name": model, "version": version, "key": "mlops.status", "value": status})
    assert answer == (200, {})


@pytest.mark.proves("experiment tracker", "mlflow", "MLflow")
def test_a_script_that_has_the_binding_alone_logs_its_run(bound, machines, mlflow):
    ended = subprocess.run([environment().tool("python"), "-c", SCRIPT], env=bound("mlflow/experiment-tracker"), capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    experiment = mlflow.ask(f"{API}/experiments/get-by-name?experiment_name=nightly")[1]["experiment"]["experiment_id"]
    run, = mlflow.ask(f"{API}/runs/search", {"experiment_ids": [experiment]})[1]["runs"]
    assert (run["info"]["run_name"], run["info"]["status"]) == ("tuesday", "FINISHED")
    assert [(metric["key"], metric["value"]) for metric in run["data"]["metrics"]] == [("accuracy", 0.97)]


def test_a_version_is_registered_once_a_run(machines, mlflow):
    first = machines["Register"].output({"runId": "monday", **MODEL})
    again = machines["Register"].output({"runId": "monday", **MODEL})
    other = machines["Register"].output({"runId": "tuesday", **MODEL})

    assert first == again == {"version": "1", "status": "PendingManualApproval"}
    assert other["version"] == "2"
    ours = quote("name = 'fraud'")
    found = mlflow.ask(f"{API}/model-versions/search?filter={ours}")[1]["model_versions"]
    assert sorted(one["version"] for one in found) == ["1", "2"]


def test_mlflow_holds_what_was_registered(machines, mlflow):
    version = machines["Register"].output({"runId": "held", **MODEL})["version"]

    found = version_of(mlflow, version)

    assert (found["source"], found["description"]) == (MODEL["modelUri"], "Nightly")
    held = tags(found)
    assert held.pop("mlops.key").startswith("register-held-")
    assert held == {
        "mlops.run_id": "held", "mlops.image": "acme/image", "mlops.status": "PendingManualApproval", "mlops.metric.accuracy": "0.97", "mlops.metric.val loss": "0.1",
    }  # fmt: skip


def test_a_version_is_looked_up(machines):
    version = machines["Register"].output({"runId": "looked-up", **MODEL})["version"]

    found = machines["Resolve"].output({"version": version})

    assert found.pop("changedAt").endswith("Z")
    assert found == {"version": version, "modelUri": MODEL["modelUri"], "image": "acme/image", "status": "PendingManualApproval"}


def test_what_is_not_there_and_who_is_not_known(machines):
    assert machines["Resolve"].failure({"version": "4711"})[0] == "Mlops.Failed"
    assert machines["Refused"].failure(MODEL)[0] == "Mlops.Unauthorized"


def test_a_decision_is_told_by_mlflow_itself(machines, mlflow, webhook, decided):
    version = machines["Register"].output({"runId": "approved", **MODEL})["version"]

    machines["Reject"].output({"version": version})
    assert machines["Approve"].output({"version": version}) == {"version": version, "status": "Approved"}

    event, = wait_until(decided, "the approval is told")
    assert event.pop("at") > "2020"
    assert event == {"version": version, "status": "Approved"}
    assert decided() == []
    assert machines["Resolve"].output({"version": version})["status"] == "Approved"
    assert tags(version_of(mlflow, version))["mlops.reason"] == "It passed the gate"
    assert mlflow.ask(f"{API}/registered-models/alias?name=fraud&alias=champion")[1]["model_version"]["version"] == version


def test_so_is_one_that_a_person_makes_in_mlflow(machines, mlflow, webhook, decided):
    version = machines["Register"].output({"runId": "by-hand", **MODEL})["version"]

    decide(mlflow, version, "Approved")

    event, = wait_until(decided, "the approval is told")
    assert (event["version"], event["status"]) == (version, "Approved")


def delivery(body: str, key: str = SIGNING, age: int = 0) -> dict[str, str]:
    """The headers that MLflow sends with `body`."""
    identity, sent = str(uuid.uuid4()), str(int(time.time()) - age)
    signature = base64.b64encode(hmac.digest(key.encode(), f"{identity}.{sent}.{body}".encode(), hashlib.sha256)).decode()
    return {"x-mlflow-delivery-id": identity, "x-mlflow-timestamp": sent, "x-mlflow-signature": f"v1,{signature}"}


def post(ingress: str, body: str, headers: dict[str, str], kind: str = "application/json") -> int:
    request = urllib.request.Request(ingress, data=body.encode(), headers={"content-type": kind, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def approval(version: str) -> str:
    data = {"name": "fraud", "version": version, "key": "mlops.status", "value": "Approved"}
    return json.dumps({"entity": "model_version_tag", "action": "set", "timestamp": "2026-01-01T00:00:00+00:00", "data": data})


def test_a_delivery_is_passed_on_once(ingress, decided):
    body = approval("7")
    headers = delivery(body)

    assert [post(ingress, body, headers) for _ in range(3)] == [202, 200, 200]
    assert [event["version"] for event in decided(5)] == ["7"]
    assert decided() == []


def test_bytes_that_api_gateway_encodes_are_the_same_body(ingress, decided):
    body = approval("8")

    assert post(ingress, body, delivery(body), "application/octet-stream") == 202
    assert [event["version"] for event in decided(5)] == ["8"]


def test_nothing_that_is_not_signed_is_told(ingress, decided):
    body = approval("9")
    signed = delivery(body)
    attacks = {
        "no signature": post(ingress, body, {}),
        "another secret": post(ingress, body, delivery(body, "another")),
        "an empty secret": post(ingress, body, delivery(body, "")),
        "another body": post(ingress, approval("10"), signed),
        "another id": post(ingress, body, signed | {"x-mlflow-delivery-id": str(uuid.uuid4())}),
        "an old one": post(ingress, body, delivery(body, age=301)),
        "one ahead": post(ingress, body, delivery(body, age=-400)),
        "two signatures": post(ingress, body, signed | {"x-mlflow-signature": f"v1,{'A' * 43}=,{signed['x-mlflow-signature']}"}),
    }
    large = json.dumps({"x": "x" * 200_000})

    assert set(attacks.values()) == {401}, attacks
    assert post(ingress, large, delivery(large)) == 413
    assert post(ingress, "[]", delivery("[]")) == 400
    assert post(ingress + "other", body, signed) == 404
    assert decided(2) == []


@pytest.fixture(scope="module")
def loop(target, mlflow, tmp_path_factory) -> dict[str, str]:
    """The outputs of the full stack, of which one block is another."""
    target.client("secretsmanager").create_secret(Name="mlflow/loop", SecretString=json.dumps({"password": PASSWORD, "signing": SIGNING}))
    block = {
        "provider": "mlflow", "url": mlflow.url, "model": "loop", "username": USER, "secret": "mlflow/loop", "field": "password",
        "webhookSecret": "mlflow/loop", "webhookField": "signing",
    }  # fmt: skip
    file = tmp_path_factory.mktemp("loop") / "mlops.yaml"
    file.write_text(f"name: mlops\nregistry: {json.dumps(block)}\nendpoint: {{ provider: sagemaker, bakeMinutes: 0 }}\n")
    code, report = target.up("--config", str(file))
    assert code == 0, report
    assert report["modelVersion"] == {"arn": None, "version": "1", "status": None}
    assert report["trainingJob"]["status"] == "Completed"
    return target.outputs("mlops")


def test_the_loop_goes_from_a_training_by_an_approval_in_mlflow_to_a_deployment(target, on_loopback, mlflow, loop):
    url, = (value for name, value in loop.items() if name.startswith("ModelRegistryWebhookUrl"))
    subscribe(mlflow, on_loopback(url))

    deployed = approved(target, mlflow, loop, "1")

    assert (deployed["status"], deployed["version"]) == ("Deployed", "1")
    registered = mlflow.ask(f"{API}/model-versions/get?name=loop&version=1")[1]["model_version"]
    assert registered["source"].startswith(f"{loop['ArtifactStoreUri']}/training/")


def approved(target, mlflow: Server, loop: dict[str, str], version: str) -> dict:
    """What the deployment says that an approval sets off."""
    known = executions.arns(target.settings, loop["DeploymentArn"])
    decide(mlflow, version, "Approved", "loop")
    deployment = executions.await_new(target.settings, loop["DeploymentArn"], known, version, 60)
    return executions.Execution(target.settings, deployment, print).wait()


def test_an_older_version_that_is_approved_again_is_served_again(target, mlflow, loop):
    held = mlflow.ask(f"{API}/model-versions/get?name=loop&version=1")[1]["model_version"]
    body = {name: held[name] for name in ("name", "source", "tags")}
    newer = mlflow.ask(f"{API}/model-versions/create", body)[1]["model_version"]["version"]

    first = serving(target, loop)
    statuses = [approved(target, mlflow, loop, newer)["status"]]
    second = serving(target, loop)
    statuses.append(approved(target, mlflow, loop, "1")["status"])

    assert statuses == ["Deployed", "Deployed"]
    assert (serving(target, loop), first == second) == (first, False)


def serving(target, loop: dict[str, str]) -> str:
    """The config of the loop's endpoint, which is named after the version."""
    return target.client("sagemaker").describe_endpoint(EndpointName=loop["ModelEndpoint"])["EndpointConfigName"]
