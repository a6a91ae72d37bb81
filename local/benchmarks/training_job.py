"""A local training job against the bare script in the same environment, in turn.

Needs a running target with a bootstrapped stack (`npm run local` once). `npm run benchmark -- training-job`
"""

import io
import json
import os
import statistics
import subprocess
import tarfile
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks import figures
from mlops_local.cli import client_environment
from mlops_local.processes import environments
from mlops_local.settings import Settings

RUNS = 5
ROUNDS = "8"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
SOURCE = Path(__file__).parent / "job"
BUCKET = "mlops-benchmark"


def main() -> None:
    settings = Settings.from_environment()
    role = _prepare(settings)
    python = environments.pinned("scikit-learn", environments.requirements_file("scikit-learn")).tool("python")
    pairs = [(_job(settings, role), _bare(python)) for _ in range(RUNS + 1)][1:]
    jobs, bare = [list(column) for column in zip(*pairs)]
    print(figures.line("training job, from CreateTrainingJob to Completed", jobs, "s"))
    print(figures.line("bare script", bare, "s"))
    allowed = 1.2 * statistics.median(bare) + 2
    print(f"1.2 x bare + 2 s = {allowed:.2f} s")


def _prepare(settings: Settings) -> str:
    """The role's ARN; the source lies in a bucket of the benchmark's own."""
    s3, iam = client_environment.client(settings, "s3"), client_environment.client(settings, "iam")
    s3.create_bucket(Bucket=BUCKET)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as content:
        content.add(SOURCE / "train.py", "train.py")
    s3.put_object(Bucket=BUCKET, Key="sourcedir.tar.gz", Body=archive.getvalue())
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
    allowed = {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "logs:*", "cloudwatch:*"], "Resource": "*"}]}
    try:
        iam.create_role(RoleName=BUCKET, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", **trust}))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    iam.put_role_policy(RoleName=BUCKET, PolicyName="all", PolicyDocument=json.dumps({"Version": "2012-10-17", **allowed}))
    return iam.get_role(RoleName=BUCKET)["Role"]["Arn"]


def _job(settings: Settings, role: str) -> float:
    sagemaker = client_environment.client(settings, "sagemaker")
    name = f"benchmark-{uuid.uuid4().hex[:12]}"
    began = time.monotonic()
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=role,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={
            "sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://{BUCKET}/sourcedir.tar.gz", "rounds": ROUNDS,
        },
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )  # fmt: skip
    while (job := sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.05)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return time.monotonic() - began


def _bare(python: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run([python, str(SOURCE / "train.py"), "--rounds", ROUNDS], env=os.environ | {"SM_MODEL_DIR": folder}, check=True)
        return time.monotonic() - began


if __name__ == "__main__":
    main()
