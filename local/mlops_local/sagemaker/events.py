"""The events that SageMaker puts on the default bus when a resource changes its state."""

from __future__ import annotations


def emit(detail_type: str, detail: dict, resource_arn: str) -> None:
    """Put one event of source aws.sagemaker; call it after the state is saved."""
    from mlops_local.aws import events as bus

    bus.emit(detail_type, {key: value for key, value in detail.items() if value is not None}, [resource_arn])


def milliseconds(epoch_seconds: float | None) -> int | None:
    """SageMaker's events carry times as epoch milliseconds."""
    return None if epoch_seconds is None else int(epoch_seconds * 1000)
