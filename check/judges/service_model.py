"""Holds the requests of a state machine's tasks against botocore's service models. Requests come in on standard input,
findings go out on standard output, both as JSON. An expression (`{% ... %}`) stands for a value of any kind."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

from botocore.model import Shape

from mlops_local.sdk_names import botocore_service, member_name, operation_name, service_model

# Both kinds of integration take the API's own request; `http:invoke` calls no AWS API.
RESOURCE = re.compile(r"^arn:[^:]+:states:::(?P<sdk>aws-sdk:)?(?P<service>\w+):(?P<action>\w+)(?:\.\w+)?$")
OPTIMIZED_NAMES = {"states": "stepfunctions"}
KINDS = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "blob": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (str, int, float),
}


def main() -> None:
    findings = [
        {"index": index, "rule": "InvalidRequest", "message": message}
        for index, request in enumerate(json.load(sys.stdin))
        for message in request_problems(request["resource"], request["arguments"])
    ]
    json.dump(findings, sys.stdout)


def request_problems(resource: str, arguments: dict) -> Iterator[str]:
    match = RESOURCE.match(resource)
    if match is None or match["service"] == "http":
        return
    service = OPTIMIZED_NAMES.get(match["service"]) or botocore_service(match["service"])
    operation = service and operation_name(service, match["action"])
    if not operation:
        yield f"{resource} is no operation of AWS"
        return
    shape = service_model(service).operation_model(operation).input_shape
    if shape is not None:
        yield from problems(shape, arguments, operation, optimized=match["sdk"] is None)


def problems(shape: Shape, value, path: str, optimized: bool) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("{%"):
        return
    # An optimized integration turns JSON into the string that the API takes.
    if optimized and shape.type_name == "string" and isinstance(value, (dict, list)):
        return
    if not isinstance(value, KINDS[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path} must be a {shape.type_name}, got {json.dumps(value)}"
    elif shape.type_name == "structure":
        yield from structure_problems(shape, value, path, optimized)
    elif shape.type_name == "list":
        yield from size_problems(shape, len(value), path)
        for index, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}[{index}]", optimized)
    elif shape.type_name == "map":
        yield from size_problems(shape, len(value), path)
        for key, item in value.items():
            yield from problems(shape.value, item, f"{path}.{key}", optimized)
    elif shape.type_name == "string":
        yield from string_problems(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from size_problems(shape, value, path)


def structure_problems(shape: Shape, value: dict, path: str, optimized: bool) -> Iterator[str]:
    members = {member_name(name): member for name, member in shape.members.items()}
    for name in value.keys() - members.keys():
        yield f"{path}.{name} is unknown: it must be one of {', '.join(members)}"
    for name in shape.required_members:
        # An idempotency token that is left out is made up by the SDK.
        if member_name(name) not in value and not shape.members[name].metadata.get("idempotencyToken"):
            yield f"{path}.{member_name(name)} is missing"
    for name in value.keys() & members.keys():
        yield from problems(members[name], value[name], f"{path}.{name}", optimized)


def string_problems(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} must be one of {', '.join(shape.enum)}, got '{value}'"
    yield from size_problems(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        yield f"{path} must match {pattern}, got '{value}'"


def size_problems(shape: Shape, size: float, path: str) -> Iterator[str]:
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and size < smallest:
        yield f"{path} must be at least {smallest}, got {size}"
    if largest is not None and size > largest:
        yield f"{path} must be at most {largest}, got {size}"


def matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # what Java's patterns know and Python's do not
        return True


if __name__ == "__main__":
    main()
