"""The real CDK command line against the local target: synth, bootstrap, deploy, destroy."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_local.cli import client_environment
from mlops_local.cli.failure import Failure, Interrupted
from mlops_local.settings import ACCOUNT_ID, REGION, REPOSITORY, Settings

CDK = REPOSITORY / "node_modules" / ".bin" / "cdk"
_PROGRESS = re.compile(r"\|\s*(\d+)/(\d+)\s*\|")
_PROGRESS_SECONDS = 2
_SETTLE_SECONDS = 600
_NOISE = ("Subprocess exited with error", "Command failed with exit code", "[Warning", "[Info", "(node:")


@dataclass(frozen=True)
class Assembly:
    """A synthesized app of one stack."""

    folder: Path
    stack: str

    @property
    def template(self) -> dict:
        return json.loads((self.folder / f"{self.stack}.template.json").read_text())


def synthesize(settings: Settings, app: str | None, context: dict[str, str]) -> Assembly:
    """Synthesizes into the target's home; an invalid stack file ends here, with the app's own line."""
    folder = settings.home / "cdk.out"
    arguments = ["synth", "--quiet", "--output", str(folder)]
    if app is not None:
        arguments += ["--app", app]
    for name, value in context.items():
        arguments += ["--context", f"{name}={value}"]
    code, log, lines = _run(settings, "synth", arguments)
    if code != 0:
        raise Failure("synth", "InvalidStack", _app_error(lines), str(log) if _is_stack_trace(lines) else None)
    manifest = json.loads((folder / "manifest.json").read_text())
    stacks = [
        artifact.get("properties", {}).get("stackName", name)
        for name, artifact in manifest["artifacts"].items() if artifact["type"] == "aws:cloudformation:stack"
    ]
    if len(stacks) != 1:
        raise Failure("synth", "InvalidStack", f"the app must hold one stack, got {', '.join(stacks) or 'none'}")
    return Assembly(folder, stacks[0])


def bootstrap(settings: Settings) -> bool:
    """Bootstraps the account unless it is, and says whether it had to."""
    if stack_status(settings, "CDKToolkit") in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return False
    code, log, lines = _run(settings, "bootstrap", ["bootstrap", f"aws://{ACCOUNT_ID}/{REGION}"])
    if code != 0:
        raise Failure("bootstrap", "BootstrapFailed", _cli_error(lines), str(log))
    return True


def deploy(settings: Settings, assembly: Assembly, progress: Callable[[str], None]) -> dict[str, str]:
    """Deploys the stack and returns its outputs; after Ctrl-C it waits until CloudFormation has settled."""
    arguments = ["deploy", assembly.stack, "--app", str(assembly.folder), "--require-approval", "never",
                 "--progress", "events", "--outputs-file", str(settings.home / "outputs.json")]
    told = time.monotonic()

    def on_line(line: str) -> None:
        nonlocal told
        count = _PROGRESS.search(line)
        if count and time.monotonic() - told >= _PROGRESS_SECONDS:
            told = time.monotonic()
            progress(f"{int(count[1])} of {count[2]} resources")

    try:
        code, log, lines = _run(settings, "deploy", arguments, on_line)
    except Interrupted:
        progress("interrupted: waiting for CloudFormation to settle")
        progress(f"stack {assembly.stack} is {settle(settings, assembly.stack)}")
        raise
    if code != 0:
        raise Failure("deploy", "DeployFailed", _failed_resource(settings, assembly.stack) or _cli_error(lines), str(log))
    return outputs(settings, assembly.stack)


def outputs(settings: Settings, stack: str) -> dict[str, str]:
    cloudformation = client_environment.client(settings, "cloudformation")
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def stack_status(settings: Settings, stack: str) -> str | None:
    """The stack's status, or None when there is none."""
    cloudformation = client_environment.client(settings, "cloudformation")
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def settle(settings: Settings, stack: str) -> str:
    """Waits for a terminal status; a stack that was only planned is removed."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        status = stack_status(settings, stack)
        if status == "REVIEW_IN_PROGRESS":
            client_environment.client(settings, "cloudformation").delete_stack(StackName=stack)
        elif status is None or not status.endswith("_IN_PROGRESS"):
            return status or "not there"
        time.sleep(0.3)
    return f"{stack_status(settings, stack)} still after {_SETTLE_SECONDS} s"


def _run(settings: Settings, name: str, arguments: list[str],
         on_line: Callable[[str], None] = lambda line: None) -> tuple[int, Path, list[str]]:
    """Runs the CLI in a session of its own, so that a terminal's Ctrl-C reaches only us; returns code, log, lines."""
    log = settings.home / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = client_environment.of_subprocess(settings) | {
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT_ID,
        "CDK_DEFAULT_REGION": REGION,
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "NODE_NO_WARNINGS": "1",
        "NO_COLOR": "1",
    }
    # The template validator checks for mistakes of the library's authors, whom the tests run it for; it is slow.
    environment.setdefault("CDK_VALIDATION", "false")
    process = subprocess.Popen(
        [str(CDK), *arguments, "--no-color", "--no-notices"], cwd=REPOSITORY, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )
    lines: list[str] = []
    try:
        with log.open("w") as file:
            for line in process.stdout:
                file.write(line)
                lines.append(line.rstrip())
                on_line(line)
        return process.wait(), log, lines
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def _app_error(lines: list[str]) -> str:
    """The line that the app ended with: its own where it wrote one, else the message of what it threw."""
    meaningful = [line.strip() for line in lines if line.strip() and not line.strip().startswith(_NOISE)]
    if _is_stack_trace(lines):
        thrown = [line for line in meaningful if re.match(r"^(\w*Error|Error)\b.*: ", line)]
        return re.sub(r"^\w*Error(?: \[[^\]]*\])?: ", "", thrown[0]) if thrown else meaningful[0]
    return re.sub(r"^(?:error: |\w*Error: )", "", meaningful[0]) if meaningful else "cdk synth failed without a word"


def _is_stack_trace(lines: list[str]) -> bool:
    return any(line.lstrip().startswith("at ") for line in lines)


def _cli_error(lines: list[str]) -> str:
    marked = [line.strip() for line in lines if "failed" in line.lower() or "error" in line.lower()]
    return (marked or [line for line in lines if line.strip()] or ["the CDK command line failed without a word"])[-1]


def _failed_resource(settings: Settings, stack: str) -> str | None:
    """The first resource that failed, in CloudFormation's own words."""
    if stack_status(settings, stack) is None:
        return None
    cloudformation = client_environment.client(settings, "cloudformation")
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = sorted((event for page in pages for event in page["StackEvents"]), key=lambda event: event["Timestamp"])
    begun = [index for index, event in enumerate(events)
             if event["LogicalResourceId"] == stack
             and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")]
    for event in events[begun[-1] if begun else 0:]:
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason"):
            return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
    return None
