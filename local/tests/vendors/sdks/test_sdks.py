"""Vendors' own clients, in jobs that have nothing but a binding: what they send, to a server of the vendor's or one that holds them to the vendor's schemas."""

import base64
import itertools
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from e2e.driver import free_port
from vendors.sdks.recorder import Answer, Recorder, Request, answer, hand_on, recorder
from vendors.server import Server, environment_of, process

from mlops_local.cli import client_environment
from mlops_local.processes.environments import pinned
from mlops_local.settings import REPOSITORY

HERE = Path(__file__).parent
KEY, ACCESS, SECRET, CLIENT, TOKEN = "1824812581259009ca9981580f8f8a9012409eee", "access-of-the-test", "secret-of-the-test", "client-of-the-test", "token-of-the-test"
APP = "arn:aws:sagemaker:us-east-1:000000000000:partner-app/app-ABCDEF123456"
CLIENTS = ("wandb", "comet-ml", "clearml", "databricks-sdk", "slack-sdk", "pagerduty", "datadog-api-client")

WANDB = """
import wandb
run = wandb.init(name="tuesday", config={"alpha": 0.5})
run.log({"accuracy": 0.97})
run.finish()
"""
COMET = """
import comet_ml
experiment = comet_ml.start(experiment_config=comet_ml.ExperimentConfig(name="tuesday"))
experiment.log_parameter("alpha", 0.5)
experiment.log_metric("accuracy", 0.97)
experiment.end()
"""
CLEARML = """
from clearml import Task
task = Task.init(project_name="churn", task_name="tuesday", auto_resource_monitoring=False)
task.connect({"alpha": 0.5})
task.get_logger().report_scalar("accuracy", "test", 0.97, 0)
task.close()
"""
MLFLOW = """
import mlflow
with mlflow.start_run(run_name="tuesday"):
    mlflow.log_param("alpha", 0.5)
    mlflow.log_metric("accuracy", 0.97)
"""
SLACK = """
import os, sys
from slack_sdk import WebClient
url, text = sys.argv[1:]
WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=url + "/api/").chat_postMessage(channel="#ml", text=text, mrkdwn=False)
"""
# PagerDuty's client takes https:// only; the requests leave as http://.
PAGERDUTY = """
import json, os, sys
import pagerduty
url, event = sys.argv[1:]
def plainly(request):
    request.url = request.url.copy_with(scheme="http")
client = pagerduty.EventsApiV2Client(os.environ["PAGERDUTY_ROUTING_KEY"], base_url=url.replace("http:", "https:"), event_hooks={"request": [plainly]})
payload = json.loads(event)
client.trigger(payload["summary"], payload["source"], dedup_key="given", severity=payload["severity"], custom_details=payload["custom_details"])
"""
DATADOG = """
import json, os, sys
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.events_api import EventsApi
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
url, event = sys.argv[1:]
configuration = Configuration(host=url)
configuration.api_key["apiKeyAuth"] = os.environ["DD_API_KEY"]
EventsApi(ApiClient(configuration)).create_event(EventCreateRequest(**json.loads(event)))
"""
DATABRICKS = """
import json
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import QueueSettings
jobs = WorkspaceClient().jobs
asked = json.loads(%r)
run = jobs.run_now(asked["job_id"], idempotency_token=asked["idempotency_token"], job_parameters=asked["job_parameters"], queue=QueueSettings(enabled=True)).run_id
jobs.get_run(run)
jobs.cancel_run(run)
"""


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def python():
    return environment_of("sdks")


@pytest.fixture(scope="module", autouse=True)
def _versions(python, versions) -> None:
    """Of the clients: who has run, and in which version."""
    program = f"import importlib.metadata as m, json; print(json.dumps({{name: m.version(name) for name in {CLIENTS!r}}}))"
    versions.update(json.loads(subprocess.check_output([python.tool("python"), "-c", program], text=True)))


