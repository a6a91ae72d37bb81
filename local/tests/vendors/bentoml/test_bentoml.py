"""HttpsModelEndpoint against a service of BentoML's, by a declared mapping."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port
from vendors.server import Server, environment_of, process

HERE = Path(__file__).parent

pytestmark = pytest.mark.proves("model endpoint", "https", "BentoML")


@pytest.fixture(scope="module")
def service(versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("bentoml")
    python = environment_of("bentoml")
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}")
    variables = {"BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "true", "PATH": f"{python.folder / 'bin'}:/usr/bin:/bin"}
    start = [python.tool("bentoml"), "serve", "service:Classifier", "--working-dir", str(HERE), "--host", "127.0.0.1", "--port", str(port)]
    with process(start, folder, variables | {"PYTHONDONTWRITEBYTECODE": "1"}) as started:
        server.wait("/readyz", started)
        said = subprocess.run([python.tool("bentoml"), "--version"], env=variables, capture_output=True, text=True, check=True).stdout
        versions["BentoML"] = said.split()[-1]
        yield server


@pytest.fixture(scope="module")
def machines(service, deploy):
    return deploy(HERE / "app.ts", service.url)


def test_rows_are_classified(machines):
    assert machines["Infer"].output({"rows": [[1.0], [18.0], [2.0]]}) == {"predictions": [0, 1, 0]}


def test_rows_that_the_service_refuses_fail_the_step(machines):
    described = machines["Infer"].run({"rows": [["much"]]})

    assert described["error"] == "Mlops.Failed"
    assert described["cause"].startswith("Infer: States.Http.StatusCode.400")
