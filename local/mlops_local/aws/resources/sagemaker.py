"""AWS::SageMaker::*: one handler for every type whose Create operation SageMaker's API has.

What a type is comes from CloudFormation's registry schemas (`sagemaker_types.json`): `Ref` is its primary
identifier, `Fn::GetAtt` its read-only properties, a change of a create-only property replaces it. What its
operations take comes from botocore's service model. A type whose operation the target does not implement fails
with that operation's own error.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.model import Shape
from ministack.services.cloudformation import provisioners

from mlops_local.sagemaker.api import call, model
from mlops_local.sagemaker.errors import ApiError

PREFIX = "AWS::SageMaker::"
NAME_LENGTH = 63
STABILIZE_SECONDS = 1800
POLL_SECONDS = 0.1

NOT_FOUND_WORDS = ("could not find", "does not exist", "not found", "cannot find")
NOT_IMPLEMENTED = "UnknownOperationException"
BUSY = ("Pending", "InProgress")
UNUSABLE = ("Failed", "OutOfService")


def register() -> None:
    types = json.loads(Path(__file__).with_name("sagemaker_types.json").read_text())
    for name, facts in types.items():
        if f"Create{name}" not in model.operation_names:
            continue
        resource_type = ResourceType(name=name, **{key: tuple(values) for key, values in facts.items()})
        cloudformation_name = PREFIX + name
        provisioners._RESOURCE_HANDLERS[cloudformation_name] = {
            "create": resource_type.create,
            "update": resource_type.update,
            "delete": resource_type.delete,
        }
        provisioners._REPLACING_PROPERTIES[cloudformation_name] = resource_type.replacing
        if "Tags" in resource_type.properties:
            provisioners._STACK_TAG_PROPERTY[cloudformation_name] = ("Tags", "list")


@dataclass(frozen=True)
class ResourceType:
    """One AWS::SageMaker type; the fields are the facts of its schema."""

    name: str
    identifiers: tuple[str, ...]
    attributes: tuple[str, ...]
    replacing: tuple[str, ...]
    properties: tuple[str, ...]
    required: tuple[str, ...]

    def create(self, logical_id: str, properties: dict, stack_name: str) -> tuple[str, dict]:
        self._check(properties)
        request = self._request(f"Create{self.name}", properties)
        name_member = self._name_member()
        if name_member and name_member not in request:
            request[name_member] = provisioners._physical_name(stack_name, logical_id, max_len=NAME_LENGTH)
        answer = _call(f"Create{self.name}", request)
        known = {**request, **answer}
        physical_id = "|".join(str(known[name]) for name in self.identifiers)
        try:
            known.update(self._stabilized(physical_id))
        except Exception:
            self._forget(physical_id)
            raise
        return physical_id, self._attributes(known)

    def update(self, physical_id: str, old: dict, new: dict, stack_name: str) -> tuple[str, dict]:
        self._check(new)
        changed = {name for name in self.properties if old.get(name) != new.get(name)}
        operation = f"Update{self.name}"
        if changed - {"Tags"}:
            if operation not in model.operation_names:
                raise ValueError(f"{PREFIX}{self.name} cannot be updated: {', '.join(sorted(changed))} changed")
            request = {**self._request(operation, new), **self._identity(operation, physical_id)}
            _call(operation, request)
        known = {**new, **self._stabilized(physical_id)}
        if "Tags" in changed:
            _update_tags(self._arn(physical_id, known), old.get("Tags") or [], new.get("Tags") or [])
        return physical_id, self._attributes(known)

    def delete(self, physical_id: str, properties: dict) -> None:
        operation = f"Delete{self.name}"
        if operation not in model.operation_names:
            return
        try:
            call(operation, self._identity(operation, physical_id))
            self._wait(lambda: self._describe(physical_id) is None, physical_id)
        except ApiError as error:
            if not _means_not_found(error):
                raise _failure(operation, error) from error

    def _check(self, properties: dict) -> None:
        """What CloudFormation refuses by the schema, in its words."""
        unknown = sorted(set(properties) - set(self.properties) - {"ServiceToken", "ServiceTimeout"})
        missing = sorted(name for name in self.required if name not in properties)
        problems = [f"extraneous key [{name}] is not permitted" for name in unknown]
        problems += [f"required key [{name}] not found" for name in missing]
        if problems:
            raise ValueError(f"Properties validation failed for {PREFIX}{self.name}: {'; '.join(problems)}")

    def _request(self, operation: str, properties: dict) -> dict:
        return _coerced(model.operation_model(operation).input_shape, properties)

    def _name_member(self) -> str | None:
        members = model.operation_model(f"Create{self.name}").input_shape.members
        return next((name for name in (f"{self.name}Name", "Name") if name in members), None)

    def _identity(self, operation: str, physical_id: str) -> dict:
        """The members of a request that say which resource is meant."""
        shape = model.operation_model(operation).input_shape
        values = dict(zip(self.identifiers, physical_id.split("|"), strict=False))
        if len(self.identifiers) > 1:
            return {name: value for name, value in values.items() if name in shape.members}
        member = next(iter(shape.required_members), None) or next(iter(shape.members))
        if member in values or member.endswith("Arn") or self.name == "ModelPackage":
            return {member: physical_id}
        return {member: physical_id.rsplit("/", 1)[-1]}

    def _describe(self, physical_id: str) -> dict | None:
        """What Describe answers: None when there is no such resource, nothing when the type has no Describe."""
        operation = f"Describe{self.name}"
        if operation not in model.operation_names:
            return {}
        try:
            return call(operation, self._identity(operation, physical_id))
        except ApiError as error:
            if error.code == NOT_IMPLEMENTED:
                return {}
            if _means_not_found(error):
                return None
            raise

    def _stabilized(self, physical_id: str) -> dict:
        """Waits until the resource is usable; raises with its FailureReason when it never becomes so."""
        seen: dict[str, Any] = {}

        def settled() -> bool:
            seen.clear()
            seen.update(self._describe(physical_id) or {})
            status = self._status(seen)
            return not (status.endswith("ing") or status in BUSY)

        self._wait(settled, physical_id)
        status = self._status(seen)
        if status.endswith("Failed") or status in UNUSABLE:
            raise ValueError(f"{PREFIX}{self.name} {physical_id} is {status}: {seen.get('FailureReason', 'no reason')}")
        return seen

    def _status(self, described: dict) -> str:
        return str(described.get(f"{self.name}Status") or described.get("Status") or "")

    def _wait(self, done: Callable[[], bool], physical_id: str) -> None:
        deadline = time.monotonic() + STABILIZE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise ValueError(f"{PREFIX}{self.name} {physical_id} did not stabilize in {STABILIZE_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def _forget(self, physical_id: str) -> None:
        """A create that failed late leaves nothing behind."""
        try:
            call(f"Delete{self.name}", self._identity(f"Delete{self.name}", physical_id))
        except ApiError:
            pass

    def _attributes(self, known: dict) -> dict:
        names = [*self.attributes, *self.identifiers]
        # The documented return values also hold the resource's name, which the schema does not list.
        names += [name for name in (f"{self.name}Name", "Name") if name in known]
        found = {name: _lookup(known, name) for name in names}
        return {name: value if isinstance(value, str) else json.dumps(value, default=str)
                for name, value in found.items() if value is not None}

    def _arn(self, physical_id: str, known: dict) -> str:
        if physical_id.startswith("arn:"):
            return physical_id
        return known.get(f"{self.name}Arn") or known["Arn"]


def _call(operation: str, request: dict) -> dict:
    try:
        return call(operation, request)
    except ApiError as error:
        raise _failure(operation, error) from error


def _failure(operation: str, error: ApiError) -> ValueError:
    return ValueError(f"{error.message} (Service: SageMaker, Operation: {operation}, Error Code: {error.code})")


def _means_not_found(error: ApiError) -> bool:
    message = error.message.lower()
    return error.code in ("ResourceNotFound", "ResourceNotFoundException") or (
        error.code == "ValidationException" and any(words in message for words in NOT_FOUND_WORDS))


def _update_tags(arn: str, old: list[dict], new: list[dict]) -> None:
    gone = {tag["Key"] for tag in old} - {tag["Key"] for tag in new}
    if gone:
        _call("DeleteTags", {"ResourceArn": arn, "TagKeys": sorted(gone)})
    if new:
        _call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in new]})


def _lookup(known: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        known = known.get(part) if isinstance(known, dict) else None
    return known


def _coerced(shape: Shape, value: Any) -> Any:
    """CloudFormation hands numbers and booleans over as strings; members that an operation lacks are left out."""
    coerce = _COERCIONS.get(shape.type_name)
    return coerce(shape, value) if coerce else value


def _coerced_structure(shape: Shape, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _coerced(shape.members[name], item) for name, item in value.items()
            if name in shape.members and item is not None}


def _coerced_list(shape: Shape, value: Any) -> Any:
    return [_coerced(shape.member, item) for item in value] if isinstance(value, list) else value


def _coerced_map(shape: Shape, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _coerced(shape.value, item) for key, item in value.items()}


def _coerced_integer(_shape: Shape, value: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError):
        return value


def _coerced_float(_shape: Shape, value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _coerced_boolean(_shape: Shape, value: Any) -> Any:
    return {"true": True, "false": False}.get(str(value).lower(), value)


def _coerced_string(_shape: Shape, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value)


_COERCIONS: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _coerced_structure,
    "list": _coerced_list,
    "map": _coerced_map,
    "integer": _coerced_integer,
    "long": _coerced_integer,
    "float": _coerced_float,
    "double": _coerced_float,
    "boolean": _coerced_boolean,
    "string": _coerced_string,
}
