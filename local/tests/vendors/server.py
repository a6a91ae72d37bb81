"""A vendor's real server: started in an environment of its own on a free port, stopped by its process id."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.driver import wait_until

from mlops_local.processes import environments
from mlops_local.processes.environments import PythonEnvironment
from mlops_local.settings import REPOSITORY

START_SECONDS = 240
# Where what runs in the vendors' hands finds fitting.py, and the training contract.
PIPELINES = os.pathsep.join(str(folder) for folder in (Path(__file__).parent, REPOSITORY / "runtime"))


def environment_of(vendor: str) -> PythonEnvironment:
    """The Python environment of local/requirements/vendors/<vendor>.txt."""
    return environments.pinned(vendor, environments.requirements_file(f"vendors/{vendor}"))


def version_of(environment: PythonEnvironment, package: str) -> str:
    """The version of a package, as the environment has it."""
    program = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    return subprocess.check_output([environment.tool("python"), "-c", program], text=True).strip()


@contextmanager
def process(command: list[str], folder: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A program in a session of its own, with its output in `<folder>/<program>.log`; it and its children end with the block."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "MLOPS_"))}
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        started = subprocess.Popen(command, cwd=folder, env=inherited | variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
    try:
        yield started
    finally:
        _end(started)


def _end(started: subprocess.Popen) -> None:
    """Ends the session that `started` leads: politely, then not."""
    for with_signal, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 15)):
        try:
            os.killpg(started.pid, with_signal)
        except ProcessLookupError:
            break
        try:
            started.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    started.wait()


@dataclass(frozen=True)
class Server:
    """A server that answers JSON over HTTP."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: object = None, method: str | None = None) -> tuple[int, object]:
        """The status and the content of an answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **self.headers}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, _parsed(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())

    @contextmanager
    def started(self, command: list[str], folder: Path, variables: dict[str, str], path: str) -> Iterator[subprocess.Popen]:
        """The program that serves this address, for the time of the block; the block starts when `path` answers 200."""
        with process(command, folder, variables) as program:
            self.wait(path, program)
            yield program

    def wait(self, path: str, started: subprocess.Popen) -> None:
        """Waits until `path` answers 200."""

        def answers() -> bool:
            assert started.poll() is None, f"{started.args[0]} ended with {started.returncode}: see its log"
            try:
                return self.ask(path)[0] == 200
            except OSError:
                return False

        wait_until(answers, f"{self.url}{path} answers", START_SECONDS)


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
