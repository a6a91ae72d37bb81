"""`npm run doctor`: how the outside services of the deployed stacks are. What runs in AWS is AWS's to watch."""

import json
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.cli import client_environment, lifecycle, probes
from mlops_local.cli.failure import Failure
from mlops_local.settings import Settings

Client = Callable[[str], Any]


def run(settings: Settings, stack: str | None, aws: bool) -> int:
    """Prints a line for each component, and one for each fault; 1 when there is a fault."""
    local = not aws and lifecycle.running_status(settings) is not None
    if local:
        lifecycle.require_running(settings)  # not that of another clone
    session = boto3.Session()
    client: Client = (lambda service: client_environment.client(settings, service)) if local else session.client
    where = f"the local target, {settings.endpoint}" if local else f"AWS, {session.region_name}"
    try:
        components = list(_components(client, stack))
    except (BotoCoreError, ClientError) as error:
        raise Failure("doctor", "Unreachable", f"{where} cannot be asked: {error}") from error
    if not components:
        asked = f"stack '{stack}'" if stack else "stack"
        raise Failure("doctor", "NothingDeployed", f"no {asked} is deployed in {where}: "
                                                   "deploy one with `npm run local` or `npm run deploy`")
    print(f"in {where}")
    faults = 0
    for name, of_stack in groupby(components, lambda component: component[0]):
        print(f"\n{name}")
        for _, component, binding in of_stack:
            faults += _tell(client, component, binding)
    print(f"\n{faults} {'fault' if faults == 1 else 'faults'}")
    return 1 if faults else 0


def _components(client: Client, stack: str | None) -> Iterator[tuple[str, str, dict]]:
    """Stack, component and binding of each publication."""
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(
        Path=f"/mlops/{stack}" if stack else "/mlops", Recursive=True)
    found = {parameter["Name"]: parameter["Value"] for page in pages for parameter in page["Parameters"]}
    for name in sorted(found):
        _, _, of, component = name.split("/", 3)
        yield of, component, json.loads(found[name])


def _tell(client: Client, component: str, binding: dict) -> int:
    """Tells how one component is; 1 when it has a fault, after which it is asked nothing else."""
    asked = binding.get("probes")
    fault = next(filter(None, (_fault(client, probe, binding["secrets"]) for probe in asked or [])), None)
    state = "in AWS" if asked is None else "fault" if fault else ", ".join(probe["shows"] for probe in asked) or "cannot be asked"
    print(f"  {component:<20} {binding['provider']:<18} {state}", flush=True)
    if fault:
        print(f"error: {component}: {fault}", file=sys.stderr, flush=True)
    return 1 if fault else 0


def _fault(client: Client, probe: dict, secrets: dict) -> str | None:
    credentials = {}
    for name in probes.credentials_of(probe):
        secret, field = secrets[name]["secretArn"], secrets[name].get("field")
        try:
            value = client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            return f"the secret '{secret}' of {name} cannot be read: {error}"
        credentials[name] = value if field is None else _field(value, field)
        if credentials[name] is None:
            return f"the secret '{secret}' must be JSON with the field '{field}', which {name} is: put it there, and deploy again"
    return probes.fault_of(probe, credentials)


def _field(value: str, field: str) -> str | None:
    try:
        return json.loads(value)[field]
    except (ValueError, KeyError, TypeError):
        return None
