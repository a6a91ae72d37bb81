"""What the stacks that are deployed publish of their components: `/mlops/<stack>/<component>` in SSM, as `Publication` writes it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.cli import client_environment, lifecycle
from mlops_local.cli.failure import Failure
from mlops_local.settings import Settings


@dataclass(frozen=True)
class Published:
    """Where the stacks are, and the bindings of their components."""

    where: str
    client: Callable[[str], Any]
    bindings: dict[str, dict[str, dict]]
    """Stack to component to binding, both sorted."""

    @classmethod
    def read(cls, settings: Settings, stack: str | None, aws: bool, phase: str) -> "Published":
        """In the local target while that runs, in AWS otherwise or with `aws`; of `stack` only, if it is named."""
        local = not aws and lifecycle.running_status(settings) is not None
        if local:
            lifecycle.require_running(settings)  # not that of another clone
        session = boto3.Session()
        client = (lambda service: client_environment.client(settings, service)) if local else session.client
        where = f"the local target, {settings.endpoint}" if local else f"AWS, {session.region_name}"
        try:
            bindings = _bindings(client, stack)
        except (BotoCoreError, ClientError) as error:
            raise Failure(phase, "Unreachable", f"{where} cannot be asked: {error}") from error
        if not bindings:
            asked = f"stack '{stack}'" if stack else "stack"
            raise Failure(phase, "NothingDeployed", f"no {asked} is deployed in {where}: deploy one with `npm run local` or `npm run deploy`")
        return cls(where, client, bindings)

    def secret(self, reference: dict) -> str:
        """The value that a binding refers to; raises `SecretUnreadable`."""
        arn, field = reference["secretArn"], reference.get("field")
        try:
            value = self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            raise SecretUnreadable(f"the secret '{arn}' of {{name}} cannot be read: {error}") from error
        if field is None:
            return value
        try:
            return json.loads(value)[field]
        except (ValueError, KeyError, TypeError):
            raise SecretUnreadable(f"the secret '{arn}' must be JSON with the field '{field}', which {{name}} is: put it there, and deploy again") from None


class SecretUnreadable(Exception):
    """The message has `{name}` where the credential's name belongs."""

    def of(self, name: str) -> str:
        return str(self).replace("{name}", name)


def _bindings(client: Callable[[str], Any], stack: str | None) -> dict[str, dict[str, dict]]:
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"/mlops/{stack}" if stack else "/mlops", Recursive=True)
    found = {parameter["Name"]: parameter["Value"] for page in pages for parameter in page["Parameters"]}
    bindings: dict[str, dict[str, dict]] = {}
    for name in sorted(found):
        _, _, of, component = name.split("/", 3)
        bindings.setdefault(of, {})[component] = json.loads(found[name])
    return bindings
