"""What the lanes of monitors share: the model whose traffic is watched, which answers with the sum of a row, and the time of a look."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from aws.running_target import Machine
from e2e.driver import LocalTarget
from vendors.conftest import BUCKET

CODE = """
def model_fn(folder): return None
def predict_fn(rows, model): return rows.sum(axis=1)
"""

Ask = Callable[[list[tuple[float, ...]]], None]


def soon(minutes: int = 1) -> dict[str, str]:
    """The event of a schedule that looks at what was made in the last minutes."""
    return {"time": (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")}


def sums(target: LocalTarget, s3, deploy: Machine, endpoint: str) -> Ask:
    """Deploys the model to `endpoint`, and asks it for predictions."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        file = tarfile.TarInfo("code/inference.py")
        file.size = len(CODE)
        archive.addfile(file, io.BytesIO(CODE.encode()))
    address = "ml/training/sums/model.tar.gz"
    s3.put_object(Bucket=BUCKET, Key=address, Body=content.getvalue())
    deploy.output({"version": "1", "modelUri": f"s3://{BUCKET}/{address}"})
    runtime = target.client("sagemaker-runtime")

    def ask(rows: list[tuple[float, ...]]) -> None:
        body = "\n".join(",".join(map(str, row)) for row in rows)
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="application/json", Body=body)
        assert json.loads(answer["Body"].read()) == pytest.approx([sum(row) for row in rows])

    return ask
