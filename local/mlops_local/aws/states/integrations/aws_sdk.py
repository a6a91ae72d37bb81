"""`arn:aws:states:::aws-sdk:<service>:<action>`: any operation of any API that this target answers.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from mlops_local import sdk_names
from mlops_local.aws.states.errors import RUNTIME, StateError
from mlops_local.aws.states.integrations import api_call
from mlops_local.aws.states.integrations.task import Task


def perform(task: Task) -> dict:
    service = sdk_names.botocore_service(task.service)
    operation = sdk_names.operation_name(service, task.operation) if service else None
    if operation is None:
        raise StateError(RUNTIME, f"The resource '{task.resource}' is not an operation of the AWS SDK")
    parameters = api_call.request(task, service, operation, task.arguments, sdk_names.member_name)
    try:
        answer = api_call.call(task, service, operation, parameters)
    except api_call.ApiFailure as failure:
        raise sdk_error(service, failure) from failure
    return api_call.response(service, operation, answer, sdk_names.member_name)


def sdk_error(service: str, failure: api_call.ApiFailure) -> StateError:
    """`SageMaker.ResourceNotFoundException`; an error that the API's model does not list is the service's own."""
    prefix = sdk_names.service_class(service)
    cause = (f"{failure.message} (Service: {prefix}, Status Code: {failure.status}, "
             f"Request ID: {failure.request_id})")
    return StateError(f"{prefix}.{sdk_names.exception_name(service, failure.code)}", cause)
