"""`python -m mlops_runtime`: SageMaker's script mode where SageMaker is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[1]

PRINT_CONTRACT = (
    "import json, os, sys\n"
    "print(json.dumps({**{n: v for n, v in os.environ.items() if n.startswith('SM_')}, 'argv': sys.argv[1:]}))\n"
)


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(RUNTIME)}
    return subprocess.run(
        [sys.executable, "-m", "mlops_runtime", *arguments],
        cwd=folder, env={**inherited, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    (tmp_path / "train.py").write_text(PRINT_CONTRACT)
    return tmp_path


def test_channels_and_output_folders_are_supplied(folder):
    result = run(
        folder, "--channel", "train=train", "--output", "out", "train.py", "--lr", "0.1", "--output", "mine",
        MLOPS_CHANNEL_TEST="test",
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    contract = json.loads(result.stdout)
    assert contract["SM_CHANNEL_TRAIN"] == str(folder / "train")
    assert contract["SM_CHANNEL_TEST"] == str(folder / "test")
    assert json.loads(contract["SM_CHANNELS"]) == ["test", "train"]
    assert contract["SM_MODEL_DIR"] == str(folder / "out" / "model")
    assert contract["SM_OUTPUT_DATA_DIR"] == str(folder / "out" / "data")
    assert contract["argv"] == ["--lr", "0.1", "--output", "mine"]
    assert (folder / "out" / "model").is_dir() and (folder / "out" / "data").is_dir()


def test_what_is_set_already_is_kept(folder):
    contract = json.loads(run(folder, "train.py", SM_MODEL_DIR=str(folder / "kept"), SM_CURRENT_HOST="algo-2").stdout)

    assert contract["SM_MODEL_DIR"] == str(folder / "kept")
    assert contract["SM_CURRENT_HOST"] == "algo-2"
    assert (folder / "kept").is_dir()


@pytest.mark.parametrize("channel, fault", [
    ("train=s3://bucket/train", "channel 'train' must be a folder on this machine, got 's3://bucket/train'"),
    ("train=nowhere", "channel 'train' must be a folder on this machine, got 'nowhere'"),
    ("my train=train", "a channel's name must be 1 to 64 letters"),
    ("train", "must be NAME=FOLDER, got 'train'"),
])  # fmt: skip
def test_a_channel_that_cannot_be_is_refused(folder, channel, fault):
    result = run(folder, "--channel", channel, "train.py")

    assert result.returncode != 0
    assert fault in result.stderr.splitlines()[-1]


def test_a_script_that_is_not_there(folder):
    fault = "mlops: the training script must be a file in the source folder, got 'nope.py'"
    assert fault in run(folder, "nope.py").stderr
