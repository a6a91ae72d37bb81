"""Starts the two vendors of this example for real: an MLflow server with HTTP Basic, and an MLServer.

Prints one line of JSON when both are ready, `{"tracker": {"url", "username", "secret"}, "endpoint": {"url"}}`, which is
what the example's app takes as its context `vendors`, and runs until SIGTERM or Ctrl-C. The tracker's password goes
into Secrets Manager. AWS credentials and endpoint are those of the environment (`local:env`).
"""

import argparse
import base64
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
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent
REPOSITORY = EXAMPLE.parents[1]
sys.path.insert(0, str(REPOSITORY / "local"))

from mlops_local.processes.environments import EnvironmentFailure, PythonEnvironment, pinned  # noqa: E402

HOST = "127.0.0.1"
STACK = "bring-your-own-vendor"
SECRET = "vendor/mlflow"
DEFAULT_REPOSITORY = f"ssm:/mlops/{STACK}/artifact-store#models"
START_SECONDS = 120
STOP_SECONDS = 15
ATTEMPTS = 3


class ServerFailure(Exception):
    """A server did not start; the message is one line and names its log."""


class Server(ABC):
    """One server process, in a session of its own so that it is stopped together with what it started."""

    name: str

    def __init__(self, state: Path, port: int | None):
        self.folder = state / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self._fixed_port = port
        self.port = port or 0
        self._environment: PythonEnvironment | None = None
        self._process: subprocess.Popen | None = None

    @abstractmethod
    def command(self, environment: PythonEnvironment) -> list[str]: ...

    @abstractmethod
    def variables(self) -> dict[str, str]: ...

    @abstractmethod
    def health(self) -> urllib.request.Request: ...

    def address(self) -> dict[str, str]:
        """What the example's app is told of it."""
        return {"url": self.url}

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def install(self) -> None:
        self._environment = pinned(f"vendor-{self.name}", EXAMPLE / f"requirements-{self.name}.txt")

    def launch(self) -> None:
        self.port = self._fixed_port or free_port()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(self._environment),
                cwd=self.folder,
                # An empty value lets the first start keep the bytecode, which makes the others several seconds faster.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **self.variables()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Returns when the server answers. A port that was free may be taken a moment later: launches again."""
        for _ in range(1 if self._fixed_port else ATTEMPTS):
            if not self.running:
                self.launch()
            if self._answers():
                return
            self.stop()
        raise ServerFailure(f"the {self.name} did not start: see {self.log}")

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.running:
            with contextlib.suppress(urllib.error.URLError, OSError):
                with urllib.request.urlopen(self.health(), timeout=5) as response:
                    # Another program may have taken the port first: then ours has ended.
                    return response.status == 200 and self.running
            time.sleep(0.1)
        return False

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Tracker(Server):
    """`mlflow server --app-name basic-auth`: runs in SQLite, artifacts in a folder of its own, one worker."""

    name = "tracker"
    username = "ml"

    def __init__(self, state: Path, port: int | None, secret: str):
        super().__init__(state, port)
        self.password = self._kept("password")
        self._secret = secret

    def _kept(self, name: str) -> str:
        """A random secret that outlives a restart, as the users in the server's database do."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def command(self, environment: PythonEnvironment) -> list[str]:
        return [
            environment.tool("mlflow"), "server", "--app-name", "basic-auth",
            "--host", HOST, "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{self.folder / 'runs.db'}",
            "--artifacts-destination", str(self.folder / "artifacts"),
        ]  # fmt: skip

    def variables(self) -> dict[str, str]:
        configuration = self.folder / "basic_auth.ini"
        configuration.write_text(
            f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{self.folder / 'users.db'}\n"
        )
        return {
            "MLFLOW_AUTH_CONFIG_PATH": str(configuration),
            "MLFLOW_AUTH_ADMIN_USERNAME": self.username,
            "MLFLOW_AUTH_ADMIN_PASSWORD": self.password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": self._kept("session-key"),
            # Background jobs (evaluations, scorers) are not part of the example, and cost several processes.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }

    def health(self) -> urllib.request.Request:
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return urllib.request.Request(
            f"{self.url}/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Authorization": f"Basic {token}"}
        )

    def address(self) -> dict[str, str]:
        """Its password goes where the stack refers to it: the field `password` of a JSON secret."""
        keep(self._secret, json.dumps({"password": self.password}))
        return {"url": self.url, "username": self.username, "secret": self._secret}


class Endpoint(Server):
    """MLServer over REST; its model repository is an artifact store."""

    name = "endpoint"

    def __init__(self, state: Path, port: int | None, repository: str):
        super().__init__(state, port)
        self._repository = repository

    def command(self, environment: PythonEnvironment) -> list[str]:
        settings = {
            "host": HOST,
            "http_port": self.port,
            "grpc_port": free_port(),
            "metrics_endpoint": None,
            "parallel_workers": 0,
            "model_repository_implementation": "artifact_store_repository.ArtifactStoreRepository",
            "model_repository_implementation_args": {
                "repository": self._repository,
                "staging": str(self.folder / "models"),
            },
        }
        (self.folder / "settings.json").write_text(json.dumps(settings, indent=2))
        return [environment.tool("mlserver"), "start", str(self.folder)]

    def variables(self) -> dict[str, str]:
        return {"PYTHONPATH": str(EXAMPLE / "model_server")}

    def health(self) -> urllib.request.Request:
        return urllib.request.Request(f"{self.url}/v2/health/ready")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def keep(secret: str, content: str) -> None:
    """Puts a credential into Secrets Manager."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client("secretsmanager")
    try:
        try:
            client.create_secret(Name=secret, SecretString=content)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=secret, SecretString=content)
    except (BotoCoreError, ClientError) as error:
        raise ServerFailure(f"the secret '{secret}' cannot be stored: {error}") from error


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    home = Path(os.environ.get("MLOPS_LOCAL_HOME") or REPOSITORY / ".local")
    parser.add_argument("--state", type=Path, default=home / "vendors", help="default: %(default)s")
    parser.add_argument("--tracker-port", type=int, help="default: a free one")
    parser.add_argument("--endpoint-port", type=int, help="default: a free one")
    parser.add_argument("--secret", default=SECRET, help="where the tracker's password goes (default: %(default)s)")
    parser.add_argument(
        "--repository",
        default=DEFAULT_REPOSITORY,
        help="where the models are: s3://bucket/prefix, or ssm:<the artifact store's parameter>#prefix"
        " (default: %(default)s)",
    )
    return parser.parse_args()


def main(*names: str) -> None:
    """Runs the servers of these names, or both."""
    options = parse_arguments()
    state = options.state.resolve()
    tracker = Tracker(state, options.tracker_port, options.secret)
    endpoint = Endpoint(state, options.endpoint_port, options.repository)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    servers = [server for server in (tracker, endpoint) if server.name in (names or (tracker.name, endpoint.name))]
    try:
        for server in servers:
            server.install()
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until_ready()
        print(json.dumps({server.name: server.address() for server in servers}), flush=True)
        while all(server.running for server in servers):
            time.sleep(0.5)
        ended = next(server for server in servers if not server.running)
        sys.exit(f"servers.py: the {ended.name} ended by itself: see {ended.log}")
    except (ServerFailure, EnvironmentFailure) as error:
        sys.exit(f"servers.py: {error}")
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
