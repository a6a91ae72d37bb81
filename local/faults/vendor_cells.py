"""A vendor's faults in every HTTP Task."""

import json
from collections.abc import Callable, Iterator

from faults.bench import FOLDER, MODEL_KEY, Bench, digest
from faults.cell import FALLBACK, SUCCESS, Cell, Outcome
from faults.vendor import SECOND, WRONG_NAME_TASKS

VERSION = "given"
ROWS = json.loads((FOLDER / "vendor_faults.json").read_text())

WORDS = {
    "429": "429 with Retry-After",
    "429-twice": "429 twice, then an answer",
    "500": "500",
    "500-twice": "500 twice, then an answer",
    "hang": "no answer",
    "reset": "connection reset",
    "slow-body": "a body that trickles",
    "bad-json": "JSON that breaks off",
    "huge": "an answer of 50 MB",
    "expired": "expired credential",
    "wrong-name": "TLS with the wrong name",
}
PLACES = {
    "infer": "infer",
    "failover": "infer, with a fallback",
    "load": "deploy: load",
    "ready": "deploy: wait until ready",
    "sample": "deploy: try the sample",
    "slack": "alert: Slack",
    "pagerduty": "alert: PagerDuty",
    "webhook": "alert: webhook",
}
PROMISES = {
    "429": "Mlops.Throttled",
    "429-twice": SUCCESS,
    "500": "Mlops.Failed",
    "500-twice": SUCCESS,
    "hang": "Mlops.Timeout",
    "reset": "Mlops.Failed",
    "slow-body": "Mlops.Timeout",
    "bad-json": "Mlops.Failed",
    # Step Functions lets nothing catch it.
    "huge": "States.DataLimitExceeded",
    "expired": "Mlops.Unauthorized",
    "wrong-name": "Mlops.Failed",
}
# Nothing of these answers is used.
EXCEPTIONS = {("bad-json", "load"): SUCCESS, ("bad-json", "webhook"): SUCCESS}
# Where not every task has the fault: no call gets past a wrong name; Slack and PagerDuty refuse without a 401.
PLAYED = {"wrong-name": WRONG_NAME_TASKS, "expired": ("infer", "failover", "load", "ready", "sample", "webhook")}


def cells(bench: Bench) -> list[list[Cell]]:
    """Groups of cells; those of one group are played in order."""
    bench.vendor.versions.append(digest(VERSION))
    return [list(_group(bench, fault, task)) for fault in ROWS["faults"] for task in PLAYED.get(fault, ROWS["tasks"])]


def _group(bench: Bench, fault: str, task: str) -> Iterator[Cell]:
    promise = _promise(fault, task)
    yield Cell(WORDS[fault], PLACES[task], promise, _run(bench, fault, task))
    if fault == "expired":
        # The connection is deauthorized by now: nothing goes out until it is updated.
        yield Cell("expired credential, the next run", PLACES[task], promise, _run(bench, fault, task, "again"))
        yield Cell("rotated credential", PLACES[task], SUCCESS, _rotated(bench, fault, task))


def _promise(fault: str, task: str) -> str:
    promise = EXCEPTIONS.get((fault, task), PROMISES[fault])
    return FALLBACK if task == "failover" and promise.startswith("Mlops.") else promise


def _run(bench: Bench, fault: str, task: str, suffix: str = "first") -> Callable[[], Outcome]:
    def play() -> Outcome:
        model = f"{fault}.{task}"
        before = bench.vendor.attempts[model]
        run_input = {"fault": fault, "version": VERSION, "modelUri": f"s3://{bench.outputs['bucket']}/{MODEL_KEY}"}
        outcome, _ = bench.run(f"vendor-{task}", f"{fault}-{task}-{suffix}", run_input)
        outcome.attempts = bench.vendor.attempts[model] - before
        return outcome

    return play


def _rotated(bench: Bench, fault: str, task: str) -> Callable[[], Outcome]:
    """The connection of the cell's endpoint gets the new credential, as after a rotation."""

    def play() -> Outcome:
        events = bench.client("events")
        connections = events.list_connections(Limit=100)["Connections"]
        construct = f"vendor{task}{fault}"
        name = next(one["Name"] for one in connections if construct in one["Name"].lower())
        parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": f"Bearer {SECOND}"}}
        events.update_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
        return _run(bench, fault, task, "rotated")()

    return play
