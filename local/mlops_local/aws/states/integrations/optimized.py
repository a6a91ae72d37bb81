"""The integrations with names of their own: `sns:publish`, `sqs:sendMessage`, `dynamodb:*`, `events:putEvents`.

They use the API's own member names and the error names of the first Java SDK, as on AWS.
"""

import json
from dataclasses import dataclass
from typing import Any

from mlops_local import sdk_names
from mlops_local.aws.states.errors import RUNTIME, StateError
from mlops_local.aws.states.integrations import api_call
from mlops_local.aws.states.integrations.task import Task


@dataclass(frozen=True)
class Service:
    """A service's optimized actions; `json_fields` are strings in the API that a state may give as JSON."""

    botocore: str
    error_prefix: str
    actions: tuple[str, ...]
    json_fields: tuple[str, ...] = ()


SERVICES = {
    "sns": Service("sns", "SNS", ("publish",), ("Message",)),
    "sqs": Service("sqs", "SQS", ("sendMessage",), ("MessageBody",)),
    "dynamodb": Service("dynamodb", "DynamoDB", ("getItem", "putItem", "updateItem", "deleteItem")),
    "events": Service("events", "EventBridge", ("putEvents",), ("Detail",)),
}


def perform(task: Task) -> dict:
    service = SERVICES.get(task.service)
    if service is None or task.operation not in service.actions:
        raise StateError(RUNTIME, f"{task.resource} is not implemented by the local target; "
                                  "the aws-sdk integration of the same API is")
    operation = sdk_names.operation_name(service.botocore, task.operation)
    arguments = _as_text(task.arguments, service.json_fields)
    parameters = api_call.request(task, service.botocore, operation, arguments, str)
    try:
        answer = api_call.call(task, service.botocore, operation, parameters)
    except api_call.ApiFailure as failure:
        raise error(service.botocore, service.error_prefix, failure) from failure
    if answer.get("FailedEntryCount"):
        raise StateError(f"{service.error_prefix}.FailedEntry", json.dumps(answer["Entries"]))
    result = api_call.response(service.botocore, operation, answer, str)
    return {**result, "SdkHttpMetadata": {"HttpStatusCode": 200}}


def error(service: str, prefix: str, failure: api_call.ApiFailure) -> StateError:
    """`DynamoDB.ConditionalCheckFailedException`; `DynamoDB.AmazonDynamoDBException` when no model lists the error."""
    name = sdk_names.exception_name(service, failure.code)
    if name == f"{sdk_names.service_class(service)}Exception":
        name = f"Amazon{prefix}Exception"
    cause = (f"{failure.message} (Service: Amazon{prefix}; Status Code: {failure.status}; "
             f"Error Code: {failure.code}; Request ID: {failure.request_id}; Proxy: null)")
    return StateError(f"{prefix}.{name}", cause)


def _as_text(value: Any, fields: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_as_text(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: json.dumps(item) if name in fields and not isinstance(item, str) else _as_text(item, fields)
            for name, item in value.items()}
