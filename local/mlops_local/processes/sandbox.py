"""Gives a process the container's view of the machine: its own /opt/ml, /tmp and host name.

With bubblewrap the paths are the real ones. Without it (or where user namespaces are forbidden) the process sees
the same tree at another place, which SageMaker's toolkits find through SAGEMAKER_BASE_DIR.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PLAIN_HOST = "localhost"


@dataclass(frozen=True)
class Container:
    """The folder that stands for one container's file system, below `root`."""

    root: Path
    host: str = "algo-1"
    hosts: tuple[str, ...] = ("algo-1",)

    @property
    def opt_ml(self) -> Path:
        return self.root / "opt" / "ml"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def path(self, relative: str) -> Path:
        """A path below /opt/ml as the target sees it; made if it is not there."""
        path = self.opt_ml / relative
        path.mkdir(parents=True, exist_ok=True)
        return path

    def inside(self, relative: str) -> str:
        """The same path as the process in the container sees it."""
        base = Path("/opt/ml") if available() else self.opt_ml
        return str(base / relative)


@functools.cache
def available() -> bool:
    """Whether bubblewrap is there and may make its namespaces. MLOPS_LOCAL_SANDBOX=off forgoes it."""
    if os.environ.get("MLOPS_LOCAL_SANDBOX") == "off" or shutil.which("bwrap") is None:
        return False
    trial = ["bwrap", *_NAMESPACES, "--hostname", "algo-1", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
             "--tmpfs", "/opt", "true"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


_NAMESPACES = ["--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-uts"]


def confine(container: Container, command: list[str], environment: dict[str, str],
            readable: list[Path]) -> tuple[list[str], dict[str, str]]:
    """The command and environment that run `command` in the container; `readable` stays visible below /tmp and /opt."""
    container.temporary.mkdir(parents=True, exist_ok=True)
    (container.temporary / "home").mkdir(exist_ok=True)
    if not available():
        return command, {
            **environment,
            "SAGEMAKER_BASE_DIR": str(container.opt_ml),
            "TMPDIR": str(container.temporary),
            "HOME": str(container.temporary / "home"),
        }
    hosts_file = container.root / "hosts"
    hosts_file.write_text(_hosts(container))
    arguments = [
        "bwrap", *_NAMESPACES, "--hostname", container.host,
        "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
        "--tmpfs", "/opt", *_rest_of_opt(),
        "--bind", str(container.temporary), "/tmp", *_below_tmp(readable),
        "--bind", str(container.opt_ml), "/opt/ml",
        "--ro-bind", str(hosts_file), "/etc/hosts",
        "--chdir", "/opt/ml",
    ]
    return arguments + command, {**environment, "TMPDIR": "/tmp", "HOME": "/tmp/home"}


def _hosts(container: Container) -> str:
    """Every host of the job has a loopback address of its own, so that each can bind the same port."""
    lines = ["127.0.0.1 localhost"]
    lines += [f"127.0.0.{number} {host}" for number, host in enumerate(container.hosts, 1)]
    return "\n".join(lines) + "\n"


def _rest_of_opt() -> list[str]:
    """What the machine itself keeps in /opt (often its Python) stays visible beside /opt/ml."""
    entries = [entry for entry in Path("/opt").glob("*") if entry.name != "ml" and not entry.is_symlink()]
    return [argument for entry in entries for argument in ("--ro-bind", str(entry), str(entry))]


def _below_tmp(readable: list[Path]) -> list[str]:
    paths = {str(path.resolve()) for path in readable}
    return [argument for path in sorted(paths) if path.startswith("/tmp/") for argument in ("--ro-bind", path, path)]
