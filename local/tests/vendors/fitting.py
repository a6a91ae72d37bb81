"""A team's own training, which the flows, DAGs and jobs of the lanes run: it leaves what the loop goes on with."""

import io
import json
import tarfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import joblib
import numpy
from mlops_runtime import remote
from sklearn.linear_model import LogisticRegression

TRAINING = Path(__file__).resolve().parents[3] / "training" / "train.py"


def fit(run: str, outputs: str, data: str, c: float = 1.0, wait: int = 0) -> None:
    """Trains on the rows at `data`, whose first column is the target, and leaves a model and `outputs`."""
    s3 = boto3.client("s3")
    rows = numpy.loadtxt(io.BytesIO(s3.get_object(**bucket_and_key(data))["Body"].read()), delimiter=",")
    model = LogisticRegression(C=c).fit(rows[:, 1:], rows[:, 0])
    time.sleep(wait)
    address = outputs.rpartition("/")[0] + "/model.tar.gz"
    s3.put_object(**bucket_and_key(address), Body=archive(model))
    left = {"modelUri": address, "metrics": {"accuracy": float(model.score(rows[:, 1:], rows[:, 0]))}, "run": run}
    s3.put_object(**bucket_and_key(outputs), Body=json.dumps(left).encode())


def fit_as_asked(**given: str | dict[str, str]) -> None:
    """The training script of the full stack, with what a trainer gives."""
    remote.train(str(TRAINING), **given)


def archive(model: LogisticRegression) -> bytes:
    content, packed = io.BytesIO(), io.BytesIO()
    joblib.dump(model, content)
    member = tarfile.TarInfo("model.joblib")
    member.size = len(content.getvalue())
    content.seek(0)
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(member, content)
    return packed.getvalue()


def bucket_and_key(address: str) -> dict[str, str]:
    parts = urlsplit(address)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}
