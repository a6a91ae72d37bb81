"""The data set of the example: made once, and kept in the artifact store under `data/`."""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mlops_local.cli import client_environment
from mlops_local.cli.failure import Failure
from mlops_local.processes import environments
from mlops_local.settings import Settings

_SCRIPT = Path(__file__).with_name("breast_cancer.py")
_FILES = ("train/train.csv", "test/test.csv", "heldout/heldout.csv", "sample.csv")


@dataclass(frozen=True)
class HeldOut:
    """Labelled rows that no training run has seen."""

    uri: str
    labels: list[str]
    rows: list[str]


def make(settings: Settings) -> Path:
    """The folder of the files; an interrupted making leaves nothing that looks done."""
    folder = settings.home / "data"
    if all((folder / name).is_file() for name in _FILES):
        return folder
    unfinished = settings.home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    runtime = environments.pinned("scikit-learn", environments.requirements_file("scikit-learn"))
    made = subprocess.run([runtime.tool("python"), str(_SCRIPT), str(unfinished)],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Failure("data", "DataFailed", made.stderr.strip().splitlines()[-1])
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return folder


def upload(settings: Settings, folder: Path, store_uri: str) -> int:
    """Uploads what is not in the store yet, and returns how many files that were."""
    s3 = client_environment.client(settings, "s3")
    bucket = bucket_of(store_uri)
    uploaded = 0
    for name in _FILES:
        body = (folder / name).read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        if _stored_digest(s3, bucket, f"data/{name}") == digest:
            continue
        s3.put_object(Bucket=bucket, Key=f"data/{name}", Body=body, ContentType="text/csv", Metadata={"sha256": digest})
        uploaded += 1
    return uploaded


def held_out(folder: Path, store_uri: str) -> HeldOut:
    lines = (folder / "heldout" / "heldout.csv").read_text().splitlines()[1:]
    labels, rows = zip(*(line.split(",", 1) for line in lines), strict=True)
    return HeldOut(f"s3://{bucket_of(store_uri)}/data/heldout/heldout.csv", list(labels), list(rows))


def sample(folder: Path) -> str:
    return (folder / "sample.csv").read_text().strip()


def bucket_of(store_uri: str) -> str:
    return store_uri.removeprefix("s3://").partition("/")[0]


def _stored_digest(s3, bucket: str, key: str) -> str | None:
    try:
        return s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256")
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
