"""The table of implemented operations; modules add theirs with the `operation` decorator."""

from __future__ import annotations

from collections.abc import Callable

from mlops_local.sagemaker.service_model import model

Operation = Callable[[dict], dict]
implemented: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register a function as the implementation of an operation of SageMaker's API."""
    if name not in model.operation_names:
        raise ValueError(f"SageMaker's API has no operation {name}")

    def register(function: Operation) -> Operation:
        implemented[name] = function
        return function

    return register