@pytest.fixture(scope="module")
def vendors(python, s3, tmp_path_factory) -> Iterator[dict[str, Recorder]]:
    """What each vendor is sent, by its name. Each server runs in an environment of its own."""
    folder = tmp_path_factory.mktemp("vendors")
    mlflow = pinned("vendor-tracker", REPOSITORY / "examples" / "bring-your-own-vendor" / "requirements-tracker.txt")

    with ExitStack() as stack:

        def start(command: list[str], port: int, path: str, variables: dict[str, str] | None = None) -> str:
            url = f"http://127.0.0.1:{port}"
            own = folder / str(port)
            own.mkdir()
            started = stack.enter_context(process(command, own, {"HOME": str(own), **(variables or {})}))
            Server(url).wait(path, started)
            return url

        ports = {name: free_port() for name in ("wandb", "comet", "clearml", "mlflow")}
        interpreter = python.tool("python")
        servers = {
            # What W&B tests its own client with.
            "wandb": start([interpreter, "-m", "yea_wandb.mock_server", "--yea"], ports["wandb"], "/storage?file=ready", {"MOCKSERVER_BIND": "127.0.0.1", "PORT": str(ports["wandb"])}),
            "comet": start([interpreter, str(HERE / "comet_server.py"), str(ports["comet"])], ports["comet"], "/ready"),
            "clearml": start([interpreter, str(HERE / "clearml_server.py"), str(ports["clearml"])], ports["clearml"], "/auth.login"),
        }
        server = start([mlflow.tool("mlflow"), "server", "--host", "127.0.0.1", "--port", str(ports["mlflow"]), "--workers", "1", "--backend-store-uri", "sqlite:///runs.db",
                        "--artifacts-destination", "artifacts"], ports["mlflow"], "/health", {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})  # fmt: skip
        recorders = {name: stack.enter_context(recorder(hand_on(url))) for name, url in servers.items()}
        recorders["databricks"] = stack.enter_context(recorder(databricks(jobs(s3), hand_on(server))))
        recorders["slack"] = stack.enter_context(recorder(lambda _: answer(200, {"ok": True, "ts": "1503435956.000247"})))
        recorders["pagerduty"] = stack.enter_context(recorder(lambda _: answer(202, {"status": "success", "message": "Event processed", "dedup_key": "given"})))
        recorders["datadog"] = stack.enter_context(recorder(lambda _: answer(202, {"status": "ok", "event": {"id": 7402810034593110000, "id_str": "7402810034593110000", "title": "A drift"}})))
        yield recorders


def jobs(s3) -> Callable[[Request], Answer]:
    """The jobs of a workspace: a run of 411 has left its outputs when it is looked at the second time, one of 412 goes on until it is cancelled."""
    begun: dict[int, Iterator[dict]] = {}
    running, success = {"state": "RUNNING"}, {"state": "TERMINATED", "termination_details": {"code": "SUCCESS", "type": "SUCCESS", "message": ""}}

    def jobs(request: Request) -> Answer:
        if request.path == "/api/2.2/jobs/run-now":
            bucket, _, key = request.body["job_parameters"]["outputs"].removeprefix("s3://").partition("/")
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"modelUri": f"s3://{bucket}/{key.rpartition('/')[0]}/model.tar.gz", "metrics": {"accuracy": 0.97}}))
            run = 1048932716239445 + len(begun)
            begun[run] = iter([running, success, success]) if request.body["job_id"] == 411 else itertools.repeat(running)
            return answer(200, {"run_id": run, "number_in_job": run})
        if request.path == "/api/2.2/jobs/runs/cancel":
            return answer(200, {})
        run = int(parse_qs(urlsplit(request.path).query)["run_id"][0])
        return answer(200, {"run_id": run, "status": next(begun[run])})

    return jobs


def databricks(jobs, mlflow):
    """A workspace: jobs and MLflow behind tokens, and the exchange of a principal's secret for one."""
    known = {
        "/.well-known/databricks-config": lambda host: {"oidc_endpoint": f"{host}/oidc"},
        "/oidc/.well-known/oauth-authorization-server": lambda host: {"authorization_endpoint": f"{host}/oidc/v1/authorize", "token_endpoint": f"{host}/oidc/v1/token"},
    }

    def workspace(request: Request) -> Answer:
        host = f"http://{request.headers['host']}"
        if request.path in known:
            return answer(200, known[request.path](host))
        if request.path == "/oidc/v1/token":
            asked = (request.authorization, parse_qs(request.content.decode()))
            principal = asked == (basic(CLIENT, SECRET), {"grant_type": ["client_credentials"], "scope": ["all-apis"]})
            return answer(200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}) if principal else answer(401, {"error": "invalid_client"})
        if request.path.startswith("/api/") and request.authorization not in (f"Bearer {KEY}", f"Bearer {TOKEN}"):
            return answer(401, {"error_code": "UNAUTHENTICATED"})
        return (jobs if request.path.startswith("/api/2.2/jobs/") else mlflow)(request)

    return workspace


@pytest.fixture(scope="module")
def machines(vendors, deploy):
    return deploy(HERE / "app.ts", json.dumps({name: recorded.url for name, recorded in vendors.items()}))


