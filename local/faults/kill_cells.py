"""kill -9 in mid-run: the target, a job, a model server."""

import os
import signal

from faults.bench import Bench, wait_until
from faults.cell import SUCCESS, Cell, Outcome
from faults.deployment_cells import approved
from faults.training_cells import duplicates, train

SLOW_ROW = [9, 1]
# The target writes what has changed to disk after two seconds: what it has not written, it has forgotten.
SAVED_SECONDS = 30


def cells(bench: Bench) -> list[list[Cell]]:
    return [
        [Cell("kill -9 of the job", "train: the job", "Mlops.Failed", lambda: _job(bench))],
        [Cell("kill -9 of the model server", "infer: InvokeEndpoint", "Mlops.Failed", lambda: _model_server(bench))],
        # The target has no name of AWS's for it: there, executions go on.
        [Cell("kill -9 of the local target", "train: the job", "States.ServiceRestart", lambda: _target(bench))],
        [Cell("the same run again", "train: the job", "Mlops.Failed", lambda: _again(bench))],
    ]


def _job(bench: Bench) -> Outcome:
    run = bench.start("training", "killed-job", {"runId": "killed-job", "behaviour": "hangs"})
    _kill(_process(bench, "training-train-killed-job"))
    outcome, _ = bench.end(run)
    outcome.broken += duplicates(bench, "killed-job")
    return outcome


def _model_server(bench: Bench) -> Outcome:
    """The request that it was answering fails; the next ones are answered by the server that takes its place."""
    server = f"endpoint-{bench.outputs['endpoint']}"
    if bench.child(server) is None:
        bench.run("deployment", "served", {"version": approved(bench, "served")})
    run = bench.start("predict", "killed-server", {"rows": [SLOW_ROW]})
    wait_until(lambda: _scheduled(bench, run), "the request is on its way", 30)
    killed = _process(bench, server)
    _kill(killed)
    outcome, _ = bench.end(run)
    wait_until(lambda: bench.child(server) not in (None, killed), "another server has started", 30)
    after, _ = bench.run("predict", "after-killed-server", {"rows": [[1, 2]]})
    if after.ended != SUCCESS:
        outcome.broken.append(f"then infer ends with {after.ended}")
    return outcome


def _target(bench: Bench) -> Outcome:
    run = bench.start("training", "killed-target", {"runId": "killed-target", "behaviour": "hangs"})
    _process(bench, "training-train-killed-target")
    wait_until(lambda: _saved(bench, "killed-target"), "the run is on disk", SAVED_SECONDS)
    bench.kill_target()
    bench.start_target()
    outcome, _ = bench.end(run)
    outcome.broken += duplicates(bench, "killed-target")
    return outcome


def _again(bench: Bench) -> Outcome:
    outcome, _ = train(bench, "killed-target", execution="killed-target-again")
    outcome.broken += duplicates(bench, "killed-target")
    return outcome


def _saved(bench: Bench, run: str) -> bool:
    """Whether both the execution and its job are on disk. A file is replaced when it is written, never changed."""
    wanted = {"stepfunctions.json": f"-training:{run}", "sagemaker.json": f"train-{run}"}
    files = {bench.settings.home / "state" / name: text for name, text in wanted.items()}
    return all(path.exists() and text in path.read_text() for path, text in files.items())


def _scheduled(bench: Bench, run: str) -> bool:
    events = bench.client("stepfunctions").get_execution_history(executionArn=run)["events"]
    return any(event["type"] == "TaskScheduled" for event in events)


def _process(bench: Bench, name: str) -> int:
    return wait_until(lambda: bench.child(name), f"a process of {name} runs", 30)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
