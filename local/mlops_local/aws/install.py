"""Registers and patches everything, in order, once per process."""

import json
from dataclasses import dataclass

from mlops_local.aws import decisions, faults, hooks, resources, sagemaker_service
from mlops_local.aws.alarms import evaluation
from mlops_local.aws.patches import PATCHES
from mlops_local.aws.states import executions
from mlops_local.botocore_session import LOADER
from mlops_local.sagemaker import api
from mlops_local.settings import Settings


@dataclass(frozen=True)
class Services:
    """What the launcher calls when the target has started and before it stops."""

    def resume(self) -> None:
        api.resume()
        evaluation.watch()
        executions.resume()

    def stop(self) -> None:
        executions.stop_all()
        api.shutdown()


def install(settings: Settings) -> Services:
    """Checks every hook, then applies every patch."""
    hooks.check()
    write_sts_endpoint_rules(settings)
    sagemaker_service.register()
    resources.register()
    for patch in PATCHES:
        patch.apply()
    decisions.apply()
    faults.apply()
    return Services()


def write_sts_endpoint_rules(settings: Settings) -> None:
    """Both SageMaker SDKs name https://sts.<region>.amazonaws.com and ignore AWS_ENDPOINT_URL.

    botocore reads endpoint rules from AWS_DATA_PATH first: one rule there sends every STS call to this target.
    """
    name = "sts/2011-06-15/endpoint-rule-set-1"
    rules = {
        "version": "1.0",
        "parameters": LOADER.load_data(name)["parameters"],
        "rules": [{
            "type": "endpoint",
            "conditions": [],
            "endpoint": {"url": settings.endpoint, "properties": {}, "headers": {}},
        }],
    }
    path = settings.aws_data_path / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rules))
