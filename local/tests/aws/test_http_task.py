"""HTTP Tasks against a real server on a loopback port, with EventBridge connections."""

import base64
import json
import uuid
from collections.abc import Iterator

import pytest
from vendors.sdks.recorder import Answer, Request, answer, recorder

from aws.running_target import allow

TEXT = [("content-type", "text/plain")]
ANSWERS = {
    "/busy": Answer(429, b"slow down", TEXT),
    "/locked": Answer(401, b"who are you?", TEXT),
    "/image": Answer(200, b"\x89PNG", [("content-type", "image/png")]),
    "/binary": Answer(200, b"\xff\xfe\xfd", TEXT),
    "/big": Answer(200, b"x" * 300_000, TEXT),
    "/token": answer(200, {"access_token": "t0k", "token_type": "Bearer"}),
}


def echo(request: Request) -> Answer:
    """What was sent, or what the path asks for."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    sent = {"path": request.path, "headers": headers, "body": request.content.decode()}
    return ANSWERS.get(request.path.split("?")[0]) or answer(200, sent)


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    with recorder(echo) as recorded:
        yield recorded.url


@pytest.fixture
def connect(target):
    events = target.client("events")

    def make(kind: str, **parameters: dict) -> tuple[str, str]:
        name = f"connection-{uuid.uuid4().hex[:8]}"
        arn = events.create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)["ConnectionArn"]
        return arn, events.describe_connection(Name=name)["SecretArn"]

    return make


@pytest.fixture
def call(machine, connect):
    """Runs one HTTP Task with every permission that it needs."""

    def run(arguments: dict, connection: tuple[str, str] | None = None, **more: object) -> dict:
        arn, secret = connection or connect("BASIC", BasicAuthParameters={"Username": "ml", "Password": "pw"})
        arguments = {"Method": "POST", "InvocationConfig": {"ConnectionArn": arn}, **arguments}
        described = machine({"T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Arguments": arguments,
                                   "End": True, **more}},
                            allow("states:InvokeHTTPEndpoint"), allow("events:RetrieveConnectionCredentials", on=arn),
                            allow("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", on=secret)).run()
        return json.loads(described["output"]) if described["status"] == "SUCCEEDED" else described

    return run


def test_basic_authentication_headers_query_and_body(call, vendor):
    result = call({"ApiEndpoint": f"{vendor}/echo", "Headers": {"X-Mine": "1"}, "QueryParameters": {"a": "b c"},
                   "RequestBody": {"x": 1}})
    sent = result["ResponseBody"]
    assert result["StatusCode"] == 200
    assert sent["path"] == "/echo?a=b+c"
    assert sent["headers"]["authorization"] == "Basic " + base64.b64encode(b"ml:pw").decode()
    assert sent["headers"]["range"] == "bytes=0-262144"
    assert sent["headers"]["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert sent["headers"]["x-mine"] == "1"
    assert json.loads(sent["body"]) == {"x": 1}
    assert result["Headers"]["content-type"] == ["application/json"]


def test_api_key_and_the_connection_wins(call, connect, vendor):
    connection = connect(
        "API_KEY", ApiKeyAuthParameters={"ApiKeyName": "Authorization", "ApiKeyValue": "Bearer abc"},
        InvocationHttpParameters={"HeaderParameters": [{"Key": "X-Mine", "Value": "theirs"}],
                                  "BodyParameters": [{"Key": "k", "Value": "v"}]})
    sent = call({"ApiEndpoint": vendor, "Headers": {"x-mine": "ours"}, "RequestBody": {"k": 1, "x": 1}},
                connection)["ResponseBody"]
    assert sent["headers"]["authorization"] == "Bearer abc"
    assert sent["headers"]["x-mine"] == "theirs"
    assert json.loads(sent["body"]) == {"k": "v", "x": 1}
    refused = call({"ApiEndpoint": vendor, "RequestBody": "text"}, connection)
    assert refused["error"] == "States.Runtime"


def test_oauth_client_credentials(call, connect, vendor):
    connection = connect("OAUTH_CLIENT_CREDENTIALS", OAuthParameters={
        "ClientParameters": {"ClientID": "id", "ClientSecret": "secret"},
        "AuthorizationEndpoint": f"{vendor}/token", "HttpMethod": "POST"})
    sent = call({"ApiEndpoint": f"{vendor}/echo"}, connection)["ResponseBody"]
    assert sent["headers"]["authorization"] == "Bearer t0k"


def test_form_encoding(call, vendor):
    sent = call({"ApiEndpoint": vendor, "RequestBody": {"a": [1, 2], "m": {"k": "v w"}}, "Transform": {
        "RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "BRACKETS"}}})["ResponseBody"]
    assert sent["body"] == "a%5B%5D=1&a%5B%5D=2&m%5Bk%5D=v+w"
    assert sent["headers"]["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("path", "error"), [
    ("/busy", "States.Http.StatusCode.429"),
    ("/image", "States.Runtime"),
    ("/binary", "States.Runtime"),
    ("/big", "States.DataLimitExceeded"),
])
def test_answers_that_fail(call, vendor, path, error):
    assert call({"ApiEndpoint": vendor + path})["error"] == error


@pytest.mark.parametrize("arguments", [
    {"ApiEndpoint": "http://example.org/"},
    {"Headers": {"Authorization": "x"}},
    {"Headers": {"x-amz-meta": "x"}},
    {"Method": "TRACE"},
    {"Body": {}},
])
def test_requests_that_are_refused(call, vendor, arguments):
    assert call({"ApiEndpoint": vendor, **arguments})["error"] == "States.Runtime"


def test_a_vendor_that_is_down_is_a_socket_error(call):
    assert call({"ApiEndpoint": "http://127.0.0.1:9/"})["error"] == "States.Http.Socket"


def test_a_refused_credential_is_not_sent_again_until_the_connection_is_updated(call, connect, target, vendor):
    key = {"ApiKeyName": "x-key", "ApiKeyValue": "old"}
    connection = connect("API_KEY", ApiKeyAuthParameters=key)
    assert call({"ApiEndpoint": f"{vendor}/locked"}, connection)["error"] == "States.Http.StatusCode.401"
    again = call({"ApiEndpoint": f"{vendor}/echo"}, connection)
    assert (again["error"], "DEAUTHORIZED" in again["cause"]) == ("Events.ConnectionResource.InvalidConnectionState", True)
    name = connection[0].split("/")[1]
    target.client("events").update_connection(
        Name=name, AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": {**key, "ApiKeyValue": "new"}})
    assert call({"ApiEndpoint": f"{vendor}/echo"}, connection)["ResponseBody"]["headers"]["x-key"] == "new"


def test_unknown_connection(call, vendor):
    arn = "arn:aws:events:us-east-1:000000000000:connection/none/1"
    assert call({"ApiEndpoint": vendor}, (arn, "*"))["error"] == "Events.ConnectionResource.ResourceNotFound"


@pytest.mark.parametrize("missing", ["states:InvokeHTTPEndpoint", "events:RetrieveConnectionCredentials",
                                     "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"])
def test_each_permission_is_needed(machine, connect, vendor, missing):
    arn, secret = connect("BASIC", BasicAuthParameters={"Username": "ml", "Password": "pw"})
    condition = {"StringLike": {"states:HTTPEndpoint": f"{vendor}/*"}, "StringEquals": {"states:HTTPMethod": "POST"}}
    statements = {
        "states:InvokeHTTPEndpoint": allow("states:InvokeHTTPEndpoint", Condition=condition),
        "events:RetrieveConnectionCredentials": allow("events:RetrieveConnectionCredentials", on=arn),
        "secretsmanager:DescribeSecret": allow("secretsmanager:DescribeSecret", on=secret),
        "secretsmanager:GetSecretValue": allow("secretsmanager:GetSecretValue", on=secret),
    }
    arguments = {"Method": "POST", "ApiEndpoint": f"{vendor}/x", "InvocationConfig": {"ConnectionArn": arn}}
    states = {"T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Arguments": arguments, "End": True}}
    assert machine(states, *statements.values()).run()["status"] == "SUCCEEDED"
    denied = machine(states, *(value for key, value in statements.items() if key != missing)).run()
    assert missing in denied["cause"]
    other = {"T": {**states["T"], "Arguments": {**arguments, "Method": "GET"}}}
    assert "states:InvokeHTTPEndpoint" in machine(other, *statements.values()).run()["cause"]
