"""Secrets that are known when they turn up: searched for in all that a stack leaves, encoded and packed or not."""

import base64
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

Place = tuple[str, bytes]


def forms(secret: str) -> set[bytes]:
    """A secret as it may be written: plain, in JSON, in a URL, and in base64 wherever in the text it starts."""
    text = {secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {form.encode() for form in text} | {form for offset in range(3) for form in _base64(secret.encode(), offset)}


def _base64(secret: bytes, offset: int) -> Iterator[bytes]:
    # What stands before and after a secret shares its first and last characters of base64 with it.
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(bytes(offset) + secret)
        yield encoded[-(-offset * 8 // 6):len(encoded) - 4 if encoded.endswith(b"=") else len(encoded)]


def found(places: Iterable[Place], secrets: Iterable[str]) -> list[str]:
    """The places that hold one of the secrets, and which."""
    wanted = {secret: forms(secret) for secret in secrets}
    return sorted(f"{place}: {secret}" for place, content in places for secret, written in wanted.items()
                  if any(form in content for form in written))


def unpacked(place: str, content: bytes) -> Iterator[Place]:
    """A file, and what is in it when it is an archive."""
    yield place, content
    for inner, inside in _members(content):
        yield from unpacked(f"{place}!{inner}", inside)


def _members(content: bytes) -> Iterator[Place]:
    if content.startswith(b"\x1f\x8b"):
        yield "gz", gzip.decompress(content)
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist())
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            yield from ((member.name, archive.extractfile(member).read()) for member in archive if member.isfile())


def below(folder: Path, but: Path) -> Iterator[Place]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(but):
            yield from unpacked(str(path), path.read_bytes())


def answers(kind: str, described: Iterable[object]) -> Iterator[Place]:
    """What APIs answer."""
    for number, answer in enumerate(described):
        yield f"{kind} {number}", json.dumps(answer, default=str).encode()


def pages(client, operation: str, key: str, **arguments: object) -> list:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def of_account(target, stack: str) -> Iterator[Place]:
    """All that the services of a target show of a stack and its runs, but for Secrets Manager itself."""
    cloudformation, ssm, sagemaker = (target.client(service) for service in ("cloudformation", "ssm", "sagemaker"))
    yield from answers("template", [cloudformation.get_template(StackName=stack, TemplateStage=stage)
                                    for stage in ("Original", "Processed")])
    yield from answers("stack", [cloudformation.describe_stacks(StackName=stack),
                                 cloudformation.describe_stack_events(StackName=stack),
                                 cloudformation.describe_stack_resources(StackName=stack)])
    yield from answers("parameter", pages(ssm, "get_parameters_by_path", "Parameters", Path="/", Recursive=True,
                                          WithDecryption=True))
    yield from of_executions(target.client("stepfunctions"))
    jobs = pages(sagemaker, "list_training_jobs", "TrainingJobSummaries")
    yield from answers("job", [sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"]) for job in jobs])
    yield from of_events(target.client("events"))
    yield from of_logs(target.client("logs"))
    yield from of_buckets(target.client("s3"))


def of_executions(stepfunctions) -> Iterator[Place]:
    machines = [machine["stateMachineArn"] for machine in pages(stepfunctions, "list_state_machines", "stateMachines")]
    executions = [execution["executionArn"] for machine in machines
                  for execution in pages(stepfunctions, "list_executions", "executions", stateMachineArn=machine)]
    yield from answers("state machine", [stepfunctions.describe_state_machine(stateMachineArn=machine)
                                         for machine in machines])
    yield from answers("execution", [stepfunctions.describe_execution(executionArn=execution)
                                     for execution in executions])
    yield from answers("history", [pages(stepfunctions, "get_execution_history", "events", executionArn=execution,
                                         includeExecutionData=True) for execution in executions])


def of_events(events) -> Iterator[Place]:
    rules = events.list_rules()["Rules"]
    yield from answers("rule", [rules, *(events.list_targets_by_rule(Rule=rule["Name"]) for rule in rules)])
    names = [connection["Name"] for connection in events.list_connections()["Connections"]]
    yield from answers("connection", [events.describe_connection(Name=name) for name in names])


def of_logs(logs) -> Iterator[Place]:
    for group in pages(logs, "describe_log_groups", "logGroups"):
        messages = pages(logs, "filter_log_events", "events", logGroupName=group["logGroupName"])
        yield f"log {group['logGroupName']}", "\n".join(event["message"] for event in messages).encode()


def of_buckets(s3) -> Iterator[Place]:
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                yield from unpacked(f"s3://{bucket}/{item['Key']}", content)
