"""Training jobs really run, by SageMaker's container contract."""

import pytest
from botocore.exceptions import ClientError
from sagemaker_platform import IMAGE, Platform, archive, processes_with, unique

from mlops_local.processes import sandbox

SCRIPT = """
import argparse, json, os
import pandas as pd
from sklearn.linear_model import LogisticRegression
parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int)
arguments = parser.parse_args()
data = pd.read_csv(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv"), header=None)
model = LogisticRegression(max_iter=arguments.max_iter).fit(data.iloc[:, 1:], data.iloc[:, 0])
print(f"accuracy={model.score(data.iloc[:, 1:], data.iloc[:, 0])}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "metrics.json"), "w") as file:
    json.dump({"max_iter": arguments.max_iter}, file)
with open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt"), "w") as file:
    file.write("report")
"""
DATA = "\n".join(f"{row % 2},{row % 2 + row / 1000}" for row in range(100))


def test_a_script_is_trained_on_its_channel(platform: Platform) -> None:
    train = platform.put("data/data.csv", DATA).removesuffix("data.csv")
    name = platform.start_job(
        SCRIPT, {"train": train}, {"max-iter": "50"},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File",
                                "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]})
    job = platform.wait_for_job(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert platform.model_files(job) == {"metrics.json": b'{"max_iter": 50}'}
    assert f"jobs/{name}/output/output.tar.gz" in platform.keys(f"jobs/{name}/")
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("accuracy", 1.0)]
    assert "accuracy=1.0" in platform.log(f"{name}/algo-1-")


def test_the_reason_of_a_failure_is_the_scripts_own(platform: Platform) -> None:
    job = platform.wait_for_job(platform.start_job("raise ValueError('the data has no label')"))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "ValueError: the data has no label" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")
    assert "ModelArtifacts" not in job or not job["ModelArtifacts"].get("S3ModelArtifacts")


def test_a_missing_channel_fails_before_anything_runs(platform: Platform) -> None:
    job = platform.wait_for_job(platform.start_job("print(1)", {"train": f"s3://{platform.bucket}/not/there/"}))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found under S3 URL")
    assert "not/there/" in job["FailureReason"]


def test_an_unmapped_image_says_how_to_map_it(platform: Platform) -> None:
    job = platform.wait_for_job(platform.start_job(
        "print(1)", AlgorithmSpecification={"TrainingImage": "example.org/own:1", "TrainingInputMode": "File"}))
    assert job["TrainingJobStatus"] == "Failed"
    for part in ("example.org/own:1", "local/images.json", "MLOPS_LOCAL_IMAGES"):
        assert part in job["FailureReason"]


def test_a_job_acts_with_its_own_role(platform: Platform) -> None:
    train = platform.put("data/data.csv", DATA).removesuffix("data.csv")
    job = platform.wait_for_job(platform.start_job(SCRIPT, {"train": train}, RoleArn=platform.make_role()))
    assert job["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in job["FailureReason"]


def test_requirements_of_the_source_folder_are_there(platform: Platform) -> None:
    name = platform.start_job("import tabulate; print('version', tabulate.__version__)",
                              files={"requirements__txt": "tabulate==0.9.0\n"})
    job = platform.wait_for_job(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "version 0.9.0" in platform.log(name)


def test_requirements_that_do_not_exist_fail_the_job(platform: Platform) -> None:
    job = platform.wait_for_job(platform.start_job("", files={"requirements__txt": "tabulate==0.0.0.1\n"}))
    assert job["TrainingJobStatus"] == "Failed"
    assert "tabulate" in job["FailureReason"]


def test_stopping_leaves_no_process_and_keeps_the_model(platform: Platform) -> None:
    mark = unique("daemon")
    script = f"""
import os, subprocess, sys, time
open(os.path.join(os.environ["SM_MODEL_DIR"], "partial"), "w").write("so far")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{mark}"], start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""
    name = platform.start_job(script)
    platform.wait_for_line(name, "started")
    assert processes_with(mark)
    platform.sagemaker.stop_training_job(TrainingJobName=name)
    job = platform.wait_for_job(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert not processes_with(mark)
    assert not processes_with(name)
    assert platform.model_files(job) == {"partial": b"so far"}
    with pytest.raises(ClientError, match="is in status Stopped"):
        platform.sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_ends_at_its_longest_runtime(platform: Platform) -> None:
    job = platform.wait_for_job(platform.start_job("import time; time.sleep(600)",
                                                   StoppingCondition={"MaxRuntimeInSeconds": 3}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_spot_job_finds_the_checkpoints_of_the_one_before(platform: Platform) -> None:
    script = """
import os
folder = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml") + "/checkpoints"
print("found", sorted(os.listdir(folder)))
open(os.path.join(folder, f"epoch-{len(os.listdir(folder))}"), "w").write("x")
"""
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        "CheckpointConfig": {"S3Uri": f"s3://{platform.bucket}/{unique('checkpoints')}"},
    }
    names = []
    for _ in range(2):
        names.append(platform.start_job(script, **spot))
        job = platform.wait_for_job(names[-1])
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert job["BillableTimeInSeconds"] > 0
    assert "found []" in platform.log(names[0])
    assert "found ['epoch-0']" in platform.log(names[1])


def test_spot_needs_a_waiting_time(platform: Platform) -> None:
    with pytest.raises(ClientError, match="Invalid MaxWaitTimeInSeconds"):
        platform.start_job("", EnableManagedSpotTraining=True)


def test_an_isolated_job_gets_no_credentials(platform: Platform) -> None:
    code = platform.put("isolated/sourcedir.tar.gz", archive(
        train__py="import os; print('keys', [key for key in os.environ if 'ACCESS_KEY' in key or 'ENDPOINT' in key])"))
    name = platform.start_job(
        "", {"code": code.removesuffix("sourcedir.tar.gz")},
        {"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"}, EnableNetworkIsolation=True)
    job = platform.wait_for_job(name)
    if sandbox.available():
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert "keys []" in platform.log(name)


def test_names_are_unique_forever(platform: Platform) -> None:
    name = platform.start_job("")
    platform.wait_for_job(name)
    with pytest.raises(ClientError) as refused:
        platform.start_job("", TrainingJobName=name)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.skipif(not sandbox.available(), reason="several instances need bubblewrap")
def test_two_instances_are_two_processes_that_find_each_other(platform: Platform) -> None:
    script = """
import json, os, socket
hosts = json.loads(os.environ["SM_HOSTS"])
print("host", os.environ["SM_CURRENT_HOST"], socket.gethostname(), len({socket.gethostbyname(host) for host in hosts}))
open(os.path.join(os.environ["SM_MODEL_DIR"], os.environ["SM_CURRENT_HOST"]), "w").write("x")
"""
    name = platform.start_job(script, ResourceConfig={
        "InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    job = platform.wait_for_job(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert set(platform.model_files(job)) == {"algo-1", "algo-2"}
    for host in ("algo-1", "algo-2"):
        assert f"host {host} {host} 2" in platform.log(f"{name}/{host}-")


@pytest.mark.parametrize(("parameters", "message"), [
    ({"TrainingJobName": "with space"}, "regular expression pattern"),
    ({"ResourceConfig": {"InstanceType": "ml.none", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "enum value set"),
    ({"OutputDataConfig": {"S3OutputPath": "/tmp/out"}}, "regular expression pattern|must be an s3:// address"),
    ({"AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"}}, "use File or FastFile"),
])
def test_bad_requests_are_refused(platform: Platform, parameters: dict, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        platform.start_job("", **parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_other_operations_say_that_they_are_not_implemented(platform: Platform) -> None:
    with pytest.raises(ClientError, match="sagemaker:ListClusters is not implemented by the local target"):
        platform.sagemaker.list_clusters()
