"""`arn:aws:states:::http:invoke`: a third-party API, called with an EventBridge connection's credentials.

Limits as on AWS: https only (plain http to a loopback address is this target's single exception), 60 seconds, 256 KB,
text only, and a list of headers that a task may not set.
https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge

from mlops_local.aws import auth, persistence
from mlops_local.aws.patches.event_connections import connection_name
from mlops_local.aws.states.data import MAX_PAYLOAD_BYTES
from mlops_local.aws.states.errors import DATA_LIMIT_EXCEEDED, RUNTIME, StateError, Stopped
from mlops_local.aws.states.integrations.task import Task

TIMEOUT_SECONDS = 60
LOOPBACK = ("localhost", "127.0.0.1", "::1")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
ARGUMENTS = ("ApiEndpoint", "Authentication", "Headers", "InvocationConfig", "Method", "QueryParameters",
             "RequestBody", "Transform")

BANNED_HEADERS = ("a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization", "cache-control",
                  "connection", "content-encoding", "content-md5", "date", "expect", "forwarded", "from", "host",
                  "http2-settings", "max-forwards", "origin", "pragma", "proxy-authorization", "referer", "server",
                  "te", "trailer", "transfer-encoding", "upgrade", "via", "warning", "if-match", "if-modified-since",
                  "if-none-match", "if-range", "if-unmodified-since")
BANNED_HEADER_PREFIXES = ("x-forwarded-", "x-amz-", "x-amzn-")

# Content types that AWS names as unsupported; anything else has to be text.
BINARY_TYPES = ("application/octet-stream", "image/", "video/", "audio/")
FORM = "application/x-www-form-urlencoded"
SOCKET_ERROR = "States.Http.Socket"
ACCESS_DENIED = "Events.ConnectionResource.AccessDenied"
OAUTH = "OAUTH_CLIENT_CREDENTIALS"
UNAUTHORIZED = (401, 407)
ARRAY_FORMATS = ("BRACKETS", "COMMAS", "INDICES", "REPEAT", "NONE")


def perform(task: Task) -> dict:
    arguments = task.arguments
    _check_arguments(arguments)
    connection = _connection(task, arguments)
    url, headers, body = _request(arguments, connection)
    response = _send(task, connection, arguments["Method"], url, headers, body, refresh=False)
    if response.status in UNAUTHORIZED and connection["AuthorizationType"] == OAUTH:
        response = _send(task, connection, arguments["Method"], url, headers, body, refresh=True)
    elif response.status in UNAUTHORIZED:
        _deauthorize(connection)
    return _result(response)


def _deauthorize(connection: dict) -> None:
    """Until the connection is updated, no task goes out with a credential that was refused.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-deauthorize.html
    """
    connection["ConnectionState"] = "DEAUTHORIZED"
    persistence.touch("events")


def _check_arguments(arguments: Any) -> None:
    if not isinstance(arguments, dict):
        raise StateError(RUNTIME, "The arguments of an HTTP Task must be an object")
    for name in arguments:
        if name not in ARGUMENTS:
            raise StateError(RUNTIME, f"The field '{name}' is not supported by Step Functions for an HTTP Task")
    if arguments.get("Method") not in METHODS:
        raise StateError(RUNTIME, f"'Method' must be one of {', '.join(METHODS)}, got '{arguments.get('Method')}'")
    endpoint = urlsplit(str(arguments.get("ApiEndpoint", "")))
    if endpoint.scheme != "https" and not (endpoint.scheme == "http" and endpoint.hostname in LOOPBACK):
        raise StateError(RUNTIME, f"'ApiEndpoint' must be an https:// URL, got '{arguments.get('ApiEndpoint')}'")
    for name in arguments.get("Headers") or {}:
        if name.lower() in BANNED_HEADERS or name.lower().startswith(BANNED_HEADER_PREFIXES):
            raise StateError(RUNTIME, f"The header '{name}' cannot be set by an HTTP Task")


def _connection(task: Task, arguments: dict) -> dict:
    """The connection, once the role may call the endpoint and use the connection's credentials."""
    given = arguments.get("Authentication") or arguments.get("InvocationConfig") or {}
    arn = given.get("ConnectionArn", "")
    connection = eventbridge._connections.get(connection_name(arn))
    try:
        task.authorize("states:InvokeHTTPEndpoint", task.execution["stateMachineArn"], {
            "states:HTTPEndpoint": arguments["ApiEndpoint"], "states:HTTPMethod": arguments["Method"]})
        task.authorize("events:RetrieveConnectionCredentials", arn)
        if connection is not None:
            for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
                task.authorize(action, connection["SecretArn"])
    except auth.AccessDenied as denied:
        raise StateError(ACCESS_DENIED, str(denied)) from denied
    if connection is None or connection["ConnectionArn"] != arn:
        raise StateError("Events.ConnectionResource.ResourceNotFound", f"The connection '{arn}' does not exist")
    if connection["ConnectionState"] != "AUTHORIZED":
        raise StateError("Events.ConnectionResource.InvalidConnectionState",
                         f"The connection '{arn}' is {connection['ConnectionState']}: update it with a credential that "
                         "the service takes")
    return connection


