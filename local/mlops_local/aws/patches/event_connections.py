"""EventBridge connections, as AWS keeps them.

On AWS a connection's ARN ends in a uuid, its credentials live in a secret that EventBridge manages
(`events!connection/<name>/<uuid>`), and DescribeConnection never answers them. HTTP Tasks are authorized on that
secret, so it is a real one here. Whoever works with a connection is authorized on its ARN without the uuid.
"""

import copy
import json
import re
import uuid
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import AccountRegionScopedDict, json_response
from ministack.services import eventbridge, secretsmanager

CREDENTIAL_FIELDS = ("Password", "ApiKeyValue", "ClientSecret")


class ConnectionStore(AccountRegionScopedDict):
    """Connections by name; MiniStack's API destinations look them up by the last part of the ARN, the uuid."""

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key)
        if found is not None:
            return found
        return next((value for value in self.values() if value["ConnectionArn"].endswith(f"/{key}")), default)


def connection_name(arn: str) -> str:
    return arn.split(":connection/")[-1].split("/")[0]


def apply() -> None:
    eventbridge._connections = ConnectionStore()
    eventbridge._create_connection = _creating(eventbridge._create_connection)
    eventbridge._update_connection = _updating(eventbridge._update_connection)
    eventbridge._delete_connection = _deleting(eventbridge._delete_connection)
    eventbridge._describe_connection = _describing(eventbridge._describe_connection)
    iam_actions.extract_resource_arn = _authorizing(iam_actions.extract_resource_arn)


def _authorizing(find_resource):
    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service == "events" and re.fullmatch(r".*\.(Create|Update|Delete|Describe|Deauthorize)Connection", headers.get("x-amz-target", "")):
            return f"arn:aws:events:{region}:{account_id}:connection/{json.loads(body or b'{}').get('Name', '')}"
        return find_resource(service, method, path, headers, body, query_params, region, account_id)

    return extract_resource_arn


def _creating(create):
    def create_connection(data: dict):
        status, headers, body = create(data)
        if status >= 400:
            return status, headers, body
        connection = eventbridge._connections[data["Name"]]
        connection_id = str(uuid.uuid4())
        connection["ConnectionArn"] += f"/{connection_id}"
        connection["SecretArn"], _ = secretsmanager._store_new_secret(
            f"events!connection/{data['Name']}/{connection_id}", secret_string=_credentials(connection),
            description=f"Secret for the EventBridge connection {data['Name']}")
        answer = json.loads(body)
        answer["ConnectionArn"] = connection["ConnectionArn"]
        return json_response(answer)

    return create_connection


def _updating(update):
    def update_connection(data: dict):
        response = update(data)
        if response[0] < 400:
            connection = eventbridge._connections[data["Name"]]
            name = _secret_name(connection)
            if name in secretsmanager._secrets:
                secretsmanager._update_secret({"SecretId": name, "SecretString": _credentials(connection)})
        return response

    return update_connection


def _deleting(delete):
    def delete_connection(data: dict):
        connection = eventbridge._connections.get(data.get("Name", ""))
        response = delete(data)
        if response[0] < 400:
            secretsmanager._secrets.pop(_secret_name(connection), None)
        return response

    return delete_connection


def _describing(describe):
    def describe_connection(data: dict):
        status, headers, body = describe(data)
        if status >= 400:
            return status, headers, body
        return json_response(_without_credentials(json.loads(body)))

    return describe_connection


def _secret_name(connection: dict) -> str:
    name, connection_id = connection["ConnectionArn"].split(":connection/")[1].split("/")
    return f"events!connection/{name}/{connection_id}"


def _credentials(connection: dict) -> str:
    return json.dumps(connection.get("AuthParameters") or {})


def _without_credentials(value: Any) -> Any:
    if isinstance(value, dict):
        secret_value = value.get("IsValueSecret") in (True, "true")
        return {key: _without_credentials(item) for key, item in value.items()
                if key not in CREDENTIAL_FIELDS and not (secret_value and key == "Value")}
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    return copy.copy(value)
