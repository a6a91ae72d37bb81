"""What the doctor finds in a service's answers."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
from botocore.credentials import Credentials
from botocore.session import Session

from mlops_local.cli import probes

TOKEN = {"TOKEN": "t0ken"}


class Service(http.server.BaseHTTPRequestHandler):
    """Answers what a path asks for, and keeps the requests."""

    requests: list[tuple[str, str, dict, bytes]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status, text = urllib.parse.unquote(self.path[1:]).split("/", 1)
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = _answer

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_request_is_made_as_it_is_declared(service: str) -> None:
    probe = {"shows": "authorized", "url": f"{service}/200/{{}}", "headers": {"X-Key": "Key ${TOKEN}"}, "expects": {},
             "body": {"key": "${TOKEN}", "all": [1, "${TOKEN}"]}}

    assert probes.credentials_of(probe) == ["TOKEN"]
    assert probes.fault_of(probe, TOKEN) is None
    method, path, headers, body = Service.requests[-1]
    assert (method, urllib.parse.unquote(path), headers["x-key"]) == ("POST", "/200/{}", "Key t0ken")
    assert json.loads(body) == {"key": "t0ken", "all": [1, "t0ken"]}


def test_basic_and_another_method(service: str) -> None:
    probe = {"shows": "authorized", "url": f"{service}/200/", "method": "POST", "basic": "ml:${TOKEN}"}

    assert probes.fault_of(probe, TOKEN) is None
    method, _, headers, body = Service.requests[-1]
    assert (method, headers["authorization"], body) == ("POST", "Basic bWw6dDBrZW4=", b"")


@pytest.mark.parametrize(("shows", "path", "more"), [
    ("alive", "200/", {}), ("alive", "401/", {}), ("alive", "404/", {}), ("authorized", "405/", {}), ("authorized", "302/", {}),
    ("version", "200/3.17.2", {"matches": "^[23]\\."}), ("authorized", '200/{"ok":true,"a":1}', {"expects": {"ok": True}}),
])
def test_what_is_well(service: str, shows: str, path: str, more: dict) -> None:
    assert probes.fault_of({"shows": shows, "url": f"{service}/{path}", **more}, {}) is None


REFUSED = "put a valid credential into the secret of TOKEN, and deploy again"
KEY = {"headers": {"X-Key": "${TOKEN}"}}


@pytest.mark.parametrize(("shows", "path", "more", "fault"), [
    ("alive", "503/", {}, "answered 503: look at the service's own log"),
    ("authorized", "401/", KEY, f"refused the credential with 401: {REFUSED}"),
    ("authorized", "403/{}", {**KEY, "expects": {}}, f"refused the credential with 403: {REFUSED}"),
    ("version", "401/", {"matches": "x"}, "answered 401 to a caller without a credential: give 'auth'"),
    ("authorized", "404/", {**KEY, "expects": {}},
     "answered 404: the URL is not that of this API, or the service speaks another version of it"),
    ("authorized", "302/", {**KEY, "expects": {}},
     "answered 302: the URL is not that of this API, or the service speaks another version of it"),
    ("authorized", "200/<html>", {**KEY, "expects": {}}, "answered HTML: the URL must be that of the API, not of a page"),
    ("authorized", "200/[1]", {**KEY, "expects": {}}, "answered no JSON object: the URL must be that of the API, not of a page"),
    ("authorized", '200/{"ok":false}', {**KEY, "expects": {"ok": True}},
     f"""answered '{{"ok":false}}', not {{"ok": true}}: {REFUSED}"""),
    ("authorized", '200/{"viewer":null}', {**KEY, "expects": {}, "matches": '"viewer": *\\{'},
     f"""answered '{{"viewer":null}}': {REFUSED}"""),
    ("version", "200/1.30", {"matches": "^[23]\\."},
     "speaks version '1.30', which is not supported (a supported one matches ^[23]\\.): use another version"),
])
def test_each_fault_is_one_line(service: str, shows: str, path: str, more: dict, fault: str) -> None:
    url = f"{service}/{path}"

    assert probes.fault_of({"shows": shows, "url": url, **more}, TOKEN) == f"{url} {fault}"


def test_a_service_that_is_down() -> None:
    fault = probes.fault_of({"shows": "alive", "url": "http://127.0.0.1:1/"}, {})

    assert fault is not None and fault.startswith("http://127.0.0.1:1/ is not reachable (")
    assert "Connection refused" in fault and "\n" not in fault and "0x" not in fault
    assert fault.endswith("start the service, or correct the URL; off a service that has ended, docs/migrating.md leads")


def test_a_service_whose_tls_fails(service: str) -> None:
    url = service.replace("http://", "https://")

    fault = probes.fault_of({"shows": "alive", "url": url}, {})

    assert fault is not None and fault.startswith(f"{url} does not speak TLS as it should (") and "\n" not in fault
    assert fault.endswith("): mend its certificate, or correct the URL")


def test_a_token_is_asked_for_first_and_then_carried(service: str) -> None:
    token = {"url": f'{service}/200/{{"data": {{"token": "t1"}}}}', "basic": "ml:${TOKEN}", "form": True,
             "body": {"grant_type": "a b"}, "field": "data.token"}
    probe = {"shows": "authorized", "url": f"{service}/200/", "headers": {"X-Token": "Bearer ${token}"}, "token": token}

    assert probes.credentials_of(probe) == ["TOKEN"]
    assert probes.fault_of(probe, TOKEN) is None
    (method, _, asked, body), (_, _, carried, _) = Service.requests[-2:]
    assert (method, asked["authorization"], body) == ("POST", "Basic bWw6dDBrZW4=", b"grant_type=a+b")
    assert carried["x-token"] == "Bearer t1"


@pytest.mark.parametrize(("answer", "fault"), [
    ("401/no", "gave no token (401): put a valid credential into the secret of TOKEN, and deploy again"),
    ("302/", "gave no token (302): put a valid credential into the secret of TOKEN, and deploy again"),
    ("503/", "answered 503: look at the service's own log"),
    ("200/<html>", "answered no token in 'access_token': the address must be that of the tokens"),
    ('200/{"access_token": 1}', "answered no token in 'access_token': the address must be that of the tokens"),
])
def test_a_token_that_nobody_gives(service: str, answer: str, fault: str) -> None:
    url = f"{service}/{urllib.parse.quote(answer)}"
    probe = {"shows": "authorized", "url": f"{service}/200/", "headers": {"Authorization": "Bearer ${token}"},
             "token": {"url": url, "body": {"password": "${TOKEN}"}, "field": "access_token"}}

    assert probes.fault_of(probe, TOKEN) == f"{url} {fault}"


def test_a_request_is_signed(service: str) -> None:
    signature = {"keys": "${KEYS}", "accessKeyIdField": "id", "secretAccessKeyField": "key", "region": "eu-west-1",
                 "service": "execute-api"}
    probe = {"shows": "authorized", "url": f"{service}/200/", "signature": signature}

    assert probes.fault_of(probe, {"KEYS": '{"id": "AKIA", "key": "k"}'}) is None
    signed = Service.requests[-1][2]["authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIA/") and "/eu-west-1/execute-api/aws4_request" in signed
    assert probes.fault_of(probe, {"KEYS": "no"}) == f"{service}/200/ was not asked: the secret has no field 'id': put the key and its id there"


def test_a_request_is_signed_by_whoever_asks(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = {"shows": "authorized", "url": f"{service}/200/", "signature": {"region": "eu-west-1", "service": "sagemaker"}}

    monkeypatch.setattr(Session, "get_credentials", lambda self: Credentials("AKIAOWN", "own", "session"))
    assert probes.fault_of(probe, {}) is None
    headers = Service.requests[-1][2]
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAOWN/")
    assert headers["x-amz-security-token"] == "session"
    monkeypatch.setattr(Session, "get_credentials", lambda self: None)
    assert probes.fault_of(probe, {}) == f"{service}/200/ was not asked: it is signed by whoever asks, and there are no credentials of AWS: log in"


@pytest.mark.parametrize(("secret", "key"), [("plain", b"plain"), ("whsec_cGxhaW4", b"plain")])
def test_a_webhook_is_signed(service: str, secret: str, key: bytes) -> None:
    headers = {"idHeader": "webhook-id", "timestampHeader": "webhook-timestamp", "signatureHeader": "webhook-signature"}
    webhook = {"secret": "${TOKEN}", "form": "standard", "headers": headers, "prefix": "", "encodedKey": True}

    assert probes.fault_of({"shows": "authorized", "url": f"{service}/200/", "body": {"a": 1}, "webhook": webhook}, {"TOKEN": secret}) is None
    _, _, sent, body = Service.requests[-1]
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    assert sent["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def test_a_webhook_is_signed_by_its_body_alone(service: str) -> None:
    webhook = {"secret": "${TOKEN}", "form": "hmac", "headers": {"header": "X-Hub-Signature-256"}, "prefix": "sha256=", "encodedKey": False}

    assert probes.fault_of({"shows": "authorized", "url": f"{service}/200/", "webhook": webhook}, TOKEN) is None
    assert Service.requests[-1][2]["x-hub-signature-256"] == "sha256=" + hmac.digest(b"t0ken", b"", hashlib.sha256).hex()


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a"])
def test_a_webhook_without_a_key(service: str, secret: str) -> None:
    webhook = {"secret": "${TOKEN}", "form": "standard", "headers": {}, "prefix": "", "encodedKey": True}

    fault = probes.fault_of({"shows": "authorized", "url": f"{service}/200/", "webhook": webhook}, {"TOKEN": secret})
    assert fault == f"{service}/200/ was not asked: the secret holds no key: after 'whsec_' stands the key in base64"
