"""IAM for SageMaker: which action and resource a request is, and what a create also needs.

MiniStack knows the names of SageMaker's actions from the X-Amz-Target header, but no resource, no runtime and no
MLflow. A create that names a role needs iam:PassRole, a create with tags needs sagemaker:AddTags, and some creates
are authorized on two resources.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

import json
import re
import uuid
from collections.abc import Callable

import ministack.app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region

SERVICES = ("sagemaker", "sagemaker-mlflow")
PRINCIPAL = "sagemaker.amazonaws.com"
ROLE_MEMBERS = ("RoleArn", "ExecutionRoleArn")
INVOCATION = re.compile(r"/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)")
INVOKE_ACTIONS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
APP_HEADER = "x-sm-mlflow-app-arn"
SERVER_HEADER = "x-mlflow-sm-tracking-server-arn"
VERB = re.compile(r"^(BatchDescribe|Create|Describe|Update|Delete|Stop|Start)(.+)$")


def apply() -> None:
    find_action, find_resource = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def extract_iam_action(service, method, path, headers, body, query_params):
        if service not in SERVICES:
            return find_action(service, method, path, headers, body, query_params)
        return action_of(path, headers)

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service not in SERVICES:
            return find_resource(service, method, path, headers, body, query_params, region, account_id)
        return resource_of(path, headers, body)

    iam_actions.extract_iam_action = extract_iam_action
    iam_actions.extract_resource_arn = extract_resource_arn
    ministack.app.SERVICE_HANDLERS["sagemaker"] = _checked(ministack.app.SERVICE_HANDLERS["sagemaker"])


def action_of(path: str, headers: dict) -> str | None:
    if APP_HEADER in headers:
        return "sagemaker:CallMlflowAppApi"
    if SERVER_HEADER in headers:
        return "sagemaker-mlflow:AccessUI"
    invocation = INVOCATION.fullmatch(path)
    if invocation:
        return f"sagemaker:{INVOKE_ACTIONS[invocation[2]]}"
    operation = _operation(headers)
    return f"sagemaker:{operation}" if operation else None


def resource_of(path: str, headers: dict, body: bytes) -> str:
    for header in (APP_HEADER, SERVER_HEADER):
        if header in headers:
            return headers[header]
    invocation = INVOCATION.fullmatch(path)
    if invocation:
        return _arn("endpoint", invocation[1])
    return operation_resource(_operation(headers), _parse(body))


def operation_resource(operation: str, request: dict) -> str:
    """The ARN that an operation is authorized on; `*` where the API has no resource, as for most lists."""
    special = SPECIAL_RESOURCES.get(operation)
    if special:
        return special(request)
    if "ResourceArn" in request:
        return str(request["ResourceArn"])
    match = VERB.match(operation)
    if match is None:
        return "*"
    noun = match[2]
    for member in (f"{noun}Arn", "Arn", f"{noun}Name"):
        value = request.get(member)
        if value:
            return value if str(value).startswith("arn:") else _arn(_resource_type(noun), value)
    return _arn(_resource_type(noun), "*") if match[1] == "Create" else "*"


def _created_version(request: dict) -> str:
    group = request.get("ModelPackageGroupName")
    if group:
        return _arn("model-package", f"{str(group).rsplit('/', 1)[-1]}/*")
    return _arn("model-package", request.get("ModelPackageName", "*"))


def _group(request: dict) -> str:
    group = request.get("ModelPackageGroupName")
    return _arn("model-package-group", str(group).rsplit("/", 1)[-1]) if group else "*"


SPECIAL_RESOURCES: dict[str, Callable[[dict], str]] = {
    "CreateModelPackage": _created_version,
    "ListModelPackages": _group,
    "UpdateEndpointWeightsAndCapacities": lambda request: _arn("endpoint", request.get("EndpointName", "*")),
}


SECOND_RESOURCES: dict[str, Callable[[dict], str]] = {
    "CreateEndpoint": lambda request: _arn("endpoint-config", request.get("EndpointConfigName", "*")),
    "CreateModelPackage": _group,
    "UpdateEndpoint": lambda request: _arn("endpoint-config", request.get("EndpointConfigName", "*")),
}


def _checked(handle: Callable) -> Callable:
    async def handle_request(method, path, headers, body, query_params):
        denied = _denied_create(headers, body, query_params)
        return denied or await handle(method, path, headers, body, query_params)

    return handle_request


def _denied_create(headers: dict, body: bytes, query_params: dict) -> tuple | None:
    operation = _operation(headers)
    if not operation.startswith(("Create", "Update")):
        return None
    request = _parse(body)
    needs = [("iam:PassRole", request[member], {"iam:PassedToService": PRINCIPAL})
             for member in ROLE_MEMBERS if request.get(member)]
    if operation in SECOND_RESOURCES:
        needs.append((f"sagemaker:{operation}", SECOND_RESOURCES[operation](request), {}))
    if request.get("Tags"):
        needs.append(("sagemaker:AddTags", operation_resource(operation, request), {}))
    access_key = router.extract_access_key_id(headers, query_params)
    for action, resource, context in needs:
        service = action.split(":")[0]
        denied = iam_evaluator.enforce(access_key, action, service, get_region(), resource_arn=resource,
                                       service_context=context)
        if isinstance(denied, iam_evaluator.EvalResult):
            return iam_actions.access_denied_response(
                "sagemaker", action, denied.principal_arn, str(uuid.uuid4()), headers=headers, resource_arn=resource,
                explicit_deny=denied.decision == "Deny")
    return None


def _operation(headers: dict) -> str:
    return headers.get("x-amz-target", "").rpartition(".")[2]


def _parse(body: bytes) -> dict:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _resource_type(noun: str) -> str:
    """`TrainingJob` is `training-job`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", noun).lower()


def _arn(resource_type: str, name: object) -> str:
    return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:{resource_type}/{name}"
