"""Two npm scripts at once install one after the other."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mlops_local.settings import REPOSITORY

PROGRAM = """
import { appendFileSync, existsSync } from 'node:fs';
import { inTurn } from './local/turns.mjs';
const [name, file] = process.argv.slice(1);
const note = (what) => appendFileSync(file, `${what}\\n`);
const stopping = new AbortController();
process.on('SIGINT', () => stopping.abort(new Error('ended')));
note('here');
try {
  await inTurn(name, async () => { note('in'); while (!existsSync(`${name}/go`)) await new Promise((done) => setTimeout(done, 20)); note('out'); }, stopping.signal);
} catch (error) { note(error.message); }
"""


@pytest.fixture
def start(tmp_path: Path):
    """Starts one that takes its turn, and lasts until there is a file `go`; its name is this test's own."""
    return lambda: subprocess.Popen(["node", "--input-type=module", "-e", PROGRAM, str(tmp_path), str(tmp_path / "notes")], cwd=REPOSITORY)


@pytest.fixture
def notes(tmp_path: Path):
    file = tmp_path / "notes"
    return lambda *wanted: [line for line in (file.read_text().splitlines() if file.exists() else []) if line in (wanted or ("in", "out", "ended"))]


def until(notes, wanted: str, times: int) -> None:
    deadline = time.monotonic() + 60
    while len(notes(wanted)) < times:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_after_the_other(start, notes, tmp_path):
    (tmp_path / "go").touch()
    started = [start() for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4

    assert notes() == ["in", "out"] * 4


def test_one_that_is_killed_is_no_obstacle(start, notes, tmp_path):
    killed = start()
    until(notes, "in", 1)
    other = start()
    until(notes, "here", 2)
    os.kill(killed.pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    assert (other.wait(60), killed.wait(60)) == (0, -signal.SIGKILL)

    assert notes() == ["in", "in", "out"]


def test_the_waiting_can_be_ended(start, notes, tmp_path):
    holder = start()
    until(notes, "in", 1)
    waiting = start()
    until(notes, "here", 2)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(60) == 0
    (tmp_path / "go").touch()
    assert holder.wait(60) == 0

    assert notes() == ["in", "ended", "out"]
