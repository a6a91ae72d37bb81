"""EvidentlyModelMonitor against a collector of Evidently, and the workspace that it writes its results to."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.driver import free_port, wait_until
from vendors.looping import is_served
from vendors.server import Server, environment_of, process
from vendors.watching import Ask, soon, sums

from mlops_local.cli import data

HERE = Path(__file__).parent
SECRET = "s3cr3t"

pytestmark = pytest.mark.proves("model monitor", "evidently", "Evidently")


class Evidently(NamedTuple):
    workspace: Server
    collector: Server
    folder: Path

    def watch(self, name: str, reference: list[dict]) -> str:
        """Makes a project, and a collector that compares with `reference`; returns the project's id."""
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(reference))
        prepare = [environment_of("evidently").tool("python"), str(HERE / "prepare.py"), name, self.workspace.url, self.collector.url, SECRET, str(file)]
        prepared = subprocess.run(prepare, cwd=self.folder, capture_output=True, text=True, check=False)
        assert prepared.returncode == 0, prepared.stderr
        return prepared.stdout.split()[-1]

    def results(self, project: str) -> list[dict]:
        status, found = self.workspace.ask(f"/api/projects/{project}/test_suites")
        assert status == 200, found
        return found


def rows(amount: float, count: int, seed: int) -> list[tuple[float, float]]:
    source = random.Random(seed)
    return [(round(source.gauss(amount, 2), 3), round(source.gauss(40, 8), 3)) for _ in range(count)]


@pytest.fixture(scope="module")
def evidently(versions, tmp_path_factory) -> Iterator[Evidently]:
    folder = tmp_path_factory.mktemp("evidently")
    python = environment_of("evidently")
    known = {"evidently-secret": SECRET}
    ports = [free_port(), free_port()]
    workspace, collector = (Server(f"http://127.0.0.1:{port}", known) for port in ports)
    silent = {"DO_NOT_TRACK": "1"}
    show = [python.tool("evidently"), "legacy_ui", "--host", "127.0.0.1", "--port", str(ports[0]), "--workspace", str(folder / "workspace"), "--secret", SECRET]
    take = [python.tool("python"), str(HERE / "collector.py"), str(ports[1]), SECRET]
    with process(show, folder, silent) as shows, process(take, folder, silent) as takes:
        workspace.wait("/api/version", shows)
        wait_until(lambda: takes.poll() is None and listens(collector), "the collector listens", 240)
        versions["Evidently"] = workspace.ask("/api/version")[1]["version"]
        yield Evidently(workspace, collector, folder)


def listens(server: Server) -> bool:
    try:
        return server.ask("/fraud")[0] == 404
    except OSError:
        return False


@pytest.fixture(scope="module")
def project(evidently) -> str:
    return evidently.watch("fraud", [{"amount": amount, "age": age, "prediction": amount + age} for amount, age in rows(10, 300, 1)])


@pytest.fixture(scope="module")
def machines(deploy, evidently, project):
    return deploy(HERE / "app.ts", f"{evidently.workspace.url} {evidently.collector.url} {project}")


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "judged")


def test_evidently_knows_its_callers(evidently):
    assert Server(evidently.collector.url).ask("/fraud/data", [])[0] == 401


def test_calm_traffic_is_judged_and_nothing_is_told(evidently, project, endpoint, machines, told):
    endpoint(rows(10, 100, 2))

    wait_until(lambda: len(evidently.results(project)) == 1, "Evidently has judged the traffic", 90)
    assert machines["Ask"].output(soon()) == {"told": None}
    assert told("DriftUrl") == told("UnhealthyUrl") == []


def test_drifted_traffic_gives_a_verdict(evidently, project, endpoint, machines, told):
    endpoint(rows(1000, 100, 3))

    wait_until(lambda: len(evidently.results(project)) == 2, "Evidently has judged the traffic", 90)
    # By the schedule, and by nobody else.
    events = wait_until(lambda: told("DriftUrl"), "the drift is told", 300)

    assert all(event.pop("at") > "2020" for event in events)
    assert sorted(event["check"] for event in events) == ["Drift per Column"] * 2
    amount, = (event for event in events if "**amount**" in event["reason"])
    assert "threshold is 0.05" in amount["reason"]
    assert any("**prediction**" in event["reason"] for event in events)
    assert len(told("UnhealthyUrl")) == len(events)


def test_evidently_watches_the_full_stack(target, evidently, tmp_path):
    lines = (data.make(target.settings) / "train" / "train.csv").read_text().splitlines()[1:]
    trained_on = [[float(value) for value in line.split(",")] for line in lines]
    project = evidently.watch("loop", [{f"feature_{i}": value for i, value in enumerate(features)} | {"prediction": label} for label, *features in trained_on])
    target.client("secretsmanager").create_secret(Name="vendor/evidently", SecretString=SECRET)

    is_served(target, tmp_path, "monitor", {
        "provider": "evidently", "url": evidently.workspace.url, "collectorUrl": evidently.collector.url, "collector": "loop", "project": project, "secret": "vendor/evidently",
    })  # fmt: skip

    wait_until(lambda: evidently.results(project), "Evidently has judged the held-out rows", 90)
