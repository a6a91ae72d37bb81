"""Starts a ZenML server and, once the example's stack is deployed, registers it there and deploys the pipeline on it.

Prints one line of JSON when the server is ready, which is what the example's app takes as its context `vendors`, and runs
until SIGTERM or Ctrl-C. The keys go into Secrets Manager. AWS credentials and endpoint are those of the environment.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3

EXAMPLE = Path(__file__).resolve().parent
REPOSITORY = EXAMPLE.parents[1]
sys.path.insert(0, str(REPOSITORY / "local"))

from mlops_local.processes.environments import EnvironmentFailure, pinned, requirements_file  # noqa: E402

STACK, SECRET, USER = "zenml-on-top", "vendor/zenml", "ml"
STATE = Path(os.environ.get("MLOPS_LOCAL_HOME") or REPOSITORY / ".local") / "vendors" / "zenml"
START_SECONDS = 240
QUIET = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_ENABLE_RICH_TRACEBACK": "false", "ZENML_LOGGING_COLORS_DISABLED": "true"}
children: list[subprocess.Popen] = []


def kept(name: str, make=lambda: secrets.token_urlsafe(24)) -> str:
    """What outlives a restart, as the server's database does."""
    path = STATE / name
    if not path.exists():
        value = make()
        path.touch(mode=0o600)
        path.write_text(value)
    return path.read_text()


def launch(command: list[str], variables: dict[str, str], log: str) -> subprocess.Popen:
    """In a session of its own, so that it is stopped together with what it starts."""
    with (STATE / log).open("ab") as output:
        child = subprocess.Popen(command, cwd=STATE, env=os.environ | QUIET | variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 start_new_session=True)  # fmt: skip
    children.append(child)
    return child


def wait(url: str, child: subprocess.Popen, log: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    sys.exit(f"servers.py: {url} does not answer: see {STATE / log}")


def ask(url: str, token: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def service_account_key(url: str, password: str) -> str:
    """What a person does once: the API key of a new service account."""
    form = urllib.parse.urlencode({"username": USER, "password": password}).encode()
    with urllib.request.urlopen(f"{url}/api/v1/login", data=form, timeout=60) as answer:
        token = json.load(answer)["access_token"]
    account = ask(f"{url}/api/v1/service_accounts", token, {"name": STACK, "active": True})["id"]
    return ask(f"{url}/api/v1/service_accounts/{account}/api_keys", token, {"name": STACK})["body"]["key"]


def store(value: dict[str, str]) -> None:
    client = boto3.client("secretsmanager")
    try:
        client.create_secret(Name=SECRET, SecretString=json.dumps(value))
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=SECRET, SecretString=json.dumps(value))


def deployed() -> bool:
    names = [f"/mlops/{STACK}/{component}" for component in ("artifact-store", "experiment-tracker")]
    return not boto3.client("ssm").get_parameters(Names=names)["InvalidParameters"]


def serve_pipeline(python: str, url: str, keys: dict[str, str], port: int) -> None:
    """Registers the stack as anybody would, and deploys the pipeline on it."""
    client = {"ZENML_STORE_URL": url, "ZENML_STORE_API_KEY": keys["key"]}
    export = ["node", str(REPOSITORY / "local" / "run.mjs"), "export", "zenml", "--stack", STACK]
    ended = subprocess.run(export, env=os.environ | client, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"servers.py: the export failed: {ended.stderr.strip()}")
    stack, = ask(f"{url}/api/v1/stacks?name={STACK}", keys["key"])["items"]
    client |= {"ZENML_ACTIVE_STACK_ID": stack["id"], "ZENML_CONFIG_PATH": str(STATE / "client"), "DEPLOYMENT_KEY": keys["deploymentKey"]}
    launch([python, str(EXAMPLE / "pipeline.py"), str(port)], client, "pipeline.log")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    STATE.mkdir(parents=True, exist_ok=True)
    environment = pinned("zenml", requirements_file("vendors/zenml"))
    password, (port, pipeline_port) = kept("password"), (free_port(), free_port())
    url, pipeline_url = (f"http://127.0.0.1:{number}" for number in (port, pipeline_port))
    server = launch([environment.tool("uvicorn"), "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1", "--port", str(port)], {
        "ZENML_SERVER": "true", "ZENML_CONFIG_PATH": str(STATE / "server"), "ZENML_STORE_URL": f"sqlite:///{STATE / 'zenml.db'}",
        "ZENML_SERVER_AUTO_ACTIVATE": "1", "ZENML_DEFAULT_USER_NAME": USER, "ZENML_DEFAULT_USER_PASSWORD": password,
    }, "server.log")  # fmt: skip
    wait(f"{url}/health", server, "server.log")
    keys = {"key": kept("key", lambda: service_account_key(url, password)), "deploymentKey": kept("deployment-key")}
    store(keys)
    print(json.dumps({"zenml": {"url": url, "secret": SECRET}, "train": {"url": pipeline_url, "ready": f"{pipeline_url}/health"}}), flush=True)
    while not deployed():
        time.sleep(1)
    serve_pipeline(environment.tool("python"), url, keys, pipeline_port)
    while all(child.poll() is None for child in children):
        time.sleep(0.5)
    sys.exit(f"servers.py: a server ended by itself: see {STATE}")


if __name__ == "__main__":
    try:
        main()
    except EnvironmentFailure as failure:
        sys.exit(f"servers.py: {failure}")
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
