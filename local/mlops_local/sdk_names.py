"""The names that Step Functions uses for services, operations, members and errors: those of AWS's Java SDK 2.

The SDK's code generator derives them from the service models (software.amazon.awssdk.codegen.internal.Utils and
DefaultNamingStrategy); Step Functions writes members with a capital letter.
"""

import functools
import re

from botocore.model import ServiceModel, Shape

from mlops_local.botocore_session import new_session

# Where the Java SDK's module is not botocore's name without hyphens.
BOTOCORE_NAMES = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "elasticloadbalancingv2": "elbv2",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "servicediscovery": "servicediscovery",
}

# Members that the SDK renames by hand: `null` is no name in Java.
MEMBER_NAMES = {"NULL": "Nul"}

_session = new_session()


@functools.cache
def botocore_service(name: str) -> str | None:
    """botocore's name of a service as it stands in `aws-sdk:<name>:`."""
    known = _session.get_available_services()
    if BOTOCORE_NAMES.get(name) in known:
        return BOTOCORE_NAMES[name]
    return next((service for service in known if service.replace("-", "") == name), None)


@functools.cache
def service_model(service: str) -> ServiceModel:
    return _session.get_service_model(service)


@functools.cache
def operation_name(service: str, action: str) -> str | None:
    """The API's operation of an action such as `describeTrainingJob`."""
    return next((name for name in service_model(service).operation_names if _uncapitalized(name) == action), None)


@functools.cache
def member_name(name: str) -> str:
    """`KMSKeyId` is `KmsKeyId`, `ETag` stays `ETag`."""
    lowered = MEMBER_NAMES.get(name) or _uncapitalized(name)
    return lowered[0].upper() + lowered[1:]


@functools.cache
def service_class(service: str) -> str:
    """`DynamoDb` of the service id `DynamoDB`: the prefix of the SDK integration's errors."""
    return _pascal_case(service_model(service).metadata["serviceId"])


def exception_name(service: str, code: str) -> str:
    """A modelled error keeps its name, with the suffix that Java gives it; any other is the service's own."""
    shape = _error_shape(service, code)
    if shape is None:
        return f"{service_class(service)}Exception"
    name = shape.name.removesuffix("Fault")
    return _pascal_case(name) if name.endswith("Exception") else f"{_pascal_case(name)}Exception"


def _error_shape(service: str, code: str) -> Shape | None:
    for shape in service_model(service).error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return shape
    return None


def _uncapitalized(name: str) -> str:
    """Lowers the leading capital, or all of a leading acronym but the capital that begins the next word."""
    end = 1
    while end < len(name) and name[end].isupper() and not (end + 1 < len(name) and name[end + 1].islower()):
        end += 1
    return name[:end].lower() + name[end:]


def _pascal_case(name: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z0-9]*|[a-z0-9]+", name)
    return "".join(word[0].upper() + word[1:].lower() for word in words)
