"""Asks an outside service how it is, as its binding says: `Probe` in constructs/core/probe.ts."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import urllib3

_SECONDS = 10
_MOST_BYTES = 100_000
_CREDENTIAL = re.compile(r"\$\{(\w+)\}")
_http = urllib3.PoolManager(timeout=urllib3.Timeout(total=_SECONDS), retries=False)


def credentials_of(probe: dict) -> list[str]:
    """The names of the credentials that the probe sends."""
    return sorted(set(_CREDENTIAL.findall(json.dumps(probe))))


def fault_of(probe: dict, credentials: dict[str, str]) -> str | None:
    """What the service has, and what to do about it, in one line; nothing when the probe shows what it should."""
    filled = _filled(probe, lambda name: credentials[name])
    body = filled.get("body")
    method = filled.get("method") or ("GET" if body is None else "POST")
    headers = {"Accept": "application/json, */*", **filled.get("headers", {})}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if "basic" in filled:
        headers["Authorization"] = "Basic " + base64.b64encode(filled["basic"].encode()).decode()
    url = filled["url"]
    try:
        answer = _http.request(method, url, body=None if body is None else json.dumps(body), headers=headers,
                               redirect=False, preload_content=False)
        text = answer.read(_MOST_BYTES).decode(errors="replace")
    except urllib3.exceptions.SSLError as error:
        return f"{url} does not speak TLS as it should ({_reason(error)}): mend its certificate, or correct the URL"
    except (urllib3.exceptions.HTTPError, OSError) as error:
        # A connection that is refused is a timeout too, in urllib3.
        if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(error, urllib3.exceptions.NewConnectionError):
            return f"{url} did not answer within {_SECONDS} s: start the service, or correct the URL"
        return (f"{url} is not reachable ({_reason(error)}): start the service, or correct the URL; "
                "off a service that has ended, docs/migrating.md leads")
    finding = next(_findings(probe, answer.status, text), None)
    return finding and f"{url} {finding}"


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


def _filled(value: Any, credential: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return _CREDENTIAL.sub(lambda match: credential(match[1]), value)
    if isinstance(value, dict):
        return {name: _filled(inner, credential) for name, inner in value.items()}
    return [_filled(inner, credential) for inner in value] if isinstance(value, list) else value


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
