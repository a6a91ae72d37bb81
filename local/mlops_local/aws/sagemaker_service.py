"""Registers SageMaker with MiniStack's router, state and IAM, under the names that clients sign with.

SageMaker Runtime signs as `sagemaker` too; the MLflow plugin signs as `sagemaker` (apps) or `sagemaker-mlflow`
(tracking servers).
"""

import ministack.app
from ministack.core import iam_actions, router

from mlops_local.sagemaker import api


def register() -> None:
    _register("sagemaker", target_prefixes=["SageMaker."], host_patterns=[r"sagemaker\."])
    _register("sagemaker-mlflow", target_prefixes=[], host_patterns=[])
    ministack.app._loaded_modules["sagemaker"] = api
    ministack.app._state_map["sagemaker"] = "sagemaker"


def _register(name: str, **patterns: list) -> None:
    ministack.app.SERVICE_REGISTRY[name] = {"module": "sagemaker"}
    ministack.app.SERVICE_HANDLERS[name] = api.handle_request
    router.SERVICE_PATTERNS[name] = patterns
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
