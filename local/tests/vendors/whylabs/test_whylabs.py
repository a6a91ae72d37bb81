"""WhyLabsModelMonitor against a server that knows the APIs of WhyLabs and of its container as they are published: it sends what their own clients send."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.driver import wait_until
from vendors.sdks.recorder import Answer, Recorder, Request, answer, recorder
from vendors.server import environment_of, version_of
from vendors.watching import Ask, soon, sums

HERE = Path(__file__).parent
KEY, PASSWORD = "key-of-the-test", "password-of-the-test"
RESULTS = "/v0/organizations/org-0/dataset/model-1/data/analysis-results"
ROWS = [(10, 30), (12, 41), (9, 25)]

pytestmark = pytest.mark.proves("model monitor", "whylabs", "whylabs-client", grade="sdk")


class WhyLabs(NamedTuple):
    recorded: Recorder
    results: list[dict]


@pytest.fixture(scope="module")
def whylabs(versions) -> Iterator[WhyLabs]:
    results: list[dict] = []

    def server(request: Request) -> Answer:
        key = request.headers.get("x-api-key")
        if (request.method, request.path) == ("POST", "/log"):
            return answer(200, None) if key == PASSWORD else answer(403, {"detail": "Not authenticated"})
        if (request.method, request.path) == ("POST", RESULTS):
            return answer(200, {"results": results}) if key == KEY else answer(401, {"message": "Unauthorized"})
        return answer(404, {"detail": "Not Found"})

    versions["whylabs-client"] = version_of(environment_of("whylabs"), "whylabs-client")
    with recorder(server) as recorded:
        yield WhyLabs(recorded, results)


@pytest.fixture(scope="module")
def machines(deploy, whylabs):
    return deploy(HERE / "app.ts", whylabs.recorded.url)


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "profiled")


@pytest.fixture
def clients(tmp_path):
    """Runs the vendor's clients."""

    def run(*given: str):
        ended = subprocess.run([environment_of("whylabs").tool("python"), str(HERE / "clients.py"), *given], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    return run


def seen(request: Request) -> tuple:
    return request.method, request.path, request.headers["x-api-key"], request.headers["content-type"], request.body


def both(told, queue: str) -> list[dict]:
    """The two that a queue is told."""
    found: list[dict] = []
    wait_until(lambda: found.extend(told(queue)) or len(found) == 2, "both are told", 60)
    return found


def test_traffic_is_logged_as_the_containers_own_client_logs_it(endpoint, whylabs, clients):
    before = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    endpoint(ROWS)
    logged, = wait_until(lambda: whylabs.recorded.at("/log"), "the traffic is logged", 60)
    table, timestamp = logged.body["multiple"], logged.body["timestamp"]
    assert table == {"columns": ["amount", "age", "output_prediction"], "data": [[amount, age, amount + age] for amount, age in ROWS]}
    assert before <= datetime.fromtimestamp(timestamp / 1000, UTC) <= datetime.now(UTC)

    assert clients("log", whylabs.recorded.url, PASSWORD, str(timestamp), json.dumps(table)) == 200
    own = whylabs.recorded.at("/log")[1]
    assert seen(logged) == seen(own)
    # What whylogs itself makes of it.
    assert clients("profile", json.dumps(table)) == {
        name: {"n": 3, "mean": pytest.approx(sum(column) / 3)} for name, column in zip(table["columns"], zip(*table["data"], strict=True), strict=True)
    }


def test_nothing_is_told_while_nothing_is_found(machines, told):
    assert machines["Ask"].output(soon(minutes=5)) == {"told": None}
    assert told("DriftUrl") == told("UnhealthyUrl") == []


def test_results_are_asked_for_as_its_own_client_asks_and_are_verdicts(whylabs, machines, told, clients):
    now = datetime.now(UTC) - timedelta(seconds=5)
    result = {
        "orgId": "org-0", "datasetId": "model-1", "column": "amount", "segment": {"tags": []}, "datasetTimestamp": int(now.timestamp() * 1000), "analyzerId": "drift-analyzer",
        "analysisId": str(uuid.uuid4()), "isAnomaly": True, "failedAnalysis": False, "userMarkedUnhelpful": False, "creationTimestamp": int(now.timestamp() * 1000),
        "monitorIds": ["drift-monitor"], "metric": "histogram", "upperThreshold": 0.7, "metricValue": 0.85, "targetLevel": "column", "analyzerType": "drift", "algorithm": "hellinger",
        "failureType": "null",
    }  # fmt: skip
    calm = {**result, "column": "age", "isAnomaly": False, "metricValue": 0.1}
    failed = {**calm, "analyzerId": "mean-analyzer", "failedAnalysis": True, "failureType": "ReferenceProfileMissing", "failureExplanation": "no reference profile"}
    before = {**result, "creationTimestamp": result["creationTimestamp"] - 7_200_000}
    whylabs.results.extend([result, calm, failed, before])

    assert machines["Ask"].output(soon(minutes=5))["told"]["FailedEntryCount"] == 0

    asked = whylabs.recorded.at(RESULTS)[-1]
    parsed = clients("results", whylabs.recorded.url, KEY, asked.body["interval"])
    assert seen(asked) == seen(whylabs.recorded.at(RESULTS)[-1])
    assert parsed == [{"check": it["analyzerId"], "anomaly": it["isAnomaly"], "failed": it["failedAnalysis"]} for it in whylabs.results]
    verdicts = {"drift-analyzer": "amount: histogram is 0.85, upper threshold 0.7", "mean-analyzer": "age: histogram could not be judged: no reference profile"}
    assert {event["check"]: event["reason"] for event in both(told, "DriftUrl")} == verdicts
    assert {event["alarm"]: event["reason"] for event in both(told, "UnhealthyUrl")} == verdicts


def test_an_answer_that_may_be_cut_off_is_no_calm(whylabs, machines):
    whylabs.results[:] = [{**whylabs.results[0], "isAnomaly": False}] * 10_000
    error, cause = machines["Ask"].failure(soon(minutes=5))
    assert error == "Mlops.Failed"
    assert "did not return a result" in cause
