"""A team's flow, served as `train/nightly`: it trains on the data that it is given and leaves what the loop goes on with."""

import io
import json
import tarfile
import time
from urllib.parse import urlsplit

import boto3
import numpy
from prefect import flow, task
from sklearn.linear_model import LogisticRegression


def bucket_and_key(address: str) -> dict[str, str]:
    parts = urlsplit(address)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


@task
def load(address: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    body = boto3.client("s3").get_object(**bucket_and_key(address))["Body"].read()
    rows = numpy.loadtxt(io.BytesIO(body), delimiter=",")
    return rows[:, 1:], rows[:, 0]


@flow
def train(runId: str, outputs: str, data: str, c: float = 1.0, wait: int = 0) -> None:
    features, labels = load(data)
    model = LogisticRegression(C=c).fit(features, labels)
    time.sleep(wait)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        weights = json.dumps({"weights": model.coef_.tolist()}).encode()
        member = tarfile.TarInfo("model.json")
        member.size = len(weights)
        tar.addfile(member, io.BytesIO(weights))
    address = outputs.rpartition("/")[0] + "/model.tar.gz"
    s3 = boto3.client("s3")
    s3.put_object(**bucket_and_key(address), Body=archive.getvalue())
    left = {"modelUri": address, "metrics": {"accuracy": float(model.score(features, labels))}, "run": runId}
    s3.put_object(**bucket_and_key(outputs), Body=json.dumps(left).encode())


@flow
def fit(runId: str, outputs: str, inputs: dict[str, str], hyperparameters: dict[str, str], environment: dict[str, str]) -> None:
    """As a trainer asks for it."""
    train(runId, outputs, inputs["train"], float(hyperparameters["c"]))


@flow
def forget(runId: str, outputs: str) -> None:
    """Leaves nothing."""


if __name__ == "__main__":
    from prefect import serve

    serve(train.to_deployment("nightly"), fit.to_deployment("fit"), forget.to_deployment("forget"), print_starting_message=False)
