"""What a person types: starting, stopping, and the one line for what is wrong."""

import os
import shlex
import signal
import socket
import subprocess

import pytest

from mlops_local.cli.failure import Failure
from mlops_local.settings import REPOSITORY, Settings


def one_line(ended: subprocess.CompletedProcess) -> str:
    assert ended.returncode == 1, ended.stderr
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_starts_tells_its_environment_and_stops(local_target):
    assert local_target.run("start").returncode == 0
    assert "already running" in local_target.run("start").stderr
    exports = dict(shlex.split(line)[1].split("=", 1)
                   for line in local_target.run("env").stdout.splitlines() if line.startswith("export "))
    assert exports["AWS_ENDPOINT_URL"] == local_target.settings.endpoint
    identity = local_target.client("sts").get_caller_identity()
    assert identity["Account"] == "000000000000"

    assert local_target.run("stop").returncode == 0
    assert "not running" in one_line(local_target.run("env")) or "no local target runs" in one_line(local_target.run("env"))
    assert local_target.processes() == set()
    assert "not running" in local_target.run("stop").stderr


def test_state_survives_stop_and_start_and_is_wiped_by_reset(local_target):
    local_target.run("start")
    local_target.client("s3").create_bucket(Bucket="kept")
    local_target.run("stop")
    local_target.run("start")
    assert [bucket["Name"] for bucket in local_target.client("s3").list_buckets()["Buckets"]] == ["kept"]
    local_target.run("reset")
    local_target.run("start")
    assert local_target.client("s3").list_buckets()["Buckets"] == []


def test_a_killed_target_starts_again(local_target):
    local_target.run("start")
    for pid in local_target.processes():
        os.kill(pid, signal.SIGKILL)
    assert local_target.run("start").returncode == 0
    local_target.client("sts").get_caller_identity()


def test_names_the_clone_whose_target_has_the_port(local_target, tmp_path):
    local_target.run("start")
    other = type(local_target)(Settings(local_target.settings.port, tmp_path / "other", local_target.settings.cache))
    line = one_line(other.run("start"))
    assert str(local_target.settings.home) in line
    assert "npm run local:stop" in line and "MLOPS_LOCAL_PORT" in line


def test_refuses_a_second_target_on_the_same_state(local_target):
    local_target.run("start")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    second = type(local_target)(Settings(port, local_target.settings.home, local_target.settings.cache))
    assert f"runs on port {local_target.settings.port}" in one_line(second.run("start"))


def test_refuses_a_port_that_another_program_has(local_target, tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        target = type(local_target)(Settings(port, tmp_path, local_target.settings.cache))
        assert f"port {port} is taken" in one_line(target.run("start"))


@pytest.mark.parametrize(("arguments", "expected"), [
    (["up", "--jsno"], "--jsno"),
    (["up", "--config", "nowhere.yaml"], "'--config' must name a file that exists, got 'nowhere.yaml'"),
    (["up", "--example", "nothing"], "'--example' must be one of "),
    (["upp"], "unknown command 'upp'"),
])
def test_wrong_arguments_are_one_line(local_target, arguments, expected):
    assert expected in one_line(local_target.run(*arguments))


def test_a_port_that_is_none_is_one_line(local_target):
    environment = local_target.environment | {"MLOPS_LOCAL_PORT": "http"}
    ended = subprocess.run(["node", "local/run.mjs", "start"], cwd=REPOSITORY, env=environment, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert one_line(ended) == "'MLOPS_LOCAL_PORT' must be a port between 1 and 65535, got 'http'"


def test_a_cause_names_step_and_log():
    failure = Failure.of_execution("pipeline", "Mlops.Failed", "Train: it is broken (log: /aws/sagemaker/TrainingJobs/x)")
    assert failure.as_json() == {
        "step": "Train", "error": "Mlops.Failed", "cause": "it is broken", "log": "/aws/sagemaker/TrainingJobs/x",
    }
    assert Failure.of_execution("pipeline", "States.Runtime", "no step here").step == "pipeline"
