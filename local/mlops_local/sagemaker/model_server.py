"""One variant's container: a process that answers /ping and /invocations, and the connections to it."""

from __future__ import annotations

import http.client
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from ministack.core.responses import get_region

from mlops_local.processes import environments, images, sandbox, supervisor
from mlops_local.sagemaker import containers, s3_data, store
from mlops_local.sagemaker.clients import client, role_environment
from mlops_local.sagemaker.errors import JobFailure
from mlops_local.sagemaker.log_stream import LogStream
from mlops_local.settings import Settings

START_SECONDS = 60.0
INVOKE_SECONDS = 60.0
_PORT_ATTEMPTS = 3
_POLL_SECONDS = 0.03


class ModelServer:
    """Starts, calls and stops the container of one variant."""

    def __init__(self, endpoint: str, variant: dict) -> None:
        self.variant = variant["Name"]
        self.weight = float(variant["Weight"])
        self.instances = variant["Instances"]
        self._spec = variant
        self._name = f"endpoint-{endpoint}-{self.variant}-{store.unique_id()}"
        self._container = sandbox.Container(Settings.from_environment().home / "endpoints" / self._name)
        self._log_group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self.log_stream = f"{self.variant}/i-{store.unique_id()}"
        self._port = 0
        self._idle: deque[http.client.HTTPConnection] = deque()
        self._requests: deque[None] = deque()  # as many as are under way; a deque counts without a lock
        self._logs: LogStream | None = None

    # ---- life

    def start(self) -> None:
        """Fetch model and code, start the process, and return when it answers /ping."""
        try:
            runtime = images.runtime_of(self._spec["Container"]["Image"])
            credentials = role_environment(self._spec["RoleArn"], "SageMaker")
            source = self._fetch(client("s3", credentials))
            python_environment = runtime.python_environment(source)
            self._start_on_free_port(runtime, python_environment, credentials)
        except (images.ImageFailure, environments.EnvironmentFailure) as failure:
            raise JobFailure(f"The primary container for production variant {self.variant} cannot start: "
                             f"{failure}") from None

    def stop(self) -> None:
        supervisor.stop(self._name)
        if self._logs is not None:
            self._logs.close()
        while self._idle:
            self._idle.pop().close()
        shutil.rmtree(self._container.root, ignore_errors=True)

    @property
    def alive(self) -> bool:
        child = supervisor.find(self._name)
        return child is not None and child.running

    def restart(self) -> None:
        """Bring a container that died back, as SageMaker does."""
        self.stop()
        self.start()

    def _fetch(self, s3) -> Path | None:
        container = self._spec["Container"]
        model = self._container.path("model")
        if container["DataUri"] and container["Compressed"]:
            s3_data.download_archive(s3, container["DataUri"], model, "Model data")
        elif container["DataUri"]:
            prefix = container["DataUri"].rstrip("/") + "/"
            s3_data.download_keys(s3, prefix, s3_data.list_prefix(s3, prefix), model)
        code = self._container.path("code")
        submitted = container["Environment"].get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if submitted.startswith("s3://"):
            s3_data.download_archive(s3, submitted, code, "Source")
        candidates = [folder for folder in (code, model / "code") if (folder / "requirements.txt").is_file()]
        return candidates[0] if candidates else None

    def _start_on_free_port(self, runtime: images.Runtime, python_environment, credentials: dict[str, str]) -> None:
        """A port that was free a moment ago may be taken by the time the server binds it: then take another."""
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._port = _free_port()
            child = self._spawn(runtime, python_environment, credentials)
            if self._answers_ping(child):
                return
            tail = child.log_tail(600)
            if attempt == _PORT_ATTEMPTS or "Address already in use" not in tail:
                raise JobFailure(f"The primary container for production variant {self.variant} did not pass the ping "
                                 f"health check. Please check CloudWatch logs for this endpoint ({self._log_group}). "
                                 f"The log ends with: {tail}")
            supervisor.stop(self._name)

    def _spawn(self, runtime: images.Runtime, python_environment, credentials: dict[str, str]) -> supervisor.Child:
        environment = {
            **containers.base_environment(python_environment, get_region()),
            **runtime.environment,
            **({} if self._spec["Isolated"] else containers.network_environment(credentials)),
            **self._spec["Container"]["Environment"],
            "SAGEMAKER_BIND_TO_PORT": str(self._port),
        }
        readable = [*python_environment.readable, *runtime.readable, *containers.visible_to_sandbox(credentials)]
        command, environment = sandbox.confine(
            self._container, runtime.command("serve", python_environment), environment, readable)
        log = self._container.root / "log"
        child = supervisor.spawn(self._name, command, environment, log, self._container.opt_ml)
        if self._logs is None:
            self._logs = LogStream(log, self._log_group, self.log_stream, self._spec["RoleArn"])
        return child

    def _answers_ping(self, child: supervisor.Child) -> bool:
        allowed = min(float(self._spec.get("StartSeconds") or START_SECONDS), START_SECONDS)
        deadline = time.monotonic() + allowed
        while time.monotonic() < deadline and child.running:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/ping", timeout=2) as answer:
                    if answer.status == 200:
                        return True
            except (OSError, urllib.error.HTTPError):
                pass
            time.sleep(_POLL_SECONDS)
        return False

    # ---- calls

    def invoke(self, headers: dict[str, str], body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request on a connection that is kept for the next."""
        self._requests.append(None)
        try:
            return self._invoke(headers, body)
        finally:
            self._requests.pop()

    @property
    def busy(self) -> bool:
        return bool(self._requests)

    def _invoke(self, headers: dict[str, str], body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection, fresh = self._connection()
        try:
            answer = self._exchange(connection, headers, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            connection.close()
            if fresh:
                raise
            # An idle connection may have been closed by the server meanwhile; a new one tells.
            connection = self._new_connection()
            answer = self._exchange(connection, headers, body)
        self._idle.append(connection)
        return answer

    @staticmethod
    def _exchange(connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes):
        try:
            connection.request("POST", "/invocations", body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except TimeoutError:
            connection.close()
            raise

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._idle.pop(), False
        except IndexError:
            return self._new_connection(), True

    def _new_connection(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=INVOKE_SECONDS)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
