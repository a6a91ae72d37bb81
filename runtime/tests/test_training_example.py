"""The example in training/, in the environment of the scikit-learn image: trained for real, and served for real."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TRAINING = REPOSITORY / "training"
sys.path.insert(0, str(REPOSITORY / "local"))

from mlops_local.processes.environments import pinned, requirements_file  # noqa: E402

SPLIT = """
import sys
from pathlib import Path
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
frame = load_breast_cancer(as_frame=True).frame
frame.insert(0, "target", frame.pop("target"))
train, test = train_test_split(frame, test_size=0.3, random_state=0, stratify=frame["target"])
for name, rows in (("train", train), ("test", test)):
    folder = Path(sys.argv[1], name)
    folder.mkdir()
    rows.to_csv(folder / f"{name}.csv", index=False)
"""

# Answers each line [body, content type, accept] on stdin by one line on stdout.
SERVE = """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
for line in sys.stdin:
    body, content_type, accept = json.loads(line)
    try:
        answer = inference.output_fn(inference.predict_fn(inference.input_fn(body, content_type), model), accept)
    except ValueError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def python() -> str:
    return pinned("scikit-learn", requirements_file("scikit-learn")).tool("python")


@pytest.fixture(scope="module")
def data(python, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    subprocess.run([python, "-c", SPLIT, str(folder)], check=True)
    return folder


def train(python: str, model: Path, channels: dict[str, Path], *arguments: str) -> subprocess.CompletedProcess:
    """As a person would by hand: plain `python train.py` with the SM_* variables set."""
    variables = {f"SM_CHANNEL_{name.upper()}": str(path) for name, path in channels.items()}
    return subprocess.run(
        [python, str(TRAINING / "train.py"), *arguments],
        env={"PATH": os.environ["PATH"], "SM_MODEL_DIR": str(model), **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(python, data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("job") / "model"
    result = train(python, folder, {"train": data / "train", "test": data / "test"}, "--regularization", "0.5")
    assert result.returncode == 0, result.stderr
    shutil.copytree(TRAINING / "inference", folder / "code")
    return folder


@pytest.fixture(scope="module")
def predict(python, model):
    """The model behind its inference code, in one process for all requests."""
    process = subprocess.Popen(
        [python, "-c", SERVE, str(model)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(body: str, content_type: str, accept: str | None):
        process.stdin.write(json.dumps([body, content_type, accept]) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield ask
        process.stdin.close()


def first_rows(data: Path, count: int) -> list[str]:
    return [line.partition(",")[2] for line in (data / "test" / "test.csv").read_text().splitlines()[1 : count + 1]]


def test_the_model_is_scored_on_the_test_channel(model):
    metrics = json.loads((model / "metrics.json").read_text())

    assert set(metrics) == {"accuracy", "f1", "roc_auc"}
    assert all(0.9 < value <= 1 for value in metrics.values())
    assert (model / "model.joblib").is_file()


def test_rows_in_csv_answer_in_the_form_that_is_asked_for(predict, data):
    rows = first_rows(data, 3)

    text, media_type = predict("\n".join(rows), "text/csv; charset=utf-8", "text/csv")
    document, json_type = predict("\n".join(rows), "text/csv", "application/json")

    assert (media_type, json_type) == ("text/csv", "application/json")
    assert [int(line) for line in text.splitlines()] == json.loads(document)["predictions"]
    assert len(text.splitlines()) == 3


def test_json_may_hold_one_row_or_many(predict, data):
    row = [float(value) for value in first_rows(data, 1)[0].split(",")]
    one = predict(json.dumps(row), "application/json", None)
    many = predict(json.dumps([row, row]), "application/json", "*/*")
    wrapped = predict(json.dumps({"instances": [row]}), "application/json", "text/html, text/csv;q=0.5")

    label = json.loads(one[0])["predictions"][0]
    assert json.loads(many[0])["predictions"] == [label, label]
    assert wrapped == [f"{label}\n", "text/csv"]


@pytest.mark.parametrize("body, content_type, accept, fault", [
    ("1,2,3", "text/csv", None, "a row must have 30 columns, got 3"),
    ("[[[1]]]", "application/json", None, "a row must have 30 columns, got 1"),
    ("a,b", "text/csv", None, "the request must be rows of numbers, all of the same length"),
    ("1,2\n3", "text/csv", None, "the request must be rows of numbers, all of the same length"),
    ("", "text/csv", None, "the request must hold at least one row, got none"),
    ("x", "image/png", None, "the content type must be one of text/csv, application/json, got 'image/png'"),
    (",".join(["1"] * 30), "text/csv", "image/png", "the Accept header must allow one of text/csv, application/json"),
])  # fmt: skip
def test_a_request_that_cannot_be_served_says_why(predict, body, content_type, accept, fault):
    assert fault in predict(body, content_type, accept)


@pytest.mark.parametrize("content, fault", [
    (None, "train.py: channel 'test' is missing (SM_CHANNEL_TEST is not set)"),
    ("", "train.py: channel 'test' must hold CSV files, got none"),
    ("a,target\n1,0\n", "train.py: channel 'test' must hold rows whose first column is 'target', got 1 rows"),
    ("target,a\n", "train.py: channel 'test' must hold rows whose first column is 'target', got 0 rows"),
])  # fmt: skip
def test_a_bad_channel_ends_in_one_line(python, data, tmp_path, content, fault):
    channels = {"train": data / "train"}
    if content is not None:
        channels["test"] = tmp_path / "test"
        channels["test"].mkdir()
        if content:
            (channels["test"] / "test.csv").write_text(content)

    result = train(python, tmp_path / "model", channels)

    assert result.returncode == 1
    assert result.stderr.startswith(fault)
    assert len(result.stderr.splitlines()) == 1
