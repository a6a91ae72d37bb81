"""Calls an AWS API of this target as the state machine's role, over HTTP, as Step Functions does on AWS.

So IAM, condition keys and error codes are those that any other caller meets.
"""

import contextvars
import datetime
import functools
import json
import os
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ParamValidationError
from botocore.model import Shape
from ministack.core.responses import get_region

from mlops_local import sdk_names
from mlops_local.aws import auth
from mlops_local.aws.states.errors import RUNTIME, StateError
from mlops_local.aws.states.integrations.task import Task
from mlops_local.botocore_session import new_session

READ_TIMEOUT_SECONDS = 70
Naming = Callable[[str], str]

_caller: contextvars.ContextVar[ReadOnlyCredentials] = contextvars.ContextVar("mlops_caller")


class ApiFailure(Exception):
    """An API's error: its code, and the message with what the SDK appends to it."""

    def __init__(self, code: str, message: str, status: int, request_id: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id


class _CallerCredentials(Credentials):
    """One client per service serves every role: the credentials are the calling context's."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _caller.get()


def request(task: Task, service: str, operation: str, arguments: Any, naming: Naming) -> dict:
    """The request of an operation from a state's arguments, by the operation's own input shape."""
    shape = sdk_names.service_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    if not isinstance(arguments, dict):
        raise StateError(RUNTIME, f"The arguments of '{task.resource}' must be an object")
    return _to_wire(shape, arguments, naming, task.resource)


def call(task: Task, service: str, operation: str, parameters: dict) -> dict:
    """Performs the operation as the state machine's role; raises ApiFailure."""
    client = _client(service, get_region())
    token = _caller.set(_credentials(task.role_arn))
    try:
        answer = client._make_api_call(operation, parameters)
    except ClientError as error:
        details = error.response["Error"]
        metadata = error.response.get("ResponseMetadata", {})
        raise ApiFailure(details.get("Code", "Unknown"), details.get("Message", ""),
                         metadata.get("HTTPStatusCode", 400), metadata.get("RequestId", "")) from error
    except ParamValidationError as error:
        raise ApiFailure("ValidationException", str(error), 400, "") from error
    except (EndpointConnectionError, ConnectionClosedError) as error:
        raise StateError(RUNTIME, f"the local target does not answer: {error}") from error
    finally:
        _caller.reset(token)
    answer.pop("ResponseMetadata", None)
    return answer


def response(service: str, operation: str, answer: dict, naming: Naming) -> dict:
    """An answer as JSON: names by `naming`, blobs as text, times as ISO strings."""
    shape = sdk_names.service_model(service).operation_model(operation).output_shape
    return {} if shape is None else _to_json(shape, answer, naming)


def _credentials(role_arn: str) -> ReadOnlyCredentials:
    session = auth.service_credentials(role_arn)
    return ReadOnlyCredentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


@functools.cache
def _client(service: str, region: str) -> Any:
    session = new_session()
    session._credentials = _CallerCredentials()
    config = Config(retries={"total_max_attempts": 1}, read_timeout=READ_TIMEOUT_SECONDS, max_pool_connections=64,
                    s3={"addressing_style": "path"})
    return session.create_client(service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                                 config=config)


def _to_wire(shape: Shape, value: Any, naming: Naming, resource: str) -> Any:
    if value is None:
        return None
    convert = _TO_WIRE.get(shape.type_name)
    return convert(shape, value, naming, resource) if convert else value


def _structure_to_wire(shape: Shape, value: Any, naming: Naming, resource: str) -> Any:
    if not isinstance(value, dict):
        raise StateError(RUNTIME, f"'{shape.name}' of '{resource}' must be an object, got {json.dumps(value)}")
    names = {naming(member): member for member in shape.members} | {member: member for member in shape.members}
    unknown = [name for name in value if name not in names]
    if unknown:
        raise StateError(RUNTIME, f"The field '{unknown[0]}' is not supported by Step Functions for '{resource}'")
    return {names[name]: _to_wire(shape.members[names[name]], item, naming, resource)
            for name, item in value.items() if item is not None}


def _list_to_wire(shape: Shape, value: Any, naming: Naming, resource: str) -> Any:
    if not isinstance(value, list):
        raise StateError(RUNTIME, f"'{shape.name}' of '{resource}' must be an array, got {json.dumps(value)}")
    return [_to_wire(shape.member, item, naming, resource) for item in value]


def _map_to_wire(shape: Shape, value: Any, naming: Naming, resource: str) -> Any:
    if not isinstance(value, dict):
        raise StateError(RUNTIME, f"'{shape.name}' of '{resource}' must be an object, got {json.dumps(value)}")
    return {key: _to_wire(shape.value, item, naming, resource) for key, item in value.items()}


def _integer_to_wire(_shape: Shape, value: Any, _naming: Naming, _resource: str) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _float_to_wire(_shape: Shape, value: Any, _naming: Naming, _resource: str) -> Any:
    return value


def _blob_to_wire(_shape: Shape, value: Any, _naming: Naming, _resource: str) -> Any:
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def _string_to_wire(shape: Shape, value: Any, _naming: Naming, resource: str) -> Any:
    if not isinstance(value, str):
        raise StateError(RUNTIME, f"'{shape.name}' of '{resource}' must be a string, got {json.dumps(value)}")
    return value


_TO_WIRE = {
    "structure": _structure_to_wire,
    "list": _list_to_wire,
    "map": _map_to_wire,
    "integer": _integer_to_wire,
    "long": _integer_to_wire,
    "float": _float_to_wire,
    "blob": _blob_to_wire,
    "string": _string_to_wire,
}


def _to_json(shape: Shape, value: Any, naming: Naming) -> Any:
    convert = _TO_JSON.get(shape.type_name)
    return convert(shape, value, naming) if convert else value


def _structure_to_json(shape: Shape, value: dict, naming: Naming) -> dict:
    return {naming(name): _to_json(shape.members[name], item, naming) for name, item in value.items()
            if name in shape.members}


def _list_to_json(shape: Shape, value: list, naming: Naming) -> list:
    return [_to_json(shape.member, item, naming) for item in value]


def _map_to_json(shape: Shape, value: dict, naming: Naming) -> dict:
    return {key: _to_json(shape.value, item, naming) for key, item in value.items()}


def _blob_to_json(shape: Shape, value: Any, _naming: Naming) -> str:
    content = value.read() if hasattr(value, "read") else value
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise StateError(RUNTIME, f"The result '{shape.name}' is not UTF-8 text, which Step Functions cannot hold") \
            from None


def _timestamp_to_json(_shape: Shape, value: Any, _naming: Naming) -> Any:
    if not isinstance(value, datetime.datetime):
        return value
    moment = value.astimezone(datetime.timezone.utc)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _string_to_json(_shape: Shape, value: Any, _naming: Naming) -> Any:
    return value if isinstance(value, str) else json.loads(json.dumps(value))


_TO_JSON = {
    "structure": _structure_to_json,
    "list": _list_to_json,
    "map": _map_to_json,
    "blob": _blob_to_json,
    "timestamp": _timestamp_to_json,
    "string": _string_to_json,
}
