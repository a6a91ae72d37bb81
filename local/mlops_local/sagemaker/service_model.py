"""SageMaker's API as botocore describes it: the schema that requests are validated by and answers are shaped by."""

from __future__ import annotations

import functools
import re

from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from mlops_local.botocore_session import LOADER
from mlops_local.sagemaker.errors import invalid

try:
    import regex as patterns  # some of SageMaker's patterns use \p{...}, which `re` does not know
except ImportError:  # pragma: no cover - the target's own environment has it
    patterns = re

model = ServiceModel(LOADER.load_service_model("sagemaker", "service-2"), "sagemaker")
_validator = ParamValidator()


def check_request(operation: str, params: dict) -> None:
    """Refuse a request that AWS would refuse by its schema alone: types, enums, patterns, lengths and ranges."""
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return
    report = _validator.validate(params, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    problems = list(_violations(shape, params, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise invalid(count + "; ".join(problems))


def shape_answer(operation: str, answer: dict) -> dict:
    """Keep what the operation's output shape knows, and nothing else."""
    shape = model.operation_model(operation).output_shape
    return _shaped(shape, answer) if shape is not None else {}


def _violations(shape: Shape, value, path: str):
    yield from _CONSTRAINTS.get(shape.type_name, _scalar_violations)(shape, value, path)


def _structure_violations(shape: Shape, value: dict, path: str):
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], _join(path, name))


def _list_violations(shape: Shape, value: list, path: str):
    yield from _size_violations(shape, value, len(value), path, "length")
    for position, item in enumerate(value, 1):
        yield from _violations(shape.member, item, f"{path}.{position}.member")


def _map_violations(shape: Shape, value: dict, path: str):
    yield from _size_violations(shape, value, len(value), path, "length")
    for key, item in value.items():
        yield from _violations(shape.key, key, f"{path}.key")
        yield from _violations(shape.value, item, f"{path}.{key}.member")


def _string_violations(shape: Shape, value: str, path: str):
    if shape.enum and value not in shape.enum:
        yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _size_violations(shape, value, len(value), path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _scalar_violations(shape: Shape, value, path: str):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _size_violations(shape, value, value, path, "value")


def _size_violations(shape: Shape, value, size: float, path: str, what: str):
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and size < smallest:
        yield _problem(value, path, f"Member must have {what} greater than or equal to {smallest}")
    if largest is not None and size > largest:
        yield _problem(value, path, f"Member must have {what} less than or equal to {largest}")


_CONSTRAINTS = {
    "structure": _structure_violations,
    "list": _list_violations,
    "map": _map_violations,
    "string": _string_violations,
}


def _problem(value, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


@functools.cache
def _compiled(pattern: str):
    return patterns.compile(pattern)


def _shaped(shape: Shape, value):
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _shaped(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_shaped(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _shaped(shape.value, item) for key, item in value.items()}
    return value
