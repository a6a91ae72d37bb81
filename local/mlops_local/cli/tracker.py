"""Where a browser finds the runs that a stack has tracked."""

import json
import urllib.parse
import urllib.request

from mlops_local.cli import client_environment
from mlops_local.settings import Settings


def page(settings: Settings, published: dict) -> str:
    """The page with the runs of an MLflow app's experiment; another tracker is its address."""
    address = published["address"]
    if not address.startswith("arn:"):
        return address
    sagemaker = client_environment.client(settings, "sagemaker")
    url = sagemaker.create_presigned_mlflow_app_url(Arn=address)["AuthorizedUrl"].rstrip("/")
    name = published["variables"].get("MLFLOW_EXPERIMENT_NAME", "Default")
    return f"{url}/#/experiments/{_experiment_id(url, name)}/runs?workflowType=machine_learning"


def _experiment_id(url: str, name: str) -> str:
    query = urllib.parse.urlencode({"experiment_name": name})
    with urllib.request.urlopen(f"{url}/api/2.0/mlflow/experiments/get-by-name?{query}", timeout=30) as answer:
        return json.load(answer)["experiment"]["experiment_id"]
