"""Writes an execution's history to the log group of the state machine's logging configuration, when it ends.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

import contextvars
import datetime
import json
import logging
import threading

from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import stepfunctions

from mlops_local.aws.clients import client

logger = logging.getLogger("mlops.states")

FAILURES = ("Failed", "TimedOut", "Aborted")
DETAIL_SUFFIX = "EventDetails"
PAYLOADS = ("input", "output", "parameters")


def deliver(execution: dict) -> None:
    """Delivers in the background, and only when the state machine has a log group."""
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    configuration = (machine or {}).get("loggingConfiguration") or {}
    destinations = configuration.get("destinations") or []
    if configuration.get("level", "OFF") == "OFF" or not destinations:
        return
    group = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"].split(":log-group:")[-1].removesuffix(":*")
    entries = _entries(execution, configuration)
    threading.Thread(target=contextvars.copy_context().run, args=(_write, group, machine["name"], execution, entries),
                     name="mlops-log-delivery", daemon=True).start()


def _entries(execution: dict, configuration: dict) -> list[dict]:
    chosen = {
        "ALL": lambda kind: True,
        "ERROR": lambda kind: kind.endswith(FAILURES),
        "FATAL": lambda kind: kind.startswith("Execution") and kind.endswith(FAILURES),
    }[configuration["level"]]
    with_data = configuration.get("includeExecutionData", False)
    return [_entry(event, execution, with_data) for event in list(execution["events"]) if chosen(event["type"])]


def _entry(event: dict, execution: dict, with_data: bool) -> dict:
    details = next((value for name, value in event.items() if name.endswith(DETAIL_SUFFIX)), {})
    if not with_data:
        details = {name: value for name, value in details.items() if name not in PAYLOADS}
    moment = datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
    milliseconds = int(moment.timestamp() * 1000)
    message = {"id": str(event["id"]), "type": event["type"], "details": details,
               "previous_event_id": str(event["id"] - 1), "event_timestamp": str(milliseconds),
               "execution_arn": execution["executionArn"]}
    return {"timestamp": milliseconds, "message": json.dumps(message)}


def _write(group: str, machine_name: str, execution: dict, entries: list[dict]) -> None:
    day = execution["startDate"][:13].replace("T", "-")
    stream = f"states/{machine_name}/{day}/{execution['executionArn'].rsplit(':', 1)[-1]}"
    try:
        logs = client("logs")
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        if entries:
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=entries)
    except (ClientError, BotoCoreError) as error:
        logger.warning("the log of %s was not delivered to %s: %s", execution["executionArn"], group, error)
