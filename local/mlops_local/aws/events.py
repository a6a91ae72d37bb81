"""Puts the events that AWS services send on the default event bus."""

import json
import logging

from ministack.services import eventbridge

logger = logging.getLogger("mlops.events")


def emit(detail_type: str, detail: dict, resources: list[str], source: str = "aws.sagemaker") -> None:
    """Puts one event in the caller's account and region; delivery is best effort, as on AWS."""
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    status, _, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    if status >= 400:
        logger.error("event '%s' was refused: %s", detail_type, body)
