"""Asks an outside service how it is, as its binding says: `Probe` in constructs/core/probe.ts.

What is sent is what a step sends: constructs/core/handlers/request reads the same `Credentials`.
"""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import urllib3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

_SECONDS = 10
_MOST_BYTES = 100_000
_CREDENTIAL = re.compile(r"\$\{(\w+)\}")
_TOKEN = "token"
_http = urllib3.PoolManager(timeout=urllib3.Timeout(total=_SECONDS), retries=False)


class _Fault(Exception):
    """What is wrong, in one line."""


def credentials_of(probe: dict) -> list[str]:
    """The names of the credentials that the probe sends."""
    return sorted(set(_CREDENTIAL.findall(json.dumps(probe))) - {_TOKEN})


def fault_of(probe: dict, credentials: dict[str, str]) -> str | None:
    """What the service has, and what to do about it, in one line; nothing when the probe shows what it should."""
    filled = _filled(probe, credentials)
    try:
        if "token" in filled:
            filled = _filled(filled, {_TOKEN: _token(filled["token"], probe)})
        body = filled.get("body")
        headers = _headers(filled, body and "application/json")
        status, text = _ask(filled.get("method") or ("GET" if body is None else "POST"), filled["url"], headers,
                            None if body is None else json.dumps(body), filled.get("signature"), filled.get("webhook"))
    except _Fault as fault:
        return str(fault)
    finding = next(_findings(probe, status, text), None)
    return finding and f"{filled['url']} {finding}"


def _token(request: dict, probe: dict) -> str:
    """What the credential is exchanged for."""
    url, fields = request["url"], request.get("body") or {}
    form = request.get("form")
    headers = _headers(request, fields and ("application/x-www-form-urlencoded" if form else "application/json"))
    status, text = _ask("POST", url, headers, (urlencode(fields) if form else json.dumps(fields)) if fields else None)
    names = ", ".join(credentials_of(probe))
    if status >= 500:
        raise _Fault(f"{url} answered {status}: look at the service's own log")
    if status >= 300:
        raise _Fault(f"{url} gave no token ({status}): put a valid credential into the secret of {names}, and deploy again")
    token: Any = _json_object(text)
    for name in request["field"].split("."):
        token = token.get(name) if isinstance(token, dict) else None
    if not isinstance(token, str):
        raise _Fault(f"{url} answered no token in '{request['field']}': the address must be that of the tokens")
    return token


def _headers(carried: dict, content_type: Any) -> dict[str, str]:
    headers = {"Accept": "application/json, */*", **carried.get("headers", {})}
    if content_type:
        headers["Content-Type"] = content_type
    if "basic" in carried:
        headers["Authorization"] = "Basic " + base64.b64encode(carried["basic"].encode()).decode()
    return headers


def _ask(method: str, url: str, headers: dict[str, str], body: str | None, signature: dict | None = None, webhook: dict | None = None) -> tuple[int, str]:
    """Status and text of the answer."""
    if signature:
        headers = _signed(method, url, headers, body, signature)
    if webhook:
        headers = headers | _webhook(url, body or "", webhook)
    try:
        answer = _http.request(method, url, body=body, headers=headers, redirect=False, preload_content=False)
        return answer.status, answer.read(_MOST_BYTES).decode(errors="replace")
    except urllib3.exceptions.SSLError as error:
        raise _Fault(f"{url} does not speak TLS as it should ({_reason(error)}): mend its certificate, or correct the URL") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        # A connection that is refused is a timeout too, in urllib3.
        if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(error, urllib3.exceptions.NewConnectionError):
            raise _Fault(f"{url} did not answer within {_SECONDS} s: start the service, or correct the URL") from error
        raise _Fault(f"{url} is not reachable ({_reason(error)}): start the service, or correct the URL; "
                     "off a service that has ended, docs/migrating.md leads") from error


def _keys(url: str, signature: dict) -> Credentials:
    """Those of the secret, or of whoever asks."""
    if "keys" not in signature:
        own = Session().get_credentials()
        if own is None:
            raise _Fault(f"{url} was not asked: it is signed by whoever asks, and there are no credentials of AWS: log in")
        return own
    keys = _json_object(signature["keys"]) or {}
    fields = [signature["accessKeyIdField"], signature["secretAccessKeyField"]]
    missing = next((field for field in fields if not isinstance(keys.get(field), str)), None)
    if missing:
        raise _Fault(f"{url} was not asked: the secret has no field '{missing}': put the key and its id there")
    return Credentials(*(keys[field] for field in fields))


def _signed(method: str, url: str, headers: dict[str, str], body: str | None, signature: dict) -> dict[str, str]:
    request = AWSRequest(method, url, headers, body)
    signer = S3SigV4Auth if signature["service"] == "s3" else SigV4Auth
    signer(_keys(url, signature), signature["service"], signature["region"]).add_auth(request)
    return dict(request.headers.items())


def _webhook(url: str, body: str, webhook: dict) -> dict[str, str]:
    """The headers that show whose the body is."""
    secret, headers = webhook["secret"], webhook["headers"]
    key = secret.encode()
    if webhook["encodedKey"] and secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_") + "==")
        except ValueError:
            key = b""
    if not key:
        raise _Fault(f"{url} was not asked: the secret holds no key: after 'whsec_' stands the key in base64")
    if webhook["form"] == "hmac":
        return {headers["header"]: webhook["prefix"] + hmac.digest(key, body.encode(), hashlib.sha256).hex()}
    identity, now = f"doctor-{uuid.uuid4()}", str(int(time.time()))
    mac = base64.b64encode(hmac.digest(key, f"{identity}.{now}.{body}".encode(), hashlib.sha256)).decode()
    return {headers["idHeader"]: identity, headers["timestampHeader"]: now, headers["signatureHeader"]: f"v1,{mac}"}


def _findings(probe: dict, status: int, text: str) -> Iterator[str]:
    names = ", ".join(credentials_of(probe))
    refused = f"{{}}: put a valid credential into the secret of {names}, and deploy again"
    if status >= 500:
        yield f"answered {status}: look at the service's own log"
    if status in (401, 403):
        if names:
            yield refused.format(f"refused the credential with {status}")
        elif probe["shows"] != "alive":
            yield f"answered {status} to a caller without a credential: give 'auth'"
    if "expects" not in probe and "matches" not in probe:
        return
    if status >= 300:
        yield f"answered {status}: the URL is not that of this API, or the service speaks another version of it"
    if "expects" in probe:
        fields = _json_object(text)
        if fields is None:
            kind = "HTML" if text.lstrip().startswith("<") else "no JSON object"
            yield f"answered {kind}: the URL must be that of the API, not of a page"
        elif any(fields.get(name) != value for name, value in probe["expects"].items()):
            yield refused.format(f"answered {_short(text)}, not {json.dumps(probe['expects'])}")
    if "matches" in probe and not re.search(probe["matches"], text):
        if probe["shows"] == "version":
            yield f"speaks version {_short(text)}, which is not supported (a supported one matches {probe['matches']}): use another version"
        yield refused.format(f"answered {_short(text)}")


def _filled(value: Any, credentials: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _CREDENTIAL.sub(lambda match: credentials.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {name: _filled(inner, credentials) for name, inner in value.items()}
    return [_filled(inner, credentials) for inner in value] if isinstance(value, list) else value


def _json_object(text: str) -> dict | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 120 else f"{line[:120]}...")


def _reason(error: BaseException) -> str:
    """The innermost reason, without the addresses of objects."""
    return re.sub(r"<[^>]*>:? ?", "", str(error)).strip() or type(error).__name__
