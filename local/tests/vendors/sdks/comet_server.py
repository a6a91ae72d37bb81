"""Stands in for Comet's server: what a run logs must be what the schemas say that Comet publishes with its client, or it is refused."""

import json

from comet_ml import schemas
from stand_in import serve

RUN = {"runId": "run", "project_id": "project", "teamId": "acme"}
INTERVALS = {"is_alive_beat_duration_millis": 10000, "gpu_monitor_interval_millis": 60000, "cpu_monitor_interval_millis": 68000, "parameter_update_interval_millis": 10000, "pending_rpcs": False}


def metrics(body: dict) -> None:
    for value in body["values"]:
        timestamp, context = value.pop("timestamp"), value.pop("context")
        schemas.get_metric_msg_validator(allow_additional_properties=False).validate({"local_timestamp": timestamp, "context": context, "metric": value})


def parameters(body: dict) -> None:
    for value in body["values"]:
        timestamp, context = value.pop("timestamp"), value.pop("context")
        # On the line a parameter has another name than in a file.
        renamed = {name.replace("parameter", "param"): field for name, field in value.items()}
        schemas.get_parameter_msg_validator(allow_additional_properties=False).validate({"local_timestamp": timestamp, "context": context, "param": renamed})


def other(body: dict) -> None:
    schemas.get_log_other_msg_validator(allow_additional_properties=False).validate({"key": body["key"], "value": body["value"]})


CHECKS = {"batch/logger/experiment/metric": metrics, "batch/logger/experiment/parameter": parameters, "write/experiment/log-other": other}
ANSWERS = {"logger/add/run": RUN, "status-report/update": INTERVALS}


def answer(_method: str, path: str, content: bytes) -> tuple[int, object]:
    for part, check in CHECKS.items():
        if part in path:
            check(json.loads(content))
    return 200, next((body for part, body in ANSWERS.items() if part in path), {})


serve(answer)
