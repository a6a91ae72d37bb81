"""SageMaker as a service of the target: the control plane, InvokeEndpoint and the MLflow proxy behind one handler."""

from __future__ import annotations

import asyncio
import json
import re

from mlops_local.processes import supervisor
from mlops_local.sagemaker import (  # noqa: F401 - most of these modules are here to register their operations
    endpoint_configs,
    endpoints,
    mlflow,
    models,
    registry,
    store,
    tags,
    training,
)
from mlops_local.sagemaker.errors import ApiError, not_implemented
from mlops_local.sagemaker.operations import implemented
from mlops_local.sagemaker.service_model import check_request, model, shape_answer

__all__ = ["call", "get_state", "handle_request", "load_persisted_state", "model", "reset", "resume", "shutdown"]

JSON = "application/x-amz-json-1.1"
_INVOCATIONS = re.compile(r"/endpoints/([^/]+)/invocations")

get_state = store.get_state
load_persisted_state = store.load_persisted_state


def call(operation: str, params: dict) -> dict:
    """Perform one operation in the caller's account and region, as the API would."""
    if operation not in implemented:
        raise not_implemented(operation)
    check_request(operation, params)
    return shape_answer(operation, implemented[operation](params))


async def handle_request(method: str, path: str, headers: dict, body: bytes, query: dict) -> tuple[int, dict, bytes]:
    """MiniStack's entry: everything that is signed for SageMaker or SageMaker Runtime."""
    try:
        mlflow_arn = mlflow.arn_in(headers)
        if mlflow_arn:
            return await mlflow.proxy(mlflow_arn, method, path, headers, body, query)
        invocation = _INVOCATIONS.fullmatch(path)
        if invocation:
            return await endpoints.invoke_http(invocation[1], headers, body)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        answer = await asyncio.to_thread(call, operation, _parse(body))
        return 200, {"Content-Type": JSON}, json.dumps(answer).encode()
    except ApiError as error:
        content = {"__type": error.code, "message": error.message, "Message": error.message, **error.extra}
        return error.status, {"Content-Type": JSON, "x-amzn-errortype": error.code}, json.dumps(content).encode()


def _parse(body: bytes) -> dict:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        raise ApiError("SerializationException", "the request's body is not JSON") from None


def resume() -> None:
    """After a start: reap what a killed target left, fail what died with it, start what must be running."""
    supervisor.reap_orphans()
    training.resume()
    mlflow.resume()
    endpoints.resume()


def shutdown() -> None:
    """Stop every process, and write what is still buffered."""
    endpoints.shutdown()
    training.shutdown()
    mlflow.shutdown()
    supervisor.close()


def reset() -> None:
    """Stop every process and forget everything."""
    shutdown()
    store.clear()
    supervisor.reopen()
