"""RayModelTrainer, and HttpsModelTrainer by a mapping, against a head node of Ray's, which runs real jobs on the store's data."""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port, wait_until
from vendors.conftest import BUCKET
from vendors.looping import is_served
from vendors.server import Server, environment_of

from mlops_local.cli import client_environment

HERE = Path(__file__).parent
TOKEN = "a-token-of-thirty-two-characters"
DATA = {"data": f"s3://{BUCKET}/ml/data/train", "wait": "0"}

NATIVE = pytest.mark.proves("model trainer", "ray", "Ray")
MAPPED = pytest.mark.proves("model trainer", "https", "Ray")


@pytest.fixture(scope="module")
def ray(target, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ray")
    python = environment_of("ray")
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", {"authorization": f"Bearer {TOKEN}"})
    variables = client_environment.variables(target.settings) | {
        "PATH": f"{python.folder / 'bin'}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0",
    }
    start = [python.tool("ray"), "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={free_port()}", "--dashboard-host=127.0.0.1",
             f"--dashboard-port={port}", f"--dashboard-agent-listen-port={free_port()}", "--include-dashboard=true", "--num-cpus=2",
             f"--temp-dir={folder}", "--object-store-memory=100000000"]
    with server.started(start, folder, variables, "/api/version"):
        versions["Ray"] = server.ask("/api/version")[1]["ray_version"]
        yield server


@pytest.fixture(scope="module")
def machines(ray, deploy, s3):
    for name, rows in {"train/a.csv": "1\n2\n", "train/b/c.csv": "3\n", "training.csv": "100\n"}.items():
        s3.put_object(Bucket=BUCKET, Key=f"ml/data/{name}", Body=rows.encode())
    return deploy(HERE / "app.ts", ray.url)


@pytest.fixture(scope="module")
def credential(target) -> dict[str, str]:
    """What mlops.yaml says of the cluster's token."""
    target.client("secretsmanager").create_secret(Name="vendor/ray", SecretString=json.dumps({"token": TOKEN}))
    return {"secret": "vendor/ray", "field": "token"}


def jobs(ray: Server, part: str) -> list[dict]:
    return [job for job in ray.ask("/api/jobs/")[1] if part in job["submission_id"]]


@NATIVE
def test_a_job_trains_on_the_stores_data_and_leaves_its_model_there(machines, ray, s3):
    output = machines["Train"].output({"runId": "monday", **DATA})

    assert output["metrics"] == {"rows": 3, "files": 2}
    assert output["jobName"].startswith("train-monday-")
    assert output["modelUri"] == f"s3://{BUCKET}/ml/training/{output['jobName']}/model.tar.gz"
    archive = s3.get_object(Bucket=BUCKET, Key=output["modelUri"].partition(f"{BUCKET}/")[2])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert json.load(tar.extractfile("./model.json")) == {"mean": 20.0}
    assert "fitted three rows" in ray.ask(f"/api/jobs/{output['jobName']}/logs")[1]["logs"]


@NATIVE
def test_the_full_stack_serves_what_the_job_trained(machines, ray, target, tmp_path, credential):
    report = is_served(target, tmp_path, "trainer", {"provider": "ray", "url": ray.url, **credential})

    assert report["trainingJob"]["name"] in [job["submission_id"] for job in jobs(ray, "train-")]


@NATIVE
def test_another_execution_of_the_run_finds_the_job(machines, ray):
    first = machines["Train"].output({"runId": "tuesday", **DATA})
    second = machines["Train"].output({"runId": "tuesday", **DATA})

    assert second == first
    assert [job["submission_id"] for job in jobs(ray, "train-tuesday-")] == [first["jobName"]]


@NATIVE
def test_a_job_that_fails_fails_the_step_and_names_its_log(machines, ray):
    error, cause = machines["Train"].failure({"runId": "broken", "data": f"s3://{BUCKET}/ml/none", "wait": "0"})

    job, = jobs(ray, "train-broken-")
    assert error == "Mlops.Failed"
    assert cause.startswith(f"Train: job {job['submission_id']} is FAILED: ")
    assert cause.endswith(f"(log: {ray.url}/api/jobs/{job['submission_id']}/logs)")
    logs = ray.ask(f"/api/jobs/{job['submission_id']}/logs")[1]["logs"]
    assert "mlops: 'MLOPS_CHANNEL_TRAIN' must be an address with objects below it" in logs


@NATIVE
def test_requirements_that_cannot_be_installed_fail_the_step(machines):
    error, cause = machines["Unmet"].failure({"runId": "unmet"})

    assert error == "Mlops.Failed"
    assert cause.startswith("Unmet: job unmet-unmet-")
    assert "Cannot install humanize==4.8.0 and humanize==4.9.0" in cause


@NATIVE
def test_a_job_that_is_stopped_fails_the_step(machines, ray):
    execution = machines["Train"].start({"runId": "stopped", **DATA, "wait": "300"})
    job, = wait_until(lambda: [job for job in jobs(ray, "train-stopped-") if job["status"] == "RUNNING"], "the job runs")
    assert ray.ask(f"/api/jobs/{job['submission_id']}/stop", method="POST") == (200, {"stopped": True})

    described = machines["Train"].wait(execution)

    assert described["error"] == "Mlops.Failed"
    assert described["cause"].startswith(f"Train: job {job['submission_id']} is STOPPED")


@NATIVE
@pytest.mark.parametrize("name, error, reason", [
    ("Late", "Mlops.Timeout", "no end after 2 s"),
    ("Nothing", "Mlops.Failed", "S3.NoSuchKey"),
    ("Refused", "Mlops.Unauthorized", "States.Http.StatusCode.40"),
])  # fmt: skip
def test_what_does_not_train_says_why(machines, name, error, reason):
    got, cause = machines[name].failure({"runId": "odd", **DATA, "wait": "5"})

    assert got == error
    assert cause.startswith(f"{name}: {reason}")


@NATIVE
def test_a_job_that_takes_too_long_is_stopped(machines, ray):
    error, _ = machines["Stopped"].failure({"runId": "endless", **DATA, "wait": "300"})

    assert error == "Mlops.Timeout"
    assert_stopped(ray, "stopped-endless-")


@MAPPED
def test_by_a_mapping_a_job_of_ones_own_trains_once_a_run(machines, ray, s3):
    first = machines["Mapped"].output({"runId": "monday", **DATA})
    second = machines["Mapped"].output({"runId": "monday", **DATA})

    job, = jobs(ray, "mapped-monday-")
    assert first["metrics"] == {"rows": 3}
    assert first["modelUri"] == f"s3://{BUCKET}/ml/training/{job['submission_id']}/model.tar.gz"
    assert s3.get_object(Bucket=BUCKET, Key=first["modelUri"].partition(f"{BUCKET}/")[2])["Body"].read() == b"3"
    assert first["jobName"] == job["submission_id"]
    assert second == first


@MAPPED
def test_by_a_mapping_in_the_stack_file_the_full_stack_serves_what_the_job_trained(machines, ray, target, tmp_path, credential):
    given = "{% $string({'runId': $run, 'outputs': $outputs, 'inputs': $inputs, 'hyperparameters': $hyperparameters, 'environment': $environment}) %}"
    body = {"submission_id": "{% $key %}", "entrypoint": f"python {HERE / 'pipeline.py'}", "runtime_env": {"env_vars": {"GIVEN": given}}}
    submit = {"path": "/api/jobs/", "body": body, "existsStatus": 500, "existsCause": "already exists"}
    status = {"path": "{% '/api/jobs/' & $job %}", "state": "{% $states.result.ResponseBody.status %}", "succeeded": ["SUCCEEDED"], "failed": ["FAILED", "STOPPED"]}

    report = is_served(target, tmp_path, "trainer", {"provider": "https", "url": ray.url, "submit": submit, "status": status, **credential})

    assert report["trainingJob"]["name"] in [job["submission_id"] for job in jobs(ray, "train-") if "pipeline.py" in job["entrypoint"]]


@MAPPED
def test_by_a_mapping_a_job_that_fails_says_why_and_names_its_log(machines, ray):
    error, cause = machines["Mapped"].failure({"runId": "broken", "data": f"s3://{BUCKET}/ml/none", "wait": "0"})

    job, = jobs(ray, "mapped-broken-")
    assert error == "Mlops.Failed"
    assert cause.startswith(f"Mapped: job {job['submission_id']} is FAILED: Job entrypoint command failed with exit code 1")
    assert f"no data at s3://{BUCKET}/ml/none" in cause
    assert cause.endswith(f"(log: {ray.url}/api/jobs/{job['submission_id']}/logs)")


@MAPPED
def test_by_a_mapping_a_job_that_takes_too_long_is_stopped(machines, ray):
    error, cause = machines["MappedLate"].failure({"runId": "endless", **DATA, "wait": "300"})

    assert (error, cause.partition(" (")[0]) == ("Mlops.Timeout", "MappedLate: no end after 20 s")
    assert_stopped(ray, "mappedlate-endless-")


@MAPPED
@pytest.mark.parametrize("name", ["MappedPage", "MappedElsewhere"])
def test_by_a_mapping_an_answer_without_a_state_fails_the_step(machines, name):
    error, cause = machines[name].failure({"runId": "odd"})

    assert error == "Mlops.Failed"
    assert cause.startswith(f"{name}: States.QueryEvaluationError")


def assert_stopped(ray: Server, part: str) -> None:
    """The one job of the run has been stopped, by nobody but the step."""
    wait_until(lambda: [job for job in jobs(ray, part) if job["status"] == "STOPPED"], "the job is stopped")
    assert len(jobs(ray, part)) == 1
