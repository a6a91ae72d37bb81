"""AirflowOrchestrator against a whole Airflow, which runs real DAGs."""

import json
import os
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
DAGS = {"fit", "forgetful", "nightly", "paused", "strict"}

pytestmark = [pytest.mark.proves("orchestrator", "airflow", "Airflow"), pytest.mark.proves("model trainer", "airflow", "Airflow")]


@pytest.fixture(scope="module")
def airflow(target, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("airflow")
    python = environment_of("airflow")
    port = free_port()
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({"ml": "s3cr3t"}))
    settings = {
        "core": {"dags_folder": HERE / "dags", "load_examples": False, "dags_are_paused_at_creation": False, "parallelism": 2,
                 "simple_auth_manager_users": "ml:admin", "simple_auth_manager_passwords_file": passwords,
                 "execution_api_server_url": f"http://127.0.0.1:{port}/execution/"},
        "api": {"host": "127.0.0.1", "port": port, "workers": 1},
        "usage_data_collection": {"enabled": False},
    }
    variables = {f"AIRFLOW__{section}__{name}".upper(): str(value) for section, values in settings.items() for name, value in values.items()}
    variables |= {"AIRFLOW_HOME": str(folder), "PATH": f"{python.folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": PIPELINES}
    with process([python.tool("airflow"), "standalone"], folder, client_environment.variables(target.settings) | variables) as started:
        server = Server(f"http://127.0.0.1:{port}")
        server.wait("/api/v2/version", started)
        versions["Airflow"] = server.ask("/api/v2/version")[1]["version"]
        token = server.ask("/auth/token", {"username": "ml", "password": "s3cr3t"})[1]["access_token"]
        server = Server(server.url, {"authorization": f"Bearer {token}"})
        wait_until(lambda: DAGS <= {dag["dag_id"] for dag in server.ask("/api/v2/dags")[1]["dags"]}, "the DAGs are there", 120)
        yield server


@pytest.fixture(scope="module")
def machines(airflow, target, deploy, s3):
    put_data(s3)
    secret = {"password": "s3cr3t", "token": airflow.headers["authorization"].removeprefix("Bearer "), "wrong": "wrong"}
    target.client("secretsmanager").create_secret(Name="vendor/airflow", SecretString=json.dumps(secret))
    return deploy(HERE / "app.ts", airflow.url)


def runs(airflow: Server, dag: str, part: str) -> list[dict]:
    found = airflow.ask(f"/api/v2/dags/{dag}/dagRuns?limit=100")[1]["dag_runs"]
    return [run for run in found if part in run["dag_run_id"]]


def test_a_dag_trains_and_the_step_reads_what_it_has_left(machines, s3):
    trains_and_the_step_reads_what_was_left(machines, s3)


def test_the_full_stack_serves_what_the_dag_trained(machines, airflow, target, tmp_path):
    trainer = {"provider": "airflow", "url": airflow.url, "pipeline": "fit", "username": "ml", "secret": "vendor/airflow", "field": "password"}

    report = is_served(target, tmp_path, "trainer", trainer)

    assert report["trainingJob"]["name"] in [f"fit/{run['dag_run_id']}" for run in runs(airflow, "fit", "train-")]


def test_another_execution_of_the_run_finds_the_dag_run(machines, airflow):
    run = runs_once(machines)

    assert [f"nightly/{found['dag_run_id']}" for found in runs(airflow, "nightly", "run-tuesday")] == [run]


def test_a_dag_that_fails_fails_the_step_and_names_the_task(machines, airflow):
    error, cause = machines["Run"].failure({"runId": "broken", "data": f"s3://{BUCKET}/ml/none.csv", "wait": 0})

    run, = runs(airflow, "nightly", "run-broken")
    assert error == "Mlops.Failed"
    assert cause == f"Run: DAG run {run['dag_run_id']} is failed: task train (log: {airflow.url}/dags/nightly/runs/{run['dag_run_id']})"
    log = airflow.ask(f"/api/v2/dags/nightly/dagRuns/{run['dag_run_id']}/taskInstances/train/logs/1")[1]
    assert "NoSuchKey" in json.dumps(log)
    looked_up = machines["Inspect"].output({"run": f"nightly/{run['dag_run_id']}"})
    assert looked_up == {"run": f"nightly/{run['dag_run_id']}", "name": run["dag_run_id"], "status": "FAILED", "error": "failed", "cause": "task train"}


def test_a_run_that_is_cancelled_ends_and_so_does_the_step_that_waits_for_it(machines, airflow):
    execution = machines["Run"].start({"runId": "stopped", **DATA, "wait": 300})
    found, = wait_until(lambda: [run for run in runs(airflow, "nightly", "run-stopped") if run["state"] == "running"], "the DAG runs")
    run = f"nightly/{found['dag_run_id']}"
    assert machines["Inspect"].output({"run": run}) == {"run": run, "name": found["dag_run_id"], "status": "RUNNING", "error": "", "cause": ""}

    assert machines["Cancel"].output({"run": run}) == {"run": run}

    described = machines["Run"].wait(execution)
    assert described["error"] == "Mlops.Failed"
    assert f"DAG run {found['dag_run_id']} is failed: cancelled" in described["cause"]
    assert machines["Inspect"].output({"run": run})["status"] == "ABORTED"


def test_a_run_that_is_over_is_not_cancelled(machines, airflow):
    run = machines["Run"].output({"runId": "over", **DATA})["run"]

    assert machines["Cancel"].output({"run": run}) == {"run": run}
    assert machines["Inspect"].output({"run": run})["status"] == "SUCCEEDED"


def test_a_run_that_takes_too_long_is_a_timeout_and_ends(machines, airflow):
    is_ended_when_late(machines, lambda: f"nightly/{runs(airflow, 'nightly', 'late-late')[0]['dag_run_id']}")


@pytest.mark.parametrize("name, error, reason", [
    ("Wrong", "Mlops.Failed", "States.Http.StatusCode.400"),
    ("Unknown", "Mlops.Failed", "States.Http.StatusCode.404"),
    ("Paused", "Mlops.Failed", "the DAG 'paused' is paused: unpause it in Airflow"),
    ("Refused", "Mlops.Unauthorized", "States.Http.StatusCode.403"),
    ("Forget", "Mlops.Failed", "S3.NoSuchKey"),
    ("Forgotten", "Mlops.Failed", "S3.NoSuchKey"),
])  # fmt: skip
def test_what_cannot_be_run_says_why(machines, name, error, reason):
    got, cause = machines[name].failure({"runId": "refused", **DATA})

    assert got == error
    assert cause.startswith(f"{name}: {reason}")
