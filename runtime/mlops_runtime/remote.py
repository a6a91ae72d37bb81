"""The training contract on somebody else's cluster: `python -m mlops_runtime.remote train.py`, with S3 on both ends.

MLOPS_CHANNEL_<NAME> are s3:// addresses, MLOPS_HYPERPARAMETERS is a JSON object, MLOPS_OUTPUTS is where `outputs.json` goes;
`model.tar.gz` lies beside it. The process needs boto3 and an AWS identity of its own. `train` does it from inside a pipeline.
"""
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

from .contract import CHANNEL_PREFIX, supply_contract
from .errors import RuntimeContractError
from .job import run_job
from .metrics import read_metrics
from .secrets import resolve_secrets

HYPERPARAMETERS_VARIABLE = "MLOPS_HYPERPARAMETERS"
OUTPUTS_VARIABLE = "MLOPS_OUTPUTS"


def main() -> None:
    import boto3

    # The keys of the store may be among them.
    resolve_secrets()
    outputs = os.environ.get(OUTPUTS_VARIABLE, "")
    split(OUTPUTS_VARIABLE, outputs)
    s3 = boto3.client("s3")
    work = Path(tempfile.mkdtemp(prefix="mlops-job-"))
    for name in [name for name in os.environ if name.startswith(CHANNEL_PREFIX)]:
        os.environ[name] = download(s3, name, os.environ[name], work / name)
    supply_contract(output=str(work / "output"))
    source, program = os.path.split(os.path.abspath(sys.argv[1]))
    run_job(program, script_arguments(json.loads(os.environ.get(HYPERPARAMETERS_VARIABLE) or "{}")), source=source)
    leave(s3, outputs, os.environ["SM_MODEL_DIR"])


def train(program: str, runId: str, outputs: str, inputs: Dict[str, str], hyperparameters: Dict[str, str], environment: Dict[str, str]) -> None:
    """Runs a training script, in a process of its own, with what a pipeline that trains is given: `train("train.py", **given)`."""
    channels = {CHANNEL_PREFIX + name.upper(): address for name, address in inputs.items()}
    contract = {
        HYPERPARAMETERS_VARIABLE: json.dumps(hyperparameters), OUTPUTS_VARIABLE: outputs, "MLOPS_RUN_ID": runId,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "mlops_runtime.remote", program]
    ended = subprocess.run(command, env={**os.environ, **environment, **channels, **contract}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    print(ended.stdout, flush=True)
    if ended.returncode:
        raise RuntimeContractError(ended.stdout.strip().rpartition("\n")[2] or "'%s' ended with %d" % (program, ended.returncode))


def script_arguments(hyperparameters: Dict[str, str]) -> List[str]:
    return [part for name, value in hyperparameters.items() for part in ("--" + name, str(value))]


def download(s3, name: str, address: str, folder: Path) -> str:
    """Every object below the address, or the one that it names."""
    bucket, prefix = split(name, address)
    folder.mkdir()
    found = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for key in (entry["Key"] for entry in page.get("Contents", [])):
            below = key[len(prefix):].lstrip("/") or key.rpartition("/")[2]
            # What merely starts alike, or names a folder, is no object below.
            if key.endswith("/") or not (prefix.endswith("/") or key == prefix or key.startswith(prefix + "/")):
                continue
            path = folder / below
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))
            found += 1
    if not found:
        raise RuntimeContractError("'%s' must be an address with objects below it, got '%s': upload the data first" % (name, address))
    return str(folder)


def leave(s3, outputs: str, model_dir: str) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(model_dir, arcname=".")
    bucket, key = split(OUTPUTS_VARIABLE, outputs)
    model = key.rpartition("/")[0] + "/model.tar.gz"
    s3.put_object(Bucket=bucket, Key=model, Body=archive.getvalue())
    # Last: whoever waits for the outputs finds the model.
    left = {"modelUri": "s3://%s/%s" % (bucket, model), "metrics": read_metrics(model_dir)}
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(left).encode())


def split(name: str, address: str) -> Tuple[str, str]:
    bucket, _, key = address[len("s3://"):].partition("/")
    if not address.startswith("s3://") or not bucket or not key:
        raise RuntimeContractError("'%s' must be an s3:// address, got '%s'" % (name, address))
    return bucket, key


if __name__ == "__main__":
    try:
        main()
    except RuntimeContractError as error:
        sys.exit("mlops: %s" % error)
