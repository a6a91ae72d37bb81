"""The vendors of examples/bring-your-own-vendor by themselves: what the swap of a tracker and an endpoint rests on."""

import io
import json
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from e2e import vendor_servers

from mlops_local.cli import client_environment, data
from mlops_local.processes import environments
from mlops_local.settings import REPOSITORY

TRAINING = REPOSITORY / "training"
BUCKET = "vendor-repository"
MODEL = "classifier"


@pytest.fixture(scope="module")
def s3(local_target):
    started = local_target.run("start")
    assert started.returncode == 0, started.stderr
    client = local_target.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="module")
def environment(local_target) -> dict[str, str]:
    return local_target.environment | client_environment.variables(local_target.settings)


@pytest.fixture(scope="module")
def secrets(s3, local_target):
    return local_target.client("secretsmanager")


@pytest.fixture(scope="module")
def vendors(secrets, environment, tmp_path_factory):
    state = tmp_path_factory.mktemp("vendors")
    with vendor_servers.running(environment, secrets, state, "--repository", f"s3://{BUCKET}/models") as vendors:
        yield vendors


@pytest.fixture(scope="module")
def rows(local_target) -> Path:
    return data.make(local_target.settings)


@pytest.fixture(scope="module")
def train(rows, vendors, tmp_path_factory):
    """Runs the example's unchanged script under the runtime, with MLflow's own variables for the vendor's server."""
    runtime = environments.extended(
        "scikit-learn", environments.requirements_file("scikit-learn"), TRAINING
    )

    def run(name: str, regularization: str) -> Path:
        output = tmp_path_factory.mktemp(name)
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY / "runtime"),
            "MLFLOW_TRACKING_URI": vendors.tracker["url"],
            "MLFLOW_TRACKING_USERNAME": vendors.tracker["username"],
            "MLFLOW_TRACKING_PASSWORD": vendors.password,
            "TRAINING_JOB_NAME": name,
            "MLOPS_RUN_ID": f"run-of-{name}",
        }
        channels = ["--channel", f"train={rows / 'train'}", "--channel", f"test={rows / 'test'}"]
        ended = subprocess.run(
            [runtime.tool("python"), "-m", "mlops_runtime", *channels, "--output", str(output),
             str(TRAINING / "train.py"), "--regularization", regularization],
            env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert "Encountered unexpected error" not in ended.stderr
        return output / "model"

    return run


@pytest.fixture(scope="module")
def good(train) -> Path:
    return train("good", "1")


@pytest.fixture(scope="module")
def poor(train) -> Path:
    return train("poor", "1000000")


def publish(s3, model: Path, version: str, archive: bytes | None = None) -> None:
    """Puts a version where a deploy step puts it."""
    settings = {
        "name": MODEL,
        "implementation": "sagemaker_model.SageMakerModel",
        "parameters": {"uri": "./model.tar.gz", "version": version},
    }
    s3.put_object(Bucket=BUCKET, Key=f"models/{MODEL}/model.tar.gz", Body=archive or packed(model))
    s3.put_object(Bucket=BUCKET, Key=f"models/{MODEL}/model-settings.json", Body=json.dumps(settings))


def packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    return content.getvalue()


def load(vendors) -> vendor_servers.Answer:
    return vendors.ask_endpoint(f"repository/models/{MODEL}/load", {})


def served_versions(vendors) -> list[str]:
    return vendors.ask_endpoint(f"models/{MODEL}").content["versions"]


def features(rows: Path, name: str) -> tuple[list[list[float]], list[int]]:
    lines = [line.split(",") for line in (rows / name / f"{name}.csv").read_text().splitlines()[1:]]
    return [[float(value) for value in line[1:]] for line in lines], [int(line[0]) for line in lines]


def score(vendors, rows: Path) -> float:
    values, labels = features(rows, "test")
    predictions = vendors.infer(MODEL, values).content["outputs"][0]["data"]
    return sum(a == b for a, b in zip(predictions, labels, strict=True)) / len(labels)


def trained_accuracy(model: Path) -> float:
    return json.loads((model / "metrics.json").read_text())["accuracy"]


def test_the_tracker_refuses_a_wrong_password(vendors):
    assert vendors.ask_tracker("experiments/get?experiment_id=0").status == 200
    assert vendors.ask_tracker("experiments/get?experiment_id=0", password="password1234").status == 401


def test_the_run_is_in_the_tracker_with_its_parameters_metrics_and_model(vendors, good):
    run = next(run for run in vendors.runs() if run["info"]["run_name"] == "good")

    assert run["info"]["status"] == "FINISHED"
    assert {"key": "regularization", "value": "1.0"} in run["data"]["params"]
    assert {"key": "mlops.run_id", "value": "run-of-good"} in run["data"]["tags"]
    logged = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert logged == pytest.approx(json.loads((good / "metrics.json").read_text()))
    assert vendors.artifacts(run, "model") == ["model/model.joblib"]


def test_a_model_that_is_not_in_the_repository(vendors):
    answer = vendors.ask_endpoint("repository/models/nobody/load", {})

    assert (answer.status, answer.content) == (404, {"error": "Model nobody not found"})


def test_the_version_in_the_repository_is_loaded_and_answers(vendors, s3, good, rows):
    publish(s3, good, "v1")

    assert load(vendors).status == 200
    assert vendors.ask_endpoint(f"models/{MODEL}/ready").status == 200
    assert served_versions(vendors) == ["v1"]
    assert score(vendors, rows) == pytest.approx(trained_accuracy(good))


def test_versions_go_up_and_back_with_no_failed_request(vendors, s3, good, poor, rows):
    values, _ = features(rows, "test")
    publish(s3, good, "b")
    load(vendors)
    answers: list[vendor_servers.Answer] = []
    done = threading.Event()

    def ask_on() -> None:
        while not done.is_set():
            answers.append(vendors.infer(MODEL, values[:2]))

    traffic = threading.Thread(target=ask_on)
    traffic.start()
    try:
        # The server takes the greatest version for the newest: a rollback has to win all the same.
        for model, version in ((poor, "c"), (good, "a"), (poor, "d")):
            publish(s3, model, version)
            assert load(vendors).status == 200
            assert served_versions(vendors) == [version]
            assert score(vendors, rows) == pytest.approx(trained_accuracy(model))
    finally:
        done.set()
        traffic.join()

    assert trained_accuracy(poor) != trained_accuracy(good)
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize("archive, fault", [
    (b"no archive", "the archive of model classifier cannot be unpacked"),
    (packed(REPOSITORY / "training" / "inference"), "model classifier cannot be loaded: FileNotFoundError"),
])  # fmt: skip
def test_a_version_that_cannot_be_loaded_leaves_the_old_one_serving(vendors, s3, good, rows, archive, fault):
    publish(s3, good, "works")
    load(vendors)
    publish(s3, good, "zz-broken", archive)

    answer = load(vendors)

    assert answer.status == 422
    assert answer.content["error"].startswith(fault)
    assert served_versions(vendors) == ["works"]
    assert score(vendors, rows) == pytest.approx(trained_accuracy(good))


def test_a_request_of_the_wrong_width_is_refused(vendors, s3, good):
    publish(s3, good, "w")
    load(vendors)

    answer = vendors.infer(MODEL, [[1.0, 2.0]])

    assert (answer.status, answer.content) == (400, {"error": "a row must have 30 columns, got 2"})


def test_restarted_servers_know_the_runs_and_serve_what_is_there(s3, secrets, environment, good, rows, tmp_path):
    publish(s3, good, "kept")
    options = ("--secret", "vendor/restarted", "--repository", f"s3://{BUCKET}/models")
    with vendor_servers.running(environment, secrets, tmp_path, *options) as first:
        assert first.ask_tracker("experiments/create", {"name": "mine"}).status == 200

    with vendor_servers.running(environment, secrets, tmp_path, *options) as second:
        assert second.password == first.password
        assert second.ask_tracker("experiments/get-by-name?experiment_name=mine").status == 200
        assert served_versions(second) == ["kept"]
        assert score(second, rows) == pytest.approx(trained_accuracy(good))

    marker = str(tmp_path)
    commands = [(folder / "cmdline").read_text() for folder in Path("/proc").iterdir()
                if folder.name.isdigit() and (folder / "cmdline").exists()]
    assert not [command for command in commands if marker in command]