@pytest.fixture
def job(target, machines, python, tmp_path):
    """Runs a script as a job of the stack: in the environment that `binding` makes, which the runtime completes."""

    def job(binding: str, script: str) -> None:
        (tmp_path / "train.py").write_text(script)
        variables = {"PATH": f"{python.folder / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY / "runtime"),
                     **client_environment.variables(target.settings), **json.loads(target.outputs("sdks")[binding])}  # fmt: skip
        command = [python.tool("python"), "-m", "mlops_runtime", "train.py"]
        ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=240)
        assert ended.returncode == 0, ended.stderr[-3000:]

    return job


@pytest.mark.proves("experiment tracker", "wandb", "wandb", grade="sdk")
def test_wandb(job, vendors):
    job("wandb", WANDB)

    wandb = vendors["wandb"]
    assert {request.authorization for request in wandb.at("/graphql")} == {basic("api", KEY)}
    run, *_ = [request.body["variables"] for request in wandb.at("/graphql") if "mutation UpsertBucket" in request.body["query"]]
    assert (run["entity"], run["project"], run["displayName"]) == ("acme", "churn", "tuesday")
    assert logged(wandb)["accuracy"] == 0.97


def logged(wandb: Recorder) -> dict:
    """The history and the end of the run that came last."""
    lines = [request.body for request in wandb.at("/file_stream")]
    assert (lines[-1]["complete"], lines[-1]["exitcode"]) == (True, 0)
    history, *_ = [file["content"] for line in lines for name, file in line.get("files", {}).items() if name == "wandb-history.jsonl"]
    return json.loads(history[-1])


@pytest.mark.proves("experiment tracker", "comet", "comet-ml", grade="sdk")
def test_comet(job, vendors):
    job("comet", COMET)

    comet = vendors["comet"]
    assert comet.refused == []
    assert {request.authorization for request in comet.requests} == {KEY}
    run, = [request.body for request in comet.at("/clientlib/logger/add/run")]
    assert (run["teamName"], run["projectName"]) == ("acme", "churn")
    metrics = {value["metricName"]: value["metricValue"] for request in comet.at("batch/logger/experiment/metric") for value in request.body["values"]}
    assert metrics["accuracy"] == 0.97
    assert ("alpha", 0.5) in [(value["parameterName"], value["parameterValue"]) for request in comet.at("batch/logger/experiment/parameter") for value in request.body["values"]]


@pytest.mark.proves("experiment tracker", "comet-partner-app", "comet-ml", grade="sdk")
def test_comet_in_the_account(job, vendors):
    comet = vendors["comet"]
    comet.exchanges.clear()

    job("partner", COMET)

    assert comet.refused == []
    signed = re.compile(r"AWS4-HMAC-SHA256 Credential=test/\d{8}/us-east-1/sagemaker/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}")
    assert [request.path for request in comet.requests if not signed.fullmatch(request.authorization or "")] == []
    assert {(request.headers["x-amz-partner-app-authorization"], request.headers["x-sagemaker-partner-app-server-arn"]) for request in comet.requests} == {(KEY, APP)}
    assert comet.at("batch/logger/experiment/metric")


@pytest.mark.proves("experiment tracker", "clearml", "clearml", grade="sdk")
def test_clearml(job, vendors):
    job("clearml", CLEARML)

    clearml = vendors["clearml"]
    assert clearml.refused == []
    login, *others = [request for request in clearml.requests if request.path.rpartition("/")[2] != "ready"]
    assert (login.path, login.authorization) == ("/auth.login", basic(ACCESS, SECRET))
    assert {request.authorization.partition(" ")[0] for request in others} == {"Bearer"}
    events = [json.loads(line) for request in clearml.at("/events.add_batch") for line in request.content.splitlines()]
    assert [(event["metric"], event["value"]) for event in events if event["type"] == "training_stats_scalar"] == [("accuracy", 0.97)]
    assert clearml.at("/tasks.completed")


@pytest.mark.proves("experiment tracker", "databricks", "databricks-sdk", grade="sdk")
@pytest.mark.parametrize("binding, token", [("token", KEY), ("principal", TOKEN)])
def test_databricks(job, vendors, binding, token):
    databricks = vendors["databricks"]
    databricks.exchanges.clear()

    job(binding, MLFLOW)

    assert {request.authorization for request in databricks.at("/api/")} == {f"Bearer {token}"}
    assert runs(databricks) == [("tuesday", "FINISHED", [("accuracy", 0.97)])]


