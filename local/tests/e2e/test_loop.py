"""`npm run local` from an empty target, as the clients of the stack see it afterwards."""

import json
import os
import subprocess
import urllib.request
from urllib.parse import urlsplit

from e2e.driver import wait_until

from mlops_local.settings import REPOSITORY

COMPONENTS = {
    "artifact-store", "experiment-tracker", "model-trainer", "model-registry", "model-endpoint", "model-monitor",
    "orchestrator", "alerter",
}


def split_uri(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def test_reports_one_line_about_everything(served):
    report = served.report
    assert set(report) == {
        "stack", "components", "trainingJob", "modelVersion", "endpoint", "heldOut", "prediction", "seconds", "error",
    }
    assert report["error"] is None
    assert set(report["components"]) == COMPONENTS
    assert all(component["provider"] and component["address"] for component in report["components"].values())
    assert report["trainingJob"]["metrics"]["accuracy"] > 0.9
    assert report["heldOut"]["accuracy"] > 0.9
    assert report["prediction"]["output"] in ("0", "1")


def test_the_job_ran_and_left_its_log_and_its_model(served):
    job = served.target.client("sagemaker").describe_training_job(TrainingJobName=served.report["trainingJob"]["name"])
    assert job["TrainingJobStatus"] == served.report["trainingJob"]["status"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == served.report["trainingJob"]["artifact"]
    bucket, key = split_uri(served.report["trainingJob"]["artifact"])
    assert served.target.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0

    logs = served.target.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=served.report["trainingJob"]["name"])
    stream = streams["logStreams"][0]["logStreamName"]
    lines = [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    assert any(line.startswith("mlops-metric accuracy=") for line in lines)


def test_the_version_is_approved_and_served(served):
    sagemaker = served.target.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=served.report["modelVersion"]["arn"])
    assert package["ModelApprovalStatus"] == served.report["modelVersion"]["status"] == "Approved"
    assert sagemaker.describe_endpoint(EndpointName=served.endpoint_name)["EndpointStatus"] == "InService"


def ask_tracker(served, path: str, body: dict | None = None) -> bytes:
    """MLflow's own REST interface, at the address that a browser is given."""
    sagemaker = served.target.client("sagemaker")
    url = sagemaker.create_presigned_mlflow_app_url(Arn=served.address("experiment-tracker"))["AuthorizedUrl"]
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/{path}", data=data,
                                     headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read()


def tracked_run(served) -> dict:
    query = {"experiment_ids": ["0"], "filter": f"attributes.run_name = '{served.report['trainingJob']['name']}'"}
    runs = json.loads(ask_tracker(served, "api/2.0/mlflow/runs/search", query))["runs"]
    assert len(runs) == 1
    return runs[0]


def test_the_run_is_in_the_tracker(served):
    logged = {metric["key"]: metric["value"] for metric in tracked_run(served)["data"]["metrics"]}
    assert logged["accuracy"] == served.report["trainingJob"]["metrics"]["accuracy"]


def test_the_tracker_shows_the_files_of_the_run(served):
    run = tracked_run(served)["info"]["run_id"]
    files = json.loads(ask_tracker(served, f"api/2.0/mlflow/artifacts/list?run_id={run}&path=model"))["files"]
    assert [file["path"] for file in files] == ["model/model.joblib"]
    assert len(ask_tracker(served, f"get-artifact?run_uuid={run}&path=model/model.joblib")) == int(files[0]["file_size"])


def test_held_out_rows_score_as_reported(served):
    bucket, key = split_uri(served.report["heldOut"]["uri"])
    lines = served.target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()[1:]
    labels, rows = zip(*(line.split(",", 1) for line in lines), strict=True)
    predictions = served.predict("\n".join(rows))
    hits = sum(float(predicted) == float(label) for predicted, label in zip(predictions, labels, strict=True))
    assert len(rows) == served.report["heldOut"]["rows"]
    assert hits / len(rows) == served.report["heldOut"]["accuracy"]


def captured_records(served) -> list[dict]:
    """What the endpoint's capture files hold of this test's requests."""
    sagemaker, s3 = served.target.client("sagemaker"), served.target.client("s3")
    config = sagemaker.describe_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName=served.endpoint_name)["EndpointConfigName"])
    bucket, prefix = split_uri(config["DataCaptureConfig"]["DestinationS3Uri"])
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/{served.endpoint_name}/")
    bodies = [s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
              for page in pages for entry in page.get("Contents", [])]
    records = [json.loads(line) for body in bodies for line in body.splitlines()]
    return [record for record in records if record["eventMetadata"].get("inferenceId", "").startswith("hundred-")]


def test_a_hundred_invocations_are_captured(served):
    runtime = served.target.client("sagemaker-runtime")
    sample = served.report["prediction"]["input"]
    for number in range(100):
        runtime.invoke_endpoint(EndpointName=served.endpoint_name, ContentType="text/csv", Accept="text/csv",
                                InferenceId=f"hundred-{number}", Body=sample)
    wait_until(lambda: len(captured_records(served)) >= 100, "a hundred records are captured")
    records = captured_records(served)
    assert len({record["eventMetadata"]["inferenceId"] for record in records}) == len(records) == 100
    assert all(record["captureData"]["endpointInput"]["data"] == sample for record in records)


def test_the_deployed_template_is_what_would_go_to_aws(served, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run([str(REPOSITORY / "node_modules" / ".bin" / "cdk"), "synth", "--quiet", "--output", str(tmp_path)],
                   cwd=REPOSITORY, env=environment | {"CDK_VALIDATION": "false"}, check=True, capture_output=True)
    stack = served.report["stack"]
    synthesized = json.loads((tmp_path / f"{stack}.template.json").read_text())
    deployed = served.target.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    assert (deployed if isinstance(deployed, dict) else json.loads(deployed)) == synthesized


def test_a_second_run_is_an_update(served):
    code, again = served.target.up()
    assert code == 0, again
    assert again["modelVersion"]["version"] == served.report["modelVersion"]["version"] + 1
    assert again["endpoint"] == served.report["endpoint"]


def test_everything_survives_stop_and_start(served):
    before = served.predict(served.report["prediction"]["input"])
    served.target.run("stop")
    assert served.target.processes() == set()
    served.target.run("start")
    sagemaker = served.target.client("sagemaker")
    wait_until(lambda: sagemaker.describe_endpoint(EndpointName=served.endpoint_name)["EndpointStatus"] == "InService",
               "the endpoint is in service again")
    assert served.predict(served.report["prediction"]["input"]) == before
