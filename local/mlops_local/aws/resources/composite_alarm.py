"""AWS::CloudWatch::CompositeAlarm, through the API's PutCompositeAlarm."""

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

from mlops_local.aws.clients import client

TYPE = "AWS::CloudWatch::CompositeAlarm"
PARAMETERS = ("AlarmRule", "AlarmDescription", "AlarmActions", "OKActions", "InsufficientDataActions", "Tags")


def register() -> None:
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}
    provisioners._REPLACING_PROPERTIES[TYPE] = ("AlarmName",)


def create(logical_id: str, properties: dict, stack_name: str) -> tuple[str, dict]:
    return _put(properties.get("AlarmName") or provisioners._physical_name(stack_name, logical_id), properties)


def update(physical_id: str, _old: dict, new: dict, _stack_name: str) -> tuple[str, dict]:
    return _put(physical_id, new)


def delete(physical_id: str, _properties: dict) -> None:
    client("cloudwatch").delete_alarms(AlarmNames=[physical_id])


def _put(name: str, properties: dict) -> tuple[str, dict]:
    request: dict[str, Any] = {key: properties[key] for key in PARAMETERS if key in properties}
    request["ActionsEnabled"] = str(properties.get("ActionsEnabled", "true")).lower() == "true"
    client("cloudwatch").put_composite_alarm(AlarmName=name, **request)
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}
