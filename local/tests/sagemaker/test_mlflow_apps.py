"""An MLflow app is a real MLflow server."""

import json
import time
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from sagemaker_platform import Platform, unique


def call(address: str, path: str, body: dict, headers: dict | None = None) -> dict:
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def call_by_arn(platform: Platform, arn: str, path: str, body: dict) -> dict:
    """As the sagemaker-mlflow plugin calls: the app's ARN in a header, signed for SageMaker."""
    address = platform.target.endpoint
    request = AWSRequest("POST", f"{address}/api/2.0/mlflow/{path}", data=json.dumps(body),
                         headers={"Content-Type": "application/json", "x-sm-mlflow-app-arn": arn})
    SigV4Auth(Credentials("test", "test"), "sagemaker", "us-east-1").add_auth(request)
    return call(address, path, body, dict(request.headers))


@pytest.fixture(scope="module")
def app(platform: Platform) -> str:
    arn = platform.sagemaker.create_mlflow_app(Name=unique("app"), RoleArn=platform.role,
                                               ArtifactStoreUri=f"s3://{platform.bucket}/mlflow")["Arn"]
    while platform.sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Creating":
        time.sleep(0.2)
    assert platform.sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Created"
    return arn


def test_a_run_logged_by_arn_is_seen_in_the_browser(platform: Platform, app: str) -> None:
    created = call_by_arn(platform, app, "experiments/create", {"name": unique("experiment")})
    run = call_by_arn(platform, app, "runs/create", {"experiment_id": created["experiment_id"]})["run"]["info"]
    call_by_arn(platform, app, "runs/log-metric", {"run_id": run["run_id"], "key": "accuracy", "value": 0.9,
                                                  "timestamp": 1})
    assert run["artifact_uri"].startswith(f"s3://{platform.bucket}/mlflow/")
    address = platform.sagemaker.create_presigned_mlflow_app_url(Arn=app)["AuthorizedUrl"]
    found = call(address, "runs/search", {"experiment_ids": [created["experiment_id"]]})["runs"]
    assert [(metric["key"], metric["value"]) for metric in found[0]["data"]["metrics"]] == [("accuracy", 0.9)]


def test_apps_are_listed_updated_and_deleted(platform: Platform) -> None:
    name = unique("app")
    arn = platform.sagemaker.create_mlflow_app(Name=name, RoleArn=platform.role,
                                               ArtifactStoreUri=f"s3://{platform.bucket}/other")["Arn"]
    assert arn in [app["Arn"] for app in platform.sagemaker.list_mlflow_apps()["Summaries"]]
    while platform.sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Creating":
        time.sleep(0.2)
    platform.sagemaker.update_mlflow_app(Arn=arn, ModelRegistrationMode="AutoModelRegistrationEnabled")
    assert platform.sagemaker.describe_mlflow_app(Arn=arn)["ModelRegistrationMode"] == "AutoModelRegistrationEnabled"
    platform.sagemaker.delete_mlflow_app(Arn=arn)
    with pytest.raises(ClientError) as gone:
        platform.sagemaker.describe_mlflow_app(Arn=arn)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"
