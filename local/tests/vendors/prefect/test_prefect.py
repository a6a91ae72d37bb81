"""PrefectOrchestrator against a server of Prefect's, and a process that serves real flows."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port, wait_until
from vendors.conftest import BUCKET
from vendors.looping import is_served
from vendors.orchestrating import DATA, is_ended_when_late, put_data, runs_once, trains_and_the_step_reads_what_was_left
from vendors.server import PIPELINES, Server, environment_of, process

from mlops_local.cli import client_environment

HERE = Path(__file__).parent
SECRET = "vendor/prefect"
AUTH = "ml:s3cr3t"

pytestmark = [pytest.mark.proves("orchestrator", "prefect", "Prefect"), pytest.mark.proves("model trainer", "prefect", "Prefect")]


@pytest.fixture(scope="module")
def prefect(target, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prefect")
    python = environment_of("prefect")
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}/api", {"authorization": f"Basic {base64.b64encode(AUTH.encode()).decode()}"})
    variables = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    start = [python.tool("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    client = client_environment.variables(target.settings) | {"PREFECT_API_URL": server.url, "PREFECT_API_AUTH_STRING": AUTH, "PYTHONPATH": PIPELINES}
    with server.started(start, folder, variables | {"PREFECT_SERVER_API_AUTH_STRING": AUTH}, "/health"):
        versions["Prefect"] = server.ask("/admin/version")[1]
        with process([python.tool("python"), str(HERE / "flow.py")], folder, variables | client) as worker:
            server.wait("/deployments/name/forget/forget", worker)
            yield server


@pytest.fixture(scope="module")
def machines(prefect, target, deploy, s3):
    put_data(s3)
    target.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"password": "s3cr3t", "wrong": "wrong"}))
    return deploy(HERE / "app.ts", prefect.url)


def runs(prefect: Server, part: str) -> list[dict]:
    found = prefect.ask("/flow_runs/filter", {"flow_runs": {"name": {"like_": part}}})[1]
    return sorted(found, key=lambda run: run["created"])


def test_a_flow_trains_and_the_step_reads_what_it_has_left(machines, s3):
    trains_and_the_step_reads_what_was_left(machines, s3)


def test_the_full_stack_serves_what_the_flow_trained(machines, prefect, target, tmp_path):
    report = is_served(target, tmp_path, "trainer", {"provider": "prefect", "url": prefect.url, "pipeline": "fit/fit", "username": "ml", "secret": SECRET, "field": "password"})

    assert report["trainingJob"]["name"] in [run["id"] for run in runs(prefect, "train-")]


def test_another_execution_of_the_run_finds_the_flow_run(machines, prefect):
    run = runs_once(machines)

    assert [found["id"] for found in runs(prefect, "run-tuesday")] == [run]


def test_a_flow_that_fails_fails_the_step_with_the_flows_reason(machines, prefect):
    error, cause = machines["Run"].failure({"runId": "broken", "data": f"s3://{BUCKET}/ml/none.csv", "wait": 0})

    run, = runs(prefect, "run-broken")
    assert error == "Mlops.Failed"
    assert cause.startswith(f"Run: flow run {run['name']} is Failed: ")
    assert "NoSuchKey" in cause
    assert cause.endswith(f"(log: {prefect.url}/flow_runs/{run['id']})")
    looked_up = machines["Inspect"].output({"run": run["id"]})
    assert (looked_up["status"], looked_up["error"], looked_up["name"]) == ("FAILED", "Failed", run["name"])
    assert "NoSuchKey" in looked_up["cause"]


def test_a_run_that_is_cancelled_ends_and_so_does_the_step_that_waits_for_it(machines, prefect):
    execution = machines["Run"].start({"runId": "stopped", **DATA, "wait": 300})
    run, = wait_until(lambda: [run for run in runs(prefect, "run-stopped") if run["state_type"] == "RUNNING"], "the flow runs")
    assert machines["Inspect"].output({"run": run["id"]}) == {"run": run["id"], "name": run["name"], "status": "RUNNING", "error": "", "cause": ""}

    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}

    described = machines["Run"].wait(execution)
    assert described["error"] == "Mlops.Failed"
    assert f"flow run {run['name']} is Cancelled" in described["cause"]
    assert machines["Inspect"].output({"run": run["id"]})["status"] == "ABORTED"
    assert machines["Cancel"].output({"run": run["id"]}) == {"run": run["id"]}


def test_a_run_that_takes_too_long_is_a_timeout_and_ends(machines, prefect):
    is_ended_when_late(machines, lambda: runs(prefect, "late-late")[0]["id"])


@pytest.mark.parametrize("name, error, reason", [
    ("Wrong", "Mlops.Failed", "States.Http.StatusCode.409"),
    ("Unknown", "Mlops.Failed", "States.Http.StatusCode.404"),
    ("Refused", "Mlops.Unauthorized", "States.Http.StatusCode.401"),
    ("Forget", "Mlops.Failed", "S3.NoSuchKey"),
])  # fmt: skip
def test_what_cannot_be_run_says_why(machines, name, error, reason):
    got, cause = machines[name].failure({"runId": "refused", **DATA})

    assert got == error
    assert cause.startswith(f"{name}: {reason}")
