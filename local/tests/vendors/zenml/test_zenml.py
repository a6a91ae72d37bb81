"""ZenmlOrchestrator against a server of ZenML's, and real pipelines that are deployed with it."""

import io
import json
import subprocess
import tarfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.driver import RUN, free_port, wait_until
from vendors.conftest import BUCKET
from vendors.server import Server, environment_of, process

from mlops_local.cli import client_environment

HERE = Path(__file__).parent
USER, PASSWORD, DEPLOYMENT_KEY = "ml", "s3cr3t-of-the-test", "a-key-of-the-test"
TRACKER_TOKEN = "a-token-of-the-test"
QUIET = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_ENABLE_RICH_TRACEBACK": "false", "ZENML_LOGGING_COLORS_DISABLED": "true"}
DATA = {"data": f"s3://{BUCKET}/ml/data/train.csv", "wait": 0}
PIPELINES = ("train", "fit")

pytestmark = [pytest.mark.proves("orchestrator", "zenml", "ZenML"), pytest.mark.proves("model trainer", "zenml", "ZenML")]


@dataclass(frozen=True)
class Zenml:
    """The server as a service account sees it, and where its pipelines are to be deployed."""

    server: Server
    key: str
    deployments: dict[str, str]
    folder: Path

    @property
    def credentials(self) -> dict[str, str]:
        return {"ZENML_STORE_URL": self.server.url, "ZENML_STORE_API_KEY": self.key}

    def runs(self, part: str) -> list[dict]:
        return self.server.ask(f"/api/v1/runs?name=contains:{part}")[1]["items"]

    def one(self, path: str, name: str) -> dict:
        found, = self.server.ask(f"/api/v1/{path}?name={name}&hydrate=true")[1]["items"]
        return found


@pytest.fixture(scope="module")
def zenml(versions, tmp_path_factory) -> Iterator[Zenml]:
    folder = tmp_path_factory.mktemp("zenml")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = QUIET | {
        "ZENML_SERVER": "true", "ZENML_CONFIG_PATH": str(folder / "server"), "ZENML_STORE_URL": f"sqlite:///{folder / 'zenml.db'}",
        "ZENML_SERVER_AUTO_ACTIVATE": "1", "ZENML_DEFAULT_USER_NAME": USER, "ZENML_DEFAULT_USER_PASSWORD": PASSWORD,
    }  # fmt: skip
    start = [environment_of("zenml").tool("uvicorn"), "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1", "--port", str(port)]
    with process(start, folder, variables) as started:
        Server(url).wait("/health", started)
        versions["ZenML"] = Server(url).ask("/api/v1/info")[1]["version"]
        key = service_account_key(url)
        yield Zenml(Server(url, {"authorization": f"Bearer {key}"}), key, {name: f"http://127.0.0.1:{free_port()}" for name in PIPELINES}, folder)


def service_account_key(url: str) -> str:
    """What a person does once: the API key of a new service account."""
    form = urllib.parse.urlencode({"username": USER, "password": PASSWORD}).encode()
    with urllib.request.urlopen(f"{url}/api/v1/login", data=form, timeout=60) as answer:
        admin = Server(url, {"authorization": f"Bearer {json.load(answer)['access_token']}"})
    account = admin.ask("/api/v1/service_accounts", {"name": "loop", "active": True})[1]["id"]
    return admin.ask(f"/api/v1/service_accounts/{account}/api_keys", {"name": "loop"})[1]["body"]["key"]


