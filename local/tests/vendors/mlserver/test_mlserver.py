"""DeployableOpenInferenceEndpoint against an MLServer, whose model repository is an artifact store."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e import vendor_servers
from vendors.conftest import BUCKET

from mlops_local.cli import client_environment

HERE = Path(__file__).parent
CODE = """
def model_fn(folder): return {factor}
def predict_fn(rows, factor): return rows.sum(axis=1) * factor
"""

pytestmark = pytest.mark.proves("model endpoint", "open-inference", "MLServer")


@pytest.fixture(scope="module")
def servers(target, s3, versions, tmp_path_factory) -> Iterator[vendor_servers.Vendors]:
    environment = target.environment | client_environment.variables(target.settings)
    repository = ("--repository", f"s3://{BUCKET}/ml/models")
    with vendor_servers.running(environment, target.client("secretsmanager"), tmp_path_factory.mktemp("servers"), *repository) as servers:
        versions["MLServer"] = vendor_servers.ask(f"{servers.endpoint['url']}/v2", None, {}).content["version"]
        yield servers


@pytest.fixture(scope="module")
def machines(servers, deploy):
    return deploy(HERE / "app.ts", servers.endpoint["url"])


def model(s3, name: str, code: str) -> dict[str, str]:
    """The archive of a model in the store, as a deploy step is given it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        file = tarfile.TarInfo("code/inference.py")
        file.size = len(code)
        archive.addfile(file, io.BytesIO(code.encode()))
    s3.put_object(Bucket=BUCKET, Key=f"ml/training/{name}/model.tar.gz", Body=content.getvalue())
    return {"version": name, "modelUri": f"s3://{BUCKET}/ml/training/{name}/model.tar.gz"}


def test_a_version_is_deployed_and_replaced(machines, s3, servers):
    deployed = machines["Deploy"].output(model(s3, "first", CODE.format(factor=1)))
    first = machines["Infer"].output({"rows": [[1.0, 2.0], [3.0, 4.0]]})
    machines["Deploy"].output(model(s3, "second", CODE.format(factor=10)))
    second = machines["Infer"].output({"rows": [[1.0, 2.0]]})

    assert deployed == {"endpoint": servers.endpoint["url"], "version": "first"}
    assert (first, second) == ({"predictions": [3, 7]}, {"predictions": [30]})


def test_a_version_that_does_not_load_fails_and_leaves_the_old_one(machines, s3):
    machines["Deploy"].output(model(s3, "good", CODE.format(factor=2)))

    described = machines["Deploy"].run(model(s3, "bad", "raise OSError('no weights')"))

    assert described["error"] == "Mlops.Failed"
    assert described["cause"].startswith("Deploy: States.Http.StatusCode.")
    assert machines["Infer"].output({"rows": [[1.0]]}) == {"predictions": [2]}
