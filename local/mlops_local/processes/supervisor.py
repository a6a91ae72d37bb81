"""Starts, watches and stops child processes, and finds those that an earlier, killed target left behind.

Every child gets its own session and a marker in its environment. The marker, unlike a process group, cannot be left by
accident: whatever a child starts, daemons included, inherits it, so that stopping a child stops all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from mlops_local.settings import Settings

MARKER = "MLOPS_LOCAL_PROCESS"
STOP_SECONDS = float(os.environ.get("MLOPS_LOCAL_STOP_SECONDS", "1.5"))
_POLL_SECONDS = 0.02


@dataclass
class Child:
    """One started process and all that it starts."""

    name: str
    marker: str
    process: subprocess.Popen
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit code, or None when the time is over first."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def log_tail(self, characters: int = 1000) -> str:
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")[-characters:].strip()
        return ""


_children: dict[str, Child] = {}
_requests: queue.Queue = queue.Queue()
_closed = threading.Event()
_spawner_lock = threading.Lock()
_spawner: threading.Thread | None = None


def spawn(name: str, command: list[str], environment: dict[str, str], log: Path, folder: Path | None = None) -> Child:
    """Start a process whose output goes to `log`; the name must be free."""
    if _closed.is_set():
        raise RuntimeError("the local target is stopping: nothing is started any more")
    marker = f"{name}-{secrets.token_hex(6)}"
    future: Future = Future()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        arguments = {
            "env": {**environment, MARKER: marker},
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
            "cwd": folder,
        }
        _start_spawner()
        _requests.put((future, command, arguments))
        process = future.result()
    child = Child(name, marker, process, log)
    _children[name] = child
    _write_record(child)
    return child


def stop(name: str, grace: float = STOP_SECONDS) -> None:
    """SIGTERM to everything of the child, and SIGKILL to what is still there after the grace period."""
    child = _children.pop(name, None)
    if child is None:
        return
    # The outermost process of a sandbox takes everything down with it at once, so it is the last to go.
    _signal(child.marker, signal.SIGTERM, besides=child.process.pid)
    if not _sandboxed(child):
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and (child.running or _marked(child.marker)):
        time.sleep(_POLL_SECONDS)
    kill_marked(child.marker)
    if child.running:
        child.process.kill()
    child.process.wait()
    _record_path(name).unlink(missing_ok=True)


def find(name: str) -> Child | None:
    return _children.get(name)


def close(grace: float = STOP_SECONDS) -> None:
    """Stop everything and start nothing any more: the target ends."""
    _closed.set()
    threads = [threading.Thread(target=stop, args=(name, grace)) for name in list(_children)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def reopen() -> None:
    _closed.clear()


def kill_marked(marker: str) -> None:
    """SIGKILL to every process that carries the marker, until none is left."""
    for _ in range(50):
        if not _signal(marker, signal.SIGKILL):
            return
        time.sleep(_POLL_SECONDS)


def reap_orphans() -> int:
    """Kill what a target that was itself killed has left running; answers how many."""
    reaped = 0
    for record in _records_folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            orphan = json.loads(record.read_text())
            if _start_time(orphan["pid"]) == orphan["started"] or _marked(orphan["marker"]):
                kill_marked(orphan["marker"])
                reaped += 1
        record.unlink(missing_ok=True)
    return reaped


def _start_spawner() -> None:
    """One permanent thread starts all children, since "die with parent" means the thread that forked."""
    global _spawner
    with _spawner_lock:
        if _spawner is None:
            _spawner = threading.Thread(target=_spawn_forever, name="spawner", daemon=True)
            _spawner.start()


def _spawn_forever() -> None:
    while True:
        future, command, arguments = _requests.get()
        try:
            future.set_result(subprocess.Popen(command, **arguments))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            future.set_exception(error)


def _sandboxed(child: Child) -> bool:
    return os.path.basename(child.process.args[0]) == "bwrap"


def _signal(marker: str, number: int, besides: int | None = None) -> int:
    pids = [pid for pid in _marked(marker) if pid != besides]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return len(pids)


def _marked(marker: str) -> list[int]:
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _carries(entry, wanted) and not _is_zombie(entry):
            found.append(int(entry))
    return found


def _carries(pid: str, wanted: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            return wanted in environment.read().split(b"\0")
    except OSError:
        return False


def _is_zombie(pid: str) -> bool:
    fields = _stat(pid)
    return fields is None or fields[0] == "Z"


def _start_time(pid: int) -> str | None:
    fields = _stat(str(pid))
    return fields[19] if fields else None


def _stat(pid: str) -> list[str] | None:
    """The fields of /proc/<pid>/stat that follow the command's name."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return None


def _records_folder() -> Path:
    folder = Settings.from_environment().home / "processes"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _record_path(name: str) -> Path:
    return _records_folder() / f"{name.replace('/', '_')}.json"


def _write_record(child: Child) -> None:
    record = {"pid": child.process.pid, "started": _start_time(child.process.pid), "marker": child.marker}
    _record_path(child.name).write_text(json.dumps(record))
