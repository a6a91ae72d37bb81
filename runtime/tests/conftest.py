"""A source bundle as the trainer makes it (the user's folder, mlops_train.py and mlops_runtime/), run in a process."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(RUNTIME))


@dataclass
class Bundle:
    source: Path
    model: Path

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *arguments: str, program: str | None = "train.py", **variables: str) -> subprocess.CompletedProcess:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment = {**inherited, "SM_MODEL_DIR": str(self.model), **variables}
        if program is not None:
            environment["MLOPS_PROGRAM"] = program
        return subprocess.run(
            [sys.executable, "mlops_train.py", *arguments],
            cwd=self.source, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    source = tmp_path / "code"
    source.mkdir()
    shutil.copy(RUNTIME / "mlops_train.py", source)
    shutil.copytree(RUNTIME / "mlops_runtime", source / "mlops_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    model = tmp_path / "model"
    model.mkdir()
    return Bundle(source, model)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory):
    """A real Secrets Manager (MiniStack's) in a process of its own; yields the variables that lead a client to it."""
    folder = tmp_path_factory.mktemp("ministack")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "STATE_DIR": str(folder),
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack.app"], env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{endpoint}/_ministack/health", process)
        yield {
            "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")
