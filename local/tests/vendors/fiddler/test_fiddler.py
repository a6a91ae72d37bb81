"""FiddlerModelMonitor against a server that knows Fiddler's API as it is published: it sends what Fiddler's own client sends."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from e2e.driver import wait_until
from vendors.sdks.recorder import Answer, Recorder, Request, answer, recorder
from vendors.server import environment_of, version_of
from vendors.watching import Ask, soon, sums

HERE = Path(__file__).parent
KEY = "key-of-the-test"
MODEL, RULE, OTHER = (str(uuid.uuid4()) for _ in range(3))
ROWS = [(10, 30), (12, 41), (9, 25)]

pytestmark = pytest.mark.proves("model monitor", "fiddler", "fiddler-client", grade="sdk")


class Fiddler(NamedTuple):
    recorded: Recorder
    alerts: dict[str, list[dict]]
    """Of each rule."""


@pytest.fixture(scope="module")
def fiddler(versions) -> Iterator[Fiddler]:
    alerts: dict[str, list[dict]] = {RULE: [], OTHER: []}

    def server(request: Request) -> Answer:
        path = urlsplit(request.path).path
        if request.authorization != f"Bearer {KEY}":
            return answer(401, {"api_version": "3.0", "kind": "ERROR", "error": {"code": 401, "message": "Invalid token"}})
        if path == "/v3/server-info":
            organization = {"id": str(uuid.uuid4()), "name": "acme"}
            return answer(200, {"api_version": "3.0", "kind": "NORMAL", "data": {"feature_flags": {}, "server_version": "26.14.0", "organization": organization}})
        if path == "/v3/events":
            ids = [str(uuid.uuid4()) for _ in request.body["source"]["events"]]
            return answer(202, {"api_version": "3.0", "kind": "NORMAL", "data": {"source_type": "EVENTS", "event_ids": ids}})
        if path.endswith("/records"):
            items = alerts[path.split("/")[3]]
            page = {"page_size": 100, "item_count": len(items), "total": len(items), "page_count": 1, "page_index": 1, "offset": 0, "items": items}
            return answer(200, {"api_version": "3.0", "kind": "PAGINATED", "data": page})
        return answer(200, {"api_version": "3.0", "kind": "NORMAL", "data": {}})

    versions["fiddler-client"] = version_of(environment_of("fiddler"), "fiddler-client")
    with recorder(server) as recorded:
        yield Fiddler(recorded, alerts)


@pytest.fixture(scope="module")
def machines(deploy, fiddler):
    return deploy(HERE / "app.ts", f"{fiddler.recorded.url} {MODEL} {RULE} {OTHER}")


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "published")


def test_traffic_is_published_as_its_own_client_publishes_it(endpoint, fiddler, tmp_path):
    endpoint(ROWS)
    published, = wait_until(lambda: fiddler.recorded.at("/v3/events"), "the traffic is published", 60)

    events = json.dumps([{"amount": amount, "age": age, "sum": amount + age} for amount, age in ROWS])
    command = [environment_of("fiddler").tool("python"), str(HERE / "publish.py"), fiddler.recorded.url, KEY, MODEL, events]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    own = fiddler.recorded.at("/v3/events")[1]
    assert (published.method, published.path, published.authorization, published.body) == (own.method, own.path, own.authorization, own.body)
    assert published.headers["content-type"] == own.headers["content-type"] == "application/json"


def test_nothing_is_told_while_no_rule_alerts(machines, told):
    assert machines["Ask"].output(soon()) == {"told": None}
    assert told("DriftUrl") == told("UnhealthyUrl") == []


def test_an_alert_is_a_verdict(fiddler, machines, told):
    now = datetime.now(UTC) - timedelta(seconds=5)
    alert = {
        "id": str(uuid.uuid4()), "alert_rule_id": RULE, "alert_rule_revision": 1, "warning_threshold": 0.1, "critical_threshold": 0.3, "alert_run_start_time": 1, "baseline_time_bucket": 1,
        "baseline_value": 0, "severity": "CRITICAL", "alert_time_bucket": 1, "alert_value": 0.42, "failure_reason": "NA", "message": "", "feature_name": "amount",
        "alert_record_main_version": 1, "alert_record_sub_version": 1, "created_at": now.isoformat(), "updated_at": now.isoformat(),
    }  # fmt: skip
    before = {**alert, "created_at": (now - timedelta(hours=2)).isoformat()}
    fiddler.alerts[RULE] += [alert, before]

    assert machines["Ask"].output(soon())["told"]["FailedEntryCount"] == 0

    event, = wait_until(lambda: told("DriftUrl"), "the drift is told", 60)
    assert event.pop("at") > "2020"
    assert event == {"check": "amount drifts", "reason": "CRITICAL: amount is 0.42, warned of at 0.1, critical at 0.3"}
    unhealthy, = wait_until(lambda: told("UnhealthyUrl"), "the model is unhealthy", 60)
    assert (unhealthy["alarm"], unhealthy["state"], unhealthy["reason"]) == ("amount drifts", "ALARM", event["reason"])
    asked = [parse_qs(urlsplit(request.path).query) for request in fiddler.recorded.at("/records")]
    assert all(set(query) == {"start_time", "end_time", "ordering", "limit"} for query in asked)
    assert {request.authorization for request in fiddler.recorded.at("/records")} == {f"Bearer {KEY}"}
