"""The pipeline `train`; run as a program, it deploys itself on the active ZenML stack and serves: `pipeline.py <port>`."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from zenml import log_metadata, pipeline, step
from zenml.deployers.local.local_deployer import LocalDeployerSettings

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "runtime"))

from mlops_runtime import remote  # noqa: E402


@step
def fit(runId: str, outputs: str, inputs: dict[str, str], hyperparameters: dict[str, str], environment: dict[str, str]) -> dict[str, float]:
    """Runs training/train.py as it is: runtime/ gives it its channels, and leaves its model and its metrics where `outputs` says."""
    remote.train(str(REPOSITORY / "training" / "train.py"), runId, outputs, inputs, hyperparameters, environment)
    at = urlsplit(outputs)
    return json.loads(boto3.client("s3").get_object(Bucket=at.netloc, Key=at.path[1:])["Body"].read())["metrics"]


@step
def tell(metrics: dict[str, float]) -> None:
    """The metrics stand on the run's page."""
    log_metadata(metrics)


@pipeline(enable_cache=False)
def train(
    runId: str = "", outputs: str = "", inputs: dict[str, str] = {}, hyperparameters: dict[str, str] = {}, environment: dict[str, str] = {},
) -> None:  # fmt: skip
    tell(fit(runId=runId, outputs=outputs, inputs=inputs, hyperparameters=hyperparameters, environment=environment))


if __name__ == "__main__":
    served = LocalDeployerSettings(port=int(sys.argv[1]), allocate_port_if_busy=False, blocking=True, auth_key=os.environ["DEPLOYMENT_KEY"])
    train.with_options(settings={"deployer": served}).deploy(deployment_name="train")
