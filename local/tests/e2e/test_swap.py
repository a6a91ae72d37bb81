"""The swap: the same pipeline and the same training script, with the tracker and the endpoint of other vendors.

`npm run local -- --example bring-your-own-vendor` starts the vendors' real servers, deploys the example, runs the loop.
"""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from e2e import vendor_servers
from e2e.driver import receive, subscribe, wait_until

from mlops_local.cli import data, executions
from mlops_local.cli.failure import Failure
from mlops_local.processes import environments

STACK = "bring-your-own-vendor"
MODEL = "classifier"

PREDICT = """
import sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
rows = inference.input_fn(sys.stdin.read(), "text/csv")
print(inference.output_fn(inference.predict_fn(rows, model), "text/csv")[0], end="")
"""


@pytest.fixture(scope="module")
def swapped(local_target) -> dict:
    """What the command reports."""
    code, report = local_target.up("--example", STACK)
    assert code == 0, report["error"]
    return report


@pytest.fixture(scope="module")
def vendors(local_target, swapped) -> vendor_servers.Vendors:
    """The servers that the command started."""
    line = json.loads((local_target.settings.home / "servers.json").read_text())["line"]
    return vendor_servers.Vendors.parse(line, local_target.client("secretsmanager"))


@pytest.fixture(scope="module")
def artifact(local_target, swapped, tmp_path_factory) -> Path:
    """The archive that the training job of the run left."""
    bucket, _, key = swapped["trainingJob"]["artifact"].removeprefix("s3://").partition("/")
    file = tmp_path_factory.mktemp("artifact") / "model.tar.gz"
    local_target.client("s3").download_file(bucket, key, str(file))
    return file


def run_pipeline(local_target) -> dict:
    machine = local_target.outputs(STACK)["PipelineArn"]
    return executions.Execution.of(local_target.settings, machine, lambda line: None).run({})


def test_the_components_are_the_vendors(vendors, swapped):
    components = swapped["components"]

    assert components["experiment-tracker"] == {"provider": "mlflow", "address": vendors.tracker["url"]}
    assert components["model-endpoint"] == {"provider": "open-inference", "address": vendors.endpoint["url"]}


def test_the_run_is_in_the_external_tracker(vendors, swapped):
    run = next(run for run in vendors.runs() if run["info"]["run_name"] == swapped["trainingJob"]["name"])

    assert run["info"]["status"] == "FINISHED"
    assert "mlops.run_id" in {tag["key"] for tag in run["data"]["tags"]}
    logged = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert logged == pytest.approx(swapped["trainingJob"]["metrics"])
    assert vendors.artifacts(run, "model") == ["model/model.joblib"]


def test_the_external_server_predicts_with_the_model_of_that_run(local_target, vendors, swapped, artifact, tmp_path):
    held_out = data.held_out(data.make(local_target.settings), local_target.outputs(STACK)["ArtifactStoreUri"])
    with tarfile.open(artifact) as content:
        content.extractall(tmp_path, filter="data")
    image = environments.pinned("scikit-learn", environments.requirements_file("scikit-learn"))
    expected = subprocess.run(
        [image.tool("python"), "-c", PREDICT, str(tmp_path)],
        input="\n".join(held_out.rows), capture_output=True, text=True, check=True,
    )  # fmt: skip

    rows = [[float(value) for value in row.split(",")] for row in held_out.rows]
    answer = vendors.infer(MODEL, rows)

    assert answer.status == 200
    assert [str(label) for label in answer.content["outputs"][0]["data"]] == expected.stdout.split()
    assert vendors.ask_endpoint(f"models/{MODEL}").content["versions"] == [answer.content["model_version"]]
    assert swapped["heldOut"]["accuracy"] > 0.9
    assert local_target.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_the_repository_holds_the_archive_of_that_run(local_target, swapped, artifact):
    bucket = local_target.outputs(STACK)["ArtifactStoreUri"].removeprefix("s3://")
    stored = local_target.client("s3").get_object(Bucket=bucket, Key=f"models/{MODEL}/model.tar.gz")["Body"].read()

    assert stored == artifact.read_bytes()


def test_the_doctor_finds_the_vendors_well(local_target, swapped):
    ended = local_target.run("doctor")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "experiment-tracker   mlflow             alive, authorized, version" in ended.stdout
    assert "model-endpoint       open-inference     alive\n" in ended.stdout
    assert ended.stdout.endswith("\n0 faults\n")


def test_a_tracker_that_refuses_the_credential_fails_the_run_and_says_so(local_target, vendors, swapped):
    secrets = local_target.client("secretsmanager")
    secret = vendors.tracker["secret"]
    secrets.put_secret_value(SecretId=secret, SecretString=json.dumps({"password": "no longer valid"}))
    try:
        with pytest.raises(Failure) as failed:
            run_pipeline(local_target)
        doctor = local_target.run("doctor")
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=json.dumps({"password": vendors.password}))

    assert failed.value.error == "Mlops.Failed"
    assert "401" in str(failed.value)
    assert "no longer valid" not in str(failed.value)
    assert doctor.returncode == 1
    assert "error: experiment-tracker: " in doctor.stderr and "refused the credential with 401" in doctor.stderr
    assert "no longer valid" not in doctor.stdout + doctor.stderr


def test_a_second_version_replaces_the_first_on_the_external_server(local_target, vendors, swapped):
    before = vendors.ask_endpoint(f"models/{MODEL}").content["versions"]
    deployments = local_target.outputs(STACK)["DeploymentArn"]
    known = executions.arns(local_target.settings, deployments)
    version = run_pipeline(local_target)["version"]
    local_target.client("sagemaker").update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")

    arn = executions.await_new(local_target.settings, deployments, known, version, 60)
    output = executions.Execution(local_target.settings, arn, lambda line: None).wait()

    assert (output["status"], output["version"]) == ("Deployed", version)
    after = vendors.ask_endpoint(f"models/{MODEL}").content["versions"]
    assert len(after) == 1 and after != before


def test_stopping_the_target_stops_the_vendors(local_target, vendors):
    assert local_target.run("stop").returncode == 0

    assert local_target.processes() == set()
    with pytest.raises(OSError):
        vendors.ask_endpoint("health/ready")


def test_a_server_that_is_down_fails_the_deployment_and_alerts_once(local_target, swapped):
    """The target runs again, with the state it had, and the vendors do not."""
    assert local_target.run("start").returncode == 0
    doctor = local_target.run("doctor", "--stack", STACK)
    assert doctor.returncode == 1
    lines = doctor.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["experiment-tracker", "model-endpoint"]
    assert all("is not reachable (" in line and "Connection refused" in line for line in lines)
    queue = subscribe(local_target, swapped["components"]["alerter"]["address"])
    deployments = local_target.outputs(STACK)["DeploymentArn"]
    known = executions.arns(local_target.settings, deployments)
    version = swapped["modelVersion"]["arn"]
    for status in ("Rejected", "Approved"):
        local_target.client("sagemaker").update_model_package(ModelPackageArn=version, ModelApprovalStatus=status)

    arn = executions.await_new(local_target.settings, deployments, known, version, 60)
    with pytest.raises(Failure) as failed:
        executions.Execution(local_target.settings, arn, lambda line: None).wait()

    assert (failed.value.step, failed.value.error) == ("Deploy", "Mlops.Failed")
    assert "Connection refused" in failed.value.cause
    assert failed.value.log
    alerts = wait_until(lambda: receive(local_target, queue), "an alert")
    assert len(alerts) == 1 and "Deploy" in alerts[0] and "Connection refused" in alerts[0]
    assert receive(local_target, queue) == []
