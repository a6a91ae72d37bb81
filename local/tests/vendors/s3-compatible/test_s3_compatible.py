"""S3CompatibleArtifactStore against versitygw, an S3 gateway over a folder, whose keys are its own."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from e2e.driver import free_port
from vendors.conftest import BUCKET
from vendors.server import Server, process

from mlops_local.cli import client_environment
from mlops_local.settings import REPOSITORY

HERE = Path(__file__).parent
NAME = HERE.name
KEYS = {"aws_access_key_id": "vendors", "aws_secret_access_key": "s3cr3t-of-the-store"}

pytestmark = pytest.mark.proves("artifact store", "s3-compatible", "versitygw")


@pytest.fixture(scope="module")
def gateway(target, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("versitygw")
    program = target.settings.cache / "vendors" / NAME / "versitygw" / "versitygw"
    # The program that is installed names no version of its own; what it was built from does.
    built = subprocess.run(["go", "version", "-m", str(program)], capture_output=True, text=True, check=True).stdout
    versions["versitygw"] = next(line.split()[2].removeprefix("v") for line in built.splitlines() if line.split()[:1] == ["mod"])
    objects, attributes = folder / "objects", folder / "attributes"
    objects.mkdir()
    attributes.mkdir()
    server = Server(f"http://127.0.0.1:{free_port()}")
    keys = {"ROOT_ACCESS_KEY": KEYS["aws_access_key_id"], "ROOT_SECRET_KEY": KEYS["aws_secret_access_key"]}
    start = [str(program), "--port", server.url.removeprefix("http://"), "--health", "/health", "posix", "--sidecar", str(attributes), str(objects)]
    with process(start, folder, keys) as started:
        server.wait("/health", started)
        yield server


@pytest.fixture(scope="module")
def store(gateway):
    """A client of the gateway's owner."""
    client = boto3.client("s3", endpoint_url=gateway.url, region_name="us-east-1", **KEYS)
    client.create_bucket(Bucket="models")
    return client


@pytest.fixture(scope="module")
def machines(gateway, store, deploy):
    return deploy(HERE / "app.ts", gateway.url)


@pytest.fixture(scope="module")
def binding(target, machines) -> dict[str, str]:
    """What a job finds in its environment: the store as the stack publishes it, with references to its keys."""
    value = target.client("ssm").get_parameter(Name=f"/mlops/{NAME}/artifact-store")["Parameter"]["Value"]
    published = json.loads(value)
    secrets = {f"MLOPS_SECRET_{name}": f"{secret['secretArn']}:{secret['field']}" for name, secret in published["secrets"].items()}
    assert "s3cr3t" not in value
    return published["variables"] | secrets


def ended(machine, value: dict) -> tuple[str, str]:
    described = machine.run(value)
    assert described["status"] == "FAILED", described
    return described["error"], described["cause"]


def test_a_job_reads_and_leaves_there_what_the_step_then_finds(target, machines, binding, store, s3):
    store.put_object(Bucket="models", Key="ml/data sets/train/rows.txt", Body=b"1\n2\n6\n")
    job = {"MLOPS_CHANNEL_TRAIN": "s3://models/ml/data sets/train/", "MLOPS_OUTPUTS": "s3://models/ml/data sets/monday/outputs.json"}
    # Secrets are AWS's, objects are not.
    identity = client_environment.variables(target.settings)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "runtime"), **identity, **binding, **job}
    python = target.settings.cache / "target" / "bin" / "python"
    ran = subprocess.run([python, "-m", "mlops_runtime.remote", str(HERE / "train.py")], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr

    left = machines["Outputs"].output({"file": "monday/outputs.json"})["value"]

    assert left == {"modelUri": "s3://models/ml/data sets/monday/model.tar.gz", "metrics": {"rows": 3}}
    archive = store.get_object(Bucket="models", Key="ml/data sets/monday/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        assert json.load(content.extractfile("./model.json")) == 3
    assert "models" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="ml/data sets/").get("Contents", []) == []


@pytest.mark.parametrize("kind", ["binary/octet-stream", "text/csv", "application/json"])
def test_a_step_reads_text_whatever_it_is_said_to_be(machines, store, kind):
    store.put_object(Bucket="models", Key="ml/data sets/sample.csv", Body="1.5,2,ü\n".encode(), ContentType=kind)

    assert machines["Text"].output({"file": "sample.csv"})["value"] == "1.5,2,ü\n"


def test_an_object_that_is_not_there_is_said_to_be_so(machines):
    error, cause = ended(machines["Text"], {"file": "none.csv"})

    assert error == "Mlops.Failed"
    assert cause.startswith("Text: States.Http.StatusCode.404")
    assert "NoSuchKey" in cause


def test_keys_that_are_refused_are_said_to_be_so(machines):
    error, cause = ended(machines["Refused"], {"file": "sample.csv"})

    assert error == "Mlops.Unauthorized"
    assert cause.startswith("Refused: States.Http.StatusCode.403")
    assert "SignatureDoesNotMatch" in cause and "wrong" not in cause


def test_the_doctor_asks_with_the_keys(target, machines, store):
    well = target.run("doctor", "--stack", NAME)
    assert (well.returncode, well.stderr) == (0, "")
    assert "artifact-store" in well.stdout and "alive, authorized" in well.stdout

    secrets = target.client("secretsmanager")
    secret, = (it["Name"] for it in secrets.list_secrets()["SecretList"] if "WrongKeys" not in it["Name"] and "Keys" in it["Name"])
    before = secrets.get_secret_value(SecretId=secret)["SecretString"]
    secrets.put_secret_value(SecretId=secret, SecretString=json.dumps({"accessKeyId": "vendors", "secretAccessKey": "expired"}))
    try:
        refused = target.run("doctor", "--stack", NAME)
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=before)
    assert refused.returncode == 1
    assert "error: artifact-store: " in refused.stderr and "403" in refused.stderr
