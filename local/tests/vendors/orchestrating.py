"""What the lane of each orchestrator shows: `Run` runs fitting.py in the vendor's hands, and `Late` does not wait for it, but ends it."""

import io
import tarfile
from collections.abc import Callable

from e2e.driver import wait_until
from vendors.conftest import BUCKET

DATA = {"data": f"s3://{BUCKET}/ml/data/train.csv", "wait": 0}


def put_data(s3) -> None:
    rows = "\n".join(f"{int(value > 50)},{value / 100},{value % 7}" for value in range(100))
    s3.put_object(Bucket=BUCKET, Key="ml/data/train.csv", Body=rows.encode())


def trains_and_the_step_reads_what_was_left(machines, s3) -> None:
    output = machines["Run"].output({"runId": "monday", **DATA})

    assert output["output"]["run"] == "monday"
    assert output["accuracy"] == output["output"]["metrics"]["accuracy"] > 0.9
    bucket, _, key = output["modelUri"].removeprefix("s3://").partition("/")
    assert (bucket, key.partition("run-monday")[0]) == (BUCKET, "ml/training/")
    archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert tarfile.open(fileobj=io.BytesIO(archive)).getnames() == ["model.joblib"]


def runs_once(machines) -> str:
    """The one run of two executions."""
    first = machines["Run"].output({"runId": "tuesday", **DATA})
    second = machines["Run"].output({"runId": "tuesday", **DATA})

    assert second == first
    return first["run"]


def is_ended_when_late(machines, run: Callable[[], str]) -> None:
    """`run` looks up the run that the step had started."""
    error, cause = machines["Late"].failure({"runId": "late", **DATA, "wait": 300})

    assert error == "Mlops.Timeout"
    # On a busy machine a single request outlasts what is left.
    assert cause.startswith(("Late: no end after 20 s", "Late: States.Timeout"))
    wait_until(lambda: machines["Inspect"].output({"run": run()})["status"] == "ABORTED", "the run has ended too", 60)
