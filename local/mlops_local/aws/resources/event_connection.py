"""AWS::Events::Connection and AWS::Events::ApiDestination, through EventBridge's own operations."""

import json
from collections.abc import Callable

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

CONNECTION = "AWS::Events::Connection"
API_DESTINATION = "AWS::Events::ApiDestination"
NAME_LENGTH = 64


def register() -> None:
    provisioners._RESOURCE_HANDLERS[CONNECTION] = {
        "create": create_connection, "update": update_connection, "delete": delete_connection}
    provisioners._REPLACING_PROPERTIES[CONNECTION] = ("Name",)
    provisioners._RESOURCE_HANDLERS[API_DESTINATION] = {
        "create": create_destination, "update": update_destination, "delete": delete_destination}
    provisioners._REPLACING_PROPERTIES[API_DESTINATION] = ("Name",)


def create_connection(logical_id: str, properties: dict, stack_name: str) -> tuple[str, dict]:
    name = _name(logical_id, properties, stack_name)
    _call(eventbridge._create_connection, {**properties, "Name": name})
    return name, _connection_attributes(name)


def update_connection(physical_id: str, _old: dict, new: dict, _stack_name: str) -> tuple[str, dict]:
    _call(eventbridge._update_connection, {**new, "Name": physical_id})
    return physical_id, _connection_attributes(physical_id)


def delete_connection(physical_id: str, _properties: dict) -> None:
    if physical_id in eventbridge._connections:
        _call(eventbridge._delete_connection, {"Name": physical_id})


def create_destination(logical_id: str, properties: dict, stack_name: str) -> tuple[str, dict]:
    name = _name(logical_id, properties, stack_name)
    _call(eventbridge._create_api_destination, {**properties, "Name": name})
    return name, _destination_attributes(name)


def update_destination(physical_id: str, _old: dict, new: dict, _stack_name: str) -> tuple[str, dict]:
    _call(eventbridge._update_api_destination, {**new, "Name": physical_id})
    return physical_id, _destination_attributes(physical_id)


def delete_destination(physical_id: str, _properties: dict) -> None:
    if physical_id in eventbridge._api_destinations:
        _call(eventbridge._delete_api_destination, {"Name": physical_id})


def _name(logical_id: str, properties: dict, stack_name: str) -> str:
    return properties.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=NAME_LENGTH)


def _connection_attributes(name: str) -> dict:
    connection = eventbridge._connections[name]
    arn = connection["ConnectionArn"]
    return {"Arn": arn, "ArnForPolicy": arn.rsplit("/", 1)[0], "SecretArn": connection["SecretArn"]}


def _destination_attributes(name: str) -> dict:
    arn = eventbridge._api_destinations[name]["ApiDestinationArn"]
    return {"Arn": arn, "ArnForPolicy": arn}


def _call(operation: Callable[[dict], tuple], data: dict) -> None:
    status, _, body = operation(data)
    if status >= 400:
        answer = json.loads(body)
        raise ValueError(answer.get("message") or answer.get("Message") or str(answer))
