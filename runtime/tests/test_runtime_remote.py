"""`python -m mlops_runtime.remote`: what it refuses, and what it makes of addresses and hyperparameters."""

from pathlib import Path

import pytest
from mlops_runtime import remote
from mlops_runtime.errors import RuntimeContractError


class Objects:
    """A bucket, as a client of S3 lists and fetches it."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def get_paginator(self, _operation: str) -> "Objects":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict]:
        return [{"Contents": [{"Key": key} for key in self.keys if key.startswith(Prefix)]}, {}]

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_text(f"{bucket}/{key}")


@pytest.mark.parametrize("address, files", [
    ("s3://b/data/train", ["a.csv", "x/c.csv"]),
    ("s3://b/data/train/", ["a.csv", "x/c.csv"]),
    ("s3://b/data/train/a.csv", ["a.csv"]),
    ("s3://b/data/training.csv", ["training.csv"]),
])  # fmt: skip
def test_a_channel_is_what_lies_below_its_address(tmp_path, address, files):
    s3 = Objects("data/train/", "data/train/a.csv", "data/train/x/c.csv", "data/training.csv")

    folder = Path(remote.download(s3, "MLOPS_CHANNEL_TRAIN", address, tmp_path / "train"))

    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == files


@pytest.mark.parametrize("address", ["s3://b/none", "s3://b/data/tra"])
def test_an_address_without_objects_is_refused(tmp_path, address):
    with pytest.raises(RuntimeContractError, match="'MLOPS_CHANNEL_TRAIN' must be an address with objects below it, got 's3://b/"):
        remote.download(Objects("data/train/a.csv"), "MLOPS_CHANNEL_TRAIN", address, tmp_path / "train")


@pytest.mark.parametrize("address", ["", "data/train", "s3://", "s3://bucket", "s3:///key"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(RuntimeContractError, match="'MLOPS_OUTPUTS' must be an s3:// address, got '"):
        remote.split("MLOPS_OUTPUTS", address)


def test_a_pipeline_is_told_why_its_training_failed(capfd):
    with pytest.raises(RuntimeContractError, match="^mlops: 'MLOPS_OUTPUTS' must be an s3:// address, got 'nowhere'$"):
        remote.train("train.py", runId="monday", outputs="nowhere", inputs={}, hyperparameters={}, environment={})

    assert "got 'nowhere'" in capfd.readouterr().out


def test_hyperparameters_become_arguments():
    assert remote.script_arguments({"rate": "0.5", "mode": "a b"}) == ["--rate", "0.5", "--mode", "a b"]
