"""Array indexes in the paths of an InputTransformer, such as `$.resources[0]`, render empty in MiniStack."""

import re
from datetime import datetime, timezone
from typing import Any

from ministack.services import eventbridge

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def apply() -> None:
    eventbridge._apply_input_transformer = apply_input_transformer


def apply_input_transformer(transformer: dict, rule: dict | None, view: Any) -> str:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    event = view.event_with_detail()
    values = {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    reserved = {
        "aws.events.event.json": event,
        "aws.events.event": view.envelope(),
        "aws.events.rule-name": (rule or {}).get("Name", ""),
        "aws.events.rule-arn": (rule or {}).get("Arn", ""),
    }
    moment = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return eventbridge._render_input_template(
        transformer.get("InputTemplate", ""), {**reserved, **values, "aws.events.event.ingestion-time": moment})


def at(value: Any, path: str) -> Any:
    """The value at a JSON path of names and indexes; empty text where there is none, as EventBridge renders it."""
    for name, index in STEP.findall(path.removeprefix("$")):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return ""
    return value
