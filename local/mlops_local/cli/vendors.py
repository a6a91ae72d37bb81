"""The vendor servers of an example: `examples/<name>/servers.py`, which runs beside the local target.

It prints one line of JSON when its servers are ready: the value of the context `vendors` that the example's app takes. A
server that needs the deployed stack names what answers once it has found it, as `ready`.
"""

import json
import sys
import time
from pathlib import Path

import urllib3

from mlops_local.cli import client_environment, lifecycle
from mlops_local.cli.failure import Failure
from mlops_local.settings import REPOSITORY, Settings

_http = urllib3.PoolManager(timeout=urllib3.Timeout(total=5), retries=False)
_START_SECONDS = 300  # the first start installs the vendors' servers


def program(example: str | None) -> Path | None:
    """The example's servers.py, if it has one."""
    path = REPOSITORY / "examples" / (example or "") / "servers.py"
    return path if example and path.is_file() else None


def start(settings: Settings, servers: Path) -> str:
    """Starts the servers unless they run already, and returns their line."""
    detached = lifecycle.servers_of(settings)
    line_file = settings.home / "servers.json"
    known = _read(line_file)
    if detached.running() is not None and known is not None and known["program"] == str(servers):
        return known["line"]
    detached.stop()
    output = settings.home / "servers.out"
    environment = client_environment.of_subprocess(settings) | {
        "MLOPS_LOCAL_HOME": str(settings.home),
        "MLOPS_LOCAL_CACHE": str(settings.cache),
    }
    with output.open("wb") as stdout:
        process = detached.start([sys.executable, str(servers)], environment, stdout.fileno())
    try:
        line = _first_line(output, process)
    except BaseException:
        detached.stop()
        raise
    if line is None:
        raise Failure("vendors", "StartFailed", f"the vendors' servers did not start: {detached.last_line()}",
                      str(detached.log))
    line_file.write_text(json.dumps({"program": str(servers), "line": line}))
    return line


def await_ready(settings: Settings, line: str) -> None:
    """Waits for the servers that have waited for the stack."""
    detached = lifecycle.servers_of(settings)
    deadline = time.monotonic() + _START_SECONDS
    for name, server in json.loads(line).items():
        while "ready" in server and not _answers(server["ready"]):
            if detached.running() is None or time.monotonic() > deadline:
                raise Failure("vendors", "StartFailed", f"{name} is not ready: {detached.last_line()}", str(detached.log))
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return _http.request("GET", url).status == 200
    except (urllib3.exceptions.HTTPError, OSError):
        return False


def _first_line(output: Path, process) -> str | None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        line, end, _ = output.read_text().partition("\n")
        if end:
            return line
        if process.poll() is not None:
            return None
        time.sleep(0.1)
    return None


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