def _request(arguments: dict, connection: dict) -> tuple[str, dict[str, str], bytes | None]:
    """URL, headers and body; on a clash the connection's parameters win."""
    added = (connection.get("AuthParameters") or {}).get("InvocationHttpParameters") or {}
    headers = {name: _header_value(value) for name, value in (arguments.get("Headers") or {}).items()}
    body, content_type = _body(arguments, _pairs(added, "BodyParameters"))
    if content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    headers = _override(headers, _pairs(added, "HeaderParameters"))
    headers = _override(headers, {
        "User-Agent": f"Amazon|StepFunctions|HttpInvoke|{get_region()}",
        "Range": f"bytes=0-{MAX_PAYLOAD_BYTES}",
    })
    query = {**(arguments.get("QueryParameters") or {}), **_pairs(added, "QueryStringParameters")}
    url = arguments["ApiEndpoint"]
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query, doseq=True)
    return url, headers, body


def _body(arguments: dict, parameters: dict[str, str]) -> tuple[bytes | None, str | None]:
    body = arguments.get("RequestBody")
    if parameters:
        if body is not None and not isinstance(body, dict):
            raise StateError(RUNTIME, "A connection's body parameters need a RequestBody that is a JSON object")
        body = {**(body or {}), **parameters}
    if body is None:
        return None, None
    transform = arguments.get("Transform") or {}
    if transform.get("RequestBodyEncoding") == "URL_ENCODED":
        options = transform.get("RequestEncodingOptions") or {}
        return _form(body, options.get("ArrayFormat", "INDICES")).encode(), FORM
    text = body if isinstance(body, str) else json.dumps(body)
    return text.encode(), "application/json"


def _form(body: Any, array_format: str) -> str:
    if not isinstance(body, dict):
        raise StateError(RUNTIME, "URL_ENCODED needs a RequestBody that is a JSON object")
    if array_format not in ARRAY_FORMATS:
        raise StateError(RUNTIME, f"'ArrayFormat' must be one of {', '.join(ARRAY_FORMATS)}, got '{array_format}'")
    pairs: list[tuple[str, Any]] = []
    for name, value in body.items():
        pairs += _form_pairs(name, value, array_format)
    return urlencode([(name, _form_text(value)) for name, value in pairs])


def _form_pairs(name: str, value: Any, array_format: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _form_pairs(f"{name}[{key}]", item, array_format)]
    if not isinstance(value, list):
        return [(name, value)]
    if array_format == "COMMAS":
        return [(name, ",".join(_form_text(item) for item in value))]
    names = {"INDICES": "{0}[{1}]", "BRACKETS": "{0}[]"}.get(array_format, "{0}")
    return [pair for index, item in enumerate(value)
            for pair in _form_pairs(names.format(name, index), item, array_format)]


def _form_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Response:
    status: int
    reason: str
    headers: urllib3.HTTPHeaderDict
    content: bytes


def _send(task: Task, connection: dict, method: str, url: str, headers: dict[str, str], body: bytes | None,
          refresh: bool) -> Response:
    key = (get_account_id(), get_region(), connection["Name"])
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        credentials = eventbridge._connection_auth_headers(connection, key, refresh)
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request(method, url, headers=_override(headers, credentials), body=body,
                                  timeout=urllib3.Timeout(total=TIMEOUT_SECONDS), preload_content=False,
                                  redirect=True)
            return Response(answer.status, answer.reason or "", answer.headers, _read(task, answer, deadline))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise StateError(SOCKET_ERROR, f"{type(error).__name__}: {error}") from error


def _read(task: Task, answer: urllib3.HTTPResponse, deadline: float) -> bytes:
    content = b""
    # What has come, however little: a body that trickles must not outlast the limit, nor its task.
    while chunk := answer.read1(16384):
        content += chunk
        if len(content) > MAX_PAYLOAD_BYTES:
            raise StateError(DATA_LIMIT_EXCEEDED, "The HTTP response is larger than 256 KB")
        if time.monotonic() > deadline:
            raise StateError(SOCKET_ERROR, f"The HTTP response took longer than {TIMEOUT_SECONDS} seconds")
        if task.scope.stopped:
            raise Stopped
    return content


def _result(response: Response) -> dict:
    text = _text(response)
    if not 200 <= response.status < 300:
        raise StateError(f"States.Http.StatusCode.{response.status}", text)
    headers: dict[str, list[str]] = {}
    for name, value in response.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    return {
        "Headers": headers,
        "ResponseBody": _json_or_text(text, response.headers.get("content-type", "")),
        "StatusCode": response.status,
        "StatusText": response.reason,
    }


def _text(response: Response) -> str:
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind.startswith(BINARY_TYPES):
        raise StateError(RUNTIME, f"An HTTP Task cannot hold a response of type '{kind}'")
    try:
        return response.content.decode()
    except UnicodeDecodeError:
        raise StateError(RUNTIME, "The HTTP response is not UTF-8 text") from None


def _json_or_text(text: str, content_type: str) -> Any:
    if "json" not in content_type:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pairs(added: dict, name: str) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in added.get(name) or []}


def _header_value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _override(headers: dict[str, str], stronger: dict[str, str]) -> dict[str, str]:
    names = {name.lower() for name in stronger}
    return {**{name: value for name, value in headers.items() if name.lower() not in names}, **stronger}
