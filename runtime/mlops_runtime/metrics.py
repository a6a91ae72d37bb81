"""Prints the metrics that a script left in `metrics.json`, in the form that a trainer's metric definitions match."""
import json
import math
import re
from pathlib import Path
from typing import Dict

from .errors import RuntimeContractError

FILE_NAME = "metrics.json"
METRIC_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,255}")


def read_metrics(model_dir: str) -> Dict[str, float]:
    """The content of `<model_dir>/metrics.json`; empty when the script wrote none."""
    path = Path(model_dir) / FILE_NAME
    if not path.exists():
        return {}
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RuntimeContractError(
            "%s must be a JSON object of name to number, got invalid JSON (%s): write it with json.dump"
            % (FILE_NAME, error)
        ) from None
    if not isinstance(metrics, dict):
        raise RuntimeContractError(
            "%s must be a JSON object of name to number, got %s: write it as {\"accuracy\": 0.97}"
            % (FILE_NAME, type(metrics).__name__)
        )
    for name, value in metrics.items():
        check_metric(name, value)
    return metrics


def check_metric(name: str, value: object) -> None:
    if METRIC_NAME.fullmatch(name) is None:
        raise RuntimeContractError(
            "a metric's name in %s must be 1 to 255 letters, digits, '_', '.', '/', ':' or '-', got '%s': rename it"
            % (FILE_NAME, name)
        )
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise RuntimeContractError(
            "'%s' in %s must be a finite number, got %s: leave it out, or write a number"
            % (name, FILE_NAME, json.dumps(value)[:80])
        )


def print_metrics(model_dir: str) -> None:
    for name, value in read_metrics(model_dir).items():
        print("mlops-metric %s=%r" % (name, value), flush=True)
