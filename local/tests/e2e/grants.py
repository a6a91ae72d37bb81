"""What the roles of a deployed stack may do, by its template, against what they did, by the decisions of IAM."""

import dataclasses
import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Their policies are those of `cdk bootstrap`.
DEPLOYER = "cdk-"


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a role may do. Stacks that hold the same construct share the grant's name."""

    role: str
    action: str
    on: str
    condition: str

    def __str__(self) -> str:
        return f"{self.role} may do {self.action} on {self.on}{f' when {self.condition}' if self.condition else ''}"


@dataclass(frozen=True)
class Decision:
    """What IAM said about a call of a role."""

    role: str
    action: str
    resource: str
    context: dict
    allowed: bool


@dataclass(frozen=True)
class Allowed:
    """A grant as it is deployed, with the names that the resources have."""

    grant: Grant
    role: str
    resource: str
    conditions: dict

    def covers(self, decision: Decision) -> bool:
        return (decision.role == self.role and decision.action.lower() == self.grant.action.lower()
                and like(decision.resource, self.resource) and met(self.conditions, decision.context))


def deployed(cloudformation, iam, stack: str) -> list[Allowed]:
    """The grants of a stack's roles. IAM knows the same statements as the template, with the references resolved."""
    template = cloudformation.get_template(StackName=stack)["TemplateBody"]
    resources = (template if isinstance(template, dict) else json.loads(template))["Resources"]
    physical = {resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for resource in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]}
    found = []
    for policy in (resource["Properties"] for resource in resources.values() if resource["Type"] == "AWS::IAM::Policy"):
        for role in (reference["Ref"] for reference in policy["Roles"]):
            known = iam.get_role_policy(RoleName=physical[role], PolicyName=policy["PolicyName"])["PolicyDocument"]
            path = resources[role]["Metadata"]["aws:cdk:path"].partition("/")[2].removesuffix("/Resource")
            for written, resolved in zip(policy["PolicyDocument"]["Statement"], known["Statement"], strict=True):
                found += _of_statement(stack, path, physical[role], written, resolved)
    return found


def _of_statement(stack: str, path: str, role: str, written: dict, resolved: dict) -> Iterator[Allowed]:
    condition = _shared(stack, written.get("Condition", ""))
    for action in _list(written["Action"]):
        for text, resource in zip(_list(written["Resource"]), _list(resolved["Resource"]), strict=True):
            grant = Grant(path, action, _shared(stack, text), condition)
            yield Allowed(grant, role, resource, resolved.get("Condition", {}))


def _shared(stack: str, written: object) -> str:
    """A text of a template without what only this stack has in it: its name, and the digests of its paths."""
    # CDK leaves hyphens out of some of the names that it makes.
    text = re.sub(stack.replace("-", "-?"), "<stack>", _text(written), flags=re.IGNORECASE)
    text = re.sub("^arn:{AWS::Partition}:|{AWS::Region}|{AWS::AccountId}", "", text)
    return re.sub(r"(?<=-)[0-9a-fA-F]{8}\b|[0-9a-f]{64}|127\.0\.0\.1:\d+", "<id>", text)


def _text(written: object) -> str:
    match written:
        case str():
            return written
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]}:
            return f"{{{name}}}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_text(part) for part in parts)
        case _:
            return json.dumps(written, sort_keys=True)


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def like(text: str, pattern: str) -> bool:
    """Whether a text is like a pattern of IAM, in which only `*` and `?` are special."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


OPERATORS = {"StringEquals": lambda text, expected: text == expected, "StringLike": like}


def met(conditions: dict, context: dict) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    return all(any(OPERATORS[operator](str(known.get(key.lower(), "")), each) for each in _list(expected))
               for operator, keys in conditions.items() for key, expected in keys.items())


def save(allowed: Iterable[Allowed], file: Path) -> None:
    with file.open("a") as lines:
        lines.writelines(json.dumps(dataclasses.asdict(each)) + "\n" for each in allowed)


def saved(file: Path) -> list[Allowed]:
    known = [json.loads(line) for line in file.read_text().splitlines()]
    return [Allowed(**each | {"grant": Grant(**each["grant"])}) for each in known]


def decisions(file: Path) -> list[Decision]:
    """What the target has recorded; see mlops_local.aws.decisions."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [Decision(**json.loads(line)) for line in lines if not json.loads(line)["role"].startswith(DEPLOYER)]


@dataclass(frozen=True)
class Unexercised:
    """Grants that no test can use, and why the role needs them on AWS all the same."""

    role: str
    actions: tuple[str, ...]
    why: str
    on: str = "*"

    def excuses(self, grant: Grant) -> bool:
        return grant.action in self.actions and like(grant.role, self.role) and like(grant.on, self.on)


def findings(allowed: Iterable[Allowed], made: Iterable[Decision], unexercised: Iterable[Unexercised]) -> list[str]:
    """One line for each call without a grant, grant without a call, and excuse that is none."""
    allowed, made = list(allowed), list(made)
    ungranted = [decision for decision in made if not any(each.covers(decision) for each in allowed)]
    used = {each.grant for each in allowed if any(each.covers(decision) for decision in made)}
    grants = {each.grant for each in allowed}
    found = {f"{call.role} did {call.action} on {call.resource}, which its policies do not grant" for call in ungranted}
    found |= {f"{grant}, and no test uses it" for grant in grants - used
              if not any(excuse.excuses(grant) for excuse in unexercised)}
    for excuse in unexercised:
        for action in excuse.actions:
            excused = [grant for grant in grants if grant.action == action and excuse.excuses(grant)]
            if not excused:
                found.add(f"nothing grants {action} to {excuse.role} on {excuse.on}: take it out of the table")
            found |= {f"{grant}, and a test uses it: take it out of the table" for grant in excused if grant in used}
    return sorted(found)
