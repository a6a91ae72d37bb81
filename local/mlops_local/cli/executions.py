"""Follows an execution of a state machine: its steps as they happen, and the log of the training job in it."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator

from mlops_local.cli import client_environment
from mlops_local.cli.failure import Failure, Interrupted
from mlops_local.settings import Settings

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_POLL_SECONDS = 0.25
_STOP_SECONDS = 60


class Execution:
    """One execution: ours to start, or one that an event has started."""

    def __init__(self, settings: Settings, arn: str, tell: Callable[[str], None]) -> None:
        self.arn = arn
        self.training_job: str | None = None
        self._settings = settings
        self._tell = tell
        self._stepfunctions = client_environment.client(settings, "stepfunctions")
        self._seen_events = 0
        self._entered: dict[str, float] = {}
        self._running_steps: set[str] = set()
        self._told_steps: set[str] = set()
        self._log: TrainingLog | None = None

    @staticmethod
    def of(settings: Settings, machine: str, tell: Callable[[str], None]) -> "Execution":
        """A new execution of a state machine, not started yet: its name is known before, so that it can be stopped."""
        return Execution(settings, f"{machine.replace(':stateMachine:', ':execution:')}:{uuid.uuid4()}", tell)

    def run(self, execution_input: dict) -> dict:
        """Starts the execution and waits for its output."""
        machine, _, name = self.arn.replace(":execution:", ":stateMachine:").rpartition(":")
        try:
            self._stepfunctions.start_execution(stateMachineArn=machine, name=name, input=json.dumps(execution_input))
        except Interrupted:
            self.stop()
            raise
        return self.wait()

    def wait(self) -> dict:
        """Returns the output; a failed execution is a Failure, and Ctrl-C stops the execution and its work."""
        try:
            while True:
                described = self._stepfunctions.describe_execution(executionArn=self.arn)
                self._tell_news()
                if described["status"] != "RUNNING":
                    break
                time.sleep(_POLL_SECONDS)
        except Interrupted:
            self.stop()
            raise
        if described["status"] != "SUCCEEDED":
            error = described.get("error") or f"Execution.{described['status']}"
            raise Failure.of_execution("pipeline", error, described.get("cause") or f"the execution is {described['status']}")
        return json.loads(described["output"])

    def _tell_news(self) -> None:
        for event in self._new_events():
            self._tell_event(event)
        # A step that a later look finds still running is worth a line of its own.
        for step in self._running_steps - self._told_steps:
            self._tell(f"{step} ...")
        self._told_steps |= self._running_steps
        if self._log is not None:
            for line in self._log.new_lines():
                self._tell(line)

    def _new_events(self) -> Iterator[dict]:
        pages = self._stepfunctions.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        events = [event for page in pages for event in page["events"]]
        yield from events[self._seen_events:]
        self._seen_events = len(events)

    def _tell_event(self, event: dict) -> None:
        """A step is a Parallel state."""
        is_step = event["type"].startswith("Parallel")
        if is_step and "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            self._running_steps.add(name)
            self._entered[name] = event["timestamp"].timestamp()
        elif is_step and "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            self._running_steps.discard(name)
            if name in self._told_steps:
                self._tell(f"{name}: {event['timestamp'].timestamp() - self._entered[name]:.1f} s")
        elif "taskScheduledEventDetails" in event and self.training_job is None:
            parameters = _json_object(event["taskScheduledEventDetails"].get("parameters"))
            self.training_job = parameters.get("TrainingJobName")
            if self.training_job is not None:
                self._log = TrainingLog(self._settings, self.training_job)

    def stop(self) -> None:
        """Stops the execution and its training job, and waits until both have ended."""
        self._tell("interrupted: stopping the execution and what it started")
        try:
            self._stepfunctions.stop_execution(executionArn=self.arn, error="Interrupted", cause="Ctrl-C")
        except self._stepfunctions.exceptions.ExecutionDoesNotExist:
            return
        self._tell_news()
        if self.training_job is not None:
            self._stop_training_job(self.training_job)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if self._stepfunctions.describe_execution(executionArn=self.arn)["status"] != "RUNNING":
                return
            time.sleep(_POLL_SECONDS)

    def _stop_training_job(self, name: str) -> None:
        """Not every integration stops its job with the execution."""
        sagemaker = client_environment.client(self._settings, "sagemaker")
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            status = sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
            if status not in ("InProgress", "Stopping"):
                self._tell(f"training job {name} is {status}")
                return
            if status == "InProgress":
                with contextlib.suppress(sagemaker.exceptions.ClientError):
                    sagemaker.stop_training_job(TrainingJobName=name)
            time.sleep(_POLL_SECONDS)


class TrainingLog:
    """What the user's script prints, from CloudWatch Logs; the training toolkit's own lines are left there."""

    _TOOLKIT = "sagemaker-training-toolkit"
    _TOOLKIT_IS_DONE = "Invoking script with the following command:"

    def __init__(self, settings: Settings, job: str) -> None:
        self._logs = client_environment.client(settings, "logs")
        self._job = job
        self._stream: str | None = None
        self._token: str | None = None
        self._script_began = False
        self._in_preamble = False
        self._in_command = False

    def new_lines(self) -> Iterator[str]:
        if self._stream is None:
            self._stream = self._find_stream()
        if self._stream is None:
            return
        token = {"nextToken": self._token} if self._token else {}
        page = self._logs.get_log_events(logGroupName=TRAINING_LOGS, logStreamName=self._stream, startFromHead=True, **token)
        self._token = page["nextForwardToken"]
        for event in page["events"]:
            line = event["message"].rstrip()
            if line and self._is_of_script(line):
                yield line

    def _is_of_script(self, line: str) -> bool:
        """The toolkit lists its whole environment before it runs the script, and last the script's command."""
        if self._in_command:
            self._in_command = False
            return False
        if line.startswith(self._TOOLKIT_IS_DONE):
            self._script_began, self._in_preamble, self._in_command = True, False, True
            return False
        if self._TOOLKIT in line:
            self._in_preamble = not self._script_began
            return False
        return not self._in_preamble

    def _find_stream(self) -> str | None:
        try:
            found = self._logs.describe_log_streams(logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{self._job}/")
        except self._logs.exceptions.ResourceNotFoundException:
            return None
        return found["logStreams"][0]["logStreamName"] if found["logStreams"] else None


def arns(settings: Settings, machine: str, status: str | None = None) -> set[str]:
    """The executions of a state machine, running and ended, or those of one status."""
    stepfunctions = client_environment.client(settings, "stepfunctions")
    wanted = {"statusFilter": status} if status else {}
    pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine, **wanted)
    return {execution["executionArn"] for page in pages for execution in page["executions"]}


def await_new(settings: Settings, machine: str, known: set[str], mention: str, seconds: float) -> str:
    """The execution that an event starts and whose input mentions a word; a Failure when none comes in time."""
    stepfunctions = client_environment.client(settings, "stepfunctions")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for arn in arns(settings, machine) - known:
            if mention in stepfunctions.describe_execution(executionArn=arn)["input"]:
                return arn
        time.sleep(_POLL_SECONDS)
    raise Failure("deploy", "Mlops.Timeout", f"no deployment of {mention} started within {seconds:.0f} s of its approval")


def _json_object(text: str | None) -> dict:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}
