"""Tasks that end when somebody else says so: `.waitForTaskToken`, and activities."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from mlops_local.aws.states.errors import StateError, Stopped
from mlops_local.aws.states.integrations.task import Task

POLL_SECONDS = 0.2


def perform(task: Task, integration: Callable[[Task], Any]) -> Any:
    """Makes the call that carries the token, then waits for SendTaskSuccess or SendTaskFailure."""
    entry = _register(task.token)
    try:
        integration(task)
        return _wait(task, entry)
    finally:
        stepfunctions._task_tokens.pop(task.token, None)


def perform_activity(task: Task) -> Any:
    """Puts the task where GetActivityTask finds it, and waits."""
    if task.resource not in stepfunctions._activities:
        raise StateError("ActivityDoesNotExist", f"Activity {task.resource} not found")
    token = stepfunctions.new_uuid()
    entry = _register(token)
    stepfunctions._activity_tasks[task.resource].append({"taskToken": token, "input": json.dumps(task.arguments)})
    try:
        return _wait(task, entry)
    finally:
        stepfunctions._task_tokens.pop(token, None)


def _register(token: str) -> dict:
    entry = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[token] = entry
    return entry


def _wait(task: Task, entry: dict) -> Any:
    beat, heard = entry["heartbeat"], time.monotonic()
    while not entry["event"].wait(POLL_SECONDS):
        if task.scope.stopped:
            raise Stopped
        if entry["heartbeat"] != beat:
            beat, heard = entry["heartbeat"], time.monotonic()
        if task.heartbeat_seconds and time.monotonic() - heard > task.heartbeat_seconds:
            raise StateError("States.HeartbeatTimeout", f"no heartbeat in {task.heartbeat_seconds} seconds")
    if entry["error"]:
        raise StateError(entry["error"]["Error"], entry["error"]["Cause"])
    try:
        return json.loads(entry["result"])
    except ValueError:
        return entry["result"]
