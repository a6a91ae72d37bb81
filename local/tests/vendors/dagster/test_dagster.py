"""DagsterOrchestrator against Dagster's webserver and daemon, which run real jobs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port, wait_until
from vendors.conftest import BUCKET
from vendors.looping import is_served
from vendors.orchestrating import DATA, is_ended_when_late, put_data, runs_once, trains_and_the_step_reads_what_was_left
from vendors.server import PIPELINES, Server, environment_of

from mlops_local.cli import client_environment

HERE = Path(__file__).parent
SECRET = "vendor/dagster"

pytestmark = [pytest.mark.proves("orchestrator", "dagster", "Dagster"), pytest.mark.proves("model trainer", "dagster", "Dagster")]


@pytest.fixture(scope="module")
def dagster(target, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("dagster")
    coordinator = {"module": "dagster", "class": "QueuedRunCoordinator", "config": {"dequeue_interval_seconds": 1}}
    (folder / "dagster.yaml").write_text(json.dumps({"telemetry": {"enabled": False}, "run_coordinator": coordinator}))
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}")
    start = [environment_of("dagster").tool("dagster"), "dev", "-f", str(HERE / "jobs.py"), "-h", "127.0.0.1", "-p", str(port)]
    variables = client_environment.variables(target.settings) | {"DAGSTER_HOME": str(folder), "PYTHONPATH": PIPELINES}
    with server.started(start, folder, variables, "/server_info"):
        versions["Dagster"] = server.ask("/server_info")[1]["dagster_version"]
        yield server


@pytest.fixture(scope="module")
def machines(dagster, target, deploy, s3):
    put_data(s3)
    target.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"token": "t0ken", "wrong": "wrong"}))
    return deploy(HERE / "app.ts", dagster.url)


def runs(dagster: Server, part: str) -> list[dict]:
    query = "{ runsOrError { ...on Runs { results { runId status tags { key value } } } } }"
    found = dagster.ask("/graphql", {"query": query})[1]["data"]["runsOrError"]["results"]
    return [run for run in found if any(tag["key"] == "mlops/key" and part in tag["value"] for tag in run["tags"])]


def test_a_job_trains_and_the_step_reads_what_it_has_left(machines, s3):
    trains_and_the_step_reads_what_was_left(machines, s3)


def test_the_full_stack_serves_what_the_job_trained(machines, dagster, target, tmp_path):
    report = is_served(target, tmp_path, "trainer", {"provider": "dagster", "url": dagster.url, "pipeline": "jobs.py/fitted", "secret": SECRET, "field": "token"})

    assert report["trainingJob"]["name"] in [run["runId"] for run in runs(dagster, "train-")]


def test_another_execution_of_the_run_finds_the_dagster_run(machines, dagster):
    run = runs_once(machines)

    assert [found["runId"] for found in runs(dagster, "run-tuesday")] == [run]


def test_a_job_that_fails_fails_the_step_with_the_jobs_reason(machines, dagster):
    error, cause = machines["Run"].failure({"runId": "broken", "data": f"s3://{BUCKET}/ml/none.csv", "wait": 0})

    run, = runs(dagster, "run-broken")
    assert error == "Mlops.Failed"
    assert cause.startswith(f"Run: run {run['runId']} is FAILURE: step train: botocore.errorfactory.NoSuchKey: ")
    assert cause.endswith(f"(log: {dagster.url}/runs/{run['runId']})")
    looked_up = machines["Inspect"].output({"run": run["runId"]})
    assert (looked_up["status"], looked_up["error"], looked_up["name"]) == ("FAILED", "FAILURE", "nightly")
    assert "NoSuchKey" in looked_up["cause"]


@pytest.mark.parametrize("status", ["STARTING", "STARTED"])
def test_a_run_that_is_cancelled_ends_and_so_does_the_step_that_waits_for_it(machines, dagster, status):
    execution = machines["Run"].start({"runId": f"stopped {status}", **DATA, "wait": 300})
    run, = wait_until(lambda: runs(dagster, f"run-stopped-{status}".lower()), "the run is there")
    wait_until(lambda: runs(dagster, f"run-stopped-{status}".lower())[0]["status"] == status, f"the run is {status}")
    inspected = {"run": run["runId"], "name": "nightly", "status": "RUNNING", "error": "", "cause": ""}
    assert machines["Inspect"].output({"run": run["runId"]}) == inspected

    assert machines["Cancel"].output({"run": run["runId"]}) == {"run": run["runId"]}

    described = machines["Run"].wait(execution)
    assert described["error"] == "Mlops.Failed"
    assert f"run {run['runId']} is CANCELED" in described["cause"]
    assert machines["Inspect"].output({"run": run["runId"]})["status"] == "ABORTED"
    assert machines["Cancel"].output({"run": run["runId"]}) == {"run": run["runId"]}


def test_a_run_that_takes_too_long_is_a_timeout_and_ends(machines, dagster):
    is_ended_when_late(machines, lambda: runs(dagster, "late-late")[0]["runId"])


@pytest.mark.parametrize("name, reason", [
    ("Wrong", "RunConfigValidationInvalid: Invalid scalar at path root:resources:mlops:config:wait."),
    ("Unknown", "PipelineNotFoundError: Could not find Pipeline jobs.py.__repository__.nobody"),
    ("Forget", "S3.NoSuchKey"),
])  # fmt: skip
def test_what_cannot_be_run_says_why(machines, name, reason):
    error, cause = machines[name].failure({"runId": "refused", **DATA})

    assert error == "Mlops.Failed"
    assert cause.startswith(f"{name}: {reason}")


@pytest.mark.parametrize("name", ["Inspect", "Cancel"])
def test_a_run_that_nobody_knows_is_a_failure(machines, name):
    assert machines[name].failure({"run": "nobody"})[1].startswith(f"{name}: RunNotFoundError: Pipeline run nobody could not be found")
