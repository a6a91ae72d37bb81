"""What the export makes of published bindings."""

import json
import subprocess

import pytest

from mlops_local.cli import export
from mlops_local.cli.export import dotenv, merged, service_binding
from mlops_local.cli.failure import Failure
from mlops_local.cli.published import Published

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/mlflow-AbCdEf"
STORE = {"provider": "s3", "address": "s3://acme", "variables": {"MLOPS_ARTIFACT_STORE": "s3://acme"}, "secrets": {}}
TRACKER = {
    "provider": "mlflow", "address": "https://mlflow.acme.dev",
    "variables": {"MLFLOW_TRACKING_URI": "https://mlflow.acme.dev", "MLFLOW_TRACKING_USERNAME": "ml & co's $HOME", "NOTE": "{{ .key }}"},
    "secrets": {"MLFLOW_TRACKING_PASSWORD": {"secretArn": ARN, "field": "password"}, "MLFLOW_TOKEN": {"secretArn": ARN}},
}  # fmt: skip
COMPONENTS = {"artifact-store": STORE, "experiment-tracker": TRACKER}


def published(**stacks: dict) -> Published:
    def no_client(service: str):
        raise AssertionError(f"{service} is not to be asked: a secret's value is nobody's here")

    return Published("a test", no_client, stacks)


def test_a_shell_reads_the_dotenv_as_it_was_published(capsys) -> None:
    dotenv.export(published(Fraud=COMPONENTS), "Fraud")

    written = capsys.readouterr().out
    read = subprocess.run(["env", "-i", "bash", "-c", 'set -a; source /dev/stdin; env -0'], input=written, capture_output=True, text=True, check=True).stdout
    variables = dict(line.split("=", 1) for line in read.split("\0") if line)
    assert variables | STORE["variables"] | TRACKER["variables"] == variables
    assert variables["MLOPS_SECRET_MLFLOW_TRACKING_PASSWORD"] == f"{ARN}:password"
    assert variables["MLOPS_SECRET_MLFLOW_TOKEN"] == ARN


def test_a_variable_that_two_components_share_stands_once() -> None:
    registry = TRACKER | {"provider": "mlflow-registry", "variables": {"MLFLOW_TRACKING_URI": "https://mlflow.acme.dev"}}

    lines = list(dotenv.lines(published(Fraud=COMPONENTS | {"model-registry": registry}), "Fraud"))

    assert sum(line.startswith("MLFLOW_TRACKING_URI=") for line in lines) == 1
    assert sum(line.startswith("MLOPS_SECRET_MLFLOW_TOKEN=") for line in lines) == 1


def test_a_variable_that_two_components_set_apart_is_refused() -> None:
    registry = TRACKER | {"variables": {"MLFLOW_TRACKING_URI": "https://other.acme.dev"}}

    with pytest.raises(Failure, match="'MLFLOW_TRACKING_URI' is 'https://mlflow.acme.dev' for experiment-tracker and 'https://other.acme.dev' for model-registry"):
        merged.variables(COMPONENTS | {"model-registry": registry})


def test_bindings_name_type_provider_and_uri_and_refer_to_secrets() -> None:
    store, tracker = service_binding.manifests(COMPONENTS, "Fraud_prod")

    assert (store["kind"], store["metadata"]["name"], store["type"]) == ("Secret", "fraud-prod-artifact-store", "servicebinding.io/artifact-store")
    assert store["stringData"] == {"type": "artifact-store", "provider": "s3", "uri": "s3://acme", "MLOPS_ARTIFACT_STORE": "s3://acme"}
    assert (tracker["kind"], tracker["metadata"]["name"]) == ("ExternalSecret", "fraud-prod-experiment-tracker")
    template = tracker["spec"]["target"]["template"]
    assert (template["type"], template["mergePolicy"]) == ("servicebinding.io/experiment-tracker", "Merge")
    assert {name: template["data"][name] for name in ("type", "provider", "uri", "NOTE")} == {
        "type": "experiment-tracker", "provider": "mlflow", "uri": "https://mlflow.acme.dev", "NOTE": '{{ "{{" }} .key }}',
    }  # fmt: skip
    assert tracker["spec"]["data"] == [
        {"secretKey": "MLFLOW_TRACKING_PASSWORD", "remoteRef": {"key": ARN, "property": "password"}},
        {"secretKey": "MLFLOW_TOKEN", "remoteRef": {"key": ARN}},
    ]


def test_the_manifests_are_a_stream_of_documents(capsys) -> None:
    service_binding.export(published(Fraud=COMPONENTS), "Fraud")

    documents = capsys.readouterr().out.split("---\n")[1:]
    assert [json.loads(document)["apiVersion"] for document in documents] == ["v1", "external-secrets.io/v1"]


def test_one_of_several_stacks_is_to_be_named(monkeypatch) -> None:
    monkeypatch.setattr(Published, "read", lambda *_: published(Blue=COMPONENTS, Green=COMPONENTS))

    with pytest.raises(Failure, match=r"'--stack' must name one of the stacks that are deployed \(Blue, Green\), got none"):
        export.run(None, "env", None, False)