def run_export(target, zenml: Zenml, **variables: str) -> subprocess.CompletedProcess:
    environment = target.environment | zenml.credentials | variables
    return subprocess.run(["node", str(RUN), "export", "zenml", "--stack", "zenml"], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def deployed(zenml, target, deploy, s3):
    rows = "\n".join(f"{int(value > 50)},{value / 100},{value % 7}" for value in range(100))
    s3.put_object(Bucket=BUCKET, Key="ml/data/train.csv", Body=rows.encode())
    secret = {"key": zenml.key, "deploymentKey": DEPLOYMENT_KEY, "wrong": "wrong", "tracker": TRACKER_TOKEN}
    target.client("secretsmanager").create_secret(Name="lane/zenml", SecretString=json.dumps(secret))
    return deploy(HERE / "app.ts", json.dumps({"server": zenml.server.url, "deployments": zenml.deployments}))


@pytest.fixture(scope="module")
def exported(deployed, target, zenml) -> str:
    """What the export of the deployed stack has said."""
    ended = run_export(target, zenml)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def machines(deployed, exported, target, zenml):
    """The state machines, once the pipelines are deployed on the exported stack."""
    python = environment_of("zenml")
    client = QUIET | client_environment.variables(target.settings) | zenml.credentials | {"DEPLOYMENT_KEY": DEPLOYMENT_KEY}
    with ExitStack() as stack:
        served = {}
        for name, url in zenml.deployments.items():
            folder = zenml.folder / name
            folder.mkdir()
            command = [python.tool("python"), str(HERE / "pipelines.py"), name, url.rpartition(":")[2]]
            served[url] = stack.enter_context(process(command, folder, client | {"ZENML_CONFIG_PATH": str(folder / "config"), "ZENML_ACTIVE_STACK_ID": zenml.one("stacks", "zenml")["id"]}))
        for url, program in served.items():
            Server(url).wait("/health", program)
        yield deployed


def ended(machine, value: dict) -> tuple[str, str]:
    """The error and the cause of an execution that fails."""
    described = machine.run(value)
    assert described["status"] == "FAILED", described
    return described["error"], described["cause"]


def test_the_deployed_stack_is_a_stack_of_zenmls_and_the_export_tells_no_secret(exported, target, zenml):
    again = run_export(target, zenml)

    assert again.stdout == exported, again.stderr
    assert [line.split() for line in exported.splitlines()[1:-1]] == [["artifact-store", "s3", "s3", "artifact_store"], ["experiment-tracker", "mlflow", "mlflow", "experiment_tracker"]]
    assert not any(secret in exported for secret in (TRACKER_TOKEN, DEPLOYMENT_KEY, zenml.key))
    stack = zenml.one("stacks", "zenml")["metadata"]
    assert {kind: component["name"] for kind, (component,) in stack["components"].items()} == {
        "artifact_store": "zenml-artifact-store", "experiment_tracker": "zenml-experiment-tracker", "orchestrator": "default", "deployer": "default",
    }  # fmt: skip
    assert stack["environment"] == {"MLOPS_ARTIFACT_STORE": f"s3://{BUCKET}/ml", "MLFLOW_TRACKING_URI": "https://mlflow.example.org"}
    secret = zenml.one("secrets", "zenml-experiment-tracker")
    assert stack["secrets"] == [secret["id"]]
    assert zenml.server.ask(f"/api/v1/secrets/{secret['id']}")[1]["body"]["values"] == {"MLFLOW_TRACKING_TOKEN": TRACKER_TOKEN}
    tracker = zenml.one("components", "zenml-experiment-tracker")["metadata"]["configuration"]
    assert tracker["tracking_token"] == "{{zenml-experiment-tracker.MLFLOW_TRACKING_TOKEN}}"


@pytest.mark.parametrize("variables, expected", [
    ({"ZENML_STORE_API_KEY": ""}, "'ZENML_STORE_API_KEY' must be in the environment"),
    ({"ZENML_STORE_API_KEY": "wrong"}, "refused the credential with 401"),
    ({"ZENML_STORE_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 is not reachable"),
    ({"ZENML_STORE_URL": "TARGET"}, "ZENML_STORE_URL must be a ZenML server's"),
])  # fmt: skip
def test_an_export_that_cannot_be_says_why_in_one_line(deployed, target, zenml, variables, expected):
    ended = run_export(target, zenml, **{name: value.replace("TARGET", target.settings.endpoint) for name, value in variables.items()})

    assert (ended.returncode, ended.stdout.count("\n")) == (1, 0)
    error, = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert expected in error


def test_a_pipeline_trains_and_the_step_reads_what_it_has_left(machines, s3):
    output = machines["Run"].output({"runId": "monday", **DATA})

    assert output["output"]["run"] == "monday"
    assert output["accuracy"] == output["output"]["metrics"]["accuracy"] > 0.9
    bucket, _, key = output["modelUri"].removeprefix("s3://").partition("/")
    assert (bucket, key.partition("run-monday")[0]) == (BUCKET, "ml/training/")
    archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert tarfile.open(fileobj=io.BytesIO(archive)).getnames() == ["model.json"]
    # What the steps hand on lies in the deployed stack's store.
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="ml/zenml/fit_model/")["KeyCount"] > 0


def test_the_pipeline_is_a_trainer(machines):
    output = machines["Train"].output({"runId": "wednesday", **DATA})

    assert {"image", "jobName", "metrics", "modelUri"} <= output.keys()
    assert output["metrics"]["accuracy"] > 0.9
    assert output["modelUri"].startswith(f"s3://{BUCKET}/ml/training/train-wednesday-")
    assert "scikit-learn" in output["image"]


def test_another_execution_of_the_run_finds_what_was_started(machines, zenml):
    first = machines["Run"].output({"runId": "tuesday", **DATA})
    second = machines["Run"].output({"runId": "tuesday", **DATA})

    assert second == first
    assert [run["id"] for run in zenml.runs("run-tuesday")] == [first["run"]]


def test_a_pipeline_that_fails_fails_the_step_with_its_reason(machines, zenml):
    error, cause = ended(machines["Run"], {"runId": "broken", "data": f"s3://{BUCKET}/ml/none.csv", "wait": 0})

    run, = zenml.runs("run-broken")
    assert error == "Mlops.Failed"
    assert cause.startswith(f"Run: run {run['name']} is failed: fit_model: ")
    assert "NoSuchKey" in cause
    assert cause.endswith(f"(log: {zenml.server.url}/api/v1/runs/{run['id']})")
    looked_up = machines["Inspect"].output({"run": run["id"]})
    assert (looked_up["status"], looked_up["error"], looked_up["name"]) == ("FAILED", "failed", run["name"])
    assert "NoSuchKey" in looked_up["cause"]
    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}
    assert machines["Inspect"].output({"run": run["id"]})["status"] == "FAILED"


