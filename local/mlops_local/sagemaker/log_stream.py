"""Follows a process's log file and puts its lines into a CloudWatch Logs stream while they are written."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.sagemaker import store
from mlops_local.sagemaker.clients import client, role_environment

_POLL_SECONDS = 0.2
_BATCH = 1000
_LONGEST_LINE = 200_000


class LogStream:
    """One log file on its way to one stream, with the role of what is logged. `each_line` sees every line, in order."""

    def __init__(self, log: Path, group: str, stream: str, role_arn: str,
                 each_line: Callable[[str], None] | None = None) -> None:
        self._log = log
        self._role_arn = role_arn
        self._group = group
        self._stream = stream
        self._each_line = each_line or (lambda line: None)
        self._ended = threading.Event()
        self._position = 0
        self._rest = ""
        self._logs = None
        self._thread = store.in_background(f"log-{stream}", self._run)

    def close(self) -> None:
        """Send what is left; call it after the process has ended."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            self._send(self._new_lines())
        lines = self._new_lines()
        if self._rest:
            lines.append(self._rest)
        self._send(lines)

    def _new_lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError), self._log.open("rb") as file:
            file.seek(self._position)
            text = file.read()
            self._position += len(text)
            *lines, self._rest = (self._rest + text.decode(errors="replace")).split("\n")
            return lines
        return []

    def _send(self, lines: list[str]) -> None:
        for line in lines:
            self._each_line(line)
        written = [line.rstrip("\r")[:_LONGEST_LINE] for line in lines if line.strip()]
        for start in range(0, len(written), _BATCH):
            moment = int(time.time() * 1000)
            events = [{"timestamp": moment, "message": line} for line in written[start:start + _BATCH]]
            # A log that cannot be delivered must not fail the job that wrote it.
            with contextlib.suppress(BotoCoreError, ClientError):
                self._client().put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)

    def _client(self):
        if self._logs is None:
            self._logs = client("logs", role_environment(self._role_arn, "SageMaker"))
            for create, arguments in (
                (self._logs.create_log_group, {"logGroupName": self._group}),
                (self._logs.create_log_stream, {"logGroupName": self._group, "logStreamName": self._stream}),
            ):
                with contextlib.suppress(ClientError):  # it exists already, or putting events will say what is missing
                    create(**arguments)
        return self._logs
