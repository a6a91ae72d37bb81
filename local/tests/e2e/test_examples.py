"""The smaller examples, each as `npm run local -- --example <name>` runs it."""

import json

import pytest
from e2e import vendor_servers
from e2e.driver import LocalTarget


def run_of(local_target: LocalTarget, report: dict) -> dict:
    """The run of the report's job, in the tracker that the command started."""
    line = json.loads((local_target.settings.home / "servers.json").read_text())["line"]
    vendors = vendor_servers.Vendors.parse(line, local_target.client("secretsmanager"))
    run, = (run for run in vendors.runs() if run["info"]["run_name"] == report["trainingJob"]["name"])
    assert vendors.artifacts(run, "model") == ["model/model.joblib"]
    return run


def check_run(run: dict, report: dict) -> None:
    assert run["info"]["status"] == "FINISHED"
    logged = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert logged == pytest.approx(report["trainingJob"]["metrics"])


def messages(local_target: LocalTarget, job: str) -> list[str]:
    """What the job has printed."""
    logs = local_target.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
    pages = [logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"]) for stream in streams]
    return [event["message"] for page in pages for event in page["events"]]


def test_brainly_tracks_at_a_vendor_what_sagemaker_does(local_target):
    code, report = local_target.up("--example", "brainly")

    assert code == 0, report["error"]
    check_run(run_of(local_target, report), report)
    providers = {name: component["provider"] for name, component in report["components"].items()}
    assert providers["experiment-tracker"] == "mlflow"
    assert {providers[name] for name in ("model-trainer", "model-registry", "model-endpoint")} == {"sagemaker"}
    assert report["endpoint"]["status"] == "InService"
    assert report["heldOut"]["accuracy"] > 0.9
    assert local_target.client("sagemaker").list_mlflow_apps()["Summaries"] == []


def test_neptune_is_gone_and_the_run_stands_in_its_successor(local_target):
    code, report = local_target.up("--example", "neptune-migration")

    assert code == 0, report["error"]
    check_run(run_of(local_target, report), report)
    assert report["components"]["experiment-tracker"]["provider"] == "mlflow-and-neptune"
    lines = messages(local_target, report["trainingJob"]["name"])
    assert "train.py: the run is not in Neptune: NeptuneConnectionLostException" in lines
    assert report["heldOut"]["accuracy"] > 0.9
