"""One target for all tests of this folder, and makers of roles and state machines."""

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from aws.running_target import Machine, TargetProcess, free_port


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetProcess]:
    process = TargetProcess(tmp_path_factory.mktemp("target"), free_port())
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def states(target: TargetProcess):
    return target.client("stepfunctions")


@pytest.fixture
def role(target: TargetProcess) -> Callable[..., str]:
    """Makes a role that Step Functions can use, with the given statements as its only policy."""
    iam = target.client("iam")

    def make(*statements: dict, service: str = "states.amazonaws.com") -> str:
        name = f"role-{uuid.uuid4().hex[:8]}"
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(document))
        return arn

    return make


@pytest.fixture
def machine(states, role) -> Callable[..., Machine]:
    """Makes a JSONata state machine of states; the first is the start, and the role may do the given statements."""

    def make(definition: dict, *statements: dict, machine_type: str = "STANDARD", **top: object) -> Machine:
        body = {"QueryLanguage": "JSONata", "StartAt": next(iter(definition)), "States": definition, **top}
        arn = states.create_state_machine(name=f"machine-{uuid.uuid4().hex[:8]}", definition=json.dumps(body),
                                          roleArn=role(*statements), type=machine_type)["stateMachineArn"]
        return Machine(states, arn)

    return make
