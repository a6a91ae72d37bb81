import json

import boto3
import pytest

from mlops_runtime.errors import RuntimeContractError
from mlops_runtime.secrets import SecretReference, resolve_secrets

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow-AbCdEf"
PRINT_SECRET = "import os; print(os.environ['TOKEN'], sorted(n for n in os.environ if n.startswith('MLOPS_SECRET_')))"


@pytest.fixture(scope="module")
def secrets(aws):
    return boto3.client(
        "secretsmanager", endpoint_url=aws["AWS_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


def test_a_secret_becomes_the_variable_and_its_reference_goes(bundle, aws, secrets):
    arn = secrets.create_secret(Name="plain", SecretString="s3cret value")["ARN"]
    bundle.write("train.py", PRINT_SECRET)

    # The region is the ARN's, not the job's.
    result = bundle.run(MLOPS_SECRET_TOKEN=arn, **aws)

    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "s3cret value []"


def test_a_field_of_a_json_secret(bundle, aws, secrets):
    arn = secrets.create_secret(Name="json", SecretString=json.dumps({"username": "ml", "password": "p:4"}))["ARN"]
    bundle.write("train.py", PRINT_SECRET)

    result = bundle.run(MLOPS_SECRET_TOKEN=f"{arn}:password", **aws)

    assert result.stdout.strip() == "p:4 []"


def test_a_secret_that_is_not_there_ends_the_job_in_one_line(bundle, aws):
    bundle.write("train.py", "print('never')")

    result = bundle.run(MLOPS_SECRET_TOKEN=ARN, **aws)

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"mlops: secret {ARN} for 'TOKEN' cannot be used: ResourceNotFoundException: create it, or give it a value\n"
    )


def test_a_binary_secret_is_refused(bundle, aws, secrets):
    arn = secrets.create_secret(Name="binary", SecretBinary=b"\x00\x01")["ARN"]
    bundle.write("train.py", "print('never')")

    assert f"secret {arn} for 'TOKEN' cannot be used: it is binary: store it as text" in bundle.run(
        MLOPS_SECRET_TOKEN=arn, **aws
    ).stderr


@pytest.mark.parametrize("text, fault", [
    ("hunter2", "it is no JSON object, so it has no field 'password': store a JSON object, or refer to the secret"),
    ('{"user": "hunter2", "api": "x"}', "it has no field 'password': use one of its fields: api, user"),
    ('{"password": ["hunter2"]}', "its field 'password' is neither text nor a number: store it as text"),
])  # fmt: skip
def test_a_field_that_cannot_be_read_is_named_and_no_value_is_shown(text, fault):
    environment = {"MLOPS_SECRET_TOKEN": f"{ARN}:password"}

    with pytest.raises(RuntimeContractError) as raised:
        resolve_secrets(environment, fetch=lambda reference: text)

    assert fault in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert environment == {"MLOPS_SECRET_TOKEN": f"{ARN}:password"}


@pytest.mark.parametrize("reference", ["", "hunter2", "arn:aws:s3:::bucket", ARN.replace("secret:", "key:"), ARN + ":"])
def test_a_reference_must_be_an_arn(reference):
    with pytest.raises(RuntimeContractError, match=r"'MLOPS_SECRET_TOKEN' must be <secret ARN>\[:field\]"):
        SecretReference("TOKEN", reference)


def test_a_secret_with_several_fields_is_fetched_once():
    fetched = []
    environment = {"MLOPS_SECRET_A": f"{ARN}:a", "MLOPS_SECRET_B": f"{ARN}:b"}

    def fetch(reference):
        fetched.append(reference.arn)
        return '{"a": "1", "b": 2}'

    resolve_secrets(environment, fetch)

    assert environment == {"A": "1", "B": "2"}
    assert fetched == [ARN]