@pytest.mark.proves("model trainer", "databricks", "databricks-sdk", grade="sdk")
def test_jobs_are_run_as_its_own_client_does(machines, job, vendors):
    databricks = vendors["databricks"]
    assert machines["Train"].output({"runId": "tuesday"})["metrics"] == {"accuracy": 0.97}

    databricks.exchanges.clear()
    assert machines["Late"].run({"runId": "tuesday"})["error"] == "Mlops.Timeout"
    steps = asked(databricks)
    job("jobs", DATABRICKS % json.dumps(json.loads(steps[0][3])))

    assert [path for _, path, *_ in steps] == ["/api/2.2/jobs/run-now", "/api/2.2/jobs/runs/get?run_id=RUN", "/api/2.2/jobs/runs/cancel"]
    assert asked(databricks) == steps


def asked(databricks: Recorder) -> list[tuple]:
    """What the jobs of a workspace were asked, each once and of whichever run; forgotten then."""
    made = [(request.method, request.path, request.authorization, json.dumps(request.body, sort_keys=True) if request.content else "") for request in databricks.at("/api/2.2/jobs/")]
    databricks.exchanges.clear()
    return list(dict.fromkeys(tuple(re.sub(r'(run_id(=|": ))\d+', r"\1RUN", part) for part in one) for one in made))


def runs(databricks: Recorder) -> list:
    """The runs of the experiment that were begun since the recorder was cleared, as MLflow holds them."""
    begun = [json.loads(given.content)["run"]["info"]["run_id"] for request, given in databricks.exchanges if request.path.endswith("/runs/create")]
    server = Server(databricks.url, {"authorization": f"Bearer {KEY}"})
    experiment = server.ask("/api/2.0/mlflow/experiments/get-by-name?experiment_name=/Shared/churn")[1]["experiment"]["experiment_id"]
    found = [server.ask(f"/api/2.0/mlflow/runs/get?run_id={run}")[1]["run"] for run in begun]
    assert {run["info"]["experiment_id"] for run in found} == {experiment}
    return [(run["info"]["run_name"], run["info"]["status"], [(metric["key"], metric["value"]) for metric in run["data"]["metrics"]]) for run in found]


@pytest.mark.proves("experiment tracker", "mirrored", "wandb", grade="sdk")
def test_one_run_is_logged_to_two_trackers(job, vendors):
    vendors["databricks"].exchanges.clear()
    vendors["wandb"].exchanges.clear()

    job("mirrored", MLFLOW + WANDB)

    assert runs(vendors["databricks"]) == [("tuesday", "FINISHED", [("accuracy", 0.97)])]
    assert logged(vendors["wandb"])["accuracy"] == 0.97


@pytest.fixture
def client(python):
    """Runs a vendor's client, with a credential and arguments."""

    def client(script: str, credential: str, *arguments: str) -> None:
        ended = subprocess.run([python.tool("python"), "-c", script, *arguments], env={"PATH": os.environ["PATH"], credential: KEY}, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr

    return client


@pytest.mark.proves("alerter", "slack", "slack-sdk", grade="sdk")
def test_slack_is_sent_what_its_own_client_sends(machines, vendors, client):
    machines["Slack"].output({"runId": "tuesday"})
    client(SLACK, "SLACK_BOT_TOKEN", vendors["slack"].url, "A drift\nOf the run")

    step, own = vendors["slack"].requests
    assert (step.method, step.path, step.authorization, step.body) == (own.method, own.path, own.authorization, own.body)


@pytest.mark.proves("alerter", "datadog", "datadog-api-client", grade="sdk")
def test_datadog_is_sent_what_its_own_client_sends(machines, vendors, client):
    assert machines["Datadog"].output({"runId": "tuesday"}) == {"id": "7402810034593110000"}
    step, = vendors["datadog"].requests
    client(DATADOG, "DD_API_KEY", vendors["datadog"].url, json.dumps(step.body))

    own = vendors["datadog"].requests[1]
    assert (step.method, step.path, step.headers["dd-api-key"], step.body) == (own.method, own.path, own.headers["dd-api-key"], own.body)


@pytest.mark.proves("alerter", "pagerduty", "pagerduty", grade="sdk")
def test_pagerduty_is_sent_what_its_own_client_sends(machines, vendors, client):
    machines["PagerDuty"].output({"runId": "tuesday"})
    step, = vendors["pagerduty"].requests
    client(PAGERDUTY, "PAGERDUTY_ROUTING_KEY", vendors["pagerduty"].url, json.dumps(step.body["payload"]))

    own = vendors["pagerduty"].requests[1]
    assert (step.method, step.path, step.body | {"dedup_key": "given"}) == (own.method, own.path, own.body)
