"""Faults of AWS while a run trains, registers and, when it has failed, alerts."""

from collections.abc import Callable

from faults.bench import Bench, processes_with, wait_until
from faults.cell import SUCCESS, Cell, Outcome
from faults.refusals import (
    ANSWER_LOST,
    CAPACITY,
    DENIED,
    QUOTA,
    SLOW_DOWN_TWICE,
    SNS_THROTTLED_TWICE,
    THROTTLED,
    THROTTLED_TWICE,
    Refusal,
)

# What is refused: its place in the matrix, and the action.
CREATE = ("train: CreateTrainingJob", "sagemaker:CreateTrainingJob")
JOB = ("train: the job", "sagemaker:TrainingJob")
UPLOAD = ("train: the job writes its model to S3", "s3:PutObject")
REGISTER = ("register: CreateModelPackage", "sagemaker:CreateModelPackage")
REFUSALS = (
    (THROTTLED_TWICE, CREATE, SUCCESS),
    (THROTTLED, CREATE, "Mlops.Throttled"),
    (ANSWER_LOST, CREATE, SUCCESS),
    (QUOTA, CREATE, "Mlops.Throttled"),
    (CAPACITY, JOB, "Mlops.Failed"),
    (DENIED, UPLOAD, "Mlops.Failed"),
    (SLOW_DOWN_TWICE, UPLOAD, SUCCESS),
    (THROTTLED_TWICE, REGISTER, SUCCESS),
    (THROTTLED, REGISTER, "Mlops.Throttled"),
    (ANSWER_LOST, REGISTER, SUCCESS),
)
ALERTS = (
    (THROTTLED_TWICE, ("alert: DescribeExecution", "states:DescribeExecution")),
    (SNS_THROTTLED_TWICE, ("alert: Publish", "sns:Publish")),
)


def cells(bench: Bench) -> list[list[Cell]]:
    refused = [Cell(refusal.words, place, promise, _refused(bench, refusal, action, f"refused-{number:02}"))
               for number, (refusal, (place, action), promise) in enumerate(REFUSALS)]
    alerts = [Cell(f"no capacity, then {refusal.words}", place, "Mlops.Failed", _alerting(bench, refusal, action))
              for refusal, (place, action) in ALERTS]
    others = [Cell("the job hangs", JOB[0], "Mlops.Timeout", lambda: _hanging(bench)),
              Cell("started twice at once", "train and register", SUCCESS, lambda: _twice(bench))]
    return [[cell] for cell in refused + alerts + others]


def train(bench: Bench, run_id: str, behaviour: str = "fits", execution: str | None = None) -> tuple[Outcome, dict]:
    """A run of the training pipeline, and its output."""
    return bench.run("training", execution or run_id, {"runId": run_id, "behaviour": behaviour})


def duplicates(bench: Bench, run_id: str) -> list[str]:
    """What a run has too much of, or has left running."""
    jobs, versions = bench.jobs_of(run_id), bench.versions_of(run_id)
    broken = [f"{len(found)} {what}" for found, what in ((jobs, "jobs"), (versions, "versions")) if len(found) > 1]
    for name, status in ((job["TrainingJobName"], job["TrainingJobStatus"]) for job in jobs):
        if status not in ("Completed", "Failed", "Stopped"):
            broken.append(f"{name} is {status}")
        if processes_with(f"MLOPS_LOCAL_PROCESS=training-{name}"):
            broken.append(f"a process of {name} is left")
    return broken


def _refused(bench: Bench, refusal: Refusal, action: str, run_id: str) -> Callable[[], Outcome]:
    def play() -> Outcome:
        with bench.fault(run_id, action, run_id, refusal.answer) as calls:
            outcome, _ = train(bench, run_id)
            outcome.attempts = calls()
        outcome.broken += duplicates(bench, run_id)
        return outcome

    return play


def _alerting(bench: Bench, refusal: Refusal, action: str) -> Callable[[], Outcome]:
    """A run that fails, and a fault on the way of its alert."""

    def play() -> Outcome:
        run_id = action.replace(":", "-").lower()
        no_capacity = bench.fault(f"{run_id}-capacity", JOB[1], run_id, CAPACITY.answer)
        with no_capacity, bench.fault(run_id, action, run_id, refusal.answer) as calls:
            run = bench.start("training", run_id, {"runId": run_id, "behaviour": "fits"})
            # Nothing here may look at the run before its alert has: such a look would count.
            wait_until(lambda: calls() > refusal.more["times"], "the alert has got past the fault")
            attempts = calls()
        outcome, _ = bench.end(run)
        outcome.attempts = attempts
        return outcome

    return play


def _hanging(bench: Bench) -> Outcome:
    outcome, _ = train(bench, "hanging", "hangs")
    wait_until(lambda: [job["TrainingJobStatus"] for job in bench.jobs_of("hanging")] == ["Stopped"], "its job stopped")
    outcome.broken += duplicates(bench, "hanging")
    return outcome


def _twice(bench: Bench) -> Outcome:
    """Two executions of one run end with one version."""
    runs = [bench.start("training", f"twice-{number}", {"runId": "twice", "behaviour": "fits"}) for number in (1, 2)]
    (outcome, first), (other, second) = map(bench.end, runs)
    if (other.ended, second.get("version")) != (outcome.ended, first.get("version")):
        outcome.broken.append(f"the second execution ended in {other.ended} with {second.get('version')}")
    outcome.broken += duplicates(bench, "twice")
    return outcome