def test_a_run_that_is_cancelled_stops_before_its_next_step_and_so_does_the_step_that_waits_for_it(machines, zenml):
    execution = machines["Run"].start({"runId": "stopped", **DATA, "wait": 20})
    run, = wait_until(lambda: [run for run in zenml.runs("run-stopped") if run["body"]["status"] == "running"], "the run is under way")
    assert machines["Inspect"].output({"run": run["id"]}) == {"run": run["id"], "name": run["name"], "status": "RUNNING", "error": "", "cause": ""}

    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}
    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}

    described = machines["Run"].wait(execution)
    assert described["error"] == "Mlops.Failed"
    assert f"run {run['name']} is stopped (log: " in described["cause"]
    assert machines["Inspect"].output({"run": run["id"]})["status"] == "ABORTED"
    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}
    steps = zenml.server.ask(f"/api/v1/runs/{run['id']}/steps")[1]["items"]
    assert {step["name"]: step["body"]["status"] for step in steps} == {"rest": "completed"}


def test_a_run_that_takes_too_long_is_a_timeout_and_ends(machines, zenml):
    error, cause = ended(machines["Late"], {"runId": "late", **DATA, "wait": 20})

    assert error == "Mlops.Timeout"
    # On a busy machine a single request outlasts what is left.
    assert cause.startswith(("Late: no end after 8 s", "Late: States.Timeout"))
    run, = zenml.runs("late-late")
    wait_until(lambda: machines["Inspect"].output({"run": run["id"]})["status"] == "ABORTED", "the run has ended too", 60)


@pytest.mark.parametrize("name, error, reason", [
    ("Wrong", "Mlops.Failed", "States.Http.StatusCode.422"),
    ("Strange", "Mlops.Failed", "States.Http.StatusCode.422"),
    ("Refused", "Mlops.Unauthorized", "States.Http.StatusCode.401"),
    ("Barred", "Mlops.Unauthorized", "States.Http.StatusCode.401"),
    ("Forget", "Mlops.Failed", "S3.NoSuchKey"),
])  # fmt: skip
def test_what_cannot_be_run_says_why(machines, name, error, reason):
    got, cause = ended(machines[name], {"runId": "refused", **DATA})

    assert got == error
    assert cause.startswith(f"{name}: {reason}")
