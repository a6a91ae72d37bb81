"""A team's pipelines. `pipelines.py <name> <port>` deploys one of them, on the active stack, and serves it."""

import io
import json
import os
import sys
import tarfile
import time
from urllib.parse import urlsplit

import boto3
import numpy
from sklearn.linear_model import LogisticRegression
from zenml import pipeline, step
from zenml.deployers.local.local_deployer import LocalDeployerSettings


def bucket_and_key(address: str) -> dict[str, str]:
    parts = urlsplit(address)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


@step
def fit_model(data: str, c: float) -> tuple[list, float]:
    body = boto3.client("s3").get_object(**bucket_and_key(data))["Body"].read()
    rows = numpy.loadtxt(io.BytesIO(body), delimiter=",")
    model = LogisticRegression(C=c).fit(rows[:, 1:], rows[:, 0])
    return model.coef_.tolist(), float(model.score(rows[:, 1:], rows[:, 0]))


@step
def rest(wait: int) -> None:
    time.sleep(wait)


@step
def leave(weights: list, accuracy: float, runId: str, outputs: str, forget: bool) -> None:
    if forget:
        return
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        content = json.dumps({"weights": weights}).encode()
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    address = outputs.rpartition("/")[0] + "/model.tar.gz"
    s3 = boto3.client("s3")
    s3.put_object(**bucket_and_key(address), Body=archive.getvalue())
    left = {"modelUri": address, "metrics": {"accuracy": accuracy}, "run": runId}
    s3.put_object(**bucket_and_key(outputs), Body=json.dumps(left).encode())


@pipeline
def train(runId: str = "", outputs: str = "", data: str = "", c: float = 1.0, wait: int = 0, forget: bool = False) -> None:
    rest(wait)
    weights, accuracy = fit_model(data=data, c=c, after=["rest"])
    leave(weights, accuracy, runId=runId, outputs=outputs, forget=forget)


@step
def fit_as_asked(inputs: dict[str, str], hyperparameters: dict[str, str]) -> tuple[list, float]:
    weights, accuracy = fit_model.entrypoint(inputs["train"], float(hyperparameters["c"]))
    return weights, accuracy


@pipeline
def fit(runId: str = "", outputs: str = "", inputs: dict[str, str] = {}, hyperparameters: dict[str, str] = {}, environment: dict[str, str] = {}) -> None:
    """As a trainer asks for it."""
    weights, accuracy = fit_as_asked(inputs=inputs, hyperparameters=hyperparameters)
    leave(weights, accuracy, runId=runId, outputs=outputs, forget=False)


if __name__ == "__main__":
    name, port = sys.argv[1:]
    served = LocalDeployerSettings(port=int(port), allocate_port_if_busy=False, blocking=True, auth_key=os.environ["DEPLOYMENT_KEY"])
    {"train": train, "fit": fit}[name].with_options(settings={"deployer": served}).deploy(deployment_name=name)
