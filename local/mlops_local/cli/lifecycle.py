"""Starts and stops the local target and the vendor servers of an example, as processes that outlive this one."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from mlops_local.cli.failure import Failure
from mlops_local.settings import HOST, REPOSITORY, Settings

_START_SECONDS = 60
_STOP_SECONDS = 40


@dataclass(frozen=True)
class Detached:
    """A process that runs on after this one, known by its pid and start time: a pid alone may be another's by now."""

    name: str
    settings: Settings

    @property
    def log(self) -> Path:
        return self.settings.home / "logs" / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.settings.home / f"{self.name}.pid"

    def start(self, command: list[str], environment: dict[str, str], stdout: int | None = None) -> subprocess.Popen:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log,
                start_new_session=True,
            )
        self._record.write_text(json.dumps({
            "pid": process.pid, "started": _start_time(process.pid), "port": self.settings.port,
        }))
        return process

    def running(self) -> dict | None:
        """The record of the process, with its pid and port, or None when it does not run."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        running = record["started"] is not None and _start_time(record["pid"]) == record["started"]
        return record if running else None

    def stop(self) -> bool:
        """Asks the process to end, insists when it does not, and says whether it ran."""
        record = self.running()
        if record is not None:
            _end(record["pid"])
        self._record.unlink(missing_ok=True)
        return record is not None

    def last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it wrote nothing"


def target_of(settings: Settings) -> Detached:
    return Detached("target", settings)


def servers_of(settings: Settings) -> Detached:
    return Detached("servers", settings)


def running_status(settings: Settings) -> dict | None:
    """What the target on the port says of itself, or None when none of ours listens there."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{settings.endpoint}/_mlops/status", timeout=5) as response:
            status = json.load(response)
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) and "home" in status else None


def require_running(settings: Settings) -> None:
    status = running_status(settings)
    if status is None:
        raise Failure("target", "NotRunning",
                      f"no local target runs on port {settings.port}: start it with `npm run local:start`")
    _refuse_other_owner(settings, status)


def start(settings: Settings) -> bool:
    """Starts the target unless it runs already, and says whether it did."""
    status = running_status(settings)
    if status is not None:
        _refuse_other_owner(settings, status)
        _wait_until_ready(settings, None)
        return False
    if _listens(settings.port):
        raise Failure("target", "PortTaken", f"port {settings.port} is taken by a program that is not a local target: "
                                             "stop it, or choose another port with MLOPS_LOCAL_PORT")
    target = target_of(settings)
    record = target.running()
    if record is not None:
        raise Failure("target", "AlreadyRunning", f"the local target of {settings.home} runs on port {record['port']}, "
                                                  f"not on {settings.port}: `npm run local:stop` first, or set "
                                                  f"MLOPS_LOCAL_PORT={record['port']}")
    settings.home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY / "local"),
        "PYTHONUNBUFFERED": "1",
        "MLOPS_LOCAL_PORT": str(settings.port),
        "MLOPS_LOCAL_HOME": str(settings.home),
        "MLOPS_LOCAL_CACHE": str(settings.cache),
    }
    process = target.start([sys.executable, "-m", "mlops_local.target"], environment)
    try:
        _wait_until_ready(settings, process)
    except BaseException:
        target.stop()
        raise
    return True


def stop(settings: Settings) -> bool:
    """Stops the example's servers and the target, with everything that it started, and says whether it ran."""
    servers_of(settings).stop()
    return target_of(settings).stop()


def start_and_tell(settings: Settings) -> int:
    started = start(settings)
    print(f"local AWS: {'started' if started else 'already running'} on {settings.endpoint} "
          f"(log: {target_of(settings).log})", file=sys.stderr)
    return 0


def stop_and_tell(settings: Settings) -> int:
    stopped = stop(settings)
    print(f"local AWS: {'stopped; its state is kept' if stopped else 'it was not running'}", file=sys.stderr)
    return 0


def reset_and_tell(settings: Settings) -> int:
    """Stops the target and wipes its state; what was downloaded stays."""
    stop(settings)
    if settings.home.exists():
        for entry in settings.home.iterdir():
            if entry == settings.cache:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    print(f"local AWS: stopped, and its state in {settings.home} is wiped", file=sys.stderr)
    return 0


def _refuse_other_owner(settings: Settings, status: dict) -> None:
    owner = Path(status["home"])
    if owner == settings.home:
        return
    clone = owner.parent if owner.name == ".local" else owner
    raise Failure("target", "PortTaken", f"port {settings.port} is taken by the local target of {clone}: "
                                         "`npm run local:stop` there, or choose another port with MLOPS_LOCAL_PORT")


def _wait_until_ready(settings: Settings, process: subprocess.Popen | None) -> None:
    target = target_of(settings)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        status = running_status(settings)
        if status is not None and status.get("ready", True):
            return
        if process is not None and process.poll() is not None:
            raise Failure("target", "StartFailed", f"the target ended at once: {target.last_line()}", str(target.log))
        time.sleep(0.05)
    raise Failure("target", "StartFailed", f"the target was not ready after {_START_SECONDS} s", str(target.log))


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _end(pid: int) -> None:
    started = _start_time(pid)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if _start_time(pid) != started:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


def _start_time(pid: int) -> int | None:
    """The process's start in clock ticks after boot (field 22 of /proc/<pid>/stat); None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, start = fields[0], int(fields[19])
    return None if state == "Z" else start
